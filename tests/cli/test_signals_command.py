"""`gangly signals`: listed, worked, put off, dismissed, imported, its plays, and the listener on loopback."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gangly_tui.bootstrap import desk_at_hand
from gangly_tui.commands import signal_listen
from gangly_tui.commands.signal_listen import MAX_BODY, Door, answer_next, listening, read_token
from gangly_tui.domain.errors import InputError
from tests.cli.shell import Shell
from tests.patience import LONG

TOKEN = "t" * 32
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def ready(shell: Shell) -> Shell:
    """The sandbox after a pull."""
    assert shell("connect", "sandbox").code == 0
    assert shell("pull").code == 0
    return shell


def found(shell: Shell) -> list[dict[str, Any]]:
    return list(json.loads(shell("signals", "--json").out))


def test_the_demo_has_signals_of_its_own(ready: Shell) -> None:
    told = ready("signals")
    assert told.code == 0
    for words in ("close date passed", "deal stalled", "new stakeholder", "Tamarind"):
        assert words in told.out
    assert "open" in told.err
    assert found(ready) == json.loads(ready("signals", "list", "--json").out)


def test_work_lays_out_cards_that_wait_in_review(ready: Shell) -> None:
    past = next(each for each in found(ready) if each["kind"] == "close date passed")
    told = ready("signals", "work", past["id"][:6])
    assert (told.code, "Agree a new date" in told.out, "2 to review" in told.err) == (0, True, True)
    review = ready("review")
    assert "signal, close date passed" in review.out and "play Close date passed" in review.out
    assert past["id"] not in [each["id"] for each in found(ready)]
    again = ready("signals", "work", past["id"])
    assert (again.code, "has its cards already" in again.err) == (1, True)


def test_dismissed_and_put_off(ready: Shell) -> None:
    first, second, *rest = found(ready)
    assert "dismissed" in ready("signals", "dismiss", first["id"], "--reason", "known").out
    assert "back on" in ready("signals", "snooze", second["id"], "--days", "3").out
    assert found(ready) == rest
    assert "1 put off" in ready("signals").err
    nobody = ready("signals", "dismiss", "zzzz")
    assert (nobody.code, "no signal 'zzzz'" in nobody.err) == (1, True)


def test_a_file_is_taken_in_and_what_is_refused_is_listed(ready: Shell, tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_text(
        "account,email,kind,title,detail,at\n"
        f"bluewater-insurance.example,,usage,Logins halved,,{TODAY}\n"
        f"nowhere.example,,usage,x,,{TODAY}\n"
        f"bluewater-insurance.example,,usge,x,,{TODAY}\n",
        encoding="utf-8",
    )
    told = ready("signals", "import", file)
    assert (told.code, "1 new" in told.out) == (0, True)
    assert "line 3: no account has the domain" in told.out and "line 4: kind is 'usge'" in told.out
    again = json.loads(ready("signals", "import", file, "--json").out)
    assert (again["new"], again["known"], len(again["refused"])) == (0, 1, 2)
    assert "Bluewater Insurance: Logins halved" in ready("signals").out
    file.write_text(f"account,kind,title,at\nnowhere.example,usage,x,{TODAY}\n", encoding="utf-8")
    assert ready("signals", "import", file).code == 1, "nothing of it fits"
    file.write_bytes(b"\xff\xfe")
    assert "UTF-8" in ready("signals", "import", file).err


def test_own_plays_win_and_a_mistake_is_told_by_line(ready: Shell) -> None:
    assert "Close date passed" in ready("signals", "plays").out
    own = Path(ready("signals", "plays", "--own").out.strip())
    assert own.is_relative_to(ready.home)
    assert "[[play]]" in own.read_text(encoding="utf-8")
    own.write_text('[[play]]\nname = "Mine"\non = "deal stalled"\nstep = "Mine"\n', encoding="utf-8")
    assert [each["name"] for each in json.loads(ready("signals", "plays", "--json").out)] == ["Mine"]
    assert Path(ready("signals", "plays", "--own").out.strip()).read_text(encoding="utf-8").count("Mine") == 2
    own.write_text('[[play]]\nname = "Mine"\non = "deal staled"\nstep = "Mine"\n', encoding="utf-8")
    told = ready("signals", "plays")
    assert (told.code, "line 3" in told.err, "did you mean 'deal stalled'?" in told.err) == (1, True, True)


def test_what_leaves_holds_the_plays_words_and_nothing_raw(ready: Shell, tmp_path: Path) -> None:
    """From a file to the CRM and the rep's drafts: every byte that was written outside the store is looked through."""
    own = Path(ready("signals", "plays", "--own").out.strip())
    own.write_text(
        '[[play]]\nname = "Usage"\non = "usage"\nstep = "PLAYSTEP for {who}"\n'
        '[play.outreach]\nsubject = "PLAYSUBJECT"\nbody = "PLAYBODY for {who}"\n',
        encoding="utf-8",
    )
    row = {"email": "helen.marsh@bluewater-insurance.example", "kind": "usage", "title": "RAWTITLE", "at": TODAY}
    file = tmp_path / "RAWFILE.json"
    file.write_text(json.dumps({**row, "detail": "RAWDETAIL"}), encoding="utf-8")
    assert ready("signals", "import", file).code == 0
    usage = next(each for each in found(ready) if "RAWTITLE" in each["title"])
    assert usage["detail"] == "RAWDETAIL"
    cards = json.loads(ready("signals", "work", usage["id"], "--json").out)
    assert len(cards) == 2
    config = next(ready.home.rglob("config.toml"))
    config.write_text(f"grace_seconds = 0\n{config.read_text(encoding='utf-8')}", encoding="utf-8")
    sent = ready("approve", *(each["id"] for each in cards), "--deliver")
    assert sent.code == 0, sent.err
    written = {path: path.read_bytes() for path in ready.home.rglob("*") if path.is_file() and path.name[:5] != "store"}
    drafts = b"".join(data for path, data in written.items() if path.suffix == ".eml")
    outside = b"".join(written.values())
    assert b"PLAYSUBJECT" in drafts and b"PLAYBODY for Helen" in drafts
    assert b"PLAYSTEP for Helen Marsh" in outside.replace(drafts, b"")
    for raw in (b"RAWTITLE", b"RAWDETAIL", b"RAWFILE", usage["id"].encode(), b"signal:"):
        assert raw not in outside, raw
    assert usage["id"] not in [each["id"] for each in found(ready)]


# -- the listener ---------------------------------------------------------------------------------------------------


@pytest.fixture
def port(ready: Shell) -> Iterator[tuple[int, Door]]:
    """A listener whose requests are answered by a thread that has the store open."""
    door, stop = Door(token=TOKEN), []

    def answer() -> None:
        with desk_at_hand() as desk:
            while not stop:
                answer_next(desk, door, 0.05)

    with listening(door, 0) as taken:
        thread = Thread(target=answer)
        thread.start()
        try:
            yield taken, door
        finally:
            stop.append(True)
            thread.join()


def post(port: int, body: object, *, token: str = TOKEN, path: str = "/signals", **heads: str) -> tuple[int, Any]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    line.request("POST", path, data, {"Authorization": f"Bearer {token}", **heads})
    answer = line.getresponse()
    told = answer.read()
    line.close()
    return answer.status, json.loads(told) if told else None


ROW = {"account": "bluewater-insurance.example", "kind": "usage", "title": "Logins halved", "at": TODAY}


def test_a_program_on_this_machine_brings_usage(ready: Shell, port: tuple[int, Door]) -> None:
    assert post(port[0], ROW) == (200, {"new": 1, "known": 0, "refused": []})
    assert post(port[0], [ROW, {**ROW, "title": "More"}])[1] == {"new": 1, "known": 1, "refused": []}
    code, told = post(port[0], {**ROW, "account": "nowhere.example"})
    assert (code, told["refused"][0]["why"]) == (422, "no account has the domain of nowhere.example")
    assert "Bluewater Insurance: Logins halved" in ready("signals").out


@pytest.mark.parametrize(
    ("body", "more", "code"),
    [
        (ROW, {"token": "wrong" * 8}, 401),
        (ROW, {"token": ""}, 401),
        (ROW, {"token": "ü" * 20}, 401),
        (ROW, {"path": "/"}, 404),
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"3", {}, 400),
        (b"x" * (MAX_BODY + 1), {}, 413),
        (ROW, {"Transfer-Encoding": "chunked"}, 411),
    ],
    ids=str,
)
def test_what_is_not_let_in(
    ready: Shell, port: tuple[int, Door], body: object, more: dict[str, str], code: int
) -> None:
    if "ü" in more.get("token", ""):
        more = {"token": more["token"].encode().decode("latin-1")}
    try:
        assert post(port[0], body, **more)[0] == code
    except (BrokenPipeError, ConnectionResetError):
        assert code == 413, "the rest of a body that is too long is not read"
    assert "Logins" not in ready("signals").out


def test_too_many_requests_are_told_so(port: tuple[int, Door], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_listen, "MOST_A_MINUTE", 2)
    assert [post(port[0], ROW)[0] for _ in range(3)] == [200, 200, 429]


def test_it_listens_on_this_machine_alone_and_a_port_that_is_taken_is_said(port: tuple[int, Door]) -> None:
    with socket.create_connection(("127.0.0.1", port[0]), timeout=LONG) as line:
        assert line.getpeername()[0] == "127.0.0.1"
    with pytest.raises(InputError, match="cannot be had"), listening(Door(token=TOKEN), port[0]):
        pass


def test_reading_is_no_way_in(port: tuple[int, Door]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port[0], timeout=LONG)
    line.request("GET", "/signals")
    assert line.getresponse().status == 501
    line.close()


def _fd(data: bytes) -> int:
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return read


def test_a_token_of_ones_own_comes_from_a_descriptor() -> None:
    assert read_token(_fd(b"mine-0123456789-abcdef\n")) == "mine-0123456789-abcdef"
    for bad in (b"", b"short", b"with a blank in it yes", b"x" * 600, "ü".encode() * 20):
        with pytest.raises(InputError, match="gives no token"):
            read_token(_fd(bad))
    first, second = read_token(None), read_token(None)
    assert first != second and len(first) >= 40
