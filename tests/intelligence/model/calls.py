"""A call, its context and a reader of it, as the tests of the model engine use them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gangly_tui.connectors.model_wire import open_model_client
from gangly_tui.domain.draft import Draft, ReadingContext
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.domain.ports import SecondReading
from gangly_tui.domain.secret import Secret
from gangly_tui.intelligence.model import ModelReader
from gangly_tui.intelligence.model_ladder import Chat, Rung
from gangly_tui.intelligence.offline.drafter import OfflineDrafter
from tests.intelligence.model.server import ModelServer

SCOPE = parse_hierarchy((Path(__file__).parents[3] / "gangly_tui/hierarchy.toml").read_text("utf-8")).scope("sandbox")

CALL = """Acme - pricing call
Date: 2026-09-23
Participants: Sam Ortiz (Account Executive, OurCo), Ada Stone (Head of Operations, Acme)

Sam Ortiz: Thanks for making the time today, Ada.
Ada Stone: Sure. Honestly, our planners rebuild every route by hand each morning and we lose two hours a day.
Sam Ortiz: For three sites the platform is $48,000 a year.
Ada Stone: That works for us. We can sign on November 15, after the board meets.
Ada Stone: Priya Raman, our finance director, signs everything above twenty thousand.
Sam Ortiz: I'll send the order form by Friday. You can reach me at sam@ourco.com or +1 415 555 0134.
Ada Stone: Great. I'll forward the security questionnaire tomorrow. My address is ada.stone@acme-demo.com.
"""
CONTEXT = ReadingContext(
    anchor=datetime(2026, 9, 23, 10, 0, tzinfo=UTC),
    rep_name="Sam Ortiz",
    rep_email="sam@ourco.com",
    our_company="OurCo",
    account_name="Acme",
)


def offline(text: str = CALL, context: ReadingContext = CONTEXT) -> Draft:
    """The first reading."""
    return OfflineDrafter().draft(text, context)


def chat_with(server: ModelServer, *, key: str = "", model: str = "m", **more: Any) -> Chat:
    """The real client against the scripted server."""
    http = open_model_client(server.base_url, Secret(key) if key else None)
    return Chat(base_url=server.base_url, host="127.0.0.1", model=model, http=http, **more)


def reader_of(server: ModelServer, *, rung: Rung | None = Rung.JSON_SCHEMA, **more: Any) -> ModelReader:
    """The engine against the scripted server."""
    settings: dict[str, Any] = {"model": "m", "mask": True, "scope": SCOPE, "sleep": _no_wait, **more}
    return ModelReader(
        base_url=server.base_url,
        host="127.0.0.1",
        open_http=lambda: open_model_client(server.base_url, None),
        rung=rung,
        **settings,
    )


async def again(server: ModelServer, text: str = CALL, context: ReadingContext = CONTEXT, **more: Any) -> SecondReading:
    """Both readings of a text."""
    return await reader_of(server, **more).read_again(text, context, offline(text, context), say=lambda _: None)


async def _no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def values(draft: Draft) -> dict[str, str]:
    """Everything a draft would write, without the words around it."""
    found = {f"field {each.field}": str(each.value) for each in draft.fields}
    found |= {f"step {each.action}": f"{each.owner} {each.due} {each.ours}" for each in draft.next_steps}
    found |= {f"contact {each.name}": f"{each.title} {each.email} {each.phone}" for each in draft.contacts}
    found |= {f"line {at}": each.text for at, each in enumerate(draft.summary.lines)}
    return found | {"stage": str(draft.stage), "company": str(draft.company)}
