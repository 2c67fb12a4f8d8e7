"""A vendor for the tests of connecting: its module as any connector's, and its server on this machine in a thread."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import HOST, Ask, AuditField, Link, Permission, Setup, Standing, Vendor, Way
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef

NAME = "trial"
ABOUT = About(label="Trial CRM", layer=Layer.RECORD, brings="accounts")


def _provider(setup: Setup) -> Provider:
    return Provider(
        system=NAME,
        authorize_url=f"{setup.host()}/authorize",
        token_url=f"{setup.host()}/token",
        revoke_url=f"{setup.host()}/revoke",
        device_url=f"{setup.host()}/device",
        client_id=setup.get("client_id"),
        client_secret=setup.secret("client_secret"),
        scopes=("api", "refresh_token"),
        keep=("instance_url",),
    )


def _base(setup: Setup, more: Mapping[str, str]) -> str:
    return more.get("instance_url") or setup.host()


VENDOR = Vendor(
    name=NAME,
    title="Trial CRM",
    hosts=frozenset({".trial.example"}),
    asks=(Ask(name=HOST, label="Address", why="Your own address.", example="acme.trial.example"),),
    ways=(
        Way(
            name="browser",
            title="In the browser",
            means="You agree in the browser.",
            asks=(
                Ask(name="client_id", label="App id", why="From the installed app."),
                Ask(name="client_secret", label="App secret", why="Beside the id.", secret=True, optional=True),
            ),
            provider=_provider,
        ),
        Way(
            name="token",
            title="A token made by hand",
            means="A static credential.",
            asks=(Ask(name="token", label="Token", why="Settings > API.", secret=True),),
            header="x-token",
            scheme="",
            rotate_days=30,
        ),
    ),
    permissions=(Permission(name="api", why="to read and write deals"),),
    admin=("Install the app",),
    audit_fields=(AuditField(of="Deal", name="Source", type="text", meta="source"),),
    guide="# Trial CRM\nInstall the app.",
    base=_base,
    manners=Manners(),
)


class Reader:
    """Reads nothing, but asks for it."""

    system = NAME

    def __init__(self, link: Link) -> None:
        self._link = link

    async def describe(self, kind: Kind) -> ObjectSchema:
        await self._link.wire.read("/api/describe")
        return ObjectSchema(kind=kind, fields=())

    async def read(self, ref: RecordRef) -> Record:
        raise NotImplementedError

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        return ()

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        return None

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        await self._link.wire.read("/api/changes")
        yield ChangePage(records=(), deleted=(), cursor="1")

    def url(self, ref: RecordRef) -> str:
        return f"{self._link.wire.base}/{ref.id}"


def open_reader(link: Link) -> Reader:
    return Reader(link)


async def check(link: Link) -> Standing:
    me = (await link.wire.read("/api/me")).data
    return Standing(
        account=me["account"],
        organisation=me["number"],
        found=frozenset({"Deal.Source"}),
        missing=("Deal.Approved is not there: an administrator would create it",),
    )


class State:
    """What the server remembers."""

    def __init__(self) -> None:
        self.base = ""
        self.asked: list[str] = []
        self.codes: dict[str, str] = {}
        self.number = 0
        self.access = ""
        self.refresh = ""
        self.token = "t-static"
        self.declines = False
        self.check_status = 200
        self.customer = ""
        self.device_polls = 0
        self.forms: list[dict[str, str]] = []
        self.all_at_once: threading.Barrier | None = None
        """holds back the first refusals until so many have come"""

    def end_the_sign_in(self) -> None:
        """Everything that was issued is worth nothing any more."""
        self.access = self.refresh = "ended"

    def answer(self, target: str, form: dict[str, str], headers: Mapping[str, str]) -> tuple[int, Any, str]:
        """Status, JSON and, for a redirect, where to."""
        where = urlsplit(target)
        query = {name: each[0] for name, each in parse_qs(where.query).items()}
        self.asked.append(where.path)
        if where.path.startswith("/api"):
            good = headers.get("x-token") == self.token or headers.get("authorization") == f"Bearer {self.access}"
            if not good and self.all_at_once is not None:
                with suppress(threading.BrokenBarrierError):
                    self.all_at_once.wait(30)
            status = (self.check_status if where.path == "/api/me" else 200) if good else 401
            return status, {"account": "Robin Vega at Acme", "number": self.customer}, ""
        if where.path == "/authorize":
            if self.declines:
                return 302, None, f"{query['redirect_uri']}?{urlencode({'error': 'no', 'state': query['state']})}"
            code = f"c{len(self.codes)}"
            self.codes[code] = query["code_challenge"]
            return 302, None, f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
        self.forms.append(form)
        if where.path == "/device":
            found = {"device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": f"{self.base}/go"}
            return 200, {**found, "interval": 0.01}, ""
        if where.path == "/revoke":
            self.end_the_sign_in()
            return 200, {}, ""
        return (*self._token(form), "")

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        match form["grant_type"]:
            case "authorization_code":
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                if self.codes.pop(form["code"], "") != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
                    return 400, {"error": "invalid_grant"}
            case "refresh_token":
                if form["refresh_token"] != self.refresh:
                    return 400, {"error": "invalid_grant", "error_description": "the session has ended"}
            case _:
                self.device_polls += 1
                if self.device_polls < 3:
                    return 400, {"error": "authorization_pending"}
        self.number += 1
        self.access, self.refresh = f"secret-a{self.number}", f"secret-r{self.number}"
        return 200, {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "expires_in": 3600,
            "scope": "api refresh_token",
            "instance_url": self.base,
        }


@contextmanager
def serving() -> Iterator[State]:
    """The vendor's server on a free port of this machine."""
    state = State()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("content-length", 0))
            form = {name: each[0] for name, each in parse_qs(self.rfile.read(size).decode()).items()}
            status, data, where = state.answer(self.path, form, {k.lower(): v for k, v in self.headers.items()})
            body = json.dumps(data).encode()
            self.send_response(status)
            if where:
                self.send_header("Location", where)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:  # type: ignore[override]
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def browse(url: str) -> bool:
    """A person with a browser who agrees: follows the redirect to the listener, meanwhile."""
    import urllib.request

    def visit() -> None:
        urllib.request.urlopen(url, timeout=10).read()

    threading.Thread(target=visit, daemon=True).start()
    return True
