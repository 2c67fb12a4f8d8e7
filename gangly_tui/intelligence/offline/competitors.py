"""Who else the buyer looks at, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import Dropped, Evidence, Side
from gangly_tui.domain.identity import company_name
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.lexicon import NOT_A_NAME, TITLE_WORD
from gangly_tui.intelligence.offline.modality import Mood, asks, mood
from gangly_tui.intelligence.offline.passages import Sentence, span
from gangly_tui.intelligence.offline.reading import Reading

_NEVER = frozenset(
    "soc gdpr hipaa iso sso api crm erp poc rfp legal procurement board security finance mondays".split()
)


def competitor(reading: Reading, people: list[str], dropped: list[Dropped]) -> tuple[str, Evidence, float] | None:
    """(name, evidence, confidence) of the alternative the buyer weighs; the others are listed in `dropped`."""
    ours = _ours(reading)
    names = {
        part.lower() for person in (*people, *(each.name for each in reading.cast.people)) for part in person.split()
    }
    found: list[tuple[str, Evidence, float]] = []
    for sentence in reading.live():
        if not sentence.buyer_fact:
            continue
        for name, start, end, sure in _named(sentence, reading.context.competitors, _answers_rival(reading, sentence)):
            key = company_name(name)
            if (
                not key
                or key in ours
                or key.split()[0] in _NEVER
                or any(part in names for part in name.lower().split())
                or name.lower() in NOT_A_NAME
            ):
                continue
            how = mood(sentence, start, end)
            if not still_weighed(sentence, start, end) or re.search(
                r"\b(?:ruled out|instead of|rather than|switch(?:ed|ing) (?:from|off)|moved off|replac\w+|"
                r"left|got rid of|no longer|ditched)\b",
                sentence.low[max(0, start - 40) : start],
            ):
                dropped.append(
                    Dropped(
                        what="competitor",
                        value=name,
                        quote=sentence.text,
                        reason=how.value if how is not Mood.ASSERTED else "no longer an alternative",
                    )
                )
                continue
            evidence = sentence.evidence(reading.text)
            question = _answers_rival(reading, sentence)
            if question:
                evidence = span(reading.text, question, sentence)
            found.append((name, evidence, sure))
    if not found:
        return None
    best = max(found, key=lambda each: each[2])
    for name, evidence, _ in found:
        if name.lower() != best[0].lower() and not any(
            each.what == "competitor" and each.value == name for each in dropped
        ):
            dropped.append(
                Dropped(
                    what="competitor", value=name, quote=evidence.text, reason=f"another alternative beside {best[0]}"
                )
            )
    return best


_A_FIRM = re.compile(r"\s(?:compan(?:y|ies)|start-?ups?|vendors?|firms?|providers?|suppliers?|guys|tools?|people)\b")
"""Behind a capitalised word it makes it an adjective: "a small Finnish company"."""
_GOES_ON = re.compile(
    r"\s(?!(?:and|or|is|was|has|had|came|offered|quoted|pitched|mostly|mainly|for|at|in|too|last)\b)[a-z]"
)
"""Behind the first word of an answer: that is then a word like any other ("Too clunky"), not a name."""
_RECENT = re.compile(
    r"\b(?:last (?:week|month|time)|yesterday|on (?:mon|tues|wednes|thurs|fri)day|(?:this|earlier) week)\b"
)


def still_weighed(sentence: Sentence, start: int, end: int) -> bool:
    """Whether the vendor is an alternative now: asserted, or met only lately ("a first call with X last week")."""
    how = mood(sentence, start, end)
    return how is Mood.ASSERTED or (how is Mood.PAST and bool(_RECENT.search(sentence.low)))


def _answers_rival(reading: Reading, sentence: Sentence) -> Sentence | None:
    """The rep's question about alternatives this sentence answers, or None."""
    for each in reading.before(sentence, 3):
        if each.turn == sentence.turn:
            continue
        if each.side is Side.REP and asks(each) and cue.ASKS_FOR["competitor"].search(each.low):
            return each
        return None
    return None


_Name = tuple[str, int, int, float]
_STAYS = re.compile(
    r"\b(?:crm|erp|email|calendar|stack|tools?|for (?:chat|video|mail|billing|payroll)|integrat\w+|"
    r"on (?:salesforce|hubspot))\b"
)
_OFFERED = re.compile(
    r"\b(?:consultant|consultancy|vendor|provider|supplier|start-?up|company|firm|competitor|"
    r"outfit),?\s(?:called |named )?"
    r"(?P<name>[A-Z][\w.-]+(?: [A-Z][\w.-]+)?),?\s(?:has |have |had )?(?:also )?(?:offered|pitched|quoted|"
    r"approached|proposed|"
    r"shown|presented)\b|\b(?:'ve|have|had|having)\s(?:had\s)?(?P<name2>[A-Z][\w.-]+(?: [A-Z][\w.-]+)?)\s(?:in|"
    r"over)\s(?:here|"
    r"to (?:pitch|present|demo|show)|for a (?:demo|pitch|presentation)|last week|this week|yesterday)\b"
    r"|\b(?:vendors?|competitors?|providers?|suppliers?)\b[^.;]{0,40}\b(?:one (?:is|being)|namely|including|"
    r"among them)\s"
    r"(?P<name3>[A-Z][\w-]+(?: [A-Z][\w-]+)?)"
)
_PITCHED = re.compile(
    r"quote|price|pricing|cheaper|expensive|came in|offered|charges|pitched|on (?:the|our)|showing|pitching|demoing"
)


def _named(sentence: Sentence, known: tuple[str, ...], asked: Sentence | None) -> list[_Name]:
    """(name, start, end, how sure) of every vendor the sentence names as an alternative."""
    text = sentence.text
    found: list[_Name] = []
    for each in known:
        for hit in re.finditer(rf"(?<!\w){re.escape(each.lower())}(?!\w)", sentence.low):
            found.append((text[hit.start() : hit.end()], hit.start(), hit.end(), 0.86))
    for hit in cue.COMPETITOR.finditer(text):
        found.extend(_after_cue(sentence, hit))
    for hit in _OFFERED.finditer(text):
        key = next(each for each in ("name", "name2", "name3") if hit.group(each))
        if _vendor(hit.group(key)):
            found.append((hit.group(key), hit.start(key), hit.end(key), 0.66))
    for hit in cue.COMPETITOR_SAID.finditer(text):
        if _PITCHED.search(hit.group().lower()) and _vendor(hit.group("name")):
            found.append((hit.group("name"), hit.start("name"), hit.end("name"), 0.66))
    if asked and not found:
        for hit in cue.VENDOR_NAME.finditer(text):
            leads = hit.start() == 0 and not re.match(r"(?:,| and| or)\s", text[hit.end() :])
            if _A_FIRM.match(text, hit.end()) or (leads and (len(text.split()) > 8 or _GOES_ON.match(text, hit.end()))):
                continue
            if _vendor(hit.group("name")):
                found.append((hit.group("name"), hit.start("name"), hit.end("name"), 0.6))
    return found


def _after_cue(sentence: Sentence, hit: re.Match[str]) -> Iterator[_Name]:
    """The names that follow "also looking at"; what they use today only where it is not the tool that stays."""
    using = bool(cue.CURRENT_USE.fullmatch(hit.group().lower()))
    today = re.search(r"\b(?:currently|incumbent|today|now|still|already)", hit.group().lower())
    if using and (not today or _STAYS.search(sentence.low)):
        return
    at = hit.end()
    for _ in range(3):
        name = cue.VENDOR_NAME.match(sentence.text, at)
        if not name or not _vendor(name.group("name")):
            return
        yield name.group("name"), name.start("name"), name.end("name"), 0.45 if using else 0.72
        follow = re.match(r"(?:, and |, | and | or | & )", sentence.text[name.end() :])
        if not follow:
            return
        at = name.end() + follow.end()


_NO_VENDOR = frozenset(
    "alternative alternatives option options vendor vendors plan solution tool someone something internal".split()
)


def _vendor(name: str) -> bool:
    words = name.split()
    return (
        bool(words)
        and words[0].lower().strip(".") not in NOT_A_NAME | _NO_VENDOR
        and not TITLE_WORD.fullmatch(name)
        and len(name) > 1
        and not name.lower().startswith(("q1", "q2", "q3", "q4"))
    )


def _ours(reading: Reading) -> set[str]:
    context = reading.context
    names = [context.our_company, context.account_name, *(each.company for each in reading.cast.people)]
    return {company_name(name) for name in names if name} | {
        company_name(name).split()[0] for name in names if name and company_name(name)
    }
