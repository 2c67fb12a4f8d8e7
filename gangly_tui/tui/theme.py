"""The two themes. Every colour on every screen is named here.

Beyond Textual's own names, style sheets and styled Content may use:

    $quiet   tags, times, labels: text that stands back, still at 4.5:1
    $faint   thin rules and marks that carry no words
    $lead    headings, keys, the cursor's mark
    $good    done, landed
    $warn    wants attention: overdue, unknown, stale
    $bad     failed, refused
    $minus / $plus   the before and the after of a change, always beside a sign or a word
    $marked / $marked-dim   background of the selected line, with and without the focus
"""

from __future__ import annotations

from textual.theme import Theme

_DARK = {
    "quiet": "#929aa3",
    "faint": "#3a4048",
    "lead": "#8ec5b2",
    "good": "#93c48b",
    "warn": "#e0b070",
    "bad": "#e58a80",
    "minus": "#d99a8f",
    "plus": "#9fcd97",
    "marked": "#22302c",
    "marked-dim": "#20252a",
}
_LIGHT = {
    "quiet": "#5d6269",
    "faint": "#cbc7bf",
    "lead": "#23695a",
    "good": "#2f6b32",
    "warn": "#8a5200",
    "bad": "#a6332a",
    "minus": "#96382c",
    "plus": "#2c682c",
    "marked": "#dbe9e3",
    "marked-dim": "#eeebe4",
}


def _chrome(own: dict[str, str], surface: str) -> dict[str, str]:
    """Textual's widgets in our colours: the cursor, the selection, scroll bars, the input's border."""
    return {
        **own,
        "input-cursor-background": own["lead"],
        "input-cursor-foreground": surface,
        "input-selection-background": own["marked"],
        "block-cursor-background": own["marked"],
        "block-cursor-text-style": "bold",
        "border": own["lead"],
        "border-blurred": own["faint"],
        "scrollbar": own["faint"],
        "scrollbar-hover": own["quiet"],
        "scrollbar-active": own["lead"],
        "scrollbar-background": surface,
        "scrollbar-background-hover": surface,
        "scrollbar-background-active": surface,
        "scrollbar-corner-color": surface,
        "footer-key-foreground": own["lead"],
    }


DARK = Theme(
    name="gangly-dark",
    primary="#8ec5b2",
    secondary="#8fa9cc",
    accent="#8ec5b2",
    warning="#e0b070",
    error="#e58a80",
    success="#93c48b",
    foreground="#d9dce1",
    background="#15181c",
    surface="#191d21",
    panel="#20252a",
    dark=True,
    variables=_chrome(_DARK, "#15181c"),
)

LIGHT = Theme(
    name="gangly-light",
    primary="#23695a",
    secondary="#3a5a8a",
    accent="#23695a",
    warning="#8a5200",
    error="#a6332a",
    success="#2f6b32",
    foreground="#26292d",
    background="#fbfaf7",
    surface="#f5f3ee",
    panel="#ece9e2",
    dark=False,
    variables=_chrome(_LIGHT, "#fbfaf7"),
)

DEFAULTS: dict[str, str] = DARK.variables
"""What a theme that is not ours falls back to, so that no style sheet meets an unknown name."""
