from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.intelligence.offline.passages import Block, sentences
from gangly_tui.intelligence.offline.sources import READ_LIMIT, Source, read_source

CALLS = Path(__file__).parents[2].parent / "shared/gold/calls"


def turns(source: Source) -> list[tuple[str, str]]:
    return [(each.speaker, each.text) for each in source.utterances]


SPEECH = [
    ("Dana: Hi there.\nSam: Hello Dana.", "speech", [("Dana", "Hi there."), ("Sam", "Hello Dana.")]),
    ("**Dana:** Hi.\n\n**Sam:** Hello.", "speech", [("Dana", "Hi."), ("Sam", "Hello.")]),
    ("[00:05] Dana Ruiz: Hi.\n[00:09] Sam: Hello.", "speech", [("Dana Ruiz", "Hi."), ("Sam", "Hello.")]),
    ("(00:05) Dana: Hi.\n(00:09) Sam: Hello.", "speech", [("Dana", "Hi."), ("Sam", "Hello.")]),
    ("Dana (00:05): Hi.\nSam (00:09): Hello.", "speech", [("Dana", "Hi."), ("Sam", "Hello.")]),
    ("[10:42, 9/22/2026] Dana: Hi.\n[10:43, 9/22/2026] Sam: Yo.", "speech", [("Dana", "Hi."), ("Sam", "Yo.")]),
    (
        "Dana Ruiz  10:42 AM\nHi there\n\nSam Ortiz  10:44 AM\nHello",
        "speech",
        [("Dana Ruiz", "Hi there"), ("Sam Ortiz", "Hello")],
    ),
    ("0:05 | Sam Ortiz\nHi.\n\n0:09 | Dana Ruiz\nYo.", "speech", [("Sam Ortiz", "Hi."), ("Dana Ruiz", "Yo.")]),
    ("Me: hello\nCustomer: hi", "speech", [("Me", "hello"), ("Customer", "hi")]),
    (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\n<v Dana Ruiz>Hi there.</v>\n\n2\nnot a time --> at all\n<v "
        "Sam>Hello.</v>\n",
        "captions",
        [("Dana Ruiz", "Hi there.</v>"), ("Sam", "Hello.</v>")],
    ),
    (
        "1\n00:00:01,000 --> 00:00:02,000\nDana: Hi there.\n\n2\n00:00:03,000 --> 00:00:04,000\nSam: Hello.\n",
        "captions",
        [("Dana", "Hi there."), ("Sam", "Hello.")],
    ),
    (
        "From: Dana Ruiz <dana@northwind.com>\nTo: Sam <sam@ourco.com>\nSubject: Hi\n\nHi Sam,\n\nSend the "
        "deck.\n\nBest,\nDana\n",
        "thread",
        [("Dana Ruiz", "Send the deck."), ("Dana Ruiz", "Dana")],
    ),
]


@pytest.mark.parametrize(("text", "form", "expected"), SPEECH)
def test_each_kind_of_source_gives_its_turns(text: str, form: str, expected: list[tuple[str, str]]) -> None:
    source = read_source(text)
    assert (source.form, turns(source)) == (form, expected)


@pytest.mark.parametrize(
    "text",
    [
        "Budget: 40k approved\nTimeline: mid November\nNext steps: send DPA",
        "Spoke w/ their ops lead, budget ok'd 40k, wants SOC2 report by fri, me -> send DPA",
        "Pain: too slow\nCompetitor: Zebra\nDecision process: legal, then board",
        "https://example.com: see the deck\n10:30 call with Dana",
        "- met Dana\n- she likes it",
    ],
)
def test_labelled_notes_are_not_speech(text: str) -> None:
    assert read_source(text).form == "notes"


def test_a_single_unknown_label_is_a_note_but_a_known_person_speaks() -> None:
    assert read_source("Dana: wants the deck").form == "notes"
    assert read_source("Dana: I want the deck", ["Dana Ruiz"]).form == "speech"


def test_the_header_is_read_and_is_no_speech() -> None:
    text = (
        "# Discovery\n**Date:** January 22, 2024\n**Participants:**\n- Mo (OurCo Account Executive)\n"
        "- Jen Wu (Director of Ops, TechFlow Inc)\n- Ann Lee - CFO, TechFlow Inc\n**Outcome:** Demo booked\n\n---\n\n"
        "**Mo:** Hi Jen.\n\n**Jen:** Hi.\n\n---\n\n**Call Notes:**\n- Strong close\n"
    )
    source = read_source(text)
    assert source.header.text(text, "date") == "January 22, 2024"
    assert [(each.name, each.title, each.company) for each in source.header.participants] == [
        ("Mo", "Account Executive", "OurCo"),
        ("Jen Wu", "Director of Ops", "TechFlow Inc"),
        ("Ann Lee", "CFO", "TechFlow Inc"),
    ]
    blocks = [each.block for each in source.passages]
    assert blocks == [Block.OUTCOME, Block.SPEECH, Block.SPEECH, Block.PREP]


def test_a_sentence_that_crosses_two_captions_is_one_sentence() -> None:
    text = (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\n<v Dana>I will send\n\n2\n00:00:02.000 --> 00:00:03.000\n"
        "<v Dana>the deck tomorrow.</v>\n"
    )
    source = read_source(text)
    said = sentences(source.masked, source.passages)
    assert [each.text for each in said] == ["I will send the deck tomorrow."]
    start, end = said[0].place(12, 16)
    assert text[start:end] == "the "[:4]


def test_quoted_mail_is_its_authors_and_is_read_once() -> None:
    text = (
        "From: Dana Ruiz <dana@northwind.com>\nTo: Sam <sam@ourco.com>\n\nSounds good.\n\n"
        "On Mon, Sep 21, 2026 at 4:00 PM Sam Ortiz <sam@ourco.com> wrote:\n> Price is 40k.\n\n"
        "From: Sam Ortiz <sam@ourco.com>\n\nPrice is 40k.\n"
    )
    assert turns(read_source(text)) == [("Dana Ruiz", "Sounds good."), ("Sam Ortiz", "Price is 40k.")]


def test_headings_of_notes_open_their_block() -> None:
    text = "Prep:\n- ask who signs\n\n## Next steps\n- send deck\n\n## Notes\n- likes it\n- [x] sent NDA\n"
    assert [each.block for each in read_source(text).passages] == [Block.PREP, Block.TASK, Block.NOTE, Block.PREP]


def test_what_lies_behind_the_limit_is_counted() -> None:
    assert read_source("a " * READ_LIMIT).unread == READ_LIMIT


MESS = st.text(
    alphabet=st.sampled_from(list("aB1 :.,?!\n\t-*>[]()<>@\"'/\u2019\u2014\u200b\u202e\x00\x1b\u0130\ud800é$€%"))
    | st.characters(),
    max_size=400,
)


@settings(max_examples=150, deadline=None)
@given(MESS)
def test_every_passage_and_sentence_stays_inside_the_text(text: str) -> None:
    source = read_source(text)
    for each in source.utterances:
        assert text[each.start : each.end] == each.text
    for said in sentences(source.masked, source.passages):
        assert 0 <= said.start < said.end <= len(text)
        assert len(said.low) == len(said.text)
        assert said.offsets is None or len(said.offsets) == len(said.text)


@pytest.mark.shared
@pytest.mark.skipif(not CALLS.is_dir(), reason="needs ../shared/gold")
def test_the_gold_calls_are_speech_with_participants() -> None:
    for path in sorted(CALLS.glob("*.md")):
        source = read_source(path.read_text(encoding="utf-8"))
        assert source.form == "speech"
        assert len(source.header.participants) >= 2
