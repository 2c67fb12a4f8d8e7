"""The apps that the pty benchmarks start, each in a process of its own: NAME [STORE]."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from textual.app import App, ComposeResult
from textual.widgets import Static

ROWS = 100_000


class Bare(App[None]):
    """What any Textual app costs."""

    BINDINGS = [("question_mark", "react", "React")]  # noqa: RUF012 - as a newcomer writes it

    def compose(self) -> ComposeResult:
        yield Static("standing still")

    def action_react(self) -> None:
        self.query_one(Static).update("having moved")


class Options(App[None]):
    """The peer: Textual's own list, with as many rows."""

    def compose(self) -> ComposeResult:
        from textual.widgets import OptionList

        yield OptionList(*(f"entry {number} standing still" for number in range(ROWS)))


class Table(App[None]):
    """The peer: Textual's own table, with as many rows."""

    def compose(self) -> ComposeResult:
        from textual.widgets import DataTable

        table: DataTable[str] = DataTable(cursor_type="row")
        table.add_columns("entry", "kind", "record")
        table.add_rows((f"entry {number}", "standing", "still") for number in range(ROWS))
        yield table


def lines() -> App[None]:
    """The limit: our own lines, made on demand of nothing."""
    from textual.content import Content

    from gangly_tui.tui.theme import DARK
    from gangly_tui.tui.widgets.rows import Row, RowsOnDemand, RowView

    class Lines(App[None]):
        def compose(self) -> ComposeResult:
            yield RowView()

        def on_mount(self) -> None:
            self.register_theme(DARK)
            self.theme = DARK.name
            view = self.query_one(RowView)
            view.show(
                lambda _: RowsOnDemand(
                    ROWS, lambda at: Row(left=Content(f"entry {at} standing still and more of it"), item=at)
                ),
                cursor=0,
            )
            view.focus()

    return Lines()


def gangly(start: str) -> App[None]:
    """The app itself on a made store; nothing is pulled and nothing can be sent."""
    import tempfile
    from dataclasses import replace
    from pathlib import Path

    from gangly_tui.store.database import open_database
    from gangly_tui.tui.app import GanglyApp
    from tests.benchmarks.big_store import KEY
    from tests.tui.desks import paper_desk

    desk = paper_desk(Path(tempfile.mkdtemp()))
    app = GanglyApp(replace(desk, db=open_database(Path(sys.argv[2]), key=KEY)), start=start)
    app.action_pull = lambda: None  # type: ignore[method-assign]
    return app


APPS: Mapping[str, Callable[[], App[None]]] = {
    "bare": Bare,
    "options": Options,
    "table": Table,
    "lines": lines,
    "today": lambda: gangly("today"),
    "trail": lambda: gangly("trail"),
    "review": lambda: gangly("review"),
}

if __name__ == "__main__":
    APPS[sys.argv[1]]().run()
