"""The brief as text and as Markdown: every part with its source, nothing from outside that acts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from gangly_tui.commands.brief_text import markdown, text
from gangly_tui.commands.console import plain
from gangly_tui.domain.brief import (
    AccountLine,
    AttendeeLine,
    Brief,
    DealLine,
    Gap,
    Line,
    Promise,
    Source,
    Touch,
)
from gangly_tui.domain.records import Kind, Meeting, RecordRef

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DEAL = RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id="deal-1")


def brief_about(title: str = "Larchmont demo", words: str = "They asked for a price") -> Brief:
    source = Source(tag="sandbox deal", ref=DEAL)
    deal = DealLine(
        name="Platform",
        stage="Proposal",
        amount=Decimal(40000),
        currency="EUR",
        close_date=date(2026, 2, 1),
        overdue=True,
        days_in_stage=12,
        next_step="",
        source=source,
    )
    return Brief(
        meeting=Meeting(id="m1", system="files", title=title, start=NOW, end=NOW + timedelta(hours=1)),
        internal=False,
        account=AccountLine(name="Larchmont", detail="Retail", source=source),
        why=(Line(text=words, source=Source(tag="calendar")),),
        attendees=(
            AttendeeLine(
                name="Kim Osei",
                email="kim@larchmont.example",
                title="Head of IT",
                role="",
                known=False,
                ours=False,
                source=Source(tag="calendar"),
                last_touch=Line(text="Intro call", source=source, at=NOW),
            ),
        ),
        deal=deal,
        deal_choices=(),
        ours=(Promise(text="Send the DPA", due=date(2026, 3, 1), overdue=True, source=source),),
        theirs=(),
        touches=(Touch(at=NOW, type="call", subject="Intro call", source=source),),
        prior=(),
        gaps=(Gap(field="budget", label="Budget", question="Is there a budget?", source=source),),
        questions=("Is there a budget?",),
        prepared_at=NOW,
    )


def test_every_part_is_there_with_its_source() -> None:
    shown = text(brief_about())
    for part in (
        "WHY THIS CALL",
        "They asked for a price  (calendar)",
        "Kim Osei, Head of IT, not in the CRM; last: Intro call, 2026-03-02",
        "Platform: Proposal, EUR 40,000, closes 2026-02-01 (passed), 12 days in stage, no next step  (sandbox deal)",
        "Send the DPA, due 2026-03-01 (overdue)",
        "GAPS TO CLOSE TODAY",
        "Is there a budget?",
    ):
        assert part in shown
    assert "THEY PROMISED" not in shown


@pytest.mark.parametrize("words", ["[click](http://x)", "![p](http://x/p.png)", "# big", "<script>", "*bold* `code` |"])
def test_outside_text_makes_no_markdown(words: str) -> None:
    shown = markdown(brief_about(title=words, words=words))
    line = next(each for each in shown.splitlines() if "(calendar)" in each and each.startswith("- "))
    for mark in "[]<>*`#|!":
        assert line.count(mark) == line.count("\\" + mark)


@pytest.mark.parametrize("render", [text, markdown])
def test_outside_text_cannot_break_out_of_its_line(render: object) -> None:
    shown = render(brief_about(title="a\n## b\x1b[2J", words="one\n\n- two\u202e"))  # type: ignore[operator]
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\n## b" not in shown
    assert "\n- two" not in shown


def test_as_json_it_is_raw_and_typed() -> None:
    made = plain(brief_about(words="a\x1b[2J"))
    assert made["why"][0]["text"] == "a\x1b[2J"
    assert made["deal"]["amount"] == "40000"
    assert made["deal"]["close_date"] == "2026-02-01"
    assert made["deal"]["source"]["ref"] == "sandbox:opportunity:deal-1"
    assert made["meeting"]["start"] == "2026-03-02T09:00:00+00:00"
