"""The member's own LinkedIn export: whatever language and form it comes in, and zips that are none."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.engagement import linkedin
from gangly_tui.connectors.engagement.linkedin import Export, profile, read_export
from gangly_tui.connectors.engagement.linkedin_words import read_day, settle
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.relations import Relation
from tests.patience import computing_at_most

NOTES = (
    'Notes:\n"When exporting your connection data, you may notice that some of the email addresses are missing. You '
    'will only see email addresses for connections who have allowed others to see ""theirs"", like this."\n\n'
)
HEAD = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
ADA = 'Ada,Lind,https://www.linkedin.com/in/ada-lind,ada@acme.example,"Acme, Inc.",VP Ops,12 Mar 2021\n'
BEN = "Ben,Okoro,https://www.linkedin.com/in/benokoro,,Globex,Buyer,03 Nov 2019\n"


def zipped(path: Path, *, how: int = zipfile.ZIP_DEFLATED, **parts: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, text in parts.items():
            archive.writestr(f"{name}.csv", text)
    return path


def export(folder: Path, **parts: str | bytes) -> Export:
    return read_export(zipped(folder / "export.zip", **parts))


def by_name(found: Export) -> dict[str, Relation]:
    return {each.name: each for each in found.relations}


def test_connections_below_the_notes_with_and_without_addresses(tmp_path: Path) -> None:
    found = export(tmp_path, Connections=NOTES + HEAD + ADA + BEN + ",,,,,,01 Jan 2020\n")
    assert (found.connections, found.skipped, found.lacks) == (2, 1, ("invitations", "messages"))
    ada = by_name(found)["Ada Lind"]
    assert (ada.email, ada.company, ada.position) == ("ada@acme.example", "Acme, Inc.", "VP Ops")
    assert (ada.connected_on, ada.year, ada.words) == (date(2021, 3, 12), 2021, "connected since 2021")
    assert ada.url == "https://www.linkedin.com/in/ada-lind" and by_name(found)["Ben Okoro"].email == ""


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + ADA).encode("utf-8-sig"),
        (NOTES + HEAD + ADA).replace("\n", "\r\n").encode("utf-8-sig"),
        (HEAD + ADA).encode("utf-16"),
        HEAD.replace("Email Address,", "").encode() + ADA.replace("ada@acme.example,", "").encode(),
        b"Vorname,Nachname,URL,E-Mail-Adresse,Unternehmen,Position,Verbunden am\n"
        + ADA.replace("12 Mar 2021", "12. März 2021").encode(),
        "Prénom,Nom,URL,Adresse e-mail,Entreprise,Poste,Connexion établie le\n".encode()
        + ADA.replace("12 Mar 2021", "12 mars 2021").encode(),
        "名,姓,網址,電子郵件,公司,職稱,日期\n".encode() + ADA.replace("12 Mar 2021", "2021年3月12日").encode(),
    ],
)  # fmt: skip
def test_marks_at_the_beginning_missing_columns_and_other_languages(tmp_path: Path, data: bytes) -> None:
    (ada,) = export(tmp_path, Connections=data).relations
    assert (ada.name, ada.company, ada.connected_on) == ("Ada Lind", "Acme, Inc.", date(2021, 3, 12))


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("12 Mar 2021", date(2021, 3, 12)),
        ("12 août 2021", date(2021, 8, 12)),
        ("3 juin 2021", date(2021, 6, 3)),
        ("3 juil. 2021", date(2021, 7, 3)),
        ("1º de dez. de 2021", date(2021, 12, 1)),
        ("12 de enero de 2021", date(2021, 1, 12)),
        ("Mar 12, 2021", date(2021, 3, 12)),
        ("12.3.2021", date(2021, 3, 12)),
        ("2021-03-12 10:11:12 UTC", date(2021, 3, 12)),
        ("12 mag 2021", date(2021, 5, 12)),
        ("31 Feb 2021", None),
        ("12 Xyz 2021", None),
        ("", None),
        ("99999999999999999999", None),
    ],
)
def test_dates_as_they_are_written(text: str, on: date | None) -> None:
    assert read_day(text).on == on


def test_a_date_that_reads_both_ways_is_told_by_its_column_or_only_its_year_counts(tmp_path: Path) -> None:
    both = read_day("3/4/21")
    assert settle({"a": both})["a"] is None and both.year == 2021
    assert settle({"a": both, "b": read_day("25/4/21")})["a"] == date(2021, 4, 3)
    assert settle({"a": both, "b": read_day("4/25/21")})["a"] == date(2021, 3, 4)
    assert settle({"a": both, "b": read_day("4/25/21"), "c": read_day("25/4/21")})["a"] is None
    found = export(tmp_path, Connections=HEAD + ADA.replace("12 Mar 2021", "3/4/21")).relations[0]
    assert (found.connected_on, found.words) == (None, "connected since 2021")


MESSAGES = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,SUBJECT,CONTENT,FOLDER\n"
    "1,,Ada Lind,https://www.linkedin.com/in/ada-lind,Robin,https://www.linkedin.com/in/robin,2024-05-02 10:00:00 UTC,,"
    '"<p class=""x"">See you\nin May</p>",INBOX\n'
    "1,,Robin,https://www.linkedin.com/in/robin,Ada Lind,https://www.linkedin.com/in/Ada-Lind/,2024-06-01 10:00:00 UTC"
    ",,Thanks,INBOX\n"
    "2,,Robin,https://www.linkedin.com/in/robin,All,\"https://www.linkedin.com/in/ada-lind,https://www.linkedin.com/in/b\","
    "2025-01-01 10:00:00 UTC,,Happy new year,INBOX\n"
)  # fmt: skip
INVITATIONS = (
    "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n"
    'Robin,Cleo Park,"8/25/26, 9:12 AM",,OUTGOING,https://www.linkedin.com/in/robin,https://www.linkedin.com/in/cleo\n'
    'Ada Lind,Robin,"8/26/26, 9:12 AM",hi,INCOMING,https://www.linkedin.com/in/ada-lind,https://www.linkedin.com/in/robin\n'
)


def test_messages_and_invitations_say_when_and_no_more(tmp_path: Path) -> None:
    found = export(tmp_path, Connections=HEAD + ADA, messages=MESSAGES, Invitations=INVITATIONS)
    assert (found.connections, found.messages, found.invitations, found.lacks) == (1, 3, 1, ())
    people = by_name(found)
    assert people["Ada Lind"].last_message == date(2024, 6, 1) and people["Ada Lind"].snippet == "Thanks"
    assert people["Cleo Park"].words == "you invited them in 2026, not connected yet"
    assert people["Cleo Park"].connected_on == date(2026, 8, 25)
    long = MESSAGES.replace("Thanks", "x" * 9_000)
    assert len(by_name(export(tmp_path, Connections=HEAD + ADA, messages=long))["Ada Lind"].snippet) == 140


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://www.linkedin.com/in/Ada-Lind/", "https://www.linkedin.com/in/ada-lind"),
        ("http://de.linkedin.com/in/zo%C3%AB?x=1#y", "https://www.linkedin.com/in/zo%C3%AB"),
        ("https://linkedin.com.evil.example/in/ada", ""),
        ("https://evil.example/in/ada", ""),
        ("javascript:alert(1)//linkedin.com/in/ada", ""),
        ("file:///etc/passwd", ""),
        ("https://www.linkedin.com/in/ada/../../x", ""),
        ("https://www.linkedin.com/in/ada%0a%1b[2J", ""),
        ("https://www.linkedin.com/company/acme", ""),
        ("https://[", ""),
    ],
)
def test_only_a_members_page_is_a_profile(given: str, kept: str) -> None:
    assert profile(given) == kept


def test_a_part_lies_in_any_folder_and_its_name_is_no_path(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../Basic_Export\\Connections.csv", HEAD + ADA)
        archive.writestr("__MACOSX/._Connections.csv", "x")
    assert read_export(path).connections == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["e.zip"]


def refused(path: Path) -> str:
    with pytest.raises(InputError) as told:
        read_export(path)
    assert told.value.fix
    return str(told.value)


def test_what_is_no_export_is_said(tmp_path: Path) -> None:
    assert "no file" in refused(tmp_path / "none.zip")
    assert "is a folder" in refused(tmp_path)
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 not really")
    assert "no zip" in refused(tmp_path / "a.zip")
    assert "no Connections.csv" in refused(zipped(tmp_path / "b.zip", Profile="x"))
    assert "without its header" in refused(zipped(tmp_path / "c.zip", Connections="a,b\n" * 50))
    assert "without its header" in refused(zipped(tmp_path / "d.zip", Connections=""))
    whole = zipped(tmp_path / "e.zip", Connections=HEAD + BEN * 500).read_bytes()
    for cut in range(0, len(whole), 97):
        (tmp_path / "cut.zip").write_bytes(whole[:cut])
        refused(tmp_path / "cut.zip")


def test_bombs_are_refused_before_or_while_they_unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(tmp_path / "bomb.zip", Connections=HEAD + " " * 30_000_000)
    assert "more than any export" in refused(bomb)
    long = zipped(tmp_path / "long.zip", how=zipfile.ZIP_STORED, Connections=HEAD + "x" * 300_000)
    assert "longer than any" in refused(long)
    monkeypatch.setattr(linkedin, "MAX_UNPACKED", 100_000)
    lying = bytearray(zipped(tmp_path / "lie.zip", how=zipfile.ZIP_STORED, Connections=HEAD + BEN * 3_000).read_bytes())
    at = lying.index(b"PK\x01\x02") + 24  # the directory promises little
    lying[at : at + 4] = struct.pack("<I", 50_000)
    (tmp_path / "lie.zip").write_bytes(lying)
    refused(tmp_path / "lie.zip")
    monkeypatch.setattr(linkedin, "MAX_ENTRIES", 3)
    assert "more than 3 files" in refused(zipped(tmp_path / "many.zip", a="", b="", c="", Connections=HEAD))


def test_one_that_is_locked_is_said(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "e.zip", Connections=HEAD + ADA).read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(mark) + offset] |= 1
    (tmp_path / "e.zip").write_bytes(data)
    assert "locked" in refused(tmp_path / "e.zip")


def test_a_quote_that_never_ends_costs_its_rows_and_not_the_others(tmp_path: Path) -> None:
    found = export(tmp_path, Connections=HEAD + ADA + '"open,' + "x\n" * 200_000 + BEN)
    assert "Ada Lind" in by_name(found) and found.skipped


def test_hostile_rows(tmp_path: Path) -> None:
    rows: list[Any] = [
        "\x1b]0;x\x07,[@click=app.quit()],javascript:x,a b@c,,,,",
        "\0,\0",
        "," * 500,
        "x" * 2_000 + ",y",
    ]
    found = export(tmp_path, Connections=HEAD + "\n".join(rows) + "\n" + ADA)
    assert all(len(each.name) <= 801 and not each.url.startswith("java") for each in found.relations)
    assert "Ada Lind" in by_name(found)


def test_thirty_thousand_connections_are_read_in_seconds(tmp_path: Path) -> None:
    text = io.StringIO()
    text.write(HEAD)
    for number in range(30_000):
        text.write(f"Ada{number},Lind,https://www.linkedin.com/in/ada{number},,Acme,VP,12 Mar 2021\n")
    with computing_at_most(60):
        assert export(tmp_path, Connections=text.getvalue()).connections == 30_000
