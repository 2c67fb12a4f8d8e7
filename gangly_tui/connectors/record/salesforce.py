"""Salesforce over its REST API: what connecting asks, the read door, the check.

Read on in salesforce_map (fields), salesforce_activity (Tasks and Events), salesforce_org (describe, queries),
salesforce_feed (changes), salesforce_write (the write door), salesforce_errors (refusals in the rep's words).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.record import salesforce_feed
from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.connectors.record.salesforce_errors import explain, quota
from gangly_tui.connectors.record.salesforce_map import KINDS, SYSTEM, quoted, value_of
from gangly_tui.connectors.record.salesforce_org import Org, object_of
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import HOST, Ask, AuditField, Link, Permission, Setup, Standing, Vendor, Way, lacking
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import FIELDS, FieldEdit, FieldType, Kind, ObjectSchema, Record, RecordRef

if TYPE_CHECKING:
    from gangly_tui.connectors.record.salesforce_write import SalesforceWriter

ABOUT = About(label="Salesforce", layer=Layer.RECORD, brings="accounts, contacts, deals, activities")
PORT = 8642
"""The redirect's port: Salesforce compares the whole address, so the app must be registered with it."""
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
            ("gangly_Op_Id__c", "Text(80)" if of == "Activity" else "Text(80), unique, external id", "op_id"),
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


class SalesforceReader:
    """The read door. Satisfies the reader's protocol; has no write method."""

    def __init__(self, link: Link) -> None:
        self._org = Org(link)

    @property
    def system(self) -> str:
        """`salesforce`."""
        return SYSTEM

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live field list of a kind, at most an hour old."""
        return await self._org.describe(kind)

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now."""
        return await self._org.read(ref)

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The contacts of this mailbox, or the accounts of this domain."""
        return await self._org.find(kind, key)

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """The edits of one field, newest first; None where the organisation does not track it."""
        if not self._org.scope.may_read(ref.kind, field):
            return ()
        return await _history(self._org, ref, field)

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor, deletions included."""
        return salesforce_feed.changes(self._org, since)

    def url(self, ref: RecordRef) -> str:
        """The record's page in Lightning."""
        try:
            name = object_of(ref)
        except NotFound:
            return ""
        host = self._org.link.wire.base.replace(".my.salesforce.com", ".lightning.force.com")
        return f"{host}/lightning/r/{name}/{ref.id}/view"


def open_reader(link: Link) -> SalesforceReader:
    """The read door."""
    return SalesforceReader(link)


def open_writer(link: Link) -> SalesforceWriter:
    """The write door, for the Courier alone."""
    from gangly_tui.connectors.record.salesforce_write import SalesforceWriter

    return SalesforceWriter(link)


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
        wanted = [
            each for each in VENDOR.audit_fields if each.of == ("Activity" if name in ("Task", "Event") else name)
        ]
        there = {each.name for each in wanted if each.name in columns and columns[each.name].updateable}
        found |= {f"{name}.{each}" for each in there}
        gaps[name] = [each.name for each in wanted if each.name not in there]
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


_SNAPSHOTS: Mapping[str, str] = {"stage": "StageName", "amount": "Amount", "close_date": "CloseDate"}
_HISTORIES: Mapping[str, tuple[str, str]] = {
    "Account": ("AccountHistory", "AccountId"),
    "Contact": ("ContactHistory", "ContactId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
}


async def _history(org: Org, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
    """A deal's stage, amount and close date have a history in every organisation; others where they are tracked."""
    name = object_of(ref)
    column = (await org.shape(name)).names.get(field)
    here = org.link.now().tzinfo
    if column is None or here is None or name not in _HISTORIES:
        return None
    kind_of_value = FIELDS[ref.kind][field]

    def edit(row: Mapping[str, object], before: object, after: object) -> FieldEdit:
        author = row.get("CreatedBy")
        return FieldEdit(
            before=value_of(before, kind_of_value, column, here),
            after=value_of(after, kind_of_value, column, here),
            by=str(author.get("Email") or "") if isinstance(author, dict) else "",
            at=moment(str(row["CreatedDate"])),
        )

    if ref.kind is Kind.OPPORTUNITY and (snapshot := _SNAPSHOTS.get(field)):
        rows = await org.rows(
            f"SELECT {snapshot}, CreatedDate, CreatedBy.Email FROM OpportunityHistory"
            f" WHERE OpportunityId = {quoted(ref.id)} ORDER BY CreatedDate DESC, Id DESC"
        )
        steps = zip(rows[1:], rows, strict=False)
        return [edit(new, old[snapshot], new[snapshot]) for old, new in steps if old[snapshot] != new[snapshot]]
    if kind_of_value in (FieldType.LONG_TEXT, FieldType.REFERENCE, FieldType.REFERENCES) or field == "owner":
        return None  # the history says that it changed, not from what to what
    if not await _tracked(org, name, column.name):
        return None
    table, parent = _HISTORIES[name]
    rows = await org.rows(
        f"SELECT OldValue, NewValue, CreatedDate, CreatedBy.Email FROM {table}"
        f" WHERE {parent} = {quoted(ref.id)} AND Field = {quoted(column.name)} ORDER BY CreatedDate DESC, Id DESC"
    )
    return [edit(row, row["OldValue"], row["NewValue"]) for row in rows]


async def _tracked(org: Org, name: str, field: str) -> bool:
    """Whether the administrator has field history on; who may not know that is treated as a no."""
    try:
        return bool(
            await org.rows(
                f"SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = {quoted(name)}"
                f" AND QualifiedApiName = {quoted(field)} AND IsFieldHistoryTracked = true"
            )
        )
    except Refused:
        return False
