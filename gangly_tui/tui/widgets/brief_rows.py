"""The brief laid out as rows: labels in a gutter, text beside them, source tags at the right edge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich.cells import cell_len
from textual.content import Content

from gangly_tui.domain.brief import AttendeeLine, Brief, DealLine, Promise, Source
from gangly_tui.domain.records import FieldType, RecordRef
from gangly_tui.domain.values import show
from gangly_tui.tui.text import ago, cell, content, join, line, short_day
from gangly_tui.tui.widgets.rows import MARGIN, Row
from gangly_tui.tui.widgets.timeline import glyph, timeline

_GUTTER = 10
_TAG = 18
_TOUCHES = 6
_NOTE_ROWS = 4
_WHY_ROWS = 5
_LONGEST = 1_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What can be selected in the brief: where it comes from, and the deal it offers when several fit."""

    source: Source
    deal: RecordRef | None = None


@dataclass(slots=True)
class _Sheet:
    """Rows as they are being laid out."""

    width: int
    airy: bool
    tag_width: int
    rows: list[Row] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    _label: str = ""

    @property
    def gutter(self) -> int:
        return _GUTTER if self.width >= 60 else 2

    @property
    def text_width(self) -> int:
        return max(self.width - MARGIN - self.gutter - self.tag_width - 2, 12)

    def section(self, label: str) -> None:
        """What follows belongs to `label`; it is printed beside the first row, or above it where there is no room."""
        if self.airy and self.rows:
            self.rows.append(Row(left=Content("")))
        if self.gutter < _GUTTER:
            self.rows.append(Row(left=content(label, style="bold $quiet")))
            label = ""
        self._label = label

    def add(self, lines: Iterable[Content], source: Source | None = None, deal: RecordRef | None = None) -> None:
        """One item of one or more rows; without a source it is only looked at."""
        number, tag = -1, Content("")
        if source is not None:
            number = len(self.items)
            self.items.append(Item(source=source, deal=deal))
            tag = cell(source.tag, min(self.tag_width, cell_len(source.tag)), style="$quiet")
        for each in lines:
            label = content(self._label.ljust(self.gutter), style="$quiet")
            self.rows.append(Row(left=label + each, tag=tag, item=number))
            self._label, tag = "", Content("")


def lay_out(brief: Brief, width: int, now: datetime, *, airy: bool, hint: str = "") -> tuple[list[Row], list[Item]]:
    """Rows and items of a brief at a width in cells. `now` is aware, in the rep's zone.

    `hint` is what to do when nothing could be prepared, raw text.
    """
    widest = max((cell_len(each.tag) for each in _sources(brief)), default=0)
    sheet = _Sheet(width=width, airy=airy, tag_width=min(widest, _TAG))
    _head(sheet, brief, now)
    if hint:
        sheet.section("")
        sheet.add(content(hint, limit=_LONGEST, style="$quiet").wrap(sheet.text_width))
    _why(sheet, brief, now)
    _who(sheet, brief, now)
    _deal(sheet, brief, now)
    _promises(sheet, "we owe", brief.ours, now)
    _promises(sheet, "they owe", brief.theirs, now)
    _touches(sheet, brief, now)
    _mails(sheet, brief, now)
    _prior(sheet, brief, now)
    _gaps(sheet, brief)
    return sheet.rows, sheet.items


def _sources(brief: Brief) -> list[Source]:
    lists: Sequence[Sequence[object]] = (
        brief.why,
        brief.attendees,
        brief.ours,
        brief.theirs,
        brief.touches,
        brief.mails,
    )
    found = [getattr(each, "source", None) for group in lists for each in group]
    found += [each.relation.source for each in brief.attendees if each.relation]
    return [*filter(None, found), *([brief.deal.source] if brief.deal else []), Source(tag="calendar")]


def _cut(lines: list[Content], most: int) -> list[Content]:
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1] + Content.styled(" …", "$quiet")]


def _head(sheet: _Sheet, brief: Brief, now: datetime) -> None:
    meeting = brief.meeting
    full = max(sheet.width - MARGIN - sheet.tag_width - 2, 12)
    title = line(meeting.title or "(no title)", limit=300, style="bold").wrap(full)
    when = join(line(when_words(brief, now)), content("  " + soon_words(brief, now), style="$lead"))
    place = line(meeting.location or meeting.link, limit=200, style="$quiet")
    second = join(when, "  ", place) if place else when
    lines = [*_cut(title, 2), second.truncate(full, ellipsis=True)]
    number = len(sheet.items)
    sheet.items.append(Item(source=Source(tag="calendar")))
    for at, each in enumerate(lines):
        tag = Content.styled("calendar", "$quiet") if at == 0 else Content("")
        sheet.rows.append(Row(left=each, tag=tag, item=number))
    if brief.account:
        name = line(brief.account.name, limit=200, style="$lead")
        detail = line(brief.account.detail, limit=200, style="$quiet")
        sheet.items.append(Item(source=brief.account.source))
        tag = cell(brief.account.source.tag, min(sheet.tag_width, cell_len(brief.account.source.tag)), style="$quiet")
        left = join(name, "  ", detail).truncate(full, ellipsis=True)
        sheet.rows.append(Row(left=left, tag=tag, item=len(sheet.items) - 1))
    sheet.rows.append(Row(left=Content.styled("─" * max(sheet.width - MARGIN, 0), "$faint")))


def when_words(brief: Brief, now: datetime) -> str:
    """`09:30-10:15`, with the day when it is not today's."""
    start, end = brief.meeting.start.astimezone(now.tzinfo), brief.meeting.end.astimezone(now.tzinfo)
    day = "" if start.date() == now.date() else f"{short_day(start.date(), now.date())} "
    return f"{day}all day" if brief.meeting.all_day else f"{day}{start:%H:%M}–{end:%H:%M}"


def soon_words(brief: Brief, now: datetime) -> str:
    """`in 12 min`, `now, 10 min in`, `over`; empty for another day."""
    meeting = brief.meeting
    if meeting.cancelled:
        return "cancelled"
    if meeting.all_day or meeting.start.astimezone(now.tzinfo).date() != now.date():
        return ""
    if meeting.start > now:
        minutes = int((meeting.start - now).total_seconds() // 60) + 1
        return f"in {minutes} min" if minutes < 90 else f"in {minutes / 60:.0f} h"
    if now < meeting.end:
        return f"now, {int((now - meeting.start).total_seconds() // 60)} min in"
    return "over"


def _why(sheet: _Sheet, brief: Brief, now: datetime) -> None:
    if not brief.why:
        return
    sheet.section("why")
    for each in brief.why:
        text = content(each.text, limit=_LONGEST)
        when = Content.styled(f"  {ago(each.at.astimezone(now.tzinfo), now.date())}", "$quiet") if each.at else ""
        sheet.add(_cut(join(text, when).wrap(sheet.text_width), _WHY_ROWS), each.source)


def _who(sheet: _Sheet, brief: Brief, now: datetime) -> None:
    theirs = [each for each in brief.attendees if not each.ours]
    ours = [each for each in brief.attendees if each.ours]
    if theirs:
        sheet.section("who")
    names = min(
        max((cell_len(str(line(each.name, limit=60))) for each in theirs), default=0), 24, sheet.text_width // 3
    )
    for each in theirs:
        sheet.add(_attendee(each, names, sheet.text_width, now), each.source)
        if each.relation:
            text = join(" " * (names + 4), line(each.relation.text, limit=200, style="$quiet"))
            sheet.add([text.truncate(sheet.text_width, ellipsis=True)], each.relation.source)
    if ours:
        if not theirs:
            sheet.section("who")
        people = ", ".join(each.name for each in ours)
        text = join(Content.styled("  with us: ", "$quiet"), line(people, limit=400, style="$quiet"))
        sheet.add(_cut(text.wrap(sheet.text_width), 2), Source(tag="calendar"))


def _attendee(each: AttendeeLine, names: int, width: int, now: datetime) -> list[Content]:
    mark = Content.styled("? ", "bold $warn") if not each.known else Content("  ")
    if each.declined:
        mark = Content.styled("× ", "$quiet")
    if not each.known and each.name == each.email:
        named = join(mark, line(each.email, limit=120), "  ")
        missing = Content.styled("not in the CRM", "$warn")
        return [each.truncate(width, ellipsis=True) for each in _either(named, missing, names + 4, width)]
    name = cell(each.name, names, style="bold" if each.known else "")
    title = line(each.title, limit=160) if each.known else Content.styled("not in the CRM", "$warn")
    if each.declined:
        title = join(Content.styled("declined  ", "$quiet"), title)
    if each.no_mail:
        title = _dotted([Content.styled("asked for no mail", "$warn"), title])
    if each.no_recording:
        title = _dotted([Content.styled("no recording", "$warn"), title])
    role = line(each.role if each.known else each.email, limit=120, style="$quiet")
    touch = _last_touch(each, now)
    head = join(mark, name, "  ", _dotted([title, role]))
    spare = width - head.cell_length - touch.cell_length
    if spare >= 2:
        return [join(head, " " * spare, touch)]
    first = join(mark, name, "  ", title).truncate(width, ellipsis=True)
    below = _dotted([role, touch])
    return [first, join(" " * (names + 4), below).truncate(width, ellipsis=True)] if below else [first]


def _either(head: Content, tail: Content, indent: int, width: int) -> list[Content]:
    """Side by side where that fits, else one below the other."""
    if head.cell_length + tail.cell_length <= width:
        return [join(head, tail)]
    return [head, join(" " * indent, tail)]


def _last_touch(each: AttendeeLine, now: datetime) -> Content:
    if each.last_touch and each.last_touch.at:
        kind = each.last_touch.source.tag.rpartition(" ")[2]
        when = ago(each.last_touch.at.astimezone(now.tzinfo), now.date())
        return line(f"{glyph(kind)} {kind} {when}", limit=40, style="$quiet")
    return Content.styled("no touch yet", "$quiet") if each.known else Content("")


def _dotted(parts: Sequence[Content]) -> Content:
    """The parts that say something, with a faint dot between them."""
    return Content.styled("  ·  ", "$faint").join([each for each in parts if each])


def _flow(parts: Sequence[Content], width: int) -> list[Content]:
    """`_dotted` over as many lines as it takes, broken between parts rather than inside one."""
    lines: list[Content] = []
    for each in parts:
        joined = _dotted([lines[-1], each]) if lines else each
        if lines and joined.cell_length <= width:
            lines[-1] = joined
        else:
            lines.append(each.truncate(width, ellipsis=True))
    return lines


def _deal(sheet: _Sheet, brief: Brief, now: datetime) -> None:
    if brief.deal:
        sheet.section("deal")
        sheet.add(_deal_lines(brief.deal, sheet.text_width, now), brief.deal.source)
    elif brief.deal_choices:
        sheet.section("deals")
        ask = (
            f"{len(brief.deal_choices)} open deals fit. Which one is this call about? Enter on it; kept for the series."
        )
        sheet.add(Content.styled(ask, "$warn").wrap(sheet.text_width))
        for number, deal in enumerate(brief.deal_choices, start=1):
            lines = _deal_lines(deal, sheet.text_width - 3, now)
            heads = [Content.styled(f"{number}  ", "bold $lead"), *[Content("   ")] * len(lines)]
            parts = [join(head, each) for head, each in zip(heads, lines, strict=False)]
            sheet.add(parts, deal.source, deal.source.ref)
    elif brief.account and not brief.internal:
        sheet.section("deal")
        sheet.add([Content.styled("no open deal on this account", "$quiet")], brief.account.source)


def _deal_lines(deal: DealLine, width: int, now: datetime) -> list[Content]:
    amount = show(deal.amount, FieldType.CURRENCY, currency=deal.currency, empty="no amount")
    since = f", {deal.days_in_stage} d in stage" if deal.days_in_stage is not None else ""
    close = Content.styled("no close date", "$warn")
    if deal.close_date:
        on, far = short_day(deal.close_date, now.date()), ago(deal.close_date, now.date())
        late = Content.styled(f"! close date passed {on}, {far}", "bold $warn")
        close = late if deal.overdue else Content(f"closes {on}, {far}")
    facts = [
        line(f"{deal.stage or 'no stage'}{since}", limit=120),
        line(amount, limit=60, style="" if deal.amount is not None else "$warn"),
        close,
    ]
    step = line(deal.next_step, limit=300) if deal.next_step else Content.styled("none", "$warn")
    return [
        line(deal.name or "(no name)", limit=200, style="bold").truncate(width, ellipsis=True),
        *_flow(facts, width),
        *_cut(join(Content.styled("next step  ", "$quiet"), step).wrap(width), 3),
    ]


def _promises(sheet: _Sheet, label: str, promises: Sequence[Promise], now: datetime) -> None:
    if not promises:
        return
    sheet.section(label)
    for each in promises:
        mark = Content.styled("! ", "bold $warn") if each.overdue else Content.styled("· ", "$quiet")
        due = Content.styled("no date", "$quiet")
        if each.due:
            words = f"{short_day(each.due, now.date())}, {ago(each.due, now.date())}"
            due = line(f"overdue {words}", style="$warn") if each.overdue else line(words, style="$quiet")
        room = max(sheet.text_width - due.cell_length - 4, 16)
        lines = _cut(line(each.text, limit=_LONGEST).wrap(room), 3)
        spare = max(sheet.text_width - 2 - lines[0].cell_length - due.cell_length, 2)
        first = join(mark, lines[0], " " * spare, due)
        sheet.add([first, *(join("  ", rest) for rest in lines[1:])], each.source)


def _touches(sheet: _Sheet, brief: Brief, now: datetime) -> None:
    if not brief.touches:
        return
    sheet.section("touches")
    picture = timeline(brief.touches, now.date(), sheet.width - MARGIN - sheet.gutter)
    sheet.add(picture)
    shown = brief.touches[:_TOUCHES]
    kinds = max(cell_len(str(line(each.type, limit=12))) for each in shown)
    for each in shown:
        at = each.at.astimezone(now.tzinfo).date()
        head = join(
            content(f"{glyph(each.type)} ", style="$lead"),
            cell(each.type, kinds),
            "  ",
            cell(short_day(at, now.date()), 6 if at.year == now.year else 11, style="$quiet"),
            "  ",
        )
        subject = cell(each.subject, max(sheet.text_width - head.cell_length, 8))
        sheet.add([join(head, subject)], each.source)
    more = len(brief.touches) - len(shown)
    if more > 0:
        sheet.add([Content.styled(f"  and {more} before", "$quiet")])


def _mails(sheet: _Sheet, brief: Brief, now: datetime) -> None:
    if not brief.mails:
        return
    sheet.section("mail")
    for each in brief.mails:
        at = each.at.astimezone(now.tzinfo).date()
        mark = Content.styled("! ", "bold $warn") if each.waits == "waits for us" else Content.styled("· ", "$quiet")
        arrow = "to " if each.outgoing else ""
        who = line(f"{arrow}{each.who}", limit=40, style="bold")
        head = join(mark, cell(short_day(at, now.date()), 6 if at.year == now.year else 11, style="$quiet"), "  ", who)
        waits = join("  ", line(each.waits, limit=20, style="$warn")) if each.waits else Content("")
        subject = line(each.subject, limit=200)
        first = join(head, "  ", subject).truncate(max(sheet.text_width - waits.cell_length, 8), ellipsis=True)
        snippet = line(each.snippet, limit=200, style="$quiet")
        below = [join("  ", snippet).truncate(sheet.text_width, ellipsis=True)] if snippet and sheet.airy else []
        sheet.add([join(first, waits), *below], each.source)


def _prior(sheet: _Sheet, brief: Brief, now: datetime) -> None:
    if not brief.prior:
        return
    sheet.section("notes")
    for each in brief.prior:
        when = f"{short_day(each.at.astimezone(now.tzinfo).date(), now.date())}  " if each.at else ""
        text = join(content(when, style="$quiet"), line(each.text, limit=_LONGEST))
        sheet.add(_cut(text.wrap(sheet.text_width), _NOTE_ROWS), each.source)


def _gaps(sheet: _Sheet, brief: Brief) -> None:
    if not brief.gaps:
        return
    sheet.section("gaps")
    labels = "  ·  ".join(each.label for each in brief.gaps)
    sheet.add(line(labels, style="$warn").wrap(sheet.text_width), brief.gaps[0].source)
    sheet.section("ask")
    for number, question in enumerate(brief.questions, start=1):
        head = Content.styled(f"{number} ", "$lead")
        lines = line(question, limit=300).wrap(max(sheet.text_width - 2, 12))
        source = brief.gaps[min(number, len(brief.gaps)) - 1].source
        sheet.add([join(head, lines[0]), *(join("  ", rest) for rest in lines[1:])], source)
