"""Which rows are one thing: the weighing on public data, the rules for people by tables, what no input may break."""

from __future__ import annotations

import csv
from collections import defaultdict
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.domain.dedupe import Field, Is, Row, candidates, find_pairs, groups, plain, sound
from gangly_tui.domain.dedupe_people import Double, Known, Sure, companies, people, to_keep
from gangly_tui.domain.records import Kind, RecordRef

FEBRL = Path(__file__).resolve().parents[3] / "shared/gold/entity/febrl"
FIELDS = (
    Field(name="given name", kind=Is.NAME, swaps="surname"),
    Field(name="surname", kind=Is.NAME, swaps="given name"),
    Field(name="street number", kind=Is.CODE),
    Field(name="address 1", kind=Is.TEXT, swaps="address 2"),
    Field(name="address 2", kind=Is.TEXT, swaps="address 1"),
    Field(name="suburb", kind=Is.TEXT),
    Field(name="postcode", kind=Is.CODE),
    Field(name="state", kind=Is.CODE),
    Field(name="date of birth", kind=Is.CODE),
    Field(name="insurance number", kind=Is.CODE),
)


def febrl(*names: str) -> tuple[list[Row], set[tuple[int, int]]]:
    """The rows with their fields as given, and the pairs that are one person by the files' own ids."""
    rows: list[Row] = []
    same: defaultdict[str, list[int]] = defaultdict(list)
    for name in names:
        with (FEBRL / name).open(encoding="utf-8", newline="") as file:
            for identifier, *values in list(csv.reader(file))[1:]:
                same[identifier.split("-")[1]].append(len(rows))
                rows.append(tuple(map(plain, values)))
    return rows, {pair for each in same.values() for pair in combinations(each, 2)}


def f1(found: set[tuple[int, int]], wanted: set[tuple[int, int]]) -> float:
    return 2 * len(found & wanted) / (len(found) + len(wanted))


@pytest.mark.shared
@pytest.mark.skipif(not FEBRL.is_dir(), reason="needs ../shared/gold")
@pytest.mark.parametrize("names", [("dataset3.csv",), ("dataset4a.csv", "dataset4b.csv")], ids="+".join)
def test_public_data_are_told_apart_without_an_example(names: tuple[str, ...]) -> None:
    rows, wanted = febrl(*names)
    found = {(each.left, each.right) for each in find_pairs(rows, FIELDS)}
    assert f1(found, wanted) >= 0.97
    without_number = {(each.left, each.right) for each in find_pairs([row[:-1] for row in rows], FIELDS[:-1])}
    assert f1(without_number, wanted) >= 0.97


def person(number: int, name: str, email: str = "", phone: str = "", home: str = "") -> Known:
    first, _, last = name.rpartition(" ")
    return Known(
        ref=RecordRef(system="x", kind=Kind.CONTACT, id=f"{number:04}"),
        name=name,
        first=first,
        last=last,
        email=email,
        phone=phone,
        home=home,
    )


FIRSTS = "Ana Boris Chloe Dmitri Elena Faruk Greta Hugo Ines Jonas Kaya Liam Mona Nils Olga Pavel Quentin Rosa".split()
LASTS = "Adler Bianchi Castro Dubois Eriksen Fischer Gruber Holm Ivanov Jensen Kovacs Lopez Moreau Novak Olsen".split()
SURNAMES = [f"{one}{other.lower()}" for one, other in product(LASTS, FIRSTS)]
CROWD = [
    person(
        1_000 + number,
        f"{FIRSTS[number % 17]} {last}",
        f"{FIRSTS[number % 17]}.{last}@firm{number // 9}.com".lower(),
        f"+4930{5_000_000 + 7_919 * number}",
        f"Firm{number // 9} GmbH",
    )
    for number, last in enumerate(SURNAMES)
]
"""Colleagues, nine a company; none of them is there twice."""


def found_among(*pair: Known) -> Double | None:
    ids = {each.ref for each in pair}
    doubles = people([*CROWD, *pair])
    assert all({each.left.ref, each.right.ref} <= ids for each in doubles)
    return doubles[0] if doubles else None


def test_nobody_of_a_crowd_of_colleagues_is_somebody_else() -> None:
    assert people(CROWD) == []


@pytest.mark.parametrize(
    ("one", "other", "sure", "says"),
    [
        (
            person(1, "Ada Byron", "ada@acme.com"),
            person(2, "Ada Byron", "Ada+news@acme.com"),
            Sure.EXACT,
            "same mailbox: Ada+news@acme.com is a plus-alias of ada@acme.com",
        ),
        (
            person(1, "Ada Byron", "ada.byron@gmail.com"),
            person(2, "A. Byron", "adabyron@googlemail.com"),
            Sure.EXACT,
            "same mailbox: dots do not count",
        ),
        (
            person(1, "Jörg Ott", "ott@müller.de"),
            person(2, "Joerg Ott", "ott@xn--mller-kva.de"),
            Sure.EXACT,
            "same mailbox: müller.de is xn--mller-kva.de",
        ),
        (
            person(1, "Ada Byron", "ada.byron@gmail.com", home="Acme"),
            person(2, "Ada Byron", "ada.byron@gmial.com", home="Acme"),
            Sure.FUZZY,
            "a slip in the domain: ada.byron@gmial.com for ada.byron@gmail.com",
        ),
        (
            person(1, "Ada Byron", phone="+44 20 7946 0364", home="Acme Ltd"),
            person(2, "Ada Byron", phone="0044 (20) 7946-0364"),
            Sure.FUZZY,
            "same phone",
        ),
        (person(1, "Ada Byron", home="Acme Ltd"), person(2, "Byron Ada", home="ACME Inc."), Sure.FUZZY, "place"),
        (person(1, "Bill Byron", home="Acme"), person(2, "William Byron", home="Acme"), Sure.FUZZY, "short name"),
        (person(1, "Zoë Byron", home="Acme"), person(2, "Zoe Byrom", home="Acme"), Sure.FUZZY, "names alike"),
        (
            person(1, "Ada Byron", phone="+442079460364", home="Acme"),
            person(2, "Ada Lovelace", phone="+442079460364", home="Acme"),
            Sure.FUZZY,
            "first name the same, last name not",
        ),
        (
            person(1, "Ada Byron", "info@acme.com"),
            person(2, "Grace Hopper", "info@acme.com"),
            Sure.FUZZY,
            "a shared address?",
        ),
    ],
)
def test_one_person_and_why(one: Known, other: Known, sure: Sure, says: str) -> None:
    found = found_among(one, other)
    assert found is not None
    assert found.sure is sure
    assert says in "; ".join(found.reasons)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person(1, "Ada Byron", "ada@acme.com", home="Acme"), person(2, "Grace Hopper", "grace@acme.com", home="Acme")),
        (
            person(1, "Ada Byron", phone="+442079460364", home="Acme"),
            person(2, "Grace Byron", phone="+442079460364", home="Acme"),
        ),
        (person(1, "Ada Byron", "ada@acme.com", home="Acme"), person(2, "Ada Byron", "ada@other.org", home="Other")),
        (person(1, "Ada Byron", home="Acme"), person(2, "Ada Hopper", home="Acme")),
    ],
    ids=["colleagues", "a family with one phone", "a name at two companies", "a first name"],
)
def test_two_people_stay_two(one: Known, other: Known) -> None:
    assert found_among(one, other) is None


def test_a_switchboard_is_nobodys_own_number() -> None:
    shared = [person(n, f"Ada {last}", phone="+442079460364", home="Acme") for n, last in enumerate(LASTS[:6])]
    assert people([*CROWD, *shared]) == []


def test_other_domains_of_a_company_are_the_company_where_the_configuration_says_so() -> None:
    pair = (person(1, "Ada Byron", "ada@acme.de"), person(2, "Ada Byron", "ada@acme.com"))
    found = people([*CROWD, *pair], {"acme.de": "acme.com"})
    assert [each.sure for each in found] == [Sure.EXACT]


def firm(number: int, name: str, domain: str = "", phone: str = "", city: str = "") -> Known:
    ref = RecordRef(system="x", kind=Kind.ACCOUNT, id=f"{number:04}")
    return Known(ref=ref, name=name, domain=domain, phone=phone, city=city, country="Germany")


@pytest.mark.parametrize(
    ("one", "other", "sure"),
    [
        (firm(1, "Acme Inc", "acme.com"), firm(2, "ACME Europe", "www.acme.com"), Sure.FUZZY),
        (firm(1, "Acme Inc", "acme.com"), firm(2, "Acme GmbH", "shop.acme.com"), Sure.EXACT),
        (firm(1, "Acme Steel", city="Essen"), firm(2, "Acme Steel AG", city="Essen"), Sure.FUZZY),
        (firm(1, "Acme Steel", "acme.com", city="Essen"), firm(2, "Acme Steel", "acme.org", city="Essen"), None),
        (firm(1, "Acme Steel", city="Essen"), firm(2, "Borg Timber", city="Essen"), None),
        (firm(1, "Acme Depot 12", city="Essen"), firm(2, "Acme Depot 13", city="Essen"), None),
    ],
)
def test_one_company_and_two(one: Known, other: Known, sure: Sure | None) -> None:
    others = [
        firm(10 + n, f"{last} {FIRSTS[n]}werk", f"{last}{n}.de".lower(), city=LASTS[-n - 1])
        for n, last in enumerate(LASTS)
    ]
    assert [each.sure for each in companies([*others, one, other])] == ([sure] if sure else [])


def test_the_one_to_keep_is_the_one_that_most_hangs_on() -> None:
    first, second = person(1, "Ada Byron"), person(2, "Ada Byron")
    assert to_keep((first, second), {second.ref: 3}) == (second, "3 records hang on it")


def test_soundex_as_the_archives_define_it() -> None:
    names = {"robert": "r163", "rupert": "r163", "ashcraft": "a261", "tymczak": "t522", "pfister": "p236", "lee": "l"}
    assert {name: sound(name) for name in names} == names


ROWS = st.lists(st.tuples(*[st.text(max_size=6)] * 5), max_size=25)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_whatever_the_rows_hold_pairs_are_pairs_and_twice_the_same(rows: list[Row]) -> None:
    fields = [Field(name=str(number), kind=kind) for number, kind in enumerate(Is)]
    found = find_pairs(rows, fields)
    assert found == find_pairs(rows, fields)
    assert all(0 <= each.left < each.right < len(rows) and 0.5 < each.likely <= 1 for each in found)


def test_the_pairs_to_look_at_stay_in_proportion_when_everybody_is_alike() -> None:
    rows = [("john", "smith", "", "", "acme")] * 4_000
    assert len(candidates(rows, FIELDS[:5])) <= 210_000


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_groups_hang_together_and_share_nobody(pairs: list[tuple[int, int]]) -> None:
    made = groups(pairs)
    members = [each for group in made for each in group]
    assert sorted(members) == sorted({each for pair in pairs for each in pair})
    home = {each: number for number, group in enumerate(made) for each in group}
    assert all(home[left] == home[right] for left, right in pairs)
