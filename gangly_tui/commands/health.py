"""How the connected systems are: for a person, for a script, for a monitor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell

if TYPE_CHECKING:
    from gangly_tui.domain.health import Figure, Health, SystemHealth

_MARKS = {"ok": " ", "look": "?", "bad": "!"}
_HELP = {
    "success_ratio": "Share of the exchanges of 24 hours that were answered, 0 to 1.",
    "latency_p50_seconds": "Half of the answers of 24 hours took at most this long.",
    "latency_p95_seconds": "95 % of the answers of 24 hours took at most this long.",
    "queue_depth": "Approved writes that have not left or are not confirmed.",
    "oldest_waiting_seconds": "Age of the oldest approval that waits.",
    "unknown": "Writes of which no answer said whether they arrived.",
    "needs_human": "Writes of 7 days that ended with a question to the rep.",
    "conflicts": "Writes of 7 days whose record had moved.",
    "duplicates_blocked": "Creates of 7 days that the CRM had already.",
    "quota_left_ratio": "What is left of a limit, 0 to 1.",
    "sign_in_seconds_left": "Until the credential must be new, or the access token is renewed; 0 when not accepted.",
    "model_tokens_today": "Tokens of today (UTC), sent and back, as the model's answers told them.",
    "last_pull_seconds": "Since the system was last read to the end.",
    "store_encrypted": "Whether the store on this machine is encrypted.",
    "store_read_only": "Whether a newer gangly wrote the store, so that this one only reads it.",
    "disk_full": "Whether approving has stopped because the disk is full.",
    "trail_entries": "Entries in the audit trail.",
}


@click.command()
@as_json
@click.option("--prometheus", is_flag=True, help="Print Prometheus text, for the textfile collector of node_exporter.")
def health(as_json: bool, prometheus: bool) -> int:
    """Print how each system has answered, what waits for it, what is left of its limits, and who answers for it.

    From the local store alone: no system is asked. Exit code 0 when all is well or worth a look, 1 when something is
    bad, so that a monitor can call it. The thresholds are those of the Health screen (6). In the table "?" is worth a
    look and "!" is bad. In JSON, every figure has `name`, `value` (a number or null), `words`, `verdict` and `fix`.

    \b
    Examples:
      gangly health
      gangly health --json | jq '.systems[] | {system, verdict}'
      gangly health --prometheus > /var/lib/node_exporter/gangly.prom
      gangly health > /dev/null || notify-send "gangly needs a look"
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.domain.health import Verdict
    from gangly_tui.flow.health import look

    if as_json and prometheus:
        raise click.UsageError("--json or --prometheus, not both")
    with desk_at_hand() as desk:
        found = look(desk, desk.sign_in(), desk.sign_ins_beside())
    if as_json:
        out_json(found)
    elif prometheus:
        for line in _prometheus(found):
            out(line)
    else:
        _table(found)
    return 1 if found.verdict is Verdict.BAD else 0


def _table(found: Health) -> None:
    for each in found.systems:
        out(f"{short(each.title, 60)}: {each.verdict.value}")
        _figures(each.figures)
        _week(each)
        for failure in each.failures:
            way = "writing" if failure.write else "reading"
            out(f"  {failure.count:>6} x {way}: {failure.words}, last {failure.last}")
            out(f"           {short(failure.fix, 160)}")
        for label, text in (("owner", each.owner), ("backup", each.backup), ("runbook", each.runbook)):
            if text:
                out(f"  {label:<24} {short(text, 160)}")
        out()
    out("this machine")
    _figures(found.machine)
    tell(f"health: {found.verdict.value}")


def _figures(figures: tuple[Figure, ...]) -> None:
    for each in figures:
        out(f"{_MARKS[each.verdict.value]} {short(each.label, 24):<24} {short(each.words, 160)}")
        if each.fix:
            out(f"  {'':<24} {short(each.fix, 200)}")


def _week(system: SystemHealth) -> None:
    from gangly_tui.domain.health import sparkline

    answered, failed = [each.answered for each in system.week], [each.failed for each in system.week]
    if any((*answered, *failed)):
        out(f"  {'7 days, answered':<24} {sparkline(answered)}  {sum(answered):,}")
        out(f"  {'7 days, failed':<24} {sparkline(failed)}  {sum(failed):,}")


def _prometheus(found: Health) -> Iterator[str]:
    """Text exposition 0.0.4: the samples of a metric together, each metric with its HELP and TYPE."""
    from gangly_tui.domain.health import rank, worst

    samples: dict[str, list[str]] = {}
    for system in found.systems:
        for each in system.figures:
            if each.value is not None:
                part = {"limit": each.part} if each.name == "quota_left_ratio" else {}
                samples.setdefault(each.name, []).append(_sample(each.name, each.value, system=system.system, **part))
    for each in found.machine:
        if each.value is not None:
            samples.setdefault(each.name, []).append(_sample(each.name, each.value))
    for name, lines in samples.items():
        yield from _metric(name, _HELP[name], lines)
    yield from _metric(
        "health",
        "0 ok, 1 worth a look, 2 bad.",
        [
            *(_sample("health", rank(each.verdict), system=each.system) for each in found.systems),
            _sample("health", rank(worst(each.verdict for each in found.machine)), system="this machine"),
        ],
    )
    yield from _metric(
        "failures_7d",
        "Failed exchanges of 7 days.",
        [
            _sample(
                "failures_7d",
                failure.count,
                system=each.system,
                direction="write" if failure.write else "read",
                result=failure.result,
            )
            for each in found.systems
            for failure in each.failures
        ],
    )


def _metric(name: str, words: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"# HELP gangly_{name} {words}"
        yield f"# TYPE gangly_{name} gauge"
        yield from lines


def _sample(name: str, value: float, **labels: str) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"gangly_{name}" + (f"{{{told}}}" if told else "") + f" {value:.10g}"


def _escaped(text: str) -> str:
    """A label's value as the format asks for it."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
