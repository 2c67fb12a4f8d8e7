from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from gangly_tui.domain.draft import Draft

Read = Callable[..., Draft]
FRI, MON, TUE, THU, WED = date(2026, 9, 25), date(2026, 9, 28), date(2026, 9, 29), date(2026, 9, 24), date(2026, 9, 30)
TODAY = date(2026, 9, 23)

SPEECH = [
    # who promises what, in the first person
    ("Sam: I'll send the deck by Friday.\nDana: Great.", [("Sam Ortiz", True, "Send the deck", FRI)]),
    ("Dana: I will share the requirements tomorrow.\nSam: Thanks.", [("Dana", False, "Share the requirements", THU)]),
    ("Dana: We'll sign the NDA on Monday.\nSam: Ok.", [("Dana", False, "Sign the NDA", MON)]),
    ("Sam: Let me check with our legal team.\nDana: Sure.", [("Sam Ortiz", True, "Check with the legal team", None)]),
    ("Sam: My team will reach out tomorrow to schedule the kickoff.\nDana: Ok.", [("Sam Ortiz", True, "Reach out to schedule the kickoff", THU)]),
    ("Sam: I'll send you the recap right after this call.\nDana: Bye.", [("Sam Ortiz", True, "Send the recap", TODAY)]),
    (
        "Sam: I'll send the deck and schedule a call with legal by Friday.\nDana: Ok.",
        [("Sam Ortiz", True, "Send the deck", None), ("Sam Ortiz", True, "Schedule a call with legal", FRI)],
    ),
    # requests and their answers, across turns
    ("Dana: Could you send the DPA?\nSam: Sure, tomorrow.", [("Sam Ortiz", True, "Send the DPA", THU)]),
    ("Sam: Can you send me access to the sandbox?\nDana: Yes, by Friday.", [("Dana", False, "Send access to the sandbox", FRI)]),
    ("Dana: Could you send pricing?\nSam: No, we can't share that yet.", []),
    ("Dana: Could you send the DPA?\nSam: What for?\nDana: Legal.", []),
    ("Dana: Send me the invite.\nSam: Will do.", [("Sam Ortiz", True, "Send the invite", None)]),
    ("Dana: Please send the order form by Friday.\nSam: Of course.", [("Sam Ortiz", True, "Send the order form", FRI)]),
    # offers
    ("Sam: I can share some case studies if that helps.\nDana: Yeah, send those over.", [("Sam Ortiz", True, "Share some case studies", None)]),
    ("Sam: Should I send the proposal on Monday?\nDana: Yes please.", [("Sam Ortiz", True, "Send the proposal", MON)]),
    ("Sam: I could send some references.\nDana: Not necessary.", []),
    # "it" is what was named before
    ("Dana: We need the contract.\nSam: I'll send it by Friday.", [("Sam Ortiz", True, "Send the contract", FRI)]),
    # meetings both sides agreed on
    (
        "Sam: I'd like to do a custom demo. I've got Tuesday at 3pm or Wednesday at 11am next week.\nDana: "
        "Tuesday at 3 works.",
        [("Sam Ortiz", True, "Do a custom demo", TUE)],
    ),
    ("Sam: Does Friday at 2pm work for the demo?\nDana: Yes, perfect.", [("Sam Ortiz", True, "Hold the demo", FRI)]),
    # retractions
    ("Dana: I'll send it over by Friday, the signed NDA. Actually, not Friday, Monday.\nSam: Ok.", [("Dana", False, "Send it", MON)]),
    ("Sam: I'll send the deck tomorrow. Scratch that.\nDana: Ok.", []),
    ("Sam: I'll send the order form tomorrow. Scratch that, I'll send it on Monday.\nDana: Ok.", [("Sam Ortiz", True, "Send the order form", MON)]),
    ("Sam: I'll send the DPA.\nDana: Forget the DPA, we don't need it.", []),
    # not steps at all
    ("Sam: If we move forward, I'll send the contract.\nDana: Ok.", []),
    ("Sam: Once you sign, we'll kick off implementation within 48 hours.\nDana: Ok.", []),
    ("Sam: I sent the deck yesterday.\nDana: I saw it.", []),
    ("Sam: We'll train your team and refund your money.\nDana: Ok.", []),
    ("Sam: Let me walk you through it. Let me share my screen.\nDana: Sure.", []),
    ("Sam: We typically send a report every week.\nDana: Ok.", []),
    ("Sam: Maybe I'll send something.\nDana: Ok.", []),
    ("Dana: I won't send the data.\nSam: Ok.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SPEECH)
def test_steps_in_speech(read: Read, text: str, expected: list[tuple[str, bool, str, date | None]]) -> None:
    steps = read(text).next_steps
    assert [(each.owner, each.ours, each.action, each.due) for each in steps] == expected


NOTES = [
    ("me -> send DPA by fri", [("Sam Ortiz", True, "Send DPA", FRI)]),
    ("Dana to send redlines next Tuesday", [("Dana", False, "Send redlines", TUE)]),
    ("they'll loop in legal", [("", False, "Loop in legal", None)]),
    ("TODO: send the deck", [("Sam Ortiz", True, "Send the deck", None)]),
    ("Follow up with Dana on Friday", [("Sam Ortiz", True, "Follow up with Dana", FRI)]),
    ("wants SOC2 report by fri, me -> send DPA", [("Sam Ortiz", True, "Send SOC2 report", FRI), ("Sam Ortiz", True, "Send DPA", None)]),
    ("asked me to send the security questionnaire", [("Sam Ortiz", True, "Send the security questionnaire", None)]),
    ("Next steps:\n- me: intro to CTO by Friday\n- Dana: send usage data\n- [x] NDA", [("Sam Ortiz", True, "Intro to CTO", FRI), ("Dana", False, "Send usage data", None)]),
    ("## Action items\n- Send ROI deck (Sam) by Fri\n- Priya to send redlines", [("Sam Ortiz", True, "Send ROI deck", FRI), ("Priya", False, "Send redlines", None)]),
    ("demo booked for next Tuesday", [("Sam Ortiz", True, "Hold the demo", TUE)]),
    # the rep's preparation, what is done, what is only possible
    ("ask about budget?", []),
    ("Prep:\n- send agenda\n- ask who signs", []),
    ("sent the deck", []),
    ("might send the contract if legal agrees", []),
    ("legal needs to review the MSA", []),
    ("Call w/ Dana Ruiz", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), NOTES)
def test_steps_in_notes(read: Read, text: str, expected: list[tuple[str, bool, str, date | None]]) -> None:
    steps = read(text).next_steps
    assert [(each.owner, each.ours, each.action, each.due) for each in steps] == expected


def test_the_day_says_where_it_comes_from(read: Read) -> None:
    step = read("Sam: I'll send the deck by Friday.\nDana: Great.").next_steps[0]
    assert step.due_text == '"Friday", anchored on 23 Sep 2026'
    assert step.evidence.speaker == "Sam"


def test_the_quote_of_an_accepted_request_holds_both_turns(read: Read) -> None:
    step = read("Dana: Could you send the DPA?\nSam: Sure, tomorrow.").next_steps[0]
    assert "send the DPA" in step.evidence.text
    assert "tomorrow" in step.evidence.text


def test_one_thing_said_three_times_is_one_step(read: Read) -> None:
    text = "Dana: Send the contract.\nSam: I'll send it right now.\nDana: Good. Send the contract today.\nSam: I'll send the contract in the next hour."
    assert [each.action for each in read(text).next_steps] == ["Send the contract"]


def test_a_refused_request_is_listed_with_its_reason(read: Read) -> None:
    draft = read("Dana: Could you send pricing?\nSam: No, we can't share that yet.")
    assert ("next step", "declined") in [(each.what, each.reason) for each in draft.dropped]
