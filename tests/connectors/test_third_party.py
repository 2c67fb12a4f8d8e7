"""A connector that comes from elsewhere: built as the package it is, found by name, loaded alone, as good as ours.

`third_party/` is the package; nothing of gangly names it. It is made into a wheel and laid onto the path, as an
installer would.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors import registry
from gangly_tui.connectors.oauth import FixedToken
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import HOST, Link, Setup
from gangly_tui.domain.errors import ConnectorError, DuplicateFound, OutcomeUnknown, RateLimited, Refused, SignInNeeded
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import Kind, RecordRef, Value, encode
from gangly_tui.domain.secret import Secret
from tests.connectors.contract import RecordContract, Rig, scope_of
from tests.connectors.rigs import everything, no_sleep
from tests.fakes.serve import FakeTransport, Reply
from tests.fakes.tidemark import TidemarkFake

HERE = Path(__file__).parent / "third_party"
PAGE = Path(registry.__file__).with_name("WRITING.md")
NAME = "tidemark"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an installer would have made of the package: its module, and the entry point beside it."""
    built = tmp_path_factory.mktemp("wheel")
    how = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", how, str(built)], cwd=HERE, check=True, timeout=60)
    site = tmp_path_factory.mktemp("site")
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        opened.extractall(site)
    return site


@pytest.fixture
def installed(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(wheel)
    yield wheel
    sys.modules.pop("gangly_tidemark", None)


@pytest.fixture
def theirs(installed: Path) -> Any:
    return registry.load(NAME).module


@pytest.fixture
def fake() -> TidemarkFake:
    return TidemarkFake()


def link_to(theirs: Any, fake: TidemarkFake, scope: Scope | None = None) -> Link:
    reach = Reach(hosts=theirs.VENDOR.hosts)
    setup = Setup(values={HOST: "acme.tidemark.example"})
    wire = Wire(
        system=NAME,
        base=theirs.VENDOR.base(setup, {}),
        client=open_client(reach, auth=FixedToken(lambda: Secret("tide-1")), inner=FakeTransport(fake)),
        reach=reach,
        manners=theirs.VENDOR.manners,
        sleep=no_sleep,
    )
    return Link(wire=wire, scope=scope or everything(NAME), setup=setup, user_email="robin@seller.com")


@pytest.fixture
def rig(theirs: Any, fake: TidemarkFake, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(theirs, "PAGE", 3)  # small pages, so that a feed has several
    link = link_to(theirs, fake)

    async def colleague(ref: RecordRef, field: str, value: Value) -> None:
        row = fake.rows[theirs.OBJECTS[ref.kind], ref.id]
        fake.change(row, {theirs.NAMES[ref.kind][field]: encode(value)}, by="priya@seller.com")

    return Rig(
        reader=theirs.open_reader(link),
        writer=theirs.open_writer(link),
        reader_for=lambda scope: theirs.open_reader(link_to(theirs, fake, scope)),
        colleague=colleague,
    )


class TestTidemark(RecordContract):
    """The contract that ours inherit."""


def test_it_is_found_by_name_and_loaded_alone(installed: Path) -> None:
    program = """
    import sys
    from gangly_tui.commands.connect import systems
    from gangly_tui.connectors import registry
    def loaded():
        found = ("gangly_tidemark", "gangly_tui.connectors.record.", "gangly_tui.connectors.engagement.")
        return {name for name in sys.modules if name.startswith(found)}
    assert "tidemark" in registry.names()
    assert systems()[-1][0] == "tidemark", systems()
    assert loaded() == set(), "listing it imports nothing"
    registry.load("tidemark")
    assert loaded() == {"gangly_tidemark", "gangly_tui.connectors.record.rules"}, loaded()
    """
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60, env=env)


def test_what_it_brings_is_said_by_its_package_without_asking_it(installed: Path) -> None:
    (guest,) = registry.guests()
    assert (guest.name, guest.package) == (NAME, "gangly-tidemark 1.0")
    assert guest.brings == "companies, people, deals and entries of Tidemark"
    assert "gangly_tidemark" not in sys.modules


def test_nothing_of_ours_is_a_guest() -> None:
    assert registry.guests() == () and version("gangly-tui")


async def test_no_field_outside_the_scope_is_named_on_the_wire(theirs: Any, fake: TidemarkFake, rig: Rig) -> None:
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de", phone="1")
    fake.asked.clear()
    narrow = rig.reader_for(scope_of(NAME, {Kind.CONTACT: {"last_name", "email"}}))
    await narrow.read(ada.ref)
    assert [page async for page in narrow.changes("")]
    asked = " ".join(query for _, _, query, _ in fake.asked)
    assert "family" in asked and "phone" not in asked and "deals" not in asked


def no(status: int, **error: str) -> Reply:
    """A refusal as Tidemark words it."""
    return status, {"retry-after": "9"}, json.dumps({"error": {"message": "no", **error}}).encode()


@pytest.mark.parametrize(
    ("told", "error", "said"),
    [
        (no(401, code="token"), SignInNeeded, "does not accept the sign-in"),
        (no(429, code="limit"), RateLimited, "asks to wait"),
        ((500, {}, b"<html>oops</html>"), OutcomeUnknown, "an error of its own"),
        ((200, {}, b"{not json"), OutcomeUnknown, "no JSON"),
        (no(422, code="invalid", field="worth"), Refused, "does not take amount"),
        (no(409, code="duplicate", existing="d9"), DuplicateFound, "Tidemark: no"),
        (no(410, code="gone"), Refused, "Tidemark: no"),
    ],
)
async def test_a_write_is_sent_once_and_what_comes_back_is_understood(
    rig: Rig, fake: TidemarkFake, told: Reply, error: type[ConnectorError], said: str
) -> None:
    deal = await rig.deal()
    fake.asked.clear()
    fake.weather.append(("PATCH", told))
    with pytest.raises(error, match=said):
        await rig.writer.update(deal.ref, {"next_step": "Call"}, expect=deal.version, meta=rig.meta())
    assert [method for method, *_ in fake.asked].count("PATCH") == 1


def test_the_page_on_writing_a_connector_shows_this_one(theirs: Any) -> None:
    """Each piece of code on the page is code that runs here, word for word and in its order."""
    running = "".join((HERE / each).read_text(encoding="utf-8") for each in ("pyproject.toml", "gangly_tidemark.py"))
    running += Path(__file__).read_text(encoding="utf-8")
    shown = re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(shown) == 8
    at = 0
    for code in shown:
        at = running.index(code, at) + len(code)
    named = re.findall(r"`((?:tests|gangly_tui)/[\w./]+)`", PAGE.read_text(encoding="utf-8"))
    assert named and all((HERE.parents[2] / each).exists() for each in named)
