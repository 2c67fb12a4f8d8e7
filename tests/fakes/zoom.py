"""A Zoom account that remembers: recorded calls, their transcripts, single-use refresh tokens and limits.

By hand: `python -m tests.fakes.zoom [PORT]`, then `gangly connect zoom` with the address it prints. The calendars of
the fake Google and Microsoft have its calls when they are started by hand; so has /calendar.ics of its own address.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.fakes.serve import Dropped, Reply, run_by_hand

JSON = {"content-type": "application/json"}
CALLS = Path(__file__).parents[2] / "assets" / "demo" / "calls"


@dataclass(kw_only=True)
class Asked:
    """One request as it came; `path` is still encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any = None


@dataclass
class Weather:
    """What happens to the next request below a path: `reply` instead of the answer, or no answer."""

    path: str
    reply: Reply | None = None


@dataclass(kw_only=True)
class Call:
    """A call that was recorded. `text` is its transcript; "" while Zoom is still at it, as it is until `ready`."""

    number: str
    uuid: str
    topic: str
    start: datetime
    minutes: int
    text: str
    file: str = ""
    edition: int = 1
    ready: datetime | None = None


def limits(kind: str = "QPS", left: int = 18, of: int = 20) -> dict[str, str]:
    """The headers that tell of a limit."""
    return {
        "x-ratelimit-category": "Medium",
        "x-ratelimit-type": kind,
        "x-ratelimit-limit": str(of),
        "x-ratelimit-remaining": str(left),
    }


@dataclass
class ZoomFake:
    """The account on the wire. `host` is where its files lie; `address` the one it is reached at."""

    address: str = "https://api.zoom.us"
    host: str = "https://us06web.zoom.us"
    store: str = "https://ssrweb.zoom.us"
    token: str = "t-1"
    refresh: str = "r-1"
    user: dict[str, Any] = field(
        default_factory=lambda: {
            "id": "u-1",
            "first_name": "Robin",
            "last_name": "Hale",
            "email": "robin.hale@larkspur.example",
            "type": 2,
            "pmi": 5551234567,
            "personal_meeting_url": "https://us06web.zoom.us/my/robin.hale?pwd=x",
            "account_id": "a-1",
            "timezone": "Europe/Berlin",
        }
    )
    calls: list[Call] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    weather: list[Weather] = field(default_factory=list)
    watch: Callable[[Asked, int, Any], None] = lambda *_: None
    page_size: int = 300
    repeats: bool = False
    """each page begins with the last call of the page before"""
    used: set[str] = field(default_factory=set)
    """refresh tokens that were used"""

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request: weathered, authorised, answered."""
        form = dict(parse_qsl(body.decode())) if body else None
        self.asked.append(Asked(method=method, path=path, query=query, headers=headers, body=form))
        weather = next((each for each in self.weather if path.startswith(each.path)), None)
        if weather is not None:
            self.weather.remove(weather)
            if weather.reply is None:
                raise Dropped
            return weather.reply
        reply = self._answer(self.asked[-1])
        if path.startswith("/v2/"):
            self.watch(self.asked[-1], reply[0], json.loads(reply[2]))
        return reply

    def deliver_anew(self, call: Call, text: str) -> None:
        """Somebody corrected the transcript in Zoom's own pages."""
        call.text = text
        call.edition += 1

    # -- answers

    def _answer(self, asked: Asked) -> Reply:
        if asked.path == "/oauth/token":
            return self._renewed(asked.body or {})
        if asked.path == "/calendar.ics":
            return 200, {"content-type": "text/calendar"}, self.calendar().encode()
        if asked.path.startswith("/stored/"):
            return self._stored(asked)
        return self._api(asked)

    def _stored(self, asked: Asked) -> Reply:
        """A file behind an address that is signed by its query: a token would be refused."""
        if "authorization" in asked.headers or "sig=" not in asked.query:
            return self._no(403, 0, "Only one auth mechanism allowed")
        return 200, {"content-type": "text/vtt"}, self._file(asked.path).encode()

    def _api(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return self._no(401, 124, "Invalid access token.")
        if asked.path.startswith("/rec/download/"):
            name = asked.path.rpartition("/")[2]
            if not self._file(asked.path):
                return self._no(404, 3301, "There is no recording for this meeting.")
            return 302, {"location": f"{self.store}/stored/{name}?sig=abc"}, b""
        query = dict(parse_qsl(asked.query))
        match asked.path.removeprefix("/v2/").split("/"):
            case ["users", "me"]:
                return self._json(self.user)
            case ["users", "me", "recordings"]:
                return self._list(query)
            case ["meetings", uuid, "recordings"]:
                return self._one(unquote(unquote(uuid)))
        return self._no(404, 2300, "This API endpoint is not recognized.")

    def _renewed(self, form: Mapping[str, str]) -> Reply:
        if form.get("refresh_token") != self.refresh or "client_secret" in form or not form.get("client_id"):
            return 400, JSON, b'{"reason":"Invalid Token!","error":"invalid_grant"}'
        self.used.add(self.refresh)
        number = len(self.used) + 1
        self.token, self.refresh = f"t-{number}", f"r-{number}"
        told = {"access_token": self.token, "refresh_token": self.refresh, "token_type": "bearer", "expires_in": 3599}
        return 200, JSON, json.dumps(told).encode()

    def _list(self, query: Mapping[str, str]) -> Reply:
        first, last = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
        last = min(last, first + timedelta(days=30))  # as Zoom does: no word about it
        found = [each for each in self.calls if first <= each.start.astimezone(UTC).date() <= last]
        size = min(int(query.get("page_size", 30)), self.page_size)
        at = int(query.get("next_page_token") or 0)
        page = found[max(at - self.repeats, 0) : at + size]
        return self._json(
            {
                "from": first.isoformat(),
                "to": last.isoformat(),
                "page_size": size,
                "page_count": -(-len(found) // size),
                "total_records": len(found),
                "next_page_token": str(at + size) if at + size < len(found) else "",
                "meetings": [self._told(each) for each in page],
            }
        )

    def _one(self, uuid: str) -> Reply:
        call = next((each for each in self.calls if each.uuid == uuid), None)
        return self._json(self._told(call)) if call else self._no(404, 3301, "There is no recording for this meeting.")

    def _told(self, call: Call) -> dict[str, Any]:
        end = call.start + timedelta(minutes=call.minutes)
        done = call.text and (call.ready is None or call.ready <= datetime.now(UTC))
        common = {
            "meeting_id": call.uuid,
            "recording_start": _stamp(call.start),
            "recording_end": _stamp(end),
            "status": "completed",
        }
        video = {
            **common,
            "id": f"v-{call.uuid}",
            "file_type": "MP4",
            "file_size": 48_000_000,
            "download_url": f"{self.host}/rec/download/video",
            "recording_type": "shared_screen_with_speaker_view",
        }
        words = {
            **common,
            "id": call.file or f"t{call.edition}-{self.calls.index(call)}",
            "file_type": "TRANSCRIPT",
            "file_size": len(call.text.encode()),
            "download_url": f"{self.host}/rec/download/{self.calls.index(call)}-{call.edition}",
            "recording_type": "audio_transcript",
        }
        return {
            "uuid": call.uuid,
            "id": call.number,
            "account_id": "a-1",
            "host_id": "u-1",
            "topic": call.topic,
            "type": "2",
            "start_time": _stamp(call.start),
            "duration": call.minutes,
            "total_size": "48000000",
            "recording_count": "2" if done else "1",
            "recording_files": [video, words] if done else [video],
        }

    def _file(self, path: str) -> str:
        number, _, edition = path.rpartition("/")[2].partition("-")
        fits = number.isdigit() and int(number) < len(self.calls)
        return self.calls[int(number)].text if fits and str(self.calls[int(number)].edition) == edition else ""

    def _json(self, data: Any) -> Reply:
        return 200, {**JSON, **limits()}, json.dumps(data).encode()

    def _no(self, status: int, code: int, message: str) -> Reply:
        return status, {**JSON, **limits()}, json.dumps({"code": code, "message": message}).encode()

    def calendar(self) -> str:
        """The day as a calendar has it: the recorded calls, and one still to come."""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:fake"]
        for each in self.calls:
            lines += [
                "BEGIN:VEVENT",
                f"UID:{each.number}@fake",
                f"DTSTART:{each.start.astimezone(UTC):%Y%m%dT%H%M%SZ}",
                f"DTEND:{each.start.astimezone(UTC) + timedelta(minutes=each.minutes):%Y%m%dT%H%M%SZ}",
                f"SUMMARY:{each.topic}",
                f"LOCATION:{link_of(each)}",
                "ATTENDEE;CN=Dana Whitlock:mailto:dana.whitlock@harborpine.example",
                "END:VEVENT",
            ]
        return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_day(now: datetime) -> list[Call]:
    """Two calls that are just over, with companies of the sandbox: the first one's transcript comes in a minute."""
    over = now.replace(second=0, microsecond=0) - timedelta(minutes=5)
    return [
        Call(
            number="81234567890",
            uuid="/ajXp112QmuoKj4854875==",
            topic="Harbor & Pine: price and rollout",
            start=over - timedelta(minutes=30),
            minutes=30,
            text=(CALLS / "harbor-pine.vtt").read_text(encoding="utf-8"),
            ready=now + timedelta(minutes=1),
        ),
        Call(
            number="89876543210",
            uuid="bW9yYXZpYQ==",
            topic="Moravia Steel: furnace shifts",
            start=over - timedelta(minutes=90),
            minutes=45,
            text="",
        ),
    ]


GUESTS = {
    "81234567890": (
        "Dana Whitlock <dana.whitlock@harborpine.example>",
        "Miguel Santos <miguel.santos@harborpine.example>",
    ),
    "89876543210": ("Petr Novak <petr.novak@moravia-steel.example>",),
}
"""Who was in the calls of the day, by number."""


def link_of(call: Call) -> str:
    """The join link, as it stands in a calendar."""
    return f"https://us06web.zoom.us/j/{call.number}?pwd=abc"


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8490
    here = f"http://127.0.0.1:{port}"
    fake = ZoomFake(
        address=here, host=here, store=here.replace("127.0.0.1", "localhost"), calls=a_day(datetime.now(UTC))
    )
    run_by_hand(
        fake, port, told=f"gangly connect zoom --host {here} --insecure-loopback --set client_id=x\n{here}/calendar.ics"
    )
