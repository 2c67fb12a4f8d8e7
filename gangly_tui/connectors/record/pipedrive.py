"""Pipedrive over its REST API: what connecting asks, the doors, the check.

Read on in      pipedrive_map       which field is which of ours, and its values
    to read     pipedrive_org       what the account calls things, one record;  pipedrive_feed  what changed
                pipedrive_history   who changed what
    to write    pipedrive_write     the write door;  pipedrive_marks  what an operation created, found again
    for both    pipedrive_activity  activities and notes;  pipedrive_errors  refusals in words
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.record.audit import found_and_lacking
from gangly_tui.connectors.record.door import Reader
from gangly_tui.connectors.record.pipedrive_errors import explain, quota
from gangly_tui.connectors.record.pipedrive_feed import changes
from gangly_tui.connectors.record.pipedrive_history import edits_of, read_with_authors
from gangly_tui.connectors.record.pipedrive_map import CUSTOM, ENTITIES, SYSTEM
from gangly_tui.connectors.record.pipedrive_org import Org, place_of
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import HOST, Ask, AuditField, Link, Permission, Setup, Standing, Vendor, Way, lacking
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.records import Kind, RecordRef

if TYPE_CHECKING:
    from gangly_tui.connectors.record.pipedrive_write import PipedriveWriter

ABOUT = About(label="Pipedrive", layer=Layer.RECORD, brings="accounts, contacts, deals, activities, notes")
PORT = 8644
"""The redirect's port: Pipedrive compares the whole address, so the app must be registered with it."""
CALLBACK = f"http://localhost:{PORT}/callback"
WINDOW = (
    "Pipedrive has no conditional write: the record is read and compared right before, a small window stays, "
    "and the changes of the field are read afterwards."
)
MARKER = "gangly op id"
"""The custom field that says which operation created a record."""


def _provider(setup: Setup) -> Provider:
    at = setup.at("https://oauth.pipedrive.com")
    return Provider(
        system=SYSTEM,
        authorize_url=f"{at}/oauth/authorize",
        token_url=f"{at}/oauth/token",
        revoke_url=f"{at}/oauth/revoke",
        client_id=setup.get("client_id"),
        client_secret=setup.secret("client_secret"),
        scopes=tuple(each.name for each in VENDOR.permissions),
        basic=True,
        host="localhost",
        port=PORT,
        keep=("api_domain",),
    )


def _base(setup: Setup, more: Mapping[str, str]) -> str:
    """The token answer names the company's host; with a token made by hand the customer does."""
    return setup.at(more.get("api_domain") or setup.host()).rstrip("/")


VENDOR = Vendor(
    name=SYSTEM,
    title="Pipedrive",
    hosts=frozenset({".pipedrive.com"}),
    asks=(
        Ask(
            name=HOST,
            label="Address",
            why="Your company's own address, as the browser shows it while you are in Pipedrive.",
            example="acme.pipedrive.com",
        ),
        Ask(
            name="fields",
            label="Fields of your own",
            why="The labels of your custom fields for what gangly knows, where they differ from the usual ones.",
            example="opportunity.budget=Budget range, opportunity.next_step=What happens next",
            optional=True,
        ),
    ),
    ways=(
        Way(
            name="oauth",
            title="Sign in to Pipedrive in the browser, with your company's own app",
            means="gangly acts as you, within the permissions below. Pipedrive signs in no app without a secret, so "
            "your company makes a private app once, and its id and secret are kept in your vault.",
            asks=(
                Ask(name="client_id", label="Client id", why="From the private app in the Developer Hub."),
                Ask(name="client_secret", label="Client secret", why="Beside the client id.", secret=True),
            ),
            provider=_provider,
        ),
        Way(
            name="token",
            title="Your personal API token",
            means="A static credential with all your rights in Pipedrive: it cannot be made read-only or narrower, "
            "and it stands until you make a new one. gangly asks for nothing beyond its scope, but the token could.",
            asks=(
                Ask(
                    name="token",
                    label="API token",
                    why="Personal preferences > API; an administrator may have to allow it for your permission set.",
                    secret=True,
                ),
            ),
            header="x-api-token",
            scheme="",
        ),
    ),
    permissions=(
        Permission(name="base", why="says who is signed in"),
        Permission(name="deals:full", why="reads deals, pipelines and notes, and sends the changes you approve"),
        Permission(name="contacts:full", why="reads people and organizations, and sends the changes you approve"),
        Permission(name="activities:full", why="reads activities, and logs the meetings and tasks you approve"),
        Permission(name="search:read", why="looks whether a person is there before one is created"),
        Permission(name="users:read", why="tells whose a deal is, by e-mail"),
        Permission(name="recents:read", why="learns what was removed"),
    ),
    base=_base,
    manners=Manners(explain=explain, quota=quota, headers={"Accept": "application/json"}),
    admin=(
        "Developer Hub (a sandbox or any account of the company) > Create an app > Private app: name 'gangly'",
        f"Callback URL: {CALLBACK}",
        "Scopes: deals full, contacts full, activities full, search read, users read, recents read",
        "Give the client id and the client secret to the reps, through a password manager",
        "For a trail inside Pipedrive, and creates that are found again: make the audit fields below "
        "(Company settings > Data fields), visible to everyone who uses gangly",
        "gangly writes what Pipedrive has no field for into custom fields of these names, where they are: "
        "Next step, Competitor, Budget, Pain, Decision process, Decision criteria, Economic buyer; Role on people",
    ),
    audit_fields=tuple(
        AuditField(of=of, name=name, type="Text", meta=meta)
        for of in ("deal", "person", "organization")
        for name, meta in (
            (MARKER, "op_id"),
            ("gangly source", "source"),
            ("gangly approved by", "approved_by"),
            ("gangly approved at", "approved_at"),
            ("gangly trail head", "trail_head"),
        )
    ),
    guards=WINDOW,
    guide="Pipedrive",
)


def open_reader(link: Link) -> Reader[Org]:
    """The read door."""
    return Reader(system=SYSTEM, org=Org(link), edits=edits_of, feed=changes, page=_page, look=read_with_authors)


def open_writer(link: Link) -> PipedriveWriter:
    """The write door, for the Courier alone."""
    from gangly_tui.connectors.record.pipedrive_write import PipedriveWriter

    return PipedriveWriter(link)


def _page(org: Org, ref: RecordRef) -> str:
    """The record's page; a note has none of its own."""
    try:
        path, _ = place_of(ref)
    except NotFound:
        return ""
    if path == "activities":
        return f"{org.link.wire.base}/activities/list/user/everyone?activityId={ref.id}"
    return f"{org.link.wire.base}/{ENTITIES[ref.kind]}/{ref.id}" if path != "notes" else ""


async def check(link: Link) -> Standing:
    """Who is signed in where, which audit fields are there, and what the account lacks."""
    org = Org(link)
    me = await org.me()
    found, gaps, missing, warnings = set(), dict[str, list[str]](), [], []
    for kind in (Kind.OPPORTUNITY, Kind.CONTACT, Kind.ACCOUNT):
        if not link.scope.read.get(kind):
            continue
        shape, of = await org.shape(kind), ENTITIES[kind]
        wanted = [each.name for each in VENDOR.audit_fields if each.of == of]
        there, gaps[of] = found_and_lacking(wanted, shape.columns)
        found |= {f"{of}.{each}" for each in there}
        absent = [each for each in CUSTOM[kind] if each not in shape.names and link.scope.may_read(kind, each)]
        if absent:
            said = ", ".join(absent).replace("_", " ")
            missing.append(f"{of} has no custom field for {said}: nothing is proposed for them")
    domain = str(me.get("company_domain") or "")
    host = link.wire.base.partition("://")[2]
    if domain and not link.setup.loopback and host.partition(".")[0] not in (domain, "api"):
        warnings.append(f"this sign-in belongs to {domain}.pipedrive.com, not to {host}")
    email = str(me.get("email") or "")
    if link.user_email and email.casefold() != link.user_email.casefold():
        warnings.append(f"this sign-in is {email}'s, and your work e-mail is {link.user_email}")
    return Standing(
        name=str(me["name"]),
        email=str(me.get("email") or ""),
        account=f"{me['name']} at {me.get('company_name') or host}",
        found=frozenset(found),
        missing=(*lacking(SYSTEM, gaps), *missing),
        warnings=tuple(warnings),
    )
