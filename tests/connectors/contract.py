"""What every system of record does behind its two doors: one suite, inherited by each connector's tests.

A connector's test file makes a class of `RecordContract` and gives it a `rig` fixture: the doors on an empty system,
and hands on the system itself for what happens behind our back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest

from gangly_tui.domain.errors import DuplicateFound, NotFound, RecordMoved, Refused
from gangly_tui.domain.hierarchy import Layer, Scope
from gangly_tui.domain.identity import IdentityKey, person_key, registrable_domain
from gangly_tui.domain.ports import RecordReader, RecordWriter
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

AT = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
HOSTILE = "Acme [/] \x1b[2J \u202egro.live\u200b [@click=app.quit()]x[/] 🦔 Ünïcode — ‘quotes’ =1+1 <b>&amp;"


@dataclass(kw_only=True)
class Rig:
    """One system under test.

    `reader_for` opens a reader that may read only what a scope names. `colleague` changes a field behind our back.
    """

    reader: RecordReader
    writer: RecordWriter
    reader_for: Callable[[Scope | None], RecordReader]
    colleague: Callable[[RecordRef, str, Value], Awaitable[None]]
    numbers: count[int] = field(default_factory=lambda: count(1))

    def meta(self, op_id: str = "") -> WriteMeta:
        return WriteMeta(
            op_id=op_id or f"op-{next(self.numbers):04}",
            source="notes of 2026-09-23",
            approved_by="robin@seller.com",
            approved_at=AT,
            trail_head="ab" * 32,
        )

    async def make(self, kind: Kind, op_id: str = "", **fields: Value) -> Record:
        return await self.writer.create(kind, fields, meta=self.meta(op_id))

    async def deal(self, **fields: Value) -> Record:
        account = await self.make(Kind.ACCOUNT, name="Acme GmbH", domain="acme.de")
        plain: dict[str, Value] = {
            "name": "Platform 2026",
            "account": account.ref.id,
            "stage": "Demo",
            "amount": Decimal(30000),
            "close_date": date(2026, 9, 30),
        }
        return await self.make(Kind.OPPORTUNITY, **(plain | fields))

    async def feed(self, since: str = "") -> tuple[dict[RecordRef, Record], set[RecordRef], str]:
        """The feed to its end: what stands, what is gone, the last cursor."""
        standing: dict[RecordRef, Record] = {}
        gone: set[RecordRef] = set()
        pages = 0
        async for page in self.reader.changes(since):
            assert (pages := pages + 1) < 1_000, "the feed comes to an end"
            for each in page.records:
                standing[each.ref] = each
            for ref in page.deleted:
                standing.pop(ref, None)
                gone.add(ref)
            since = page.cursor
        return standing, gone, since


def scope_of(system: str, read: Mapping[Kind, set[str]]) -> Scope:
    """A scope that reads these fields and writes none."""
    return Scope(
        system=system,
        layer=Layer.RECORD,
        owner="a",
        backup="b",
        runbook="c",
        read={kind: frozenset(names) for kind, names in read.items()},
        write={},
    )


class RecordContract:
    """The suite. Subclasses give `rig`."""

    async def test_an_update_sets_what_it_names_and_answers_with_what_stands(self, rig: Rig) -> None:
        deal = await rig.deal()
        after = await rig.writer.update(
            deal.ref, {"stage": "Proposal", "amount": Decimal("41000.50")}, expect=deal.version, meta=rig.meta()
        )
        assert (after.fields["stage"], after.fields["amount"]) == ("Proposal", Decimal("41000.50"))
        assert after.fields["close_date"] == date(2026, 9, 30) and after.fields["name"] == "Platform 2026"
        assert after.version != deal.version
        again = await rig.reader.read(deal.ref)
        assert (again.version, again.fields) == (after.version, after.fields)
        assert after.updated_at >= deal.updated_at and after.updated_at.tzinfo is not None

    async def test_the_same_update_again_changes_nothing_more(self, rig: Rig) -> None:
        deal = await rig.deal()
        wanted: dict[str, Value] = {"stage": "Proposal", "next_step": "Send the DPA"}
        first = await rig.writer.update(deal.ref, wanted, expect=deal.version, meta=rig.meta("op-a"))
        with pytest.raises(RecordMoved):
            await rig.writer.update(deal.ref, wanted, expect=deal.version, meta=rig.meta("op-a"))
        second = await rig.writer.update(deal.ref, wanted, expect=first.version, meta=rig.meta("op-a"))
        assert second.fields == first.fields
        history = await rig.reader.history(deal.ref, "stage")
        assert history is None or [(each.before, each.after) for each in history] == [("Demo", "Proposal")]

    async def test_a_field_can_be_emptied(self, rig: Rig) -> None:
        deal = await rig.deal(next_step="Call")
        after = await rig.writer.update(deal.ref, {"next_step": None}, expect=deal.version, meta=rig.meta())
        assert after.fields["next_step"] is None

    async def test_a_moved_record_is_seen_and_left_alone(self, rig: Rig) -> None:
        deal = await rig.deal()
        await rig.colleague(deal.ref, "amount", Decimal(31000))
        with pytest.raises(RecordMoved) as moved:
            await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
        assert moved.value.current.fields["amount"] == Decimal(31000)
        assert moved.value.current.version == (await rig.reader.read(deal.ref)).version
        assert (await rig.reader.read(deal.ref)).fields["amount"] == Decimal(31000)

    async def test_of_two_writes_at_once_one_wins_and_the_other_is_told(self, rig: Rig) -> None:
        deal = await rig.deal()
        answers = await asyncio.gather(
            *(
                rig.writer.update(deal.ref, {"next_step": step}, expect=deal.version, meta=rig.meta())
                for step in ("one", "two", "three")
            ),
            return_exceptions=True,
        )
        won = [each for each in answers if isinstance(each, Record)]
        assert len(won) == 1 and sum(isinstance(each, RecordMoved) for each in answers) == 2
        assert (await rig.reader.read(deal.ref)).fields["next_step"] == won[0].fields["next_step"]

    async def test_what_is_not_there_is_not_found(self, rig: Rig) -> None:
        nobody = RecordRef(system=rig.reader.system, kind=Kind.CONTACT, id="nobody")
        with pytest.raises(NotFound):
            await rig.reader.read(nobody)
        with pytest.raises(NotFound):
            await rig.writer.update(nobody, {"title": "x"}, expect="1", meta=rig.meta())
        with pytest.raises(NotFound):
            await rig.writer.remove(nobody, expect="1", meta=rig.meta())

    async def test_one_operation_creates_one_record_and_its_marker_finds_it(self, rig: Rig) -> None:
        assert await rig.writer.find_op(Kind.CONTACT, "op-x") is None
        made = await rig.make(Kind.CONTACT, "op-x", last_name="Lind", email="ada@acme.de")
        again = await rig.make(Kind.CONTACT, "op-x", last_name="Lind", email="ada@acme.de")
        assert again.ref == made.ref
        found = await rig.writer.find_op(Kind.CONTACT, "op-x")
        assert found is not None and found.ref == made.ref
        assert await rig.writer.find_op(Kind.ACTIVITY, "op-x") is None
        assert len([ref for ref in (await rig.feed())[0] if ref.kind is Kind.CONTACT]) == 1

    @pytest.mark.parametrize("email", ["ada@acme.de", "ADA@Acme.DE", "ada+crm@acme.de"])
    async def test_a_second_contact_of_a_mailbox_is_blocked_and_the_first_named(self, rig: Rig, email: str) -> None:
        first = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
        with pytest.raises(DuplicateFound) as twice:
            await rig.make(Kind.CONTACT, last_name="Lind", email=email)
        assert twice.value.existing == first.ref
        assert len((await rig.feed())[0]) == 1

    async def test_somebody_else_at_one_address_is_made_where_the_system_lets_them(self, rig: Rig) -> None:
        """A person has said that the front desk is somebody else: only the system's own rule may still say no."""
        desk = await rig.make(Kind.CONTACT, first_name="Front", last_name="Desk", email="info@acme.de")
        jo: dict[str, Value] = {"first_name": "Jo", "last_name": "Dam", "email": "info@acme.de"}
        meta = replace(rig.meta(), beside=(str(desk.ref),))
        described = (await rig.reader.describe(Kind.CONTACT)).field("email")
        assert described is not None
        if described.unique:
            with pytest.raises(DuplicateFound) as no:
                await rig.writer.create(Kind.CONTACT, jo, meta=meta)
            assert no.value.existing == desk.ref
            del jo["email"]
        made = await rig.writer.create(Kind.CONTACT, jo, meta=meta)
        assert made.ref != desk.ref
        assert made.fields.get("email") == jo.get("email")
        with pytest.raises(DuplicateFound):
            await rig.make(Kind.CONTACT, first_name="Bo", last_name="Falk", email="info@acme.de")

    async def test_an_update_cannot_make_a_duplicate_either(self, rig: Rig) -> None:
        await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
        other = await rig.make(Kind.CONTACT, last_name="Lund", email="ida@acme.de")
        with pytest.raises(DuplicateFound):
            await rig.writer.update(other.ref, {"email": "ada+2@acme.de"}, expect=other.version, meta=rig.meta())
        assert (await rig.reader.read(other.ref)).fields["email"] == "ida@acme.de"

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            ("ada@acme.de", "Ada@ACME.de"),
            ("ada@acme.de", "ada+gangly@acme.de"),
            ("ada+crm@acme.de", "ada@acme.de"),
            ("ada.lind@gmail.com", "adalind+x@googlemail.com"),
        ],
    )
    async def test_a_person_is_found_by_mailbox_whatever_the_alias(self, rig: Rig, stored: str, asked: str) -> None:
        ada = await rig.make(Kind.CONTACT, last_name="Lind", email=stored)
        await rig.make(Kind.CONTACT, last_name="Lund", email="ida@acme.de")
        found = await rig.reader.find(Kind.CONTACT, person_key(asked))
        assert [each.ref for each in found] == [ada.ref]
        assert found[0].fields["email"] == stored, "what stands there is never rewritten"
        assert list(await rig.reader.find(Kind.CONTACT, person_key("no@where.com"))) == []
        assert list(await rig.reader.find(Kind.CONTACT, IdentityKey())) == []

    @pytest.mark.parametrize("asked", ["acme.co.uk", "https://www.acme.co.uk/x", "mail.acme.co.uk"])
    async def test_an_account_is_found_by_its_registrable_domain(self, rig: Rig, asked: str) -> None:
        acme = await rig.make(Kind.ACCOUNT, name="Acme", domain="acme.co.uk")
        found = await rig.reader.find(Kind.ACCOUNT, IdentityKey(domain=registrable_domain(asked)))
        assert [each.ref for each in found] == [acme.ref]

    async def test_the_feed_brings_everything_once_and_then_only_what_is_new(self, rig: Rig) -> None:
        deal = await rig.deal()
        ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
        standing, gone, cursor = await rig.feed()
        assert {deal.ref, ada.ref} <= set(standing) and gone == set()
        assert (await rig.feed(cursor))[0] == {}
        after = await rig.writer.update(ada.ref, {"title": "CFO"}, expect=ada.version, meta=rig.meta())
        standing, gone, later = await rig.feed(cursor)
        assert {ref: each.fields for ref, each in standing.items()} == {ada.ref: after.fields}
        assert later != cursor and (await rig.feed(later))[0] == {}

    async def test_the_feed_tells_of_removals(self, rig: Rig) -> None:
        ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
        _, _, cursor = await rig.feed()
        await rig.writer.remove(ada.ref, expect=ada.version, meta=rig.meta())
        standing, gone, _ = await rig.feed(cursor)
        assert (standing, gone) == ({}, {ada.ref})
        with pytest.raises(NotFound):
            await rig.reader.read(ada.ref)
        assert list(await rig.reader.find(Kind.CONTACT, person_key("ada@acme.de"))) == []

    async def test_a_pull_that_is_cut_off_at_any_page_goes_on_from_its_cursor(self, rig: Rig) -> None:
        for number in range(11):
            await rig.make(Kind.CONTACT, last_name=f"N{number}", email=f"n{number}@acme.de")
        whole, _, _ = await rig.feed()
        seen: list[RecordRef] = []
        cursor, pages = "", 0
        while True:
            async for page in rig.reader_for(None).changes(cursor):  # one page, then the line is cut
                seen += [each.ref for each in page.records]
                cursor = page.cursor
                pages += 1
                break
            else:
                break
            assert pages < 100
        assert set(seen) == set(whole) and len(seen) == len(whole)

    @pytest.mark.parametrize(
        ("kind", "fields", "field"),
        [
            (Kind.OPPORTUNITY, {"name": "x", "stage": "Nearly"}, "stage"),
            (Kind.OPPORTUNITY, {"name": "x"}, "stage"),
            (Kind.CONTACT, {"last_name": "", "email": "a@acme.de"}, "last_name"),
            (Kind.CONTACT, {"last_name": "Lind", "email": "not an address"}, "email"),
            (Kind.CONTACT, {"last_name": "x" * 256}, "last_name"),
            (Kind.OPPORTUNITY, {"name": "x", "stage": "Demo", "amount": "a lot"}, "amount"),
            (Kind.OPPORTUNITY, {"name": "x", "stage": "Demo", "close_date": "2026-09-30"}, "close_date"),
            (Kind.CONTACT, {"last_name": "Lind", "shoe_size": 42}, "shoe_size"),
            (Kind.CONTACT, {"last_name": "half a character: \ud83e"}, "last_name"),
            (Kind.CONTACT, {"last_name": "Lind", "account": "no-such-account"}, "account"),
        ],
        ids=lambda value: str(value)[:40],
    )
    async def test_what_the_system_does_not_take_is_refused_by_field(
        self, rig: Rig, kind: Kind, fields: dict[str, Value], field: str
    ) -> None:
        with pytest.raises(Refused) as refused:
            await rig.make(kind, **fields)
        assert refused.value.field == field
        assert str(refused.value)
        assert (await rig.feed())[0] == {}

    async def test_a_refused_update_leaves_every_field_as_it_was(self, rig: Rig) -> None:
        deal = await rig.deal()
        with pytest.raises(Refused) as refused:
            await rig.writer.update(
                deal.ref, {"next_step": "Call", "stage": "Nearly"}, expect=deal.version, meta=rig.meta()
            )
        assert refused.value.field == "stage"
        assert await rig.reader.read(deal.ref) == deal
        await rig.colleague(deal.ref, "next_step", "Somebody else's")  # nothing is held after a refusal
        assert (await rig.reader_for(None).read(deal.ref)).fields["next_step"] == "Somebody else's"

    async def test_the_field_list_is_the_systems_own(self, rig: Rig) -> None:
        schema = await rig.reader.describe(Kind.OPPORTUNITY)
        stage, since = schema.field("stage"), schema.field("stage_since")
        assert stage and stage.required and "Demo" in stage.options
        assert since is None or since.read_only
        email = (await rig.reader.describe(Kind.CONTACT)).field("email")
        assert email and email.max_length and email.max_length >= 80

    async def test_a_record_that_moved_is_not_removed(self, rig: Rig) -> None:
        task = await rig.make(Kind.ACTIVITY, type="task", subject="Send the DPA")
        await rig.colleague(task.ref, "subject", "Send the DPA, signed")
        with pytest.raises(RecordMoved):
            await rig.writer.remove(task.ref, expect=task.version, meta=rig.meta())
        assert (await rig.reader.read(task.ref)).fields["subject"] == "Send the DPA, signed"

    async def test_what_was_removed_is_out_of_the_way_and_not_made_again_by_its_operation(self, rig: Rig) -> None:
        ada = await rig.make(Kind.CONTACT, "op-first", last_name="Lind", email="ada@acme.de")
        await rig.writer.remove(ada.ref, expect=ada.version, meta=rig.meta())
        assert await rig.writer.find_op(Kind.CONTACT, "op-first") is None
        with pytest.raises(Refused):
            await rig.make(Kind.CONTACT, "op-first", last_name="Lind", email="ada@acme.de")
        anew = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
        assert anew.ref != ada.ref

    async def test_only_the_fields_in_scope_are_read(self, rig: Rig) -> None:
        ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de", phone="+49 30 1", title="CFO")
        narrow = rig.reader_for(scope_of(rig.reader.system, {Kind.CONTACT: {"last_name", "email"}}))
        seen = [await narrow.read(ada.ref), *(await narrow.find(Kind.CONTACT, person_key("ada@acme.de")))]
        async for page in narrow.changes(""):
            seen += page.records
        assert len(seen) == 3
        assert {name for each in seen for name in each.fields} == {"last_name", "email"}
        assert {each.name for each in (await narrow.describe(Kind.CONTACT)).fields} == {"last_name", "email"}
        assert (await narrow.describe(Kind.ACCOUNT)).fields == ()

    async def test_the_activity_carries_where_it_came_from(self, rig: Rig) -> None:
        note = await rig.make(Kind.ACTIVITY, "op-note", type="note", subject="Call", body="They will sign.")
        body = (await rig.reader.read(note.ref)).text("body")
        assert body.startswith("They will sign.")
        assert "approved by robin@seller.com" in body and "op-note" in body

    async def test_text_is_kept_as_it_is(self, rig: Rig) -> None:
        note = await rig.make(Kind.ACTIVITY, type="note", subject=HOSTILE[:80], body=HOSTILE * 60)
        kept = await rig.reader.read(note.ref)
        assert kept.text("subject") == HOSTILE[:80]
        assert kept.text("body").startswith(HOSTILE * 60)

    async def test_history_tells_who_changed_a_field_newest_first(self, rig: Rig) -> None:
        deal = await rig.deal()
        await rig.colleague(deal.ref, "amount", Decimal(31000))
        current = await rig.reader.read(deal.ref)
        await rig.writer.update(deal.ref, {"amount": Decimal(32000)}, expect=current.version, meta=rig.meta())
        edits = await rig.reader.history(deal.ref, "amount")
        if edits is None:
            pytest.skip("this system keeps no history of fields")
        assert [(each.before, each.after) for each in edits] == [
            (Decimal(31000), Decimal(32000)),
            (Decimal(30000), Decimal(31000)),
        ]
        assert edits[0].by == "robin@seller.com" and edits[1].by != edits[0].by

    def test_the_read_door_has_no_way_to_write(self, rig: Rig) -> None:
        assert [name for name in ("update", "create", "remove", "find_op") if hasattr(rig.reader, name)] == []
