"""A signal in full: what happened, who and what it is about, where it stands, and what `w` would lay out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.signals import SignalState
from gangly_tui.flow import signals
from gangly_tui.store.signals import find_signals
from gangly_tui.tui.screens.source import Entry, Sheet
from gangly_tui.tui.text import day

if TYPE_CHECKING:
    from gangly_tui.domain.signals import Signal
    from gangly_tui.flow.desk import Desk
    from gangly_tui.flow.work_signal import Advice

_STANDS: Mapping[SignalState, str] = {
    SignalState.OPEN: "open: 4 lists it, or will once the time it was put off to has come",
    SignalState.WORKED: "its cards are laid out: 2 shows them",
    SignalState.DONE: "done",
    SignalState.DISMISSED: "dismissed",
    SignalState.AGED: "aged out",
}


def kept_sheet(desk: Desk, identifier: str) -> Sheet:
    """A signal by its id, wherever it stands. Raises NotFound when it has lost its words, ConfigError for the plays."""
    from gangly_tui.flow.work_signal import advise

    found = next(iter(find_signals(desk.db, identifier)), None)
    if found is None:
        raise NotFound("that signal has aged out", fix="4 shows what waits")
    signal, state = found
    if state is not SignalState.OPEN:
        return Sheet(title=signal.title, kind=_kind(signal), entries=(*_about(desk, signal), _stands(state)))
    sheet = signal_sheet(desk, signal, advise(desk, signal, desk.plays()))
    return Sheet(title=sheet.title, kind=sheet.kind, entries=(*sheet.entries, _stands(state)))


def signal_sheet(desk: Desk, signal: Signal, advice: Advice | None) -> Sheet:
    """All of one open signal, and what `w` would lay out."""
    entries = list(_about(desk, signal))
    if advice is None:
        entries.append(Entry(label="Play", value="none fits: gangly signals plays --own"))
    else:
        entries += [
            Entry(label="Play", value=advice.play.name),
            Entry(label="w lays out", value=f"a task, due {day(advice.due)}: {advice.step}"),
            *([Entry(label="and a mail", value=advice.mail)] if advice.mail else []),
        ]
    entries.append(Entry(label="Stays here", value="only the play's words go out, after you approve the card"))
    return Sheet(title=signal.title, kind=_kind(signal), entries=tuple(entries))


def _kind(signal: Signal) -> str:
    return f"signal, {signal.kind.value}"


def _stands(state: SignalState) -> Entry:
    return Entry(label="Stands", value=_STANDS[state])


def _about(desk: Desk, signal: Signal) -> tuple[Entry, ...]:
    zone = desk.settings.timezone
    entries = [
        Entry(label="What", value=signal.title),
        Entry(label="Detail", value=signal.detail),
        Entry(label="Seen", value=f"{signal.at.astimezone(zone):%Y-%m-%d %H:%M}"),
        Entry(label="Ages out", value=day(signal.expires_at.astimezone(zone).date())),
    ]
    if signal.who or signal.email:
        entries.append(Entry(label="Who", value=" ".join(filter(None, (signal.who, signal.email)))))
    for label, ref in (("Contact", signal.contact), ("Deal", signal.deal), ("Account", signal.account)):
        if record := signals.record_of(desk, ref):
            entries.append(Entry(label=label, value=record.title, ref=ref))
    return tuple(entries)
