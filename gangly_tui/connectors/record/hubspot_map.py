"""Which HubSpot property is which field of ours, and how a value stands in each. Pure: no request is made here.

Organisations differ: what a field is called is a list of names, the first that the account has is meant. HubSpot keeps
every value as text; a deal's stage is an id whose name is in its pipeline; who belongs to whom is an association.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Final

from gangly_tui.connectors.record import own_fields, plain_values
from gangly_tui.connectors.record.described import is_free, names_in
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, FieldSchema, FieldType, Kind, RecordRef, Value, only_read

SYSTEM: Final = "hubspot"
VERSION: Final = "2026-09"
"""The one place that says which date-based API is spoken."""
ACTIVITIES: Mapping[str, str] = {
    "call": "calls",
    "meeting": "meetings",
    "note": "notes",
    "task": "tasks",
    "email": "emails",
}
OBJECTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.ACCOUNT: ("companies",),
    Kind.CONTACT: ("contacts",),
    Kind.OPPORTUNITY: ("deals",),
    Kind.ACTIVITY: tuple(ACTIVITIES.values()),
}
KINDS: Mapping[str, Kind] = {name: kind for kind, names in OBJECTS.items() for name in names}
TYPE_IDS: Mapping[str, str] = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tasks": "0-27",
    "notes": "0-46",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
}
"""HubSpot's numbers of its object types: the same in every account."""

FIELD_MAP: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.ACCOUNT: {
        "name": ("name",),
        "domain": ("domain",),
        "industry": ("industry",),
        "employees": ("numberofemployees",),
        "phone": ("phone",),
        "city": ("city",),
        "country": ("country",),
        "description": ("description",),
        "owner": ("hubspot_owner_id",),
    },
    Kind.CONTACT: {
        "first_name": ("firstname",),
        "last_name": ("lastname",),
        "title": ("jobtitle",),
        "email": ("email",),
        "phone": ("phone",),
        "role": ("hs_buying_role",),
        "account": ("associatedcompanyid",),
        "owner": ("hubspot_owner_id",),
        "mail_opt_out": ("hs_email_optout",),
        "residency": (),  # where the organisation keeps it, it says itself
        "recording_consent": (),
    },
    Kind.OPPORTUNITY: {
        "name": ("dealname",),
        "stage": ("dealstage",),
        "stage_since": ("hs_v2_date_entered_current_stage",),
        "amount": ("amount",),
        "currency": ("deal_currency_code",),  # only where several currencies are on
        "close_date": ("closedate",),
        "next_step": ("hs_next_step",),
        "competitor": ("competitor", "competitors", "main_competitor"),
        "budget": ("budget", "budget_range"),
        "pain": ("pain", "pain_points", "identified_pain"),
        "decision_process": ("decision_process",),
        "decision_criteria": ("decision_criteria",),
        "economic_buyer": ("economic_buyer",),
        "owner": ("hubspot_owner_id",),
    },
}
LINKS: Mapping[tuple[Kind, str], str] = {
    (Kind.CONTACT, "account"): "companies",
    (Kind.OPPORTUNITY, "account"): "companies",
    (Kind.OPPORTUNITY, "contacts"): "contacts",
    (Kind.ACTIVITY, "account"): "companies",
    (Kind.ACTIVITY, "opportunity"): "deals",
    (Kind.ACTIVITY, "contacts"): "contacts",
}
"""The fields that are associations, and the object they lead to."""
LINK_TYPES: Mapping[tuple[str, str], int] = {
    ("contacts", "companies"): 1,
    ("deals", "companies"): 5, ("deals", "contacts"): 3,
    ("calls", "contacts"): 194, ("calls", "companies"): 182, ("calls", "deals"): 206,
    ("meetings", "contacts"): 200, ("meetings", "companies"): 188, ("meetings", "deals"): 212,
    ("notes", "contacts"): 202, ("notes", "companies"): 190, ("notes", "deals"): 214,
    ("tasks", "contacts"): 204, ("tasks", "companies"): 192, ("tasks", "deals"): 216,
    ("emails", "contacts"): 198, ("emails", "companies"): 186, ("emails", "deals"): 210,
}  # fmt: skip
"""HubSpot's own association types: the primary company of a contact and of a deal, else the plain one."""

MARKER: Final = "gangly_created_op"
"""The property an administrator creates with unique values: it makes a create safe to repeat."""
AUDIT: Mapping[str, str] = {
    "gangly_source": "source",
    "gangly_approved_by": "approved_by",
    "gangly_approved_at": "approved_at",
    "gangly_op_id": "op_id",
    "gangly_trail_head": "trail_head",
}
ALWAYS: Final = ("hs_updated_by_user_id",)
MOST_TEXT: Final = 65_536
"""Characters that a text property holds."""
_LABELS = {"account": "Account", "contacts": "Contacts", "owner": "Owner"}
_REQUIRED = frozenset({(Kind.OPPORTUNITY, "name"), (Kind.OPPORTUNITY, "stage")})
"""HubSpot's own demands; an account's own rules are in no list and are told when they refuse."""
_NOON: Final = time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One property as the account has it. `options` are labels and what the API calls them."""

    name: str
    label: str
    type: str
    look: str
    read_only: bool
    unique: bool
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of one pipeline."""

    id: str
    label: str
    pipeline: str
    pipeline_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind as the account has it: our fields that it has, each with its property; a deal's stages."""

    kind: Kind
    names: Mapping[str, Column]
    stages: tuple[Stage, ...]

    def ours(self, theirs: str) -> str:
        """Our name of a property, "" when it is none of ours."""
        return next((name for name, column in self.names.items() if column.name == theirs), "")


def shape_of(
    kind: Kind,
    properties: list[Mapping[str, Any]],
    stages: tuple[Stage, ...],
    own: Mapping[tuple[Kind, str], str],
) -> Shape:
    """Read a property list. `own` are the names the customer gave in the configuration."""
    columns = {each["name"]: _column(each) for each in properties if not each.get("archived")}
    names = names_in(kind, FIELD_MAP[kind], columns, own, _fits)
    if "stage" in names and stages:
        names["stage"] = _with_stages(names["stage"], stages)
    return Shape(kind=kind, names=names, stages=stages)


def _column(found: Mapping[str, Any]) -> Column:
    options = [each for each in found.get("options") or () if not each.get("hidden")]
    manners = found.get("modificationMetadata") or {}
    return Column(
        name=found["name"],
        label=found.get("label") or found["name"],
        type=found.get("type", "string"),
        look=found.get("fieldType", "text"),
        read_only=bool(manners.get("readOnlyValue") or found.get("calculated")),
        unique=bool(found.get("hasUniqueValue")),
        options=_named([(each["label"], each["value"]) for each in options]),
    )


def _named(pairs: list[tuple[str, str]]) -> dict[str, str]:
    labels = [label for label, _ in pairs]
    return {label if label and labels.count(label) == 1 else value: value for label, value in pairs}


def _with_stages(column: Column, stages: tuple[Stage, ...]) -> Column:
    """A stage goes by its name; by name and pipeline where several pipelines have one of that name."""
    labels = [each.label for each in stages]
    options = {
        each.label if labels.count(each.label) == 1 else f"{each.label} ({each.pipeline_label})": each.id
        for each in stages
    }
    return Column(
        name=column.name, label=column.label, type="enumeration", look="select",
        read_only=column.read_only, unique=False, options=options,
    )  # fmt: skip


def _fits(kind: Kind, ours: str, column: Column) -> bool:
    """A property of somebody's own making may hold something else than text under the same name."""
    if FIELDS[kind][ours] is FieldType.CHECKBOX:
        return column.type == "bool"
    text = FIELDS[kind][ours] in (FieldType.TEXT, FieldType.LONG_TEXT)
    return not text or ours == "owner" or column.type in ("string", "enumeration", "phone_number")


def own_names(text: str) -> Mapping[tuple[Kind, str], str]:
    """Where the customer keeps our fields. Raises ConfigError."""
    return own_fields.own_names(text, name=r"[a-z]\w*", example="opportunity.budget=budget_range", known=FIELD_MAP)


def field_schema(kind: Kind, ours: str, column: Column | None) -> FieldSchema:
    """One field for the rep and for the check before a write; without a column it is an association."""
    ours_type = FIELDS[kind][ours]
    if column is None or (kind, ours) in LINKS:
        return FieldSchema(name=ours, label=_LABELS[ours], type=ours_type)
    free = is_free(kind, ours)
    listed = bool(column.options) and free
    if free:
        long = column.look in ("textarea", "html")
        ours_type = FieldType.PICKLIST if listed else FieldType.LONG_TEXT if long else ours_type
    return FieldSchema(
        name=ours,
        label=_LABELS.get(ours, column.label),
        type=ours_type,
        required=(kind, ours) in _REQUIRED,
        read_only=column.read_only or only_read(kind, ours),
        max_length=MOST_TEXT if column.type in ("string", "phone_number") else None,
        options=tuple(column.options) if listed else (),
        unique=column.unique or (kind, ours) == (Kind.CONTACT, "email"),
    )


def selected(shape: Shape, scope: Scope) -> tuple[str, ...]:
    """The properties to ask for: the fields in scope and who changed the record last; nothing else."""
    asked = [column.name for ours, column in shape.names.items() if scope.may_read(shape.kind, ours)]
    return tuple(dict.fromkeys([*asked, *ALWAYS]))


def linked(kind: Kind, scope: Scope) -> tuple[str, ...]:
    """The objects whose associations are in scope."""
    return tuple(dict.fromkeys(to for (each, ours), to in LINKS.items() if each is kind and scope.may_read(kind, ours)))


def where(ref: RecordRef) -> tuple[str, str]:
    """The object and the id a ref stands for: an activity's id begins with its object ("notes-77")."""
    if ref.kind is not Kind.ACTIVITY:
        return OBJECTS[ref.kind][0], ref.id
    name, _, identifier = ref.id.partition("-")
    return (name, identifier) if name in KINDS else ("notes", ref.id)


def ref_of(name: str, identifier: str) -> RecordRef:
    """The ref of a record of this object."""
    kind = KINDS[name]
    return RecordRef(system=SYSTEM, kind=kind, id=f"{name}-{identifier}" if kind is Kind.ACTIVITY else identifier)


def value_of(raw: Any, ours: FieldType, column: Column, here: tzinfo) -> Value:
    """A value as HubSpot writes it, as one of ours; `here` is the rep's zone, in which a date is meant.

    Raises ValueError when it is not what the field holds.
    """
    return None if raw is None or raw == "" else reading(ours, column, here)(raw)


def reading(ours: FieldType, column: Column, here: tzinfo) -> Callable[[Any], Value]:
    """How the values of one property are read, once for all of them; the empty ones are None before it comes to it."""
    if ours is FieldType.CHECKBOX:
        return plain_values.flag
    if column.options:
        named = {value: label for label, value in column.options.items()}
        if column.look == "checkbox":
            return lambda raw: "; ".join(named.get(each, each) for each in str(raw).split(";"))
        return lambda raw: named.get(str(raw), str(raw))
    match ours:
        case FieldType.CURRENCY | FieldType.NUMBER:
            return lambda raw: plain_values.plain_value(raw, ours, here)
        case FieldType.DATE if column.type == "date":
            return lambda raw: date.fromisoformat(str(raw))
        case FieldType.DATE:
            return lambda raw: moment(str(raw)).astimezone(here).date()
        case FieldType.DATETIME:
            return lambda raw: moment(str(raw))
        case _:
            return str


def raw_of(value: Value, column: Column, here: tzinfo) -> str:
    """A value of ours as HubSpot takes it: text, and "" for nothing.

    A day that HubSpot keeps as a moment is noon of the rep's day: everybody within half a world reads the same date.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return column.options.get(value, value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return stamp(value)
        case date():
            return value.isoformat() if column.type == "date" else stamp(datetime.combine(value, _NOON, here))
        case _:
            return str(value)


def moment(text: str) -> datetime:
    """A date-time of HubSpot's, ISO or milliseconds. Always aware."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return plain_values.moment(text)


def stamp(at: datetime) -> str:
    """A date-time as properties take it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(at: datetime) -> int:
    """A moment as searches compare it."""
    return round(at.timestamp() * 1000)


def links_of(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The associations in an answer, the primary one first."""
    found: dict[str, tuple[str, ...]] = {}
    for to, page in (row.get("associations") or {}).items():
        told = page.get("results", ())
        if len(told) == 1:
            found[to.split("/")[-1]] = (str(told[0]["id"]),)
            continue
        told = sorted(told, key=lambda each: str(each.get("type", "")).endswith("_unlabeled"))
        found[to.split("/")[-1]] = tuple(dict.fromkeys([str(each["id"]) for each in told]))
    return found
