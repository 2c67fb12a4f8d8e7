"""Canonical records: what every CRM's objects become here, and the values their fields may hold.

Field names are ours; a vendor's names live only in its connector's map. Values are raw: what the system of record
holds, byte for byte. Anything shown to a person goes through `safe.clean` first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType

from gangly_tui.domain.errors import InputError

Value = str | bool | int | Decimal | date | datetime | tuple[str, ...] | None
"""One field's value. `datetime` is always aware; `tuple[str, ...]` holds record ids (or picklist values)."""


class Kind(StrEnum):
    """What a card can be about. Four kinds of record, whatever the vendor calls them (company, organization, person,
    deal, engagement), and the two things that a card puts into the rep's own mailbox and calendar."""

    ACCOUNT = "account"
    CONTACT = "contact"
    OPPORTUNITY = "opportunity"
    ACTIVITY = "activity"
    MAIL = "mail"
    INVITATION = "invitation"

    @property
    def label(self) -> str:
        """The word a rep uses."""
        return "deal" if self is Kind.OPPORTUNITY else self.value


RECORD_KINDS = (Kind.ACCOUNT, Kind.CONTACT, Kind.OPPORTUNITY, Kind.ACTIVITY)
"""What a system of record holds."""


class FieldType(StrEnum):
    """How a field's value is read, written and compared."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CURRENCY = "currency"
    DATE = "date"
    DATETIME = "datetime"
    CHECKBOX = "checkbox"
    PICKLIST = "picklist"
    EMAIL = "email"
    PHONE = "phone"
    REFERENCE = "reference"
    REFERENCES = "references"


FIELDS: Mapping[Kind, Mapping[str, FieldType]] = MappingProxyType(
    {
        Kind.ACCOUNT: {
            "name": FieldType.TEXT,
            "domain": FieldType.TEXT,
            "industry": FieldType.PICKLIST,
            "employees": FieldType.NUMBER,
            "phone": FieldType.PHONE,
            "city": FieldType.TEXT,
            "country": FieldType.TEXT,
            "description": FieldType.LONG_TEXT,
            "owner": FieldType.TEXT,
        },
        Kind.CONTACT: {
            "first_name": FieldType.TEXT,
            "last_name": FieldType.TEXT,
            "title": FieldType.TEXT,
            "email": FieldType.EMAIL,
            "phone": FieldType.PHONE,
            "role": FieldType.PICKLIST,
            "account": FieldType.REFERENCE,
            "owner": FieldType.TEXT,
            "mail_opt_out": FieldType.CHECKBOX,
            "residency": FieldType.TEXT,
            "recording_consent": FieldType.TEXT,
        },
        Kind.OPPORTUNITY: {
            "name": FieldType.TEXT,
            "account": FieldType.REFERENCE,
            "contacts": FieldType.REFERENCES,
            "stage": FieldType.PICKLIST,
            "stage_since": FieldType.DATE,
            "amount": FieldType.CURRENCY,
            "currency": FieldType.TEXT,
            "close_date": FieldType.DATE,
            "next_step": FieldType.TEXT,
            "competitor": FieldType.TEXT,
            "budget": FieldType.TEXT,
            "pain": FieldType.LONG_TEXT,
            "decision_process": FieldType.LONG_TEXT,
            "decision_criteria": FieldType.LONG_TEXT,
            "economic_buyer": FieldType.TEXT,
            "owner": FieldType.TEXT,
        },
        Kind.ACTIVITY: {
            "type": FieldType.PICKLIST,
            "subject": FieldType.TEXT,
            "body": FieldType.LONG_TEXT,
            "at": FieldType.DATETIME,
            "due": FieldType.DATE,
            "status": FieldType.PICKLIST,
            "account": FieldType.REFERENCE,
            "opportunity": FieldType.REFERENCE,
            "contacts": FieldType.REFERENCES,
            "ours": FieldType.CHECKBOX,
            "owner": FieldType.TEXT,
        },
        Kind.MAIL: {
            "to": FieldType.TEXT,
            "cc": FieldType.TEXT,
            "subject": FieldType.TEXT,
            "body": FieldType.LONG_TEXT,
            "answers": FieldType.TEXT,
            "status": FieldType.PICKLIST,
        },
        Kind.INVITATION: {
            "to": FieldType.TEXT,
            "subject": FieldType.TEXT,
            "body": FieldType.LONG_TEXT,
            "at": FieldType.DATETIME,
            "minutes": FieldType.NUMBER,
            "location": FieldType.TEXT,
        },
    }
)
"""Our field names and types, one table. `stage` values and other picklists come from the CRM at run time.

`to` and `cc` are addresses as RFC 5322 writes them, with commas between; `answers` is the Message-ID of the mail that
is answered; a mail's `status` is `draft` or `sent`. A contact's `mail_opt_out` is true where they asked for no mail;
`residency` is the country or region their data has to stay in, as the organisation codes it; `recording_consent` is
what they said about being recorded, in the organisation's words.
"""

_ONLY_READ: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {Kind.CONTACT: frozenset({"mail_opt_out", "residency", "recording_consent"})}
)


def only_read(kind: Kind, field: str) -> bool:
    """Whether a field is never written, whatever the hierarchy page says: consent is given to people, not to us."""
    return field in _ONLY_READ.get(kind, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRef:
    """Names one record in one system."""

    system: str
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.system}:{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> RecordRef:
        """Read `system:kind:id` back. Raises InputError when the text is not one."""
        system, _, rest = text.partition(":")
        kind, _, identifier = rest.partition(":")
        if not (system and identifier and kind in [each.value for each in Kind]):
            raise InputError(f"{text!r} does not name a record", fix="use system:kind:id, as the trail prints it")
        return cls(system=system, kind=Kind(kind), id=identifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as its system holds it.

    `version` is the system's own guard (an ETag, a modification stamp); it changes with every write.
    `fields` holds only the fields in read scope; a missing key means "not read", `None` means "empty".
    `changed` names, per field where the system knows it, who last set it and when.
    """

    ref: RecordRef
    version: str
    fields: Mapping[str, Value]
    updated_at: datetime
    updated_by: str = ""
    changed: Mapping[str, FieldStamp] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The field as text, empty when it is empty, not read or of another type."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def ids(self, name: str) -> tuple[str, ...]:
        """The referenced record ids of a REFERENCE or REFERENCES field."""
        value = self.fields.get(name)
        if isinstance(value, tuple):
            return value
        return (value,) if isinstance(value, str) and value else ()

    @property
    def title(self) -> str:
        """What a person calls this record. Raw: clean it before showing it."""
        if self.ref.kind is Kind.CONTACT:
            return " ".join(filter(None, (self.text("first_name"), self.text("last_name")))) or self.text("email")
        return self.text("name") if self.ref.kind in (Kind.ACCOUNT, Kind.OPPORTUNITY) else self.text("subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStamp:
    """Who last set a field, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEdit:
    """One entry of a field's history, as the system kept it. `at` is by the system's own clock."""

    before: Value
    after: Value
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSchema:
    """One field as the system describes it at run time."""

    name: str
    label: str
    type: FieldType
    required: bool = False
    read_only: bool = False
    max_length: int | None = None
    options: tuple[str, ...] = ()
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSchema:
    """All fields of one kind that the system offers, in its own order."""

    kind: Kind
    fields: tuple[FieldSchema, ...]

    def field(self, name: str) -> FieldSchema | None:
        """The field by our name, or None when this system has no such field."""
        return next((each for each in self.fields if each.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Somebody invited to a meeting. A calendar may know no name, or no address."""

    name: str = ""
    email: str = ""
    organizer: bool = False
    response: str = ""
    """accepted | declined | tentative | '' when unknown"""
    resource: bool = False
    """a room or a projector, not a person"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A calendar event as an engagement fact. `start` and `end` are aware; all-day events span local midnights."""

    id: str
    system: str
    title: str
    start: datetime
    end: datetime
    attendees: tuple[Attendee, ...] = ()
    series_id: str = ""
    """the same for every instance of a recurring meeting, empty otherwise"""
    location: str = ""
    link: str = ""
    description: str = ""
    all_day: bool = False
    cancelled: bool = False
    private: bool = False


def encode(value: Value) -> str | bool | int | list[str] | None:
    """A value as canonical JSON can carry it: decimals and dates become text, as do integers past 2**53."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value == value.to_integral_value() else format(value, "f")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _JSON_INTEGER:
        return str(value)
    return value


def decode(value: object, kind: FieldType) -> Value:
    """Read a JSON value back into the type its field has. Raises InputError when it does not fit."""
    if value is None or value == "":
        return None
    try:
        return _DECODERS.get(kind, str)(value)
    except (ValueError, InvalidOperation) as error:
        raise InputError(f"{value!r} is not a {kind.value.replace('_', ' ')}") from error


def _number(value: object) -> Value:
    number = Decimal(str(value))
    return int(number) if number == number.to_integral_value() else number


def _flag(value: object) -> Value:
    return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "yes")


def _references(value: object) -> Value:
    return tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else (str(value),)


_JSON_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: larger ones do not survive as JSON numbers

_DECODERS: Mapping[FieldType, Callable[[object], Value]] = {
    FieldType.CURRENCY: lambda value: Decimal(str(value)),
    FieldType.NUMBER: _number,
    FieldType.DATE: lambda value: date.fromisoformat(str(value)[:10]),
    FieldType.DATETIME: lambda value: datetime.fromisoformat(str(value)),
    FieldType.CHECKBOX: _flag,
    FieldType.REFERENCES: _references,
}
