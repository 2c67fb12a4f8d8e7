"""Microsoft 365 over Graph: the Outlook calendar, Outlook mail, and drafts the rep approved.

Transcripts of Teams calls are left where they are: even one's own take a permission that only an administrator grants
(OnlineMeetingTranscript.Read.All), and no description of what that API answers was at hand to hold a reader against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gangly_tui.connectors import entra
from gangly_tui.connectors.engagement.microsoft_graph import SYSTEM, Graph, explain
from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import Link, Permission, Setup, Standing, Vendor, Way
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.hierarchy import Layer

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.microsoft_calendar import OutlookCalendar
    from gangly_tui.connectors.engagement.microsoft_drafts import OutlookReader, OutlookWriter
    from gangly_tui.connectors.engagement.microsoft_mail import OutlookMail

ABOUT = About(label="Microsoft 365", layer=Layer.ENGAGEMENT, brings="meetings and mail from Outlook, and drafts")
CALENDAR, MAIL, DRAFTS = "calendar", "mail", "drafts"
_GRAPH: Final = "https://graph.microsoft.com"

_GUIDE = """
# Microsoft 365: what the administrator does once

1. In the Entra admin centre, under *App registrations*, register gangly: *Accounts in this organisational directory
   only*; platform *Mobile and desktop applications* with the redirect address `http://localhost`. There is no secret.
   For sign-in by device code also allow *public client flows*. The registration made for Dynamics 365 can be used.
2. Under *API permissions* add these of *Microsoft Graph*, all **delegated**: `User.Read`, `Calendars.Read`; for mail
   `Mail.Read`; for drafts and invitations `Mail.ReadWrite`, `Mail.Send` and `Calendars.ReadWrite`. gangly then reads
   and writes in the rep's own mailbox and in no other, and asks for each part only when the rep wants it.
3. Grant them for the organisation, or let the reps agree for themselves where your consent policy allows it.
4. Give the reps the application (client) id and, for an application of one directory, the directory (tenant) id.
5. Conditional Access may ask for a managed device: the browser sign-in passes it, the device code usually does not.
   A mailbox that is still on a server of your own (hybrid) is not reached: Graph serves Exchange Online.

Transcripts of Teams calls are not read: Microsoft gives them with `OnlineMeetingTranscript.Read.All`, which always
needs an administrator's grant. Save a transcript from Teams as .vtt and open it in gangly, or let it watch a folder.
"""


def _provider(setup: Setup) -> Provider:
    """The scopes follow the parts that were asked for."""
    wanted = (each.name for each in VENDOR.permissions if not each.part or each.part in setup.parts)
    scopes = tuple(each if each == "offline_access" else f"{_GRAPH}/{each}" for each in wanted)
    return entra.provider_of(SYSTEM, setup, scopes)


def _base(setup: Setup, _: Mapping[str, str]) -> str:
    return setup.at(_GRAPH) + "/v1.0"


VENDOR = Vendor(
    name=SYSTEM,
    title="Microsoft 365",
    hosts=frozenset({"graph.microsoft.com", entra.ENTRA}),
    ways=(
        Way(
            name="entra",
            title="Microsoft sign-in",
            means="You sign in with your work account. gangly reads your own calendar, and your mail only if you ask "
            "for it; what it puts there are drafts and invitations you approved. It lasts until you disconnect.",
            asks=entra.ASKS,
            provider=_provider,
            signer=entra.signer_of,
        ),
    ),
    permissions=(
        Permission(name="User.Read", why="says who is signed in"),
        Permission(name="offline_access", why="so that you need not sign in again every hour"),
        Permission(name="Calendars.Read", why="reads the meetings of your own calendar"),
        Permission(name="Mail.Read", why="reads headers and previews of your mail, a text when opened", part=MAIL),
        Permission(name="Mail.ReadWrite", why="puts mails you approved among your drafts", part=DRAFTS),
        Permission(name="Mail.Send", why="sends a draft, when you have said so a second time", part=DRAFTS),
        Permission(name="Calendars.ReadWrite", why="makes the invitations you approved", part=DRAFTS),
    ),
    base=_base,
    manners=Manners(explain=explain, headers={"Accept": "application/json"}),
    admin=(
        "register gangly in Entra: public client, redirect http://localhost, no secret",
        "add the delegated permissions of Microsoft Graph below, and grant them for the organisation",
        "give the reps its client id, and the tenant id when it is for one directory",
    ),
    guards="One approval never makes two drafts or invitations. Right before a draft is sent gangly looks that it is "
    "as you approved it; Microsoft 365 itself guards only its removal.",
    guide=_GUIDE,
    pace=lambda: Pace(most=40, per=3.0),
    parts=(CALENDAR, MAIL, DRAFTS),
)


def open_calendar(link: Link) -> OutlookCalendar:
    """The rep's calendar."""
    from gangly_tui.connectors.engagement.microsoft_calendar import OutlookCalendar

    return OutlookCalendar(link)


def open_mail(link: Link) -> OutlookMail:
    """The rep's mailbox."""
    from gangly_tui.connectors.engagement.microsoft_mail import OutlookMail

    return OutlookMail(link)


def open_reader(link: Link) -> OutlookReader:
    """Reads back what was approved for the rep's own mailbox and calendar."""
    from gangly_tui.connectors.engagement.microsoft_drafts import OutlookReader

    return OutlookReader(link)


def open_writer(link: Link) -> OutlookWriter:
    """Puts drafts and invitations there; for the Courier alone."""
    from gangly_tui.connectors.engagement.microsoft_drafts import OutlookWriter

    return OutlookWriter(link)


async def check(link: Link) -> Standing:
    """Who is signed in, and whether the parts that were asked for can be read."""
    graph = Graph(link)
    me = await graph.me()
    address = str(me.get("mail") or me.get("userPrincipalName") or "")
    warnings = []
    probes = {CALENDAR: ("/me/calendar", "name"), MAIL: ("/me/mailFolders/inbox", "displayName")}
    for part, (path, field) in probes.items():
        if part not in link.setup.parts:
            continue
        try:
            await graph.get(path, {"$select": field})
        except (Refused, NotFound) as error:
            warnings.append(f"the {part} cannot be read: {error}" + (f"; {error.fix}" if error.fix else ""))
    theirs = {str(me.get(each) or "").lower() for each in ("mail", "userPrincipalName")}
    if link.user_email and link.user_email.lower() not in theirs:
        warnings.append(f"this sign-in is {address}'s, and your work e-mail is {link.user_email}")
    name = str(me.get("displayName") or address)
    return Standing(
        account=f"{name} ({address})" if address and name != address else name,
        name=name if name != address else "",
        email=address if "@" in address else "",
        warnings=tuple(warnings),
    )
