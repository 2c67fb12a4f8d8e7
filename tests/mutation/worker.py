"""One copy of the tree: lays a mutant into it, forks a pytest that has its libraries loaded already, says what came.

Takes a folder; then a JSON object a line, and answers each with a line.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

_LIBRARIES = (
    "pytest hypothesis httpx sqlcipher3 sqlite_utils "
    "cryptography.hazmat.primitives.ciphers.aead cryptography.hazmat.primitives.kdf.argon2 click phonenumbers "
    "cryptography.hazmat.primitives.asymmetric.ed25519 tldextract rapidfuzz rfc8785 tomlkit textual.app textual.pilot "
    "keyring icalendar recurring_ical_events"
).split()
_MEMORY = 8 << 30


def _run(folder: Path, tests: list[str]) -> None:
    """In the forked child: never returns."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    quiet = os.open(folder / ".mutant.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    code = 99
    try:
        import pytest

        loaded = "ignore::pytest.PytestAssertRewriteWarning"
        how = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "--hypothesis-profile=mutants", "-W", loaded]
        code = int(pytest.main([*how, *tests]))
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _verdict(folder: Path, tests: list[str], patience: float) -> str:
    child = os.fork()
    if child == 0:
        _run(folder, tests)
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return {0: "survived", 5: "no tests", 99: "broken"}.get(code, "killed")
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def main(folder: Path) -> None:
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    for each in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(each)
    answers = sys.stdout
    stamp = time.time()
    for number, line in enumerate(sys.stdin, start=1):
        asked = json.loads(line)
        file = folder / asked["file"]
        real = file.read_bytes()
        try:
            file.write_text(asked["source"], encoding="utf-8")
            os.utime(file, (stamp + number, stamp + number))  # a compiled file of another second is not taken
            said = _verdict(folder, asked["tests"], asked["patience"])
        finally:
            file.write_bytes(real)
        answers.write(said + "\n")
        answers.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
