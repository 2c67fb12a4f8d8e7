"""One card laid out as rows: everything the rep decides about and everything that is sent, nothing left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from textual.content import Content

from gangly_tui.domain.draft import Evidence, spoken
from gangly_tui.domain.lookalike import warnings
from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.records import FieldType
from gangly_tui.domain.signals import CALLS
from gangly_tui.tui.text import content, join, line
from gangly_tui.tui.widgets.change_diff import (
    Eyes,
    conflict_lines,
    label_width,
    minus_lines,
    plus_lines,
    stamp,
    value_lines,
    words,
)
from gangly_tui.tui.widgets.rows import MARGIN, Row

_GUTTER = 9
_FIRST = {
    name: place for place, name in enumerate("to cc subject due body first_name last_name title email phone".split())
}
_CONFIDENT = ((0.85, "clearly said"), (0.7, "likely"), (0.0, "unsure: read the quote"))
DIGITS = "123456789"
_UNWRAPPED = 1_000_000
_ALIGNING = re.compile("[ \n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A card as the rep meets it. `accepted` of `decided` such cards were taken as they were, by this rep."""

    card: Proposal
    eyes: Eyes
    number: int = 1
    total: int = 1
    put_off: bool = False
    accepted: int = 0
    decided: int = 0
    window: str = ""
    """what is said of the moment between the last look and the write, where the system guards none"""


@dataclass(slots=True)
class _Sheet:
    width: int
    rows: list[Row] = field(default_factory=list)
    actions: dict[int, str] = field(default_factory=dict)
    """row -> what a click on it does"""

    @property
    def room(self) -> int:
        return max(self.width - MARGIN - self.gutter - 1, 12)

    @property
    def gutter(self) -> int:
        return _GUTTER if self.width >= 50 else 2

    def add(self, label: str, lines: Iterable[Content], tag: Content | None = None, action: str = "") -> None:
        """A labelled block; with an action its rows are buttons."""
        if label and self.gutter < _GUTTER:
            self.rows.append(Row(left=content(label, style="$quiet")))
            label = ""
        right = tag or Content("")
        for each in lines:
            head = content(label.ljust(self.gutter), style="$quiet")
            if action:
                self.actions[len(self.rows)] = action
            if right and head.cell_length + each.cell_length + right.cell_length + 2 + MARGIN > self.width:
                self.rows.append(Row(left=head + each))
                self.rows.append(Row(left=Content(" " * self.gutter) + right))
            else:
                self.rows.append(Row(left=head + each, tag=right))
            label, right = "", Content("")

    def text(self, label: str, text: str, style: str = "") -> None:
        """A labelled block of raw text, in full."""
        self.add(label, content(text, style=style).wrap(self.room))

    def gap(self) -> None:
        self.rows.append(Row(left=Content("")))


def heading(face: Face, width: int) -> list[Row]:
    """Number, record and field, risk: the lines that stay on top while the card scrolls."""
    card = face.card
    kind = "conflict" if card.conflict else f"risk: {card.risk.value}"
    style = "bold $warn" if card.conflict or card.risk.value != "low" else "$quiet"
    tag = line(kind, style=style)
    place = Content.styled(f"{face.number}/{face.total}  ", "$lead")
    room = max(width - MARGIN - place.cell_length - tag.cell_length - 2, 12)
    lines = line(card.heading, limit=None, style="bold $warn" if card.conflict else "bold").wrap(room)
    if len(lines) > 2:  # in full it stands among the fields
        lines = [lines[0], join(lines[1], Content.styled(" …", "$quiet")).truncate(room, ellipsis=True)]
    blank = Content(" " * place.cell_length)
    return [
        Row(left=join(place if at == 0 else blank, each), tag=tag if at == 0 else Content(""))
        for at, each in enumerate(lines)
    ]


def lay_out(face: Face, width: int) -> tuple[list[Row], dict[int, str]]:
    """The card below its heading, and by row what a click on it does."""
    sheet = _Sheet(width=width)
    card = face.card
    _notices(sheet, face)
    if card.conflict:
        _conflict(sheet, face)
    elif len(card.changes) == 1 and card.action is Action.UPDATE:
        _one_field(sheet, card.changes[0], face)
    else:
        _fields(sheet, card, face.eyes)
    if card.needs_choice:
        _choices(sheet, card)
    _why(sheet, face)
    return sheet.rows, sheet.actions


def card_words(face: Face) -> str:
    """What is laid out for the rep, as text that does not hang on the width of the screen."""
    return _words([*heading(face, _UNWRAPPED), *lay_out(face, _UNWRAPPED)[0]])


def compact_words(face: Face) -> str:
    """The same of the card as one of many."""
    return _words(compact(face, _UNWRAPPED))


def _words(rows: Sequence[Row]) -> str:
    """The rows' plain text; spaces that align and ends of rows count as one space. A value's line breaks are marks."""
    return _ALIGNING.sub(" ", "\n".join(f"{row.left.plain} {row.tag.plain}" for row in rows)).strip()


def _notices(sheet: _Sheet, face: Face) -> None:
    card = face.card
    said = []
    if face.put_off:
        said.append("put off before")
    if card.undoes:
        said.append("undo: a sends it and takes the write back, x leaves the record as it is")
    if card.edited:
        said.append("edited by you")
    if said:
        sheet.text("", " · ".join(said), "$quiet")
    if card.note:
        sheet.text("note", f"! {card.note}", "bold $warn")
    for each in warnings(card):
        sheet.text("letters", f"! {each}", "bold $warn")
    if any("…" in each.left.plain for each in heading(face, sheet.width)):
        sheet.text("record", card.heading)
    if sheet.rows:
        sheet.gap()


def _one_field(sheet: _Sheet, change: FieldChange, face: Face) -> None:
    sheet.add(
        "before", minus_lines(change, sheet.room, face.eyes), stamp(change.before_by, change.before_at, face.eyes)
    )
    sheet.add("after", plus_lines(change, sheet.room, face.eyes))
    if change.after in (None, "", ()):
        sheet.text("", "the field will be emptied", "$warn")


def _fields(sheet: _Sheet, card: Proposal, eyes: Eyes) -> None:
    """Every field of a card with several: what the rep decides about in lines of its own, the rest run together."""
    alone: list[FieldChange] = []
    short: list[FieldChange] = []
    for change in sorted(card.changes, key=lambda each: _FIRST.get(each.field, len(_FIRST))):
        own_line = change.field in _FIRST or card.action is Action.UPDATE or change.type is FieldType.LONG_TEXT
        (alone if own_line else short).append(change)
    labels = label_width(tuple(alone))
    verb = {Action.CREATE: "new", Action.REMOVE: "remove", Action.UPDATE: "change"}[card.action]
    verb = "mail" if card.sends else verb
    for change in alone:
        name = line(change.label, limit=60, style="$quiet").truncate(labels, ellipsis=True)
        head = name + Content(" " * (labels - name.cell_length + 2))
        room = max(sheet.room - labels - 2, 12)
        blocks: list[Content] = []
        if change not in card.written:  # it stands there, and goes out as it stands
            blocks += value_lines(words(change.after, change.type, eyes), room, "")
        else:
            blocks += minus_lines(change, room, eyes) if card.action is not Action.CREATE else []
            blocks += plus_lines(change, room, eyes) if card.action is not Action.REMOVE else []
        lines = [join(head if at == 0 else " " * (labels + 2), each) for at, each in enumerate(blocks)]
        sheet.add(
            verb, lines, stamp(change.before_by, change.before_at, eyes) if card.action is Action.UPDATE else None
        )
        verb = ""
    if short:
        sheet.add("with" if alone else verb, _run_together(short, card.action, sheet.room, eyes))


def _run_together(changes: Sequence[FieldChange], action: Action, room: int, eyes: Eyes) -> list[Content]:
    """Short fields side by side: label and value, in full; broken between fields where that is possible."""
    sign, style = ("-", "$minus") if action is Action.REMOVE else ("+", "$plus")
    lines: list[Content] = []
    for change in changes:
        value = words(change.before if action is Action.REMOVE else change.after, change.type, eyes)
        shown = value_lines(value, max(room - 2, 12), style)
        name = join(Content.styled(f"{sign} ", f"bold {style}"), line(change.label, limit=60, style="$quiet"), " ")
        part = join(name, shown[0])
        if lines and len(shown) == 1 and lines[-1].cell_length + part.cell_length + 3 <= room:
            lines[-1] = join(lines[-1], "   ", part)
        elif part.cell_length <= room:
            lines += [part, *(join("  ", each) for each in shown[1:])]
        else:
            lines += [name, *(join("  ", each) for each in shown)]
    return lines


def _conflict(sheet: _Sheet, face: Face) -> None:
    conflict = face.card.conflict
    assert conflict is not None  # asked before
    change = next((each for each in face.card.changes if each.field == conflict.field), face.card.changes[0])
    sheet.add("field", [line(change.label, limit=120, style="bold")])
    sheet.add("", conflict_lines(conflict, change.type, sheet.room, face.eyes))
    others = [each for each in face.card.changes if each.field != conflict.field]
    for each in others:
        sheet.add("also", [line(each.label, limit=120, style="$quiet"), *plus_lines(each, sheet.room, face.eyes)])
    sheet.gap()
    sheet.add("", [_button("t", "keep theirs: this card ends")], action="settle('theirs')")
    sheet.add("", [_button("m", "mine: lays the card out over what stands there now")], action="settle('mine')")
    if change.type in (FieldType.TEXT, FieldType.LONG_TEXT):
        sheet.add("", [_button("b", "both: theirs, then mine, in one text")], action="settle('both')")
    sheet.gap()


def _button(key: str, said: str) -> Content:
    return join(content(key, style="bold $lead"), "  ", content(said))


def _choices(sheet: _Sheet, card: Proposal) -> None:
    sheet.gap()
    ask = f"{len(card.choices)} open deals fit. Which one was this call about? Kept for the series."
    sheet.text("deal", ask, "$warn")
    for digit, choice in zip(DIGITS, card.choices, strict=False):
        shown = line(choice.label, limit=None).wrap(max(sheet.room - 3, 12))
        lines = [
            join(Content.styled(f"{digit}  ", "bold $lead") if at == 0 else "   ", e) for at, e in enumerate(shown)
        ]
        sheet.add("", lines, action=f"deal({int(digit)})")
    sheet.add("", [_button("0", "none of them")], action="deal(0)")
    if len(card.choices) > len(DIGITS):
        sheet.text("", "More fit than there are digits: choose on Today (1), with Enter on the deal.", "$quiet")


def _why(sheet: _Sheet, face: Face) -> None:
    card = face.card
    sheet.gap()
    if card.evidence:
        sure = next(said for least, said in _CONFIDENT if card.confidence >= least)
        read = join(line(card.reading, limit=None), "  ·  " if card.reading else "", Content.styled(sure, "$quiet"))
        sheet.add("read as", read.wrap(sheet.room))
        sheet.add("quote", _quote(card.evidence, card.source, sheet.room))
        for each in card.more:
            sheet.add("and", _quote(each, "", sheet.room))
    elif not card.sends:
        sheet.text("quote", f"none: {_unquoted(card)}", "$quiet")
    if card.against:
        sheet.add("against", _quote(card.against, "", sheet.room))
    elif card.evidence:
        sheet.text("against", "none found", "$quiet")
    if card.rule:
        sheet.text("rule", card.rule)
    if face.decided:
        sheet.text("yours", f"{face.accepted} of {face.decided} accepted")
    if face.window and card.action is not Action.CREATE:
        sheet.text("guard", face.window, "$quiet")
    if card.source and not card.evidence:
        sheet.text("source", card.source, "$quiet")


def _unquoted(card: Proposal) -> str:
    """Why a card has no quote."""
    if card.undoes:
        return "this takes a write back"
    return "your play's words" if card.meeting_id.startswith(CALLS) and not card.edited else "typed by you"


def _quote(evidence: Evidence, source: str, room: int) -> list[Content]:
    speaker = evidence.speaker or (evidence.side.value if evidence.side.value != "unknown" else "")
    place = " ".join(filter(None, (speaker, evidence.at)))
    head = join(
        line(place, limit=None, style="bold") if place else "",
        "  " if place and source else "",
        line(source, limit=None, style="$quiet"),
    )
    shown = content(f"“{spoken(evidence.text)}”").wrap(room)
    return [*(head.wrap(room) if head else []), *shown]


def compact(face: Face, width: int) -> list[Row]:
    """The card as one of many: heading, values in full, the quote. For the sheet of `A`."""
    sheet = _Sheet(width=width)
    card = face.card
    named = line(card.heading, limit=None, style="bold").wrap(max(width - MARGIN - 1, 12))
    sheet.rows += [Row(left=each) for each in named]
    if len(card.changes) == 1 and card.action is Action.UPDATE:
        change = card.changes[0]
        sheet.add("before", minus_lines(change, sheet.room, face.eyes))
        sheet.add("after", plus_lines(change, sheet.room, face.eyes))
    else:
        _fields(sheet, card, face.eyes)
    if card.evidence:
        for label, each in zip(("quote", *("and" for _ in card.more)), (card.evidence, *card.more), strict=True):
            sheet.add(label, _quote(each, "", sheet.room))
    sheet.gap()
    return sheet.rows
