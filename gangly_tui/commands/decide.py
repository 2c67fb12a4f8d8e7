"""The rep's decisions from the shell: each names its card, none says yes to what it has not named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.errors import GanglyError, InputError, StaleApproval

if TYPE_CHECKING:
    from gangly_tui.domain.proposal import Proposal
    from gangly_tui.flow.desk import Desk

_LEAST_DIGEST = 8


@click.command()
@click.argument("cards", metavar="ID[@DIGEST]...", nargs=-1, required=True)
@click.option("--deliver", "and_deliver", is_flag=True, help="Wait out the grace period and send at once.")
@click.option("--reason", default="", help="Why; kept in the trail. A new record that may be a double takes one.")
@as_json
def approve(cards: Sequence[str], and_deliver: bool, reason: str, as_json: bool) -> None:
    """Say yes to the named cards. There is no "all".

    An approval is bound to the card as it stands now; ID@DIGEST binds it to the card as `gangly review` listed it, and
    fails when the card has changed since. Each card is printed in full; the trail keeps the SHA-256 of what was printed
    (with --json: of "view"). The write leaves after the grace period, carried by the open app or by `gangly deliver`.

    \b
    Example:
      gangly approve 8f14e45f@c9f0f895 --deliver
      gangly approve 6512bd43 --reason "his brother, same firm"
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_text
    from gangly_tui.commands.naming import the_card
    from gangly_tui.domain.proposal import view_sha256
    from gangly_tui.domain.safe import clean
    from gangly_tui.flow import decide

    done: list[dict[str, object]] = []
    failed: list[GanglyError] = []
    with desk_at_hand() as desk:
        for named in dict.fromkeys(cards):
            try:
                name, _, prefix = named.partition("@")
                card = the_card(desk, name)
                digest = _digest(card, prefix, bound="@" in named)
                view = str(clean(card_text(card, whole=True)))
                if not as_json:
                    out(view)
                delivery = decide.approve(desk, card.id, digest, view=view_sha256(view), reason=reason)
            except GanglyError as error:
                failed.append(error)
                tell(f"{named}: {error}" + (f" (try: {error.fix})" if error.fix else ""))
                continue
            told = {"id": card.id, "digest": digest, "heading": card.heading, "due_at": delivery.due_at}
            done.append({**told, "view": view, "view_sha256": view_sha256(view)})
            if not as_json:
                out(f"approved  {card.id}  {short(card.heading)}")
        if as_json:
            out_json(done)
        if and_deliver and done:
            from gangly_tui.commands.deliver import carry

            carry(desk, as_json=as_json)
    if failed:
        raise InputError(f"{len(failed)} of {len(set(cards))} were not approved", fix="list the cards: gangly review")


def _digest(card: Proposal, prefix: str, *, bound: bool) -> str:
    """The digest to approve. Raises StaleApproval when the card is not the one that was listed."""
    digest = card.digest()
    if not bound:
        return digest
    if len(prefix) < _LEAST_DIGEST:
        raise InputError(f"@{prefix} is too short to tell cards apart", fix=f"give at least {_LEAST_DIGEST} characters")
    if not digest.startswith(prefix.lower()):
        raise StaleApproval(f"{short(card.heading)} changed after it was listed", fix="look again: gangly review")
    return digest


@click.command()
@click.argument("cards", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="", help="Why not; kept in the trail.")
@as_json
def reject(cards: Sequence[str], reason: str, as_json: bool) -> None:
    """Say no to the named cards.

    \b
    Example:
      gangly reject 8f14e45f --reason "they said maybe"
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.naming import the_card
    from gangly_tui.flow import decide

    with desk_at_hand() as desk:
        named = {card.id: card for card in (the_card(desk, each) for each in cards)}
        for card in named.values():
            decide.reject(desk, card.id, reason)
            if not as_json:
                out(f"rejected  {card.id}  {short(card.heading)}")
    if as_json:
        out_json([{"id": card.id, "heading": card.heading, "reason": reason} for card in named.values()])


@click.command()
@click.argument("card")
@click.argument("field")
@click.argument("value")
@as_json
def edit(card: str, field: str, value: str, as_json: bool) -> None:
    """Put another VALUE into one FIELD of a card. Refused, with the reason, when the CRM would not take it.

    \b
    Example:
      gangly edit 8f14e45f close_date 2026-11-30
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_json, card_text
    from gangly_tui.commands.naming import the_card
    from gangly_tui.flow import decide

    with desk_at_hand() as desk:
        edited = decide.edit(desk, the_card(desk, card).id, field, value)
        if as_json:
            out_json(card_json(edited))
        else:
            out(card_text(edited))


@click.command()
@click.argument("meeting")
@click.argument("deal")
@as_json
def choose(meeting: str, deal: str, as_json: bool) -> None:
    """Say which DEAL the cards of a MEETING are about, when several fit; `none` for none of them.

    The choice is remembered for the meeting's series.

    \b
    Example:
      gangly choose next "Platform 2026"
    """
    import asyncio

    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_json, card_text
    from gangly_tui.commands.naming import the_meeting, the_one
    from gangly_tui.flow import decide

    with desk_at_hand() as desk:
        about = the_meeting(desk, meeting)
        waiting = [each for each in decide.queue(desk, about.id) if each.needs_choice]
        if not waiting:
            raise InputError(f"no card of {short(about.title)} waits for a deal", fix="list the cards: gangly review")
        if deal == "none":
            decide.skip_choice(desk, about.id)
            cards = decide.queue(desk, about.id)
        else:
            options = {choice.ref: choice for card in waiting for choice in card.choices}
            chosen = the_one(
                deal,
                list(options.values()),
                what="deal",
                key=lambda each: each.ref.id,
                title=lambda each: each.label,
                fix="the deals that fit are listed by gangly review",
            )
            cards = asyncio.run(decide.choose(desk, about.id, chosen.ref))
    if as_json:
        out_json([card_json(each) for each in cards])
    else:
        out("\n\n".join(card_text(each) for each in cards))


@click.command()
@click.argument("card")
@click.argument("how", type=click.Choice(["theirs", "mine", "both"]))
@as_json
def settle(card: str, how: Literal["theirs", "mine", "both"], as_json: bool) -> None:
    """Decide a conflict: somebody changed the record between draft and send.

    `theirs` ends the card; `mine` and `both` (text only) leave a card to approve over what stands there now.

    \b
    Example:
      gangly settle 8f14e45f mine
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_json, card_text
    from gangly_tui.commands.naming import the_card
    from gangly_tui.flow import decide

    with desk_at_hand() as desk:
        named = the_card(desk, card)
        settled = decide.settle(desk, named.id, how)
    if as_json:
        out_json(card_json(settled) if settled else {"id": named.id, "kept": "theirs"})
    else:
        out(card_text(settled) if settled else f"kept theirs  {named.id}  {short(named.heading)}")


@click.command()
@click.argument("card", required=False)
@as_json
def undo(card: str | None, as_json: bool) -> None:
    """Take back an approved write: the named one, or the last.

    Before the write has left it is withdrawn. After it landed, the inverse card is laid out, for you to approve.

    \b
    Example:
      gangly undo
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_json, card_text
    from gangly_tui.flow import decide

    with desk_at_hand() as desk:
        undone = decide.undo(desk, _approved(desk, card) if card else None)
    if as_json:
        made = {"withdrawn": undone.withdrawn, "inverse": undone.inverse}
        out_json({name: card_json(each) if each else None for name, each in made.items()})
    elif undone.withdrawn:
        out(f"withdrawn  {undone.withdrawn.id}  {short(undone.withdrawn.heading)}")
    elif undone.inverse:
        out(card_text(undone.inverse))
        tell(f"this takes it back: gangly approve {undone.inverse.id}")


def _approved(desk: Desk, name: str) -> str:
    from gangly_tui.commands.naming import the_card

    return the_card(desk, name).id
