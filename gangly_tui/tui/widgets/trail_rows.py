"""Entries of the trail as lines: read from the store a window at a time, one line each, and one in full."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from textual.content import Content

from gangly_tui.domain.audit import AuditChange, AuditEntry, AuditKind
from gangly_tui.domain.errors import GanglyError
from gangly_tui.store import trail
from gangly_tui.store.database import Connection
from gangly_tui.tui.text import cell, join, line
from gangly_tui.tui.widgets.rows import MARGIN, Row

WINDOW = 128
_KEPT = 4
_NEAR = 512
_WIDE = 112
_WHEN, _WHAT = 12, 14

LOOKS: Mapping[str, tuple[str, str, str]] = {
    "approved": ("✓", "$lead", "a person said yes to exactly these values"),
    "rejected": ("✗", "$quiet", "a person said no; nothing was sent"),
    "edited": ("✎", "$lead", "a person put in another value"),
    "attempted": ("→", "$quiet", "kept before the request left"),
    "sent": ("●", "$good", "written, and read back equal"),
    "not applied": ("○", "$warn", "it did not land; nothing was changed"),
    "conflict": ("≠", "$warn", "somebody moved the record first; nothing was written over"),
    "refused": ("!", "$bad", "the system said no"),
    "unknown": ("?", "$warn", "no usable answer came; only a look at the record tells"),
    "needs human": ("‼", "$bad", "it cannot be settled by reading back; a person has to look"),
    "overwrote": ("≫", "$bad", "it went over a value that stood there for a moment; before is that value"),
    "withdrawn": ("↶", "$quiet", "taken back before it left"),
    "erased": ("⌫", "$quiet", "what the trail held about a person was destroyed; it still verifies"),
    "opened": ("§", "$quiet", "the year's log was closed; this one carries its head"),
    "connected": ("⊕", "$quiet", "a person signed in to the system, or gave a token for it"),
    "disconnected": ("⊖", "$quiet", "a person ended the connection; its tokens were forgotten here"),
}
"""Mark, colour, and what it means. The word stands beside the mark; the colour only helps."""


_Read = AuditEntry | GanglyError
"""An entry, or why it cannot be read."""


class TrailPages:
    """The entries that a filter lets through, newest first, read as they are looked at.

    Values are sealed, so words are looked for in the opened entries, one block after the other: `search` is a walk
    whose steps the screen takes between two keys. `total` grows meanwhile, at the old end.
    """

    def __init__(self, db: Connection, *, text: str = "", kind: AuditKind | None = None) -> None:
        self._db = db
        self._windows: OrderedDict[int, list[_Read]] = OrderedDict()
        self._hits: list[int] = []
        self._near: OrderedDict[int, _Read] = OrderedDict()
        self.text, self.kind = text, kind
        self.newest = self.total = 0
        self.counted = True

    def read(self) -> None:
        """Find out how many there are; of words, nothing yet."""
        self.newest, _ = trail.head(self._db)
        self.counted = not self.text
        if self.counted:
            self.total = trail.count(self._db, kind=self.kind)

    def search(self) -> Iterator[int]:
        """Look for the words, yielding after each block how many entries are still to be looked at."""
        seq = self.newest
        while seq > 0:
            self._hits += self._holding(seq, WINDOW)
            self.total = len(self._hits)
            seq = max(seq - WINDOW, 0)
            self.counted = not seq
            yield seq

    def catch_up(self) -> int:
        """Take in the entries that came since. Returns how many of them the filter lets through."""
        newest, _ = trail.head(self._db)
        before, came, self.newest = self.total, newest - self.newest, newest
        if self.text:
            self._hits[:0] = self._holding(newest, came) if came > 0 else []
            self.total = len(self._hits)
        else:
            self._windows.clear()
            self.total = trail.count(self._db, kind=self.kind)
        return self.total - before

    def at(self, index: int) -> AuditEntry | GanglyError:
        """The entry, or why it cannot be read. Raises IndexError where there is none."""
        if not self.text:
            return self._window(index - index % WINDOW)[index % WINDOW]
        seq = self._hits[index]
        if seq not in self._near:
            self._keep(seq, self._block(seq, 1)[0])
        return self._near[seq]

    def _holding(self, newest: int, count: int) -> list[int]:
        """The numbers of those of the `count` entries up to `newest` that the filter lets through."""
        hits = []
        for entry in self._block(newest, count):
            if isinstance(entry, AuditEntry) and self._fits(entry):
                hits.append(entry.seq)
                if len(self._near) < _NEAR:
                    self._near[entry.seq] = entry
        return hits

    def _fits(self, entry: AuditEntry) -> bool:
        if self.kind is not None and entry.kind is not self.kind:
            return False
        told = [entry.user, entry.source, entry.system, entry.target, entry.target_name, entry.quote, entry.op_id]
        told += [entry.detail, entry.kind.value]
        for each in entry.changes:
            told += [each.field, field_words(each.field), words(each.before), words(each.after)]
        needle = self.text.casefold()
        return any(needle in each.casefold() for each in told)

    def _keep(self, seq: int, entry: _Read) -> None:
        self._near[seq] = entry
        if len(self._near) > _NEAR:
            self._near.popitem(last=False)

    def _window(self, start: int) -> list[_Read]:
        window = self._windows.get(start)
        if window is None:
            whole = self.kind is None and self.total == self.newest  # then places are numbers: no need to count to them
            read = self._block(self.newest - start, WINDOW) if whole else self._placed(start, WINDOW)
            window = self._windows[start] = read
            if len(self._windows) > _KEPT:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(start)
        return window

    def _block(self, newest: int, count: int) -> list[_Read]:
        """The entries with these numbers, newest first. Around one that cannot be read the block is halved."""
        count = min(count, newest)
        if count <= 0:
            return []
        try:
            read = trail.entries(self._db, after=newest - count, limit=count)
        except GanglyError as error:
            if count == 1:
                return [error]
            half = count // 2
            return self._block(newest, half) + self._block(newest - half, count - half)
        return [each for each in reversed(read) if each.seq <= newest]

    def _placed(self, start: int, count: int) -> list[_Read]:
        """`_block` by places in the list, where numbers are missing or of another kind."""
        try:
            return list(trail.entries_at(self._db, start, count, kind=self.kind))
        except GanglyError as error:
            if count == 1:
                return [error]
            half = count // 2
            return self._placed(start, half) + self._placed(start + half, count - half)


def look(kind: AuditKind) -> tuple[str, str, str]:
    """Mark, colour and meaning of a kind."""
    return LOOKS.get(kind, ("·", "$quiet", "kept in the trail"))


def what(kind: AuditKind) -> Content:
    """Mark and word of a kind, coloured."""
    mark, style, _ = look(kind)
    return line(f"{mark} {kind.value}", style=style)


def words(value: str | bool | int | list[str] | None) -> str:
    """A value of the trail for a person, raw text."""
    if value is None or value in ("", []):
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def field_words(name: str) -> str:
    """`close_date` as `Close date`."""
    return name.replace("_", " ").capitalize()


def _when(at: datetime, now: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    same_year = local.year == now.astimezone(zone).year
    return f"{local.day:>2} {local:%b %H:%M}" if same_year else f"{local.day:>2} {local:%b %Y}"


def _main_change(changes: Sequence[AuditChange]) -> AuditChange | None:
    """The one that stands for all: what a new record is called, else the first."""
    named = next((each for each in changes if each.field in ("subject", "name", "last_name")), None)
    return named or (changes[0] if changes else None)


def _change_cell(change: AuditChange | None, width: int) -> Content:
    if change is None:
        return cell("", width)
    before, after = words(change.before), words(change.after)
    room = max(width - 3, 2)
    left = min(len(before), max(room // 2, room - len(after)))
    return join(
        cell(before, left, style="$minus"),
        Content.styled(" → ", "$quiet"),
        cell(after, room - left, style="$plus"),
    )


def entry_row(entry: AuditEntry | GanglyError, item: int, width: int, *, now: datetime, zone: tzinfo) -> Row:
    """One line in exactly the width: when, what, whose field, before and after; with room also by whom, from what."""
    room = max(width - MARGIN, 20)
    if isinstance(entry, GanglyError):
        return Row(left=cell(f"! {entry}", room, style="$bad"), item=item)
    change = _main_change(entry.changes)
    more = len(entry.changes) - 1
    field = "" if change is None else field_words(change.field) + (f" +{more}" if more > 0 else "")
    mark, style, _ = look(entry.kind)
    head = [
        cell(_when(entry.at, now, zone), _WHEN + 1, style="$quiet"),
        cell(f"{mark} {entry.kind.value}", _WHAT + 1, style=style),
    ]
    room -= _WHEN + _WHAT + 2
    name = entry.target_name or entry.target
    if width < _WIDE:
        wide = max(room // 2, 8)
        short = min(len(field), wide // 2)
        parts = [cell(name, wide - short - 1), Content(" "), cell(field, short, style="$quiet"), Content(" ")]
        return Row(left=join(*head, *parts, _change_cell(change, max(room - wide - 1, 5))), item=item)
    by = min(room // 5, 20)
    wide = (room - 2 * by) // 2
    short = min(14, wide // 2)
    return Row(
        left=join(
            *head,
            cell(name, wide - short),
            Content(" "),
            cell(field, short, style="$quiet"),
            Content(" "),
            _change_cell(change, room - wide - 2 * by - 4),
            Content(" "),
            cell(entry.user, by, style="$quiet"),
            Content(" "),
        ),
        tag=cell(entry.source, by, style="$quiet"),
        item=item,
    )
