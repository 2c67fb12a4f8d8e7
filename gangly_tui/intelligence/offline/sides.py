"""Who belongs to whom: every speaker's side, from profile, attendees, domains, header and, last, the way they talk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gangly_tui.domain.draft import ReadingContext, Side
from gangly_tui.domain.identity import FREE_MAIL
from gangly_tui.intelligence.offline.headers import Participant
from gangly_tui.intelligence.offline.lexicon import ROLE_SPEAKERS_BUYER, ROLE_SPEAKERS_REP, SELLER_TITLE
from gangly_tui.intelligence.offline.passages import Block
from gangly_tui.intelligence.offline.self_named import is_numbered, own_name
from gangly_tui.intelligence.offline.side_signs import seller_of
from gangly_tui.intelligence.offline.sources import Source

_PITCH = re.compile(
    r"\b(?:our (?:platform|product|solution|software|customers|clients|pricing|implementation "
    r"team)|(?:we|our team) (?:built|help|work with|integrate|offer|typically|include|see this)|"
    r"thanks for (?:making|taking|joining|hopping|your) (?:the )?(?:time|on)?|how are you "
    r"(?:currently|handling)|walk you through|show you|what's your (?:budget|timeline|process)|"
    r"i'll send (?:you |over )|send you (?:a|the|over)|case stud|free trial|reached? out|i saw "
    r"(?:that )?you|teams (?:like|your size)|our clients|tell me (?:more )?about|"
    r"what (?:would|does) success|who else (?:needs|is)|does that make sense|i'd love to|"
    r"what (?:made|happens|would|do you|have you|did you|are you|else|was|changes)|how (?:do|are|many|would|"
    r"have) you|walk me "
    r"through|where are (?:we|you)|anything else|could i|would it (?:help|make sense)|following up|you "
    r"mentioned|on your (?:end|side)|your (?:team|reps|workflows?|current)|"
    r"who (?:signs|decides|approves|else|has to)|when would you (?:like|want)|(?:i'll|i will|let me) (?:send|"
    r"get|prepare|"
    r"put together|set up|correct) (?:you |the |a |an |that |them )|what (?:do|would) you need|thanks for the tour|"
    r"are you looking at|have you looked|how would you (?:decide|like)|thank you (?:for|both)|does that work for you|"
    r"(?:we|you) (?:could|can) start with|what does .{0,30} look like|the (?:proposal|quote|offer|deck) i sent|"
    r"i can show|"
    r"we do that for|i(?:'d| would) suggest|as promised)\b"
)
_BUYS = re.compile(
    r"\b(?:how much|what(?:'s| is| does) (?:the|it|your) (?:price|cost|investment|pricing|catch)|"
    r"what's (?:the|your) (?:cancellation|payment|implementation)|we(?:'re| are) (?:currently |"
    r"also )?(?:using|on|looking|evaluating|struggling)|"
    r"our (?:reps|budget|cfo|ceo|cto|cio|board|vp|legal|procurement|current|last|pipeline|sales "
    r"team|process|it team|security team)|send (?:me|us|it over|that over|those over)|does it|do "
    r"you (?:support|offer|integrate|have)|"
    r"can we do|we (?:use|tried|need|have|lose|spend|went|did a)|your (?:proposal|pricing|price|"
    r"product|platform|quote|solution)|how (?:does|do) (?:it|you)|i need to run|my (?:boss|vp|ceo|"
    r"cfo|team)|(?:send|share|get|forward) (?:me |us |over )?(?:the |your |a |an )?(?:dpa|pricing|proposal|quote|"
    r"contract|msa|soc ?2|security|case stud\w+|references?|deck|order form|price list)|you (?:said|told us|quoted|"
    r"promised|offered)|(?:i|we)(?:'ll| will)? sign\b|(?:i|we) (?:recommend|choose)|our (?:cold|own|people|lawyer|side|"
    r"planner|plant|stores?|customers?|engineers|staff|clinic|office|director|managers?)|we replan|we wrote|"
    r"(?:get|send) us|"
    r"(?:that|it) is mine to sign|my (?:number|team|engineers|one worry|people)|can you get (?:me|us)|we(?:'d| "
    r"would) like "
    r"(?:this|to have|it)|we lost|we pay|it costs us|cost us)\b"
)


_HONORIFICS = frozenset("dr dr. mr mr. mrs mrs. ms ms. prof prof. professor sir madam herr frau".split())


def first_name(name: str) -> str:
    """The first name, lower case, without "Dr." before it."""
    words = name.lower().split()
    return next((word for word in words if word not in _HONORIFICS), words[0] if words else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the call. `start` and `end` are the offsets of the words that name them, -1 when none do."""

    name: str
    title: str = ""
    company: str = ""
    email: str = ""
    side: Side = Side.UNKNOWN
    start: int = -1
    end: int = -1

    @property
    def first(self) -> str:
        """The first name, lower case."""
        return first_name(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The people of a call and who each speaker's label stands for."""

    people: tuple[Person, ...]
    labels: dict[str, Person]
    rep: str = ""

    def side(self, label: str) -> Side:
        """The side of a speaker's label."""
        person = self.labels.get(label)
        return person.side if person else Side.UNKNOWN

    def full_name(self, label: str) -> str:
        """The longest name known for a label."""
        person = self.labels.get(label)
        return person.name if person else label

    def named(self, word: str) -> Person | None:
        """The one person with this first, last or full name; None when nobody or several have it."""
        low = word.lower().removesuffix("'s")
        hits = [each for each in self.people if low == each.name.lower() or low in each.name.lower().split()]
        return hits[0] if len(hits) == 1 else None


def read_cast(source: Source, context: ReadingContext) -> Cast:
    """Decide every speaker's side. Unknown stays unknown: nothing is filled from such a speaker."""
    people = [_participant(each) for each in source.header.participants]
    people = _settle(people, context, source)
    for author in source.authors:
        if author.name or author.email:
            name = author.name or author.email
            if not any(_same(each, name, author.email) for each in people):
                side = _mail_side(author.email, context, name)
                people.append(
                    Person(
                        name=name,
                        email=author.email,
                        side=side,
                        start=author.start,
                        end=author.end,
                    )
                )
    for attendee in context.attendees:
        if attendee.resource:
            continue
        name = attendee.name or ""
        side = _mail_side(attendee.email, context, name)
        known = next((at for at, each in enumerate(people) if _same(each, name, attendee.email)), None)
        if known is not None:
            old = people[known]
            full = name if name and old.name.lower() in name.lower() else old.name
            settled = old.side if old.side is not Side.UNKNOWN else side
            people[known] = replace(old, name=full, email=old.email or attendee.email, side=settled)
        elif name or attendee.email:
            people.append(Person(name=name or attendee.email, email=attendee.email, side=side))
    labels = {label: _who(label, people, context) for label in source.speakers}
    labels = _by_talk(
        source, {label: _introduced(source, label, each, context) for label, each in labels.items()}, context
    )
    listed = {id(each) for each in people}
    spoken = [each for each in labels.values() if id(each) not in listed]
    final = [_update(each, labels) for each in people]
    everyone = tuple(dict.fromkeys([*final, *(each for each in spoken if each not in final)]))
    rep = context.rep_name or next((each.name for each in everyone if each.side is Side.REP), "")
    return Cast(people=everyone, labels=labels, rep=rep)


def with_sides(source: Source, cast: Cast) -> Source:
    """The source with every passage's side."""
    return source.with_passages(
        replace(each, side=cast.side(each.speaker)) if each.speaker else each for each in source.passages
    )


def _participant(each: Participant) -> Person:
    return Person(
        name=each.name,
        title=each.title,
        company=each.company,
        email=each.email,
        start=each.start,
        end=each.end,
        side=Side.REP
        if each.key.split()[:1] in (["rep"], ["seller"], ["ae"], ["host"])
        else Side.BUYER
        if each.key.split()[:1] in (["customer"], ["client"], ["prospect"])
        else Side.UNKNOWN,
    )


def _settle(people: list[Person], context: ReadingContext, source: Source) -> list[Person]:
    """Sides of the header's people: profile, mail, company and title; then the same company, the same side."""
    ours = context.our_company.lower()
    settled = []
    for each in people:
        side = each.side
        if (side is Side.UNKNOWN and _is_rep(each.name, each.email, context)) or (
            side is Side.UNKNOWN
            and each.company
            and ours
            and (ours in each.company.lower() or each.company.lower() in ours)
        ):
            side = Side.REP
        elif side is Side.UNKNOWN and each.email:
            side = _mail_side(each.email, context, each.name)
        settled.append(replace(each, side=side))
    if settled and not any(each.side is Side.REP for each in settled):
        sellers = [each for each in settled if SELLER_TITLE.search(each.title) and each.side is Side.UNKNOWN]
        companies = {each.company.lower() for each in sellers}
        if sellers and len(companies) == 1 and len(sellers) < len(settled):
            settled = [replace(each, side=Side.REP) if each in sellers else each for each in settled]
    settled = _colleagues(_by_deeds(settled, source))
    rep_companies = {each.company.lower() for each in settled if each.side is Side.REP and each.company}
    result = []
    for each in settled:
        side = each.side
        if side is Side.UNKNOWN and each.company:
            if each.company.lower() in rep_companies:
                side = Side.REP
            elif rep_companies or any(other.side is Side.REP for other in settled):
                side = Side.BUYER
        result.append(replace(each, side=side))
    return result


def _by_deeds(people: list[Person], source: Source) -> list[Person]:
    """With no other sign, of two companies the one whose people sell is ours; with none of that either, in a transcript
    whoever the header lists first is the host: the rep."""
    companies = list(dict.fromkeys(each.company.lower() for each in people if each.company))
    open_sides = all(each.side is Side.UNKNOWN for each in people)
    if not people or not open_sides or len(companies) != 2:
        return people
    ours = seller_of(source.masked[source.header.end :], [(each.first, each.company.lower()) for each in people])
    if ours is None and source.form == "speech":
        ours = people[0].company.lower()
    return [replace(each, side=Side.REP) if ours and each.company.lower() == ours else each for each in people]


def _colleagues(people: list[Person]) -> list[Person]:
    """Beside a rep whose company the header leaves out, somebody else without one, where the guests have theirs."""
    rep = next((at for at, each in enumerate(people) if each.side is Side.REP and not each.company), None)
    guests = sum(bool(each.company) for each in people)
    if rep is None or guests + 1 >= len(people):
        return people
    return [
        replace(each, side=Side.REP)
        if each.side is Side.UNKNOWN
        and not each.company
        and not each.email
        and abs(at - rep) == 1
        and guests >= (1 if each.title else _GUESTS)
        else each
        for at, each in enumerate(people)
    ]


_GUESTS = 2


def _is_rep(name: str, email: str, context: ReadingContext) -> bool:
    if email and context.rep_email and email.lower() == context.rep_email.lower():
        return True
    low, rep = name.lower().strip(), context.rep_name.lower().strip()
    return bool(low and rep) and (
        low == rep
        or (len(low.split()) == 1 and low == rep.split()[0])
        or (len(rep.split()) == 1 and rep == low.split()[0])
    )


def _mail_side(email: str, context: ReadingContext, name: str) -> Side:
    if _is_rep(name, email, context):
        return Side.REP
    host, ours = email.rpartition("@")[2].lower(), context.rep_email.rpartition("@")[2].lower()
    if host and ours and host == ours and host not in FREE_MAIL:
        return Side.REP
    if context.our_company and host.split(".")[0] == re.sub(r"\W", "", context.our_company.lower()):
        return Side.REP
    known = name and name.lower() in (each.lower() for each in context.known_contacts)
    return Side.BUYER if known or (host and (ours or context.rep_name)) else Side.UNKNOWN


def _same(person: Person, name: str, email: str) -> bool:
    if email and person.email:
        return email.lower() == person.email.lower()
    mine, other = ([word for word in each.lower().split() if word not in _HONORIFICS] for each in (person.name, name))
    if not mine or not other:
        return False
    return mine == other or (mine[0] == other[0] and 1 in (len(mine), len(other)))


def _who(label: str, people: Iterable[Person], context: ReadingContext) -> Person:
    low = label.lower()
    if low in ROLE_SPEAKERS_REP:
        return Person(name=context.rep_name or label, side=Side.REP)
    if low in ROLE_SPEAKERS_BUYER:
        return Person(name=label, side=Side.BUYER)
    everyone = list(people)
    exact = [each for each in everyone if each.name.lower() == low or (each.email and each.email.lower() == low)]
    loose = exact or [
        each
        for each in everyone
        if first_name(label) == each.first and (len(label.split()) == 1 or len(each.name.split()) == 1)
    ]
    loose = loose or [each for each in everyone if low == each.name.lower().split()[-1]]
    if len(loose) == 1:
        return loose[0] if len(loose[0].name) >= len(label) else replace(loose[0], name=label)
    if len(loose) > 1:
        sides = {each.side for each in loose}
        return Person(name=label, side=sides.pop() if len(sides) == 1 else Side.UNKNOWN)
    if _is_rep(label, "", context):
        return Person(name=context.rep_name, side=Side.REP)
    close = _misspelt(label, everyone)
    if close:
        return close
    known = any(low == each.lower() or low == each.lower().split()[0] for each in context.known_contacts if each)
    return Person(name=label, side=Side.BUYER if known else Side.UNKNOWN)


def _introduced(source: Source, label: str, person: Person, context: ReadingContext) -> Person:
    """A numbered speaker under the name they give themselves."""
    if person.name.lower() != label.lower() or not is_numbered(label):
        return person
    said = own_name(source, label, context.rep_name)
    if said is None:
        return person
    name, start, end = said
    if _is_rep(name, "", context):
        return Person(name=context.rep_name, side=Side.REP)
    return replace(person, name=name, start=start, end=end)


def _misspelt(label: str, people: list[Person]) -> Person | None:
    """The one attendee whose name a recogniser may have written this way."""
    if len(label) < 4:
        return None
    from rapidfuzz.distance import JaroWinkler

    def alike(one: str, other: str) -> bool:
        near = JaroWinkler.normalized_similarity(one, other)
        return near >= _SPELT_ALIKE or (near >= _AT_LEAST and sound(one) == sound(other))

    said = label.lower().split()
    close = [
        each
        for each in people
        if " " in each.name
        and len(said) == len(each.name.split())
        and all(alike(*pair) for pair in zip(said, each.name.lower().split(), strict=True))
    ]
    return close[0] if len(close) == 1 else None


_SPELT_ALIKE, _AT_LEAST = 0.9, 0.4
_SOUNDS = (
    ("sch", "s"), ("sh", "s"), ("ph", "f"), ("bh", "v"), ("gh", ""), ("th", "t"), ("ck", "k"), ("ch", "k"), ("qu", "k"),
    ("wr", "r"), ("kn", "n"), ("mc", "mk"), ("mac", "mk"), ("x", "s"), ("z", "s"), ("c", "k"), ("q", "k"), ("w", "v"),
    ("j", "g"), ("dg", "g"), ("d", "t"), ("b", "p"),
)  # fmt: skip


def sound(name: str) -> str:
    """A name's consonants as they sound: "siobhan" and "shivon", "kelleher" and "keleher" are one."""
    low = name.lower()
    for spelt, spoken in _SOUNDS:
        low = low.replace(spelt, spoken)
    kept = low[:1].translate(str.maketrans("eiouy", "aaaaa")) + re.sub(r"[aeiouyh\W]", "", low[1:])
    return re.sub(r"(.)\1+", r"\1", kept)


_CLEAR_LEAD = 2
"""By how many signs one of several speakers must sound more like a seller than the others to be taken for the rep."""


def _by_talk(source: Source, labels: dict[str, Person], context: ReadingContext) -> dict[str, Person]:
    """Sides of the speakers nothing else told: how they talk, and that a call has two sides."""
    open_labels = [label for label, person in labels.items() if person.side is Side.UNKNOWN]
    if not open_labels:
        return labels
    score: dict[str, int] = dict.fromkeys(labels, 0)
    for passage in source.passages:
        if passage.block is Block.SPEECH and passage.speaker in score:
            low = source.masked[passage.start : min(passage.end, passage.start + 2000)].lower().replace("\u2019", "'")
            score[passage.speaker] += len(_PITCH.findall(low)) - len(_BUYS.findall(low))
    sides = {person.side for person in labels.values()}
    result = dict(labels)
    if len(open_labels) == 1 and len(labels) == 2:
        other = next(iter(sides - {Side.UNKNOWN}), None)
        if other:
            result[open_labels[0]] = replace(labels[open_labels[0]], side=Side.BUYER if other is Side.REP else Side.REP)
            return result
    best = max(open_labels, key=lambda label: score[label])
    if Side.REP not in sides and len(labels) > 1:
        others = [score[label] for label in labels if label != best]
        lead = _CLEAR_LEAD if len(others) > 1 else 1
        if score[best] - max(others) >= lead and (score[best] > 0 or max(others) < 0):
            result[best] = replace(labels[best], side=Side.REP)
            open_labels.remove(best)
    has_rep = any(person.side is Side.REP for person in result.values())
    for label in open_labels:
        if score[label] <= (1 if context.rep_name else 0) and has_rep:
            result[label] = replace(labels[label], side=Side.BUYER)
        elif score[label] >= 3 and has_rep:
            result[label] = replace(labels[label], side=Side.REP)
    return result


def _update(person: Person, labels: dict[str, Person]) -> Person:
    for each in labels.values():
        if each.start == person.start and each.end == person.end and _same(each, person.name, person.email):
            return each
    return person
