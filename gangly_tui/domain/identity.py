"""Who is the same person, which is the same company: for matching only, never written back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
FREE_MAIL = frozenset(
    """gmail.com googlemail.com outlook.com hotmail.com live.com icloud.com me.com fastmail.com proton.me
    protonmail.com yahoo.com yahoo.co.uk ymail.com aol.com gmx.de gmx.net gmx.com web.de mail.com mail.ru yandex.ru
    yandex.com qq.com 163.com 126.com hey.com zoho.com msn.com t-online.de orange.fr free.fr libero.it""".split()
)
"""Mail hosts of private people. They never identify a company."""

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
    if not host or " " in host:
        return ""
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return ""
    found = _extract()(host)  # type: ignore[operator]
    if found.suffix or found.ipv4 or found.ipv6:
        return str(found.top_domain_under_public_suffix)
    labels = [each for each in host.split(".") if each]
    return ".".join(labels[-2:]) if len(labels) > 1 and not host.startswith("[") else ""


@lru_cache(maxsize=8192)
def mailbox(email: str) -> str:
    """The mailbox an address delivers to, as far as that is public knowledge; "" when it is no address.

    Lower case; a plus-alias is stripped everywhere (RFC 5233 subaddressing is what every large host does with it);
    dots in the local part are dropped only where the provider documents that it ignores them (Gmail).
    """
    local, at, host = email.strip().lower().rpartition("@")
    if not (at and local and "." in host) or any(char.isspace() for char in local + host):
        return ""
    local = local.split("+", 1)[0] or local
    if host in _DOTLESS:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"


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


def company_name(name: str) -> str:
    """A company's name without case, punctuation and legal form: "Acme, Inc." -> "acme"."""
    words = "".join(char if char.isalnum() else " " for char in name.lower().replace("&", " and ")).split()
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return " ".join(words)
