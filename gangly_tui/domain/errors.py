"""Every error gangly raises on purpose.

GanglyError                 message says what happened, `fix` says what to do
├── ConfigError             config.toml or hierarchy.toml cannot be used
├── InputError              a file, a text or a typed value cannot be read
│   └── PartlyRead          some of a calendar cannot be read; it brings the meetings that can
├── StoreError              the local store cannot be opened or written
│   ├── StoreFull           the disk is full: nothing of the change was kept
│   └── HeldByAnother       another window does this right now
├── VaultError              a key or token cannot be had, or cannot be kept safely
├── DecisionError           a decision does not fit the card it names
│   ├── StaleApproval       the card changed after it was shown
│   └── AlreadyDecided      the card has been decided before
├── ModelError              a model gave no usable answer: the offline draft stands
├── ConnectorError          a system of record or engagement said no
│   ├── Unreachable         nothing was applied; trying again later is safe
│   │   └── RateLimited     the same, with the number of seconds to wait
│   ├── SignInNeeded        the sign-in ended or was withdrawn: connect again
│   ├── OutcomeUnknown      the request left, no usable answer came: only a read can tell
│   ├── NotFound            the record does not exist
│   ├── Refused             the system validated the write and refused it
│   │   └── DuplicateFound  the system already has this record
│   └── RecordMoved         the record changed since it was read
└── TrailBroken             the audit trail does not verify
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gangly_tui.domain.records import Meeting, Record, RecordRef


class GanglyError(Exception):
    """Base of the tree. `str(error)` is one sentence for a person; `fix` is the next thing to do, or empty."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class ConfigError(GanglyError):
    """A configuration file cannot be used."""


class InputError(GanglyError):
    """A file, a text or a typed value cannot be read."""


class PartlyRead(InputError):
    """Some of a calendar cannot be read. `meetings` are those that can: the others must not take them along."""

    def __init__(self, message: str, *, meetings: tuple[Meeting, ...], fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.meetings = meetings


class StoreError(GanglyError):
    """The local store cannot be opened or written."""


class StoreFull(StoreError):
    """The disk is full. Nothing of the change was kept; everything acknowledged before is there."""


class HeldByAnother(StoreError):
    """Another window does this right now; `pid` is its process, 0 when it has not said so yet."""

    def __init__(self, message: str, *, pid: int, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.pid = pid


class VaultError(GanglyError):
    """A key or a token cannot be had, or there is no place where it would be safe."""


class ModelError(GanglyError):
    """A model gave no usable answer. What was read without it stands."""


class DecisionError(GanglyError):
    """A decision does not fit the card it names."""


class StaleApproval(DecisionError):
    """The approval is bound to a digest that is not the card's: the card changed after it was shown."""


class AlreadyDecided(DecisionError):
    """The card has been decided before."""


class ConnectorError(GanglyError):
    """A connected system said no."""


class Unreachable(ConnectorError):
    """The system could not be reached and nothing was applied."""


class RateLimited(Unreachable):
    """The system asks to wait `retry_after` seconds; nothing was applied."""

    def __init__(self, message: str, *, retry_after: float, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.retry_after = retry_after


class SignInNeeded(ConnectorError):
    """The system does not accept this sign-in (any more); nothing was applied."""


class OutcomeUnknown(ConnectorError):
    """The request left and no usable answer came. Only a read can tell what happened."""


class NotFound(ConnectorError):
    """The record does not exist (any more)."""


class Refused(ConnectorError):
    """The system validated the write and refused it. `field` names ours, or is empty."""

    def __init__(self, message: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.field = field


class DuplicateFound(Refused):
    """The system already has this record: `existing`."""

    def __init__(self, message: str, *, existing: RecordRef, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.existing = existing


class RecordMoved(ConnectorError):
    """The record is no longer at the version the write expected. `current` is what stands there now."""

    def __init__(self, message: str, *, current: Record, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.current = current


class TrailBroken(GanglyError):
    """The audit trail does not verify. `seq` is the first entry that does not fit."""

    def __init__(self, message: str, *, seq: int, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.seq = seq
