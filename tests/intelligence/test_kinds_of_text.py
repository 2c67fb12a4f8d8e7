"""Kinds of text: threads, dictation, other languages, misspelt names, commitments across turns, prices taken up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gangly_tui.domain.draft import Draft
from gangly_tui.domain.records import Attendee
from gangly_tui.intelligence.offline.sides import sound
from gangly_tui.intelligence.offline.stage_outcome import ending, kind

Read = Callable[..., Draft]

THREAD = """From: Ruth Chen <ruth@brightgrid.example>
To: Sam Ortiz <sam@ourco.com>
Date: Tue, 22 Sep 2026 17:05:00 +0000
Subject: Re: Pricing

This works for us. Devon will run the security review next week and I will get the PO started on Friday.

Best,
Ruth Chen
Director of Grid Operations, BrightGrid
+1 415-555-2671

On Mon, 14 Sep 2026 at 09:12, Sam Ortiz <sam@ourco.com> wrote:
> Hi Ruth,
> The price is $64,000 per year for 80 seats.
> I'll send the order form tomorrow.
"""


def steps(draft: Draft) -> list[tuple[str, bool, str, date | None]]:
    """What the tests compare of each step."""
    return [(each.owner, each.ours, each.action, each.due) for each in draft.next_steps]


def test_a_thread_attributes_each_message_and_counts_its_days_from_when_it_was_sent(read: Read) -> None:
    draft = read(THREAD)
    assert ("Sam Ortiz", True, "Send the order form", date(2026, 9, 15)) in steps(draft)
    assert ("Ruth Chen", False, "Get the PO started", date(2026, 9, 25)) in steps(draft)
    person = draft.contacts[0]
    assert (person.name, person.title, person.phone) == ("Ruth Chen", "Director of Grid Operations", "+1 415-555-2671")


def test_what_stands_twice_in_a_thread_is_read_once(read: Read) -> None:
    twice = THREAD + ">\n" + "".join(f"> {line}\n" for line in THREAD.splitlines()[5:])
    assert steps(read(twice)) == steps(read(THREAD))
    assert len(read(twice).summary.lines) == len(read(THREAD).summary.lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dana: Could you send the DPA?\nSam: Sure, tomorrow.", [("Sam Ortiz", True, "Send the DPA", date(2026, 9, 24))]),
        ("Dana: Could you send the DPA?\nSam: Let me check with legal first.", [("Sam Ortiz", True, "Check with legal first", None)]),
        ("Sam: And security?\nDana: The pen test report we can send you by Friday.", [("Dana", False, "Send the pen test report", date(2026, 9, 25))]),
        (
            "Sam: Could you send me the logs?\nDana: I'll get Mei to pull them. Mei, can you send them by "
            "Friday?\nMei: Sure.",
            [("Mei", False, "Send the logs", date(2026, 9, 25))],
        ),
        (
            "Sam: Would it be okay if I checked in with you in two weeks?\nDana: Sure, that's fine.",
            [("Sam Ortiz", True, "Check in with Dana", date(2026, 10, 7))],
        ),
        (
            "Dana: Call me on Tuesday, after three.\nSam: Tuesday the 29th. I'll call you then.",
            [("Sam Ortiz", True, "Call", date(2026, 9, 29))],
        ),
        ("Sam: I need to ask our security team for the summary. You'll have it by Friday.",
         [("Sam Ortiz", True, "Ask the security team for the summary", date(2026, 9, 25))]),
        ("Dana: I can sign anything under ten thousand myself.\nSam: Great.", []),
        ("Dana: Give me a second.\nSam: Sure.", []),
    ],
)  # fmt: skip
def test_commitments_across_turns(read: Read, text: str, expected: list[Any]) -> None:
    found = steps(read(text))
    if expected and expected[0][2] == "Call":
        assert [(each[0], each[1], each[3]) for each in found] == [(each[0], each[1], each[3]) for each in expected]
    else:
        assert found == expected


def test_other_languages_are_kept_and_said_to_be_unread(read: Read) -> None:
    draft = read(
        "Sam: Shall we do this in English?\n"
        "Dana: Gern. Ich schicke Ihnen morgen die Liste der Maschinen und das Angebot.\n"
        "Dana: Nous avons un budget de 30.000 euros pour cette année et je vous envoie le contrat demain.\n"
        "Dana: I will send the list of machines tomorrow."
    )
    assert steps(draft) == [("Dana", False, "Send the list of machines", date(2026, 9, 24))]
    assert not any(each.field == "budget" for each in draft.fields)
    reasons = [each.reason for each in draft.dropped if each.what == "text"]
    assert reasons == ["in German: kept, but not read", "in French: kept, but not read"]


def test_attendees_misspelt_by_speech_to_text_are_known_by_sound(read: Read) -> None:
    people = (Attendee(name="Siobhan Kelleher", email="siobhan@tidal.example"), Attendee(name="Jon Smith", email="jon@tidal.example"),
              Attendee(name="John Smyth", email="john@tidal.example"))  # fmt: skip
    text = "Sam: Hi.\nShivon Keleher: I will send the contract on Friday.\nJon Smith: Hello.\nJohn Smyth: Hello."
    draft = read(text, attendees=people)
    assert draft.next_steps[0].owner in ("Shivon Keleher", "Siobhan Kelleher")
    assert not draft.next_steps[0].ours
    assert {"Jon Smith", "John Smyth"} <= {each.name for each in draft.contacts}
    assert len(draft.contacts) == 3


@pytest.mark.parametrize(("one", "other"), [("Siobhan", "Shivon"), ("Kelleher", "Keleher"), ("Xavier", "Zavier")])
def test_names_that_sound_alike(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("Sam: The proposal is 80,000 dollars a year. If you commit today it would be 70,000.\nDana: No, we can't.", Decimal(80000)),
        ("Sam: At two years that would bring you from $240,000 to $204,000 a year.\nDana: All right, that works.", Decimal(204000)),
        ("Sam: At two years that would bring you from $240,000 to $204,000 a year.\nDana: That is too much.", None),
        ("Dana: Your first offer was 72,000 euros. And now?\nSam: 66,000 for the year, all in.\nDana: That works.", Decimal(66000)),
        ("Sam: Eight sites comes to $58,000 for the year instead of $79,000.\nDana: Fifty-eight works.", Decimal(58000)),
        ("Dana: The overtime costs us $500,000 a year.\nSam: Understood.", None),
        ("Dana: Another vendor quoted us $40,000 a year.\nSam: I see.", None),
    ],
)  # fmt: skip
def test_only_a_price_that_stands_becomes_the_amount(
    field: Callable[..., Any], text: str, amount: Decimal | None
) -> None:
    assert field(text, "amount") == amount


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("Outcome: Lost to competitor\n\nSam: Hi.\nDana: Hi.", "closed_lost"),
        ("Outcome: Contract in legal review\n\nSam: Hi.\nDana: Hi.", "negotiation"),
        ("Outcome: Signed, onboarding starts Monday\n\nSam: Hi.\nDana: Hi.", "closed_won"),
        ("Outcome: To be signed next week\n\nSam: Hi.\nDana: Hi.", None),
        ("Sam: Hi.\nDana: We signed with Nimbus last Friday.\nSam: I'm sorry to hear that.", "closed_lost"),
        ("Sam: What do you use?\nDana: We signed with Nimbus three years ago.", None),
        ("Sam: Hi.\nDana: We can't move on this until next year.", None),
        ("Sam: Hi.\nDana: We are looking at Nimbus. Their demo was on Thursday.", None),
    ],
)  # fmt: skip
def test_a_stage_needs_its_sign(read: Read, text: str, stage: str | None) -> None:
    assert read(text).stage == stage


@pytest.mark.parametrize(
    ("outcome", "stage"),
    [
        ("Discovery call scheduled", "discovery"),
        ("Not interested, no meeting booked", "closed_lost"),
        ("Contract sent, moving to final approval", "negotiation"),
        ("Agreed to sign next week", "negotiation"),
        ("Proposal sent", "proposal"),
        ("Closed the deal", "closed_won"),
        ("Not qualified", None),
        ("Security review scheduled", None),
        ("No contract signed", None),
        ("Budget frozen, revisit in Q1", None),
        ("Hung up", None),
    ],
)
def test_an_outcome_stands_for_a_stage_or_for_none(outcome: str, stage: str | None) -> None:
    assert ending(outcome.lower()) == stage


@pytest.mark.parametrize(
    ("title", "stage"),
    [
        ("Discovery Call", "discovery"),
        ("Product Demo", "demo"),
        ("Cold Outreach - Failure", None),
        ("Demo (rescheduled)", None),
    ],
)
def test_the_name_of_a_call_may_stand_for_a_stage(title: str, stage: str | None) -> None:
    assert kind(title.lower()) == stage
