"""Salesforce over its REST API: what connecting asks, the doors, the check.

Read on in      salesforce_map       which field is which of ours, and its values
    to read     salesforce_org       describe, queries, one record;  salesforce_feed  what changed
                salesforce_history   who changed what
    to write    salesforce_write     the write door, its guards
    for both    salesforce_activity  Tasks and Events;  salesforce_errors  refusals in words
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.record.audit import found_and_lacking
from gangly_tui.connectors.record.door import Reader
from gangly_tui.connectors.record.salesforce_errors import explain, quota
from gangly_tui.connectors.record.salesforce_feed import changes
from gangly_tui.connectors.record.salesforce_history import edits_of
from gangly_tui.connectors.record.salesforce_map import KINDS, SYSTEM, quoted
from gangly_tui.connectors.record.salesforce_org import Org, object_of
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import HOST, Ask, AuditField, Link, Permission, Setup, Standing, Vendor, Way, lacking
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.records import RecordRef

if TYPE_CHECKING:
    from gangly_tui.connectors.record.salesforce_write import SalesforceWriter

ABOUT = About(label="Salesforce", layer=Layer.RECORD, brings="accounts, contacts, deals, activities")
PORT = 8642
"""The redirect's port: Salesforce compares the whole address, so the app must be registered with it."""
MARKER = "gangly_Op_Id__c"
"""The field that says which operation created a record: where it is an external id, a create cannot happen twice."""
CALLBACK = f"http://localhost:{PORT}/callback"


def _provider(setup: Setup) -> Provider:
    at = setup.host()
    return Provider(
        system=SYSTEM,
        authorize_url=f"{at}/services/oauth2/authorize",
        token_url=f"{at}/services/oauth2/token",
        revoke_url=f"{at}/services/oauth2/revoke",
        client_id=setup.get("client_id"),
        scopes=("api", "refresh_token", "id"),
        host="localhost",
        port=PORT,
        keep=("instance_url", "id"),
    )


def _base(setup: Setup, more: Mapping[str, str]) -> str:
    """The token answer names the host of the API; before there is one it is the customer's own address."""
    return setup.at(more.get("instance_url") or setup.host()).rstrip("/")


VENDOR = Vendor(
    name=SYSTEM,
    title="Salesforce",
    hosts=frozenset({".my.salesforce.com", ".my.salesforce.mil"}),
    asks=(
        Ask(
            name=HOST,
            label="My Domain",
            why="your organisation's own address; a sandbox has one of its own, and login.salesforce.com will not do",
            example="acme.my.salesforce.com, or acme--uat.sandbox.my.salesforce.com",
        ),
        Ask(
            name="fields",
            label="Fields of your own",
            why="which of your fields hold what gangly knows, where the names differ from the usual ones",
            example="opportunity.budget=Budget_Range__c, opportunity.pain=Pain_Points__c",
            optional=True,
        ),
    ),
    ways=(
        Way(
            name="oauth",
            title="Sign in to Salesforce in the browser",
            means="gangly acts as you, with your rights and no others. An administrator must have installed the app "
            "first: Salesforce lets nobody authorise an app that is not installed.",
            asks=(
                Ask(
                    name="client_id",
                    label="Consumer key",
                    why="names the External Client App that your administrator made; it is no secret",
                    example="3MVG9...",
                ),
            ),
            provider=_provider,
        ),
    ),
    permissions=(
        Permission(name="api", why="reads accounts, contacts, deals and activities, and sends what you approve"),
        Permission(name="refresh_token", why="stays signed in, so that approved writes still go out tomorrow"),
        Permission(name="id", why="says who is signed in"),
    ),
    base=_base,
    manners=Manners(explain=explain, quota=quota, headers={"Sforce-Call-Options": "client=gangly"}),
    admin=(
        "Setup > External Client App Manager > New: name 'gangly', enable OAuth",
        f"Callback URL: {CALLBACK}",
        "OAuth scopes: api, refresh_token, id; require PKCE; no client secret for the web server flow",
        "Turn refresh token rotation on; install the app for the reps' profile or permission set",
        "Give the consumer key to the reps",
        "For a trail inside Salesforce, and creates that cannot happen twice: make the audit fields below",
    ),
    audit_fields=tuple(
        AuditField(of=of, name=name, type=type_, meta=meta)
        for of in ("Opportunity", "Contact", "Activity")
        for name, type_, meta in (
            (MARKER, "Text(80)" if of == "Activity" else "Text(80), unique, external id", "op_id"),
            ("gangly_Source__c", "Text(255)", "source"),
            ("gangly_Approved_By__c", "Text(255)", "approved_by"),
            ("gangly_Approved_At__c", "Date/Time", "approved_at"),
            ("gangly_Trail_Head__c", "Text(255)", "trail_head"),
        )
    ),
    guards="Each write names the moment the record was last changed; Salesforce refuses it when that is not so any "
    "more (it counts whole seconds). A removal has no such guard: it is compared right before; a small window stays.",
    guide="Salesforce",
)


def open_reader(link: Link) -> Reader[Org]:
    """The read door."""
    return Reader(system=SYSTEM, org=Org(link), edits=edits_of, feed=changes, page=_page)


def open_writer(link: Link) -> SalesforceWriter:
    """The write door, for the Courier alone."""
    from gangly_tui.connectors.record.salesforce_write import SalesforceWriter

    return SalesforceWriter(link)


def _page(org: Org, ref: RecordRef) -> str:
    """The record's page in Lightning."""
    try:
        name = object_of(ref)
    except NotFound:
        return ""
    host = org.link.wire.base.replace(".my.salesforce.com", ".lightning.force.com")
    return f"{host}/lightning/r/{name}/{ref.id}/view"


async def check(link: Link) -> Standing:
    """Who is signed in where, which audit fields are there, and what the user lacks."""
    org = Org(link)
    user = (await org.rows(f"SELECT Name, Email FROM User WHERE Id = {quoted(await org.user_id())}"))[0]
    about = (await org.rows("SELECT Name, IsSandbox FROM Organization"))[0]
    found, gaps, warnings = set(), dict[str, list[str]](), []
    for name in KINDS:
        try:
            columns = (await org.shape(name)).columns
        except (Refused, NotFound) as error:
            warnings.append(f"{name}: {error}" + (f"; {error.fix}" if error.fix else ""))
            continue
        of = "Activity" if name in ("Task", "Event") else name
        there, gaps[name] = found_and_lacking((each.name for each in VENDOR.audit_fields if each.of == of), columns)
        found |= {f"{name}.{each}" for each in there}
    if about["IsSandbox"] != (".sandbox." in link.wire.base) and not link.setup.loopback:
        kinds = ("production", "a sandbox") if about["IsSandbox"] else ("a sandbox", "production")
        warnings.append(f"the address looks like {kinds[0]}, but this is {kinds[1]}: what you approve is written there")
    if link.user_email.casefold() != str(user["Email"]).casefold():
        warnings.append(
            f"Salesforce knows you as {user['Email']}, gangly as {link.user_email or 'nobody'}:"
            f' what you write is given to you once config.toml says user_email = "{user["Email"]}"'
        )
    return Standing(
        name=str(user["Name"]),
        email=str(user["Email"] or ""),
        account=f"{user['Name']} at {about['Name']}, {'sandbox' if about['IsSandbox'] else 'production'}",
        found=frozenset(found),
        missing=lacking(SYSTEM, gaps),
        warnings=tuple(warnings),
    )
