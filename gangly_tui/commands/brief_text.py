"""A Brief as plain text and as Markdown: the same parts, top-down, each line with its source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from gangly_tui.commands.console import short
from gangly_tui.domain.brief import AttendeeLine, Brief, DealLine, Promise

Part = tuple[str, list[str]]
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|!~])")
_LONG = 240


def text(brief: Brief) -> str:
    """The brief for a terminal."""
    lines = [short(brief.meeting.title), _when(brief), ""]
    for heading, rows in _parts(brief, short_words):
        lines += [heading.upper(), *(f"  {row}" for row in rows), ""]
    return "\n".join(lines).rstrip()


def markdown(brief: Brief) -> str:
    """The brief as Markdown. What came from outside is escaped: it makes no link, no picture, no heading."""
    lines = [f"# {escaped_words(brief.meeting.title, 100)}", "", _when(brief), ""]
    for heading, rows in _parts(brief, escaped_words):
        lines += [f"## {heading}", "", *(f"- {row}" for row in rows), ""]
    return "\n".join([*lines, f"_read-only, {brief.writes} writes_"])


def short_words(words: str, limit: int = _LONG) -> str:
    """Outside text on one line."""
    return short(words, limit)


def escaped_words(words: str, limit: int = _LONG) -> str:
    """Outside text on one line, with Markdown's marks escaped."""
    return _MARKS.sub(r"\\\1", short(words, limit))


def _when(brief: Brief) -> str:
    start, end = brief.meeting.start, brief.meeting.end
    days = "all day" if brief.meeting.all_day else f"{start:%H:%M}-{end:%H:%M}"
    state = ", cancelled" * brief.meeting.cancelled + ", internal" * brief.internal
    return f"{start:%A %d %B %Y}, {days}{state}"


def _parts(brief: Brief, say: Callable[..., str]) -> Iterator[Part]:
    """The parts that have something to say. `say` makes outside text fit for the form."""
    if brief.account:
        yield "Account", [_sourced(f"{say(brief.account.name)}  {say(brief.account.detail)}", brief.account.source.tag)]
    yield from _part(
        "Why this call", [_sourced(_dated(say(each.text), each.at), each.source.tag) for each in brief.why]
    )
    yield from _part("Who attends", [_attendee(each, say) for each in brief.attendees])
    if brief.deal:
        yield "Deal", [_deal(brief.deal, say)]
    yield from _part("Several open deals fit", [_deal(each, say) for each in brief.deal_choices])
    yield from _part("We promised", [_promise(each, say) for each in brief.ours])
    yield from _part("They promised", [_promise(each, say) for each in brief.theirs])
    touches = [_sourced(f"{each.at:%Y-%m-%d}  {say(each.subject)}", each.source.tag) for each in brief.touches]
    yield from _part("Last touches", touches)
    mails = [
        _sourced(
            f"{each.at:%Y-%m-%d}  {'to ' * each.outgoing}{say(each.who)}: {say(each.subject)}"
            + f" [{each.waits}]" * bool(each.waits)
            + f"  {say(each.snippet, 100)}",
            each.source.tag,
        )
        for each in brief.mails
    ]
    yield from _part("Last mails", mails)
    yield from _part(
        "Prior notes", [_sourced(_dated(say(each.text), each.at), each.source.tag) for each in brief.prior]
    )
    yield from _part("Gaps to close today", [_sourced(say(each.label), each.source.tag) for each in brief.gaps])
    yield from _part("Questions that would close them", [say(each) for each in brief.questions])


def _part(heading: str, rows: list[str]) -> list[Part]:
    return [(heading, rows)] if rows else []


def _sourced(line: str, tag: str) -> str:
    return f"{line.strip()}  ({tag})" if tag else line.strip()


def _dated(words: str, at: datetime | None) -> str:
    return f"{words}, {at:%Y-%m-%d}" if at else words


def _attendee(each: AttendeeLine, say: Callable[..., str]) -> str:
    facts = [say(fact) for fact in (each.title, each.role) if fact]
    if not (each.known or each.ours):
        facts.append("not in the CRM")
    if each.ours:
        facts.append("ours")
    if each.declined:
        facts.append("declined")
    if each.no_mail:
        facts.append("asked for no mail")
    if each.no_recording:
        facts.append("no consent to a recording")
    if each.relation:
        facts.append(f"{say(each.relation.text)} ({each.relation.source.tag})")
    touch = f"; last: {say(each.last_touch.text, 80)}" if each.last_touch else ""
    when = f", {each.last_touch.at:%Y-%m-%d}" if each.last_touch and each.last_touch.at else ""
    return _sourced(", ".join([say(each.name or each.email), *facts]) + touch + when, each.source.tag)


def _deal(deal: DealLine, say: Callable[..., str]) -> str:
    facts = [say(deal.stage) if deal.stage else "no stage"]
    facts.append(f"{say(deal.currency)} {deal.amount:,.0f}".strip() if deal.amount is not None else "no amount")
    closes = f"closes {deal.close_date}" if deal.close_date else "no close date"
    facts.append(closes + " (passed)" * deal.overdue)
    if deal.days_in_stage is not None:
        facts.append(f"{deal.days_in_stage} days in stage")
    facts.append(f"next: {say(deal.next_step)}" if deal.next_step else "no next step")
    return _sourced(f"{say(deal.name)}: " + ", ".join(facts), deal.source.tag)


def _promise(promise: Promise, say: Callable[..., str]) -> str:
    due = f", due {promise.due}" + " (overdue)" * promise.overdue if promise.due else ""
    return _sourced(say(promise.text) + due, promise.source.tag)
