"""The palette: our verbs and the day's meetings by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from gangly_tui.tui.app import GanglyApp, app_of
from gangly_tui.tui.opening import open_choices, sign_in_again
from gangly_tui.tui.text import line

_MEETINGS = 50


class GanglyCommands(Provider):
    """Verbs first, then the meetings of the highlighted day."""

    def _verbs(self) -> list[tuple[str, str, Callable[[], object]]]:
        app = app_of(self.screen)
        leave = ("Quit", "approved writes stay in the outbox", partial(app.run_action, "quit"))
        look = ("Switch between dark and light", "the theme, for now", app.action_theme)
        keys = ("Keys of this screen", "?", app.action_help)
        connect = (
            "Connect a CRM, a calendar, a mailbox",
            "ctrl+o  choose from all there are",
            partial(open_choices, app),
        )
        if app.desk is None:
            return [connect, look, keys, leave]
        return [
            ("Today", "1  the day's meetings and the brief", partial(app.action_go, "today")),
            ("Review", "2  the cards that wait for you", partial(app.action_go, "review")),
            ("Pipeline", "3  deals by money at risk, and what each lacks", partial(app.action_go, "pipeline")),
            ("Signals", "4  what asks for a next step", partial(app.action_go, "signals")),
            ("Trail", "5  every decision and every write", partial(app.action_go, "trail")),
            ("Health", "6  how each system answers", partial(app.action_go, "health")),
            ("Notes of the highlighted meeting", "n", app.action_notes),
            ("Ask for the next meeting", "an invitation to the people of the highlighted one", partial(_invite, app)),
            ("Find anything", "/", app.action_find),
            ("Pull now", "ctrl+r  read the CRM and the calendars again", app.action_pull),
            ("Sign in again", "to the CRM that is connected, or what asks for it", partial(sign_in_again, app)),
            connect,
            look,
            keys,
            leave,
        ]

    def _meetings(self) -> list[tuple[str, Callable[[], object]]]:
        app = app_of(self.screen)
        today = app.today
        if today is None:
            return []
        return [(str(line(title, limit=80)), partial(_show, app, id_)) for id_, title in today.titles()[:_MEETINGS]]

    async def discover(self) -> Hits:
        for name, help_text, run in self._verbs():
            said = line(name)
            yield DiscoveryHit(said, run, text=str(said), help=str(line(help_text)))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, help_text, run in self._verbs():
            if (score := matcher.match(name)) > 0:
                shown = str(line(name))
                yield Hit(score, matcher.highlight(shown), run, text=shown, help=str(line(help_text)))
        for title, show in self._meetings():
            said = line(f"Brief: {title}")
            if (score := matcher.match(str(said))) > 0:
                yield Hit(score, said, show, text=str(said), help="today's agenda")


def _invite(app: GanglyApp) -> None:
    """Lay out the invitation of the highlighted meeting's people, and show its card."""
    from gangly_tui.domain.errors import GanglyError
    from gangly_tui.flow.invite import invite
    from gangly_tui.tui.screens.review import ReviewScreen

    if app.desk is None or app.today is None:
        return
    if not app.today.meeting_id:
        app.say("no meeting is highlighted", fix="choose one on Today (1)")
        return
    try:
        card = invite(app.desk, app.today.meeting_id)
    except GanglyError as error:
        app.complain(error)
        return
    app.action_go("review")
    if isinstance(app.screen, ReviewScreen):
        app.screen.call_after_refresh(app.screen.reload, card.id)


def _show(app: GanglyApp, meeting_id: str) -> None:
    if app.today:
        app.action_go("today")
        app.today.show_meeting(meeting_id)
