"""Kinds of words that were once misread, each with several examples of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gangly_tui.domain.draft import Draft
from gangly_tui.intelligence.offline import OfflineDrafter
from gangly_tui.intelligence.offline.drafter import read_context
from tests.intelligence.conftest import REP

Read = Callable[..., Draft]
Steps = list[tuple[str, bool, str, date | None]]
NOBODY = replace(REP, rep_name="", rep_email="", our_company="")
FRI, MON, TODAY, THU = date(2026, 9, 25), date(2026, 9, 28), date(2026, 9, 23), date(2026, 9, 24)


def steps(draft: Draft) -> Steps:
    return [(each.owner, each.ours, each.action, each.due) for each in draft.next_steps]


MINUTES = [
    (
        "Present: Rosa Blum (COO, Tannwald Paper), Edo Vik (IT Manager, Tannwald Paper), Lena Hart (OurCo)\n\n"
        "- Edo wants single sign-on.\n- Lena to send the revised quote by Friday\n- Rosa signs once the board agrees",
        "Tannwald Paper",
    ),
    (
        "Attendees: Mia Stone (Buyer, Kelso Foods), Lena Hart (Client Director, OurCo), Jo Park (OurCo)\n\n"
        "Mia asked for a second reference. Lena presented the offer. Jo to set up the pilot agreement.",
        "Kelso Foods",
    ),
    (
        "Attendees: Omar Aziz (Plant Manager, Delta Glass), Finn Moor (OurCo)\n\n"
        "Actions:\n- Omar to nominate two key users\n- Finn to prepare the pricing\n- OurCo to present the platform to the board",
        "Delta Glass",
    ),
]


@pytest.mark.parametrize(("text", "company"), MINUTES)
def test_a_list_that_names_us_last_does_not_make_our_company_the_buyers(text: str, company: str) -> None:
    draft = OfflineDrafter().draft(text, read_context(text, NOBODY))
    assert draft.company == company
    assert not {"Lena Hart", "Jo Park", "Finn Moor"} & {each.name for each in draft.contacts}


def test_a_list_of_two_companies_that_tells_nothing_more_names_no_buyer() -> None:
    text = "Present: Rosa Blum (Tannwald Paper), Lena Hart (OurCo)\n\nThe weather was bad. We met in Ghent."
    draft = OfflineDrafter().draft(text, read_context(text, NOBODY))
    assert draft.company is None
    assert draft.contacts == ()


def test_somebody_listed_beside_the_rep_without_a_company_is_a_colleague(read: Read) -> None:
    text = (
        "Present: Hugh Moss (Category Manager, Harrow Council), Tess Vane (Legal, Harrow Council), Sam Ortiz, "
        "Lila Roe (Deal Desk)\n\nHugh: Is that the last price?\nLila: I'll check the discount with finance by Friday."
    )
    draft = read(text)
    assert steps(draft) == [("Lila Roe", True, "Check the discount with finance", FRI)]
    assert {each.name for each in draft.contacts} == {"Hugh Moss", "Tess Vane"}


OWNERS = [
    ("data cleanup (we do it)", ("Sam Ortiz", True, "Data cleanup")),
    ("import of the price lists (us)", ("Sam Ortiz", True, "Import of the price lists")),
    ("SSO setup (on us)", ("Sam Ortiz", True, "SSO setup")),
    ("badge printing (customer)", ("", False, "Badge printing")),
    ("staff list (they provide it)", ("", False, "Staff list")),
    ("training room in Ghent (Mei organises it)", ("Mei", False, "Training room in Ghent")),
    ("contract review (their legal)", ("", False, "Contract review")),
    ("hypercare, two weeks (our team)", ("", True, "Hypercare, two weeks")),
]


@pytest.mark.parametrize(("line", "expected"), OWNERS)
def test_who_does_it_may_stand_behind_the_task(read: Read, line: str, expected: tuple[str, bool, str]) -> None:
    for text in (f"Promised:\n- {line}\n", f"Next steps\n* {line}\n* Dana to send the logs"):
        assert steps(read(text))[0][:3] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- migration of old counts (we do it)", [("Sam Ortiz", True, "Migration of old counts", None)]),
        ("- label printer setup (Mei does it)", [("Mei", False, "Label printer setup", None)]),
        ("- rota tool from 2019 (they do this already)", []),
        ("- two warehouses (Mei is away)", []),
    ],
)
def test_outside_a_list_of_steps_only_plain_words_make_a_task(read: Read, text: str, expected: Steps) -> None:
    assert steps(read(f"Notes on the visit\n\n{text}\n")) == expected


ONE_THING = [
    (
        "Sam: Could you find out whether the cold rooms have network?\nDana: I can ask Greta, I'm seeing her on Monday.",
        ("Dana", False, "Find out whether the cold rooms have network"),
    ),
    (
        "Sam: Can you get me the list of stores?\nDana: Sure, I'll check with Bruno. You'll have it by Friday.",
        ("Dana", False, "Get the list of stores"),
    ),
    (
        "Dana: Could you confirm the price for Oslo?\nSam: Yes, I'll ask our pricing team.",
        ("Sam Ortiz", True, "Confirm the price for Oslo"),
    ),
    (
        "Dana: Sam, could you do the supplier portal?\nSam: Sure, I'll take care of it this week.",
        ("Sam Ortiz", True, "Do the supplier portal"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), ONE_THING)
def test_a_request_and_the_way_it_will_be_met_are_one_step(
    read: Read, text: str, expected: tuple[str, bool, str]
) -> None:
    assert [each[:3] for each in steps(read(text))] == [expected]


def test_asking_somebody_about_another_matter_stays_a_step_of_its_own(read: Read) -> None:
    text = "Dana: Could you send the DPA?\nSam: Yes. And I'll ask Ghent whether I may name them as a reference."
    assert [each.action for each in read(text).next_steps] == [
        "Send the DPA",
        "Ask Ghent whether I may name them as a reference",
    ]


TOLD: list[tuple[str, Steps]] = [
    # fillers and words begun twice
    ("Sam: I'll send you, like, the deck, um, by Friday.\nDana: Ok.", [("Sam Ortiz", True, "Send the deck", FRI)]),
    # somebody else of the speaker's side does it
    ("Sam: Let me get our engineer, Pippa, to set up a test login for you.\nDana: Thanks.", [("Pippa", True, "Set up a test login", None)]),
    # a verb that is in no list, with a day
    ("Dana: The alarm is off in the trial.\nSam: I'll switch it on for you tonight.", [("Sam Ortiz", True, "Switch it on", TODAY)]),
    ("Sam: I'll be on a train on Thursday.\nDana: Bye.", []),
    # asked for, and said to come
    ("Dana: Can I have that price in writing?\nSam: You'll have it tomorrow.", [("Sam Ortiz", True, "Send that price in writing", THU)]),
    ("Sam: The liability cap I need to clear with our counsel. You'll hear from me on Friday.\nDana: Fine.",
     [("Sam Ortiz", True, "Clear the liability cap with the counsel", FRI)]),
    # how long something stands is not by when it is done
    ("Sam: I'll reissue the offer today, valid until 30 October.\nDana: Good.", [("Sam Ortiz", True, "Reissue the offer", TODAY)]),
    # why, not what
    ("Sam: Could you send me the logs? Just so we can test it on real ones.\nDana: Sure.", [("Dana", False, "Send the logs", None)]),
    # a meeting by its day alone
    ("Sam: Shall we speak again on Monday, after your board?\nDana: Monday morning, yes.", [("Sam Ortiz", True, "Speak again", MON)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TOLD)
def test_steps_as_people_say_them(read: Read, text: str, expected: Steps) -> None:
    assert steps(read(text)) == expected


LISTED: list[tuple[str, Steps]] = [
    ("Attendees: Amara Wood (CFO, Larkfield), Sam Ortiz\n\n**3. Decisions and tasks**\n- Pilot in Leeds, eight weeks\n"
     "- **Amara** nominates two surgeons\n- Room list: **Amara**, before the test\n- Test (**Sam** prepares it)",
     [("Amara Wood", False, "Nominate two surgeons", None), ("Amara Wood", False, "Room list", None), ("Sam Ortiz", True, "Test", None)]),
    ("Call w/ Joris Maas (plant mgr), Polder Dairy\n\nto do\n[ ] J: intro to group IT\n[ ] me: quote, Fri\n[x] J: NDA",
     [("Joris Maas", False, "Intro to group IT", None), ("Sam Ortiz", True, "Quote", FRI)]),
    ("Site visit went well.\nNext meeting: 28 September, 15:00, online", [("Sam Ortiz", True, "Meeting", MON)]),
    ("next steps\n- Ask Greta whether the union must agree\n- Find out whether the union must agree",
     [("Sam Ortiz", True, "Ask Greta whether the union must agree", None)]),
    ("She will export the last twelve months and mail them to me by Monday.", [("", False, "Export the last twelve months", MON)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LISTED)
def test_steps_as_notes_list_them(read: Read, text: str, expected: Steps) -> None:
    assert steps(read(text)) == expected


INLINE = """From: Ingrid Solheim <ingrid@fjordkraft.example>
To: Sam Ortiz <sam@ourco.com>
Date: Mon, 21 Sep 2026 14:31:00 +0100
Subject: Re: Open points

answers below.

On Fri, 18 Sep 2026 at 16:04, Sam Ortiz <sam@ourco.com> wrote:
> 1. Who owns the data?

Our operations team. I will send you the diagram tomorrow.

> 2. I will come back to you on the hours by Wednesday.

Good.
"""


def test_answers_between_the_lines_of_a_quoted_mail_are_their_writers(read: Read) -> None:
    assert steps(read(INLINE)) == [
        ("Ingrid Solheim", False, "Send the diagram", date(2026, 9, 22)),
        ("Sam Ortiz", True, "Come back to Ingrid on the hours", date(2026, 9, 23)),
    ]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("it's sixteen and a half thousand a year", 16500),
        ("it comes to two and a half million euros", 2500000),
        ("the offer is eighty-odd grand", 80000),
        ("For all sites the price is 121,500 over three years", 121500),
    ],
)
def test_figures_as_people_say_them(said: str, value: int) -> None:
    from gangly_tui.intelligence.offline.money import find_money

    assert [each.high for each in find_money(said)] == [Decimal(value)]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Dana: The trustees gave me eighteen thousand for this and not a penny more.", "a budget, not a price"),
        ("dave says he's got sixty thousand put aside for this year", "a budget, not a price"),
        ("my ballpark 28-32k for 3 lines, Joris didn't flinch", "a ballpark, not an offer"),
    ],
)
def test_a_figure_keeps_its_role_beside_a_no_that_is_not_about_it(read: Read, text: str, role: str) -> None:
    assert [each.reason for each in read(text).dropped if each.what == "amount"] == [role]


@pytest.mark.parametrize(
    ("title", "talk", "company"),
    [
        ("Call with Bodegas Arrieta, 12 May 2026", "Sam: Hi Leire.\nLeire: Hello.", "Bodegas Arrieta"),
        ("Discovery w/ Calder Freight", "Sam: Hi.\nBev: We had a chat with PodTrak in the summer.", "Calder Freight"),
        ("Call with Dana Ruiz, 12 May 2026", "Sam: Hi.\nDana: Hello.", None),
        ("Call w/ Dana Ruiz", "- wants a demo", None),
        ("Intro call", "Sam: Shall we have a call with Mikel too?\nLeire: My brother Mikel looks after that.", None),
    ],
)
def test_whom_a_title_names(read: Read, title: str, talk: str, company: Any) -> None:
    assert read(f"{title}\n\n{talk}\n").company == company
