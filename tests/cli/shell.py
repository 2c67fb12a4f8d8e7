"""Runs the command line in this process, as a shell would see it: output, narration, exit code."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gangly_tui.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one call left behind."""

    code: int
    out: str
    err: str


class Shell:
    """Calls `gangly` with arguments. Standard input and output are no terminal."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("GANGLY_HOME", str(home))

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Result:
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            with pytest.raises(SystemExit) as left:
                main([str(each) for each in arguments])
        printed = self._capsys.readouterr()
        code = left.value.code
        return Result(code=code if isinstance(code, int) else int(bool(code)), out=printed.out, err=printed.err)
