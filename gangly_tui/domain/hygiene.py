"""Hygiene: what a deal lacks, how much money that puts at risk, and the question that would close the gap.

Pure: equal facts give equal gaps. A field that was not read is no gap. Amounts of different currencies are never added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from statistics import median

from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

QUIET_DAYS = 21
"""A deal that nobody touched for so long is quiet."""
STAGE_DAYS = 60
"""Days in one stage that are long, where too few deals have left it to know better."""
ENOUGH = 5
"""Deals that left a stage before their median says what is usual there."""
PAUSE_DAYS = 30
"""For how long a gap is "not applicable" unless somebody says otherwise."""

_LATER: tuple[tuple[str, ...], ...] = (("close_date",), ("amount", "pain"), ("economic_buyer", "decision_process"))
"""What has to be known from the first, the middle and the last third of the ladder on, unless the page says it."""


class GapKind(StrEnum):
    """What is wrong. The value begins the gap's key."""

    OVERDUE = "close date passed"
    NEXT_STEP = "no next step"
    QUIET = "no activity"
    STAGE = "stage old"
    THREAD = "single-threaded"
    BOUNCED = "bounced"
    FIELD = "field"
    CONTACT = "contact"


_WEIGHT: Mapping[GapKind, Decimal] = {
    GapKind.OVERDUE: Decimal("0.50"),
    GapKind.QUIET: Decimal("0.35"),
    GapKind.NEXT_STEP: Decimal("0.30"),
    GapKind.STAGE: Decimal("0.30"),
    GapKind.THREAD: Decimal("0.25"),
    GapKind.BOUNCED: Decimal("0.20"),
    GapKind.FIELD: Decimal("0.20"),
    GapKind.CONTACT: Decimal("0.03"),
}
"""The share of a deal's money that one such gap puts at risk: what loses deals first, what is untidy last."""

_QUESTIONS: Mapping[str, str] = {
    "amount": "Which scope are we pricing: how many people, which modules?",
    "close_date": "When do you need this live, and what has to be signed before?",
    "next_step": "What has to happen next, and by when?",
    "economic_buyer": "Who signs for a purchase of this size?",
    "decision_process": "Who has to say yes, in which order?",
    "decision_criteria": "What will the options be compared on?",
    "budget": "Is there a budget for this, and for which period?",
    "pain": "What happens if you leave things as they are?",
    "competitor": "What else are you looking at?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that a deal lacks. `key` names it within the deal; `ref` is the record that would be filled.

    `field` is what a value would go into, "" where no single field closes it. `words` and `question` are raw text.
    """

    key: str
    kind: GapKind
    ref: RecordRef
    field: str
    words: str
    question: str

    @property
    def weight(self) -> Decimal:
        """The share of the deal's money that it puts at risk."""
        return _WEIGHT[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What counts as a gap here. `required` is by stage, casefolded; `stages` are the open ones in their order.

    `usual` are the days deals stayed in a stage, by stage, casefolded: known from those that left it.
    """

    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    usual: Mapping[str, int] = field(default_factory=dict)
    quiet_days: int = QUIET_DAYS
    stage_days: int = STAGE_DAYS

    def required_at(self, stage: str) -> tuple[str, ...]:
        """The fields a deal must have in this stage: what the page says, else by how far up the ladder it stands."""
        named = self.required.get(stage.casefold())
        if named is not None:
            return named
        ladder = [each.casefold() for each in self.stages]
        if stage.casefold() not in ladder:
            return ()
        third = ladder.index(stage.casefold()) * len(_LATER) // len(ladder)
        return tuple(name for names in _LATER[: third + 1] for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class DealFacts:
    """What the store knows of one deal. `touched` is the newest contact with anybody on it, by CRM or mail.

    `bounced` are the mailboxes on the deal that sent the rep's last mail back.
    """

    deal: Record
    contacts: tuple[Record, ...] = ()
    touched: datetime | None = None
    open_tasks: int = 0
    bounced: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    """keys of gaps that are not applicable now"""
    asked: frozenset[str] = frozenset()
    """keys of gaps that are a question in the next brief"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DealHealth:
    """A deal with its gaps. `severity` is a share, `at_risk` that share of its amount (None: no amount)."""

    deal: Record
    gaps: tuple[Gap, ...]
    severity: Decimal
    amount: Decimal | None
    at_risk: Decimal | None
    currency: str
    stage: str
    days_in_stage: int | None
    touched: datetime | None
    asked: frozenset[str]
    paused: int

    @property
    def serious(self) -> bool:
        """Whether it lacks more than somebody's title, phone or address: what the gap rate counts."""
        return any(each.kind is not GapKind.CONTACT for each in self.gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSum:
    """The open deals of one stage in one currency; `with_gaps` are those with a serious one."""

    stage: str
    currency: str
    deals: int
    with_gaps: int
    gaps: int
    amount: Decimal
    at_risk: Decimal


def judge(facts: DealFacts, rules: Rules, today: date) -> DealHealth:
    """The deal with its gaps, the worst first; those that are not applicable now are only counted."""
    deal = facts.deal
    found = [*_of_deal(facts, rules, today), *_of_people(facts)]
    gaps = tuple(sorted((each for each in found if each.key not in facts.paused), key=lambda each: -each.weight))
    left = Decimal(1)
    for each in gaps:
        left *= 1 - each.weight
    amount = deal.fields.get("amount")
    amount = amount if isinstance(amount, Decimal) and amount.is_finite() else None
    since = deal.fields.get("stage_since")
    return DealHealth(
        deal=deal,
        gaps=gaps,
        severity=(1 - left).quantize(Decimal("0.001")),
        amount=amount,
        at_risk=None if amount is None else (amount * (1 - left)).quantize(Decimal(1)),
        currency=deal.text("currency"),
        stage=deal.text("stage"),
        days_in_stage=(today - since).days if isinstance(since, date) else None,
        touched=facts.touched,
        asked=facts.asked & {each.key for each in gaps},
        paused=len(found) - len(gaps),
    )


def _of_deal(facts: DealFacts, rules: Rules, today: date) -> Iterable[Gap]:
    deal, ref = facts.deal, facts.deal.ref
    fields, stage = deal.fields, deal.text("stage")
    close, since = fields.get("close_date"), fields.get("stage_since")

    def gap(kind: GapKind, words: str, question: str, name: str = "", key: str = "") -> Gap:
        return Gap(key=key or kind.value, kind=kind, ref=ref, field=name, words=words, question=question)

    if isinstance(close, date) and close < today:
        late = _days((today - close).days)
        yield gap(GapKind.OVERDUE, f"close date passed {late} ago ({close})", _QUESTIONS["close_date"], "close_date")
    if "next_step" in fields and _empty(fields["next_step"]) and not facts.open_tasks:
        yield gap(GapKind.NEXT_STEP, "no next step and no open task", _QUESTIONS["next_step"], "next_step")
    if facts.touched is None:
        yield gap(GapKind.QUIET, "no activity is known", "Is this still a priority for you this quarter?")
    elif (quiet := (today - facts.touched.date()).days) > rules.quiet_days:
        yield gap(GapKind.QUIET, f"no activity for {_days(quiet)}", "Is this still a priority for you this quarter?")
    usual = rules.usual.get(stage.casefold())
    if isinstance(since, date) and (stood := (today - since).days) > (usual or rules.stage_days):
        than = f"deals usually leave it after {_days(usual)}" if usual else f"more than {_days(rules.stage_days)}"
        words = f"in {stage} for {_days(stood)}: {than}"
        yield gap(GapKind.STAGE, words, "What keeps this from going on to the next step?", "stage")
    if "contacts" in fields and len(deal.ids("contacts")) < 2:
        words = "only one person on the deal" if deal.ids("contacts") else "nobody on the deal"
        yield gap(GapKind.THREAD, words, "Who else has a say in this, and may we bring them in?")
    for name in rules.required_at(stage):
        if name in fields and _empty(fields[name]):
            label = name.replace("_", " ")
            question = _QUESTIONS.get(name, f"What do we put down as the {label}?")
            key = f"{GapKind.FIELD.value}:{name}"
            yield gap(GapKind.FIELD, f"{label} is empty, required in {stage}", question, name, key)


def _of_people(facts: DealFacts) -> Iterable[Gap]:
    for person in facts.contacts:
        email = mailbox(person.text("email"))
        if email and email in facts.bounced:
            yield Gap(
                key=f"{GapKind.BOUNCED.value}:{person.ref.id}",
                kind=GapKind.BOUNCED,
                ref=person.ref,
                field="email",
                words=f"mail to {person.title} came back",
                question=f"Where do we reach {person.title} now?",
            )
        for name in ("title", "phone", "email"):
            if name in person.fields and _empty(person.fields[name]):
                word = "e-mail" if name == "email" else name
                yield Gap(
                    key=f"{GapKind.CONTACT.value}:{person.ref.id}:{name}",
                    kind=GapKind.CONTACT,
                    ref=person.ref,
                    field=name,
                    words=f"{person.title or 'a contact'} has no {word}",
                    question=_person_question(name, person.title),
                )


def _person_question(name: str, who: str) -> str:
    who = who or "our contact"
    if name == "title":
        return f"What is {who}'s role?"
    return f"What is the best {'number' if name == 'phone' else 'address'} for {who}?"


def _empty(value: Value) -> bool:
    return value in (None, "", ())


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def ranked(deals: Iterable[DealHealth], home: str) -> list[DealHealth]:
    """By money at risk within each currency: the home currency first, then the others; deals without an amount last."""
    found = list(deals)
    often: dict[str, int] = {}
    for each in found:
        if each.amount is not None:
            often[each.currency] = often.get(each.currency, 0) + 1

    def place(each: DealHealth) -> tuple[object, ...]:
        known = each.at_risk is not None
        group = (each.currency != home, -often.get(each.currency, 0), each.currency) if known else (True, 1, "")
        return (not known, *group, -(each.at_risk or Decimal()), -each.severity, each.deal.title, str(each.deal.ref))

    return sorted(found, key=place)


def by_stage(deals: Iterable[DealHealth], stages: Sequence[str]) -> list[StageSum]:
    """What stands in each stage, in the order of the ladder, each currency for itself."""
    groups: dict[tuple[str, str], list[DealHealth]] = {}
    for each in deals:
        groups.setdefault((each.stage, each.currency if each.amount is not None else ""), []).append(each)
    ladder = {stage: at for at, stage in enumerate(stages)}
    return [
        StageSum(
            stage=stage,
            currency=currency,
            deals=len(found),
            with_gaps=sum(each.serious for each in found),
            gaps=sum(len(each.gaps) for each in found),
            amount=sum((each.amount or Decimal() for each in found), Decimal()),
            at_risk=sum((each.at_risk or Decimal() for each in found), Decimal()),
        )
        for (stage, currency), found in sorted(
            groups.items(), key=lambda each: (ladder.get(each[0][0], len(ladder)), each[0][0], not each[0][1], each[0])
        )
    ]


def usual_days(stays: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """The median of the days deals stayed in each stage before they left it; a stage that few left is not known."""
    return {stage.casefold(): max(round(median(days)), 1) for stage, days in stays.items() if len(days) >= ENOUGH}


def contact_of(gap: Gap) -> str:
    """The id of the contact a gap is about; "" when it is about the deal."""
    return gap.ref.id if gap.ref.kind is Kind.CONTACT else ""
