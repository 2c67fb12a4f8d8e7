"""Which connectors there are: ours, and those that a team installs beside gangly.

A connector is a module named in the entry-point group `gangly.connectors`; what it says of itself is its `ABOUT`.
Listing them imports none; loading one imports that one alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy import Layer

GROUP = "gangly.connectors"
_OURS = "gangly_tui."


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a connector says of itself: how a person knows it, the layer it reads, and what it brings."""

    label: str
    layer: Layer
    brings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A connector that was imported; `module` holds its doors."""

    name: str
    about: About
    module: ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A connector that did not come with gangly, as its package tells of it."""

    name: str
    package: str
    """name and version"""
    brings: str


def names() -> tuple[str, ...]:
    """The connectors that are installed, by name. Imports none of them."""
    return tuple(sorted({each.name for each in entry_points(group=GROUP)}))


def guests() -> tuple[Guest, ...]:
    """The connectors of other packages, by name. Imports none of them: what they bring is their package's summary."""
    found = {}
    for each in entry_points(group=GROUP):
        if each.dist is not None and not each.value.startswith(_OURS):
            brings = str(each.dist.metadata.json.get("summary", ""))
            found[each.name] = Guest(name=each.name, package=f"{each.dist.name} {each.dist.version}", brings=brings)
    return tuple(found[name] for name in sorted(found))


def load(name: str) -> Loaded:
    """Import one connector. Raises ConfigError when there is none of this name, or when it cannot be used."""
    entry = _the_one(name)
    try:
        module = entry.load()
    except Exception as error:  # a stranger's module may raise anything while it is imported
        raise ConfigError(
            f"the connector {name} cannot be loaded: {error}", fix=f"reinstall {_package(entry)} with what it needs"
        ) from error
    about = getattr(module, "ABOUT", None)
    if not isinstance(module, ModuleType) or not isinstance(about, About):
        raise ConfigError(
            f"the connector {name} of {_package(entry)} does not say what it is",
            fix=f"remove {_package(entry)}, or give its module an ABOUT",
        )
    return Loaded(name=name, about=about, module=module)


def _the_one(name: str) -> EntryPoint:
    """The entry point of this name. Two packages that claim one name are refused: which is meant decides who reads."""
    found = {each.value: each for each in entry_points(group=GROUP, name=name)}
    if not found:
        from difflib import get_close_matches

        known = names()
        near = get_close_matches(name, known, n=1)
        raise ConfigError(
            f"there is no connector {name!r}",
            fix=f"did you mean {near[0]!r}?" if near else "installed are: " + ", ".join(known),
        )
    if len(found) > 1:
        packages = ", ".join(sorted({_package(each) for each in found.values()}))
        raise ConfigError(f"several packages bring a connector {name!r}: {packages}", fix="uninstall all but one")
    return next(iter(found.values()))


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "its package"
