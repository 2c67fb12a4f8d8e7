"""Dynamics 365 Sales, over the Dataverse Web API: what connecting asks, the read door, the check.

Read on in dynamics_map (fields) and dynamics_values (values), dynamics_activity (tasks, appointments, phone calls),
dynamics_org (metadata, queries), dynamics_feed (changes), dynamics_write (the write door), dynamics_errors (refusals in
the rep's words).

E-mails are left where they are, as are leads, quotes, products and a deal's stakeholders (only its primary contact is
read). A deal is won or lost in Dynamics itself, which asks more about that than gangly
knows. There is no stage history: the audit table takes a privilege that reps lack, and a business process flow is a
table of the organisation's own making that holds where a deal is now.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gangly_tui.connectors import entra
from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.record.dynamics_errors import explain, quota
from gangly_tui.connectors.record.dynamics_feed import changes
from gangly_tui.connectors.record.dynamics_map import SYSTEM, TABLES
from gangly_tui.connectors.record.dynamics_org import Org, place_of
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import (
    HOST,
    Ask,
    AuditField,
    Link,
    Permission,
    Setup,
    Standing,
    Vendor,
    Way,
    lacking,
)
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef

if TYPE_CHECKING:
    from gangly_tui.connectors.record.dynamics_write import DynamicsWriter

ABOUT = About(label="Dynamics 365", layer=Layer.RECORD, brings="accounts, contacts, deals, activities")
_MARKED = ("account", "contact", "opportunity", "task", "appointment", "phonecall")
_MARKS = (
    ("gangly_opid", "Text, 100", "op_id"),
    ("gangly_source", "Text, 200", "source"),
    ("gangly_approvedby", "Text, 200", "approved_by"),
    ("gangly_approvedat", "Date and time", "approved_at"),
    ("gangly_trailhead", "Text, 200", "trail_head"),
)

_GUIDE = """
# Dynamics 365: what the administrator does once

1. In the Entra admin centre, under *App registrations*, register gangly: *Accounts in this organisational directory
   only*; platform *Mobile and desktop applications* with the redirect address `http://localhost`. There is no secret.
   For sign-in by device code also allow *public client flows*.
2. Under *API permissions* add *Dynamics CRM > user_impersonation* (delegated) and grant it for the organisation. gangly
   then sees and changes what the rep may see and change, and nothing else.
3. Give the reps the application (client) id and the organisation's address, `NAME.crm.dynamics.com`.
4. So that removed records leave the brief too, let the reps' role read accounts, contacts, deals and activities of the
   whole organisation, and leave *Track changes* on for these tables. Without that gangly reads by date of change, and
   a removed record is noticed when it is next opened.
5. If you like each write to say in Dynamics where it came from, create the columns that `gangly connect dynamics`
   names (`gangly_source`, `gangly_approvedby` ...) with the publisher prefix `gangly`. Activities carry it in their
   text anyway.
6. Columns of your own are found by their ending (`contoso_nextstep`); name others with
   `--set fields=opportunity.budget=contoso_budgetrange`.
"""


def _provider(setup: Setup) -> Provider:
    """One scope: what the user may do in this organisation."""
    resource = setup.host() if not setup.loopback else setup.loopback
    return entra.provider_of(SYSTEM, setup, (f"{resource}/user_impersonation", "offline_access"))


def _base(setup: Setup, _: Mapping[str, str]) -> str:
    return setup.host()


VENDOR = Vendor(
    name=SYSTEM,
    title="Dynamics 365",
    hosts=frozenset({".dynamics.com", entra.ENTRA}),
    asks=(
        Ask(
            name=HOST,
            label="Your organisation's address",
            why="It is in the browser's address line when Dynamics is open.",
            example="acme.crm.dynamics.com",
        ),
        Ask(
            name="fields",
            label="Columns of your own",
            why="Where your organisation keeps what gangly calls next_step, budget and so on; most are found by name.",
            example="opportunity.budget=contoso_budgetrange",
            optional=True,
        ),
    ),
    ways=(
        Way(
            name="entra",
            title="Microsoft sign-in",
            means="You sign in with your work account. gangly sees and changes what you may, until you disconnect.",
            asks=entra.ASKS,
            provider=_provider,
            signer=entra.signer_of,
        ),
    ),
    permissions=(
        Permission(
            name="user_impersonation", why="to read and, after your approval, to write as you, in Dynamics only"
        ),
        Permission(name="offline_access", why="so that you need not sign in again every hour"),
    ),
    base=_base,
    manners=Manners(
        explain=explain,
        quota=quota,
        headers={"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"},
    ),
    admin=(
        "register gangly in Entra: public client, redirect http://localhost, no secret",
        "grant it Dynamics CRM > user_impersonation, delegated",
        "give the reps its client id and the organisation's address",
    ),
    audit_fields=tuple(
        AuditField(of=table, name=name, type=kind, meta=meta) for table in _MARKED for name, kind, meta in _MARKS
    ),
    guards="Every write names the version it was approved on: if the record was changed since, Dynamics refuses it.",
    guide=_GUIDE,
    pace=lambda: Pace(most=40, per=1.0),
)


class DynamicsReader:
    """The read door. Has no way to change anything."""

    def __init__(self, link: Link) -> None:
        self._org = Org(link)

    @property
    def system(self) -> str:
        """`dynamics`."""
        return SYSTEM

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live column list of a kind, at most an hour old."""
        return await self._org.describe(kind)

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now."""
        return await self._org.read(ref)

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The contacts of this mailbox, or the accounts of this domain."""
        return await self._org.find(kind, key)

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """None: the audit table needs a privilege that reps lack. Who changed a record last is in the record."""
        return None

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor."""
        return changes(self._org, since)

    def url(self, ref: RecordRef) -> str:
        """The record's form in the browser."""
        try:
            table, identifier = place_of(ref)
        except NotFound:
            return ""
        return f"{self._org.link.wire.base}/main.aspx?pagetype=entityrecord&etn={table.name}&id={identifier}"


def open_reader(link: Link) -> DynamicsReader:
    """The read door of a connection."""
    return DynamicsReader(link)


def open_writer(link: Link) -> DynamicsWriter:
    """The write door; for the Courier alone."""
    from gangly_tui.connectors.record.dynamics_write import DynamicsWriter

    return DynamicsWriter(link)


async def check(link: Link) -> Standing:
    """Who is signed in, which audit columns are there, and what this user's role lacks."""
    org = Org(link)
    me = (await org.get("WhoAmI"))["UserId"]
    try:
        user = (await org.get(f"systemusers({me})?$select=fullname,internalemailaddress"))["fullname"]
    except (Refused, NotFound):
        user = "a user whose name is not shown"
    found, gaps, warnings, untracked = set(), dict[str, list[str]](), [], []
    for table in (each for each in TABLES.values() if link.scope.read.get(each.kind)):
        try:
            columns = (await org.shape(table)).columns
            await org.page(f"{table.set}?$select={table.key}&$top=1")
        except (Refused, NotFound) as error:
            warnings.append(f"{table.name}: {error}" + (f"; {error.fix}" if error.fix else ""))
            continue
        try:
            await org.get(f"{table.set}?$select={table.key}", prefer="odata.track-changes,odata.maxpagesize=1")
        except (Refused, NotFound):
            untracked.append(table.name)
        wanted = [each.name for each in VENDOR.audit_fields if each.of == table.name]
        there = {each for each in wanted if each in columns and columns[each].updateable}
        found |= {f"{table.name}.{each}" for each in there}
        gaps[table.name] = [each for each in wanted if each not in there]
    if untracked:
        warnings.append(
            f"your role may not track changes of {', '.join(untracked)}: they are read by date, and that a record was "
            "removed is noticed when it is next opened"
        )
    return Standing(
        account=f"{user} at {link.wire.base.partition('://')[2]}",
        found=frozenset(found),
        missing=lacking(SYSTEM, gaps),
        warnings=tuple(warnings),
    )
