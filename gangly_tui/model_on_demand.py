"""The model that the configuration names. Nothing of it is loaded before it is asked; its key comes from the vault."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gangly_tui.config import Config, paths, private_folder
from gangly_tui.domain.errors import ModelError, VaultError

if TYPE_CHECKING:
    import httpx2

    from gangly_tui.domain.draft import Draft, ReadingContext
    from gangly_tui.domain.hierarchy import Scope
    from gangly_tui.domain.ports import SecondReading
    from gangly_tui.domain.secret import Secret
    from gangly_tui.intelligence.model import ModelReader
    from gangly_tui.intelligence.model_ladder import Asked, Chat, Rung
    from gangly_tui.store.database import Connection
    from gangly_tui.store.health import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which model, where, and whether addresses are masked."""

    base_url: str
    model: str
    mask: bool = True
    proxy: str = ""
    ca_file: str = ""

    @property
    def host(self) -> str:
        """Where the text goes."""
        return urlsplit(self.base_url).hostname or self.base_url

    @property
    def key_name(self) -> str:
        """What the vault calls the key: bound to the whole address, so that no other host or port can get it."""
        return f"model {self.base_url}"


def choice_of(config: Config) -> ModelChoice | None:
    """The model of a configuration; None when none is set: nothing leaves then."""
    base_url, model = config.model.get("base_url", ""), config.model.get("model", "")
    if not (base_url and model):
        return None
    return ModelChoice(
        base_url=base_url,
        model=model,
        mask=config.model.get("mask", True),
        proxy=config.network.get("proxy", ""),
        ca_file=config.network.get("ca_file", ""),
    )


def key_of(choice: ModelChoice) -> Secret[str] | None:
    """The key from the vault; None when none was kept. Raises VaultError."""
    from gangly_tui.connectors.vault import names_in
    from gangly_tui.keys import keys_of

    if choice.key_name not in names_in(paths().data):
        return None
    return keys_of(paths().data).vault().get(choice.key_name)


def open_http(choice: ModelChoice, key: Secret[str] | None) -> httpx2.AsyncClient:
    """The pinned client to its endpoint."""
    from gangly_tui.connectors.model_wire import open_model_client

    return open_model_client(choice.base_url, key, proxy=choice.proxy, ca_file=choice.ca_file)


def open_chat(choice: ModelChoice, key: Secret[str] | None) -> Chat:
    """The endpoint itself, for a check."""
    from gangly_tui.intelligence.model_ladder import Chat

    return Chat(base_url=choice.base_url, host=choice.host, model=choice.model, http=open_http(choice, key))


def _rungs_file() -> Path:
    return paths().data / "model.json"


def kept_rung(choice: ModelChoice) -> str:
    """How this model at this endpoint is asked for JSON, "" when it was not tried yet."""
    try:
        kept = json.loads(_rungs_file().read_text(encoding="utf-8"))
        return str(kept.get(f"{choice.base_url} {choice.model}", ""))
    except (OSError, ValueError, AttributeError):
        return ""  # it is found out again


def keep_rung(choice: ModelChoice, rung: str) -> None:
    """Remember it."""
    file = _rungs_file()
    private_folder(file.parent)
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    kept = {**kept, f"{choice.base_url} {choice.model}": rung} if isinstance(kept, dict) else {}
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        json.dump(kept, opened)
    fresh.replace(file)


class ModelOnDemand:
    """A SecondReader. The engine and its library are loaded with the first text."""

    def __init__(
        self,
        choice: ModelChoice,
        scope: Scope,
        db: Connection | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._choice = choice
        self._scope = scope
        self._db = db
        self._now = now
        self._no_key = ""
        self._key: Secret[str] | None = None
        try:
            self._key = key_of(choice)  # now: a passphrase cannot be asked for behind a screen
        except VaultError as error:
            self._no_key = str(error)

    @property
    def host(self) -> str:
        """Where the text goes."""
        return self._choice.host

    @cached_property
    def _reader(self) -> ModelReader:
        from gangly_tui.intelligence.model import ModelReader
        from gangly_tui.intelligence.model_ladder import Rung

        choice = self._choice

        def keep(rung: Rung) -> None:
            keep_rung(choice, rung.value)

        kept = kept_rung(choice)
        return ModelReader(
            base_url=choice.base_url,
            host=choice.host,
            model=choice.model,
            mask=choice.mask,
            scope=self._scope,
            open_http=lambda: open_http(choice, self._key),
            rung=Rung(kept) if kept in list(Rung) else None,
            keep=keep,
            note=self._note,
        )

    @cached_property
    def _recorder(self) -> Recorder | None:
        from gangly_tui.store.health import Recorder

        return Recorder(self._db) if self._db is not None else None

    def _note(self, asked: Asked) -> None:
        """Tell Health of a request at once: they are few, and what they take should be seen."""
        if self._recorder is None:
            return
        from gangly_tui.domain.health import MODEL, Exchange

        told = Exchange(
            system=f"{MODEL}{self._choice.model} at {self.host}",
            at=self._now() - timedelta(seconds=asked.seconds),
            write=False,
            seconds=asked.seconds,
            result=asked.result,
            sent=asked.sent,
            got=asked.got,
        )
        self._recorder.note(told)
        self._recorder.flush()

    async def read_again(
        self, text: str, context: ReadingContext, first: Draft, *, say: Callable[[str], None]
    ) -> SecondReading:
        """Read the text again. Raises ModelError: then `first` stands."""
        import asyncio

        if self._no_key:
            raise ModelError(f"the key of {self.host} cannot be had: {self._no_key}", fix="gangly vault status")
        await asyncio.to_thread(lambda: self._reader)  # its library takes a while to load
        return await self._reader.read_again(text, context, first, say=say)


def model_of(config: Config, scope: Scope, db: Connection, now: Callable[[], datetime]) -> ModelOnDemand | None:
    """What the desk gets: a reader that is not loaded yet, or None. `db` is where Health hears of its requests."""
    choice = choice_of(config)
    return ModelOnDemand(choice, scope, db, now) if choice else None
