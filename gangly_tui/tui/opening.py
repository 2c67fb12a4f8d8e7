"""What the app opens on request: where a line comes from, and the way to connect a CRM or sign in again."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from gangly_tui.domain.errors import GanglyError

if TYPE_CHECKING:
    from textual.screen import Screen

    from gangly_tui.domain.brief import Source
    from gangly_tui.domain.connection import Connected
    from gangly_tui.domain.records import RecordRef
    from gangly_tui.flow.desk import Desk
    from gangly_tui.store.hits import Hit
    from gangly_tui.tui.app import GanglyApp

WATCHED_EVERY = 4.0
"""Seconds between two looks into the watched folder."""
LOOKED_EVERY = 20.0
"""Seconds between two questions whether it is time to look beside the CRM again."""


def numbered(desk: Desk, name: str) -> Screen[None] | None:
    """A new screen of this name; None for Today, which is always there, beneath the others."""
    if name == "review":
        from gangly_tui.tui.screens.review import ReviewScreen

        return ReviewScreen(desk)
    if name == "pipeline":
        from gangly_tui.tui.screens.pipeline import PipelineScreen

        return PipelineScreen(desk)
    if name == "signals":
        from gangly_tui.tui.screens.signals import SignalsScreen

        return SignalsScreen(desk)
    if name == "trail":
        from gangly_tui.tui.screens.trail import TrailScreen

        return TrailScreen(desk)
    if name == "health":
        from gangly_tui.tui.screens.health import HealthScreen

        return HealthScreen(desk)
    return None


def open_source(app: GanglyApp, ref: RecordRef) -> None:
    """Show a record: in the browser where its system has a page for it, else here."""
    if app.desk is None:
        return
    from gangly_tui.domain.records import Kind
    from gangly_tui.store import mail, mirror
    from gangly_tui.tui.screens.source import MailScreen, SourceScreen, record_sheet

    reader, db = app.desk.reader, app.desk.db
    try:
        ours = mail.get_mail(db, ref.system, ref.id) is None and mirror.get_record(db, ref)  # it was made here
        if ref.kind is Kind.MAIL and not ours:
            app.push_screen(MailScreen(app.desk, ref))
            return
        url = reader.url(ref) if ref.system == reader.system else ""
        if url.startswith("https://"):
            app.open_url(url)
        else:
            app.push_screen(SourceScreen(record_sheet(app.desk, ref)))
    except GanglyError as error:
        app.complain(error)


def open_hit(app: GanglyApp, hit: Hit) -> None:
    """Show what was found: a record, a mail or a signal."""
    if hit.ref:
        open_source(app, hit.ref)
        return
    from gangly_tui.tui.screens.source import SourceScreen
    from gangly_tui.tui.signal_sheet import kept_sheet

    if app.desk is None or hit.signal_id is None:
        return
    try:
        app.push_screen(SourceScreen(kept_sheet(app.desk, hit.signal_id)))
    except GanglyError as error:
        app.complain(error)


def open_line(app: GanglyApp, source: Source, meeting_id: str) -> None:
    """Show where a line of the brief comes from: a record, a page, or the invitation itself."""
    if source.url.startswith("https://"):
        app.open_url(source.url)
        return
    if source.ref:
        open_source(app, source.ref)
        return
    from gangly_tui.tui.screens.source import SourceScreen, meeting_sheet

    assert app.desk is not None
    try:
        app.push_screen(SourceScreen(meeting_sheet(app.desk, meeting_id)))
    except GanglyError as error:
        app.complain(error)


def look_out(app: GanglyApp, desk: Desk) -> None:
    """What arrives by itself while the app is open: meetings that move, mails, transcripts, files in a folder."""
    from gangly_tui.flow.keep_up import rest

    _watch_folder(app, desk)
    last = monotonic()

    def look() -> None:
        nonlocal last
        try:
            good_for = rest(desk) if app.desk is desk else None
        except GanglyError:  # the store is busy: asked again soon
            return
        if good_for is not None and monotonic() - last >= good_for.total_seconds():
            last = monotonic()
            app.action_pull(whole=False)

    app.set_interval(LOOKED_EVERY, look)


def _watch_folder(app: GanglyApp, desk: Desk) -> None:
    """Pull when something arrives in the watched folder while the app is open. Between, it is only looked at."""
    folder = desk.watched
    if folder is None:
        return

    async def look() -> None:
        if await asyncio.to_thread(folder.stirred) and app.desk is desk:
            app.action_pull()

    app.set_interval(WATCHED_EVERY, look)


def open_connect(app: GanglyApp) -> None:
    """Sign in again where that is asked for; else choose what to connect."""
    if app.sign_in_wanted:
        open_system(app, app.sign_in_wanted)
    else:
        open_choices(app)


def sign_in_again(app: GanglyApp) -> None:
    """Sign in again to the system that asks for it, or to the CRM; without one, choose what to connect."""
    if app.doorway is None:
        return
    try:
        name = app.sign_in_wanted or app.doorway.current()
    except GanglyError as error:
        app.complain(error)
        return
    if name:
        open_system(app, name)
    else:
        open_choices(app)


def open_choices(app: GanglyApp) -> None:
    """Choose what to connect, whatever is connected already."""
    from gangly_tui.tui.screens.connect import ConnectScreen
    from gangly_tui.tui.screens.sign_in import SignInScreen

    if app.doorway is None or isinstance(app.screen, ConnectScreen | SignInScreen):
        return
    app.push_screen(ConnectScreen())


def open_system(app: GanglyApp, name: str) -> None:
    """The page of one system: what it will ask, and the sign-in."""
    from gangly_tui.tui.screens.sign_in import SignInScreen

    if app.doorway is None or isinstance(app.screen, SignInScreen):
        return
    try:
        plan = app.doorway.plan(name)
    except GanglyError as error:
        app.complain(error)
        return
    app.push_screen(SignInScreen(plan, app.doorway), lambda connected: _go_on(app, connected))


def _go_on(app: GanglyApp, connected: Connected | None) -> None:
    """Go on with what was just connected: here where that can be, else the app opens anew on it."""
    if connected is None:
        return
    from gangly_tui.flow.keep_up import beside

    if app.desk is None:
        try:
            app.choose_desk("connected")
        except GanglyError as error:
            app.complain(error)
    elif connected.same_settings and connected.name in {app.desk.reader.system, *beside(app.desk)}:
        app.sign_in_wanted = ""
        app.say(f"signed in to {connected.title} again", tone="busy")
        app.action_pull()
        app.wake_courier()
    else:
        app.open_again = True
        app.call_later(app.action_quit)
