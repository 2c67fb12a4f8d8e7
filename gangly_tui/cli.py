"""The command line: parse, call one function, print. stdout is data, stderr is narration.

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 the audit trail is broken, 130 interrupted.
Each verb's module is imported when the verb is named, so that `--version` pays for nothing else.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from gangly_tui import __version__
from gangly_tui.commands.console import tell
from gangly_tui.domain.errors import GanglyError, TrailBroken

FAILED, TRAIL_BROKEN, INTERRUPTED = 1, 3, 130

_COLLECT = (10_000, 10, 10)
"""When the garbage collector looks: what a start makes stays, and a look every 700 objects is a tenth of the start."""

VERBS: dict[str, str] = {
    "demo": "app",
    "brief": "brief",
    "notes": "notes",
    "process": "process",
    "draft": "draft",
    "review": "review",
    "choose": "decide",
    "edit": "decide",
    "approve": "decide",
    "reject": "decide",
    "settle": "decide",
    "undo": "decide",
    "send": "send",
    "invite": "invite",
    "deliver": "deliver",
    "pull": "deliver",
    "audit": "audit",
    "sandbox": "sandbox",
    "connect": "connect",
    "disconnect": "connect",
    "linkedin": "linkedin",
    "vault": "vault",
    "model": "model",
    "hygiene": "hygiene",
    "report": "report",
    "signals": "signals",
    "health": "health",
    "hierarchy": "hierarchy",
    "shadow": "shadow",
    "dedupe": "dedupe",
    "export": "privacy",
    "erase": "privacy",
    "doctor": "doctor",
}
"""Each verb and the module of `gangly_tui.commands` that holds it, in the order of a day."""


class Verbs(click.Group):
    """A group that loads a verb's module when the verb is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of a day."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, or None when there is no such one."""
        module = VERBS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(import_module(f"gangly_tui.commands.{module}"), cmd_name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; a mistyped one is answered with the nearest."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, n=1)
            ctx.fail(f"there is no verb {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=Verbs, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gangly")
@click.option(
    "--passphrase-fd", type=click.IntRange(0), metavar="N", help="Read the store's passphrase from this descriptor."
)
@click.pass_context
def gangly(ctx: click.Context, passphrase_fd: int | None) -> None:
    """An assistant for sales reps: brief before the call, notes during it, reviewed CRM writes after it.

    Without a verb the app opens. Nothing is written to a CRM before you approve that very card.

    \b
    Try it without an account:
      gangly demo
      gangly brief next --md
      gangly draft call.vtt --json --date 2026-09-23
    """
    if passphrase_fd is not None:
        from gangly_tui.keys import answer_from

        answer_from(passphrase_fd)
    if ctx.invoked_subcommand is None:
        from gangly_tui.commands.app import open_app

        open_app()


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(*_COLLECT)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    sys.exit(_run(args))


def _run(args: Sequence[str] | None) -> int:
    try:
        code: Any = gangly.main(args=list(args) if args is not None else None, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        _swallow_stdout()
        return FAILED
    except TrailBroken as error:
        _complain(error)
        return TRAIL_BROKEN
    except GanglyError as error:
        _complain(error)
        return FAILED
    except OSError as error:
        tell(f"gangly: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
        return FAILED
    return code if isinstance(code, int) else 0


def _complain(error: GanglyError) -> None:
    tell(f"gangly: {error}")
    if error.fix:
        tell(f"  try: {error.fix}")


def _swallow_stdout() -> None:
    """The reader has gone: give the interpreter's last flush somewhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
