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
from collections.abc import Collection
from time import thread_time

from sqlcipher3 import dbapi2

from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.records import Kind
from gangly_tui.store.codec import well_formed
from gangly_tui.store.database import Connection
from gangly_tui.store.hits import Hit, hits_of, newest, texts_of
from gangly_tui.store.index import SPACE, SPACES, first_rowid

_MOST_WORDS = 12
_LIMIT = 0.002
"""Seconds one query may compute; on a million texts that is some fifty thousand hits."""
_STEPS = 20
"""Steps of the database between two looks at the clock."""
_FULLEST = Kind.ACTIVITY.value
"""The space that holds the most, by far."""
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
    found, cut = _sweep(db, query, limit)
    by_title = _sweep(db, f"{{title}} : ({query})", limit, gathered=True)[0] if found.keys() - cut else {}
    begun = _among_newest(db, words, cut, limit) if cut else {}
    share = -(-limit // len(SPACES))
    titles: list[tuple[int, int]] = []
    others: list[tuple[int, int]] = []
    for space in SPACES:
        mine = [] if space in cut else by_title.get(space, [])
        titles += newest(db, space, mine)[:share] if mine else []
        rest = {*mine, *found.get(space, ()), *begun.get(space, ())}
        others += newest(db, space, rest) if rest else []
    others.sort(key=lambda each: each[1], reverse=True)
    chosen = list(dict.fromkeys(rowid for rowid, _ in [*titles, *others]))[:limit]
    return hits_of(db, chosen, words)


def _sweep(
    db: Connection, query: str, limit: int, *, gathered: bool = False
) -> tuple[dict[str, list[int]], frozenset[str]]:
    """The newest hits by space, at most `limit` of each, and the spaces of which that is not all there is.

    One query goes down through all spaces, and is begun anew below one that is full: where nothing is, nothing is
    asked. What computes too long is cut short, and goes on below the fullest space. One that finds nothing in that
    time is given up, unless what begins like its last word is known to be `gathered` soon: it would be again each time.
    """
    found: dict[str, list[int]] = {}
    cut: set[str] = set()
    top = len(SPACES) * SPACE - 1
    below = first_rowid(_FULLEST) - 1
    while top >= 0:
        rows, whole = _matches(db, query, top, limit)
        for rowid in rows:
            here = found.setdefault(SPACES[rowid // SPACE], [])
            if len(here) < limit:
                here.append(rowid)
        if not whole:
            if not (found or gathered):
                return found, frozenset(SPACES)
            last = rows[-1] if rows else top
            bottom = below + 1 if last > below else 0
            cut.update(SPACES[bottom // SPACE : last // SPACE + 1])
            top = bottom - 1
        elif len(rows) < limit:
            break
        else:
            space = SPACES[rows[-1] // SPACE]
            top = first_rowid(space) - 1 if len(found[space]) >= limit else rows[-1] - 1
    return found, frozenset(cut)


def _among_newest(db: Connection, words: list[str], spaces: Collection[str], limit: int) -> dict[str, list[int]]:
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
    typed, _ = _sweep(db, " ".join(f'"{each}"' for each in words), limit)
    near = _sweep(db, " ".join(parts), _LOOKED_AT)[0] if parts else {each: _latest(db, each) for each in spaces}
    wanted = " " + " ".join(pieces)
    texts = texts_of(db, [rowid for space in spaces for rowid in near.get(space, ())])
    begun = {rowid for rowid in texts if any(wanted in each for each in map(_spoken, texts[rowid]))}
    found = {}
    for space in spaces:
        here = [rowid for rowid in near.get(space, ()) if rowid in begun]
        if parts and not here and len(last) == 1:
            here = near.get(space, [])
        found[space] = list(dict.fromkeys([*typed.get(space, ()), *here]))[:limit]
    return found


def _latest(db: Connection, space: str) -> list[int]:
    """The newest few of a space, whatever they hold."""
    start = first_rowid(space)
    rows = db.execute(
        "SELECT rowid FROM words WHERE rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?",
        (start, start + SPACE - 1, _LOOKED_AT // 3),
    )
    return [rowid for (rowid,) in rows]


def _spoken(text: str) -> str:
    """The words of a text as the index has them, a space before each."""
    return " " + " ".join(_pieces(text))


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


def _matches(db: Connection, query: str, top: int, limit: int) -> tuple[list[int], bool]:
    """The hits from a rowid down, and whether they are all that was asked for: False when it computed for too long."""
    began, late = thread_time(), False

    def look_at_the_clock() -> bool:
        nonlocal late
        late = thread_time() - began > _LIMIT
        return late

    found: list[int] = []
    db.set_progress_handler(look_at_the_clock, _STEPS)
    try:
        rows = db.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?",
            (query, top, limit),
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
