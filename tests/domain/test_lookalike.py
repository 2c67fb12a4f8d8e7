"""Letters that look like others: said on the card, and never approved with many others by one key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gangly_tui.domain.lookalike import looks_like, mixed_words, skeleton, warnings
from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.records import FieldType, Kind, RecordRef
from gangly_tui.flow.decide import is_low_risk
from gangly_tui.tui.widgets.card_rows import Face, compact, lay_out
from gangly_tui.tui.widgets.change_diff import Eyes

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def card(after: str, before: str = "", name: str = "Nordwind") -> Proposal:
    change = FieldChange(field="next_step", label="Next step", type=FieldType.TEXT, before=before, after=after)
    return Proposal(
        id="p", meeting_id="m", action=Action.UPDATE, kind=Kind.OPPORTUNITY,
        target=RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id="d"), target_name=name, changes=(change,),
        drafted_at=NOW, source="notes",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["pаypal", "Асme GmbH", "Jаna Weiss", "gοοgle.com", "Ꭺpple", "𝐀cme", "Microsоft and Amаzon", "xn Ѕiemens"],
)
def test_a_word_of_two_scripts_is_named(text: str) -> None:
    assert mixed_words(text)
    assert warnings(card(text))
    assert warnings(card("send the offer", name=text))


@pytest.mark.parametrize(
    "text",
    [
        "Acme GmbH", "Müller & Söhne", "Привет мир", "Αθήνα", "東京タワー", "Tシャツ", "LINEヤフー", "삼성SDS",
        "Acme Ακμή Акме", "ΔT of 5 K, 3 µm, βx", "naïve café", "İstanbul", "O'Brien 2nd", "שלום Acme", "e\u0301tude",
        "",         "10 Mio. €", "A4", "١٢٣ km",
    ],
)  # fmt: skip
def test_what_languages_write_is_not(text: str) -> None:
    assert mixed_words(text) == []
    assert warnings(card(text)) == ()


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        ("раураӏ", "paypal", True),  # a whole word of another script mixes nothing
        ("Acrne", "Acme", True),
        ("Paypa1", "Paypal", True),
        ("ACME", "acme", False),
        ("Jana Weiss", "Jana  weiss", False),
        ("Acme", "Acne", False),
        ("ｗｉｄｅ", "wide", True),
    ],
)
def test_texts_that_look_the_same(text: str, other: str, same: bool) -> None:
    assert looks_like(text, other) is same
    assert looks_like(other, text) is same
    assert bool(warnings(card(text, before=other))) is same


def test_a_skeleton_is_its_own() -> None:
    for text in ("раураӏ", "Acme 2026", "ΑΒΕΖ", "01Il|", "rnrn"):
        assert skeleton(skeleton(text)) == skeleton(text)


def test_the_card_says_it_and_many_at_once_leave_it_out() -> None:
    plain, odd = card("send the offer"), card("send it to Jаna")
    assert is_low_risk(plain)
    assert not is_low_risk(odd)
    shown = "\n".join(each.left.plain for each in lay_out(Face(card=odd, eyes=Eyes(now=NOW)), 100)[0])
    assert "letters of Cyrillic and Latin inside one word: Jаna" in shown
    assert not [each for each in compact(Face(card=plain, eyes=Eyes(now=NOW)), 100) if "letters" in each.left.plain]


def test_a_warning_shows_nothing_raw() -> None:
    hostile = replace(card("Jаna\x1b[2J\u202e" * 50), target_name="[@click=app.quit()]Аcme")
    for each in warnings(hostile):
        assert not set(each) & set("\x1b\u202e")
        assert len(each) < 400
