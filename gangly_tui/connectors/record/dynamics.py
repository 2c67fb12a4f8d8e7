"""Dynamics 365 Sales, over the Dataverse Web API: what connecting asks, the doors, the check.

Read on in                dynamics_map       which column is which field of ours, and its values
    to read               dynamics_org       metadata, queries, one record;  dynamics_feed  what changed
    to write              dynamics_write     the write door, its guards
    beside both           dynamics_activity  tasks, meetings, calls, notes;  dynamics_errors  refusals in words

E-mails are left where they are, as are leads, quotes, products and a deal's stakeholders (only its primary contact is
read). A deal is won or lost in Dynamics itself, which asks more about that than gangly knows. There is no stage
history: the audit table takes a privilege that reps lack, and a business process flow is a table of the organisation's
own making that holds where a deal is now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gangly_tui.connectors import entra
from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.record.audit import found_and_lacking
from gangly_tui.connectors.record.door import Reader
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
from gangly_tui.domain.records import RecordRef

if TYPE_CHECKING:
    from gangly_tui.connectors.record.dynamics_write import DynamicsWriter

ABOUT = About(label="Dynamics 365", layer=Layer.RECORD, brings="accounts, contacts, deals, activities")
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
    return entra.provider_of(SYSTEM, setup, (f"{setup.host()}/user_impersonation", "offline_access"))


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
    base=lambda setup, _more: setup.host(),
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
        AuditField(of=table, name=name, type=kind, meta=meta)
        for table in ("account", "contact", "opportunity", "task", "appointment", "phonecall")
        for name, kind, meta in (
            ("gangly_opid", "Text, 100", "op_id"),
            ("gangly_source", "Text, 200", "source"),
            ("gangly_approvedby", "Text, 200", "approved_by"),
            ("gangly_approvedat", "Date and time", "approved_at"),
            ("gangly_trailhead", "Text, 200", "trail_head"),
        )
    ),
    guards="Every write names the version it was approved on: if the record was changed since, Dynamics refuses it.",
    guide=_GUIDE,
    pace=lambda: Pace(most=40, per=1.0),
)


def open_reader(link: Link) -> Reader[Org]:
    """The read door of a connection."""
    return Reader(system=SYSTEM, org=Org(link), edits=_history, feed=changes, page=_page)


def open_writer(link: Link) -> DynamicsWriter:
    """The write door; for the Courier alone."""
    from gangly_tui.connectors.record.dynamics_write import DynamicsWriter

    return DynamicsWriter(link)


async def _history(org: Org, ref: RecordRef, field: str) -> None:
    """The audit table needs a privilege that reps lack. Who changed a record last is in the record."""


def _page(org: Org, ref: RecordRef) -> str:
    try:
        table, identifier = place_of(ref)
    except NotFound:
        return ""
    return f"{org.link.wire.base}/main.aspx?pagetype=entityrecord&etn={table.name}&id={identifier}"


async def check(link: Link) -> Standing:
    """Who is signed in, which audit columns are there, and what this user's role lacks."""
    org = Org(link)
    me = (await org.get("WhoAmI"))["UserId"]
    try:
        user = await org.get(f"systemusers({me})?$select=fullname,internalemailaddress")
    except (Refused, NotFound):
        user = {}
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
        there, gaps[table.name] = found_and_lacking(wanted, columns)
        found |= {f"{table.name}.{each}" for each in there}
    if untracked:
        warnings.append(
            f"your role may not track changes of {', '.join(untracked)}: they are read by date, and that a record was "
            "removed is noticed when it is next opened"
        )
    return Standing(
        name=str(user.get("fullname") or ""),
        email=str(user.get("internalemailaddress") or ""),
        account=f"{user.get('fullname') or 'a user whose name is not shown'} at {link.wire.base.partition('://')[2]}",
        found=frozenset(found),
        missing=lacking(SYSTEM, gaps),
        warnings=tuple(warnings),
    )
