"""A text that arrived in the watched folder, and which meeting it is of: by its name, else by its time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from gangly_tui.domain.records import Meeting

LONG_AGO = timedelta(days=7)
"""What is older is somebody's archive: it is taken when its name says which meeting it is of, and not asked about."""
AFTER = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=24))
"""How long after its end a meeting's transcript is saved; the first span that tells one meeting decides."""
AROUND = timedelta(hours=1)
"""How far from its place in the calendar a time in a name may be."""
_WHEN = re.compile(
    r"(?P<utc>GMT)?(?<!\d)(?P<year>20\d\d)[-_. ]?(?P<month>\d\d)[-_. ]?(?P<day>\d\d)(?!\d)"
    r"(?:[-_ T]{1,3}(?:at )?(?P<hour>[01]\d|2[0-3])[-_.h:]?(?P<minute>[0-5]\d)(?:[-_.:]?[0-5]\d)?(?!\d))?"
)
_PLAIN = frozenset(
    """meeting call transcript transcription notes note recording recorded audio video zoom teams meet google microsoft
    webex otter fireflies export copy final draft sync weekly monthly with and the for from gmt caption captions
    subtitles closed text file intro review status update check""".split()
)
"""Words of file names and titles that tell no meeting from another."""
_MIN_WORD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A file of the folder that was read. `at` is when it was saved; `stamp` tells this state of it from others.

    With `problem` it could not be read, and that is the sentence that says why.
    """

    name: str
    at: datetime
    stamp: str
    digest: str = ""
    text: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The meetings an arrival may be of. `sure` is False where even a single one is only likely."""

    meetings: tuple[Meeting, ...]
    sure: bool = True

    @property
    def meeting(self) -> Meeting | None:
        """The one, when it is told."""
        return self.meetings[0] if self.sure and len(self.meetings) == 1 else None


def fit(
    name: str, at: datetime, meetings: Sequence[Meeting], zone: tzinfo, *, have: Collection[str], ours: str = ""
) -> Fit:
    """Which meeting a file of this name, saved at this time, is of. `have` are those with a transcript already.

    A day in the name decides before the time it was saved; words of title and people decide between several. Guessed
    is nothing: where two fit alike both are told, and a name that speaks of something else makes no time certain.
    `ours` is the rep's own address.
    """
    met = [each for each in meetings if _had_people(each, ours) and each.start <= at + AROUND]
    when = _when_in(name, zone)
    near = _then(met, when, zone) if when else [each for each in met if each.start <= at <= each.end + AFTER[-1]]
    if isinstance(when, datetime) and len(near) == 1:
        return Fit(meetings=tuple(near))
    words = _words(name.rpartition(".")[0])
    scored = [(len(words & _words_of(each)), each) for each in near]
    most = max((score for score, _ in scored), default=0)
    best = [each for score, each in scored if score == most]
    if when:
        waiting = [each for each in best if each.id not in have]
        found = best if len(best) == 1 else waiting
    else:
        found = _soonest(best, at, have)
    return Fit(meetings=tuple(found), sure=bool(most) or not words)


def _soonest(near: Sequence[Meeting], at: datetime, have: Collection[str]) -> list[Meeting]:
    """Those of the shortest span after their end that has any; one with a transcript already waits for none."""
    waiting = [each for each in near if each.id not in have]
    for span in AFTER:
        if found := [each for each in waiting if each.start <= at <= each.end + span]:
            return found
    return []


def _when_in(name: str, zone: tzinfo) -> datetime | date | None:
    """The moment, or only the day, that a name tells; None when it tells none."""
    found = _WHEN.search(name)
    if not found:
        return None
    try:
        on = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    if not found["hour"]:
        return on
    return datetime.combine(on, time(int(found["hour"]), int(found["minute"])), tzinfo=UTC if found["utc"] else zone)


def _then(met: Sequence[Meeting], when: datetime | date, zone: tzinfo) -> list[Meeting]:
    """The meetings of a day, or those that begin nearest to a moment."""
    if not isinstance(when, datetime):
        return [each for each in met if each.start.astimezone(zone).date() == when]
    around = [each for each in met if each.start - AROUND <= when <= each.end + AROUND]
    nearest = min((abs(each.start - when) for each in around), default=timedelta())
    return [each for each in around if abs(each.start - when) == nearest]


def _had_people(meeting: Meeting, ours: str) -> bool:
    if meeting.cancelled or meeting.private or meeting.all_day:
        return False
    return any(not each.resource and each.email.casefold() != ours.casefold() for each in meeting.attendees)


def _words_of(meeting: Meeting) -> frozenset[str]:
    """What a file might be named after: the title, the people, their companies."""
    people = [each for each in meeting.attendees if not each.resource]
    hosts = [each.email.rpartition("@")[2].rpartition(".")[0] for each in people]
    return _words(" ".join([meeting.title, *(each.name for each in people), *hosts]))


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text[:400].casefold())
    letters = "".join(each if each.isalpha() else " " for each in plain if not unicodedata.combining(each))
    return frozenset(each for each in letters.split() if len(each) >= _MIN_WORD and each not in _PLAIN)
