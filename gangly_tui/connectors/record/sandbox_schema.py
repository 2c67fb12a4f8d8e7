"""The sandbox CRM's own tables and field lists: what an admin of it would have set up."""

from __future__ import annotations

from gangly_tui.domain.records import FIELDS, FieldSchema, FieldType, Kind

TABLES = """
CREATE TABLE IF NOT EXISTS field (
    kind TEXT, position INTEGER, name TEXT, label TEXT, type TEXT, required INTEGER, read_only INTEGER,
    max_length INTEGER, options TEXT, is_unique INTEGER, PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL,
    fields TEXT NOT NULL,
    stamps TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    identity TEXT,
    op_id TEXT UNIQUE,
    gone INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS record_identity ON record (kind, identity) WHERE identity IS NOT NULL AND NOT gone;
CREATE INDEX IF NOT EXISTS record_change ON record (change);
CREATE INDEX IF NOT EXISTS record_name ON record (kind, lower(fields ->> 'name'));
CREATE INDEX IF NOT EXISTS record_last_name ON record (kind, lower(coalesce(fields ->> 'last_name', '')));
CREATE TABLE IF NOT EXISTS history (
    change INTEGER, kind TEXT, id TEXT, field TEXT, before TEXT, after TEXT, by TEXT, at TEXT
);
CREATE INDEX IF NOT EXISTS history_record ON history (kind, id, field);
-- the audit metadata that came with each write
CREATE TABLE IF NOT EXISTS provenance (
    op_id TEXT PRIMARY KEY, kind TEXT, id TEXT, source TEXT, approved_by TEXT, approved_at TEXT, trail_head TEXT
);
CREATE TABLE IF NOT EXISTS switch (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

STAGES = ("Discovery", "Demo", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
ACTIVITY_TYPES = ("call", "meeting", "email", "note", "task")
_OPTIONS: dict[tuple[Kind, str], tuple[str, ...]] = {
    (Kind.OPPORTUNITY, "stage"): STAGES,
    (Kind.ACTIVITY, "type"): ACTIVITY_TYPES,
    (Kind.ACTIVITY, "status"): ("open", "done"),
    (Kind.CONTACT, "role"): ("Champion", "Economic buyer", "Decision maker", "Influencer", "User", "Blocker"),
    (Kind.ACCOUNT, "industry"): (
        "Construction", "Education", "Energy", "Financial services", "Food", "Health care", "Insurance", "Logistics",
        "Manufacturing", "Media", "Public sector", "Retail", "Software", "Telecommunications", "Travel",
    ),
}  # fmt: skip
_REQUIRED = frozenset(
    {
        (Kind.ACCOUNT, "name"),
        (Kind.CONTACT, "last_name"),
        (Kind.OPPORTUNITY, "name"),
        (Kind.OPPORTUNITY, "stage"),
        (Kind.ACTIVITY, "type"),
        (Kind.ACTIVITY, "subject"),
    }
)
_UNIQUE = frozenset({(Kind.ACCOUNT, "domain"), (Kind.CONTACT, "email")})
_READ_ONLY = frozenset(
    {(Kind.OPPORTUNITY, "stage_since")}
    | {(Kind.CONTACT, each) for each in ("mail_opt_out", "residency", "recording_consent")}
)
_LENGTHS = {FieldType.TEXT: 255, FieldType.EMAIL: 254, FieldType.PHONE: 40, FieldType.LONG_TEXT: 32_000}
_LABELS = {
    "at": "When",
    "ours": "Ours to do",
    "stage_since": "In stage since",
    "mail_opt_out": "Wants no mail",
    "residency": "Data stays in",
}


def default_fields() -> list[tuple[Kind, int, FieldSchema]]:
    """The field list a new sandbox starts with: (kind, position, field)."""
    return [
        (
            kind,
            position,
            FieldSchema(
                name=name,
                label=_LABELS.get(name, name.replace("_", " ").capitalize()),
                type=field_type,
                required=(kind, name) in _REQUIRED,
                read_only=(kind, name) in _READ_ONLY,
                max_length=_LENGTHS.get(field_type),
                options=_OPTIONS.get((kind, name), ()),
                unique=(kind, name) in _UNIQUE,
            ),
        )
        for kind, fields in FIELDS.items()
        for position, (name, field_type) in enumerate(fields.items())
    ]
