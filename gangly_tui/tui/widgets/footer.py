"""The last two lines of every screen: what is going on, and the keys."""

from __future__ import annotations

from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.keys import key_to_character
from textual.widget import Widget

from gangly_tui.tui.messages import Status
from gangly_tui.tui.text import content, join, line

_MARKS = {"plain": "", "busy": "… ", "good": "✓ ", "bad": "! "}
_STYLES = {"plain": "$foreground", "busy": "$quiet", "good": "$good", "bad": "$bad"}


class StatusLine(Widget):
    """At the left what always holds on this screen, at the right the last thing that happened."""

    def __init__(self, left: str = "") -> None:
        super().__init__()
        self._left = left
        self._status = Status()

    def on_mount(self) -> None:
        self.watch(self.app, "status", self._show)

    def _show(self, status: Status) -> None:
        self._status = status
        self.tooltip = (
            content(" - ".join(filter(None, (status.text, status.fix))), limit=1_000) if status.text else None
        )
        self.refresh()

    def reword(self, left: str) -> None:
        """Change what stands at the left, raw text."""
        self._left = left
        self.refresh()

    def render(self) -> Content:
        width, status = self.content_size.width, self._status
        said = Content("")
        if status.text:
            said = Content(_MARKS[status.tone]) + line(status.text, limit=400, style=_STYLES[status.tone])
            if status.fix:
                said = said + Content("  ") + line(status.fix, limit=400, style="$quiet")
        room = width if not self._left else max(width - said.cell_length - 2, min(22, width // 3))
        left = line(self._left, style="$quiet").truncate(max(room, 0), ellipsis=True)
        said = said.truncate(max(width - left.cell_length - 2, 0), ellipsis=True)
        return left + Content(" " * max(width - left.cell_length - said.cell_length, 0)) + said


class KeyFooter(Widget):
    """The keys that work now, each a button: what does not fit is in `?`, which always shows."""

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[int, int, ActiveBinding]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def render(self) -> Content:
        keys: list[tuple[str, str, ActiveBinding]] = []
        focused = self.screen.focused
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            if focused and focused.check_consume_key(key, key_to_character(key)):
                continue  # typed into the text, not pressed
            if binding.show and active.enabled and binding.id and all(each[1] != binding.description for each in keys):
                keys.append((self.app.get_key_display(binding), binding.description, active))
        keep = [each for each in keys if each[1] in ("Help", "Quit")]
        keys = [each for each in keys if each not in keep]
        width = self.content_size.width
        room = width - sum(_size(each) for each in keep)
        shown = []
        for each in keys:
            if _size(each) > room:
                break
            room -= _size(each)
            shown.append(each)
        parts: list[Content] = []
        at, self._spots = 0, []
        for each in [*shown, *keep]:
            self._spots.append((at, at + _size(each) - 2, each[2]))
            parts.append(join(content(each[0], style="$lead"), " ", content(each[1].lower(), style="$quiet"), "  "))
            at += _size(each)
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        x = event.x - self.gutter.left
        for start, end, active in self._spots:
            if start <= x < end:
                self.call_later(self.app.run_action, active.binding.action, active.node)


def _size(entry: tuple[str, str, ActiveBinding]) -> int:
    return len(entry[0]) + 1 + len(entry[1]) + 2
