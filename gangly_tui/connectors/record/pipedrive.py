"""Pipedrive over its REST API: what connecting asks, the read door, the check.

Read on in pipedrive_map (fields), pipedrive_activity (activities and notes), pipedrive_org (what the account calls
things, reads), pipedrive_feed (changes), pipedrive_history (who changed what), pipedrive_write (the write door),
pipedrive_marks (what an operation created, found again), pipedrive_errors (refusals in the rep's words).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.record import pipedrive_feed
from gangly_tui.connectors.record.pipedrive_errors import explain, quota
from gangly_tui.connectors.record.pipedrive_history import edits_of, stamps_of
from gangly_tui.connectors.record.pipedrive_map import CUSTOM, ENTITIES, SYSTEM
from gangly_tui.connectors.record.pipedrive_org import Org, place_of
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import HOST, Ask, AuditField, Link, Permission, Setup, Standing, Vendor, Way, lacking
from gangly_tui.domain.errors import ConnectorError, NotFound
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef

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
_SIGN_IN = "https://oauth.pipedrive.com"
_RECENT = timedelta(days=1)


def _provider(setup: Setup) -> Provider:
    at = setup.at(_SIGN_IN)
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
            ("gangly op id", "op_id"),
            ("gangly source", "source"),
            ("gangly approved by", "approved_by"),
            ("gangly approved at", "approved_at"),
            ("gangly trail head", "trail_head"),
        )
    ),
    guards=WINDOW,
    guide="Pipedrive",
)


class PipedriveReader:
    """The read door. Satisfies the reader's protocol; has no write method."""

    window = WINDOW
    """what a card says of the moment between the last look and the write"""

    def __init__(self, link: Link) -> None:
        self._org = Org(link)
        self._shown: dict[RecordRef, str] = {}

    @property
    def system(self) -> str:
        """`pipedrive`."""
        return SYSTEM

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live field list of a kind, at most an hour old."""
        return await self._org.describe(kind)

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now; with who changed it, when it is not as it was shown before (20 tokens more)."""
        record = await self._org.read(ref)
        before = self._shown.get(ref)
        self._shown[ref] = record.version
        recent = record.updated_at > self._org.server_now - _RECENT
        if before == record.version or not (before or recent):
            return record
        try:
            stamps = await stamps_of(self._org, ref)
        except ConnectorError:  # who it was is good to know; the record is what was asked for
            return record
        latest = max(stamps.values(), key=lambda each: each.at, default=None)
        return replace(record, changed=stamps, updated_by=latest.by if latest else "")

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The contacts of this mailbox, or the accounts of this domain."""
        return await self._org.find(kind, key)

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """The edits of one field, newest first; None where Pipedrive keeps none of it."""
        return await edits_of(self._org, ref, field) if self._org.scope.may_read(ref.kind, field) else ()

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor, removals included."""
        return pipedrive_feed.changes(self._org, since)

    def url(self, ref: RecordRef) -> str:
        """The record's page; a note has none of its own."""
        try:
            path, _ = place_of(ref)
        except NotFound:
            return ""
        base = self._org.link.wire.base
        pages = {"organizations": "organization", "persons": "person", "deals": "deal"}
        if path == "activities":
            return f"{base}/activities/list/user/everyone?activityId={ref.id}"
        return f"{base}/{pages[path]}/{ref.id}" if path in pages else ""


def open_reader(link: Link) -> PipedriveReader:
    """The read door."""
    return PipedriveReader(link)


def open_writer(link: Link) -> PipedriveWriter:
    """The write door, for the Courier alone."""
    from gangly_tui.connectors.record.pipedrive_write import PipedriveWriter

    return PipedriveWriter(link)


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
        found |= {f"{of}.{each}" for each in wanted if each in shape.by_label}
        gaps[of] = [each for each in wanted if each not in shape.by_label]
        absent = [each.replace("_", " ") for each in CUSTOM[kind] if each not in shape.names]
        absent = [each for each in absent if link.scope.may_read(kind, each.replace(" ", "_"))]
        if absent:
            missing.append(f"{of} has no custom field for {', '.join(absent)}: nothing is proposed for them")
    domain = str(me.get("company_domain") or "")
    host = link.wire.base.partition("://")[2]
    if domain and not link.setup.loopback and host.partition(".")[0] not in (domain, "api"):
        warnings.append(f"this sign-in belongs to {domain}.pipedrive.com, not to {host}")
    email = str(me.get("email") or "")
    if link.user_email and email.casefold() != link.user_email.casefold():
        warnings.append(f"this sign-in is {email}'s, and your work e-mail is {link.user_email}")
    return Standing(
        account=f"{me['name']} at {me.get('company_name') or host}",
        found=frozenset(found),
        missing=(*lacking(SYSTEM, gaps), *missing),
        warnings=tuple(warnings),
    )
