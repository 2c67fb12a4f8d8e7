"""Drafts as files: one approval one file, read back as written, taken back while it is untouched."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.engagement.eml import MailFiles
from gangly_tui.domain.errors import NotFound, RecordMoved, Refused, Unreachable
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, RecordRef, Value

MAIL: dict[str, Value] = {
    "to": "Zoë Lind <zoe@acme.de>, bob@acme.de",
    "subject": "Follow-up: Größe, 価格",
    "body": "Hello Zoë,\n\nÜber 40k €.\n- one\n\nBest regards,\nRobin",
    "status": "draft",
}


def meta(op: str = "op-1") -> WriteMeta:
    at = datetime(2026, 11, 25, 9, tzinfo=UTC)
    return WriteMeta(op_id=op, source="notes", approved_by="robin@seller.com", approved_at=at, trail_head="")


@pytest.fixture
def files(tmp_path: Path) -> MailFiles:
    return MailFiles(tmp_path / "drafts", "robin@seller.com")


async def test_a_mail_is_a_file_that_a_mail_program_opens_ready_to_send(files: MailFiles, tmp_path: Path) -> None:
    made = await files.create(Kind.MAIL, MAIL, meta=meta())
    (path,) = (tmp_path / "drafts").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (message["From"], message["To"], message["X-Unsent"]) == ("robin@seller.com", MAIL["to"], "1")
    assert message["Subject"] == MAIL["subject"]
    assert dict(made.fields) == MAIL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_the_same_operation_makes_one_file_and_is_found_by_its_id(files: MailFiles, tmp_path: Path) -> None:
    assert await files.find_op(Kind.MAIL, "op-1") is None
    first = await files.create(Kind.MAIL, MAIL, meta=meta())
    again = await files.create(Kind.MAIL, MAIL, meta=meta())
    assert (await files.find_op(Kind.MAIL, "op-1")) == first == again
    assert len(list((tmp_path / "drafts").iterdir())) == 1


async def test_it_is_taken_back_as_long_as_nobody_has_changed_it(files: MailFiles, tmp_path: Path) -> None:
    made = await files.create(Kind.MAIL, MAIL, meta=meta())
    await files.remove(made.ref, expect=made.version, meta=meta())
    assert list((tmp_path / "drafts").iterdir()) == []
    made = await files.create(Kind.MAIL, MAIL, meta=meta())
    (path,) = (tmp_path / "drafts").iterdir()
    path.write_bytes(path.read_bytes() + b"P.S.\r\n")
    with pytest.raises(RecordMoved):
        await files.remove(made.ref, expect=made.version, meta=meta())
    assert path.exists()


async def test_nothing_is_sent_from_here(files: MailFiles) -> None:
    with pytest.raises(Refused, match="not sent") as said:
        await files.create(Kind.MAIL, MAIL | {"status": "sent"}, meta=meta())
    assert "mail program" in said.value.fix
    made = await files.create(Kind.MAIL, MAIL, meta=meta())
    with pytest.raises(Refused):
        await files.update(made.ref, {"status": "sent"}, expect=made.version, meta=meta())


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "x" * 65, "op.1"])
async def test_an_id_is_never_a_path(files: MailFiles, name: str) -> None:
    with pytest.raises(NotFound):
        await files.read(RecordRef(system="eml", kind=Kind.MAIL, id=name))


async def test_a_folder_that_cannot_be_written_says_so_and_nothing_was_applied(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file in the way")
    with pytest.raises(Unreachable, match="cannot be written"):
        await MailFiles(tmp_path / "drafts", "robin@seller.com").create(Kind.MAIL, MAIL, meta=meta())


@settings(max_examples=60, deadline=None)
@given(
    body=st.text(
        st.characters(exclude_categories=("Cs",), exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\0")
    )
)
async def test_any_text_comes_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, body: str) -> None:
    files = MailFiles(tmp_path_factory.mktemp("mails"), "robin@seller.com")
    body = body.strip("\n")
    made = await files.create(Kind.MAIL, MAIL | {"body": body}, meta=meta())
    assert made.fields["body"] == body


async def test_a_line_break_in_a_header_adds_no_header(files: MailFiles, tmp_path: Path) -> None:
    await files.create(Kind.MAIL, MAIL | {"subject": "Hi\r\nBcc: eve@evil.example"}, meta=meta())
    (path,) = (tmp_path / "drafts").iterdir()
    assert message_from_bytes(path.read_bytes(), policy=policy.default)["Bcc"] is None
