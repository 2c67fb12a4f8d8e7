"""CSV into the sandbox: what goes in, what is refused and why, and that doing it again adds nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.record import sandbox_db, sandbox_import
from gangly_tui.connectors.record.sandbox_import import ImportReport, import_csv
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.records import Kind, Record

AT = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
ACCOUNTS = (
    "Company,Website,Headcount,Sector\nAcme GmbH,https://www.acme.de/,120,Software\nGlobex,globex.com,5000,Energy\n"
)
CONTACTS = "Name,E-Mail,Job Title,Company\nAda Lind,ada@acme.de,CFO,Acme\nBo Ek,bo@globex.com,CTO,globex.com\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crm.db"


def bring(path: Path, kind: Kind, text: str) -> ImportReport:
    return import_csv(path, kind, text, by="robin@seller.com", at=AT)


def held(path: Path, kind: Kind) -> list[Record]:
    db = sandbox_db.open_crm(path)
    records, _, _ = sandbox_db.page_after(db, 0, 100_000)
    db.close()
    return [each for each in records if each.ref.kind is kind]


def numbers(report: ImportReport) -> tuple[int, int, int, int]:
    return report.imported, report.updated, report.unchanged, len(report.refused)


def test_accounts_contacts_and_deals_find_each_other(path: Path) -> None:
    assert numbers(bring(path, Kind.ACCOUNT, ACCOUNTS)) == (2, 0, 0, 0)
    assert numbers(bring(path, Kind.CONTACT, CONTACTS)) == (2, 0, 0, 0)
    deals = (
        "Deal name;Stage;Deal value;Close Date;Account;Contact emails\n"
        "Platform 2026;proposal;40.000,50;15 Nov 2026;ACME GmbH;ada+x@acme.de\n"
    )
    assert numbers(bring(path, Kind.OPPORTUNITY, deals)) == (1, 0, 0, 0)
    (deal,) = held(path, Kind.OPPORTUNITY)
    ada, _ = held(path, Kind.CONTACT)
    acme, _ = held(path, Kind.ACCOUNT)
    assert (acme.fields["domain"], acme.fields["employees"]) == ("https://www.acme.de/", 120)
    assert ada.ids("account") == deal.ids("account") == (acme.ref.id,)
    assert deal.ids("contacts") == (ada.ref.id,)
    assert (deal.fields["amount"], deal.fields["close_date"]) == (Decimal("40000.50"), date(2026, 11, 15))
    assert deal.fields["stage"] == "Proposal" and deal.updated_by == "robin@seller.com"


def test_again_adds_nothing_and_a_correction_updates(path: Path) -> None:
    bring(path, Kind.ACCOUNT, ACCOUNTS)
    bring(path, Kind.CONTACT, CONTACTS)
    assert numbers(bring(path, Kind.ACCOUNT, ACCOUNTS)) == (0, 0, 2, 0)
    assert numbers(bring(path, Kind.CONTACT, CONTACTS.replace("ada@", "ADA+crm@"))) == (0, 0, 2, 0)
    assert numbers(bring(path, Kind.CONTACT, CONTACTS.replace("CFO", "CEO"))) == (0, 1, 1, 0)
    assert len(held(path, Kind.CONTACT)) == 2


def test_people_without_an_address_are_told_by_name_and_account(path: Path) -> None:
    bring(path, Kind.ACCOUNT, ACCOUNTS)
    people = "first name,last name,company\nAda,Lind,Acme\nAda,Lind,Globex\n,Ek,Acme\n"
    assert numbers(bring(path, Kind.CONTACT, people)) == (3, 0, 0, 0)
    assert numbers(bring(path, Kind.CONTACT, people)) == (0, 0, 3, 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",acme2.de,1,Software", "Name is required"),
        ("Acme 2,acme2.de,many,Software", "'many' is not a number"),
        ("Acme 2,acme2.de,1,Astrology", "not one of the values of Industry"),
        ("x" * 300 + ",acme2.de,1,Software", "takes 255 characters"),
        ("Acme 2,acme2.de,1,Software,extra", "more cells than in the header"),
        ("Acme Again,WWW.acme.de,1,Software", "the same account as line 2"),
        ('"two\nlines",acme2.de,1,Software', "takes one line"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_others_go_in(path: Path, row: str, reason: str) -> None:
    report = bring(path, Kind.ACCOUNT, ACCOUNTS + row + "\n" + "Initech,initech.com,3,Software\n")
    assert numbers(report) == (3, 0, 0, 1)
    (refused,) = report.refused
    assert refused.line == 4 and reason in refused.reason and refused.fix


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Ada Lind,ada@,CFO,Acme", "not an e-mail address"),
        ("Ada Lind,ada@acme.de,CFO,Nobody Ltd", "no account 'Nobody Ltd'"),
    ],
)
def test_a_contact_is_refused_for_its_address_or_its_account(path: Path, row: str, reason: str) -> None:
    bring(path, Kind.ACCOUNT, ACCOUNTS)
    report = bring(path, Kind.CONTACT, f"name,email,title,account\n{row}\n")
    assert numbers(report) == (0, 0, 0, 1) and reason in report.refused[0].reason


def test_two_accounts_of_one_name_are_not_guessed_between(path: Path) -> None:
    bring(path, Kind.ACCOUNT, "name,domain\nAcme Inc,acme.com\nAcme GmbH,acme.de\n")
    report = bring(path, Kind.CONTACT, "name,email,account\nAda Lind,ada@acme.de,Acme\n")
    assert "2 accounts are called" in report.refused[0].reason
    assert numbers(bring(path, Kind.CONTACT, "name,email,account\nAda Lind,ada@acme.de,acme.de\n"))[0] == 1


@pytest.mark.parametrize(
    "cell", ['=HYPERLINK("http://x")', "+1+cmd|' /C calc'!A0", "@SUM(A1)", "\x1b[2J[red]x[/]", "a\u202eb"]
)
def test_hostile_cells_are_text_and_stay_as_they_are(path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    assert numbers(bring(path, Kind.ACCOUNT, f'name,city\n"{quoted}","{quoted}"\n')) == (1, 0, 0, 0)
    (account,) = held(path, Kind.ACCOUNT)
    assert account.fields["name"] == account.fields["city"] == cell


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header(path: Path, mark: str) -> None:
    text = f"\ufeffname{mark}domain{mark}shoe size\r\nAcme{mark}acme.de{mark}42\r\n\r\n"
    report = bring(path, Kind.ACCOUNT, text)
    assert numbers(report) == (1, 0, 0, 0) and report.ignored == ("shoe size",)


def test_a_spreadsheets_own_first_line_names_the_delimiter_and_lines_are_counted_with_it(path: Path) -> None:
    report = bring(path, Kind.ACCOUNT, "sep=;\nname;domain;employees\nA, B & Co;ab.com;x\nC;c.com;1\n")
    assert numbers(report) == (1, 0, 0, 1) and report.refused[0].line == 3


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (Kind.ACCOUNT, "", "empty"),
        (Kind.ACCOUNT, "\n\n,,\n", "empty"),
        (Kind.ACCOUNT, "shoe,size\n1,2\n", "no column"),
        (Kind.ACCOUNT, "name\n" + "x" * 200_000, "cannot be read as CSV"),
        (Kind.ACCOUNT, "name\nx\n" + "a,b," * 100_001, "more than 400,000 characters"),
        (Kind.ACCOUNT, "name\n" + "x\n" * 250_001, "more than 250,000 lines"),
        (Kind.ACCOUNT, "name\n" + "x\n" * 6_000_000, "10 MiB"),
        (Kind.ACTIVITY, "subject\nx\n", "cannot be imported"),
    ],
    ids=[
        "nothing",
        "only commas",
        "other columns",
        "a giant cell",
        "a giant row",
        "lines without end",
        "too large",
        "activities",
    ],
)
def test_a_file_that_is_no_table_imports_nothing(path: Path, kind: Kind, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        bring(path, kind, text)
    assert refused.value.fix
    assert not path.exists() or held(path, kind) == []


def test_rows_beyond_the_limit_are_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_import, "MAX_ROWS", 3)
    monkeypatch.setattr(sandbox_import, "_BATCH", 2)
    told: list[tuple[int, int]] = []
    text = "name\n" + "".join(f"Firm {number}\n" for number in range(5))
    report = import_csv(path, Kind.ACCOUNT, text, by="x", at=AT, progress=lambda *at: told.append(at))
    assert numbers(report) == (3, 0, 0, 1)
    assert report.refused[0].line == 5 and "more than 3 rows" in report.refused[0].reason
    assert told == [(2, 5), (4, 5)]


def test_a_name_that_fits_almost_is_suggested(path: Path) -> None:
    with pytest.raises(InputError) as refused:
        bring(path, Kind.ACCOUNT, "acount name\nAcme\n")
    assert "account name" in refused.value.fix


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(alphabet=st.sampled_from('name,;"\n\r\t\0=@äß\ud800acme.de1'), max_size=200))
def test_whatever_the_text_it_ends_with_a_report_or_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / f"{abs(hash(text))}.db"
    try:
        report = bring(path, Kind.ACCOUNT, "name,domain\n" + text)
    except InputError as error:
        assert str(error)
        return
    assert len(held(path, Kind.ACCOUNT)) == report.imported
