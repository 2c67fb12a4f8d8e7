"""Which company the buyer works for, in the text's own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gangly_tui.domain.draft import ContactMention, Side
from gangly_tui.domain.identity import company_domain, company_name
from gangly_tui.intelligence.offline.lexicon import NOT_A_NAME, TITLE_WORD
from gangly_tui.intelligence.offline.passages import Block
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.self_named import is_numbered

ORG = r"(?=[^ ]{0,20}[A-Za-z])[A-Z0-9][\w&.'-]*(?: (?:[A-Z][\w&.'-]*|&|and(?= [A-Z]))){0,3}"
"""A pattern for a company's name: capitalised words."""

_COMPANY = re.compile(
    rf"\b(?:call|meeting|chat|demo|discovery|intro|spoke|talked|met|kick-?off|visit|workshop|lunch|"
    rf"sync)\b[^.\n]{{0,40}}?\s(?:with|w/|to|at|for|@)\s(?:(?:[A-Z][a-z]+ ){{0,2}}(?:at|from|@|"
    rf"of)\s)?(?P<org>{ORG})"
)
_AT_COMPANY = re.compile(
    rf"\b(?:here at|over at|work(?:s|ing)? (?:at|for)|folks at|team at|people at|how (?:this|it|"
    rf"\w+) (?:would|could|might) (?:work|look) (?:for|at)|specifically for)\s"
    rf"(?P<org>{ORG})"
)
_ITS_MEETING = re.compile(rf"\b(?:the|with|after|our)\s(?P<org>{ORG})\s(?:call|meeting|visit|demo|session)\b")
_RUNS_AT = re.compile(
    rf"\b(?:I|[Ss]he|[Hh]e|who)\s(?:also\s)?(?:run|head|lead|manage|own|"
    rf"look after)s?\s(?:[\w&-]+\s){{1,4}}?(?:at|for)\s(?P<org>{ORG})"
)
_BEHIND_DASH = re.compile(rf"[^|\u2013\u2014]{{3,60}}\s[-|\u2013\u2014]\s(?P<org>{ORG})[\s*]*$")
_TITLE_ORG = re.compile(rf"^[#\s*]*(?P<org>{ORG})\s?(?:[-\u2013\u2014,:|/]|$)")
_CALL_WORD = re.compile(
    r"\b(?:call|meeting|transcript|demo|discovery|intro|follow|cold|closing|pricing|renewal|review|sync|notes?|"
    r"check|chat|"
    r"kick|sales|debrief|handover|pitch|visit|outreach|webinar|onboarding|qbr|weekly|monthly|quarterly|account|project|team|product|negotiation)\b",
    re.I,
)
_SUFFIX = re.compile(
    rf"\b(?P<org>{ORG},?\s(?:Inc|LLC|Ltd|GmbH|Corp|Corporation|Limited|PLC|AG|BV|SA|S\.A|S\.p\.A|S\.L|A/S|AB|Oy|"
    rf"Sp\. z o\.o))\b\.?"
)


def same_company(one: str, other: str) -> bool:
    a, b = company_name(one), company_name(other)
    return bool(a and b) and (a == b or a.startswith(b) or b.startswith(a))


@dataclass(slots=True)
class _Votes:
    """Names with weights. Our own company and people's names get none."""

    reading: Reading
    weights: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, weight: float) -> None:
        name = name.strip(" .,;:*_-")
        key = company_name(name)
        if not key or len(name) >= 60 or name.split()[0].lower() in NOT_A_NAME or key in self._ours():
            return
        if self.reading.cast.named(name) is None:
            self.weights[name] = self.weights.get(name, 0) + weight

    def _ours(self) -> set[str]:
        ours = [each.company for each in self.reading.cast.people if each.side is Side.REP]
        return {company_name(each) for each in (self.reading.context.our_company, *ours) if each}

    def winner(self) -> str | None:
        best = sorted(self.weights.items(), key=lambda item: (-item[1], self.reading.text.find(item[0])))
        if not best or best[0][1] < 2:
            return None
        tie = len(best) > 1 and best[0][1] == best[1][1] and not same_company(best[0][0], best[1][0])
        return None if tie else best[0][0]


def find_company(reading: Reading, named: Iterable[str] = ()) -> str | None:
    """The buyer's company: the meeting's account, else the header, the people's companies and domains, else talk.

    `named` are companies that introductions in the text named.
    """
    text, account = reading.text, reading.context.account_name
    if account:
        at = text.lower().find(account.lower())
        return text[at : at + len(account)] if at >= 0 and len(text.lower()) == len(text) else account
    votes = _Votes(reading)
    for key in ("company", "account", "acct", "customer", "client", "prospect"):
        if value := reading.source.header.text(text, key):
            votes.add(value.split("(")[0], 6)
    buyers = [each for each in reading.cast.people if each.side is Side.BUYER]
    for person in buyers:
        votes.add(person.company, 5)
    without_mail = (
        re.sub(r"\S+@\S+", lambda hit: " " * len(hit.group()), text) if any(each.email for each in buyers) else ""
    )
    for domain in sorted({company_domain(each.email) for each in buyers if each.email} - {""}):
        spelt = re.escape(domain.split(".")[0]).replace(r"\-", r"[ -]")
        hit = re.search(rf"\b{spelt}\b(?!\.)", without_mail, re.I)
        if hit:
            votes.add(text[hit.start() : hit.end()], 4)
    for name in named:
        votes.add(name, 3)
    if not votes.weights:
        _from_talk(reading, votes)
    return votes.winner()


def _from_talk(reading: Reading, votes: _Votes) -> None:
    heading = reading.source.header.heading
    for sentence in reading.sentences[:40]:
        if sentence.block not in (Block.SPEECH, Block.NOTE):
            continue
        met = () if sentence.side is Side.BUYER and sentence.block is Block.SPEECH else ((_COMPANY, 2.0),)
        for pattern, weight in (
            *met,  # whom a buyer met with is another vendor as likely
            (_AT_COMPANY, 1.0),
            (_SUFFIX, 1.5),
            (_ITS_MEETING, 2.0),
            (_RUNS_AT, 2.0),
        ):
            for hit in pattern.finditer(sentence.text):
                if not TITLE_WORD.search(hit.group("org")) and not _acts(hit.group("org"), reading.text):
                    votes.add(hit.group("org"), weight + (1 if sentence.index < 3 else 0))
    if (
        heading is None
        and reading.sentences
        and reading.sentences[0].block is Block.NOTE
        and len(reading.sentences[0].text) < _TITLE
    ):
        first = reading.sentences[0]
        heading = (first.start, first.end)
    if heading and (met_with := _met_with(reading, reading.text[heading[0] : heading[1]])):
        votes.add(met_with, 3)
    if heading and (alone := _alone(reading.text[heading[0] : heading[1]], reading.text)):
        votes.add(alone, 2.5)
    title = _TITLE_ORG.match(reading.text[heading[0] : heading[1]]) if heading else None
    if title and not _CALL_WORD.search(title.group("org")) and not TITLE_WORD.search(title.group("org")):
        votes.add(title.group("org"), 3)
    behind = _BEHIND_DASH.match(reading.text[heading[0] : heading[1]]) if heading else None
    led = behind.group()[: behind.start("org") - behind.start()] if behind else ""
    if behind and _CALL_WORD.search(led) and not _CALL_WORD.search(behind.group("org")):
        votes.add(behind.group("org"), 3)
    if heading and (named := _COMPANY.search(reading.text[heading[0] : heading[1]])):
        votes.add(named.group("org"), 3)


_TITLE = 90
_NO_ORG = frozenset(
    "debrief handover pitch visit minutes memo wed mon tue thu fri sat sun recap summary cs csm re fwd first "
    "second third new "
    "site next steps q1 q2 q3 q4 jan feb mar apr jun jul aug sep sept oct nov dec".split()
)


def _alone(title: str, text: str) -> str:
    """The one name a title holds beside the words for the call and its day, unless the text has it act as a person."""
    runs: list[str] = []
    for hit in re.finditer(ORG, re.sub(r"\([^)]*\)", "|", title)):
        words = hit.group().split()
        while words and _said_of_calls(words[0]):
            words.pop(0)
        while words and _said_of_calls(words[-1]):
            words.pop()
        if words:
            runs.append(" ".join(words))
    if len(runs) != 1 or not _CALL_WORD.search(title) or _OF_PEOPLE.search(title):
        return ""
    return "" if _acts(runs[0], text) else runs[0]


def _acts(name: str, text: str) -> bool:
    """Whether the text has a name do what people do, or calls it somebody's brother or boss."""
    first = re.escape(name.split(maxsplit=1)[0])
    verbs = (
        r"said|says|wants?|will|to|is|has|asked|likes?|needs?|signs?|thinks?|also|looks?|runs|decides?|handles?|can|could|"
        r"would|and (?:i|I|me)\b|-+>"
    )
    kin = r"brother|sister|wife|husband|father|mother|son|daughter|colleague|boss|partner|assistant"
    return bool(re.search(rf"\b{first}\s(?:{verbs})|\b(?:{kin}),?\s{first}\b", text))


_WITH = re.compile(
    rf"(?i:\b(?:call|meeting|chat|demo|discovery|intro|visit|workshop|lunch|sync|review|session|kick-?off)\b"
    rf"[^.,\n]{{0,20}}?\s(?:with|w/)\s)(?P<org>{ORG})(?=[\s,.;:|(-]|$)"
)
_ORG_NOUN = re.compile(
    r"&|\b(?:Inc|LLC|Ltd|GmbH|Group|Holdings?|Partners|Associates|Bank|Insurance|Logistics|Freight|Foods?|Dairy|Farms?|"
    r"Energy|Power|Water|Council|Schools?|University|College|Hospitals?|Clinics?|Dental|Medical|Health|Pharma|Hotels?|"
    r"Systems|Software|Labs?|Technolog\w+|Industries|Manufacturing|Engineering|Construction|Architects|Motors|Airlines?|"
    r"Marine|Shipping|Textiles|Retail|Stores?|Media|Studios?|Services|Solutions|Consulting|Trust|Foundation|Works|"
    r"Maschinenbau|Bodegas|Breweries|Brewing|Bakery|Kitchens|Fitness|Capital|Ventures|Networks?|Telecom|Mobility)\b"
)
"""Words that companies' names have and people's have not."""


def _met_with(reading: Reading, title: str) -> str:
    """The company in "Call with Bodegas Arrieta"; a person's name stands in the same place."""
    found = _WITH.search(title)
    name = found.group("org") if found else ""
    if not name or _CALL_WORD.search(name):
        return ""
    if any(reading.cast.named(word) for word in name.split()) and not _ORG_NOUN.search(name):
        return ""
    unnamed = any(is_numbered(label) for label in reading.source.speakers) or reading.source.form != "speech"
    return "" if _acts(name, reading.text) or (unnamed and not _ORG_NOUN.search(name)) else name


_OF_PEOPLE = re.compile(r"\b(?:spoke|talked|met|with|from|and|me)\b|w/|\+", re.I)


def _said_of_calls(word: str) -> bool:
    low = word.lower().strip(".,:&")
    return not low or low in _NO_ORG or low in NOT_A_NAME or bool(_CALL_WORD.fullmatch(low))


def with_company(contacts: list[ContactMention], company: str | None) -> list[ContactMention]:
    """Contacts whose quote names the company carry it; the others carry what they said themselves."""
    return [
        replace(each, company=company) if company and not each.company and company in each.evidence.text else each
        for each in contacts
    ]
