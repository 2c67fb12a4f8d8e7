"""Any text a rep may have: transcript, captions, chat paste, mail thread or own notes, as passages with offsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from gangly_tui.domain.draft import Utterance
from gangly_tui.intelligence.offline.captions import is_captions, read_captions
from gangly_tui.intelligence.offline.headers import Header, read_header
from gangly_tui.intelligence.offline.lexicon import (
    COACHING_HEADING,
    HEADER_KEYS,
    LABELS,
    MIXED_HEADING,
    NOT_A_NAME,
    PREP_HEADING,
    ROLE_SPEAKERS_BUYER,
    ROLE_SPEAKERS_REP,
    TASK_HEADING,
)
from gangly_tui.intelligence.offline.passages import Block, Passage, Sentence, blank, sentences
from gangly_tui.intelligence.offline.tables import heads_tasks, is_row, is_rule
from gangly_tui.intelligence.offline.threads import Author, is_thread, read_thread

READ_LIMIT = 1_000_000
"""Characters that are read: about sixteen hours of speech. What lies behind is reported, never silently left out."""

Line = tuple[int, int]
_AT = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:\s?[AaPp][Mm])?"
_SPEAKER = re.compile(
    rf"^[ \t]*(?:[-*>\u2022][ \t]+)?(?P<stamp>[\[(](?:\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{1,4}},?\s)?"
    rf"(?P<at>{_AT})[^\])]{{0,24}}[\])]|(?P<at3>{_AT}))?"
    rf"[ \t]*[-|\u2013]?[ \t]*(?P<bold>\*\*|__)?(?P<name>[^\W_][\w.'\u2019&-]*(?: [\w.'\u2019&-]+){{0,4}})"
    rf"(?P<info>[ \t]*\([^()\n]{{1,80}}\))?(?P<stamp2>[ \t]*[\[(](?P<at2>{_AT})[\])]|[ \t]+"
    rf"(?P<at4>{_AT}))?[ \t]*(?:\*\*|__)?[ \t]*:(?!//)(?:\*\*|__)?[ \t]*"
)
_STAMPED = re.compile(
    rf"^[ \t]*(?:\*\*)?(?P<name>[^\W\d_][\w.'\u2019-]*(?: [\w.'\u2019-]+){{0,3}})(?:\*\*)?(?:[ \t]*\([^()]{{1,60}}\))?"
    rf"[ \t]*[\[(|,-]?[ \t]*(?:[A-Z][a-z]+ \d{{1,2}},? (?:at )?)?(?P<at>{_AT})[\])]?[ \t]*$|"
    rf"^[ \t]*[\[(]?(?P<at2>{_AT})[\])]?[ \t]*[|-]?[ \t]*(?P<name2>[^\W\d_][\w.'\u2019-]*(?: "
    rf"[\w.'\u2019-]+){{0,3}})[ \t]*$"
)
_CLOCK = re.compile(_AT)
_BULLET = re.compile(r"^[ \t]*(?:(?:[-*\u2022\u00b7\u25aa\u25e6\u2013+>]|\d{1,2}[.)])[ \t]+)?(?:\[[ xX]?\][ \t]*)?")
_DONE = re.compile(r"^[ \t]*(?:[-*+][ \t]+)?\[[xX]\]")
_RULE = re.compile(r"^[ \t]*(?:-{3,}|={3,}|\*{3,}|_{3,})[ \t]*$")
_STAGE_DIRECTION = re.compile(
    r"\*[A-Za-z][A-Za-z ,]{1,30}\*(?!\*)|[\[(](?:laughs?|laughter|inaudible|crosstalk|pause|"
    r"silence|music)[^\])\n]{0,20}[\])]"
)
_CHROME = re.compile(
    r"^[^\n]{2,60} sent the following messages? at [^\n]{3,30}$|^View [^\n]{2,50}['\u2019]s? profile[^\n]{0,60}$|"
    r"^\[?(?:image|sticker|gif|attachment|file)[^\n\]]{0,30}\]$",
    re.I | re.M,
)
"""Lines a chat's own window puts between the messages."""
_SOFTWARE = re.compile(
    r"(?:the )?(?:system|assistant|developer|ai|a\.i\.|bot|llm|language model|chatgpt|copilot)"
    r"(?: (?:prompt|message|note|override|turn|instructions?))?",
    re.I,
)
"""Labels that only a planted turn has: its words stay in the text and are seen for what they are."""
_PARTICLES = frozenset("van von de der den di da del bin al el la le".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text, read: its passages in order, its sentences, its header and the authors of its messages."""

    text: str
    form: str
    """captions | speech | thread | notes"""
    passages: tuple[Passage, ...]
    header: Header
    authors: tuple[Author, ...] = ()
    masked: str = ""
    unread: int = 0
    sentences: tuple[Sentence, ...] = field(default=())

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Every passage as the domain's Utterance."""
        return tuple(
            Utterance(
                text=self.text[each.start : each.end],
                start=each.start,
                end=each.end,
                speaker=each.speaker,
                side=each.side,
                at=each.at,
            )
            for each in self.passages
        )

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers' labels in the order they first speak."""
        return tuple(dict.fromkeys(each.speaker for each in self.passages if each.speaker))

    def with_passages(self, passages: Iterable[Passage]) -> Source:
        """The same source with other passages (sides filled in), and its sentences."""
        kept = tuple(passages)
        return replace(self, passages=kept, sentences=sentences(self.masked, kept))


def read_source(text: str, names: Iterable[str] = ()) -> Source:
    """Read any text. `names` are people known to take part: their lines are speech even when they speak once."""
    body = text[:READ_LIMIT]
    lines = _lines(body)
    known = {each.lower() for name in names for each in (name, *name.split()[:1]) if each}
    accept = _speakers(body, lines, known)
    if is_captions(body, lines):
        passages, blanks = read_captions(body, lines, lambda line: _speaker(line, lambda name: _name_like(name, known)))
        return _source(text, body, "captions", passages, blanks=blanks, header=Header())
    if is_thread(body, lines):
        thread = read_thread(body, lines)
        header = Header(values={"date": thread.when} if thread.when else {})
        found = _source(text, body, "thread", thread.passages, blanks=thread.blanks, header=header)
        return replace(found, authors=tuple(thread.authors))
    header = read_header(body, lines)
    passages, form = _read_lines(body, lines, header, accept)
    if form == "speech" and header.heading is None and (lines_above := _title_lines(body, passages)):
        header.heading = (passages[0].start, passages[0].end)
        passages = passages[lines_above:]
    return _source(text, body, form, passages, blanks=[], header=header)


def _title_lines(text: str, passages: list[Passage]) -> int:
    """How many lines above the first turn only name the call and its day: at most two."""
    first = next((at for at, each in enumerate(passages) if each.block is Block.SPEECH), 0)
    above = [text[each.start : each.end].rstrip() for each in passages[:first]]
    plain = all(each.block is Block.NOTE for each in passages[:first])
    if not above or len(above) > _MOST_TITLE_LINES or not plain or not re.search(r"[^\W\d_]{3}", above[0]):
        return 0
    titled = all(len(bare) < 100 and not bare.endswith((".", "!", "?")) for bare in above)
    dated = all(re.search(r"\d", bare) and len(bare.split()) < 8 for bare in above[1:])
    return first if titled and dated else 0


_MOST_TITLE_LINES = 2


def _source(text: str, body: str, form: str, passages: list[Passage], *, blanks: list[Line], header: Header) -> Source:
    noise = (*_STAGE_DIRECTION.finditer(body), *_CHROME.finditer(body))
    blanks = [*blanks, *((found.start(), found.end()) for found in noise)]
    return Source(
        text=text,
        form=form,
        passages=tuple(passages),
        header=header,
        masked=blank(body, blanks),
        unread=max(0, len(text) - READ_LIMIT),
    )


def _lines(text: str) -> list[Line]:
    result, at = [], 0
    for line in text.splitlines(keepends=True):
        result.append((at, at + len(line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"))))
        at += len(line)
    return result


def _speaker(line: str, accept: Callable[[str], bool]) -> tuple[str, int] | None:
    found = _SPEAKER.match(line[:260])
    if not found or not accept(found.group("name")) or _listed(line, found):
        return None
    return found.group("name").strip(), found.end()


def _listed(line: str, found: re.Match[str]) -> bool:
    """Whether `Name: ...` is an item of a list: somebody's point or task in notes, not a turn."""
    marked = found.group("bold") or found.group("stamp") or found.group("stamp2") or found.group("at3")
    return line.lstrip().startswith(("- ", "* ", "\u2022 ")) and not marked


def _speakers(text: str, lines: list[Line], known: set[str]) -> Callable[[str], bool]:
    """Which labels before a colon are people: known ones, bold or stamped ones, and names that come back."""
    count: dict[str, int] = {}
    strong: set[str] = set()
    for start, end in lines:
        found = _SPEAKER.match(text[start : min(end, start + 260)])
        if not found or _listed(text[start:end], found):
            continue
        name = found.group("name").strip()
        if not _name_like(name, known):
            continue
        count[name] = count.get(name, 0) + 1
        if found.group("stamp") or found.group("stamp2") or found.group("at3") or found.group("bold"):
            strong.add(name)
    likely = {
        name
        for name, times in count.items()
        if times > 1
        or name in strong
        or name.lower() in known
        or len(count) > 1
        or name.lower() in ROLE_SPEAKERS_REP | ROLE_SPEAKERS_BUYER
    }
    if (
        len(likely) == 1
        and sum(count.values()) == 1
        and not (likely & strong)
        and not any(name.lower() in known for name in likely)
    ):
        likely = set()
    return likely.__contains__


def _name_like(name: str, known: set[str]) -> bool:
    low = name.lower()
    if low in ("am", "pm"):
        return False
    if low in known:
        return True
    if _SOFTWARE.fullmatch(low):
        return False
    words = low.replace("-", " ").split()
    if words and (
        low in ROLE_SPEAKERS_REP or low in ROLE_SPEAKERS_BUYER or words[0] in ("speaker", "participant", "guest")
    ):
        return len(words) <= 3 and low not in ("participant", "lead", "sales", "us")
    if any(word.strip(".'") in LABELS or word in HEADER_KEYS for word in words) or words[0] in NOT_A_NAME:
        return False
    return (
        len(words) <= 4
        and all(part[0].isupper() or part.lower() in _PARTICLES for part in name.split())
        and not name.isdigit()
    )


def _read_lines(
    text: str, lines: list[Line], header: Header, accept: Callable[[str], bool]
) -> tuple[list[Passage], str]:
    passages: list[Passage] = []
    block, open_speech, speech, after_gap, mixed = Block.NOTE, False, False, True, False
    rows = _task_rows(text, lines)
    if "outcome" in header.values or "result" in header.values:
        start, end = header.values.get("outcome") or header.values["result"]
        passages.append(Passage(start=start, end=end, block=Block.OUTCOME))
    for start, end in lines:
        if end <= header.end:
            continue
        line = text[start:end]
        bare = line.strip(" \t#*_:\ufeff")
        if not bare or _RULE.match(line):
            open_speech, after_gap = open_speech and not bare, True
            continue
        if start in rows:
            passages.extend(rows[start])
            open_speech = False
            continue
        if _CLOCK.fullmatch(bare) and open_speech and passages[-1].speaker:
            passages.append(replace(passages[-1], start=end, end=end, at=bare))
            continue
        heading = _heading(line, bare)
        if heading is not None and _speaker(line, accept) is None:
            block, open_speech, after_gap = heading, False, True
            mixed = heading is Block.TASK and bool(MIXED_HEADING.match(_unnumbered(bare)))
            continue
        named = _speaker(line, accept)
        stamped = None if named else _STAMPED.match(line[:160])
        if named:
            found = _SPEAKER.match(line[:260])
            at = next((found.group(key) for key in ("at", "at2", "at3", "at4") if found and found.group(key)), "") or ""
            passages.append(Passage(start=start + named[1], end=end, block=Block.SPEECH, speaker=named[0], at=at))
            block, open_speech, speech = Block.NOTE, True, True
        elif stamped and _name_like((stamped.group("name") or stamped.group("name2")).strip(), set()):
            name = (stamped.group("name") or stamped.group("name2")).strip()
            passages.append(
                Passage(
                    start=end, end=end, block=Block.SPEECH, speaker=name, at=stamped.group("at") or stamped.group("at2")
                )
            )
            block, open_speech, speech = Block.NOTE, True, True
        elif open_speech:
            last = passages[-1]
            begin = last.start if last.end > last.start else start
            passages[-1] = replace(last, start=begin, end=end)
        else:
            kind = Block.NOTE if mixed and not _owned(line, header) else block
            _note_line(text, (start, end), kind, passages, after_gap=after_gap)
        after_gap = False
    return [each for each in passages if each.end > each.start], "speech" if speech else "notes"


def _task_rows(text: str, lines: list[Line]) -> dict[int, list[Passage]]:
    """The lines of every table of actions by their start: a passage for each row, none for its head and its rule."""
    rows: dict[int, list[Passage]] = {}
    tabled = False
    for start, end in lines:
        line = text[start:end]
        if "|" not in line:
            tabled = False
        elif heads_tasks(line):
            tabled, rows[start] = True, []
        elif tabled and is_row(line):
            bar = start + line.index("|") + 1
            rows[start] = [] if is_rule(line) else [Passage(start=bar, end=end, block=Block.TASK)]
    return rows


def _note_line(text: str, line_at: Line, block: Block, passages: list[Passage], *, after_gap: bool) -> None:
    start, end = line_at
    line = text[start:end]
    lead = _BULLET.match(line)
    begin = start + (lead.end() if lead else 0)
    bulleted = bool(lead and lead.end() > len(line) - len(line.lstrip()))
    kind = Block.PREP if _DONE.match(line) else block
    last = passages[-1] if passages else None
    wrapped = (
        last is not None
        and not after_gap
        and not bulleted
        and last.block is kind
        and last.end - last.start > 40
        and text[begin : begin + 1].islower()
        and text[last.end - 1 : last.end] not in ".!?;:"
    )
    if wrapped and last is not None:
        passages[-1] = replace(last, end=end)
    else:
        passages.append(Passage(start=begin, end=end, block=kind))


def _unnumbered(bare: str) -> str:
    return re.sub(r"^(?:\d{1,2}|[A-Za-z])[.)]\s+", "", bare)


def _owned(line: str, header: Header) -> bool:
    """Whether a line below "Decisions and tasks" names one who does it."""
    names = {word for each in header.participants for word in each.name.split() if len(word) > 2}
    return bool(names & set(re.findall(r"\w+", line))) or bool(
        re.search(r"\b(?:[Ww]e|[Uu]s|me|I|[Tt]hey|them)\b", line)
    )


def _heading(line: str, bare: str) -> Block | None:
    """The block a heading opens, or None when the line is no heading."""
    titled = (
        line.lstrip().startswith("#")
        or line.rstrip(" *_").endswith(":")
        or (line.strip().startswith("**") and line.strip().endswith("**"))
    )
    if len(bare) > 60:
        return None
    bare = _unnumbered(bare)
    tasks = ((TASK_HEADING, Block.TASK), (MIXED_HEADING, Block.TASK))
    for pattern, block in (*tasks, (PREP_HEADING, Block.PREP), (COACHING_HEADING, Block.PREP)):
        if pattern.match(bare) and (titled or len(bare.split()) <= 3):
            return block
    return Block.NOTE if titled and len(bare.split()) <= 6 else None
