"""Hostile strings through every screen, a share of them at each run; `python -m tests.hostile N SEED` is the rest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from gangly_tui.tui.last_line import NothingActs
from gangly_tui.tui.widgets.line_input import LineInput
from tests.hostile.oracle import hidden, raw_in
from tests.hostile.strings import strings
from tests.hostile.walk import walking
from tests.hostile.wire import raw_on_the_wire, share
from tests.tui.desks import screen_text

SEED = 20_261_124


async def test_no_screen_paints_a_control_hides_a_text_or_acts(tmp_path: Path) -> None:
    async with walking(tmp_path) as walker:
        await walker.batch(list(strings(40, SEED)))
    assert walker.found.raw == []
    assert walker.found.hidden == []
    assert walker.found.acting == []
    assert walker.found.frames > 30


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")
def test_a_real_terminal_is_sent_nothing_but_text(tmp_path: Path) -> None:
    shown, octets, _, raw = share(tmp_path, list(strings(60, SEED)))
    assert raw == []
    assert shown == 60
    assert octets > 200_000


class _Careless(App[None]):
    """An app with a widget that nobody cleaned for."""

    def __init__(self) -> None:
        super().__init__()
        self._filters.append(NothingActs())

    def compose(self) -> ComposeResult:
        yield Static("wipe\x1b[2Jed \u202egnp.exe \x9b31m", markup=False)
        yield LineInput(value="tab\there\x1b]0;x\x07\u200bend")


async def test_the_last_line_holds_where_a_widget_was_careless() -> None:
    app = _Careless()
    async with app.run_test(size=(60, 6)) as pilot:
        await pilot.pause()
        shown = screen_text(app)
    assert "wipe␛[2Jed" in shown
    assert raw_in(shown.replace("\n", "")) == []


async def test_an_input_shows_stand_ins_and_gives_back_what_it_holds() -> None:
    app = _Careless()
    app._filters = []
    async with app.run_test(size=(60, 6)) as pilot:
        box = app.query_one(LineInput)
        box.focus()
        await pilot.pause()
        assert "tab␉here␛]0;x␇\ufffdend" in screen_text(app)
        await pilot.press("home", "right", "right", "right", "right", "X")
        assert box.value == "tab\tXhere\x1b]0;x\x07\u200bend"
        await pilot.click(LineInput, offset=(box.content_region.x + 8 - box.region.x, 1))
        assert box.cursor_position == 8


def test_the_oracle_bites() -> None:
    assert raw_in("a\x1bb\u202ec\u200bd\ue000") == ["U+001B", "U+202E", "U+200B", "U+E000"]
    assert raw_in("👩\u200d💻 é ⟨U+202E⟩") == []
    assert hidden("[call back] Tuesday", "Tuesday")
    assert hidden("a\u200bb", "ab")
    assert not hidden("a\u200bb c", "a⟨U+200B⟩b\nc")
    assert raw_on_the_wire(b"\x1b[38;2;1;2;3mtext\x1b[0m\x1b[3;4H") == []
    assert raw_on_the_wire(b"x\x1b]52;c;cHduZWQ=\x07") != []
    assert raw_on_the_wire(b"x\x1b[3Jy\x1b[31;41;5m") != []
