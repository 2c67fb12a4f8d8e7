"""One question to an OpenAI-compatible endpoint, and the ladder of ways to ask it for JSON.

Servers differ: some answer 500 to a JSON schema, some 400, some take it and ignore it. So the highest rung that is
seen to work is kept for each endpoint and model.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gangly_tui.domain.errors import ConfigError, GanglyError, ModelError
from gangly_tui.domain.safe import one_line

if TYPE_CHECKING:
    import httpx2
    import openai

Message = dict[str, str]
Say = Callable[[str], None]

PATIENCE = 240.0
"""Seconds one answer may take in all."""
LONGEST_WAIT = 20.0
"""Seconds a server may ask to wait before the model is given up for now."""
TRIES = 3
_MOST_TOKENS = 100_000_000
MOST_CHARACTERS = 400_000
"""Of one answer. A model that runs on and on is stopped."""


class Rung(StrEnum):
    """How an answer in JSON is asked for, the strictest first."""

    JSON_SCHEMA = "json_schema"
    OBJECT_SCHEMA = "json_object+schema"
    JSON_OBJECT = "json_object"
    PLAIN = "plain"


LADDER = tuple(Rung)


class RungRefused(ModelError):
    """The server does not take this way of asking."""


class TooLong(ModelError):
    """The text, or the answer to it, does not fit: ask about less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. `finish` is the server's word for why it ended, empty when the answer broke off."""

    text: str
    finish: str
    refusal: str = ""
    sent: int = 0
    """tokens of the question as the server counts them; 0 when it does not say"""
    got: int = 0
    """tokens of the answer"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, for Health: how long it took, "ok" or the error's name, and the tokens that the answer told of."""

    seconds: float
    result: str
    sent: int = 0
    got: int = 0


class Chat:
    """One model at one endpoint. `http` is the pinned client that everything leaves through; it has the key."""

    def __init__(
        self,
        *,
        base_url: str,
        host: str,
        model: str,
        http: httpx2.AsyncClient,
        sleep: Callable[[float], Any] = asyncio.sleep,
        patience: float = PATIENCE,
        note: Callable[[Asked], None] = lambda _: None,
    ) -> None:
        from openai import AsyncOpenAI

        self.host = host
        self.model = model
        self.requests = 0
        self._sleep = sleep
        self._patience = patience
        self._note = note
        self._temperature: dict[str, Any] = {"temperature": 0}
        self._usage: dict[str, Any] = {"stream_options": {"include_usage": True}}
        # the key is not given to the library: the pinned client puts it on
        self._client = AsyncOpenAI(
            base_url=base_url, api_key="none", organization="", project="", max_retries=0, http_client=http
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(
        self, messages: Sequence[Message], rung: Rung, schema: Mapping[str, Any], *, say: Say = lambda _: None
    ) -> Reply:
        """One answer; tried again when the server asks to wait a little. Raises ModelError with the reason in words."""
        import openai

        for attempt in range(1, TRIES + 1):
            try:
                self.requests += 1
                async with asyncio.timeout(self._patience):
                    return await self._noted(messages, rung, schema)
            except TimeoutError as error:
                self._note(Asked(seconds=self._patience, result="ModelError"))
                raise ModelError(
                    f"{self.host} did not finish within {self._patience:.0f} s", fix="a smaller model answers sooner"
                ) from error
            except openai.APIStatusError as error:
                text = _words(error)
                if error.status_code == 400 and self._temperature and "temperature" in text.lower():
                    self._temperature = {}  # some models take only their own
                    continue
                if error.status_code in (400, 422) and self._usage and _about_usage(text, rung):
                    self._usage = {}  # an older server does not count tokens in a stream
                    continue
                wait = await self._wait(error, attempt)
                if wait is None:
                    raise self._reason(error, text, rung) from error
                say(f"{self.host} asks to wait {wait:.0f} s")
                await self._sleep(wait)
            except openai.APIConnectionError as error:
                raise self._no_way(error) from error
            except openai.OpenAIError as error:
                raise ModelError(
                    f"{self.host} answered something that is no chat completion", fix="check the address"
                ) from error
        raise ModelError(f"{self.host} is busy", fix="try again in a minute")

    async def _noted(self, messages: Sequence[Message], rung: Rung, schema: Mapping[str, Any]) -> Reply:
        """One request, told to Health however it ends; a server that refuses a way of asking has answered."""
        import openai

        began, result, reply = time.monotonic(), "ModelError", None
        try:
            reply = await self._once(messages, rung, schema)
            result = "ok"
        except openai.APIStatusError as error:
            result = "ok" if error.status_code in (400, 413, 415, 422, 501) else result
            raise
        except asyncio.CancelledError:
            result = ""  # called off, or out of patience, which is told where it is known
            raise
        finally:
            if result:
                sent, got = (reply.sent, reply.got) if reply else (0, 0)
                self._note(Asked(seconds=time.monotonic() - began, result=result, sent=sent, got=got))
        return reply

    async def _once(self, messages: Sequence[Message], rung: Rung, schema: Mapping[str, Any]) -> Reply:
        import openai

        create: Any = self._client.chat.completions.with_raw_response.create
        raw = await create(
            model=self.model,
            messages=list(messages),
            stream=True,
            **self._temperature,
            **self._usage,
            **_format(rung, schema),
        )
        if "event-stream" not in raw.headers.get("content-type", ""):
            return _whole(await raw.http_response.aread(), self.host)  # it does not stream
        text, refusal, finish, usage = "", "", "", (0, 0)
        stream = raw.parse()
        try:
            async for piece in stream:
                usage = _tokens(getattr(piece, "usage", None)) or usage
                for choice in (piece.choices or [])[:1]:
                    text += choice.delta.content or ""
                    refusal += getattr(choice.delta, "refusal", None) or ""
                    finish = choice.finish_reason or finish
                if len(text) > MOST_CHARACTERS:
                    finish = "length"
                    break
        except (ValueError, AttributeError, TypeError) as error:
            raise ModelError(f"{self.host} sent a piece of an answer that cannot be read", fix="try again") from error
        except openai.APIConnectionError as error:
            raise ModelError(f"the answer of {self.host} broke off", fix="try again") from error
        finally:
            await stream.close()
        return Reply(text=text, finish=finish, refusal=refusal, sent=usage[0], got=usage[1])

    async def _wait(self, error: openai.APIStatusError, attempt: int) -> float | None:
        """Seconds until the next try; None when there is none."""
        if error.status_code not in (408, 429, 502, 503, 504) or attempt == TRIES:
            return None
        try:
            asked = float(error.response.headers.get("retry-after", ""))
        except ValueError:
            asked = 0.0
        wait = max(asked, 0.5 * 2 ** (attempt - 1))
        return wait if wait <= LONGEST_WAIT else None

    def _reason(self, error: openai.APIStatusError, text: str, rung: Rung) -> ModelError:
        status, host = error.status_code, self.host
        said = f": {one_line(text, limit=160)}" if text else ""
        low = text.lower()
        if status in (401, 403):
            return ModelError(f"{host} does not accept the key ({status})", fix="gangly model set asks for it again")
        if status == 404:
            if "model" in low:
                return ModelError(f"{host} has no model {self.model!r}", fix="gangly model set --model NAME")
            return ModelError(f"{host} has no chat completions here", fix="the address usually ends in /v1")
        if status == 413 or ("context" in low and status in (400, 422, 500)):
            return TooLong(f"the text is too long for {self.model}{said}")
        if status == 429:
            wait = error.response.headers.get("retry-after", "")
            return ModelError(
                f"{host} asks to wait{f' {wait} s' if wait.isdigit() else ''}{said}", fix="try again later"
            )
        if status in (400, 415, 422, 500, 501):
            return RungRefused(f"answers {status} to {rung.value}{said}")
        if 300 <= status < 400:
            return ModelError(f"{host} points to another address", fix="set that address: gangly model set --base-url")
        return ModelError(f"{host} answers {status}{said}", fix="is the model loaded? try again in a minute")

    def _no_way(self, error: openai.APIConnectionError) -> ModelError:
        import openai

        cause = error.__cause__
        if isinstance(cause, ConfigError):
            return ModelError(str(cause), fix=cause.fix)
        if isinstance(error, openai.APITimeoutError):
            return ModelError(f"{self.host} did not answer in time", fix="is the model still loading?")
        return ModelError(f"{self.host} cannot be reached", fix="is the server running, and the address right?")


def _format(rung: Rung, schema: Mapping[str, Any]) -> dict[str, Any]:
    match rung:
        case Rung.JSON_SCHEMA:
            named = {"name": "findings", "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case Rung.OBJECT_SCHEMA:
            return {"response_format": {"type": "json_object", "schema": schema}}
        case Rung.JSON_OBJECT:
            return {"response_format": {"type": "json_object"}}
        case Rung.PLAIN:
            return {}


def _whole(body: bytes, host: str) -> Reply:
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        sent, got = _tokens(answer.get("usage")) or (0, 0)
        message = choice["message"]
        return Reply(
            text=str(message.get("content") or ""),
            finish=str(choice.get("finish_reason") or ""),
            refusal=str(message.get("refusal") or ""),
            sent=sent,
            got=got,
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{host} answered something that is no chat completion", fix="a proxy or a login page?"
        ) from error


def _tokens(usage: Any) -> tuple[int, int] | None:
    """What an answer says it took, when that can be believed: whole numbers, none below zero, none absurd."""
    told = [
        usage.get(name) if isinstance(usage, dict) else getattr(usage, name, None)
        for name in ("prompt_tokens", "completion_tokens")
    ]
    sent, got = (each if type(each) is int and 0 <= each <= _MOST_TOKENS else None for each in told)
    return None if sent is None or got is None or not sent + got else (sent, got)


def _about_usage(text: str, rung: Rung) -> bool:
    """Whether a refusal is about the count of tokens; on the last rung nothing else is left that it could be."""
    last = rung is LADDER[-1] and "context" not in text.lower()
    return "stream_options" in text or "include_usage" in text or last


def _words(error: openai.APIStatusError) -> str:
    """What the server says went wrong."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        found = inner.get("message") if isinstance(inner, dict) else inner
        return str(found or "")
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One rung of a probe: the reason it failed, "" when it works."""

    rung: Rung
    reason: str


_PROBE = "Ada says: our budget is 40,000 dollars. Answer which colour the sky has."
_SHAPE = ' Answer only with JSON of this form: {"sky": "...", "ok": true}'
_PROBE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["sky", "ok"],
    "properties": {"sky": {"type": "string"}, "ok": {"type": "boolean"}},
}


async def probe(chat: Chat, *, say: Say = lambda _: None) -> list[Tried]:
    """Try the rungs, the strictest first, until one works. Raises ModelError when the endpoint itself does not.

    The two upper rungs are asked without a word on the form: a server that only pretends to take a schema is found out.
    """
    tried: list[Tried] = []
    for rung in LADDER:
        say(f"trying {rung.value}")
        form = _SHAPE if rung in (Rung.JSON_OBJECT, Rung.PLAIN) else ""
        ask = _PROBE + form + (" Use JSON." if rung is Rung.OBJECT_SCHEMA else "")
        try:
            reply = await chat.ask([{"role": "user", "content": ask}], rung, _PROBE_SCHEMA, say=say)
            reason = _formed(reply)
        except RungRefused as error:
            reason = str(error)
        tried.append(Tried(rung=rung, reason=reason))
        if not reason:
            break
    return tried


def _formed(reply: Reply) -> str:
    if reply.refusal:
        return "the model refused to answer"
    found = json_in(reply.text)
    if isinstance(found, dict) and isinstance(found.get("sky"), str) and isinstance(found.get("ok"), bool):
        return ""
    return "the answer is no JSON" if found is None else "the answer is JSON, but the schema was ignored"


def json_in(text: str) -> Any:
    """The JSON object or list in an answer, around which some models talk or think; None without one."""
    text = text.rpartition("</think>")[2] if "</think>" in text else text
    decoder = json.JSONDecoder()
    starts = [at for at, sign in enumerate(text[:20_000]) if sign in "{["]
    for at in starts[:40]:
        try:
            found = decoder.raw_decode(text, at)[0]
        except (ValueError, RecursionError):
            continue
        if isinstance(found, (dict, list)):
            return found
    return None


async def find_rung(chat: Chat, *, say: Say = lambda _: None) -> Rung:
    """The highest rung that works. Raises ModelError when none does."""
    tried = await probe(chat, say=say)
    if tried[-1].reason:
        why = "; ".join(f"{each.rung.value}: {each.reason}" for each in tried)
        raise ModelError(f"{chat.model} at {chat.host} gives no JSON in any way ({why})", fix="try another model")
    return tried[-1].rung


def in_words(error: Exception) -> str:
    """An error as one sentence with what to do."""
    fix = error.fix if isinstance(error, GanglyError) else ""
    return f"{error}{f' ({fix})' if fix else ''}"
