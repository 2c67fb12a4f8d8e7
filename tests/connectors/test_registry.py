"""The connectors by name: listing imports none, loading imports one, and strangers cannot take a name over."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gangly_tui.connectors import registry
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy import Layer


def test_ours_are_there_and_say_what_they_are() -> None:
    assert {"sandbox", "files"} <= set(registry.names())
    for name in registry.names():
        loaded = registry.load(name)
        assert loaded.name == name and loaded.about.label and loaded.about.brings
    assert registry.load("sandbox").about.layer is Layer.RECORD
    assert registry.load("files").about.layer is Layer.ENGAGEMENT
    assert hasattr(registry.load("sandbox").module, "SandboxReader")


def test_listing_imports_none_and_loading_imports_one() -> None:
    program = """
    import sys
    from gangly_tui.connectors import registry
    def ours():
        found = ("gangly_tui.connectors.record.", "gangly_tui.connectors.engagement.")
        return {name for name in sys.modules if name.startswith(found)}
    registry.names()
    assert ours() == set(), ours()
    registry.load("sandbox")
    assert not any("engagement" in name for name in ours()), ours()
    registry.load("files")
    assert "icalendar" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as unknown:
        registry.load("sandbux")
    assert "sandbox" in unknown.value.fix
    with pytest.raises(ConfigError) as unknown:
        registry.load("zzzz")
    assert "files" in unknown.value.fix


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_package_anywhere", "cannot be loaded"),
        ("raise RuntimeError('boom')", "boom"),
        ("x = 1", "does not say what it is"),
        ("ABOUT = 'a connector'", "does not say what it is"),
    ],
)
def test_a_strangers_module_that_does_not_work_is_an_error_with_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    (tmp_path / "stranger_connector.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "stranger_connector", raising=False)
    point = EntryPoint(name="stranger", value="stranger_connector", group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: (point,))
    with pytest.raises(ConfigError, match=said) as refused:
        registry.load("stranger")
    assert refused.value.fix


def test_two_packages_that_claim_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint(name="sandbox", value=value, group=registry.GROUP) for value in ("ours", "theirs")]
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)
    with pytest.raises(ConfigError, match="several packages"):
        registry.load("sandbox")
