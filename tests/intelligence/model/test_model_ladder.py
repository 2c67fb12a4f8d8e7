"""The ladder of ways to ask for JSON, and everything a server can answer instead, through the real `openai` client."""

from __future__ import annotations

import socket

import pytest

from gangly_tui.domain.errors import ConfigError, ModelError
from gangly_tui.intelligence.model_ladder import Rung, find_rung, json_in, probe
from tests.intelligence.model.calls import again, chat_with, offline, reader_of, values
from tests.intelligence.model.server import Told, items, kind_of, serving

PAIN = {"field": "pain", "value": "x", "quote": "our planners rebuild every route by hand", "turn": 2}


async def tried(**more: object) -> list[tuple[str, str]]:
    async with serving(**more) as server:
        chat = chat_with(server, sleep=_no_wait)
        found = await probe(chat)
        await chat.close()
    return [(each.rung.value, each.reason) for each in found]


async def _no_wait(seconds: float) -> None:
    pass


async def test_a_server_that_knows_schemas_stands_on_the_first_rung() -> None:
    assert await tried() == [("json_schema", "")]


async def test_llama_cpp_fails_on_the_first_rung_and_stands_on_the_second() -> None:
    fault = Told(status=500, text="Failed to parse grammar")
    found = await tried(refuses={"json_schema": fault})
    assert found == [("json_schema", "answers 500 to json_schema: Failed to parse grammar"), ("json_object+schema", "")]


async def test_a_server_that_takes_a_schema_and_ignores_it_is_found_out() -> None:
    ignored = "the answer is JSON, but the schema was ignored"
    assert await tried(ignores_schema=True) == [
        ("json_schema", ignored), ("json_object+schema", ignored), ("json_object", ""),
    ]  # fmt: skip


async def test_a_server_that_refuses_response_format_is_asked_plainly() -> None:
    fault = Told(status=400, text="unsupported parameter: response_format")
    found = await tried(refuses=dict.fromkeys(("json_schema", "json_object+schema", "json_object"), fault))
    assert [rung for rung, _ in found] == ["json_schema", "json_object+schema", "json_object", "plain"]
    assert found[-1][1] == ""
    assert "400" in found[0][1]


async def test_a_model_that_never_gives_json_is_told_with_every_reason() -> None:
    refuses = dict.fromkeys(("json_schema", "json_object+schema", "json_object", "plain"), Told(text="Blue, I think."))
    async with serving(refuses=refuses) as server:
        chat = chat_with(server)
        with pytest.raises(ModelError, match=r"no JSON in any way .*json_schema: .*plain: the answer is no JSON"):
            await find_rung(chat)
        await chat.close()


async def test_the_rung_is_found_once_and_kept() -> None:
    kept: list[Rung] = []
    fault = Told(status=500, text="no grammar")
    async with serving(refuses={"json_schema": fault}) as server:
        reader = reader_of(server, rung=None, keep=kept.append)
        for _ in range(2):
            await reader.read_again(
                "Ada: We lose two hours a day on routes.", _context(), offline(), say=lambda _: None
            )
        assert [kind_of(each) for each in server.asked] == ["json_schema", *["json_object+schema"] * 3]
    assert kept == [Rung.OBJECT_SCHEMA]


async def test_a_rung_that_stops_working_is_replaced_by_a_lower_one() -> None:
    kept: list[Rung] = []
    fault = Told(status=400, text="response_format is not supported any more")
    refuses = dict.fromkeys(("json_schema", "json_object+schema"), fault)
    async with serving(items(PAIN), refuses=refuses) as server:
        done = await again(server, rung=Rung.JSON_SCHEMA, keep=kept.append)
    assert kept == [Rung.JSON_OBJECT]
    assert done.agreed == 1


def _context() -> object:
    from tests.intelligence.model.calls import CONTEXT

    return CONTEXT


REASONS = [
    (Told(status=401, text="Incorrect API key"), "does not accept the key"),
    (Told(status=403, text="no"), "does not accept the key"),
    (Told(status=404, text="model 'm' not found"), "has no model 'm'"),
    (Told(status=404, text="Not Found"), "has no chat completions here"),
    (Told(status=429, text="slow down", headers="Retry-After: 60\r\n"), "asks to wait 60 s"),
    (Told(status=429, text="slow down", headers="Retry-After: 1\r\n"), "asks to wait"),
    (Told(status=503, text="loading model"), "answers 503"),
    (Told(status=302, headers="Location: https://evil.example/v1\r\n"), "points to another address"),
    (Told(text='{"items": [{"fie', torn=True), "broke off"),
    (Told(text='{"items": [{"fie', finish=None), "broke off"),
    (Told(text='{"items": [{"fie'), "gives no usable answer"),
    (Told(text="I am sorry."), "gives no usable answer"),
    (Told(text="[1, 2]" * 3, finish="length"), "does not fit"),
    (Told(refusal="I cannot help with that."), "refuses to read this call"),
    (Told(text="", finish="content_filter"), "refuses to read this call"),
    (Told(text="", finish="tool_calls"), "wants to call tools"),
    (Told(raw=b"<html>Please sign in</html>"), "no chat completion"),
    (Told(status=400, text="This model's maximum context length is 512 tokens"), "too long"),
]


@pytest.mark.parametrize(("told", "words"), REASONS, ids=[words for _, words in REASONS])
async def test_whatever_goes_wrong_is_said_in_words(told: Told, words: str) -> None:
    async with serving(told) as server:
        with pytest.raises(ModelError) as left:
            await again(server)
        assert words in str(left.value)
        assert left.value.fix
        assert all("evil" not in each for each in server.paths)


async def test_a_short_wait_is_kept_and_then_answered() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    busy = Told(status=429, text="slow down", headers="Retry-After: 7\r\n")
    async with serving([busy, items(PAIN)]) as server:
        done = await again(server, sleep=sleep)
    assert waits == [7.0]
    assert done.agreed == 1


async def test_nobody_listening_and_silence_are_different_words() -> None:
    async with serving(Told(hang=5)) as server:
        with pytest.raises(ModelError, match="did not finish within"):
            await again(server, patience=0.1)
    async with serving() as server:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can take it
            server.port = deaf.getsockname()[1]
            with pytest.raises(ModelError, match="cannot be reached"):
                await again(server)


async def test_a_server_that_does_not_stream_is_understood() -> None:
    async with serving(Told(text=items(PAIN).text, whole=True)) as server:
        assert (await again(server)).agreed == 1


async def test_a_model_that_wants_its_own_temperature_gets_it() -> None:
    def script(body: dict[str, object]) -> Told:
        told = Told(status=400, text="Unsupported value: 'temperature' does not support 0 with this model.")
        return told if "temperature" in body else items(PAIN)

    async with serving(script) as server:
        assert (await again(server)).agreed == 1
        assert server.asked[0]["temperature"] == 0


async def test_the_key_leaves_only_as_the_one_header_and_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (
        ("OPENAI_API_KEY", "sk-of-the-environment"),
        ("OPENAI_ORG_ID", "org-env"),
        ("OPENAI_PROJECT_ID", "proj-env"),
        ("OPENAI_CUSTOM_HEADERS", "X-Env: env-secret"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("ALL_PROXY", "http://127.0.0.1:9"),
    ):
        monkeypatch.setenv(name, value)
    async with serving() as server:
        for key in ("sk-mine", ""):
            chat = chat_with(server, key=key)
            await probe(chat)
            await chat.close()
        mine, without = server.heads
    assert "authorization: bearer sk-mine\r\n" in mine.lower()
    assert "authorization" not in without.lower()
    for head in (mine, without):
        names = {line.partition(":")[0].lower() for line in head.splitlines()[1:] if line}
        allowed = {
            "host",
            "accept",
            "content-type",
            "content-length",
            "transfer-encoding",
            "user-agent",
            "authorization",
        }
        assert names <= allowed
        assert "env" not in head
        assert "User-Agent: gangly\r\n" in head


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("http://localhost:11434/v1/", "http://localhost:11434/v1"),
        ("localhost:8080/v1", "http://localhost:8080/v1"),
        ("api.example.com/v1", "https://api.example.com/v1"),
        ("http://127.0.0.1:1/v1?x=1", "http://127.0.0.1:1/v1"),
        ("http://[::1]:1/v1", "http://[::1]:1/v1"),
    ],
)
def test_addresses_as_people_type_them(typed: str, base: str) -> None:
    from gangly_tui.connectors.model_wire import model_address

    assert model_address(typed)[0] == base


@pytest.mark.parametrize(
    "typed",
    ["http://api.example.com/v1", "https://me:pw@api.example.com", "ftp://x.com", "", "::"],
)
def test_addresses_that_are_not_used(typed: str) -> None:
    from gangly_tui.connectors.model_wire import model_address

    with pytest.raises(ConfigError):
        model_address(typed)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Sure! ```json\n{"a": 1}\n``` Anything else?', {"a": 1}),
        ('<think>{"a": 2} or {"a": 3}?</think>\n{"a": 1}', {"a": 1}),
        ("[1]", [1]),
        ('{"a": ', None),
        ("{" * 5_000, None),
        ("[" * 100_000, None),
        ("", None),
    ],
)
def test_the_json_in_an_answer(text: str, found: object) -> None:
    assert json_in(text) == found


async def test_no_fault_changes_the_first_draft() -> None:
    before = values(offline())
    first = offline()
    async with serving(Told(text="nonsense")) as server:
        with pytest.raises(ModelError):
            await reader_of(server).read_again("Ada: hi there.", _context(), first, say=lambda _: None)
    assert values(first) == before
