"""HubSpot over its date-based API: what connecting asks, the read door, the check.

Read on in hubspot_map (fields, the version), hubspot_activity (notes, tasks, calls, meetings), hubspot_org (properties,
owners, records), hubspot_feed and hubspot_place (changes), hubspot_write (the write door), hubspot_errors (refusals in
the rep's words).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.record import hubspot_feed
from gangly_tui.connectors.record.hubspot_errors import explain, quota
from gangly_tui.connectors.record.hubspot_map import (
    AUDIT,
    LINKS,
    MARKER,
    SYSTEM,
    TYPE_IDS,
    VERSION,
    moment,
    where,
)
from gangly_tui.connectors.record.hubspot_org import Org, path_of, understood
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import Ask, AuditField, Link, Permission, Setup, Standing, Vendor, Way, lacking
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef

if TYPE_CHECKING:
    from gangly_tui.connectors.record.hubspot_write import HubspotWriter

ABOUT = About(label="HubSpot", layer=Layer.RECORD, brings="companies, contacts, deals, notes, meetings, calls, tasks")
API = "https://api.hubapi.com"
PORT = 8643
"""The redirect's port: HubSpot compares the whole address, so the app must be registered with it."""
WINDOW = (
    "HubSpot has no conditional write: the record is read and compared right before, a small window stays, "
    "and the history of the field is read afterwards."
)
_SCOPES = (
    "oauth",
    *(f"crm.objects.{each}.{way}" for each in ("companies", "contacts", "deals") for way in ("read", "write")),
    "crm.objects.owners.read",
    *(f"crm.schemas.{each}.read" for each in ("companies", "contacts", "deals")),
)
EMAILS = "sales-email-read"
"""The one permission that gangly does without where it is not given."""
_AT_ONCE = timedelta(milliseconds=100)
"""What one request sets is stamped within this."""
_GUIDE = f"""
# HubSpot: what an administrator does once

1. Development > Legacy apps (or Service Keys) > create one named **gangly** with these scopes:
   `crm.objects.companies`, `crm.objects.contacts` and `crm.objects.deals` (each `.read` and `.write`),
   `crm.objects.owners.read`, `crm.schemas.companies.read`, `crm.schemas.contacts.read`, `crm.schemas.deals.read`;
   `{EMAILS}` too if e-mails are to be read.
2. Give its token to the rep: `gangly connect hubspot` asks for it and keeps it in the system's keyring.
   It is a static credential: replace it every 90 days; Health counts down.
3. Or, for a sign-in in the browser, make your own OAuth app with the redirect `http://localhost:{PORT}/callback` and
   give its client id and secret to gangly. HubSpot wants the secret of every app, so it has to be your own.
4. Make the properties listed below. `{MARKER}` wants **unique values**: with it no create happens twice. The others
   say where a write came from; an activity says it under its text.

gangly asks for nothing that hierarchy.toml does not name. Writes that HubSpot's own rules refuse come back as a card.
"""


def _provider(setup: Setup) -> Provider:
    at = setup.at(API)
    return Provider(
        system=SYSTEM,
        authorize_url=f"{setup.at('https://app.hubspot.com')}/oauth/authorize",
        token_url=f"{at}/oauth/{VERSION}/token",
        revoke_url=f"{at}/oauth/{VERSION}/token/revoke",
        client_id=setup.get("client_id"),
        client_secret=setup.secret("client_secret"),
        scopes=_SCOPES,
        extra={"optional_scope": EMAILS},
        host="localhost",
        port=PORT,
        keep=("hub_id", "user_id"),
    )


VENDOR = Vendor(
    name=SYSTEM,
    title="HubSpot",
    hosts=frozenset({"api.hubapi.com"}),
    asks=(
        Ask(
            name="hub_id",
            label="Account number",
            why="stands in the address of every HubSpot page; with it gangly can open a record in your browser",
            example="12345678",
            optional=True,
        ),
        Ask(
            name="fields",
            label="Properties of your own",
            why="which of your properties hold what gangly knows, where the names differ from the usual ones",
            example="opportunity.budget=budget_range, opportunity.pain=pain_points",
            optional=True,
        ),
    ),
    ways=(
        Way(
            name="token",
            title="A token that your administrator made",
            means="A static credential of one app: whoever has it has its rights, and HubSpot writes the app's name, "
            "not yours, beside each change. It does not end by itself: replace it every 90 days.",
            asks=(
                Ask(
                    name="token",
                    label="Access token",
                    why="of a Service Key or a private app with the scopes below",
                    example="pat-eu1-...",
                    secret=True,
                ),
            ),
        ),
        Way(
            name="oauth",
            title="Sign in to HubSpot in the browser",
            means="HubSpot wants a secret of every app, so this needs an OAuth app of your own company; its secret is "
            "kept in your keyring and sent to HubSpot alone.",
            asks=(
                Ask(name="client_id", label="Client ID", why="of your company's own HubSpot app", example="1a2b3c-..."),
                Ask(name="client_secret", label="Client secret", why="stands beside the client ID", secret=True),
            ),
            provider=_provider,
        ),
    ),
    permissions=(
        Permission(name="crm.objects.companies.read, .write", why="accounts, and activities on them"),
        Permission(name="crm.objects.contacts.read, .write", why="contacts, and what you approve for them"),
        Permission(name="crm.objects.deals.read, .write", why="deals, and what you approve for them"),
        Permission(name="crm.objects.owners.read", why="turns owners into e-mail addresses and back"),
        Permission(name=EMAILS, why="the e-mails with a deal's people; without it they are left out"),
        Permission(name="crm.schemas.*.read", why="which properties, stages and values your account has"),
    ),
    base=lambda setup, _more: setup.at(API),
    manners=Manners(explain=explain, quota=quota),
    admin=(
        "Make a Service Key or private app named 'gangly' with the scopes below, and give its token to the rep",
        f"or make an OAuth app of your own with the redirect http://localhost:{PORT}/callback",
        "For a trail inside HubSpot, and creates that cannot happen twice: make the audit properties below",
    ),
    audit_fields=tuple(
        AuditField(of=of, name=name, type=type_, meta=meta)
        for of in ("contacts", "deals", "notes", "tasks", "meetings", "calls")
        for name, type_, meta in (
            (MARKER, "single-line text, unique values", "op_id"),
            *((each, "single-line text", part) for each, part in AUDIT.items() if of in ("contacts", "deals")),
        )
    ),
    guards=WINDOW,
    guide=_GUIDE,
)


class HubspotReader:
    """The read door. Satisfies the reader's protocol; has no write method."""

    window = WINDOW
    """what a card must say of a write here"""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._org = Org(link)

    @property
    def system(self) -> str:
        """`hubspot`."""
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
        """The edits of one field, newest first; None for an activity and for an association."""
        if not self._org.scope.may_read(ref.kind, field):
            return ()
        if ref.kind is Kind.ACTIVITY or (ref.kind, field) in LINKS:
            return None
        return await _history(self._org, ref, field)

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor, removals included."""
        return hubspot_feed.changes(self._org, since)

    def url(self, ref: RecordRef) -> str:
        """The record's page, where the account's number is known."""
        hub = self._link.more.get("hub_id") or self._link.setup.get("hub_id")
        name, identifier = where(ref)
        return f"https://app.hubspot.com/contacts/{hub}/record/{TYPE_IDS[name]}/{quote(identifier)}" if hub else ""


def open_reader(link: Link) -> HubspotReader:
    """The read door of a connection."""
    return HubspotReader(link)


def open_writer(link: Link) -> HubspotWriter:
    """The write door: for the Courier alone."""
    from gangly_tui.connectors.record.hubspot_write import HubspotWriter

    return HubspotWriter(link)


async def check(link: Link) -> Standing:
    """Who is signed in, and what the account lacks. Reads only."""
    org = Org(link)
    names = tuple(dict.fromkeys(each.of for each in VENDOR.audit_fields))
    owners, *lists = await asyncio.gather(org.owners(), *(org.properties(name) for name in names))
    have = {f"{name}.{each['name']}": each for name, found in zip(names, lists, strict=True) for each in found}
    found = {
        f"{each.of}.{each.name}"
        for each in VENDOR.audit_fields
        if (there := have.get(f"{each.of}.{each.name}")) and (each.name != MARKER or there.get("hasUniqueValue"))
    }
    gaps = {
        name: [each.name for each in VENDOR.audit_fields if each.of == name and f"{name}.{each.name}" not in found]
        for name in names
    }
    warnings = []
    if link.user_email and link.user_email.casefold() not in {each.casefold() for each in owners.values()}:
        warnings.append(f"{link.user_email} owns nothing in HubSpot: tasks cannot be given to you")
    if not any(each.endswith(f".{MARKER}") for each in found):
        warnings.append("without the marker property a create whose answer is lost is found by its text or address")
    hub = link.more.get("hub_id") or link.setup.get("hub_id")
    if not hub and not link.setup.loopback:
        warnings.append(
            "the account number is not known: another account's token would be read into the same store, and no record "
            "opens in the browser. Give it: gangly connect hubspot --set hub_id=NUMBER"
        )
    account = " ".join(filter(None, (link.user_email or "an app's token", "at HubSpot", hub and f"account {hub}")))
    return Standing(
        account=account,
        organisation=hub or "",
        found=frozenset(found),
        missing=lacking(SYSTEM, gaps),
        warnings=tuple(warnings),
    )


async def _history(org: Org, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
    """The versions of a property as edits. What gangly wrote is told by the person who approved it."""
    shape = await org.shape(ref.kind)
    column = shape.names.get(field)
    if column is None:
        return None
    name, identifier = where(ref)
    marks = [each for each in ("gangly_op_id", "gangly_approved_by") if f"{name}.{each}" in org.link.audit_fields]
    await org.owners()
    params: dict[str, str | int] = {"propertiesWithHistory": ",".join([column.name, *marks]), "properties": column.name}
    row = (await org.wire.read(path_of(name, identifier), params=params)).data
    with understood():
        kept = row.get("propertiesWithHistory") or {}
        edits = [
            FieldEdit(
                before=org.value(shape, field, before["value"]),
                after=org.value(shape, field, after["value"]),
                by=_approver(kept, after) or org.by(after),
                at=moment(after["timestamp"]),
            )
            for after, before in pairwise([*kept.get(column.name, []), {"value": ""}])
        ]
        created = moment(row["createdAt"])
    return tuple(edits[:-1] if edits and edits[-1].at <= created + _AT_ONCE else edits)


def _approver(kept: Mapping[str, Sequence[Mapping[str, Any]]], entry: Mapping[str, Any]) -> str:
    """Whose approval an entry is: ours carry an operation id of the same moment, and no page of HubSpot's made them."""
    at = moment(entry["timestamp"])
    if entry.get("sourceType") == "CRM_UI" or not any(
        abs(moment(each["timestamp"]) - at) <= _AT_ONCE for each in kept.get("gangly_op_id", ())
    ):
        return ""
    approvals = kept.get("gangly_approved_by", ())
    return next((str(each["value"]) for each in approvals if moment(each["timestamp"]) <= at + _AT_ONCE), "")
