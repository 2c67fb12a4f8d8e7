"""Edit one field of a card: picklists are chosen, dates are typed, long text has its room and its count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from gangly_tui.domain.errors import GanglyError, InputError
from gangly_tui.domain.proposal import FieldChange, Proposal
from gangly_tui.domain.records import FieldType, Kind
from gangly_tui.domain.safe import clean
from gangly_tui.domain.values import parse, same, show
from gangly_tui.flow import decide
from gangly_tui.tui.text import cell, day, join, line
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.page_text import PageText
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

_CHOSEN = (FieldType.PICKLIST, FieldType.CHECKBOX)
_FIXED = (FieldType.REFERENCE, FieldType.REFERENCES)
_ONE_LINE = 60
"""longer one-line texts are edited in a text area, where all of them is in view"""
_HINTS = {
    FieldType.DATE: "a date: 2026-11-15 or 15 Nov 2026",
    FieldType.DATETIME: "a date and time: 2026-11-15 14:30",
    FieldType.CURRENCY: "an amount: 40000, 40,000.50 or 40k",
    FieldType.NUMBER: "a number: 40000 or 40k",
    FieldType.EMAIL: "an address: name@host.tld",
    FieldType.PICKLIST: "type to narrow the list, Enter takes the marked value",
    FieldType.CHECKBOX: "yes or no",
}


def editable(card: Proposal) -> list[FieldChange]:
    """The fields of a card that can be typed or chosen."""
    return [each for each in card.changes if each.type not in _FIXED]


def first_field(card: Proposal) -> FieldChange | None:
    """What `e` opens: of several fields the one a rep most often means."""
    fields = editable(card)
    for name in ("at", "subject", "body", "title") if card.kind is Kind.INVITATION else ("subject", "body", "title"):
        for each in fields:
            if each.field == name:
                return each
    return fields[0] if fields else None


class EditScreen(ModalScreen[Proposal | None]):
    """Dismissed with the changed card, or None when it stays as it was."""

    CSS_PATH = "edit.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", key_display="^s", id="edit.save", tooltip="Put this value into the card"),
        Binding("escape", "cancel", "Back", key_display="Esc", id="edit.back", tooltip="Leave the card as it was"),
        Binding("tab", "field(1)", "Field", id="edit.field", tooltip="The next field of this card", priority=True),
        Binding(
            "shift+tab", "field(-1)", "Field", show=False, id="edit.field-before", tooltip="The field before",
            priority=True,
        ),
        Binding("up", "option(-1)", "Up", show=False, id="edit.up", tooltip="The value above"),
        Binding("down", "option(1)", "Down", show=False, id="edit.down", tooltip="The value below"),
    ]  # fmt: skip

    def __init__(self, desk: Desk, card: Proposal) -> None:
        super().__init__()
        self._desk = desk
        self._card = card
        self._fields = editable(card)
        self._field = first_field(card)
        self._typed: dict[str, str] = {}
        """what was typed into each field and is not saved yet"""
        self._options: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(line(f"Edit  {self._card.heading}", limit=300, style="bold"), classes="title")
            yield RowView(marked_always=True, id="fields")
            yield Static("", id="label", markup=False)
            yield LineInput(select_on_focus=False)
            yield PageText()
            yield RowView(marked_always=True, id="options")
            yield Static("", id="said", markup=False)
            yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one("#options").can_focus = False
        fields = self.query_one("#fields", RowView)
        fields.can_focus = False
        fields.display = len(self._fields) > 1
        self._open()

    # -- the field ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Lay out the editor for the field."""
        change = self._field
        plain, area, options = self.query_one(Input), self.query_one(TextArea), self.query_one("#options", RowView)
        plain.display = area.display = options.display = False
        if change is None:
            self.query_one("#said", Static).update("Nothing on this card can be typed; x rejects it.")
            return
        self._show_fields(change)
        text = self._typed.get(change.field, _as_typed(change))
        limit = f"   at most {change.max_length:,} characters" if change.max_length else ""
        need = "   required" if change.required else ""
        label = join(line(change.label, limit=80, style="bold"), Content.styled(f"{limit}{need}", "$quiet"))
        self.query_one("#label", Static).update(label)
        if _is_long(change):
            area.display = True
            area.load_text(text)
            area.move_cursor(area.document.end)
            area.focus()
        else:
            plain.display = True
            plain.value = "" if change.type in _CHOSEN else text
            plain.placeholder = str(line(_HINTS.get(change.type, "")))
            plain.cursor_position = len(plain.value)
            plain.focus()
        if change.type in _CHOSEN:
            options.display = True
            self._narrow("", text)
        self._preview()

    def _show_fields(self, change: FieldChange) -> None:
        def rows(width: int) -> list[Row]:
            labels = min(max(len(each.label) for each in self._fields), 20) + 2
            found = []
            for item, each in enumerate(self._fields):
                value = self._typed.get(each.field, show(each.after, each.type))
                room = max(width - MARGIN - labels, 8)
                found.append(Row(left=join(cell(each.label, labels, style="$quiet"), cell(value, room)), item=item))
            return found

        self.query_one("#fields", RowView).show(rows, cursor=self._fields.index(change))

    @property
    def _text(self) -> str:
        """What stands in the editor."""
        change = self._field
        if change is None:
            return ""
        if change.type in _CHOSEN:
            at = self.query_one("#options", RowView).cursor
            return self._options[at] if self._options else self.query_one(Input).value
        return self.query_one(TextArea).text if _is_long(change) else self.query_one(Input).value

    def _narrow(self, typed: str, wanted: str = "") -> None:
        """The options that have the typed letters in them, those that begin with them first."""
        change = self._field
        assert change is not None  # there is an editor only for a field
        every = ("yes", "no") if change.type is FieldType.CHECKBOX else change.options
        needle = typed.strip().casefold()
        self._options = sorted(
            (each for each in every if needle in each.casefold()),
            key=lambda each: not each.casefold().startswith(needle),
        )
        shown = self._options

        def rows(width: int) -> list[Row]:
            return [Row(left=cell(each, max(width - MARGIN, 4)), item=item) for item, each in enumerate(shown)]

        self.query_one("#options", RowView).show(rows, cursor=shown.index(wanted) if wanted in shown else 0)

    def _preview(self) -> None:
        """How what is typed will be read, or how long it is; a refusal goes when the text changes."""
        change = self._field
        if change is None:
            return
        said = self.query_one("#said", Static)
        text = self._text
        if change.type in _CHOSEN:
            words = "" if self._options else "no value of this list has these letters"
            said.update(Content.styled(words, "$quiet"))
            return
        try:
            value = parse(text, change)
        except InputError as error:
            count = _count(text, change)
            said.update(join(line(str(error), limit=300, style="$warn"), "  ", count))
            return
        if value is None:
            said.update(Content.styled("the field will be emptied", "$warn"))
        elif change.type is FieldType.DATE:
            said.update(line(day(value), style="$quiet"))  # type: ignore[arg-type]  # parse gives a date for a DATE
        elif isinstance(value, str):
            said.update(_count(text, change))
        else:
            said.update(line(show(value, change.type), limit=100, style="$quiet"))

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Fields can be changed where there are several, options moved through where there are some."""
        if action == "field":
            return len(self._fields) > 1
        if action == "option":
            return bool(self._field and self._field.type in _CHOSEN)
        return True

    def action_field(self, by: int) -> None:
        """Another field; what was typed so far stays."""
        if self._field is not None:
            self._keep()
            self._field = self._fields[(self._fields.index(self._field) + by) % len(self._fields)]
            self._open()

    def _keep(self) -> None:
        if self._field is not None and self._text != _as_typed(self._field):
            self._typed[self._field.field] = self._text

    def action_option(self, by: int) -> None:
        """Move through the options while the letters stay in the input."""
        self.query_one("#options", RowView).action_move(by)

    def action_save(self) -> None:
        """Put everything that was typed into the card; what does not fit is refused here, and stays typed."""
        self._keep()
        if self._field is None:
            self.dismiss(None)
            return
        card: Proposal | None = None
        for change in self._fields:
            if change.field not in self._typed:
                continue
            try:
                if same(parse(self._typed[change.field], change), change.after):
                    continue
                card = decide.edit(self._desk, self._card.id, change.field, self._typed[change.field])
            except GanglyError as error:
                self._refuse(change, error)
                return
        self.dismiss(card)

    def _refuse(self, change: FieldChange, error: GanglyError) -> None:
        if change is not self._field:
            self._field = change
            self._open()
        words = join(
            Content.styled("! ", "bold $bad"),
            line(str(error), limit=400, style="$bad"),
            "  ",
            line(error.fix, limit=600),
        )
        self.query_one("#said", Static).update(words)
        self.app.bell()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if (shown := str(clean(event.value))) != event.value:  # pasted: what is seen is what is saved
            event.input.value = shown
            return
        if self._field and self._field.type in _CHOSEN and event.input.display:
            self._narrow(event.value, "" if event.value else _as_typed(self._field))
        if event.input.display:
            self._preview()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_save()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if (shown := str(clean(event.text_area.text))) != event.text_area.text:
            event.text_area.load_text(shown)
            return
        if event.text_area.display:
            self._preview()

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        event.stop()
        if event.view.id == "fields" and self._field is not self._fields[event.item]:
            self._keep()
            self._field = self._fields[event.item]
            self._open()

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if event.view.id == "options":
            self.action_save()

    def action_cancel(self) -> None:
        """Leave the card as it was."""
        self.dismiss(None)


def _is_long(change: FieldChange) -> bool:
    if change.type is FieldType.LONG_TEXT:
        return True
    return change.type is FieldType.TEXT and len(str(change.after or "")) > _ONE_LINE


def _as_typed(change: FieldChange) -> str:
    """The value as the rep would type it; what could act on the terminal stands there as a visible sign."""
    return str(clean(show(change.after, change.type, empty="")))


def _count(text: str, change: FieldChange) -> Content:
    if change.max_length is None:
        return Content.styled(f"{len(text):,} characters", "$quiet")
    over = len(text.strip()) > change.max_length
    return Content.styled(f"{len(text):,} of {change.max_length:,} characters", "$bad" if over else "$quiet")
