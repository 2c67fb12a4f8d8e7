"""What a line of talk shows that could make it a commitment: its words, its grammar of intent, its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gangly_tui.intelligence.offline.action_verbs import VERB_KINDS, WORK

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*-?|\d+|[?]|->|→|@\w+")
_FILLERS = {"uh", "um", "uhm", "er", "ah", "eh", "hm", "hmm", "mm", "mmm", "you-know", "like"}
_SPELL_OUT = {
    "i'll": ("i", "will"), "we'll": ("we", "will"), "you'll": ("you", "will"), "he'll": ("he", "will"),
    "she'll": ("she", "will"), "they'll": ("they", "will"), "it'll": ("it", "will"), "that'll": ("that", "will"),
    "i'm": ("i", "am"), "we're": ("we", "are"), "you're": ("you", "are"), "they're": ("they", "are"), "i'd": ("i",
    "would"),
    "we'd": ("we", "would"), "you'd": ("you", "would"), "i've": ("i", "have"), "we've": ("we", "have"),
    "let's": ("let", "us"), "won't": ("will", "not"), "can't": ("can", "not"), "cannot": ("can", "not"),
    "don't": ("do", "not"), "didn't": ("did", "not"), "doesn't": ("does", "not"), "shouldn't": ("should", "not"),
    "wouldn't": ("would", "not"), "couldn't": ("could", "not"), "isn't": ("is", "not"), "gonna": ("going", "to"),
    "wanna": ("want", "to"), "gotta": ("got", "to"), "lemme": ("let", "me"), "ill": ("i", "will"), "'ll": ("will",),
}  # fmt: skip
_INTENT = (
    ("i will", "will"), ("i am going to", "going"), ("i am gonna", "going"), ("let me", "letme"), ("i can", "can"),
    ("i could", "could"), ("i should", "should"), ("i need to", "need"), ("i have to", "have"),
    ("i have got to", "have"),
    ("i want to", "want"), ("i would like to", "like"), ("i would", "would"), ("i might", "might"), ("i may", "might"),
    ("i plan to", "plan"), ("i am planning", "plan"), ("i am trying", "try"), ("i try", "try"), ("we will", "wewill"),
    ("we are going to", "wegoing"), ("we can", "wecan"), ("we should", "weshould"), ("we need to", "weneed"),
    ("we have to", "wehave"), ("let us", "letus"), ("i am", "iam"), ("i was going to", "wasgoing"),
    ("i promise", "promise"),
    ("i got to", "have"), ("i wanted to", "want"), ("can you", "canyou"), ("could you", "canyou"),
    ("would you", "canyou"),
    ("will you", "canyou"), ("you should", "youshould"), ("you can", "youcan"), ("you could", "youcan"),
    ("you will", "youwill"),
    ("you need to", "youshould"), ("you have to", "youshould"), ("he will", "hewill"), ("she will", "hewill"),
    ("they will", "theywill"), ("will do", "willdo"), ("i do", "ido"), ("someone", "someone"), ("somebody", "someone"),
)  # fmt: skip
_INTENTS = tuple((tuple(phrase.split()), name) for phrase, name in _INTENT)
_OWN = {
    "will",
    "going",
    "letme",
    "can",
    "could",
    "should",
    "need",
    "have",
    "want",
    "like",
    "plan",
    "would",
    "might",
    "try",
}
_STEPS_OVER = {"just", "probably", "also", "maybe", "definitely", "actually", "still", "then", "try", "to", "go",
    "ahead", "and",
               "be", "really", "certainly", "sort", "of", "kind", "basically", "first", "i", "will", "would", "like",
               "have"}  # fmt: skip
_ACCEPTS = {
    "yeah",
    "yes",
    "yep",
    "sure",
    "okay",
    "ok",
    "right",
    "alright",
    "great",
    "good",
    "cool",
    "perfect",
    "fine",
    "thanks",
}
_TIMES = {"today", "tomorrow", "tonight", "monday", "tuesday", "wednesday", "thursday", "friday", "week", "month",
    "later",
          "soon", "afternoon", "morning", "weekend", "next", "eod", "asap"}  # fmt: skip
_LONGEST = 48


def cleaned(text: str) -> list[str]:
    """Lower-case words without fillers, broken-off words and stammers, with "I'll" and its kin spelled out."""
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        word = match.group().lower().replace("’", "'")
        if word.endswith("-") or word in _FILLERS:
            continue
        for part in _SPELL_OUT.get(word, (word,)):
            if words and words[-1] == part:
                continue
            words.append(part)
            if len(words) >= 4 and words[-2:] == words[-4:-2]:
                del words[-2:]
            elif len(words) >= 6 and words[-3:] == words[-6:-3]:
                del words[-3:]
        if len(words) >= _LONGEST:
            break
    return words


def intents(words: Sequence[str]) -> list[tuple[str, str]]:
    """What the line's subjects mean to do, each with the verb that follows: ("will", "send")."""
    found = []
    for at, word in enumerate(words):
        for phrase, name in _INTENTS:
            if word == phrase[0] and tuple(words[at : at + len(phrase)]) == phrase:
                behind = at + len(phrase)
                negated = behind < len(words) and words[behind] == "not"
                while behind < len(words) and words[behind] in _STEPS_OVER and behind < at + len(phrase) + 5:
                    behind += 1
                verb = words[behind] if behind < len(words) else "$"
                found.append((name + ("-not" if negated else ""), verb))
                break
    return found


def features(lines: Sequence[list[str]], meant: Sequence[list[tuple[str, str]]], raw: Sequence[str],
             speakers: Sequence[str | None], at: int) -> set[str]:  # fmt: skip
    """Names of everything that holds for line `at`, from the line itself and two turns around it."""
    words = lines[at]
    found = {"bias"}
    padded = ["^", *words, "$"]
    for index, word in enumerate(padded):
        found.add(word)
        if index:
            found.add(padded[index - 1] + " " + word)
        if index > 1:
            found.add(padded[index - 2] + " " + padded[index - 1] + " " + word)
    own = any(name in _OWN for name, _ in meant[at])
    found |= _intended(meant[at])
    if own:
        found |= _own_promise(words)
    elif not _TIMES.isdisjoint(words):
        found.add("time")
    found.add("len" + str(min(len(words) // 3, 8)))
    end = raw[at].rstrip()
    found |= {mark for mark, tail in (("?", "?"), ("broken", "--")) if end.endswith(tail)}
    return found | _neighbours(lines, meant, raw, speakers, at)


def _intended(meant: Sequence[tuple[str, str]]) -> set[str]:
    """What the line's subjects mean to do, the verb and the kind of work it is."""
    found = {"I1:" + meant[0][0]} if meant else {"I:none"}
    for name, verb in meant:
        kind = VERB_KINDS.get(verb, "other")
        found |= {"I:" + name, "V:" + verb, "I:" + name + ":" + verb, "C:" + kind, "C:" + name + ":" + kind}
        if name in _OWN:
            found.add("C:own:" + kind)
    return found


def _own_promise(words: Sequence[str]) -> set[str]:
    """What stands beside the speaker's own intention."""
    found = {"own", "own+len" + str(min(len(words) // 4, 6))}
    if not _TIMES.isdisjoint(words):
        found.add("own+time")
    if "you" in words:
        found.add("own+you")
    if "if" in words[:4]:
        found.add("own+if")
    return found


def _neighbours(lines: Sequence[list[str]], meant: Sequence[list[tuple[str, str]]], raw: Sequence[str],
                speakers: Sequence[str | None], at: int) -> set[str]:  # fmt: skip
    own = any(name in _OWN for name, _ in meant[at])
    found: set[str] = set()
    for step in (-2, -1, 1, 2):
        near = at + step
        if not 0 <= near < len(lines):
            found.add(f"{step}:edge")
            continue
        side = "same" if speakers[near] == speakers[at] else "other"
        tag = f"{step}:{side}:"
        for name, _ in meant[near][:3]:
            found.add(tag + name)
            if own and name in _OWN:
                found.add(tag + "own&own")
        words = lines[near]
        if words and words[0] in _ACCEPTS and len(words) <= 4:
            found.add(tag + "accept")
            if own:
                found.add(tag + "accept&own")
        if raw[near].rstrip().endswith("?"):
            found.add(tag + "?")
        if len(words) <= 2:
            found.add(tag + "short")
    return found


def all_features(texts: Sequence[str], speakers: Sequence[str | None]) -> Iterator[set[str]]:
    """The features of each line in turn; lines without a speaker also show how notes are written."""
    lines = [cleaned(text) for text in texts]
    meant = [intents(line) for line in lines]
    notes = all(speaker is None for speaker in speakers)
    for at, text in enumerate(texts):
        found = features(lines, meant, texts, speakers, at)
        yield found | _shape(text, lines[at]) if notes else found


_PLAIN_STARTS = {"i", "we", "the", "a", "an", "this", "that", "it", "there", "they", "he", "she", "you", "if", "is",
    "are", "what",
                 "how", "why", "not", "no", "yes", "and", "or", "but", "so", "in", "on", "for", "with", "from", "at",
                 "to"}  # fmt: skip
_NAME_TO = re.compile(
    r"^[@A-Z][\w.@-]*(?:(?:\s?[,&/+]\s?|\s+and\s+|\s)[@A-Z][\w.-]*){0,4}\s+(?P<link>to|will|should|needs? to|can|has|"
    r"agreed to|going to)\s+(?P<verb>[a-z]+)"
)
_TITLE_END = re.compile(r"#\d+\W*\Z")
_SOMEONE = re.compile(
    r"\b(?:someone|somebody|volunteers?|all|everyone|members?)\b[^.]{0,20}\b(?:to|should|needs?|will)\b", re.IGNORECASE
)
_NAME_COLON = re.compile(r"^[@A-Z][\w.@-]*(?:\s[A-Z][\w.-]*)?\s?:\s")


def _shape(text: str, line: Sequence[str]) -> set[str]:
    found: set[str] = set()
    named = _NAME_TO.match(text)
    if named:
        works = "work" if named["verb"] in WORK else "other"
        found |= {
            "N:name-" + named["link"].split()[0],
            "N:name+" + works,
            "N:name-" + named["link"].split()[0] + "+" + works,
        }
    elif (
        len(line) > 1
        and text[:1].isupper()
        and line[1] in WORK
        and line[0] not in WORK
        and line[0] not in _PLAIN_STARTS
    ):
        found.add("N:name-verb")
    title = _TITLE_END.search(text) is not None
    if title:
        found.add("N:title")
    if line and line[0] in WORK:
        found |= {
            "N:imperative",
            "N:imperative" + ("+title" if title else "+plain"),
            "N:imperative:" + VERB_KINDS[line[0]],
        }
        if text[:1].islower():
            found.add("N:imperative+lower")
    elif any(word in WORK for word in line[1:4]) and len(line) > 1 and text[:1].isupper():
        found.add("N:verb-near")
    if _SOMEONE.search(text):
        found.add("N:someone")
    if _NAME_COLON.match(text):
        found.add("N:speaker")
    if text[:1].islower():
        found.add("N:lower")
    if line and line[0] not in _PLAIN_STARTS:
        found.add("N:first:" + line[0])
    if "#" in text:
        found.add("N:issue")
    if "->" in text or "→" in text:
        found.add("N:arrow")
    return found
