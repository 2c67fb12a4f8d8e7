"""A second reader: any OpenAI-compatible model, off until it is set, shown before anything leaves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.errors import ConfigError, InputError, ModelError, VaultError

if TYPE_CHECKING:
    from gangly_tui.domain.secret import Secret
    from gangly_tui.intelligence.model import Preview
    from gangly_tui.model_on_demand import ModelChoice

_NOON = 12
_LEAVES = """what leaves this machine, each time you lay out cards (^s in Notes, or gangly notes):
  to      {base_url}{where}
  what    the words of that one call, by speaker, its day, and what your deal stages are called
  never   a record of the CRM, another call or account, a key
  masked  {masked}
  see it  gangly model preview next"""


@click.group()
def model() -> None:
    """A model that reads calls behind the built-in reader: it confirms, contradicts and adds, and never replaces.

    Off until you set one. Any OpenAI-compatible address will do, also one on this machine (Ollama, llama.cpp, vLLM,
    LM Studio), which needs no key and sends nothing anywhere. Whatever it says passes the same evidence rule: a value
    that its quote does not yield is dropped. When it fails, the built-in reading stands.

    \b
    Examples:
      gangly model set --base-url http://localhost:11434/v1 --model llama3.1
      gangly model check
      gangly model preview call.vtt
    """


@model.command(name="set")
@click.option("--base-url", help="The endpoint, which usually ends in /v1. Plain http only to this machine.")
@click.option("--model", "name", help="The model's name there.")
@click.option("--mask/--no-mask", default=None, help="Whether e-mail addresses and phones stay here. They do.")
@click.option("--key-fd", type=click.IntRange(0), metavar="N", help="Read the key from this descriptor.")
@click.option("--agree", is_flag=True, help="You know what leaves: do not ask.")
def set_(base_url: str | None, name: str | None, mask: bool | None, key_fd: int | None, agree: bool) -> None:
    """Turn a model on. Shows what will leave and asks; the key goes into your vault, never into a file or argument.

    \b
    Examples:
      gangly model set --base-url http://localhost:8080/v1 --model qwen2.5
      gangly model set --base-url https://api.openai.com/v1 --model gpt-5-mini --key-fd 3 3<~/key
    """
    from dataclasses import replace

    from gangly_tui.config import load_config, save_config
    from gangly_tui.connectors.model_wire import is_local, model_address
    from gangly_tui.model_on_demand import choice_of

    config = load_config()
    before = dict(config.model)
    base, name = base_url or before.get("base_url", ""), name or before.get("model", "")
    if not base or not name:
        raise click.UsageError("name both --base-url and --model the first time")
    address, host = model_address(base)
    masks = bool(before.get("mask", True)) if mask is None else mask
    config = replace(config, model={"base_url": address, "model": name, "mask": masks})
    choice = choice_of(config)
    assert choice is not None  # both are set
    local = is_local(host)
    where = " (this machine)" if local else ""
    masked = "e-mail addresses and phone numbers" if masks else "nothing"
    tell(_LEAVES.format(base_url=address, where=where, masked=masked))
    if not (local or agree):
        if not sys.stdin.isatty():
            raise InputError("off a terminal this needs a clear word", fix="add --agree once you have read the above")
        click.confirm("Turn it on?", abort=True, err=True)
    key = _asked_key(choice, key_fd, local=local)
    if key:
        _keep_key(choice, key)
    _forget_key(before.get("base_url", ""), but=address)
    save_config(config)
    out(f"on   {short(name)} at {short(address, 200)}")
    tell("try it: gangly model check")


@model.command()
@as_json
def show(as_json: bool) -> None:
    """Say what is set. Asks nothing of anybody.

    \b
    Example:
      gangly model show
    """
    from gangly_tui.config import load_config, paths
    from gangly_tui.connectors.vault import names_in
    from gangly_tui.model_on_demand import choice_of, kept_rung

    choice = choice_of(load_config())
    facts: dict[str, Any] = {"on": choice is not None}
    if choice is not None:
        facts |= {
            "base_url": choice.base_url,
            "model": choice.model,
            "mask": choice.mask,
            "key": "in the vault" if choice.key_name in names_in(paths().data) else "none",
            "asks_by": kept_rung(choice) or "not checked yet",
        }
    if as_json:
        out_json(facts)
    elif choice is None:
        out("off: nothing leaves this machine")
    else:
        for name, value in facts.items():
            out(f"{name.replace('_', ' '):<9} {value if isinstance(value, str) else 'yes' if value else 'no'}")


@model.command()
@as_json
def check(as_json: bool) -> None:
    """Ask the model one question in each way it could be asked for JSON, and keep the first that works.

    Sends a made-up sentence, nothing of yours.

    \b
    Example:
      gangly model check
    """
    import asyncio

    from gangly_tui.intelligence.model_ladder import probe
    from gangly_tui.model_on_demand import keep_rung, key_of, open_chat

    choice = _chosen()
    key = key_of(choice)

    async def ask() -> Any:
        chat = open_chat(choice, key)
        try:
            return await probe(chat, say=tell)
        finally:
            await chat.close()

    tried = asyncio.run(ask())
    works = "" if tried[-1].reason else tried[-1].rung.value
    if works:
        keep_rung(choice, works)
    if as_json:
        out_json({"works": works, "tried": [{"rung": each.rung.value, "reason": each.reason} for each in tried]})
    else:
        for each in tried:
            out(f"{each.rung.value:<19} {short(each.reason, 200) if each.reason else 'works'}")
    if not works:
        raise ModelError(f"{choice.model} at {choice.host} gives no JSON in any way", fix="try another model")


@model.command()
def off() -> None:
    """Turn it off and forget its key. Nothing leaves this machine any more.

    \b
    Example:
      gangly model off
    """
    from dataclasses import replace

    from gangly_tui.config import load_config, save_config

    config = load_config()
    if config.model:
        save_config(replace(config, model={}))
    out("off: nothing leaves this machine")
    _forget_key(config.model.get("base_url", ""))  # last: off is off, whatever the vault says


@model.command()
@click.argument("call", metavar="CALL|FILE|-")
@as_json
def preview(call: str, as_json: bool) -> None:
    """Print the exact messages that would leave for a call or a file, and what is masked. Sends nothing.

    Only the fence, a random word around the call, differs from one time to the next.

    \b
    Examples:
      gangly model preview next
      gangly model preview call.vtt
    """
    shown = _preview(call)
    if as_json:
        out_json({"requests": shown.requests, "masked": shown.hidden})
        return
    for number, messages in enumerate(shown.requests, start=1):
        for each in messages:
            out(f"== request {number} of {len(shown.requests)}: {each['role']} ==")
            out(each["content"])
    out(f"== masked: {len(shown.hidden)} ==")
    for place, original in shown.hidden.items():
        out(f"{place}  {short(original)}")
    if not shown.requests:
        tell("nothing would leave: nobody says anything in it")


def _preview(call: str) -> Preview:
    from datetime import datetime

    from gangly_tui.config import load_config
    from gangly_tui.intelligence.model import preview
    from gangly_tui.model_on_demand import choice_of

    config = load_config()
    choice = choice_of(config)
    masks = choice.mask if choice else bool(config.model.get("mask", True))
    if call == "-" or Path(call).expanduser().is_file():
        from gangly_tui.commands.text_input import text_of
        from gangly_tui.domain.draft import ReadingContext
        from gangly_tui.intelligence.offline.drafter import read_context
        from gangly_tui.machine_zone import machine_zone

        text = text_of(call)
        context = read_context(text, ReadingContext(anchor=datetime.now(machine_zone()), rep_name=config.user_name))
        return preview(text, context, None, mask=masks)
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.naming import the_meeting
    from gangly_tui.flow import capture

    with desk_at_hand() as desk:
        about = the_meeting(desk, call)
        text = capture.open_notes(desk, about.id).text
        if not text.strip():
            raise InputError(f"{short(about.title)} has no text yet", fix="write notes, or name a file")
        scope = desk.hierarchy.scope(desk.reader.system)
        return preview(text, capture.context_for(desk, about.id), scope, mask=masks)


def _chosen() -> ModelChoice:
    from gangly_tui.config import load_config
    from gangly_tui.model_on_demand import choice_of

    choice = choice_of(load_config())
    if choice is None:
        raise ConfigError("no model is set", fix="gangly model set --base-url http://localhost:11434/v1 --model NAME")
    return choice


def _asked_key(choice: ModelChoice, key_fd: int | None, *, local: bool) -> Secret[str] | None:
    """The key from the descriptor, else from the terminal; None for a server on this machine, or one that is kept."""
    from gangly_tui.config import paths
    from gangly_tui.connectors.vault import names_in
    from gangly_tui.keys import Keys

    if key_fd is None and (local or choice.key_name in names_in(paths().data)):
        return None
    try:
        return Keys(paths().data, passphrase_fd=key_fd).ask(f"Key for {choice.host} (not shown, Enter for none): ")
    except VaultError as error:
        if key_fd is not None:
            raise VaultError(
                f"descriptor {key_fd} gives no key", fix="gangly model set ... --key-fd 3 3<FILE"
            ) from error
        raise VaultError(
            "there is no terminal to ask for the key", fix="gangly model set ... --key-fd 3 3<FILE"
        ) from error


def _keep_key(choice: ModelChoice, key: Secret[str]) -> None:
    from gangly_tui.config import paths, private_folder
    from gangly_tui.keys import keys_of

    if not key.reveal().isascii() or any(each.isspace() for each in key.reveal()):
        raise InputError("that is no key: it has spaces or letters no key has", fix="copy it again")
    keys_of(private_folder(paths().data)).vault().put(choice.key_name, key)


def _forget_key(base_url: str, *, but: str = "") -> None:
    from gangly_tui.config import paths
    from gangly_tui.connectors.vault import names_in
    from gangly_tui.keys import keys_of

    name = f"model {base_url}"
    if base_url and base_url != but and name in names_in(paths().data):
        keys_of(paths().data).vault().remove(name)
