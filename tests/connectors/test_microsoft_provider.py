"""MSAL, as Microsoft 365 and Dynamics sign in with it, against a real OpenID provider behind TLS on this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gangly_tui.connectors.engagement import microsoft
from gangly_tui.connectors.loopback import listening
from gangly_tui.connectors.microsoft_signin import Entra
from gangly_tui.connectors.oauth import Provider, Tokens, kept_as
from gangly_tui.connectors.transport import Manners, Reach, Wire, open_client
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import SignInNeeded, Unreachable
from tests.connectors.rigs import Kept, alone
from tests.connectors.test_oauth_provider import SCRIPT, package, person  # noqa: F401 - the fixture

PARTS = frozenset({"calendar", "mail"})
HERE = replace(Reach(hosts=frozenset({"localhost"}), deadline=20))


class Directory(Entra):
    """The same, where the provider is not Entra."""

    authority_as = "oidc_authority"


@dataclass(kw_only=True)
class Issuer:
    """A running provider, and the certificate it shows."""

    address: str
    certificate: Path

    @property
    def reach(self) -> Reach:
        return replace(HERE, ca_file=str(self.certificate))

    @property
    def provider(self) -> Provider:
        made = microsoft._provider(Setup(values={"client_id": "gangly"}, parts=PARTS))
        return replace(
            made, authorize_url=f"{self.address}/oauth2/v2.0/authorize", scopes=tuple(sorted(made.scopes))
        )  # fmt: skip

    def signer(self) -> Directory:
        return Directory(self.provider, self.reach)

    @property
    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


def certified(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for localhost, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    kept, shown = folder / "key.pem", folder / "cert.pem"
    plain = serialization.NoEncryption()
    kept.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    shown.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return kept, shown


@pytest.fixture(scope="module")
def issuer(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:  # noqa: F811
    """The provider, below a path and behind TLS, as MSAL insists."""
    key, certificate = certified(tmp_path_factory.mktemp("tls"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    wanted = microsoft._provider(Setup(parts=PARTS)).scopes
    scopes = " ".join(each for each in wanted if "://" in each)
    process = subprocess.Popen(
        ["node", SCRIPT.name, str(port), str(key), str(certificate), scopes],
        cwd=package, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            pytest.fail("the OpenID provider did not start")
        yield Issuer(address=f"https://localhost:{port}/tenant", certificate=certificate)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()  # type: ignore[union-attr]


async def sign_in(issuer: Issuer) -> Tokens:
    signer = issuer.signer()
    async with listening(issuer.provider, signer.ask) as listener:
        page, code = await asyncio.gather(person(listener.url, issuer.trusted), listener.code(patience=20))
        assert "connected" in page
        return await signer.exchange(code, datetime.now(UTC))


async def test_the_browser_gives_tokens_that_open_the_api_and_are_renewed_by_themselves(issuer: Issuer) -> None:
    tokens = await sign_in(issuer)
    assert tokens.refresh and "https://graph.microsoft.com/Mail.Read" in tokens.scope.split()
    kept = Kept()
    kept.put(kept_as("microsoft"), replace(tokens, expires_at=datetime.now(UTC)).dump())
    auth = issuer.signer().auth(kept, lock=alone)
    async with open_client(issuer.reach, auth=auth) as client:
        wire = Wire(system="microsoft", base=issuer.address, client=client, reach=issuer.reach, manners=Manners())
        assert (await wire.read("/me")).data["sub"] == "robin"
    renewed = Tokens.load(kept.held[kept_as("microsoft")])
    assert renewed.access != tokens.access and renewed.refresh != tokens.refresh, "the refresh token rotates"
    stale = Kept()
    stale.put(kept_as("microsoft"), replace(tokens, expires_at=datetime.now(UTC)).dump())
    async with open_client(issuer.reach, auth=issuer.signer().auth(stale, lock=alone)) as client:
        wire = Wire(system="microsoft", base=issuer.address, client=client, reach=issuer.reach, manners=Manners())
        with pytest.raises(SignInNeeded) as needed:
            await wire.read("/me")
    assert needed.value.fix == "gangly connect microsoft"


async def test_a_device_code_from_pending_to_agreed(issuer: Issuer) -> None:
    signer = issuer.signer()
    begun = await signer.ask_device_code(datetime.now(UTC))
    signer._flow["interval"] = 1  # MSAL warns of who asks before it; no time passes here between two questions
    waits: list[float] = []

    async def agree_after_the_first_wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            page = await person(f"{begun.url}?user_code={begun.user_code}", issuer.trusted)
            assert "Sign-in Success" in page

    tokens = await signer.poll_device(begun, now=lambda: datetime.now(UTC), sleep=agree_after_the_first_wait)
    assert tokens.refresh and len(waits) == 2, "the first question was answered with: pending"


async def test_a_sign_in_page_with_a_certificate_of_nobody_is_not_asked(issuer: Issuer) -> None:
    signer = Directory(issuer.provider, HERE)
    with pytest.raises((Unreachable, SignInNeeded)):
        await signer.ask_device_code(datetime.now(UTC))
