"""Who is the same person, which is the same company: for matching only, never written back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
FREE_MAIL = frozenset(
    """gmail.com googlemail.com outlook.com hotmail.com live.com icloud.com me.com fastmail.com proton.me
    protonmail.com yahoo.com yahoo.co.uk ymail.com aol.com gmx.de gmx.net gmx.com web.de mail.com mail.ru yandex.ru
    yandex.com qq.com 163.com 126.com email.com hey.com zoho.com msn.com t-online.de orange.fr free.fr
    libero.it""".split()
)
"""Mail hosts of private people. They never identify a company."""

_OFTEN = (
    "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "googlemail.com", "protonmail.com",
    "yahoo.co.uk", "live.com", "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "fastmail.com",
)  # fmt: skip
"""Mail hosts that so many people type that a slip in one is common."""

_FEWEST_DIGITS = 6

_LEGAL = frozenset(
    """inc incorporated llc ltd limited gmbh ag kg ug se sa sas sarl srl spa bv nv ab as oy oyj plc corp corporation co
    company kk pty pvt pte aps lp llp holdings holding group""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityKey:
    """Normalised mailbox and registrable domain; either may be empty, not both in a useful key."""

    mailbox: str = ""
    domain: str = ""


@lru_cache(maxsize=1)
def _extract() -> object:
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)  # the bundled list: no network, no file written


@lru_cache(maxsize=8192)
def registrable_domain(host: str) -> str:
    """`shop.acme.co.uk`, `https://www.acme.co.uk/x` -> `acme.co.uk`; "" when there is none.

    A name whose last label is on no list takes the Public Suffix List's own default rule, `*`: its last two labels.
    """
    host = host.strip().lower().rstrip(".")
    host = host.split("://", 1)[-1].split("/", 1)[0].split("@")[-1].split(":", 1)[0]
    host = ascii_host(host)
    if not host or " " in host:
        return ""
    found = _extract()(host)  # type: ignore[operator]
    if found.suffix or found.ipv4 or found.ipv6:
        return str(found.top_domain_under_public_suffix)
    labels = [each for each in host.split(".") if each]
    return ".".join(labels[-2:]) if len(labels) > 1 and not host.startswith("[") else ""


def ascii_host(host: str) -> str:
    """A host as DNS knows it: lower case, an international name in its `xn--` form; "" when it cannot be one."""
    host = host.strip().lower().rstrip(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


@lru_cache(maxsize=8192)
def mailbox(email: str) -> str:
    """The mailbox an address delivers to, as far as that is public knowledge; "" when it is no address.

    Lower case; a plus-alias is stripped everywhere (RFC 5233 subaddressing is what every large host does with it);
    dots in the local part are dropped only where the provider documents that it ignores them (Gmail).
    """
    local, at, host = email.strip().lower().rpartition("@")
    if not (at and local and "." in host) or any(char.isspace() for char in local + host):
        return ""
    local, host = local.split("+", 1)[0] or local, ascii_host(host)
    if not host:
        return ""
    if host in _DOTLESS:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"


def mistyped_host(host: str) -> str:
    """The mail host of private people that a host is one slip away from: `gmial.com` -> `gmail.com`; "" for none.

    A hint for a person, never an identity: somebody may own that domain. A last label that differs is a slip only
    where it is no country's (`gmail.con`, not `yahoo.co`): the suffixes of countries have two letters.
    """
    host = ascii_host(host)
    if host in FREE_MAIL or not 6 <= len(host) <= 20:
        return ""
    from rapidfuzz.distance import OSA

    name, _, ending = host.partition(".")
    for known in _OFTEN:
        known_name, _, known_ending = known.partition(".")
        if OSA.distance(host, known, score_cutoff=1) > 1:
            continue
        if name == known_name and len(ending) == 2:
            continue
        if ending == known_ending and len(known_name) < 5:  # aol, msn, gmx: every neighbour is somebody's own
            continue
        return known
    return ""


def phone_key(phone: str, region: str = "") -> str:
    """A phone number as E.164, its extension after an `x`, or its bare digits where the country is not known.

    `region` (ISO, two letters) is where a number without a country code belongs. "" for what is no phone number.
    """
    return _phone_key(phone.strip(), region.upper())


@lru_cache(maxsize=8192)
def _phone_key(phone: str, region: str) -> str:
    if not phone:
        return ""
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

    try:
        number = parse("+" + phone[2:] if phone.startswith("00") else phone, region or None)
    except NumberParseException:
        number = None
    if number is not None and is_possible_number(number):
        found = str(format_number(number, PhoneNumberFormat.E164))
        return f"{found}x{number.extension}" if number.extension else found
    digits = "".join(each for each in phone if each.isdigit())
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def phone_region(phone: str) -> str:
    """The country (ISO, two letters) of a phone number that says so itself; "" when it does not."""
    from phonenumbers import NumberParseException, parse, region_code_for_number

    try:
        return region_code_for_number(parse(phone, None)) or ""
    except NumberParseException:
        return ""


def person_key(email: str) -> IdentityKey:
    """The identity of a person by address. A free-mail host gives no company domain."""
    box = mailbox(email)
    return IdentityKey(mailbox=box, domain=company_domain(email)) if box else IdentityKey()


def company_domain(address: str) -> str:
    """The company behind an e-mail address or web address; "" for free mail and for what is no address."""
    domain = registrable_domain(address)
    return "" if domain in FREE_MAIL else domain


def domain_candidates(email: str) -> tuple[str, ...]:
    """The host of an address and every parent of it with two labels or more; () for free mail.

    An account's stored domain is registrable, so the one candidate that an account has is the registrable domain of
    the address: found by looking up, without the suffix list, which costs 70 ms to load.
    """
    host = email.strip().lower().rpartition("@")[2].rstrip(".")
    labels = host.split(".")
    parents = tuple(".".join(labels[start:]) for start in range(len(labels) - 1))
    return () if any(each in FREE_MAIL for each in parents) else parents


def of_one_company(domains: Iterable[str], aliases: Mapping[str, str]) -> set[str]:
    """The domains, and all the others of the same companies."""
    wanted = set(domains)
    known = {aliases.get(each, each) for each in wanted} if aliases else set()
    return wanted | known | {other for other, one in aliases.items() if one in known}


def company_name(name: str) -> str:
    """A company's name without case, punctuation and legal form: "Acme, Inc." -> "acme"."""
    words = "".join(char if char.isalnum() else " " for char in name.lower().replace("&", " and ")).split()
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return " ".join(words)


def name_in(email: str) -> str:
    """The name that an address spells out ("robin.hale@..." is Robin Hale); "" where it does not."""
    local = email.partition("@")[0].partition("+")[0]
    parts = local.replace("_", ".").replace("-", ".").split(".")
    spelled = len(parts) > 1 and all(len(each) > 1 and each.isalpha() for each in parts)
    return " ".join(each.capitalize() for each in parts) if spelled else ""
