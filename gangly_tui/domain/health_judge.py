"""Health, the judgement: numbers from rows, each with a verdict by the thresholds below. The clock is an argument.

what                       look                            bad
success, 24 h              under 98 %                      under 90 % of 10, not well since; newest 10 failed
slow answers (p95), 24 h   2 s                             10 s
oldest waiting write       15 min                          4 h
write of unknown outcome   any                             1 h old
needs you, conflict        while its card waits            -
a model                    success as above                never: the built-in reading stands without it
limit                      20 % left                       5 % left (a limit that has reset since is fine)
sign-in                    14 days before it must be new   that day, or the system has just refused it
last read                  never, or 24 h ago              7 days ago
store, trail               read only                       not encrypted, or the disk is full
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gangly_tui.domain.health import (
    MODEL,
    Day,
    DayOfExchanges,
    DayOfTokens,
    Exchange,
    Facts,
    Failure,
    Figure,
    Health,
    Limit,
    Outbox,
    SystemHealth,
    Verdict,
    duration,
    percentile,
    worst,
)
from gangly_tui.domain.outbox import SETTLED, Delivery, DeliveryState

SUCCESS_LOOK, SUCCESS_BAD, SUCCESS_LEAST = 0.98, 0.90, 10
WELL_AGAIN = 5
"""So many good answers in a row, the newest among them, mean that a system has recovered."""
SLOW_LOOK, SLOW_BAD = 2.0, 10.0
WAITING_LOOK, WAITING_BAD = timedelta(minutes=15), timedelta(hours=4)
UNKNOWN_BAD = timedelta(hours=1)
QUOTA_LOOK, QUOTA_BAD = 0.20, 0.05
ROTATE_LOOK, ENDS_LOOK = timedelta(days=14), timedelta(days=2)
READ_LOOK, READ_BAD = timedelta(hours=24), timedelta(days=7)
WINDOW = timedelta(hours=24)
WEEK = 7

OK_RESULT = "ok"
ANSWERS = frozenset({OK_RESULT, "NotFound", "RecordMoved", "DuplicateFound"})
"""Results in which the system did its work: a moved record or a duplicate is news about the record, not a failure."""


def health(facts: Iterable[Facts], machine: Sequence[Figure], now: datetime) -> Health:
    """Judge every system."""
    systems = tuple(_judge(each, now) for each in facts)
    return Health(
        at=now,
        verdict=worst([*(each.verdict for each in systems), *(each.verdict for each in machine)]),
        systems=systems,
        machine=tuple(machine),
    )


def _judge(facts: Facts, now: datetime) -> SystemHealth:
    figures = tuple(_model(facts, now) if facts.system.startswith(MODEL) else _figures(facts, now))
    scope = facts.scope
    return SystemHealth(
        system=facts.system,
        title=facts.title,
        verdict=worst(each.verdict for each in figures),
        figures=figures,
        week=week(facts.days, now),
        failures=failures(facts, now),
        owner=scope.owner if scope else "",
        backup=scope.backup if scope else "",
        runbook=scope.runbook if scope else "",
    )


def _figures(facts: Facts, now: datetime) -> list[Figure]:
    return [
        *_exchanges(facts, now),
        *(_outbox(facts.outbox, now) if facts.outbox else ()),
        *(_limit(each, now) for each in facts.limits),
        *_sign_in(facts, now),
        _last_read(facts.pulled_at, now),
    ]


def _model(facts: Facts, now: datetime) -> list[Figure]:
    """A model that is away or slow is never bad: the built-in reading stands without it."""
    asked = [
        replace(each, verdict=Verdict.LOOK if each.verdict is Verdict.BAD else each.verdict)
        if each.name == "success_ratio"
        else replace(each, verdict=Verdict.OK, fix="")
        for each in _exchanges(facts, now)
    ]
    return [*asked, *_tokens(facts.tokens, now)]


def _tokens(days: Sequence[DayOfTokens], now: datetime) -> list[Figure]:
    """What a model's answers said they took: today, and each day of the week on which they did."""
    today = now.astimezone(UTC).date().isoformat()
    used = next((each for each in days if each.day == today), None)
    total = used.sent + used.got if used else 0
    count = f"{used.answers:,} answer{'s' * (used.answers > 1)}" if used else ""
    told = f"{used.sent:,} sent, {used.got:,} back, {count}" if used else "none told"
    week_ = " · ".join(f"{each.day[5:]} {each.sent + each.got:,}" for each in days)
    return [
        Figure(name="model_tokens_today", label="tokens, today", words=told, value=total if used else None),
        Figure(name="model_tokens_week", label="tokens, 7 d", words=week_ or "none told"),
    ]


# -- exchanges ----------------------------------------------------------------------------------------------------


def _exchanges(facts: Facts, now: datetime) -> list[Figure]:
    recent = [each for each in facts.latest if now - each.at <= WINDOW]
    if not recent:
        return [Figure(name="success_ratio", label="success, 24 h", words="nothing over the network in 24 h")]
    good = sum(each.result in ANSWERS for each in recent)
    share = good / len(recent)
    verdict = _success(share, recent)
    seconds = sorted(each.seconds for each in recent)
    half, slow = percentile(seconds, 0.50), percentile(seconds, 0.95)
    pace = Verdict.BAD if slow >= SLOW_BAD else Verdict.LOOK if slow >= SLOW_LOOK else Verdict.OK
    return [
        Figure(
            name="success_ratio",
            label="success, 24 h",
            words=f"{_percent(share)} of {len(recent):,} exchanges",
            value=share,
            verdict=verdict,
            fix="" if verdict is Verdict.OK else "the failures below say what to do",
        ),
        Figure(name="latency_p50_seconds", label="latency, half", words=f"{_seconds(half)} or less", value=half),
        Figure(
            name="latency_p95_seconds",
            label="latency, 95 %",
            words=f"{_seconds(slow)} or less",
            value=slow,
            verdict=pace,
            fix="" if pace is Verdict.OK else "it answers slowly: check the network and the system's status page",
        ),
    ]


def _success(share: float, recent: Sequence[Exchange]) -> Verdict:
    """By the share and, whatever was before, by the newest: a good morning does not hide that it is down now."""
    if len(recent) >= SUCCESS_LEAST and not any(each.result in ANSWERS for each in recent[:SUCCESS_LEAST]):
        return Verdict.BAD
    if share >= SUCCESS_LOOK:
        return Verdict.OK
    newest = recent[:WELL_AGAIN]
    recovered = len(newest) == WELL_AGAIN and all(each.result in ANSWERS for each in newest)
    return Verdict.BAD if share < SUCCESS_BAD and len(recent) >= SUCCESS_LEAST and not recovered else Verdict.LOOK


def week(days: Iterable[DayOfExchanges], now: datetime) -> tuple[Day, ...]:
    """The last seven days, today the last of them; a day without exchanges is there, too."""
    today = now.astimezone(UTC).date()
    names = [(today - timedelta(days=back)).isoformat() for back in range(WEEK - 1, -1, -1)]
    answered, failed = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for each in days:
        if each.day in answered:
            (answered if each.result in ANSWERS else failed)[each.day] += each.count
    return tuple(Day(day=name, answered=answered[name], failed=failed[name]) for name in names)


_SIGN_IN_FIX = "sign in again: r on this screen, or gangly connect {system}"
_PLAIN: dict[str, tuple[str, str]] = {
    "SignInNeeded": ("the sign-in was not accepted", _SIGN_IN_FIX),
    "RateLimited": ("it asked to wait, or was not well", "nothing: asked again by itself; if it stays, see the limit"),
    "Unreachable": ("it could not be reached", "check network, VPN and proxy; it is tried again by itself"),
    "ModelError": ("no usable answer came", "gangly model check says what works"),
    "OutcomeUnknown": ("a write got no usable answer", "nothing: it is read back before anything is sent again"),
    "Refused": ("it does not permit a read", "an administrator grants it: gangly connect {system} --guide"),
    "Refused write": ("it refused a write", "2 opens Review: the card is back with the reason"),
}
_OTHER = ("it answered with something else than it should", "check the address: gangly connect {system}")


def failures(facts: Facts, now: datetime) -> tuple[Failure, ...]:
    """What failed in the week, the most frequent first."""
    names = {each.day for each in week((), now)}
    counts: dict[tuple[str, bool], int] = {}
    last: dict[tuple[str, bool], str] = {}
    for each in facts.days:
        if each.day in names and each.result not in ANSWERS:
            key = (each.result, each.write)
            counts[key] = counts.get(key, 0) + each.count
            last[key] = max(last.get(key, ""), each.day)
    for exchange in reversed(facts.latest):  # to the minute, where the exchange itself is still kept
        key = (exchange.result, exchange.write)
        if key in counts:
            last[key] = f"{exchange.at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
    found = []
    for (result, write), count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        words, fix = _PLAIN.get(f"{result} write" if write else result) or _PLAIN.get(result) or _OTHER
        found.append(
            Failure(
                result=result,
                write=write,
                count=count,
                last=last[result, write],
                words=words,
                fix=fix.format(system=facts.system),
            )
        )
    return tuple(found)


# -- the outbox ---------------------------------------------------------------------------------------------------


def _outbox(outbox: Outbox, now: datetime) -> list[Figure]:
    waiting = [each for each in outbox.deliveries if each.state not in SETTLED]
    settled = [each for each in outbox.deliveries if each.state in SETTLED]
    failed = [each for each in waiting if each.error]
    oldest = min((each.approved_at for each in waiting), default=None)
    age = now - oldest if oldest else timedelta()
    verdict = Verdict.BAD if age >= WAITING_BAD else Verdict.LOOK if age >= WAITING_LOOK else Verdict.OK
    why = f"the last said: {failed[-1].error}. " if failed else ""
    return [
        Figure(
            name="queue_depth",
            label="outbox",
            words=f"{len(waiting)} waiting" + (f", {len(failed)} after a failure" if failed else ""),
            value=len(waiting),
        ),
        Figure(
            name="oldest_waiting_seconds",
            label="oldest waiting",
            words=f"approved {duration(age)} ago" if oldest else "none",
            value=age.total_seconds(),
            verdict=verdict,
            fix="" if verdict is Verdict.OK else f"{why}R sends now, or gangly deliver",
        ),
        _unknown(waiting, now),
        _asks(settled, outbox.asked, DeliveryState.NEEDS_HUMAN, "needs_human", "needs you"),
        _asks(settled, outbox.asked, DeliveryState.CONFLICT, "conflicts", "conflicts"),
        _blocked(settled),
    ]


def _unknown(waiting: Sequence[Delivery], now: datetime) -> Figure:
    since = [each.changed_at or each.approved_at for each in waiting if each.state is DeliveryState.UNKNOWN]
    old = bool(since) and now - min(since) >= UNKNOWN_BAD
    return Figure(
        name="unknown",
        label="outcome unknown",
        words=f"{len(since)}, the oldest {duration(now - min(since))} ago" if since else "none",
        value=len(since),
        verdict=Verdict.BAD if old else Verdict.LOOK if since else Verdict.OK,
        fix="it is read back by itself; if it stays, look at the record in the system" if since else "",
    )


def _asks(settled: Sequence[Delivery], asked: Collection[str], state: DeliveryState, name: str, label: str) -> Figure:
    ended = [each.op_id for each in settled if each.state is state]
    still = sum(each in asked for each in ended)
    return Figure(
        name=name,
        label=f"{label}, 7 d",
        words=(f"{len(ended)}, {still} wait for you" if still else f"{len(ended)}, all decided") if ended else "none",
        value=len(ended),
        verdict=Verdict.LOOK if still else Verdict.OK,
        fix="2 opens Review: the card asks you" if still else "",
    )


def _blocked(settled: Sequence[Delivery]) -> Figure:
    count = sum(bool(each.doubles) for each in settled)
    return Figure(name="duplicates_blocked", label="duplicates blocked, 7 d", words=str(count or "none"), value=count)


# -- limits, sign-in, reading -------------------------------------------------------------------------------------


def _limit(limit: Limit, now: datetime) -> Figure:
    label = f"limit {limit.name}".strip()
    share = limit.left / limit.of if limit.of > 0 else 1.0
    ends = limit.resets_at or limit.at + WINDOW
    if ends <= now:
        words = f"{limit.left:,} of {limit.of:,} left when last asked; it has reset since"
        return Figure(name="quota_left_ratio", label=label, words=words, value=1.0, part=limit.name)
    verdict = Verdict.BAD if share <= QUOTA_BAD else Verdict.LOOK if share <= QUOTA_LOOK else Verdict.OK
    resets = f", resets in {duration(limit.resets_at - now)}" if limit.resets_at else ""
    return Figure(
        name="quota_left_ratio",
        label=label,
        words=f"{limit.left:,} of {limit.of:,} left{resets}",
        value=share,
        verdict=verdict,
        part=limit.name,
        fix="" if verdict is Verdict.OK else "reading slows down by itself; approved writes go first",
    )


def _sign_in(facts: Facts, now: datetime) -> list[Figure]:
    refused = bool(facts.latest) and facts.latest[0].result == "SignInNeeded"
    sign_in = facts.sign_in
    if sign_in is None and not refused:
        return []
    fix = _SIGN_IN_FIX.format(system=facts.system)
    who = " · ".join(filter(None, (sign_in.account, sign_in.way))) if sign_in else ""
    figure = Figure(name="sign_in_seconds_left", label="sign-in", words=who)
    if refused:
        words = "; ".join(filter(None, ("not accepted any more", who)))
        return [_as(figure, words, 0.0, Verdict.BAD, fix)]
    assert sign_in is not None
    if sign_in.rotate_by is not None:
        left = sign_in.rotate_by - now.date()
        verdict = Verdict.BAD if left <= timedelta() else Verdict.LOOK if left <= ROTATE_LOOK else Verdict.OK
        words = f"{who}; static credential, replace it by {sign_in.rotate_by.isoformat()}"
        return [_as(figure, words, left.total_seconds(), verdict, "" if verdict is Verdict.OK else fix)]
    if sign_in.ends is not None:
        left = sign_in.ends - now.date()
        verdict = Verdict.BAD if left <= timedelta() else Verdict.LOOK if left <= ENDS_LOOK else Verdict.OK
        days = f"in {left.days} day{'s' * (left.days != 1)}" if left > timedelta() else "it is over, or will be today"
        words = f"{who}; the sign-in ends {sign_in.ends.isoformat()}, {days}"
        return [_as(figure, words, left.total_seconds(), verdict, "" if verdict is Verdict.OK else fix)]
    ends = sign_in.access_ends
    words = "; ".join(filter(None, (who, f"access ends {sign_in.access}" if sign_in.access else "")))
    return [_as(figure, words, (ends - now).total_seconds() if ends else None, Verdict.OK, "")]


def _as(figure: Figure, words: str, value: float | None, verdict: Verdict, fix: str) -> Figure:
    return replace(figure, words=words or "signed in", value=value, verdict=verdict, fix=fix)


def _last_read(at: datetime | None, now: datetime) -> Figure:
    fix = "ctrl+r reads now, or gangly pull"
    if at is None:
        return Figure(name="last_pull_seconds", label="last read", words="never", verdict=Verdict.LOOK, fix=fix)
    age = max(now - at, timedelta())
    verdict = Verdict.BAD if age >= READ_BAD else Verdict.LOOK if age >= READ_LOOK else Verdict.OK
    return Figure(
        name="last_pull_seconds",
        label="last read",
        words=f"{duration(age)} ago, {at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}",
        value=age.total_seconds(),
        verdict=verdict,
        fix="" if verdict is Verdict.OK else fix,
    )


# -- words --------------------------------------------------------------------------------------------------------


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _percent(share: float) -> str:
    """Never 100 % when something failed."""
    return "100 %" if share == 1 else f"{int(share * 1000) / 10:.1f} %"
