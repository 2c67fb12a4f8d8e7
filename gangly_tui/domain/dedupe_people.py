"""Which contacts are one person, which accounts are one company: what an audit compares, and the reasons it gives.

The weighing is `dedupe`'s. Here is what is known of people beside it: colleagues share a company, a switchboard and
the half of an address; a mailbox is one person's unless a team shares it; who changes the employer keeps the name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gangly_tui.domain.dedupe import MISSING, NEAR, OTHER, SAME, SIMILAR, Field, Is, Pair, comparer, find_pairs, plain
from gangly_tui.domain.identity import (
    FREE_MAIL,
    company_name,
    mailbox,
    mistyped_host,
    phone_key,
    phone_region,
    registrable_domain,
)
from gangly_tui.domain.records import Kind, RecordRef

PEOPLE = (
    Field(name="first", kind=Is.NAME, swaps="last"),
    Field(name="last", kind=Is.NAME, swaps="first"),
    Field(name="mail", kind=Is.MAIL, changes=True),
    Field(name="phone", kind=Is.NUMBER, changes=True),
    Field(name="company", kind=Is.TEXT, changes=True),
)
COMPANIES = (
    Field(name="name", kind=Is.TEXT),
    Field(name="domain", kind=Is.CODE, changes=True),
    Field(name="phone", kind=Is.NUMBER, changes=True),
    Field(name="city", kind=Is.TEXT, changes=True),
    Field(name="country", kind=Is.TEXT),
)
_FIRST, _LAST, _MAIL, _PHONE, _COMPANY = range(5)
_SWITCHBOARD = 3
"""Contacts with one number, from which on it is the company's and not a person's."""

_SHORT = {
    short: name
    for name, shorts in {
        "william": "bill billy will willy", "robert": "bob bobby rob robbie", "richard": "dick rick ricky",
        "james": "jim jimmy", "john": "jack johnny", "michael": "mike mick mickey", "thomas": "tom tommy",
        "elizabeth": "liz lizzie beth betty", "margaret": "peggy maggie meg", "katherine": "kathy kate katie",
        "edward": "ed eddie ted", "charles": "charlie chuck", "joseph": "joe", "anthony": "tony", "david": "dave",
        "daniel": "dan danny", "matthew": "matt", "andrew": "andy drew", "christopher": "chris", "steven": "steve",
        "stephen": "steve", "gregory": "greg", "jeffrey": "jeff", "kenneth": "ken kenny", "ronald": "ron ronnie",
        "susan": "sue susie", "deborah": "deb debbie", "jennifer": "jen jenny", "rebecca": "becky becca",
        "benjamin": "ben", "nicholas": "nick", "timothy": "tim", "peter": "pete", "patricia": "pat patty tricia",
    }.items()
    for short in shorts.split()
}  # fmt: skip


class Sure(StrEnum):
    """How a pair was found."""

    EXACT = "exact"
    FUZZY = "fuzzy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A contact or an account, as the mirror holds it; `home` and `home_phone` are its account's."""

    ref: RecordRef
    name: str
    first: str = ""
    last: str = ""
    email: str = ""
    phone: str = ""
    home: str = ""
    home_phone: str = ""
    domain: str = ""
    city: str = ""
    country: str = ""
    owner: str = ""
    by: str = ""
    """who or what made it, where that is known"""
    at: datetime | None = None
    """when it changed last"""
    filled: int = 0
    """fields that hold something"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """Two records that are one, and why."""

    left: Known
    right: Known
    sure: Sure
    likely: float
    reasons: tuple[str, ...]


def people(known: Sequence[Known], aliases: Mapping[str, str] | None = None) -> list[Double]:
    """The contacts that are one person, the surest first. `aliases` gives a company's other domains."""
    regions: dict[str, str] = {}
    rows = _with_own_phones([_person(each, aliases or {}, regions) for each in known])
    found = []
    for pair in find_pairs(rows, PEOPLE, sure=_MAIL):
        left, right = known[pair.left], known[pair.right]
        if _one_person(pair, rows):
            exact = pair.levels[_MAIL] == SAME and OTHER not in (pair.levels[_FIRST], pair.levels[_LAST])
            found.append(_double(left, right, pair, exact, _why(left, right, pair.levels)))
    return found


def companies(known: Sequence[Known], aliases: Mapping[str, str] | None = None) -> list[Double]:
    """The accounts that are one company, the surest first."""
    rows = [
        (
            plain(company_name(each.name)),
            _aliased(registrable_domain(each.domain), aliases or {}) if each.domain else "",
            phone_key(each.phone),
            plain(each.city),
            plain(each.country),
        )
        for each in known
    ]
    found = []
    for pair in find_pairs(rows, COMPANIES, sure=1):
        levels = pair.levels
        named = levels[0] >= NEAR and _digits(rows[pair.left][0]) == _digits(rows[pair.right][0])
        elsewhere = levels[1] == OTHER and levels[2] != SAME
        if levels[1] != SAME and (not named or elsewhere or not any(each >= NEAR for each in levels[1:4])):
            continue
        left, right = known[pair.left], known[pair.right]
        found.append(
            _double(left, right, pair, levels[1] == SAME and levels[0] != OTHER, _why_company(left, right, levels))
        )
    return found


def _digits(name: str) -> str:
    """The digits of a name: another number is another branch, never a slip."""
    return "".join(each for each in name if each.isdigit())


def _double(left: Known, right: Known, pair: Pair, exact: bool, why: Sequence[str]) -> Double:
    return Double(
        left=left,
        right=right,
        sure=Sure.EXACT if exact else Sure.FUZZY,
        likely=1.0 if exact else round(pair.likely, 4),
        reasons=tuple(why),
    )


def _person(each: Known, aliases: Mapping[str, str], regions: dict[str, str]) -> tuple[str, ...]:
    first = plain(each.first)
    box = mailbox(each.email)
    host = box.rpartition("@")[2]
    if each.home_phone and each.home_phone not in regions:
        regions[each.home_phone] = phone_region(each.home_phone)
    number = phone_key(each.phone, regions.get(each.home_phone, "")) if each.phone else ""
    if number and number == phone_key(each.home_phone):
        number = ""
    if host and aliases:
        box = f"{box.rpartition('@')[0]}@{_aliased(host, aliases)}"
    company = each.home or ("" if host in FREE_MAIL else host.partition(".")[0])
    return _SHORT.get(first, first), plain(each.last), box, number, plain(company_name(company))


def _aliased(domain: str, aliases: Mapping[str, str]) -> str:
    return aliases.get(domain, domain)


def _with_own_phones(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The rows without the numbers that many share."""
    held = Counter(row[_PHONE] for row in rows if row[_PHONE])
    return [(*row[:_PHONE], "", *row[_PHONE + 1 :]) if held.get(row[_PHONE], 0) > _SWITCHBOARD else row for row in rows]


def _one_person(pair: Pair, rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether a likely pair is more than two colleagues, or two people of one name."""
    first, last, mail, phone, company = pair.levels
    if mail == SAME:
        return True
    if first == OTHER or (last == OTHER and not (first == SAME and phone == SAME)):
        return False
    if last == SIMILAR and phone != SAME and mail != NEAR:
        return False
    if first == MISSING and last == MISSING:
        return phone == SAME or mail == NEAR
    if phone == SAME or mail >= SIMILAR or company >= NEAR:
        return mail != OTHER or phone == SAME or (first == last == SAME)
    return company == MISSING and OTHER not in (mail, phone) and first == last == SAME


def perhaps(new: Known, there: Known) -> str:
    """Why a new contact may be one that the same company has already; "" when nothing says so."""
    compare = comparer(PEOPLE)
    first, last, mail, phone, _ = compare(_person(new, {}, {}), _person(there, {}, {}))
    if phone == SAME:
        return f"same phone as {there.name}, {there.phone}"
    if mail == NEAR:
        return f"{new.email} is a slip away from {there.email}, {there.name}"
    if first == last == SAME:
        return f"same name as {there.name}" + (f", {there.email}" if there.email else "")
    if first >= SIMILAR and last >= NEAR:
        return f"a name like {there.name}'s" + (f", {there.email}" if there.email else "")
    return ""


def names_apart(new: Known, there: Known) -> tuple[bool, bool]:
    """Whether the first names are two, and the last names; a first name that is not known is apart with the last.

    Last names with a word in common are one: Dam and van Dam.
    """
    one, other = _person(new, {}, {}), _person(there, {}, {})
    first, last, *_ = comparer(PEOPLE)(one, other)
    last_apart = last == OTHER and not set(one[_LAST].split()) & set(other[_LAST].split())
    return first == OTHER or (first == MISSING and last_apart), last_apart


# --- in words


def _why(left: Known, right: Known, levels: tuple[int, ...]) -> list[str]:
    first, last, mail, phone, company = levels
    said = _why_mail(left.email.strip(), right.email.strip(), mail)
    said += _why_name(left, right, first, last)
    if phone == SAME:
        alike = left.phone == right.phone
        said.append(f"same phone: {left.phone}" if alike else f"same phone: {left.phone} is {right.phone}")
    if company >= NEAR:
        one, other = left.home, right.home
        alike = one == other or not (one and other)
        said.append(f"same company: {one or other}" if alike else f"company: {one} and {other}")
    return [each.rstrip(": ") for each in said]


def _why_mail(one: str, other: str, level: int) -> list[str]:
    if level == SAME:
        return [same_mailbox(one, other)]
    if level == NEAR:
        for host, right in ((one, other), (other, one)):
            meant = mistyped_host(host.rpartition("@")[2])
            if meant and meant == mailbox(right).rpartition("@")[2]:
                return [f"a slip in the domain: {host} for {right}"]
        return [f"one slip apart: {one} and {other}"]
    return [f"addresses alike: {one} and {other}"] if level == SIMILAR else []


def same_mailbox(one: str, other: str) -> str:
    """Why two addresses deliver to one mailbox."""
    one_local, _, one_host = one.lower().rpartition("@")
    other_local, _, other_host = other.lower().rpartition("@")
    if (one_local, one_host) == (other_local, other_host):
        return f"same e-mail address: {one}"
    if "+" in one_local + other_local:
        alias, box = (one, other) if "+" in one_local else (other, one)
        return f"same mailbox: {alias} is a plus-alias of {box}"
    if one_local != other_local:
        return f"same mailbox: dots do not count in {one} and {other}"
    return f"same mailbox: {one_host} is {other_host}"


def _why_name(left: Known, right: Known, first: int, last: int) -> list[str]:
    one, other = left.name, right.name
    if plain(one) == plain(other):
        return [f"same name: {one}"]
    if sorted(plain(one).split()) == sorted(plain(other).split()):
        return [f"names in each other's place: {one} and {other}"]
    if first == last == SAME:
        return [f"a short name: {one} and {other}"]
    if first >= SIMILAR and last >= SIMILAR:
        return [f"names alike: {one} and {other}"]
    if last == OTHER and first == SAME:
        return [f"first name the same, last name not: {one} and {other}"]
    return [f"but another name: {one} and {other}: a shared address?"] if OTHER in (first, last) else []


def _why_company(left: Known, right: Known, levels: tuple[int, ...]) -> list[str]:
    name, domain, phone, city, _ = levels
    said = []
    if domain == SAME:
        alike = left.domain.lower() == right.domain.lower()
        said.append(f"same domain: {left.domain}" if alike else f"same domain: {left.domain} and {right.domain}")
    if name >= NEAR:
        said.append(("same" if name == SAME else "nearly the same") + f" name: {left.name} and {right.name}")
    if domain == NEAR:
        said.append(f"domains one slip apart: {left.domain} and {right.domain}")
    if phone == SAME:
        said.append(f"same phone: {left.phone}")
    if city >= NEAR:
        said.append(f"same city: {left.city}")
    return said


def normal_forms(each: Known, aliases: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Field, what was typed, what matching reads instead; only where the two differ."""
    typed_host = each.email.strip().rpartition("@")[2]
    box = mailbox(each.email)
    local, at, host = box.rpartition("@")
    domain = registrable_domain(each.domain) if each.domain else ""
    is_account = each.ref.kind is Kind.ACCOUNT
    forms = [
        ("email", each.email, f"{local}{at}{_aliased(host, aliases or {})}"),
        ("domain", each.domain, _aliased(domain, aliases or {})),
        ("phone", each.phone, phone_key(each.phone, phone_region(each.home_phone) if each.home_phone else "")),
        ("name", each.name if is_account else "", company_name(each.name) if is_account else ""),
    ]
    found = [(field, typed, form) for field, typed, form in forms if typed and typed != form]
    if meant := mistyped_host(typed_host):
        found.append(("hint", each.email, f"perhaps {each.email.strip()[: -len(typed_host)]}{meant}"))
    return found


def to_keep(group: Sequence[Known], used: Mapping[RecordRef, int]) -> tuple[Known, str]:
    """Which of a group to keep in a merge, and why: the one that most hangs on, then the fullest, then the newest."""

    def worth(each: Known) -> tuple[int, int, float, str]:
        return used.get(each.ref, 0), each.filled, each.at.timestamp() if each.at else 0.0, each.ref.id

    best = max(group, key=worth)
    rest = [each for each in group if each is not best]
    mine = used.get(best.ref, 0)
    if all(mine > used.get(each.ref, 0) for each in rest):
        return best, f"{mine:,} records hang on it"
    if all(best.filled > each.filled for each in rest):
        return best, f"{best.filled} fields hold something"
    return best, "it changed last"
