"""The fake Google's calls: conference records by code and time, their people, what was said in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.google_rules import No, page_of

FILTER = re.compile(
    r'space\.meeting_code = "(?P<code>[a-z-]+)" '
    r'AND start_time >= "(?P<first>[^"]+)" AND start_time <= "(?P<last>[^"]+)"'
)
KEPT = timedelta(days=30)


@dataclass(kw_only=True)
class Call:
    """One conference. `people` are names by kind; `transcripts` has what was said: speaker's number, seconds, words."""

    name: str
    code: str
    start: datetime
    end: datetime | None
    people: list[dict[str, Any]]
    transcripts: dict[str, list[tuple[int, float, str]]] = field(default_factory=dict)
    state: str = "FILE_GENERATED"


@dataclass
class MeetRows:
    """The calls of one account."""

    now: Callable[[], datetime]
    calls: list[Call] = field(default_factory=list)
    page: int = 100

    def held(
        self,
        code: str,
        start: datetime,
        minutes: int,
        said: list[tuple[str, float, str]],
        *,
        kind: str = "signedinUser",
        **values: Any,
    ) -> Call:
        """A call that was held, with one transcript when something was said."""
        speakers = list(dict.fromkeys(speaker for speaker, _, _ in said))
        name = f"conferenceRecords/c{len(self.calls)}"
        people = [
            {"name": f"{name}/participants/{at}", kind: {"displayName": each, **_user(kind, at)}}
            for at, each in enumerate(speakers)
        ]
        end = start + timedelta(minutes=minutes)
        call = Call(name=name, code=code, start=start, end=end, people=people, **values)
        if said:
            call.transcripts[f"{name}/transcripts/t0"] = [(speakers.index(who), at, words) for who, at, words in said]
        self.calls.append(call)
        return call

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
        parts = path.removeprefix("/v2/").split("/")
        size = min(int(query.get("pageSize", 100)), self.page)
        match parts:
            case ["conferenceRecords"]:
                rows, kind = (
                    [self._record(each) for each in self._filtered(query.get("filter", ""))],
                    "conferenceRecords",
                )
            case ["conferenceRecords", _, "participants"]:
                rows, kind = self._call(parts).people, "participants"
            case ["conferenceRecords", _, "transcripts"]:
                call = self._call(parts)
                rows, kind = [self._transcript(call, each) for each in call.transcripts], "transcripts"
            case ["conferenceRecords", _, "transcripts", _, "entries"]:
                call, name = self._call(parts), "/".join(parts[:4])
                if name not in call.transcripts:
                    raise No(404, "notFound", "Resource not found")
                rows, kind = (
                    [_entry(call, name, at, each) for at, each in enumerate(call.transcripts[name])],
                    "transcriptEntries",
                )
            case _:
                raise No(404, "notFound", "Not Found")
        page, after = page_of(rows, size, query.get("pageToken", ""))
        told: dict[str, Any] = {kind: page} if page else {}
        return 200, {**told, "nextPageToken": after} if after else told

    def _filtered(self, text: str) -> list[Call]:
        kept = [each for each in self.calls if each.start > self.now() - KEPT]
        if not text:
            return kept
        asked = FILTER.fullmatch(text)
        if asked is None:
            raise No(400, "invalidArgument", "Invalid filter")
        first, last = (datetime.fromisoformat(asked[each]) for each in ("first", "last"))
        return [each for each in kept if each.code == asked["code"] and first <= each.start <= last]

    def _call(self, parts: list[str]) -> Call:
        found = next((each for each in self.calls if each.name == "/".join(parts[:2])), None)
        if found is None:
            raise No(404, "notFound", "Resource not found")
        return found

    def _record(self, call: Call) -> dict[str, Any]:
        told = {"name": call.name, "startTime": stamp(call.start), "space": f"spaces/s-{call.code}"}
        return {**told, "endTime": stamp(call.end)} if call.end else told

    def _transcript(self, call: Call, name: str) -> dict[str, Any]:
        told = {"name": name, "state": call.state, "startTime": stamp(call.start)}
        return {**told, "endTime": stamp(call.end)} if call.end and call.state != "STARTED" else told


def _entry(call: Call, name: str, at: int, said: tuple[int, float, str]) -> dict[str, Any]:
    who, seconds, words = said
    start = call.start + timedelta(seconds=seconds)
    return {
        "name": f"{name}/entries/{at}",
        "participant": f"{call.name}/participants/{who}",
        "text": words,
        "languageCode": "en-US",
        "startTime": stamp(start),
        "endTime": stamp(start + timedelta(seconds=4)),
    }


def _user(kind: str, at: int) -> dict[str, str]:
    return {"user": f"users/{at}"} if kind == "signedinUser" else {}


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
