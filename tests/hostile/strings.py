"""Hostile strings, made from a seed: what a CRM, a calendar, a mail or a transcript could hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

WORDS = "Acme Nordwind Platform renewal 2026 EUR 40,000 Jana Weiss güte 漢字 Ωμέγα שלום مرحبا привет".split()

ESCAPES = (
    "\x1b[3J", "\x1b[7;7f", "\x1b]0;owned\x07", "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\", "\x1b_Gf=100;AAAA\x1b\\", "\x1b[6n", "\x1b[c", "\x1b[?1047l",
    "\x1b(0", "\x1bc", "\x1b[31;41;5m",
    "\x9b31m", "\x9d0;x\x9c", "\x90q\x9c", "\x84", "\x85", "\x07", "\x08\x08\x08", "\x0c", "\x0b", "\x0e", "\x7f",
    "\x00",
    "\r", "\x1a", "\x05", "\x11", "\x13",
)  # fmt: skip
UNSEEN = (
    "\u202e", "\u202d", "\u2066", "\u2067", "\u2068", "\u2069", "\u200e", "\u200f", "\u061c", "\u200b", "\u200c",
    "\u200d", "\u2060", "\u2062", "\ufeff", "\u00ad", "\u034f", "\u180e", "\u115f", "\u3164", "\uffa0", "\u2800",
    "\ufe0e", "\ufe0f", "\U000e0100", "\U000e0041", "\U000e007f", "\ufff9", "\ufffb", "\ue000", "\U000f0000",
    "\ud800", "\udfff", "\u2028", "\u2029", "\U0001d173", "\U0001bca0",
)  # fmt: skip
MARKUP = (
    "[/]", "[bold red]", "[/bold red]", "[@click=app.quit()]here[/]", "[@click=screen.approve]x[/]", "[link=x]y[/link]",
    "[call back Tuesday]", "[", "]", "\\[", "tail\\", "[on $error]", "[reverse]", "{0}", "%s", "${x}", "<b>", "</v>",
    "<v Bob>", "&amp;", "**bold**", "`code`", "# head", "[[", "]]", "[not bold]", "$x", "[#ff0000]", ":smile:",
)  # fmt: skip
PICTURES = (
    "👩\u200d💻", "👨🏽\u200d🚀", "👨\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "🇩🇪", "❤\ufe0f", "1\ufe0f\u20e3",
    "🫠", "é", "e\u0301", "ﷺ", "𝒜", "ｗｉｄｅ", "\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u0c15\u0c4d\u0c37",
)  # fmt: skip


def _words(random: Random) -> str:
    return " ".join(random.choices(WORDS, k=random.randint(1, 6)))


def _broken(random: Random, pieces: tuple[str, ...]) -> str:
    """Words with pieces in the middle of them."""
    text = _words(random)
    for _ in range(random.randint(1, 5)):
        at = random.randint(0, len(text))
        text = text[:at] + random.choice(pieces) + text[at:]
    return text


def _flood(random: Random) -> str:
    return "Z" + "".join(chr(random.randint(0x300, 0x36F)) for _ in range(random.randint(5, 400))) + _words(random)


def _long(random: Random) -> str:
    return (_broken(random, ESCAPES + UNSEEN + MARKUP) + random.choice(("", " ", "\n"))) * 400


def _any(random: Random) -> str:
    """Any characters at all."""
    top = random.choice((0x100, 0x3000, 0x10FFFF))
    return "".join(chr(random.randint(0, top)) for _ in range(random.randint(1, 60)))


def _lines(random: Random) -> str:
    ends = ("\n", "\r\n", "\r", "\u2028", "\x85", "\n\n\n", "\t", "  ")
    return "".join(_words(random) + random.choice(ends) for _ in range(random.randint(2, 6)))


KINDS: tuple[tuple[int, Callable[[Random], str]], ...] = (
    (6, lambda random: _broken(random, ESCAPES)),
    (6, lambda random: _broken(random, UNSEEN)),
    (5, lambda random: _broken(random, MARKUP)),
    (3, lambda random: _broken(random, PICTURES)),
    (3, lambda random: _broken(random, ESCAPES + UNSEEN + MARKUP + PICTURES)),
    (3, _any),
    (2, _lines),
    (1, _flood),
    (1, lambda random: random.choice(ESCAPES + UNSEEN + MARKUP)),
)


def strings(count: int, seed: int) -> Iterator[str]:
    """`count` strings; the same for the same seed. Two in a hundred are up to 10,000 characters long."""
    random = Random(seed)
    weights = [weight for weight, _ in KINDS]
    for number in range(count):
        if number % 50 == 25:
            yield _long(random)[:10_000]
        else:
            yield random.choices(KINDS, weights)[0][1](random)
