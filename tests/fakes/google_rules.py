"""What all of the fake Google's APIs share: how they refuse."""

from __future__ import annotations

from typing import Any

STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class No(Exception):
    """A refusal with Google's reason for it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    def told(self) -> dict[str, Any]:
        """As it stands on the wire."""
        named = {"domain": "global", "reason": self.reason, "message": str(self)}
        error: dict[str, Any] = {"code": self.status, "message": str(self), "errors": [named]}
        if self.status in STATUS:
            error["status"] = STATUS[self.status]
        return {"error": error}


def page_of(rows: list[Any], size: int, token: str) -> tuple[list[Any], str]:
    """One page of rows and the token of the next one, "" at the end."""
    if token and not token.startswith("p"):
        raise No(400, "invalid", "Invalid page token value.")
    at = int(token[1:] or 0) if token else 0
    return rows[at : at + size], f"p{at + size}" if at + size < len(rows) else ""
