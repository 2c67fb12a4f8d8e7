"""The fake Google's calendar: events, instances of series, sync tokens that die, ids that are taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.google_rules import No, page_of

NOT_WITH_A_TOKEN = ("iCalUID", "orderBy", "privateExtendedProperty", "q", "timeMin", "timeMax", "updatedMin")
CARELESS = ("maxResults", "pageToken", "syncToken", "timeMin", "timeMax")
"""What may differ between a look and the next one by its token."""
ID = re.compile(r"[a-v0-9]{5,1024}")


@dataclass
class CalendarRows:
    """One primary calendar, its instances as singleEvents gives them."""

    email: str
    now: Callable[[], datetime]
    zone: str = "Europe/Berlin"
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    generation: int = 1
    """raised to let every sync token die"""
    page: int = 250
    between: Callable[[], None] = lambda: None
    """what happens behind one's back after a page was given"""
    told: list[tuple[str, str]] = field(default_factory=list)
    """mails that Google has sent: to whom, why"""

    def __post_init__(self) -> None:
        self.seq = 1
        self.looks: dict[str, dict[str, str]] = {}

    # -- behind one's back

    def put(self, identifier: str, **values: Any) -> dict[str, Any]:
        """An event made or changed by somebody. `start` and `end` as Google has them."""
        self.seq += 1
        before = self.events.get(identifier, {})
        stamp = self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.events[identifier] = {
            "kind": "calendar#event",
            "id": identifier,
            "status": "confirmed",
            "eventType": "default",
            "iCalUID": f"{identifier}@google.com",
            "created": before.get("created", stamp),
            "organizer": {"email": self.email, "self": True},
            **{name: each for name, each in before.items() if not name.startswith("_")},
            **values,
            "updated": stamp,
            "etag": f'"{self.seq}"',
            "_seq": self.seq,
        }
        return self.events[identifier]

    def meet(self, identifier: str, start: datetime, minutes: int = 30, **values: Any) -> dict[str, Any]:
        """An event at a time."""
        when = {"start": self.at(start), "end": self.at(start + timedelta(minutes=minutes))}
        return self.put(identifier, **{"summary": identifier, **when, **values})

    def at(self, moment: datetime) -> dict[str, str]:
        return {"dateTime": moment.astimezone(ZoneInfo(self.zone)).isoformat(), "timeZone": self.zone}

    def series(self, identifier: str, starts: list[datetime], minutes: int = 30, **values: Any) -> list[str]:
        """The instances of a recurring event; returns their ids."""
        made = []
        for each in starts:
            made.append(f"{identifier}_{each.astimezone(UTC):%Y%m%dT%H%M%SZ}")
            self.meet(made[-1], each, minutes, recurringEventId=identifier, originalStartTime=self.at(each), **values)
        return made

    def cancel(self, identifier: str, *, whole: bool = True) -> None:
        """Cancelled; `whole` keeps what it was, as for its organizer, else the id alone is left."""
        if whole:
            self.put(identifier, status="cancelled")
            return
        self.seq += 1
        self.events[identifier] = {"kind": "calendar#event", "id": identifier, "status": "cancelled", "_seq": self.seq}

    # -- the wire

    def answer(
        self, method: str, parts: list[str], query: Mapping[str, str], headers: Mapping[str, str], body: Any
    ) -> tuple[int, Any]:
        match [method, *parts]:
            case ["GET", "calendars", "primary"]:
                return 200, {
                    "kind": "calendar#calendar",
                    "id": self.email,
                    "summary": self.email,
                    "timeZone": self.zone,
                }
            case ["GET", "calendars", "primary", "events"]:
                return 200, self._list(query)
            case ["POST", "calendars", "primary", "events"]:
                return 200, self._insert(body, query)
            case ["GET", "calendars", "primary", "events", identifier]:
                return 200, shown(self._one(identifier))
            case ["DELETE", "calendars", "primary", "events", identifier]:
                return self._delete(identifier, query, headers)
        raise No(404, "notFound", "Not Found")

    def _list(self, query: Mapping[str, str]) -> dict[str, Any]:
        alike = {name: each for name, each in query.items() if name not in CARELESS}
        token, deleted = query.get("syncToken", ""), query.get("showDeleted") == "true"
        began, _, at = query.get("pageToken", f"{self.seq}/").partition("/")  # a look stands at where it began
        rows = sorted(self.events.values(), key=lambda each: str(each["id"]))
        if token:
            if clash := [each for each in NOT_WITH_A_TOKEN if each in query]:
                raise No(400, "invalid", f"Sync token cannot be used with {clash[0]}.")
            kept = self.looks.get(token)
            if kept is None or int(token.split("-")[1]) != self.generation:
                raise No(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
            assert kept == alike, "the parameters of a look are those of the first one"
            rows = [each for each in rows if each["_seq"] > int(token.split("-")[2])]
        else:
            rows = [each for each in rows if deleted or each["status"] != "cancelled"]
            rows = [each for each in rows if self._touches(each, query)]
        size = min(int(query.get("maxResults", 250)), self.page)
        page, after = page_of(rows, size, at)
        told: dict[str, Any] = {
            "kind": "calendar#events",
            "etag": f'"{self.seq}"',
            "summary": self.email,
            "timeZone": self.zone,
            "accessRole": "owner",
            "items": [shown(each) for each in page],
        }
        if after:
            told["nextPageToken"] = f"{began}/{after}"
        else:
            told["nextSyncToken"] = f"sync-{self.generation}-{began}"
            self.looks[told["nextSyncToken"]] = alike
        self.between()
        return told

    def _touches(self, event: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        if not event.get("start"):
            return False
        start, end = (_moment(event[each], self.zone) for each in ("start", "end"))
        return end > datetime.fromisoformat(query["timeMin"]) and start < datetime.fromisoformat(query["timeMax"])

    def _one(self, identifier: str) -> dict[str, Any]:
        if identifier not in self.events:
            raise No(404, "notFound", "Not Found")
        return self.events[identifier]

    def _insert(self, body: Any, query: Mapping[str, str]) -> dict[str, Any]:
        identifier = body.get("id") or f"made{self.seq}"
        if not ID.fullmatch(identifier):
            raise No(400, "invalid", "Invalid resource id value.")
        if identifier in self.events:
            raise No(409, "duplicate", "The requested identifier already exists.")
        if any("@" not in each.get("email", "") for each in body.get("attendees", [])):
            raise No(400, "invalid", "Invalid attendee email.")
        made = self.put(identifier, **body)
        self._tell(made, query, "invited")
        return shown(made)

    def _delete(self, identifier: str, query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        event = self._one(identifier)
        if event["status"] == "cancelled":
            raise No(410, "deleted", "Resource has been deleted")
        if "if-match" in headers and headers["if-match"] != event["etag"]:
            raise No(412, "conditionNotMet", "Precondition Failed")
        self._tell(event, query, "uninvited")
        self.cancel(identifier)
        return 204, None

    def _tell(self, event: Mapping[str, Any], query: Mapping[str, str], why: str) -> None:
        if query.get("sendUpdates") == "all":
            self.told += [(each["email"], why) for each in event.get("attendees", []) if "email" in each]


def shown(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as it goes over the wire."""
    return {name: each for name, each in event.items() if not name.startswith("_")}


def _moment(when: Mapping[str, str], zone: str) -> datetime:
    if "date" in when:
        return datetime.combine(date.fromisoformat(when["date"]), time(), tzinfo=ZoneInfo(zone))
    return datetime.fromisoformat(when["dateTime"])
