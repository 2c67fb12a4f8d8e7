"""The model engine: a second reading of a call by any OpenAI-compatible model, behind the offline draft.

It only ever adds, confirms or contradicts; whatever goes wrong, the offline draft stands and the reason is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gangly_tui.domain.draft import Draft, Dropped, ReadingContext
from gangly_tui.domain.errors import ConfigError, ModelError
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.ports import SecondReading
from gangly_tui.intelligence.model_answer import Answer, Item, parse, repair
from gangly_tui.intelligence.model_candidates import grounded, steered
from gangly_tui.intelligence.model_ladder import (
    LADDER,
    Chat,
    Message,
    Rung,
    RungRefused,
    Say,
    TooLong,
    find_rung,
    in_words,
)
from gangly_tui.intelligence.model_mask import Mask
from gangly_tui.intelligence.model_merge import merge
from gangly_tui.intelligence.model_prompt import (
    CHUNK,
    Turn,
    chunks,
    fields_for,
    halves,
    messages_for,
    schema_for,
    turns_of,
)
from gangly_tui.intelligence.offline.reading import Reading, read

if TYPE_CHECKING:
    import httpx2

MOST_REQUESTS = 60
"""For one text: about sixteen hours of speech, or a server that keeps cutting answers short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would leave: the exact messages of each request, and what their placeholders hide."""

    requests: tuple[tuple[Message, ...], ...]
    hidden: dict[str, str]


def preview(text: str, context: ReadingContext, scope: Scope | None, *, mask: bool) -> Preview:
    """The messages of a reading, without sending any. Only the fence differs from one time to the next."""
    hides = Mask(on=mask)
    turns = turns_of(read(text, context), hides)
    fields = fields_for(scope, context)
    asked = tuple(tuple(messages_for(piece, context, fields)) for piece in chunks(turns))
    return Preview(requests=asked, hidden=hides.hidden)


def _prepared(text: str, context: ReadingContext, mask: Mask) -> tuple[Reading, list[Turn]]:
    """The text read and cut into turns; the client's library is loaded on the way."""
    import openai.resources.chat.completions  # noqa: F401

    reading = read(text, context)
    return reading, turns_of(reading, mask)


class ModelReader:
    """Implements `domain.ports.SecondReader`. `open_http` gives the pinned client; `rung` and `keep` the rung."""

    def __init__(
        self,
        *,
        base_url: str,
        host: str,
        model: str,
        mask: bool,
        scope: Scope | None,
        open_http: Callable[[], httpx2.AsyncClient],
        rung: Rung | None = None,
        keep: Callable[[Rung], None] = lambda _: None,
        chunk: int = CHUNK,
        **chat: Any,
    ) -> None:
        self.host = host
        self.model = model
        self._base_url = base_url
        self._mask = mask
        self._scope = scope
        self._open_http = open_http
        self._rung = rung
        self._keep = keep
        self._chunk = chunk
        self._chat = chat

    async def read_again(
        self, text: str, context: ReadingContext, first: Draft, *, say: Say = lambda _: None
    ) -> SecondReading:
        """Read the text a second time. Raises ModelError when nothing usable came back."""
        mask = Mask(on=self._mask)
        reading, turns = await asyncio.to_thread(_prepared, text, context, mask)  # a screen may be waiting
        fields = fields_for(self._scope, context)
        if not turns or not fields:
            return SecondReading(draft=first)
        try:
            http = self._open_http()
        except ConfigError as error:
            raise ModelError(str(error), fix=error.fix or "gangly model set") from error
        chat = Chat(base_url=self._base_url, host=self.host, model=self.model, http=http, **self._chat)
        try:
            call = _Call(chat=chat, reading=reading, mask=mask, fields=fields, engine=self.model, say=say)
            if self._rung is None:
                self._settle(await find_rung(chat, say=say))
            drafts, trouble = await self._pieces(call, list(chunks(turns, self._chunk)))
        finally:
            await chat.close()
        merged = merge(first, drafts, name=self.model, steered=await asyncio.to_thread(steered, reading))
        draft = merged.draft
        if trouble:
            missed = Dropped(what="text", value="a part of the call", quote="", reason=f"not read again: {trouble}")
            draft = replace(draft, dropped=(*draft.dropped, missed))
        return SecondReading(
            draft=draft, added=merged.added, agreed=merged.agreed, disputed=merged.disputed, trouble=trouble
        )

    def _settle(self, rung: Rung) -> None:
        self._rung = rung
        self._keep(rung)

    async def _pieces(self, call: _Call, pieces: list[list[Turn]]) -> tuple[list[Draft], str]:
        """Every piece's grounded draft. When a later one fails, what the earlier ones gave is kept."""
        drafts: list[Draft] = []
        left, done = list(pieces), 0
        while left:
            piece = left.pop(0)
            if call.chat.requests >= MOST_REQUESTS:
                return drafts, "too many requests for one call"
            call.say(f"asking {self.host}" + (f", part {done + 1} of {done + 1 + len(left)}" if left or done else ""))
            try:
                items = await self._items(call, piece)
            except TooLong as error:
                smaller = halves(piece)
                if not smaller:
                    if drafts:
                        return drafts, str(error)
                    raise ModelError(str(error), fix="a model with a longer memory takes it") from error
                left[:0] = smaller
                continue
            except ModelError as error:
                if drafts:
                    return drafts, in_words(error)
                raise
            done += 1
            drafts.append(await asyncio.to_thread(grounded, items.items, piece, call.reading, call.mask, call.engine))
            if items.bad:
                reason = "not in the form asked for: " + "; ".join(dict.fromkeys(items.bad))[:200]
                drafts[-1] = replace(
                    drafts[-1],
                    dropped=(
                        *drafts[-1].dropped,
                        Dropped(what="answer", value=f"{len(items.bad)} of the model's items", quote="", reason=reason),
                    ),
                )
        return drafts, ""

    async def _items(self, call: _Call, piece: Sequence[Turn]) -> Answer:
        """The items for one piece: asked, checked, repaired once if need be."""
        messages = messages_for(piece, call.reading.context, call.fields)
        text = await self._answer(call, messages)
        answer = parse(text, call.fields)
        if not answer.bad:
            return answer
        call.say(f"{self.host} is asked to repair its answer")
        again = [
            *messages,
            {"role": "assistant", "content": text[:8_000]},
            {"role": "user", "content": repair(answer, call.fields)},
        ]
        try:
            second = parse(await self._answer(call, again), call.fields)
        except ModelError:
            second = Answer(whole=False)
        best = second if second.whole and len(second.items) >= len(answer.items) else answer
        if not best.whole:
            raise ModelError(f"{self.model} gives no usable answer: {answer.bad[0]}", fix="try another model")
        return best

    async def _answer(self, call: _Call, messages: list[Message]) -> str:
        """One whole answer on the rung that works; a rung that stopped working is replaced by a lower one."""
        schema = schema_for(call.fields)
        assert self._rung is not None  # it was found before the first question
        for rung in LADDER[LADDER.index(self._rung) :]:
            try:
                reply = await call.chat.ask(messages, rung, schema, say=call.say)
            except RungRefused as error:
                if rung is LADDER[-1]:
                    raise ModelError(f"{self.host} {error}", fix="gangly model check tries every way") from error
                continue
            if rung is not self._rung:
                self._settle(rung)
            break
        if reply.refusal or reply.finish == "content_filter":
            raise ModelError(f"{self.model} refuses to read this call", fix="another model may not")
        if reply.finish == "length":
            raise TooLong(f"the answer of {self.model} does not fit")
        if not reply.finish:
            raise ModelError(f"the answer of {self.host} broke off", fix="try again")
        if reply.finish == "tool_calls":
            raise ModelError(f"{self.model} wants to call tools, and has none", fix="try another model")
        return reply.text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One reading under way."""

    chat: Chat
    reading: Reading
    mask: Mask
    fields: Sequence[str]
    engine: str
    say: Say


__all__ = ["Item", "ModelReader", "Preview", "preview"]
