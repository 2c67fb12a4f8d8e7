"""Find anything while it is typed: records, meetings, notes, mails and signals by their words.

No ranking by frequency: on a million texts that reads every hit of a common word, a tenth of a second a key. The
newest hits of each kind are taken instead; those whose title matches come first.

Two kinds of query cost a look at every hit all the same: the beginning of a common word that is longer than what the
index holds beginnings of, and a common word that titles do not hold. Each query therefore has a limit of computing
time. One that reaches it has met more hits than anybody reads, so the newest candidates are looked through instead.
"""

from __future__ import annotations

import re
import unicodedata
from time import thread_time

from sqlcipher3 import dbapi2

from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.records import Kind
from gangly_tui.store.codec import well_formed
from gangly_tui.store.database import Connection
from gangly_tui.store.hits import Hit, hit, newest, texts_of
from gangly_tui.store.index import SPACE, SPACES, first_rowid

_MOST_WORDS = 12
_LIMIT = 0.002
"""Seconds one query may compute; on a million texts that is some fifty thousand hits."""
_STEPS = 20
"""Steps of the database between two looks at the clock."""
_LOOKED_AT = 90
"""Candidates that are read where a query would have looked at all of them."""
_INDEXED = 3
"""The longest beginning of a word that the index holds by itself."""


def find(db: Connection, text: str, *, limit: int = 50) -> list[Hit]:
    """What holds all these words; the last one may be the beginning of a word. Any text is a valid query.

    First the titles that match, an equal share for each kind, then everything else, newest first.
    """
    words = _words(text)
    if not words or limit < 1:
        return []
    query = " ".join(f'"{each}"' for each in words) + "*"
    share = -(-limit // len(SPACES))
    titles: list[tuple[int, int]] = []
    others: list[tuple[int, int]] = []
    common = False
    for space in sorted(SPACES, key=lambda each: each != Kind.ACTIVITY.value):  # the fullest first: it tells
        by_title: list[int] = []
        found: list[int] = []
        whole = False
        if not common:
            found, whole = _matches(db, query, space, limit)
            common = not (whole or found)  # gathering what begins like this took too long, and it is gathered for all
        if whole:
            by_title, _ = _matches(db, f"{{title}} : ({query})", space, limit)
        else:
            found = [*found, *_among_newest(db, words, space, limit)]
        titles += newest(db, space, by_title)[:share]
        others += newest(db, space, {*by_title, *found})
    others.sort(key=lambda each: each[1], reverse=True)
    chosen = list(dict.fromkeys(rowid for rowid, _ in [*titles, *others]))[:limit]
    return [each for rowid in chosen if (each := hit(db, rowid, words))]


def _among_newest(db: Connection, words: list[str], space: str, limit: int) -> list[int]:
    """What holds all the words as they are typed, and what begins like the last one among the newest that may.

    For beginnings of words so common that some of the newest candidates must be hits. Of a last word that is one
    letter so far and begins nothing there, the words before it are answer enough until the next key.
    """
    *before, last = words
    pieces = _pieces(last)
    parts = [f'"{each}"' for each in before]
    if len(pieces) > 1:
        parts.append('"' + " ".join(pieces[:-1]) + '"')
    if pieces and len(pieces[-1]) > 1:
        parts.append(f'"{pieces[-1][:_INDEXED]}"*')
    typed, _ = _matches(db, " ".join(f'"{each}"' for each in words), space, limit)
    candidates = _matches(db, " ".join(parts), space, _LOOKED_AT)[0] if parts else _latest(db, space)
    wanted = " " + " ".join(pieces)
    begun = [rowid for rowid in candidates if any(wanted in each for each in _spoken(db, rowid))]
    if parts and not begun and len(last) == 1:
        begun = candidates
    return list(dict.fromkeys([*typed, *begun]))[:limit]


def _latest(db: Connection, space: str) -> list[int]:
    """The newest few of a space, whatever they hold."""
    start = first_rowid(space)
    rows = db.execute(
        "SELECT rowid FROM words WHERE rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?",
        (start, start + SPACE - 1, _LOOKED_AT // 3),
    )
    return [rowid for (rowid,) in rows]


def _spoken(db: Connection, rowid: int) -> list[str]:
    """The words of a row's title and of its body, as the index has them: a space before each."""
    return [" " + " ".join(_pieces(each)) for each in texts_of(db, rowid)]


def _pieces(text: str) -> list[str]:
    """A text cut into words the way the index cuts it: letters and digits, no case, no accents."""
    if text.isascii():
        return re.findall(r"[^\W_]+", text.lower())
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
    return re.findall(r"[^\W_]+", plain.lower())


def _words(text: str) -> list[str]:
    """The typed words that hold a letter or a digit, fit to stand between quotes in an FTS5 query."""
    plain = well_formed(text).replace("\0", " ").replace('"', " ")
    words = [each for each in plain.split() if any(unicodedata.category(char)[0] in "LN" for char in each)]
    return words[:_MOST_WORDS]


def _matches(db: Connection, query: str, space: str, limit: int) -> tuple[list[int], bool]:
    """The newest hits, and whether they are all that was asked for: False when the query computed for too long."""
    start, began, late = first_rowid(space), thread_time(), False

    def look_at_the_clock() -> bool:
        nonlocal late
        late = thread_time() - began > _LIMIT
        return late

    found: list[int] = []
    db.set_progress_handler(look_at_the_clock, _STEPS)
    try:
        rows = db.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?",
            (query, start, start + SPACE - 1, limit),
        )
        for (rowid,) in rows:
            found.append(rowid)
    except (StoreError, dbapi2.OperationalError):
        if not late:
            raise
        return found, False
    finally:
        db.set_progress_handler(None, 0)
    return found, True
