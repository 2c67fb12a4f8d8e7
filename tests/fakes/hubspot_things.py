"""What the fake HubSpot keeps, and what it takes: values, unique keys, associations, history, a search index."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from tests.fakes import hubspot_schema as schema

Rule = Callable[[str, Mapping[str, str]], tuple[str, str] | None]
"""An administrator's rule: which property of an object is not right, and why; None when all is."""
APP = ("INTEGRATION", "gangly", None)


class HubSpotError(Exception):
    """A refusal: its status and the body HubSpot sends with it."""

    def __init__(self, status: int, category: str, message: str, *errors: Mapping[str, Any], **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "status": "error", "message": message, "correlationId": "8f0f7c9e-0000", "category": category,
            **({"errors": list(errors)} if errors else {}), **more,
        }  # fmt: skip


def not_found() -> HubSpotError:
    return HubSpotError(404, "OBJECT_NOT_FOUND", "Object not found. objectId are usually numeric.")


def invalid(name: str, code: str, message: str) -> HubSpotError:
    """As HubSpot says it: the list of faults inside the message, and once more beside it."""
    inside = f'[{{"isValid":false,"message":"{message}","error":"{code}","name":"{name}"}}]'
    return HubSpotError(
        400, "VALIDATION_ERROR", f"Property values were not valid: {inside}",
        {"message": message, "code": code, "context": {"propertyName": [name]}},
    )  # fmt: skip


@dataclass
class Thing:
    """One record of one object. `links` are associated ids by object, with the association's type."""

    name: str
    id: str
    created: datetime
    updated: datetime
    properties: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    links: dict[str, dict[str, int]] = field(default_factory=dict)
    archived: datetime | None = None


class Account:
    """The account's records and rules. Its clock never stands still: each write has a moment of its own."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, audit: bool = True) -> None:
        self._now = now or (lambda: datetime.now(UTC))
        self._last = datetime(2020, 1, 1, tzinfo=UTC)
        self._next_id = 4_000
        self.things: dict[str, dict[str, Thing]] = {name: {} for name in schema.PROPERTIES}
        self.properties = {
            name: (*schema.STAMPS, *listed, *(schema.AUDIT if audit else ()))
            for name, listed in schema.PROPERTIES.items()
        }
        self.rules: list[Rule] = [_last_name]
        self.lag = timedelta(0)
        """how long the search index does not know of a new record"""

    def clock(self) -> datetime:
        """The next moment, in whole milliseconds."""
        at = self._now().astimezone(UTC)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        self._last = max(at, self._last + timedelta(milliseconds=1))
        return self._last

    def at(self, name: str, identifier: str) -> Thing:
        """A record that is there."""
        thing = self.things[name].get(identifier)
        if thing is None or thing.archived:
            raise not_found()
        return thing

    def put(self, name: str, properties: Mapping[str, str], links: Mapping[str, Mapping[str, int]] | None = None,
            source: tuple[str, str, int | None] = APP, at: datetime | None = None) -> Thing:  # fmt: skip
        """Create a record."""
        for each in schema.REQUIRED.get(name, ()):
            if not properties.get(each):
                raise invalid(each, "REQUIRED_PROPERTY", f"{each} is required")
        self._check(name, properties, properties, "")
        for to, ids in (links or {}).items():
            for each, kind in ids.items():
                if kind not in schema.LINK_TYPES.get((name, to), ()):
                    raise HubSpotError(400, "VALIDATION_ERROR", f"{kind} is not an association type of {name} to {to}")
                if each not in self.things[to] or self.things[to][each].archived:
                    raise HubSpotError(400, "VALIDATION_ERROR", f"no {schema.ONE[to]} has the id {each}")
        self._next_id += 7
        moment = at or self.clock()
        thing = Thing(name, str(self._next_id), moment, moment)
        thing.links = {to: dict(ids) for to, ids in (links or {}).items()}
        self.things[name][thing.id] = thing
        self._set(thing, properties, moment, source)
        return thing

    def change(self, name: str, identifier: str, properties: Mapping[str, str],
               source: tuple[str, str, int | None] = ("CRM_UI", "", 502)) -> Thing:  # fmt: skip
        """Set properties of a record; without a source it is Priya, in HubSpot's own pages."""
        thing = self.at(name, identifier)
        self._check(name, properties, {**thing.properties, **properties}, identifier)
        self._set(thing, properties, self.clock(), source)
        return thing

    def archive(self, name: str, identifier: str) -> None:
        """Put a record into the bin; one that is not there is no fault."""
        thing = self.things[name].get(identifier)
        if thing and not thing.archived:
            thing.archived = thing.updated = self.clock()

    def _set(
        self, thing: Thing, properties: Mapping[str, str], at: datetime, source: tuple[str, str, int | None]
    ) -> None:
        thing.updated = at
        properties = dict(properties)
        stage = properties.get("dealstage")
        if stage and stage != thing.properties.get("dealstage"):
            properties["hs_v2_date_entered_current_stage"] = told_time(at)
            properties.setdefault("pipeline", next(each[0] for each in schema.PIPELINES if stage in dict(each[2])))
        for name, value in properties.items():
            if value == thing.properties.get(name, ""):
                continue
            thing.properties[name] = value
            entry = {"value": value, "timestamp": told_time(at), "sourceType": source[0], "sourceLabel": source[1]}
            entry |= {"updatedByUserId": source[2]} if source[2] else {}
            thing.history.setdefault(name, []).insert(0, entry)
        if "associatedcompanyid" in properties:
            company = properties["associatedcompanyid"]
            thing.links["companies"] = {company: 1} if company else {}
        thing.properties["hs_updated_by_user_id"] = str(source[2] or "")

    def _check(self, name: str, given: Mapping[str, str], whole: Mapping[str, str], own: str) -> None:
        known = {each[0]: each for each in self.properties[name]}
        for each, value in given.items():
            if each not in known:
                raise invalid(each, "PROPERTY_DOESNT_EXIST", f"Property {each} does not exist")
            _, kind, _, marks = known[each]
            if marks == "r":
                raise invalid(each, "READ_ONLY_VALUE", f"{each} is a read only property")
            if value:
                self._check_value(each, value, kind, schema.options_of(marks), whole)
        for rule in self.rules:
            if fault := rule(name, whole):
                raise invalid(fault[0], "PROPERTY_VALIDATION_FAILED", fault[1])
        self._check_unique(name, given, known, own)

    def _check_value(
        self, name: str, value: str, kind: str, options: Mapping[str, str], whole: Mapping[str, str]
    ) -> None:
        if len(value) > 65_536:
            raise invalid(name, "INVALID_LENGTH", f"{name} was longer than 65536 characters")
        if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise invalid(name, "INVALID_DOUBLE", f"{value} was not a valid number")
        if kind == "datetime":
            try:
                read_time(value)
            except ValueError as error:
                raise invalid(name, "INVALID_DATE", f"{value} was not a valid long") from error
        if name == "dealstage":
            stages = {each: pipeline for pipeline, _, listed in schema.PIPELINES for each, _ in listed}
            if stages.get(value) is None or stages[value] != whole.get("pipeline", stages[value]):
                raise invalid(name, "INVALID_OPTION", f"{value} was not one of the allowed options")
        elif name == "hubspot_owner_id" and value not in [each[0] for each in schema.OWNERS]:
            raise invalid(name, "INVALID_OWNER", f"Owner with id {value} does not exist")
        elif options and not set(value.split(";")) <= set(options):
            raise invalid(name, "INVALID_OPTION", f"{value} was not one of the allowed options")
        elif name == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            raise invalid(name, "INVALID_EMAIL", f"Email address {value} is invalid")
        elif name == "associatedcompanyid" and value not in self.things["companies"]:
            raise invalid(name, "INVALID_ASSOCIATION", f"no company has the id {value}")

    def _check_unique(
        self, name: str, given: Mapping[str, str], known: Mapping[str, schema.Property], own: str
    ) -> None:
        for thing in self.things[name].values():
            if thing.archived or thing.id == own:
                continue
            if name == "contacts" and given.get("email") and given["email"].lower() in emails_of(thing):
                raise HubSpotError(409, "CONFLICT", f"Contact already exists. Existing ID: {thing.id}")
            for each, value in given.items():
                if known[each][3] == "u" and value and thing.properties.get(each) == value:
                    raise invalid(each, "CONFLICTING_UNIQUE_VALUE", f"{thing.id} already has that value.")

    def value(self, thing: Thing, name: str) -> str:
        """A property's text, the ones HubSpot keeps itself included."""
        match name:
            case "hs_object_id":
                return thing.id
            case "createdate":
                return told_time(thing.created)
            case "hs_lastmodifieddate" | "lastmodifieddate":
                return told_time(thing.updated)
            case _:
                return thing.properties.get(name, "")

    def matches(self, thing: Thing, one: Mapping[str, Any]) -> bool:
        """Whether a record passes one filter of a search."""
        name, how, wanted = one["propertyName"], one["operator"], str(one.get("value", ""))
        if name not in {each[0] for each in self.properties[thing.name]}:
            raise HubSpotError(400, "VALIDATION_ERROR", f"There was a problem with the request: no property {name}")
        held = self.value(thing, name)
        if how == "HAS_PROPERTY":
            return bool(held)
        if not held:
            return False
        if how == "CONTAINS_TOKEN":
            tokens = {held, *re.split(r"[\s,;<>]+", held), *re.split(r"[^\w.-]+", held)}
            return any(fnmatchcase(each.lower(), wanted.lower()) for each in tokens)
        left, right = comparable(held), comparable(wanted)
        return {"EQ": left == right, "GT": left > right, "GTE": left >= right, "LT": left < right}[how]


def comparable(text: str) -> tuple[int, float, str]:
    """A value as searches compare it: numbers and moments by size, all else without case."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*", text):
        return 0, round(read_time(text).timestamp() * 1000), ""
    return (0, float(text), "") if re.fullmatch(r"-?\d+(\.\d+)?", text) else (1, 0, text.lower())


def emails_of(thing: Thing) -> set[str]:
    """Every address of a contact."""
    both = f"{thing.properties.get('email', '')};{thing.properties.get('hs_additional_emails', '')}"
    return {each for each in both.lower().split(";") if each}


def read_time(text: str) -> datetime:
    """A moment as it comes in, ISO or milliseconds."""
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return datetime.fromisoformat(text).astimezone(UTC)


def told_time(at: datetime) -> str:
    """A moment as HubSpot writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _last_name(name: str, whole: Mapping[str, str]) -> tuple[str, str] | None:
    """This account's own rule: a contact has a last name of 255 characters at most."""
    if name != "contacts" or 0 < len(whole.get("lastname", "")) <= 255:
        return None
    return "lastname", "Last name is required and takes up to 255 characters"
