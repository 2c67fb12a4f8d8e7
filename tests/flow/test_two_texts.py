"""The rep's notes beside the recording: both are read, the notes win, and a transcript that comes anew is read anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gangly_tui.connectors.record.sandbox import SandboxReader
from gangly_tui.domain.draft import Notes
from gangly_tui.domain.errors import Unreachable
from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.records import Record, RecordRef
from gangly_tui.flow import capture, decide
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, engagement
from tests.flow.conftest import CALL, House

SPEECH = """Ada Lind: We can sign by 30 November 2026.
Ada Lind: We have a budget of 40k EUR for this.
Robin Hale: I will send you the contract tomorrow.
"""


def words(text: str, source: str = "notes") -> Notes:
    return Notes(id=f"m1/{source}", meeting_id="m1", text=text, updated_at=CALL, source=source)


def value(cards: list[Proposal], name: str) -> Proposal | None:
    return next((each for each in cards if each.group == "field" and each.changes[0].field == name), None)


async def with_transcript(house: House, text: str = SPEECH) -> None:
    house.calendar.texts = {"m1": text}
    await pull(house.desk)


async def test_both_texts_make_the_cards_and_the_notes_win_a_contradiction(house: House) -> None:
    await with_transcript(house)
    cards = await capture.propose(house.desk, words("Ada: we can sign by 15 Nov 2026.\n"))
    close, budget = value(cards, "close_date"), value(cards, "budget")
    assert close is not None
    assert str(close.changes[0].after) == "2026-11-15"
    assert "the recording says 2026-11-30" in close.note
    assert "30 November 2026" in close.note
    assert budget is not None
    assert (budget.source.split(" ")[0], close.source.split(" ")[0]) == ("transcript", "notes")
    assert not decide.is_low_risk(close)


async def test_it_is_the_same_whichever_text_is_drafted(house: House) -> None:
    await with_transcript(house)
    engagement.save_notes(house.desk.db, words("Ada: we can sign by 15 Nov 2026.\n"))
    cards = await capture.propose(house.desk, words(SPEECH, "transcript"))
    close = value(cards, "close_date")
    assert close is not None
    assert str(close.changes[0].after) == "2026-11-15"
    assert "the recording says" in close.note
    assert [each.group for each in cards].count("summary") == 1


async def test_what_both_say_is_surer(house: House) -> None:
    alone = value(await capture.propose(house.desk, words("Ada: we can sign by 30 Nov 2026.\n")), "close_date")
    await with_transcript(house)
    twice = value(await capture.propose(house.desk, words("Ada: we can sign by 30 Nov 2026.\n")), "close_date")
    assert alone is not None
    assert twice is not None
    assert twice.confidence > alone.confidence
    assert twice.note == ""


async def test_a_transcript_that_comes_anew_is_read_anew_and_decided_cards_stay(house: House) -> None:
    await with_transcript(house)
    cards = await capture.propose(house.desk, words(SPEECH, "transcript"))
    budget = value(cards, "budget")
    assert budget is not None
    decide.approve(house.desk, budget.id, budget.digest())
    house.calendar.texts = {"m1": SPEECH.replace("30 November", "15 December").replace("40k", "50k")}
    recorder = house.calendar

    class Anew:
        system = "sandbox"

        async def transcripts(self, meetings: object, known: object) -> list[object]:
            return [replace(each, version="2") for each in await recorder.transcripts(meetings, {})]  # type: ignore[arg-type]

    house.desk = replace(house.desk, recorders=(Anew(),))  # type: ignore[arg-type]
    await pull(house.desk)
    now = list(decisions.proposals(house.desk.db, states=(ProposalState.OPEN,), meeting_id="m1"))
    close = value(now, "close_date")
    assert close is not None
    assert str(close.changes[0].after) == "2026-12-15"
    assert decisions.proposal_state(house.desk.db, budget.id) is ProposalState.APPROVED
    (page,) = [each for each in engagement.notes_of(house.desk.db, "m1") if each.source == "transcript"]
    assert "15 December" in page.text


async def test_the_reps_own_words_are_never_written_over_by_a_transcript(house: House) -> None:
    engagement.save_notes(house.desk.db, words("mine, and only mine"))
    await with_transcript(house)
    await with_transcript(house, SPEECH + "Ada Lind: Bye.")
    assert capture.open_notes(house.desk, "m1").text == "mine, and only mine"


async def test_the_crm_is_read_once_for_both_texts_and_told_to_be_away_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_transcript(house)
    read, away = [], []
    whole = SandboxReader.read

    async def counted(reader: SandboxReader, ref: RecordRef) -> Record:
        read.append(ref)
        return await whole(reader, ref)

    monkeypatch.setattr(SandboxReader, "read", counted)
    await capture.propose(house.desk, words("Ada: we can sign by 15 Nov 2026.\n"))
    assert sorted(map(str, read)) == sorted({str(each) for each in read})

    async def shut(_: SandboxReader, __: RecordRef) -> Record:
        raise Unreachable("no line")

    monkeypatch.setattr(SandboxReader, "read", shut)
    await capture.propose(house.desk, words("Ada: we can sign by 16 Nov 2026.\n"), away=away.append)
    assert len(away) == 1
