"""What a sitting remembers of the creates it sent, for objects that have no field for the operation id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gangly_tui.domain.records import Kind, RecordRef


@dataclass(slots=True, kw_only=True)
class Made:
    """One create: what was sent, and since when it can be there. `ref` is None until the answer came."""

    kind: Kind
    raw: Mapping[str, Any]
    since: datetime
    ref: RecordRef | None = None
