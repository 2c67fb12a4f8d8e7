"""Entra, Microsoft's directory, as Dynamics 365 and Microsoft 365 sign in to it: what is asked, and its endpoints."""

from __future__ import annotations

from typing import Final

from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.transport import Reach
from gangly_tui.connectors.vendor import Ask, Setup, Signer

ENTRA: Final = "login.microsoftonline.com"
ASKS: Final = (
    Ask(
        name="client_id",
        label="Application (client) id",
        why="Your administrator registers gangly once in Entra and gives you this id; it is no secret.",
        example="00000000-1111-2222-3333-444444444444",
    ),
    Ask(
        name="tenant",
        label="Directory (tenant)",
        why="Only for an application that is registered for one directory: its id or its domain.",
        example="acme.onmicrosoft.com",
        optional=True,
    ),
)


def provider_of(system: str, setup: Setup, scopes: tuple[str, ...]) -> Provider:
    """Entra's v2 endpoints of the customer's own directory, or of whichever the user belongs to."""
    entra = setup.at(f"https://{ENTRA}") + f"/{setup.get('tenant') or 'organizations'}/oauth2/v2.0"
    return Provider(
        system=system,
        authorize_url=f"{entra}/authorize",
        token_url=f"{entra}/token",
        device_url=f"{entra}/devicecode",
        client_id=setup.get("client_id"),
        scopes=scopes,
        extra={"prompt": "select_account"},
        host="localhost",  # Entra takes any port of localhost, and compares the path
        path="",
    )


def signer_of(provider: Provider, reach: Reach) -> Signer:
    """Microsoft's own library, loaded when somebody signs in."""
    from gangly_tui.connectors.microsoft_signin import Entra

    return Entra(provider, reach)
