"""What a setting in config.toml may be: one check a key, each with what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gangly_tui.domain.errors import ConfigError

_MAX_GRACE = 60.0
_CRMS = ("sandbox", "salesforce", "hubspot", "pipedrive", "dynamics")
_YEAR = 365


def zone(name: str) -> tzinfo:
    """The time zone by its IANA name; the machine's own for an empty one. Raises ConfigError."""
    from zoneinfo import ZoneInfo

    if not name:
        from gangly_tui.machine_zone import machine_zone

        return machine_zone()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        from zoneinfo import available_timezones

        raise ConfigError(f"there is no time zone {name!r}", fix=near(name, available_timezones())) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a value cannot be used; `where` names the key to point at when it is not the setting itself."""

    text: str
    fix: str
    where: tuple[str, ...] = ()


Check = Callable[[Any], Problem | None]


def _is_text(value: Any) -> Problem | None:
    return (
        None if isinstance(value, str) else Problem(text=f"must be text, not {_type(value)}", fix='put it in "quotes"')
    )


def _is_texts(value: Any) -> Problem | None:
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return (
        None if fits else Problem(text=f"must be a list of texts, not {_type(value)}", fix='write it as ["one", "two"]')
    )


def _is_crm(value: Any) -> Problem | None:
    if value in ("", *_CRMS):
        return None
    from gangly_tui.connectors.registry import names  # a connector that a team installed beside gangly

    if value in names():
        return None
    return _is_text(value) or Problem(text=f"{value!r} is not a CRM that is built", fix=near(value, _CRMS))


def _is_month(value: Any) -> Problem | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 12
    return None if fits else Problem(text="must be a month from 1 to 12", fix="1 is January")


def _is_grace(value: Any) -> Problem | None:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _MAX_GRACE
    return None if fits else Problem(text=f"must be 0 to {_MAX_GRACE:.0f} seconds", fix="4 is the default")


def _is_currency(value: Any) -> Problem | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper():
        return None
    return _is_text(value) or Problem(text=f"{value!r} is not a currency code", fix='use three capitals, as in "EUR"')


def _is_zone(value: Any) -> Problem | None:
    problem = _is_text(value)
    if problem:
        return problem
    try:
        zone(value)
    except ConfigError as error:
        return Problem(text=f"{value!r} is not a time zone", fix=error.fix)
    return None


def _misfit(name: str, value: Any, known: tuple[str, ...]) -> Problem | None:
    """Why a value is no table of these settings."""
    if not isinstance(value, dict):
        fix = f"write [{name}] and below it its settings"
        return Problem(text=f"must be a table, not {_type(value)}", fix=fix)
    odd = next((each for each in value if each not in known), None)
    return Problem(text=f"has no setting {odd!r}", fix=near(odd, known), where=(name, odd)) if odd is not None else None


def _is_keymap(value: Any) -> Problem | None:
    if not isinstance(value, dict):
        return Problem(
            text=f"must be a table, not {_type(value)}", fix='write [keymap] and below it "review.approve" = "y"'
        )
    for name, key in value.items():
        if not isinstance(key, str) or not key:
            return Problem(text=f"gives {name!r} no key", fix='write it as "id" = "key"', where=("keymap", name))
    return None


def _is_trail(value: Any) -> Problem | None:
    if not isinstance(value, dict):
        return Problem(text=f"must be a table, not {_type(value)}", fix="write [trail] and below it its settings")
    for name, each in value.items():
        where = ("trail", name)
        if name == "witness":
            if not isinstance(each, str) or not Path(each).expanduser().is_absolute():
                return Problem(text="names a witness by no full path", fix='witness = "~/team/heads"', where=where)
        elif name == "retention_days":
            if not isinstance(each, int) or isinstance(each, bool) or each < _YEAR:
                return Problem(text=f"must be kept for {_YEAR} days at least", fix="leave it out", where=where)
        else:
            return Problem(text=f"has no setting {name!r}", fix=near(name, ("witness", "retention_days")), where=where)
    return None


def _is_connections(value: Any) -> Problem | None:
    if not isinstance(value, dict):
        return Problem(text=f"must be tables, not {_type(value)}", fix="write [connections.salesforce], for example")
    for name, table in value.items():
        if not isinstance(table, dict):
            return Problem(text=f"gives {name!r} no table", fix=f"gangly connect {name}", where=("connections", name))
        for key, each in table.items():
            texts = isinstance(each, list) and all(isinstance(one, str) for one in each)
            if not (isinstance(each, str) or texts):
                where = ("connections", name, key)
                return Problem(text=f"has {key!r} as {_type(each)}, not text", fix='put it in "quotes"', where=where)
    return None


def _is_network(value: Any) -> Problem | None:
    if problem := _misfit("network", value, ("proxy", "ca_file")):
        return problem
    for name, each in value.items():
        where = ("network", name)
        if not isinstance(each, str):
            return Problem(text=f"has {name!r} as {_type(each)}, not text", fix='put it in "quotes"', where=where)
    return None


def _is_model(value: Any) -> Problem | None:
    types = {"base_url": str, "model": str, "mask": bool}
    if not isinstance(value, dict):
        return Problem(text=f"must be a table, not {_type(value)}", fix="gangly model set writes it")
    for name, each in value.items():
        where = ("model", name)
        if name not in types:
            fix = "its key is kept by gangly model set, never here" if "key" in name else near(name, types)
            return Problem(text=f"has no setting {name!r}", fix=fix, where=where)
        if not isinstance(each, types[name]):
            return Problem(text=f"has {name!r} as {_type(each)}", fix="gangly model set writes it", where=where)
    return None


def _is_folder(value: Any) -> Problem | None:
    problem = _is_text(value)
    if problem or not value or value.startswith("~") or Path(value).is_absolute():
        return problem
    return Problem(text="names a folder by no full path", fix='watch = "~/calls"')


def _is_mail(value: Any) -> Problem | None:
    if problem := _misfit("mail", value, ("exclude_folders", "block_domains", "body_days")):
        return problem
    for name, each in value.items():
        where = ("mail", name)
        if name == "body_days":
            if not isinstance(each, int) or isinstance(each, bool) or not 0 <= each <= _YEAR:
                return Problem(text=f"keeps bodies for 0 to {_YEAR} days", fix="30 is the default", where=where)
        elif problem := _is_texts(each):
            return Problem(text=f"{name} {problem.text}", fix=problem.fix, where=where)
    return None


def _is_retention(value: Any) -> Problem | None:
    if problem := _misfit("retention", value, ("notes_days", "transcript_days", "draft_days", "signals_days")):
        return problem
    for name, each in value.items():
        where = ("retention", name)
        if not isinstance(each, int) or isinstance(each, bool) or each < 1:
            return Problem(text=f"{name} must be a number of days", fix="leave it out to keep them", where=where)
    return None


def _is_identity(value: Any) -> Problem | None:
    if problem := _misfit("identity", value, ("aliases",)):
        return problem
    for name, each in value.items():
        where, fix = ("identity", name), 'aliases = {"acme.de" = "acme.com"}'
        if not isinstance(each, dict):
            return Problem(text=f"has {name} as {_type(each)}, not a table", fix=fix, where=where)
        for other, company in each.items():
            if not (isinstance(company, str) and "." in company and "." in other) or "@" in other + str(company):
                return Problem(text=f"has {other!r} as an alias, which is no pair of domains", fix=fix, where=where)
            if company in each:
                meant = f"{other} = {each[company]}"
                return Problem(text=f"makes {other} an alias of an alias", fix=f"write {meant}", where=where)
    return None


_LIKE = {"recording": '["Given in writing"]'}


def _is_processing(value: Any) -> Problem | None:
    if problem := _misfit("processing", value, ("allow", "mail", "recording")):
        return problem
    for name, each in value.items():
        where, fix = ("processing", name), f"{name} = " + _LIKE.get(name, '["EU", "DE"]')
        if problem := _is_texts(each):
            return Problem(text=f"{name} {problem.text}", fix=fix, where=where)
        if not each or not all(one.strip() for one in each):
            fix = f"{fix}; to allow all, leave it out" if name not in _LIKE else fix
            noun = "country or region" if name not in _LIKE else "word"
            return Problem(text=f"{name} names no {noun}", fix=fix, where=where)
    return None


KEYS: Mapping[str, Check] = MappingProxyType(
    {
        "crm": _is_crm,
        "calendars": _is_texts,
        "user_name": _is_text,
        "user_email": _is_text,
        "our_company": _is_text,
        "our_domains": _is_texts,
        "competitors": _is_texts,
        "timezone": _is_zone,
        "fiscal_year_start": _is_month,
        "currency": _is_currency,
        "grace_seconds": _is_grace,
        "theme": _is_text,
        "keymap": _is_keymap,
        "trail": _is_trail,
        "connections": _is_connections,
        "network": _is_network,
        "model": _is_model,
        "mail": _is_mail,
        "retention": _is_retention,
        "processing": _is_processing,
        "identity": _is_identity,
        "watch": _is_folder,
    }
)


def _type(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date")


def near(name: str, known: Any) -> str:
    """What was probably meant, or what there is."""
    from difflib import get_close_matches

    found = get_close_matches(str(name), list(known), n=1)
    if found:
        return f"did you mean {found[0]!r}?"
    return "use one of: " + ", ".join(sorted(known)) if len(known) <= 20 else "see `gangly doctor` for what is in use"
