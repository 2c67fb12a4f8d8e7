"""The rules of the house, each as a test: what no single module can see about itself."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from textual.binding import Binding

from gangly_tui.cli import VERBS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "gangly_tui"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCREENS = [each for each in SOURCES if "tui" in each.relative_to(PACKAGE).parts]
LIMIT = 400

WRITER_ROOMS = {"domain/ports.py", "flow/deliver.py", "bootstrap.py"}
VAGUE_NAMES = {"utils.py", "helpers.py", "manager.py", "util.py", "helper.py", "misc.py", "common.py"}
UNSENDABLE = {"ctrl+h", "ctrl+i", "ctrl+m", "ctrl+j", "ctrl+left_square_bracket"}
HEAVY = {"openai", "httpx", "keyring", "tldextract", "googleapiclient", "msal", "sqlite_utils"}
NO_BRIEF = {
    f"gangly_tui.{name}"
    for name in ("domain.draft", "domain.proposal", "domain.outbox", "domain.audit", "flow.deliver", "store.trail")
}
"""What a brief, alone or on the first screen, is laid out without."""
TEXT_TAKERS = {"Static", "Label", "Button", "Option", "Tooltip", "Digits", "Link", "notify", "update"}
TEXT_ATTRIBUTES = {"border_title", "border_subtitle", "tooltip"}


def shown(path: Path) -> str:
    """The path as a failure names it."""
    return path.relative_to(ROOT).as_posix()


def trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    for path in paths:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=shown)
def test_no_file_outgrows_a_reader(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < LIMIT


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [shown(each) for each in SOURCES if each.name in VAGUE_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [shown(path) for path, tree in trees(SOURCES) if tree.body and ast.get_docstring(tree) is None]
    assert silent == []


def test_only_the_courier_and_who_builds_it_name_a_writer() -> None:
    rooms = set()
    for path in SOURCES:
        tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if any(each.type == tokenize.NAME and each.string == "RecordWriter" for each in tokens):
            rooms.add(path.relative_to(PACKAGE).as_posix())
    assert rooms <= WRITER_ROOMS


def _is_markup(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="from_markup") | ast.keyword(arg="markup", value=ast.Constant(value=True)):
            return True
        case ast.ImportFrom(module="rich.markup") | ast.alias(name="rich.markup"):
            return True
    return False


def _built_text(node: ast.AST) -> bool:
    """Whether an expression puts outside text into a plain string, which a widget would read as markup."""
    match node:
        case ast.JoinedStr():
            return True
        case ast.BinOp(left=left, op=ast.Mod() | ast.Add(), right=right):
            return (
                _built_text(left)
                or _built_text(right)
                or isinstance(left, ast.Constant) != isinstance(right, ast.Constant)
            )
        case ast.Call(func=ast.Attribute(attr="format" | "join", value=ast.Constant())):
            return True
    return False


def _given_built_text(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_], keywords=keywords):
            plain = any(each.arg == "markup" and getattr(each.value, "value", None) is False for each in keywords)
            return name in TEXT_TAKERS and not plain and _built_text(first)
        case ast.Assign(targets=[ast.Attribute(attr=name)], value=value):
            return name in TEXT_ATTRIBUTES and _built_text(value)
    return False


def test_no_screen_reads_text_as_markup() -> None:
    found = [
        f"{shown(path)}:{node.lineno}" for path, tree in trees(SCREENS) for node in ast.walk(tree) if _is_markup(node)
    ]
    assert found == []


def test_widgets_get_text_only_as_content() -> None:
    found = [
        f"{shown(path)}:{node.lineno}"
        for path, tree in trees(SCREENS)
        for node in ast.walk(tree)
        if _given_built_text(node)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ('Static(f"{name}")', True),
        ('self.query_one(Static).update("a %s" % name)', True),
        ('self.notify("deal " + name)', True),
        ('panel.border_title = f"{name}"', True),
        ('Label("{}".format(name))', True),
        ('Static(f"{name}", markup=False)', False),
        ('Static(content(f"{name}"))', False),
        ('Static("our own words")', False),
    ],
)
def test_the_check_of_widgets_bites(code: str, caught: bool) -> None:
    assert any(_given_built_text(node) for node in ast.walk(ast.parse(code))) is caught


def _bindings() -> list[tuple[str, object]]:
    """Every binding of every class of ours, with the class's name."""
    found: list[tuple[str, object]] = []
    for path in SCREENS:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for each in vars(import_module(name)).values():
            if isinstance(each, type) and each.__module__ == name:
                found += [(f"{name}.{each.__name__}", binding) for binding in vars(each).get("BINDINGS", ())]
    return found


def test_every_key_can_be_remapped_and_says_what_it_does() -> None:
    bindings = _bindings()
    assert len(bindings) > 10
    assert [where for where, each in bindings if not isinstance(each, Binding)] == []
    ours = [(where, each) for where, each in bindings if isinstance(each, Binding)]
    assert [(where, each.key) for where, each in ours if not (each.id and each.tooltip)] == []
    ids = [each.id for _, each in ours]
    assert sorted({each for each in ids if ids.count(each) > 1}) == []


def test_no_key_is_one_that_terminals_cannot_send() -> None:
    keys = {key.strip() for _, each in _bindings() if isinstance(each, Binding) for key in each.key.split(",")}
    assert keys & UNSENDABLE == set()


_TELL_MODULES = """
import sys, json
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def modules_after(code: str, home: Path) -> set[str]:
    """The modules, by whole name, that a fresh interpreter has loaded after running the code."""
    program = f"{code}\n{_TELL_MODULES}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "GANGLY_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def verb(*arguments: str) -> str:
    """A program that runs one verb and does not leave."""
    run = f"    main({list(arguments)!r})"
    return f"from gangly_tui.cli import main\ntry:\n{run}\nexcept SystemExit as left:\n    assert not left.code, left"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sandbox set up and its store filled."""
    home = tmp_path_factory.mktemp("home") / "gangly"
    for arguments in (("connect", "sandbox"), ("pull",)):
        modules_after(verb(*arguments), home)
    return home


def test_the_version_loads_nothing_but_click(tmp_path: Path) -> None:
    loaded = {each.partition(".")[0] for each in modules_after(verb("--version"), tmp_path)}
    foreign = {each for each in loaded - sys.stdlib_module_names if not each.startswith("_")}
    assert foreign <= {"click", "gangly_tui", "sitecustomize", "usercustomize", "colorama"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("brief", "next", "--json"),
        ("review", "--json"),
        ("audit", "verify"),
        ("doctor",),
        ("sandbox", "show", "--json"),
    ],
    ids=" ".join,
)
def test_no_verb_loads_the_screens(sandbox: Path, arguments: tuple[str, ...]) -> None:
    loaded = modules_after(verb(*arguments), sandbox)
    assert loaded & {"textual", "rich"} == set()


def test_the_brief_loads_nothing_it_does_not_use(sandbox: Path) -> None:
    loaded = modules_after(verb("brief", "next", "--json"), sandbox)
    unused = {"icalendar", "phonenumbers", "rapidfuzz", "tomlkit", "asyncio", "hashlib", "rfc8785", "difflib"}
    assert loaded & (HEAVY | unused | NO_BRIEF) == set()


def test_the_first_screen_comes_up_without_the_heavy_libraries(sandbox: Path) -> None:
    program = """
import asyncio, sys
from gangly_tui.bootstrap import open_desk
from gangly_tui.config import load_config
from gangly_tui.tui.app import GanglyApp
app = GanglyApp(open_desk(load_config()))
app.action_pull = lambda: None
async def look():
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.today is not None and app.today.meeting_id
asyncio.run(look())
app.desk.close()
"""
    assert modules_after(program, sandbox) & HEAVY == set()
    before_the_courier = program.replace("\nasync def look", "\napp._begin = lambda: None\nasync def look", 1)
    assert modules_after(before_the_courier, sandbox) & (HEAVY | NO_BRIEF) == set()


def _table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of the README, header left out."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in rows[2:]]


def test_the_readme_lists_every_verb_and_no_other() -> None:
    told = [re.findall(r"`gangly ?([a-z]*)", row[0])[0] for row in _table("Commands")]
    assert told == ["", *VERBS]


def _key_names(binding: Binding) -> set[str]:
    """How a key is written for a person: as the footer shows it."""
    return {binding.key_display} if binding.key_display else {each.strip() for each in binding.key.split(",")}


def test_the_readme_lists_every_key_of_the_screens_and_no_other() -> None:
    told = {key for row in _table("Keys") for key in re.findall(r"`([^`]+)`", row[0])}
    ours = [(where, each) for where, each in _bindings() if isinstance(each, Binding)]
    every = {key for _, each in ours for key in _key_names(each)}
    screens = {key for where, each in ours if ".widgets." not in where for key in _key_names(each)}
    assert screens - told == set()
    assert told - every == set()


def test_every_verb_teaches_with_an_example() -> None:
    from gangly_tui.cli import gangly

    for name in VERBS:
        command = gangly.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.help, name
        assert f"gangly {name}" in command.help, name
        for below in getattr(command, "commands", {}).values():
            assert f"gangly {name} {below.name}" in (below.help or ""), f"{name} {below.name}"


def test_nothing_names_the_machine_it_was_written_on() -> None:
    private = ["/" + "work/", "/" + "root/", "/" + "tmp/plan", "cl" + "aude", "anth" + "ropic", "sub" + "agent"]
    written = [
        *SOURCES,
        *TESTS,
        *PACKAGE.rglob("*.tcss"),
        *PACKAGE.rglob("*.toml"),
        *ROOT.glob("*.md"),
        *ROOT.glob("*.toml"),
    ]
    written += [
        each for each in (ROOT / "assets").rglob("*") if each.suffix in {".md", ".txt", ".json", ".toml", ".py"}
    ]
    found = [
        (shown(path), word)
        for path in [*written, ROOT / "Makefile"]
        for word in private
        if word in path.read_text(encoding="utf-8", errors="replace").lower()
    ]
    assert found == []
