"""Zoom: the transcripts of recorded calls. What connecting asks, the read door, the check.

zoom_match (which recording belongs to which meeting) and zoom_errors (refusals and limits in words) stand beside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from gangly_tui.connectors.engagement.text_file import MAX_BYTES, read_text_bytes
from gangly_tui.connectors.engagement.zoom_errors import SYSTEM, explain, quota
from gangly_tui.connectors.engagement.zoom_match import (
    EARLY,
    File,
    Recording,
    joined,
    matched,
    number_of,
    personal_names,
)
from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import Ask, Link, Permission, Setup, Standing, Vendor, Way
from gangly_tui.domain.errors import (
    ConfigError,
    GanglyError,
    InputError,
    NotFound,
    RateLimited,
    Refused,
    SignInNeeded,
    Unreachable,
)
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.ports import Transcript
from gangly_tui.domain.records import Meeting

ABOUT = About(label="Zoom", layer=Layer.ENGAGEMENT, brings="transcripts of calls that were recorded to the cloud")
API = "https://api.zoom.us"
SIGN_IN = "https://zoom.us"
PAGE = 300
MOST_PAGES = 100
MONTH = timedelta(days=30)
"""One question spans a month at most; Zoom cuts a longer one short without saying so."""
_MOST_FILES = 20
_SCOPES = (
    "cloud_recording:read:list_user_recordings",
    "cloud_recording:read:list_recording_files",
    "user:read:user",
)
_BASIC = 1
_GUIDE = f"""
# Zoom: what is set up once

1. In the Zoom App Marketplace (marketplace.zoom.us > Develop > Build App) make a **General app**, user-managed, and
   name it **gangly**. It needs no publishing for your own account.
2. Under OAuth, add the redirect `http://127.0.0.1/callback` and let the app be a **public client** (PKCE): there is no
   secret then. The port is chosen at each sign-in.
3. Give it these scopes and no others: {", ".join(f"`{each}`" for each in _SCOPES)}.
4. Give its client ID to the rep: `gangly connect zoom` asks for it.
5. In the account's settings, cloud recording and **audio transcript** have to be on: a call without one has no
   transcript to read. Whoever hosts the call records it, with the consent of all who are in it.

gangly reads recordings of the rep's own calls, and of those only the transcript; it writes nothing to Zoom.
"""


def _provider(setup: Setup) -> Provider:
    at = setup.at(SIGN_IN)
    return Provider(
        system=SYSTEM,
        authorize_url=f"{at}/oauth/authorize",
        token_url=f"{at}/oauth/token",
        revoke_url=f"{at}/oauth/revoke",
        client_id=setup.get("client_id"),
        scopes=_SCOPES,
    )


VENDOR = Vendor(
    name=SYSTEM,
    title="Zoom",
    hosts=frozenset({"zoom.us", ".zoom.us"}),
    ways=(
        Way(
            name="oauth",
            title="Sign in to Zoom in the browser",
            means="gangly reads as you: your own recorded calls and nobody else's. No secret of the app is kept; each "
            "renewal of the sign-in is good once, and the new one is kept before it is used.",
            asks=(
                Ask(
                    name="client_id",
                    label="Client ID",
                    why="of the Zoom app named gangly in your account; whoever manages Zoom there has it",
                    example="AbC1dEfGhIjKlMnOpQrStU",
                ),
            ),
            provider=_provider,
        ),
    ),
    permissions=(
        Permission(name=_SCOPES[0], why="which of your calls were recorded", part="transcripts"),
        Permission(name=_SCOPES[1], why="the transcript of such a call, never its sound", part="transcripts"),
        Permission(name=_SCOPES[2], why="who is signed in, and your personal meeting number"),
    ),
    base=lambda setup, _more: f"{setup.at(API)}/v2",
    manners=Manners(explain=explain, quota=quota),
    admin=(
        "Make a General app named 'gangly' with the scopes below, as a public client with PKCE, and the redirect "
        "http://127.0.0.1/callback; give its client ID to the rep",
        "Turn on cloud recording and its audio transcript for those who sell",
    ),
    guards="Nothing is ever written to Zoom.",
    guide=_GUIDE,
    pace=lambda: Pace(most=4, per=1.0),
    parts=("transcripts",),
)


class ZoomTranscripts:
    """Satisfies the transcript reader's protocol. Asks nothing when no meeting is one of Zoom's."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wire = link.wire
        self._personal: tuple[str, str] | None = None

    @property
    def system(self) -> str:
        """`zoom`."""
        return SYSTEM

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> Sequence[Transcript]:
        """The transcripts there are of these meetings and that are not here in the same version.

        One that cannot be had takes no other along: it is told of when it is the only one left, at the next look.
        """
        begun = [each for each in meetings if each.start <= self._link.now()]
        numbers = await self._personal_number() if personal_names(begun) else ("", "")
        by_meeting = {each.id: number_of(each, lambda name: numbers[1] if name.casefold() == numbers[0] else "")
                      for each in begun}  # fmt: skip
        ours = [each for each in begun if by_meeting[each.id]]
        if not ours:
            return []
        first = min(each.start for each in ours) - EARLY
        last = max(each.end for each in ours) + EARLY
        recordings = [each async for each in self._recordings(first, last)]
        found: list[Transcript] = []
        trouble: GanglyError | None = None
        texts: dict[str, str] = {}
        for identifier, belong in matched(ours, recordings, lambda each: by_meeting[each.id]).items():
            files = [(each, file) for each in belong for file in each.files][:_MOST_FILES]
            version = _version([file for _, file in files])
            if not files or known.get(identifier) == version:
                continue
            try:
                if version not in texts:
                    texts[version] = joined([(file.start, await self._text(each, file)) for each, file in files])
            except (SignInNeeded, RateLimited) as error:
                trouble = error
                break
            except GanglyError as error:
                trouble = error
                continue
            found.append(Transcript(meeting_id=identifier, text=texts[version], version=version))
        if trouble and not found:
            raise trouble
        return found

    async def _recordings(self, first: datetime, last: datetime) -> AsyncIterator[Recording]:
        """The recorded calls of these days that have a transcript, each once, asked for month by month."""
        seen: set[str] = set()
        day, end = first.astimezone(UTC).date(), last.astimezone(UTC).date()
        while day <= end:
            until = min(day + MONTH, end)
            async for each in self._month(day, until):
                recording = _recording(each)
                if recording and recording.uuid not in seen:
                    seen.add(recording.uuid)
                    yield recording
            day = until + timedelta(days=1)

    async def _month(self, first: date, last: date) -> AsyncIterator[Any]:
        params: dict[str, str | int] = {"from": first.isoformat(), "to": last.isoformat(), "page_size": PAGE}
        for _ in range(MOST_PAGES):
            answer = (await self._wire.read("/users/me/recordings", params=params)).data
            for each in _list(answer, "meetings"):
                yield each
            token = _text(answer, "next_page_token")
            if not token or token == params.get("next_page_token"):
                return
            params["next_page_token"] = token
        raise Unreachable("zoom sends page after page without an end", fix="tell your Zoom administrator")

    async def _text(self, recording: Recording, file: File) -> str:
        """A transcript's words. A link that has died since the list was made is asked for anew, once."""
        try:
            return await self._download(file)
        except (NotFound, Refused):
            data = (await self._wire.read(f"/meetings/{encoded(recording.uuid)}/recordings")).data
            fresh = next((each for each in _files(data) if each.id == file.id and each.url != file.url), None)
            if fresh is None:
                raise
            return await self._download(fresh)

    async def _download(self, file: File) -> str:
        if file.size > MAX_BYTES:
            raise InputError("a transcript at zoom is larger than 10 MiB", fix="open it in Zoom's own pages")
        try:
            data = (await self._wire.fetch(file.url)).data
        except ConfigError as error:
            raise Refused("zoom keeps a transcript at an address that is not its own", fix="it is not read") from error
        if data.lstrip()[:1] == b"<":  # a page to sign in, with 200
            raise Refused("zoom shows a page instead of a transcript", fix="gangly connect zoom")
        return read_text_bytes(data, "transcript.vtt")

    async def _personal_number(self) -> tuple[str, str]:
        """The name of the rep's personal link, and the number behind it."""
        if self._personal is None:
            me = (await self._wire.read("/users/me")).data
            name = (_text(me, "vanity_url") or _text(me, "personal_meeting_url")).rstrip("/").rpartition("/")[2]
            self._personal = (name.partition("?")[0].casefold(), _text(me, "pmi"))
        return self._personal


def open_transcripts(link: Link) -> ZoomTranscripts:
    """The recordings' door of a connection."""
    return ZoomTranscripts(link)


async def check(link: Link) -> Standing:
    """Who is signed in, and whether there can be recordings. Reads only."""
    me = (await link.wire.read("/users/me")).data
    name = " ".join(filter(None, (_text(me, "first_name"), _text(me, "last_name"))))
    email = _text(me, "email")
    warnings = []
    if isinstance(me, dict) and me.get("type") == _BASIC:
        warnings.append("a Basic account records to this computer only: there are no transcripts to read at Zoom")
    if link.user_email and email and email.casefold() != link.user_email.casefold():
        warnings.append(f"{email} is signed in at Zoom, while gangly works for {link.user_email}")
    account = " ".join(filter(None, (name, email and f"({email})"))) or "?"
    return Standing(account=account, name=name, email=email, warnings=tuple(warnings))


def encoded(uuid: str) -> str:
    """A meeting's UUID as part of a path: twice, where a slash in it would be taken for one of the path's."""
    once = quote(uuid, safe="")
    return quote(once, safe="") if uuid.startswith("/") or "//" in uuid else once


def _version(files: Sequence[File]) -> str:
    """What changes when Zoom delivers a transcript anew, or another piece of the call."""
    said = "\n".join(f"{each.id} {each.start.isoformat()} {each.end.isoformat()} {each.size}" for each in files)
    return sha256(said.encode()).hexdigest()[:16] if files else ""


def _recording(data: Any) -> Recording | None:
    """A recorded call as Zoom lists it; None for one without a transcript or a time."""
    files, start = _files(data), _moment(data, "start_time")
    uuid, number = _text(data, "uuid"), _text(data, "id")
    if start is None or not (files and uuid and number):
        return None
    minutes = data.get("duration") if isinstance(data.get("duration"), int) else 0
    end = max(start + timedelta(minutes=min(max(minutes, 0), 1_440)), *(each.end for each in files))
    return Recording(number=number, uuid=uuid, start=start, end=end, files=files)


def _files(data: Any) -> tuple[File, ...]:
    """The transcripts of a recorded call that are done, the earliest first."""
    found = []
    for each in _list(data, "recording_files"):
        start = _moment(each, "recording_start") or _moment(data, "start_time")
        if _text(each, "file_type").upper() != "TRANSCRIPT" or _text(each, "status") not in ("", "completed"):
            continue
        url, identifier = _text(each, "download_url"), _text(each, "id")
        if start is None or not (url and identifier):
            continue
        size = each.get("file_size")
        found.append(
            File(
                id=identifier,
                url=url,
                start=start,
                end=max(_moment(each, "recording_end") or start, start),
                size=int(size) if isinstance(size, (int, float)) else 0,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.start, each.id)))


def _list(data: Any, name: str) -> list[Any]:
    found = data.get(name) if isinstance(data, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(data: Any, name: str) -> str:
    """A text or a number (the description says text, the service says number)."""
    found = data.get(name) if isinstance(data, dict) else None
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""


def _moment(data: Any, name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(data, name))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
