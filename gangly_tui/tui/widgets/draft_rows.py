"""A Draft laid out as rows: what was said, who owes what, fields before and after, people, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from textual.content import Content

from gangly_tui.domain.draft import ContactMention, Draft, Mention, NextStep, SummaryLine, spoken
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import FIELDS, FieldType, Kind, Record
from gangly_tui.domain.values import same, show
from gangly_tui.flow.capture import Backdrop
from gangly_tui.tui.text import content, join, line, short_day
from gangly_tui.tui.widgets.rows import MARGIN, Row

_GUTTER = 10
_LONGEST = 600
_LABEL = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the text an item of the draft comes from; an empty one when nothing in the text backs it."""

    start: int = -1
    end: int = -1


@dataclass(slots=True)
class _Sheet:
    """Rows as they are being laid out."""

    width: int
    rows: list[Row] = field(default_factory=list)
    _items: int = 0
    _label: str = ""

    @property
    def gutter(self) -> int:
        return _GUTTER if self.width >= 56 else 2

    @property
    def room(self) -> int:
        return max(self.width - MARGIN - self.gutter - 1, 12)

    def section(self, label: str) -> None:
        if self.rows:
            self.rows.append(Row(left=Content("")))
        if self.gutter < _GUTTER:
            self.rows.append(Row(left=content(label, style="bold $quiet")))
            label = ""
        self._label = label

    def words(self, text: Content) -> None:
        """A row that is only read."""
        self._row(text, Content(""), -1)

    def item(self, lines: Iterable[Content], tag: Content | None = None) -> None:
        """The next item, of one or more rows."""
        tag = tag or Content("")
        for each in lines:
            self._row(each, tag, self._items)
            tag = Content("")
        self._items += 1

    def _row(self, text: Content, tag: Content, number: int) -> None:
        label = content(self._label.ljust(self.gutter), style="$quiet")
        self.rows.append(Row(left=label + text, tag=tag, item=number))
        self._label = ""


def lay_out(draft: Draft, backdrop: Backdrop, width: int, today: date, *, unfolded: bool) -> list[Row]:
    """Rows of a draft at a width in cells; the items are numbered as `places` lists them.

    `unfolded` shows what was left out, with the reasons.
    """
    sheet = _Sheet(width=width)
    _head(sheet, draft)
    _said(sheet, draft)
    _steps(sheet, "we owe", [each for each in draft.next_steps if each.ours], today)
    _steps(sheet, "they owe", [each for each in draft.next_steps if not each.ours], today)
    _fields(sheet, draft, backdrop)
    _people(sheet, draft, backdrop)
    _left_out(sheet, draft, unfolded=unfolded)
    return sheet.rows


def places(draft: Draft, text: str) -> list[Place]:
    """Where each item of the draft stands in `text`, the text that was read. Those left out come last."""
    backed = [each.evidence for each in said(draft)]
    backed += [each.evidence for ours in (True, False) for each in draft.next_steps if each.ours is ours]
    backed += [each.evidence for each in draft.fields]
    backed += [each.evidence for each in draft.contacts]
    found = [Place(start=each.start, end=each.end) for each in backed]
    return [*found, *(_dropped_place(each.quote, text) for each in draft.dropped)]


def _dropped_place(quote: str, text: str) -> Place:
    start = text.find(quote) if quote else -1
    return Place(start=start, end=start + len(quote)) if start >= 0 else Place()


def _head(sheet: _Sheet, draft: Draft) -> None:
    full = max(sheet.width - MARGIN - 1, 12)
    title = line(draft.summary.title or "Nothing to write yet", limit=300, style="bold")
    for each in title.wrap(full):
        sheet.rows.append(Row(left=each))
    if draft.company:
        sheet.rows.append(Row(left=line(draft.company, limit=200, style="$lead").truncate(full, ellipsis=True)))


def said(draft: Draft) -> list[SummaryLine]:
    """The lines of the summary without those that only repeat who owes what: that stands below, with its dates."""
    steps = {each.evidence for each in draft.next_steps}
    return [each for each in draft.summary.lines if not (each.topic == "next" and each.evidence in steps)]


def _said(sheet: _Sheet, draft: Draft) -> None:
    if said(draft):
        sheet.section("said")
    for each in said(draft):
        by = line(f"worded by {each.by}", limit=80, style="$quiet") if each.by else Content("")
        text = content(each.text, limit=_LONGEST)
        sheet.item((join(text, "  ", by) if by else text).wrap(sheet.room))


def _steps(sheet: _Sheet, label: str, steps: list[NextStep], today: date) -> None:
    if steps:
        sheet.section(label)
    for each in steps:
        owner = line(each.owner, limit=60, style="$quiet") + Content("  ") if each.owner else Content("")
        due = Content.styled(short_day(each.due, today) if each.due else "no date", "$lead" if each.due else "$quiet")
        text = owner + content(each.action, limit=_LONGEST)
        sheet.item(text.wrap(max(sheet.room - due.cell_length - 1, 12)), tag=due)


def _fields(sheet: _Sheet, draft: Draft, backdrop: Backdrop) -> None:
    if not draft.fields:
        return
    sheet.section("fields")
    deals = [each for each in draft.fields if each.object is Kind.OPPORTUNITY]
    if deals:
        sheet.words(_target(backdrop).truncate(sheet.room, ellipsis=True))
    for each in draft.fields:
        sheet.item(_field(each, backdrop, sheet.room))


def _target(backdrop: Backdrop) -> Content:
    match backdrop.deals:
        case ():
            return Content.styled("no open deal fits this meeting: these stay here", "$warn")
        case (deal,):
            return line(deal.title, limit=200, style="$lead")
        case several:
            return Content.styled(f"{len(several)} open deals fit: each card asks which one", "$warn")


def _field(mention: Mention, backdrop: Backdrop, room: int) -> list[Content]:
    record = _record(mention, backdrop)
    type_ = FIELDS[mention.object].get(mention.field, FieldType.TEXT)
    currency = record.text("currency") if record else backdrop.context.currency
    label = content(line(_label(mention, backdrop), limit=60).plain.ljust(_LABEL), style="$quiet")
    after = line(show(mention.value, type_, currency=currency), limit=_LONGEST, style="bold $plus")
    before = record.fields.get(mention.field) if record else None
    if record is None:
        change = after
    elif same(before, mention.value):
        change = after + Content.styled("  as it is already", "$quiet")
    else:
        old = line(show(before, type_, currency=currency), limit=_LONGEST, style="$minus")
        change = join(old, Content.styled(" → ", "$quiet"), after)
    reading = line(mention.reading, limit=200, style="$quiet")
    indent = " " * _LABEL if room >= 2 * _LABEL + 20 else "  "
    if label.cell_length + change.cell_length <= room:
        found = [label + change]
    else:
        rows = change.wrap(room - len(indent))
        beside = len(indent) == _LABEL
        found = [label + rows[0]] if beside else [label]
        found += [Content(indent) + each for each in (rows[1:] if beside else rows)]
    if reading and found[-1].cell_length + 2 + reading.cell_length <= room:
        found[-1] = join(found[-1], "  ", reading)
    elif reading:
        found.append(Content(indent) + reading.truncate(room - len(indent), ellipsis=True))
    return found


def _label(mention: Mention, backdrop: Backdrop) -> str:
    schema = (backdrop.context.schemas or {}).get(mention.object)
    described = schema.field(mention.field) if schema else None
    return described.label if described else mention.field.replace("_", " ").capitalize()


def _record(mention: Mention, backdrop: Backdrop) -> Record | None:
    """The record a value would go to, when there is exactly one."""
    if mention.object is Kind.OPPORTUNITY and len(backdrop.deals) == 1:
        return backdrop.deals[0]
    return None


def _people(sheet: _Sheet, draft: Draft, backdrop: Backdrop) -> None:
    if draft.contacts:
        sheet.section("people")
    for each in draft.contacts:
        known = _is_known(each, backdrop)
        tag = Content.styled("known" if known else "new", "$quiet" if known else "$warn")
        facts = " · ".join(filter(None, (each.title, each.company, each.email, each.phone)))
        text = line(each.name, limit=120, style="bold") + Content("  ") + line(facts, limit=300, style="$quiet")
        sheet.item(text.wrap(max(sheet.room - 6, 12)), tag=tag)


def _is_known(person: ContactMention, backdrop: Backdrop) -> bool:
    box = mailbox(person.email)
    return any(
        (box and mailbox(each.text("email")) == box) or each.title.casefold() == person.name.casefold()
        for each in backdrop.contacts
    )


def _left_out(sheet: _Sheet, draft: Draft, *, unfolded: bool) -> None:
    if not draft.dropped:
        return
    sheet.section("left out")
    size = len(draft.dropped)
    words = f"{size} candidate" + ("s were" if size > 1 else " was")
    told = Content.styled(f"{words} refused  ", "$quiet")
    sheet.words(told + Content.assemble(("d", "$lead"), (" folds" if unfolded else " shows why", "$quiet")))
    if not unfolded:
        return
    for each in draft.dropped:
        what = line(" ".join(filter(None, (each.what, each.value))), limit=200)
        why = line(each.reason, limit=300, style="$warn")
        rows = join(what, Content.styled(": ", "$quiet"), why).wrap(sheet.room)
        if each.quote:
            quote = line(f"“{spoken(each.quote)}”", limit=200, style="$quiet").truncate(sheet.room - 2, ellipsis=True)
            rows = [*rows, Content("  ") + quote]
        sheet.item(rows)


def teaching(width: int, *, speech: bool) -> list[Row]:
    """What the pane says while there is nothing to read."""
    room = max(width - MARGIN - 1, 12)
    words: list[tuple[str, str]] = [
        ("Write as you would on paper.", "bold"),
        ("The draft grows here while you type. Nothing reaches the CRM before you approve it.", "$quiet"),
        ("", ""),
        ("For example", "$lead"),
        ("Spoke w/ their ops lead, budget ok'd 40k, wants SOC2 report by fri, me -> send DPA", ""),
        ("", ""),
        ("becomes", "$lead"),
        ("a summary, the amount on the deal, two next steps with owner and date: each with the words behind it.", ""),
        ("", ""),
        ("^o opens a transcript or a file, or paste it. ^s lays out the cards. Tab comes here.", "$quiet"),
    ]
    if speech:
        words = [("This transcript is empty.", "bold"), ("^t goes to your own notes.", "$quiet")]
    return [Row(left=each) for text, style in words for each in content(text, style=style).wrap(room) or [Content("")]]
