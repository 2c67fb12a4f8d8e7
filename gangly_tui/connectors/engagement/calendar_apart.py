"""Works out events that may take for ever in a process of its own: with a deadline, and little memory.

The parent starts this module as a program, waits until it has loaded its libraries, hands it the texts and ends it
after two seconds. What was answered until then counts; the text it was at is given up, and another process goes on
with the rest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date

from gangly_tui.connectors.engagement.calendar_expand import Occurrence, Person, expand

SECONDS = 2.0
_START_SECONDS = 10.0
_PROCESSES = 3
_MEMORY = 512 * 1024 * 1024
_READY = b"ready\n"


def expand_apart(texts: Sequence[str], first: date, last: date, limit: int) -> list[list[Occurrence] | None]:
    """The instances of each text in the days; None for a text that could not be worked out in time."""
    answers: dict[int, list[Occurrence] | None] = {}
    for _ in range(_PROCESSES):
        left = [number for number in range(len(texts)) if number not in answers]
        if not left:
            break
        found = _ask([texts[number] for number in left], first, last, limit)
        answers.update(zip(left, found, strict=False))
        if len(found) < len(left):
            answers[left[len(found)]] = None
    return [answers.get(number) for number in range(len(texts))]


def _ask(texts: Sequence[str], first: date, last: date, limit: int) -> list[list[Occurrence] | None]:
    """What one process answered before its end: an answer a text, in order."""
    import subprocess
    from threading import Timer

    asked = {"texts": list(texts), "first": first.isoformat(), "last": last.isoformat(), "limit": limit}
    with subprocess.Popen(
        [sys.executable, "-I", "-m", "gangly_tui.connectors.engagement.calendar_apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    ) as process:
        assert process.stdout is not None
        too_slow = Timer(_START_SECONDS, process.kill)
        too_slow.start()
        said = b""
        while len(said) < len(_READY) and (more := process.stdout.read(len(_READY) - len(said))):
            said += more
        too_slow.cancel()
        if said != _READY:
            process.kill()
            return []
        try:
            output, _ = process.communicate(json.dumps(asked).encode(), timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
    return [_read(line) for line in output.split(b"\n")[:-1]]


def _read(line: bytes) -> list[Occurrence] | None:
    found = json.loads(line)
    if found is None:
        return None
    return [Occurrence(**{**each, "people": tuple(Person(**person) for person in each["people"])}) for each in found]


def _little_memory() -> None:
    """Where the system can (not on Windows), a text that grows without end meets a wall instead of the machine."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer the parent: one line a text."""
    import icalendar  # noqa: F401  loaded before the clock starts
    import recurring_ical_events  # noqa: F401

    _little_memory()
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    asked = json.loads(sys.stdin.buffer.read())
    first, last = date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"])
    for text in asked["texts"]:
        try:
            found = [asdict(each) for each in expand(text, first, last, asked["limit"])]
        except Exception:  # a library that trips over this text: the parent reads None as "could not be worked out"
            sys.stdout.buffer.write(b"null\n")
        else:
            sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
