"""What a model's answers say they took: read where it can be believed, kept by day, shown in Health."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.domain.errors import ModelError
from gangly_tui.intelligence.model_ladder import Asked, Rung
from tests.cli.shell import Shell
from tests.intelligence.model.calls import CALL, again, chat_with
from tests.intelligence.model.server import ModelServer, Told, serving

USED = {"prompt_tokens": 1200, "completion_tokens": 34, "total_tokens": 1234}
ASK = [{"role": "user", "content": "read this"}]


async def asked(server: ModelServer, rung: Rung = Rung.PLAIN, **more: Any) -> list[Asked]:
    noted: list[Asked] = []
    chat = chat_with(server, note=noted.append, **more)
    try:
        await chat.ask(ASK, rung, {})
    finally:
        await chat.close()
    return noted


@pytest.mark.parametrize("whole", [False, True])
async def test_tokens_are_read_from_a_stream_and_from_a_whole_answer(whole: bool) -> None:
    async with serving(Told(usage=USED, whole=whole)) as server:
        (noted,) = await asked(server)
        assert (noted.result, noted.sent, noted.got) == ("ok", 1200, 34)
        assert noted.seconds > 0
        assert server.asked[0]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"prompt_tokens": "many", "completion_tokens": 1},
        {"prompt_tokens": -5, "completion_tokens": 3},
        {"prompt_tokens": 10**15, "completion_tokens": 3},
        {"prompt_tokens": True, "completion_tokens": 3},
    ],
)
@pytest.mark.parametrize("whole", [False, True])
async def test_what_cannot_be_believed_counts_nothing_and_costs_no_answer(usage: Any, whole: bool) -> None:
    async with serving(Told(usage=usage, whole=whole)) as server:
        (noted,) = await asked(server)
        assert (noted.result, noted.sent, noted.got) == ("ok", 0, 0)


@pytest.mark.parametrize("words", ["extra fields not permitted: stream_options", "bad request"])
async def test_a_server_that_does_not_count_in_streams_is_asked_without(words: str) -> None:
    def script(body: dict[str, Any]) -> Told:
        return Told(status=400, text=words) if "stream_options" in body else Told()

    async with serving(script) as server:
        noted = await asked(server)
        assert [(each.result, each.sent) for each in noted] == [("ok", 0), ("ok", 0)]
        assert ["stream_options" in each for each in server.asked] == [True, False]


async def test_a_failure_is_noted_as_one() -> None:
    noted: list[Asked] = []
    async with serving(Told(status=401, text="no")) as server:
        chat = chat_with(server, note=noted.append)
        with pytest.raises(ModelError):
            await chat.ask(ASK, Rung.PLAIN, {})
        await chat.close()
    async with serving(Told(hang=5)) as server:
        chat = chat_with(server, note=noted.append, patience=0.1)
        with pytest.raises(ModelError, match="did not finish"):
            await chat.ask(ASK, Rung.PLAIN, {})
        await chat.close()
    assert [each.result for each in noted] == ["ModelError", "ModelError"]


async def test_a_reading_notes_each_of_its_requests() -> None:
    noted: list[Asked] = []
    async with serving(Told(usage=USED)) as server:
        await again(server, CALL, note=noted.append)
        assert len(server.readings) == len(noted) == 1
    assert noted[0].sent == 1200


def test_health_shows_the_models_row_with_its_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the configuration to the table: the reader the app is given keeps what its requests took."""
    import asyncio

    from gangly_tui.bootstrap import DEMO, open_desk
    from gangly_tui.config import load_config
    from gangly_tui.domain.health import MODEL
    from gangly_tui.flow.health import look
    from gangly_tui.tui.widgets.health_rows import lines_of
    from tests.intelligence.model.calls import CONTEXT, offline
    from tests.intelligence.model.threaded import serving_beside

    shell = Shell(tmp_path / "home", monkeypatch, capsys)
    with serving_beside(Told(usage=USED)) as server:
        done = shell("model", "set", "--base-url", server.base_url, "--model", "m")
        assert done.code == 0, done.err
        desk = open_desk(load_config(), profile=DEMO)
        try:
            assert desk.model is not None
            asyncio.run(desk.model.read_again(CALL, CONTEXT, offline(), say=lambda _: None))
            found = look(desk)
        finally:
            desk.close()
    (row,) = [each for each in found.systems if each.system.startswith(MODEL)]
    assert row.title == "model m at 127.0.0.1"
    figures = {each.name: each for each in row.figures}
    assert figures["model_tokens_today"].words == "1,200 sent, 34 back, 1 answer"
    assert any("1,200 sent" in each.words for each in lines_of(found))
    assert json.dumps(figures["model_tokens_today"].value) == "1234"
