"""Keys that come faster than a screen does: what acts on it waits until it is there.

`o` and Esc in one go would close a sheet before it has its widgets, and the app would fall when they are looked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

_LONGEST = 5.0
"""Seconds after which a screen that does not come up is no reason to wait."""


class PatientApp(App[None]):
    """An app whose actions act on screens that are there."""

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                while not self.screen.is_mounted:  # noqa: ASYNC110 - Textual gives no event for it
                    await asyncio.sleep(0.001)
        return await super().run_action(action, default_namespace, namespaces)
