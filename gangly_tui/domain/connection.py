"""Connecting a system, as a person sees it: what is asked, what it is for, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gangly_tui.domain.secret import Secret

HOST = "host"
"""The name of the Ask for the customer's own address ("acme.my.salesforce.com"), where a vendor has one a customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing a person gives when connecting. `why` is one sentence: what it is and where it is found.

    What is `secret` is asked unseen and kept in the vault; all else is in config.toml. `HOST` is known by name.
    """

    name: str
    label: str
    why: str
    example: str = ""
    secret: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One scope or right that is asked for, and why; shown before consent."""

    name: str
    why: str
    part: str = ""
    """asked for with this part of the connector only; "" for always"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditField:
    """A field an administrator may create so that each write says in the CRM itself where it came from.

    `of` is the vendor's object, `name` the vendor's field name, `meta` the part of WriteMeta it holds (`source`,
    `approved_by`, `approved_at`, `op_id`, `trail_head`).
    """

    of: str
    name: str
    type: str
    meta: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWay:
    """One way to sign in. `browser`: in the browser, and with a code from another device when `device` says so.

    Otherwise a token is given that somebody made by hand and replaces by hand.
    """

    name: str
    title: str
    means: str
    asks: tuple[Ask, ...]
    browser: bool
    device: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What connecting a system will ask. `known` are answers from before, `kept` the names of secrets in the vault.

    `loopback` is the server on this machine that it was connected with for a trial, "" for the vendor's own.
    """

    name: str
    title: str
    ways: tuple[PlanWay, ...]
    permissions: tuple[Permission, ...]
    admin: tuple[str, ...] = ()
    audit_fields: tuple[AuditField, ...] = ()
    guards: str = ""
    parts: tuple[str, ...] = ()
    """what can be asked for one by one; the first is always"""
    asked_for: frozenset[str] = frozenset()
    """the parts it was connected with before, else the first alone"""
    way: str = ""
    known: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    loopback: str = ""

    def chosen(self, name: str = "") -> PlanWay:
        """The way of this name; without one the way it was connected before, else the first."""
        wanted = name or self.way
        return next((each for each in self.ways if each.name == wanted), self.ways[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person gave. `insecure_loopback`: the host is a server on this machine, in the clear; None: as before."""

    way: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret[str]] = field(default_factory=dict)
    device: bool = False
    parts: frozenset[str] | None = None
    """None: as before"""
    insecure_loopback: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a sign-in is. `url` is what to open, `code` what to type there."""

    text: str
    url: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a look at the customer's system found. `account` is user and organisation ("Robin Vega at Acme").

    `found` are the audit fields that are there, as "OBJECT.FIELD"; `missing` and `warnings` are sentences for a
    person: what is not there and who would create it, a permission the user lacks, a sandbox behind a production name.
    `organisation` tells one customer from another where all of a vendor's share one address: their number.
    `name` and `email` are the person's own, where the system knows them: they sign what leaves in their name.
    """

    account: str
    organisation: str = ""
    found: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connection that stands. `rotate_by` is when a token made by hand should be replaced; None for a sign-in.

    `same_settings`: it was connected before in the same way, so that what is open goes on with the new sign-in.
    """

    name: str
    title: str
    standing: Standing
    rotate_by: date | None = None
    same_settings: bool = False


def fields_by_object(fields: Sequence[AuditField]) -> list[tuple[str, str]]:
    """(objects, names of the fields on them): the same fields on several objects are said once."""
    on: dict[str, list[str]] = {}
    for each in fields:
        on.setdefault(each.of, []).append(each.name)
    objects: dict[str, list[str]] = {}
    for of, names in on.items():
        objects.setdefault(", ".join(names), []).append(of)
    return [(", ".join(each), names) for names, each in objects.items()]
