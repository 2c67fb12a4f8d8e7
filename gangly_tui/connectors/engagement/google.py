"""Google: Calendar, Gmail and Meet. What connecting asks, the doors, the check.

google_client (how Google is asked, its refusals in words) and google_calendar stand beside.
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
from gangly_tui.domain.hierarchy import Layer

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.google_calendar import GoogleCalendar

ABOUT = About(label="Google", layer=Layer.ENGAGEMENT, brings="meetings from Google Calendar")
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
    return tuple(each.name for each in VENDOR.permissions if each.part in ("", *parts))


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
    ),
    base=base,
    manners=Manners(explain=explain, headers={"Accept": "application/json"}),
    admin=(
        "Google Cloud console > a project named 'gangly' > enable the Calendar API (and Gmail and Meet, as needed)",
        "Audience: Internal; with External and Testing a sign-in ends after 7 days",
        "Clients > Desktop app: give its client id and client secret to the reps, through a password manager",
    ),
    guards="Nothing is written to Google.",
    guide=_GUIDE,
    pace=lambda: Pace(most=40, per=1.0),
    parts=("calendar",),
)


def open_calendar(link: Link) -> GoogleCalendar:
    """The door to the rep's own calendar."""
    from gangly_tui.connectors.engagement.google_calendar import GoogleCalendar

    return GoogleCalendar(Google(link))


async def check(link: Link) -> Standing:
    """Who is signed in, which parts were not agreed to, and when the sign-in ends by itself. Reads only."""
    google = Google(link)
    calendar = await google.api("calendar")
    email = text(await google.read(calendar.calendars().get, calendarId="primary"), "id")
    missing, warnings = _not_granted(link), []
    if left := _ends_in(link):
        days = max(round(left / timedelta(days=1)), 1)
        warnings.append(
            f"this sign-in ends on {link.now() + left:%d %b %Y}, in {days} day{'s' * (days > 1)}: the app's consent "
            "screen is in Testing. Your administrator makes it Internal, or you sign in again by then"
        )
    if link.user_email and email.casefold() != link.user_email.casefold():
        warnings.append(f"{email} is signed in at Google, while gangly works for {link.user_email}")
    return Standing(account=email or "?", missing=tuple(missing), warnings=tuple(warnings))


def _not_granted(link: Link) -> list[str]:
    """The parts that are asked for and were not ticked on Google's page."""
    granted = link.more.get("scope", "").split()
    if not granted:
        return []
    lacking = [each for each in VENDOR.permissions if each.name in _scopes(link.setup) and each.name not in granted]
    return [f"you did not agree to: {each.why}. Connect again and tick it" for each in lacking]


def _ends_in(link: Link) -> timedelta:
    """How long this sign-in lasts, zero when it does not end by itself."""
    try:
        return timedelta(seconds=int(link.more.get(_ENDS, "") or 0))
    except (ValueError, OverflowError):
        return timedelta()
