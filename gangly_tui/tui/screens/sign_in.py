"""Connecting one system: what it will ask and why, the answers, the sign-in with its wait, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.worker import Worker

from gangly_tui.domain.connection import HOST, Answers, Ask, Connected, Plan, PlanWay, Step, fields_by_object
from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.secret import Secret
from gangly_tui.tui.doorway import Doorway
from gangly_tui.tui.text import content, join, line
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

_HOW = "Enter goes to the next empty line, ctrl+s signs in, Esc goes back"
_LONGEST = 600
_TRIAL = "loopback"
"""The name of the line for the address of a trial's server: no vendor asks for one of this name."""
_WHERE = Ask(
    name=_TRIAL,
    label="Its address",
    why="A server on this machine, nowhere else, such as a fake of the vendor. What is sent to it is not encrypted.",
    example="http://127.0.0.1:8702",
)


class SignInScreen(Screen[Connected | None]):
    """Answers with the connection that stands now, or None."""

    CSS_PATH = "connect.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "sign_in", "Sign in", key_display="^s", id="sign-in.go", tooltip="Sign in as filled in"),
        Binding("enter", "next", "Continue", key_display="Enter", id="sign-in.next", tooltip="The next thing to do"),
        Binding("c", "copy", "Copy address", id="sign-in.copy", tooltip="Copy the address that is to be opened"),
        Binding("escape", "stop", "Back", key_display="Esc", id="sign-in.back", tooltip="Stop the sign-in, or go back"),
    ]

    def __init__(self, plan: Plan, doorway: Doorway) -> None:
        super().__init__()
        self._plan = plan
        self._doorway = doorway
        self._ways = _variants(plan)
        self._chosen = next((at for at, (way, _) in enumerate(self._ways) if way.name == plan.chosen().name), 0)
        self._parts = set(plan.asked_for or plan.parts[:1])
        self._trial = bool(plan.loopback)
        self._step: Step | None = None
        self._work: Worker[None] | None = None
        self._connected: Connected | None = None

    def compose(self) -> ComposeResult:
        with Center(id="middle"), VerticalScroll(id="page"):
            yield Static(join("Connect ", line(self._plan.title, limit=60)), id="name")
            with Vertical(id="form"):
                yield Static(self._plan_page(), id="sheet")
                if len(self._plan.parts) > 1:
                    yield Static(Content.styled("What to ask for; Enter changes it", "bold"), id="parts-title")
                    yield RowView(id="parts", marked_always=True)
                yield Static(Content.styled("Sign in", "bold"), id="ways-title")
                yield RowView(id="ways", marked_always=True)
                yield RowView(id="trial")
                for name, ask in self._asks().items():
                    with Vertical(classes="ask", id=f"ask-{name}"):
                        yield Static(_answer_sheet(ask, kept=name in self._plan.kept))
                        yield LineInput(value=self._known(name), password=ask.secret, name=name, select_on_focus=False)
            yield Static(content(_HOW), id="said")
        yield StatusLine("nothing is sent before you sign in")
        yield KeyFooter()

    def on_mount(self) -> None:
        ways = self.query_one("#ways", RowView)
        ways.show(partial(_lay_out, self._ways), cursor=self._chosen)
        self._show_trial()
        self._show_parts()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Where all of it is in view, the cursor stands in the first empty line; else reading comes first."""
        page = self.query_one("#page", VerticalScroll)
        if page.max_scroll_y:
            page.focus()
            page.scroll_home(animate=False)
        else:
            (self._empty() or self.query_one("#ways")).focus()

    # -- what is asked ------------------------------------------------------------------------------------------

    def _asks(self) -> dict[str, Ask]:
        return {_TRIAL: _WHERE, **{ask.name: ask for way in self._plan.ways for ask in way.asks}}

    def _known(self, name: str) -> str:
        """The answer from before; the address of a trial is none of the vendor's own."""
        if name == _TRIAL:
            return self._plan.loopback
        return "" if name == HOST and self._plan.loopback else self._plan.known.get(name, "")

    def _plan_page(self) -> Content:
        """What an administrator does first, what is asked for and why."""
        plan = self._plan
        parts: list[Content] = []
        if plan.admin:
            parts.append(Content.styled("An administrator does this first", "bold"))
            parts += [join(f"{at}  ", content(each, limit=_LONGEST)) for at, each in enumerate(plan.admin, start=1)]
            parts.append(Content(""))
        parts.append(Content.styled("gangly will ask for", "bold"))
        for each in plan.permissions:
            if each.part in ("", *self._parts):
                parts.append(join(line(each.name, limit=80), "  ", content(each.why, limit=_LONGEST, style="$quiet")))
        if plan.audit_fields:
            parts += [Content(""), Content.styled("If an administrator creates them, filled with each write", "bold")]
            for objects, names in fields_by_object(plan.audit_fields):
                parts.append(join(line(objects, limit=120), "  ", content(names, limit=_LONGEST, style="$quiet")))
        if plan.guards:
            parts += [Content(""), content(plan.guards, limit=_LONGEST, style="$quiet")]
        return Content("\n").join(parts)

    def _way(self) -> tuple[PlanWay, bool]:
        return self._ways[self.query_one("#ways", RowView).cursor]

    def _is_asked(self, field: Input) -> bool:
        return field.name in {ask.name for ask in self._needed()}

    def _needed(self) -> list[Ask]:
        """What is asked as things are chosen: a server on this machine stands in for the vendor's address."""
        asks = self._way()[0].asks
        return [_WHERE, *(each for each in asks if each.name != HOST)] if self._trial else list(asks)

    def _show_asks(self) -> None:
        for field in self.query(Input):
            assert field.parent is not None  # it was composed into one
            self.query_one(f"#ask-{field.name}").display = self._is_asked(field)

    def _empty(self) -> Input | None:
        """The first line that is asked for and empty."""
        return next((each for each in self.query(Input) if self._is_asked(each) and not each.value), None)

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        event.stop()
        self._show_asks()

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if event.view.id == "parts":
            self._turn_part(self._plan.parts[event.item])
        elif event.view.id == "trial":
            self._trial = not self._trial
            self._show_trial()
            address = next(each for each in self.query(Input) if each.name == _TRIAL)
            if self._trial and not address.value:
                self.call_after_refresh(address.focus)
        else:
            self.action_next()

    def _turn_part(self, part: str) -> None:
        """Ask for a part, or do without it; the first is what the connector is for."""
        if part != self._plan.parts[0]:
            self._parts ^= {part}
        self._show_parts()
        self.query_one("#sheet", Static).update(self._plan_page())

    def _show_trial(self) -> None:
        self.query_one("#trial", RowView).show(partial(_trial_rows, self._plan.title, self._trial))
        self._show_asks()

    def _show_parts(self) -> None:
        for view in self.query("#parts").results(RowView):
            view.show(partial(_part_rows, self._plan, frozenset(self._parts)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        asked = [each for each in self.query(Input) if self._is_asked(each)]
        at = asked.index(event.input)
        if at + 1 < len(asked):
            asked[at + 1].focus()
        else:
            self.action_sign_in()

    # -- the sign-in --------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for what can be done now: fill in, wait, go on."""
        waiting, done = self._work is not None, self._connected is not None
        return {
            "sign_in": not waiting and not done,
            "copy": waiting and self._step is not None and bool(self._step.url),
            "next": not waiting,
        }.get(action, True)

    def action_sign_in(self) -> None:
        """Sign in with what was typed. What is missing is said in place."""
        way, device = self._way()
        fields = {each.name or "": each.value.strip() for each in self.query(Input) if self._is_asked(each)}
        for ask in self._needed():
            if not (fields.get(ask.name) or ask.optional or ask.name in self._plan.kept):
                self._refuse(GanglyError(f"{ask.label} is missing", fix=ask.why))
                next(each for each in self.query(Input) if each.name == ask.name).focus()
                return
        if self._trial:
            fields[HOST] = fields.pop(_TRIAL)
        secret = {ask.name for ask in way.asks if ask.secret}
        answers = Answers(
            way=way.name,
            values={name: value for name, value in fields.items() if value and name not in secret},
            secrets={name: Secret(value) for name, value in fields.items() if value and name in secret},
            device=device,
            parts=frozenset(self._parts) if self._plan.parts else None,
            insecure_loopback=self._trial,
        )
        try:
            self._doorway.examine(self._plan.name, answers)
            self._doorway.unlock()
        except GanglyError as error:
            self._refuse(error)
            return
        self.query_one("#form").display = False
        self._tell(Step(text="asking …"))
        self._work = self.run_worker(self._sign_in(answers), group="sign-in", exclusive=True)
        self.set_focus(None)
        self.refresh_bindings()

    async def _sign_in(self, answers: Answers) -> None:
        try:
            connected = await self._doorway.connect(self._plan.name, answers, self._tell)
        except GanglyError as error:
            self._back_to_form()
            self._refuse(error)
            return
        self._work, self._connected = None, connected
        for field in self.query(Input):
            field.value = ""
        self.query_one("#said", Static).update(_result(connected))
        self.query_one(StatusLine).reword("connected")
        self.refresh_bindings()

    def _tell(self, step: Step) -> None:
        """Where the sign-in is."""
        self._step = step
        parts = [join("… ", content(step.text, limit=_LONGEST))]
        if step.code:
            parts += [Content(""), line(step.code, limit=40, style="bold $lead")]
        if step.url:
            parts += [Content(""), content(step.url, limit=2_000)]
            parts += [Content(""), Content.styled("c copies the address, Esc stops", "$quiet")]
        self.query_one("#said", Static).update(Content("\n").join(parts))
        self.refresh_bindings()

    def action_copy(self) -> None:
        """Copy the address that is to be opened."""
        if self._step is not None and self._step.url:
            self.app.copy_to_clipboard(self._step.url)
            self.notify("the address is copied", timeout=2)

    def action_stop(self) -> None:
        """Stop the sign-in; without one, go back."""
        if self._work is not None:
            self._work.cancel()
            self._back_to_form()
            self._say("stopped; nothing was kept")
        elif self._connected is not None:
            self.dismiss(self._connected)
        else:
            self.dismiss(None)

    def action_next(self) -> None:
        """To the first empty line; with none, sign in; once connected, go on with it."""
        if self._connected is not None:
            self.dismiss(self._connected)
        elif empty := self._empty():
            empty.focus()
        else:
            self.action_sign_in()

    def _back_to_form(self) -> None:
        self._work = None
        self.query_one("#form").display = True
        self.query_one("#ways").focus()
        self.refresh_bindings()

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Static)
        said.update(content(text, limit=_LONGEST, style="$quiet"))
        self.call_after_refresh(said.scroll_visible, animate=False)

    def _refuse(self, error: GanglyError) -> None:
        parts = [content(f"! {error}", limit=_LONGEST, style="$bad")]
        if error.fix:
            parts.append(content(error.fix, limit=_LONGEST, style="$quiet"))
        said = self.query_one("#said", Static)
        said.update(Content("\n").join(parts))
        self.call_after_refresh(said.scroll_visible, animate=False)


def _variants(plan: Plan) -> list[tuple[PlanWay, bool]]:
    """The ways, and after each that allows it the same with a code on another device."""
    return [(way, device) for way in plan.ways for device in ((False, True) if way.device else (False,))]


def _lay_out(ways: Sequence[tuple[PlanWay, bool]], width: int) -> list[Row]:
    rows: list[Row] = []
    room = max(width - MARGIN - 1, 10)
    for item, (way, device) in enumerate(ways):
        title = f"{way.title}, with a code on another device" if device else way.title
        rows += [Row(left=each, item=item) for each in content(title, limit=200).wrap(room)]
        if way.means and not device:
            text = content(way.means, limit=_LONGEST, style="$quiet")
            rows += [Row(left=each, item=item) for each in text.wrap(room)]
    return rows


def _part_rows(plan: Plan, chosen: frozenset[str], width: int) -> list[Row]:
    """The parts with a tick for what is asked for, and what each permission of it is for."""
    rows: list[Row] = []
    for item, part in enumerate(plan.parts):
        mark = "[x]" if part in chosen else "[ ]"
        why = "; ".join(dict.fromkeys(each.why for each in plan.permissions if each.part == part))
        always = "  always" if item == 0 else ""
        head = join(line(f"{mark} {part}{always}", limit=60), "  ", line(why, limit=_LONGEST, style="$quiet"))
        rows += [Row(left=each, item=item) for each in head.wrap(max(width - MARGIN - 1, 10))]
    return rows


def _trial_rows(title: str, chosen: bool, width: int) -> list[Row]:
    """The way to try it without an account."""
    why = f"a server on this machine stands in for {title}, without encryption; Enter changes it"
    head = join(line(f"[{'x' if chosen else ' '}] a trial", limit=60), "  ", line(why, limit=_LONGEST, style="$quiet"))
    return [Row(left=each, item=0) for each in head.wrap(max(width - MARGIN - 1, 10))]


def _answer_sheet(ask: Ask, *, kept: bool) -> Content:
    """What an answer is."""
    hint = "left empty: the one from before stays" if kept else "may stay empty" if ask.optional else ""
    example = f"such as {ask.example}" if ask.example else ""
    more = "; ".join(filter(None, (example, hint)))
    parts = [line(ask.label, limit=80), content(ask.why[:1].upper() + ask.why[1:], limit=_LONGEST, style="$quiet")]
    if more:
        parts.append(content(more, limit=_LONGEST, style="$quiet"))
    return Content("\n").join(parts)


def _result(connected: Connected) -> Content:
    """What stands now, and what is missing."""
    standing = connected.standing
    parts = [join("✓ ", content(f"{connected.title} · {standing.account}", limit=_LONGEST, style="$good"))]
    for each in (*standing.warnings, *standing.missing):
        parts.append(content(f"! {each}", limit=_LONGEST, style="$warn"))
    if connected.rotate_by:
        said = f"static credential, rotate by {connected.rotate_by.isoformat()}"
        parts.append(content(said, style="$quiet"))
    how = "Enter goes on" if connected.same_settings else "Enter opens it and reads it for the first time"
    parts += [Content(""), Content.styled(how, "$quiet")]
    return Content("\n").join(parts)
