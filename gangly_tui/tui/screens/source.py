"""Where a line comes from: the record, or the invitation, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from gangly_tui.domain.errors import GanglyError, NotFound
from gangly_tui.domain.records import FIELDS, FieldType, Kind, Record, RecordRef
from gangly_tui.domain.values import show
from gangly_tui.store import engagement, mirror
from gangly_tui.tui.app import app_of
from gangly_tui.tui.text import cell, content, day, join, line, short_day
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

_LONGEST = 20_000
_POINTS_TO: Mapping[str, Kind] = {
    "account": Kind.ACCOUNT,
    "opportunity": Kind.OPPORTUNITY,
    "contacts": Kind.CONTACT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field as it is shown. Raw text; `ref` is the record the value names, `style` is ours."""

    label: str
    value: str
    stamp: str = ""
    ref: RecordRef | None = None
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A record or an invitation on one page. Raw text."""

    title: str
    kind: str
    entries: tuple[Entry, ...]


def record_sheet(desk: Desk, ref: RecordRef) -> Sheet:
    """A record as it was last read. Raises NotFound when the store does not hold it."""
    record = mirror.get_record(desk.db, ref)
    if record is None:
        raise NotFound(f"{ref.kind.label} {ref.id} is not here any more", fix="ctrl+r reads the CRM again")
    schema = mirror.schemas(desk.db, ref.system).get(ref.kind)
    zone = desk.settings.timezone
    entries: list[Entry] = []
    for name, kind in FIELDS[ref.kind].items():
        if name not in record.fields:
            continue
        described = schema.field(name) if schema else None
        label = described.label if described else name.replace("_", " ").capitalize()
        stamp = record.changed.get(name)
        said = f"{stamp.by}, {short_day(stamp.at.astimezone(zone).date(), desk.now().date())}" if stamp else ""
        if name in _POINTS_TO:
            entries += _named(desk, record, name, label)
            continue
        currency = record.text("currency") if kind is FieldType.CURRENCY else ""
        entries.append(
            Entry(label=label, value=show(record.fields[name], kind, currency=currency, empty=""), stamp=said)
        )
    updated = f"{record.updated_at.astimezone(zone):%Y-%m-%d %H:%M}"
    entries.append(Entry(label="Last changed", value=f"{updated} {record.updated_by}".strip()))
    entries.append(Entry(label="Record", value=str(ref)))
    return Sheet(title=record.title or ref.id, kind=f"{ref.system} {ref.kind.label}", entries=tuple(entries))


def _named(desk: Desk, record: Record, name: str, label: str) -> Iterable[Entry]:
    """One entry for each record a field points to, by its name where the store knows it."""
    ids = record.ids(name)
    if not ids:
        yield Entry(label=label, value="")
    for identifier in ids:
        ref = RecordRef(system=record.ref.system, kind=_POINTS_TO[name], id=identifier)
        named = mirror.get_record(desk.db, ref)
        yield Entry(label=label, value=named.title if named else identifier, ref=ref if named else None)
        label = ""


def meeting_sheet(desk: Desk, meeting_id: str) -> Sheet:
    """The invitation as the calendar holds it. Raises NotFound."""
    meeting = engagement.get_meeting(desk.db, meeting_id)
    if meeting is None:
        raise NotFound("that meeting is not in the calendar any more", fix="ctrl+r reads it again")
    zone = desk.settings.timezone
    start, end = meeting.start.astimezone(zone), meeting.end.astimezone(zone)
    when = f"{day(start.date())}, " + ("all day" if meeting.all_day else f"{start:%H:%M} to {end:%H:%M}")
    entries = [
        Entry(label="When", value=when),
        Entry(label="Where", value=meeting.location),
        Entry(label="Link", value=meeting.link),
    ]
    label = "People"
    for each in meeting.attendees:
        extra = ", ".join(filter(None, ("organizer" if each.organizer else "", each.response)))
        named = " ".join(filter(None, (each.name, f"<{each.email}>" if each.email else "")))
        entries.append(Entry(label=label, value=named, stamp=extra))
        label = ""
    entries.append(Entry(label="Invitation", value=meeting.description))
    entries.append(Entry(label="Calendar", value=meeting.system))
    return Sheet(title=meeting.title or "(no title)", kind="invitation", entries=tuple(entries))


def mail_sheet(desk: Desk, ref: RecordRef, body: str) -> Sheet:
    """A mail with its body, or with what is said in its place. Raises NotFound."""
    from gangly_tui.flow.read_mail import mail_of

    mail = mail_of(desk, ref)
    at = mail.at.astimezone(desk.settings.timezone)
    people = [(label, each) for label, some in (("To", mail.to), ("Cc", mail.cc)) for each in some]
    entries = [
        Entry(label="From", value=f"{mail.sender.name} <{mail.sender.email}>".strip()),
        *(Entry(label=label, value=f"{each.name} <{each.email}>".strip()) for label, each in people),
        Entry(label="When", value=f"{at:%Y-%m-%d %H:%M}"),
        Entry(label="In", value=", ".join(mail.folders)),
        Entry(label="Text", value=body),
    ]
    return Sheet(title=mail.subject or "(no subject)", kind=f"{mail.system} mail", entries=tuple(entries))


def lay_out(entries: Sequence[Entry], width: int) -> list[Row]:
    """The entries in two columns: labels, values; who set a value and when at the right edge."""
    labels = min(max((cell_len(str(line(each.label, limit=60))) for each in entries), default=0), 22)
    rows: list[Row] = []
    for item, each in enumerate(entries):
        tag = cell(each.stamp, min(26, cell_len(str(line(each.stamp, limit=60)))), style="$quiet")
        room = max(width - MARGIN - labels - 2 - (tag.cell_length + 2 if each.stamp else 0), 12)
        empty = Content.styled("(empty)", "$quiet")
        style = "$lead underline" if each.ref else each.style
        lines = content(each.value, limit=_LONGEST, style=style).wrap(room) if each.value else [empty]
        label: Content = cell(each.label, labels + 2, style="$quiet")
        for shown in lines:
            rows.append(Row(left=join(label, shown), tag=tag, item=item))
            label, tag = Content(" " * (labels + 2)), Content("")
    return rows


class SourceScreen(ModalScreen[None]):
    """Shows a sheet. Enter or `o` on a line that names another record opens that one."""

    CSS_PATH = "source.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", key_display="Esc", id="source.back", tooltip="Close"),
        Binding("o", "follow", "Open", id="source.open", tooltip="Open the record this line names"),
    ]

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self._sheet = sheet

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(line(self._sheet.title, limit=200, style="bold"), classes="title")
            yield Static(line(f"{self._sheet.kind}, as last read", limit=100), classes="kind")
            yield RowView()
            yield Static("Esc back   ↑↓ lines   Enter opens an underlined record", classes="keys", markup=False)

    def on_mount(self) -> None:
        view = self.query_one(RowView)
        view.show(lambda width: lay_out(self._sheet.entries, width), cursor=0)
        view.focus()

    def action_follow(self) -> None:
        """Open the record the selected line names."""
        entries = self._sheet.entries
        ref = entries[self.query_one(RowView).cursor].ref if entries else None
        if ref:
            app_of(self).open_source(ref)

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.action_follow()

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss()


class MailScreen(SourceScreen):
    """Shows a mail. Its body is fetched while its headers and its snippet can be read already."""

    def __init__(self, desk: Desk, ref: RecordRef) -> None:
        from gangly_tui.flow.read_mail import mail_of

        self._snippet = mail_of(desk, ref).snippet
        super().__init__(mail_sheet(desk, ref, f"{self._snippet}\n\n(fetching the text …)"))
        self._desk = desk
        self._ref = ref

    def on_mount(self) -> None:
        super().on_mount()
        self._fetch()

    @work
    async def _fetch(self) -> None:
        from gangly_tui.flow.read_mail import read_mail

        try:
            text = await read_mail(self._desk, self._ref)
        except GanglyError as error:
            text = f"{self._snippet}\n\n(the text cannot be fetched: {error})"
        entries = self._sheet.entries  # the mail itself may be gone from here by now
        self._sheet = replace(self._sheet, entries=(*entries[:-1], replace(entries[-1], value=text or "(no text)")))
        self.query_one(RowView).show(lambda width: lay_out(self._sheet.entries, width), cursor=0)
