"""Google: Calendar, Gmail and Meet. What connecting asks, the doors, the check.

google_client (how Google is asked, its refusals in words), google_calendar, google_mail and google_message (reading a
mailbox), google_drafts and google_invitation (what approved cards put there), google_meet (transcripts) stand beside.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gangly_tui.connectors.engagement.google_client import APIS, SYSTEM, Google, base, explain, text
from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import Ask, Link, Permission, Setup, Standing, Vendor, Way
from gangly_tui.domain.errors import NotFound, Refused, SignInNeeded
from gangly_tui.domain.hierarchy import Layer

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.google_calendar import GoogleCalendar
    from gangly_tui.connectors.engagement.google_drafts import GoogleReader, GoogleWriter
    from gangly_tui.connectors.engagement.google_mail import GoogleMail
    from gangly_tui.connectors.engagement.google_meet import MeetTranscripts

ABOUT = About(label="Google", layer=Layer.ENGAGEMENT, brings="meetings, mails, drafts, Meet transcripts")
_SIGN_IN: Final = "https://accounts.google.com"
_TOKENS: Final = "https://oauth2.googleapis.com"
_AUTH: Final = "https://www.googleapis.com/auth"
_ENDS: Final = "refresh_token_expires_in"
"""What Google's token answer says of a sign-in that will end, in seconds."""
_GUIDE = """
# Google: what is set up once

1. In the Google Cloud console (console.cloud.google.com) make a project **gangly**, in your company's organization.
2. APIs & Services > Library: enable **Google Calendar API**; for the other parts also **Gmail API** and
   **Google Meet REST API**.
3. Google Auth Platform > Audience: **Internal**. Then every colleague can sign in, no review by Google is needed, and
   a sign-in does not end by itself. With *External* and the status *Testing* each sign-in ends after **7 days**
   (gangly counts them down), and the mail permissions need Google's verification before it can leave that status.
4. Data access: add the permissions below, those of the parts that your reps will use and no others.
5. Clients > Create client > **Desktop app**, name it **gangly**. No redirect is registered: it is this machine's own
   address (127.0.0.1), with a port chosen at each sign-in, and PKCE.
6. Give the client id and the client secret to the reps through a password manager: `gangly connect google` asks for
   both. Google sends a secret with every desktop app and does not treat it as one; gangly keeps it in the vault.
7. If Workspace restricts third-party apps (Admin console > Security > API controls), mark this client id as trusted.
"""


def _provider(setup: Setup) -> Provider:
    tokens = setup.at(_TOKENS)
    return Provider(
        system=SYSTEM,
        authorize_url=f"{setup.at(_SIGN_IN)}/o/oauth2/v2/auth",
        token_url=f"{tokens}/token",
        revoke_url=f"{tokens}/revoke",
        client_id=setup.get("client_id"),
        client_secret=setup.secret("client_secret"),
        scopes=_scopes(setup),
        extra={"access_type": "offline", "prompt": "consent"},
        keep=("scope", _ENDS),
    )


def _scopes(setup: Setup) -> tuple[str, ...]:
    """What the parts that were asked for need, and no more."""
    parts = setup.parts | {VENDOR.parts[0]}
    return tuple(dict.fromkeys(each.name for each in VENDOR.permissions if each.part in ("", *parts)))


VENDOR = Vendor(
    name=SYSTEM,
    title="Google",
    hosts=frozenset({host.partition("://")[2] for _, host, _ in APIS.values()} | {"oauth2.googleapis.com"}),
    ways=(
        Way(
            name="oauth",
            title="Sign in to Google in the browser, with your company's own app",
            means="gangly reads as you: your own calendar and mailbox and nobody else's, and no more of them than you "
            "tick. The app is your company's, so no other company stands between you and Google.",
            asks=(
                Ask(
                    name="client_id",
                    label="Client id",
                    why="of the desktop app named gangly in your company's Google Cloud project.",
                    example="1234567890-abc123.apps.googleusercontent.com",
                ),
                Ask(name="client_secret", label="Client secret", why="Beside the client id.", secret=True),
            ),
            provider=_provider,
        ),
    ),
    permissions=(
        Permission(name=f"{_AUTH}/calendar.readonly", why="reads the meetings of your calendar", part="calendar"),
        Permission(
            name=f"{_AUTH}/gmail.readonly",
            why="reads who wrote to whom and the first line, and a mail's text when you open it",
            part="mail",
        ),
        Permission(
            name=f"{_AUTH}/gmail.compose",
            why="puts the mails you approve into your drafts, and sends those you approve a second time",
            part="drafts",
        ),
        Permission(
            name=f"{_AUTH}/gmail.readonly",
            why="finds a draft again, or the mail it became, when an answer got lost",
            part="drafts",
        ),
        Permission(
            name=f"{_AUTH}/calendar.events", why="puts the invitations you approve into your calendar", part="drafts"
        ),
        Permission(
            name=f"{_AUTH}/meetings.space.readonly",
            why="reads the transcripts of your Meet calls, never their sound",
            part="transcripts",
        ),
    ),
    base=base,
    manners=Manners(explain=explain, headers={"Accept": "application/json"}),
    admin=(
        "Google Cloud console > a project named 'gangly' > enable the Calendar API (and Gmail and Meet, as needed)",
        "Audience: Internal; with External and Testing a sign-in ends after 7 days",
        "Clients > Desktop app: give its client id and client secret to the reps, through a password manager",
    ),
    guards="Only drafts, mails and invitations that you approved are written. An invitation has an id of its own, so "
    "that it is never made twice; a mail is looked for before it is written or sent again.",
    guide=_GUIDE,
    pace=lambda: Pace(most=40, per=1.0),
    parts=("calendar", "mail", "drafts", "transcripts"),
)


def open_calendar(link: Link) -> GoogleCalendar:
    """The door to the rep's own calendar."""
    from gangly_tui.connectors.engagement.google_calendar import GoogleCalendar

    return GoogleCalendar(Google(link))


def open_mail(link: Link) -> GoogleMail:
    """The door to the rep's own mailbox."""
    from gangly_tui.connectors.engagement.google_mail import GoogleMail

    return GoogleMail(Google(link))


def open_transcripts(link: Link) -> MeetTranscripts:
    """The door to the transcripts of Meet calls."""
    from gangly_tui.connectors.engagement.google_meet import MeetTranscripts

    return MeetTranscripts(Google(link))


def open_reader(link: Link) -> GoogleReader:
    """The read door to mails and invitations that were written here."""
    from gangly_tui.connectors.engagement.google_drafts import GoogleReader

    return GoogleReader(link)


def open_writer(link: Link) -> GoogleWriter:
    """The write door, for the Courier alone."""
    from gangly_tui.connectors.engagement.google_drafts import GoogleWriter

    return GoogleWriter(link)


async def check(link: Link) -> Standing:
    """Who is signed in, which parts were not agreed to, and when the sign-in ends by itself. Reads only."""
    google = Google(link)
    calendar = await google.api("calendar")
    email = text(await google.read(calendar.calendars().get, calendarId="primary"), "id")
    missing, warnings = _not_granted(link), []
    missing += await _switched_off(google)
    if left := _ends_in(link):
        days = max(round(left / timedelta(days=1)), 1)
        warnings.append(
            f"this sign-in ends on {link.now() + left:%d %b %Y}, in {days} day{'s' * (days > 1)}: the app's consent "
            "screen is in Testing. Your administrator makes it Internal, or you sign in again by then"
        )
    if link.user_email and email.casefold() != link.user_email.casefold():
        warnings.append(f"{email} is signed in at Google, while gangly works for {link.user_email}")
    return Standing(account=email or "?", email=email, missing=tuple(missing), warnings=tuple(warnings))


async def _switched_off(google: Google) -> list[str]:
    """The parts whose API nobody has enabled, or that this account does not have."""
    parts, told = google.link.setup.parts, []
    try:
        if parts & {"mail", "drafts"}:
            await google.read((await google.api("gmail")).users().getProfile, userId="me")
    except (Refused, NotFound) as error:
        told.append(f"Gmail: {error}; {error.fix}" if error.fix else f"Gmail: {error}")
    except SignInNeeded:  # not ticked, which is told already
        pass
    try:
        if "transcripts" in parts:
            await google.read((await google.api("meet")).conferenceRecords().list, pageSize=1)
    except (Refused, NotFound) as error:
        told.append(f"Meet: {error}; {error.fix}" if error.fix else f"Meet: {error}")
    except SignInNeeded:
        pass
    return told


def _not_granted(link: Link) -> list[str]:
    """The parts that are asked for and were not ticked on Google's page."""
    granted = link.more.get("scope", "").split()
    if not granted:
        return []
    parts = link.setup.parts | {VENDOR.parts[0]}
    lacking = [each for each in VENDOR.permissions if each.part in parts and each.name not in granted]
    return [f"{each.part}: you did not agree to what {each.why}. Connect again and tick it" for each in lacking]


def _ends_in(link: Link) -> timedelta:
    """How long this sign-in lasts, zero when it does not end by itself."""
    try:
        return timedelta(seconds=int(link.more.get(_ENDS, "") or 0))
    except (ValueError, OverflowError):
        return timedelta()
