"""Send what was approved; read what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.errors import ConnectorError

if TYPE_CHECKING:
    from gangly_tui.flow.deliver import Outcome
    from gangly_tui.flow.desk import Desk
    from gangly_tui.flow.pull import PullProgress


@click.command()
@as_json
def deliver(as_json: bool) -> None:
    """Send every approved write, waiting out the grace period, and read each back.

    \b
    Example:
      gangly deliver
    """
    from gangly_tui.bootstrap import desk_at_hand

    with desk_at_hand() as desk:
        carry(desk, as_json=as_json)


def carry(desk: Desk, *, as_json: bool) -> None:
    """Deliver and print one line (or JSON object) a write. Raises ConnectorError when a write did not land."""
    import asyncio

    from gangly_tui.domain.outbox import DeliveryState

    outcomes = asyncio.run(_rounds(desk))
    if as_json:
        out_json([_outcome(each) for each in outcomes])
    for each in outcomes if not as_json else ():
        state = each.delivery.state.value
        out(f"{state:<9} {each.delivery.op_id}  {short(each.proposal.heading)}: {short(each.message)}")
    if not outcomes:
        tell("nothing to send")
    if desk.courier.trouble:
        tell(f"gangly: {desk.courier.trouble}")
    stuck = [each for each in outcomes if each.delivery.state is not DeliveryState.SENT]
    if stuck:
        raise ConnectorError(
            f"{len(stuck)} of {len(outcomes)} did not land",
            fix="what needs you is back in gangly review; gangly deliver tries the rest again",
        )


async def _rounds(desk: Desk) -> list[Outcome]:
    """Send what is due, wait out the grace period of what is not, and the horizon of what is in doubt.

    The last word on each write counts.
    """
    import asyncio
    from datetime import timedelta

    from gangly_tui.domain.outbox import PATIENCE, DeliveryState
    from gangly_tui.store import decisions

    began = desk.now()
    soon = began + timedelta(seconds=desk.settings.grace_seconds + 1)
    doubted: set[str] = set()
    last: dict[str, Outcome] = {each.delivery.op_id: each for each in await desk.courier.deliver_due()}
    while True:
        waiting = decisions.deliveries(desk.db, states=(DeliveryState.APPROVED, DeliveryState.UNKNOWN))
        doubt = [each for each in waiting if each.state is DeliveryState.UNKNOWN and each.op_id not in doubted]
        ready = [
            each
            for each in waiting
            if each.state is DeliveryState.APPROVED
            and each.due_at <= soon
            and (each.op_id in doubted or not each.attempts)
        ]
        due = [each.due_at for each in (ready or doubt)]
        if not due or min(due) > began + PATIENCE.deadline + 2 * PATIENCE.horizon:
            return list(last.values())
        rest = (min(due) - desk.now()).total_seconds()
        if rest > 0:
            tell(_why_waiting(len(due), rest, in_doubt=not ready))
            await asyncio.sleep(rest)
        if not ready:
            doubted |= {each.op_id for each in doubt}
            soon = max(soon, desk.now() + timedelta(seconds=1))
        sent = await desk.courier.deliver_due()
        if not sent:  # another window is carrying them
            return list(last.values())
        last |= {each.delivery.op_id: each for each in sent}


def _why_waiting(number: int, seconds: float, *, in_doubt: bool) -> str:
    if in_doubt:
        return f"{number} may have arrived: reading back in {seconds:.0f} s; ctrl+c leaves that to the next time"
    return f"{number} to send after the grace period, {seconds:.0f} s; ctrl+c leaves them in the outbox"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.delivery.op_id,
        "state": outcome.delivery.state.value,
        "heading": outcome.proposal.heading,
        "message": outcome.message,
        "record": outcome.delivery.result,
        "card": outcome.proposal.id,
    }


@click.command()
@as_json
def pull(as_json: bool) -> None:
    """Read the CRM's changes and the calendar into the local store. Writes nothing anywhere else.

    \b
    Example:
      gangly pull
    """
    import asyncio

    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.pull import pull as pull_all

    with desk_at_hand() as desk:
        report = asyncio.run(pull_all(desk, pull_progress()))
    if as_json:
        out_json(report)
    else:
        out(
            f"{report.records:,} records, {report.removed:,} removed, {report.meetings:,} meetings,"
            f" {report.transcripts:,} transcripts" + f", {report.mails:,} mails" * bool(report.mails)
        )
    for each in report.asks if not as_json else ():
        tell(each)
    if report.problems:
        raise ConnectorError("; ".join(report.problems), fix="what was read is kept; run gangly pull again")


def pull_progress() -> Any:
    """Tells each thousand records, on a terminal only."""
    import sys

    seen: dict[str, int] = {}

    def show(step: PullProgress) -> None:
        if sys.stderr.isatty() and step.done - seen.get(step.what, 0) >= 1000:
            seen[step.what] = step.done
            tell(f"{step.done:,}" + (f" of {step.total:,}" if step.total else "") + f" {short(step.what)}")

    return show
