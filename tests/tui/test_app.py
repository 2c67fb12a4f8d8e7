"""The app itself: its keys, its colours, the courier it owns, how it leaves and how it falls."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.color import Color
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.theme import Theme

import gangly_tui.tui
from gangly_tui.domain.draft import Evidence
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.records import FieldType, Kind, RecordRef
from gangly_tui.flow.decide import approve
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.messages import Delivered
from gangly_tui.tui.screens.help import HelpScreen
from gangly_tui.tui.screens.today import TodayScreen
from gangly_tui.tui.theme import DARK, LIGHT
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.top_bar import TopBar
from tests.patience import until
from tests.tui.desks import NOW, Clock, PaperReader, PaperWriter, nordwind, paper_desk, screen_text

DEAL = RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id="d1")


def _card(number: int, after: str) -> Proposal:
    return Proposal(
        id=f"op{number}",
        meeting_id="m2",
        action=Action.UPDATE,
        kind=Kind.OPPORTUNITY,
        target=DEAL,
        target_name="Nordwind Platform 2026",
        changes=(
            FieldChange(field="next_step", label="Next step", type=FieldType.TEXT, before="Send the DPA", after=after),
        ),
        drafted_at=NOW,
        source="notes of 2026-11-24",
        base_version="1",
        evidence=Evidence(text=after, start=0, end=len(after)),
        group="field",
    )


class _Bench:
    """A desk with one approved write, its clock and its writer."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.writers: list[PaperWriter] = []

        def make(reader: PaperReader) -> PaperWriter:
            self.writers.append(PaperWriter(reader))
            return self.writers[-1]

        self.desk = paper_desk(folder, *nordwind(), clock=self.clock, make_writer=make)
        self.writer = self.writers[0]

    def approve(self, number: int = 1, after: str = "Call Jana on Monday") -> None:
        card = _card(number, after)
        decisions.save_proposals(self.desk.db, [card])
        approve(self.desk, card.id, card.digest())

    def state(self, number: int = 1) -> DeliveryState:
        delivery = decisions.get_delivery(self.desk.db, f"op{number}")
        assert delivery is not None
        return delivery.state


@pytest.fixture
def bench(tmp_path: Path) -> _Bench:
    return _Bench(tmp_path)


# -- the courier ------------------------------------------------------------------------------------------------


async def test_the_courier_waits_for_the_grace_period_then_sends_and_tells_every_screen(bench: _Bench) -> None:
    told: list[Delivered] = []

    class Watching(TodayScreen):
        def on_delivered(self, event: Delivered) -> None:
            told.append(event)
            super().on_delivered(event)

    app = GanglyApp(bench.desk)
    app.get_default_screen = lambda: Watching(bench.desk)  # type: ignore[method-assign]
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        bench.approve()
        app.wake_courier()
        await pilot.pause(0.1)
        assert bench.state() is DeliveryState.APPROVED
        await pilot.press("question_mark")
        bench.clock.forward(5)
        app.wake_courier()
        await until(lambda: bench.state() is DeliveryState.SENT)
        await until(lambda: told)
    assert told[0].outcomes[0].proposal.id == "op1"
    assert bench.writer.landed == 1


async def test_quitting_waits_for_a_request_that_is_out(bench: _Bench) -> None:
    app = GanglyApp(bench.desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        bench.writer.gate.clear()
        bench.approve()
        bench.clock.forward(5)
        app.wake_courier()
        await until(lambda: bench.writer.begun)
        await pilot.press("q")
        await pilot.press("q")
        assert app.is_running
        assert "finishing the write that is on its way" in screen_text(app)
        bench.writer.gate.set()
        await until(lambda: bench.state() is DeliveryState.SENT)
        await until(lambda: app._exit)
    assert (bench.writer.landed, bench.writer.cancelled) == (1, 0)


async def test_quitting_in_the_grace_period_sends_first_and_esc_stays(bench: _Bench) -> None:
    app = GanglyApp(bench.desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        bench.approve()
        await pilot.press("q")
        assert "sending 1 approved, then leaving" in screen_text(app)
        assert not app._exit
        await pilot.press("escape")
        bench.clock.forward(5)
        app.wake_courier()
        await until(lambda: bench.state() is DeliveryState.SENT)
        assert not app._exit
        await pilot.press("q")
        assert app._exit


async def test_quitting_twice_leaves_the_write_in_the_outbox_and_says_so(bench: _Bench) -> None:
    app = GanglyApp(bench.desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        bench.approve()
        await pilot.press("q", "q")
        assert app._exit
        said = [str(each) for each in app._exit_renderables]
    assert any("1 approved write waits in the outbox" in each and "gangly deliver" in each for each in said)
    assert bench.state() is DeliveryState.APPROVED
    assert bench.writer.begun == 0


async def test_opening_and_leaving_screens_never_stops_the_courier(bench: _Bench) -> None:
    app = GanglyApp(bench.desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        bench.writer.gate.clear()
        bench.approve()
        bench.clock.forward(5)
        app.wake_courier()
        await until(lambda: bench.writer.begun)
        await pilot.press("question_mark", "escape", "slash", "escape", "tab", "o", "escape", "1")
        app.wake_courier()
        bench.writer.gate.set()
        await until(lambda: bench.state() is DeliveryState.SENT)
    assert (bench.writer.begun, bench.writer.cancelled) == (1, 0)
    assert bench.desk.reader.records[DEAL].text("next_step") == "Call Jana on Monday"  # type: ignore[attr-defined]


# -- keys -------------------------------------------------------------------------------------------------------


def _nodes() -> list[type[DOMNode]]:
    found: set[type[DOMNode]] = set()
    for module in pkgutil.walk_packages(gangly_tui.tui.__path__, "gangly_tui.tui."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, type) and issubclass(thing, DOMNode) and thing.__module__.startswith("gangly_tui"):
                found.add(thing)
    return sorted(found, key=lambda each: each.__qualname__)


def test_every_binding_has_an_id_of_its_own_a_tooltip_and_a_key_that_terminals_send() -> None:
    ids: dict[str, str] = {}
    for node in _nodes():
        for binding in vars(node).get("BINDINGS", ()):
            assert isinstance(binding, Binding), node
            assert binding.id, (node, binding)
            assert binding.tooltip, (node, binding)
            assert binding.id not in ids, (binding.id, ids.get(binding.id), node)
            ids[binding.id] = node.__qualname__
            keys = {each.strip() for each in binding.key.split(",")}
            assert not keys & {"ctrl+h", "ctrl+i", "ctrl+m", "ctrl+j", "ctrl+[", "ctrl+left_square_bracket"}, binding
            if not binding.id.startswith(("review.deal-", "app.")):  # the first: on a card that asks
                assert not keys & {"3", "4"}, "these numbers go to Pipeline and Signals, from everywhere"
    assert {"app.today", "app.review", "app.trail", "app.notes", "app.find"} <= set(ids)


async def test_help_lists_what_works_here_and_any_of_its_keys_closes_it(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 44)) as pilot:
        await pilot.pause()
        for key in ("escape", "question_mark", "q"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            shown = screen_text(app)
            assert "The day before" in shown
            assert "Find a record, a meeting or a note" in shown
            await pilot.press(key)
            assert isinstance(app.screen, TodayScreen)


async def test_the_footer_and_the_tabs_are_buttons(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        footer = app.screen.query_one(KeyFooter)
        shown = screen_text(app).splitlines()[-1]
        assert "? help" in shown
        assert "q quit" in shown
        await pilot.click(KeyFooter, offset=(shown.index("? help"), 0))
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        await pilot.click(TopBar, offset=(10, 0))
        assert isinstance(app.screen, TodayScreen)
        assert footer.is_attached


async def test_a_modal_keeps_the_keys_of_the_screen_beneath_out(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("tab", "o")
        assert isinstance(app.screen, ModalScreen)
        depth = len(app.screen_stack)
        await pilot.press("1", "n", "slash")
        assert len(app.screen_stack) == depth


async def test_the_palette_finds_verbs_and_the_days_meetings(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("ctrl+p")
        await until(lambda: "Notes of the highlighted meeting" in screen_text(app))
        await pilot.press(*"coffee")
        await until(lambda: "Brief: Coffee with a stranger" in screen_text(app))
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, TodayScreen) and app.screen.meeting_id == "m4")


# -- colours ----------------------------------------------------------------------------------------------------


def _luminance(color: Color) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [each / 255 for each in color.rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_text_stands_out_from_every_background_it_is_shown_on(theme: Theme) -> None:
    backgrounds = [theme.background, theme.surface, theme.variables["marked"], theme.variables["marked-dim"]]
    words = [theme.variables[name] for name in ("quiet", "lead", "good", "warn", "bad", "minus", "plus")]
    for text in [*words, theme.foreground]:
        for background in backgrounds:
            assert text
            assert background
            dark, light = sorted(_luminance(Color.parse(each)) for each in (text, background))
            ratio = (light + 0.05) / (dark + 0.05)
            assert ratio >= 4.5, (text, background, round(ratio, 2))
    assert set(DARK.variables) == set(LIGHT.variables)


async def test_both_themes_paint_and_switch(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        before = app.export_screenshot()
        app.action_theme()
        await pilot.pause()
        assert app.theme == LIGHT.name
        assert app.export_screenshot() != before
        assert "Nordwind: pricing" in screen_text(app)


def test_every_colour_has_its_name_in_the_theme() -> None:
    folder = Path(gangly_tui.tui.__path__[0])
    rule = re.compile(r"(?:color|background|tint|hatch|border(?:-\w+)?)\s*:([^;]*);")
    for path in [*folder.rglob("*.tcss"), *folder.rglob("*.py")]:
        if path.name == "theme.py":
            continue
        text = path.read_text()
        assert not re.search(r"#[0-9a-fA-F]{6}\b", text), path
        if path.suffix == ".tcss":
            for value in rule.findall(text):
                assert "$" in value or value.strip() in ("none", "transparent"), (path, value)


@pytest.mark.parametrize(
    "opens", ["help", "find", "notes", *(f"go('{each}')" for each in "review pipeline signals trail health".split())]
)
async def test_a_key_that_comes_before_the_screen_it_closes_is_there_breaks_nothing(desk: Desk, opens: str) -> None:
    app = GanglyApp(desk)
    done: list[bool] = []

    async def in_one_go() -> None:
        """As the app takes two keys from the same buffer: nothing else has its turn between them."""
        await app.run_action(opens)
        closes = "dismiss" if isinstance(app.screen, ModalScreen) else "app.back"
        done.append(await app.run_action(closes, app.screen))

    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.call_later(in_one_go)
        await until(lambda: done)
        await pilot.pause()
        assert isinstance(app.screen, TodayScreen)


# -- falling and starting ---------------------------------------------------------------------------------------


async def test_a_crash_shows_no_values_and_says_where_the_details_are(tmp_path: Path, desk: Desk) -> None:
    secret = "the-note-nobody-should-see"
    log = tmp_path / "log" / "crash.log"
    app = GanglyApp(desk, log_path=log)

    def fall(note: str) -> None:
        kept = note
        raise RuntimeError(f"broken at {kept}")

    with pytest.raises(RuntimeError, match="broken"):
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            app.call_later(fall, secret)
            await until(lambda: app._exit_renderables)
            printed = " ".join(str(each) for each in app._exit_renderables)
    assert "gangly had to stop: RuntimeError in test_app.py" in printed
    assert str(log) in printed
    assert secret not in printed
    assert secret not in log.read_text()
    assert "test_app.py" in log.read_text() and "fall" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_today_comes_up_without_the_heavy_libraries() -> None:
    heavy = ["openai", "httpx", "keyring", "tldextract", "googleapiclient", "msal", "sqlite_utils", "phonenumbers",
             "icalendar", "rapidfuzz", "dateparser", "pydantic", "gangly_tui.intelligence.offline.drafter"]  # fmt: skip
    code = (
        "import sys, gangly_tui.tui.app, gangly_tui.tui.screens.today; "
        f"print([each for each in {heavy!r} if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_day_of_the_desk_is_the_day_of_the_tests() -> None:
    assert NOW.date() == date(2026, 11, 24)
