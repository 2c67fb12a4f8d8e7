"""Saved mail as text: who, when, what about, and the words; whatever wrote it."""

from __future__ import annotations

import random
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.engagement.text_file import read_text_bytes
from gangly_tui.domain.errors import InputError
from tests.patience import computing_at_most

HEAD = (
    "From: Ada Lind <ada@acme.de>\nTo: Robin Hale <robin@seller.com>\n"
    "Subject: Dates\nDate: Tue, 22 Sep 2026 16:02:11 +0200\n"
)


def text_of(mail: str | bytes) -> str:
    data = mail.encode() if isinstance(mail, str) else mail
    return read_text_bytes(data, "mail.eml")


def written(plain: str = "", page: str = "", **attached: bytes) -> bytes:
    """A mail as a mail program writes it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = "Ada Lind <ada@acme.de>", "Robin Hale <robin@seller.com>"
    mail["Subject"], mail["Date"] = "Größe & Preis", "Tue, 22 Sep 2026 16:02:11 +0200"
    if plain:
        mail.set_content(plain)
    if page and plain:
        mail.add_alternative(page, subtype="html")
    elif page:
        mail.set_content(page, subtype="html")
    for name, data in attached.items():
        mail.add_attachment(data, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    return bytes(mail)


def test_a_plain_mail() -> None:
    assert text_of(HEAD + "\nWe can sign on 15 November.\n\n\n\nAda\n") == (
        "From: Ada Lind <ada@acme.de>\nTo: Robin Hale <robin@seller.com>\nDate: 2026-09-22 16:02 +0200\n"
        "Subject: Dates\n\nWe can sign on 15 November.\n\nAda\n"
    )


def test_the_plain_part_is_taken_of_two_and_attachments_are_named() -> None:
    text = text_of(written("Plain words.", "<p>HTML words.</p>", offer=b"%PDF", terms=b"%PDF"))
    assert "Plain words." in text and "HTML" not in text
    assert "X-Attachments: offer.pdf, terms.pdf\n" in text and "%PDF" not in text
    assert "Subject: Größe & Preis\n" in text


def test_html_alone_is_read_as_a_person_sees_it() -> None:
    page = """<html><head><title>Mail</title><style>p{color:red}</style></head><body>
      <div style="display: none; max-height:0">See in browser</div><script>alert(1)</script>
      <p>Hi Robin,</p><p>we <b>can</b> sign by Nov&nbsp;15.<br>Best,<br>Ada &amp; Bo</p>
      <ul><li>one</li><li>two</li></ul><table><tr><td>Amount</td><td>40k</td></tr></table>
      <img src="https://track.example/x.gif"><a href="https://evil.example">our site</a></body></html>"""
    body = text_of(written(page=page)).split("\n\n", 1)[1]
    assert body.replace("\xa0", " ") == (
        "Hi Robin,\n\nwe can sign by Nov 15.\nBest,\nAda & Bo\n\none\ntwo\n\nAmount 40k\nour site\n"
    )


def test_a_plain_part_that_says_nothing_gives_way_to_the_html() -> None:
    mail = written("\u200b \n", "<p>The words.</p>")
    assert text_of(mail).endswith("\n\nThe words.\n")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("From: =?utf-8?Q?M=C3=BCller=2C_Jo?= <jo@acme.de>", "From: Jo Müller <jo@acme.de>"),
        ('From: "van Dam, Jo" <jo@acme.de>', "From: Jo van Dam <jo@acme.de>"),
        ("From: jo@acme.de", "From: jo@acme.de"),
        ("From: =?iso-8859-1?B?TfxsbGVy?= <m@acme.de>", "From: Müller <m@acme.de>"),
        ("From: =?no-such-charset?Q?x?= <m@acme.de>", "<m@acme.de>"),
        ("From: <<<>>>@@", "From: "),
        ("From: Jo\n van\n Dam <jo@acme.de>", "From: Jo van Dam <jo@acme.de>"),
        ("From: Jo (the boss) <jo@acme.de>", "<jo@acme.de>"),
    ],
)
def test_people_as_mail_programs_write_them(line: str, shown: str) -> None:
    text = text_of(f"{line}\nSubject: s\n\nWords.\n")
    assert shown in text.split("\n\n")[0]


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("Tue, 22 Sep 2026 16:02:11 +0200 (CEST)", "Date: 2026-09-22 16:02 +0200"),
        ("22 Sep 26 16:02 GMT", "Date: 2026-09-22 16:02"),
        ("yesterday", "Date: yesterday"),
        ("Tue, 99 Sep 2026 99:02:11 +9900", "Date: Tue, 99 Sep 2026"),
    ],
)
def test_dates_in_one_form_or_as_they_stand(date: str, shown: str) -> None:
    assert shown in text_of(f"From: a@b.de\nDate: {date}\n\nWords.\n")


@pytest.mark.parametrize("charset", ["utf-8", "no-such-charset", "us-ascii", "'; DROP", ""])
def test_a_charset_that_lies_does_not_lose_the_mail(charset: str) -> None:
    head = HEAD + f"Content-Type: text/plain; charset={charset}\n\n"
    assert "Größe über alles" in text_of(head.encode() + "Größe über alles".encode("cp1252"))


def test_two_texts_with_a_file_between_are_both_read() -> None:
    mail = (
        HEAD
        + 'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nBefore.\n'
        + '--b\nContent-Type: image/png; name="plan.png"\nContent-Disposition: inline; filename="plan.png"\n\nxx\n'
        + "--b\nContent-Type: text/plain\n\nAfter.\n--b--\n"
    )
    text = text_of(mail)
    assert text.endswith("\n\nBefore.\n\nAfter.\n") and "X-Attachments: plan.png" in text


def test_a_forwarded_mail_is_named_and_not_read() -> None:
    mail = (
        HEAD
        + 'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nSee below.\n'
        + "--b\nContent-Type: message/rfc822\n\nFrom: x@y.de\nSubject: secret\n\nInner words.\n--b--\n"
    )
    text = text_of(mail)
    assert "See below." in text and "Inner words" not in text and "(message/rfc822)" in text


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        ("just some words\n", "not a mail"),
        ("X-Nothing: 1\n\nwords\n", "not a mail"),
        (HEAD + "\n", "no text in it"),
        (HEAD + "Content-Type: text/html\n\n<img src=x>", "no text in it"),
        (HEAD + "\n" + "words " * 2_000_000, "more than 10 MiB of text"),
        (HEAD + "Content-Type: application/pdf; name=a.pdf\n\nJVBER", "no text in it"),
    ],
    ids=["words", "no headers of a mail", "empty", "a picture", "endless", "a file"],
)
def test_what_has_nothing_to_read_is_said(mail: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        text_of(mail)
    assert refused.value.fix


def test_a_mail_of_25_mb_is_read_for_its_words() -> None:
    mail = written("Words.", video=random.Random(1).randbytes(18_000_000))
    assert len(mail) > 24_000_000
    with computing_at_most(60):
        assert text_of(mail).endswith("X-Attachments: video.pdf\n\nWords.\n")


def nested(levels: int) -> str:
    head = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(levels))
    return HEAD + head + "Content-Type: text/plain\n\nDeep.\n"


def test_nesting_is_read_to_a_depth_and_refused_beyond() -> None:
    assert "Deep." in text_of(nested(10))
    with pytest.raises(InputError, match="nested beyond reason"):
        text_of(nested(5_000))
    many = "".join("--b\nContent-Type: text/plain\n\nx\n" for _ in range(1_000))
    with pytest.raises(InputError, match="more than 200 parts"):
        text_of(HEAD + f'Content-Type: multipart/mixed; boundary="b"\n\n{many}--b--\n')


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 30_000 + "x",
        "<p>a" * 100_000,
        "<" * 300_000,
        "<!--" * 50_000,
        "<b>\0</b>&#0;&#xD800;&#1114112;x",
        "<table>" * 500,
    ],
    ids=["deep", "many", "open", "comments", "characters", "tables"],
)
def test_hostile_html_ends_soon(page: str) -> None:
    with computing_at_most(30):
        try:
            text_of(HEAD + "Content-Type: text/html; charset=utf-8\n\n" + page).encode("utf-8")
        except InputError as error:
            assert error.fix


def test_hostile_names_of_attachments_stay_on_their_line() -> None:
    name = "=?utf-8?Q?a=0AFrom=3A_boss=40acme.de=1B[2J?="
    mail = (
        HEAD
        + 'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nWords.\n'
        + f'--b\nContent-Type: application/pdf; name="{name}"\nContent-Disposition: attachment\n\nx\n--b--\n'
    )
    lines = text_of(mail).split("\n")
    assert len([line for line in lines if line.startswith("From:")]) == 1
    assert "\x1b" not in "".join(lines)


SHARDS = [b"\n", b"\0", b"\xff", b"=?utf-8?B?", b'"', b";", b"--", b"Content-Type: x/"]
SEED = written("Plain words.", "<p>HTML words.</p>", offer=b"%PDF")


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_damage_ends_as_text_or_a_sentence(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(SEED)
    for _ in range(chance.randint(1, 20)):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 30)]
            case _:
                data[at:at] = chance.choice(SHARDS)
    try:
        text_of(bytes(data)).encode("utf-8")
    except InputError as error:
        assert str(error) and error.fix
