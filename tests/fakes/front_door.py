"""The sign-in in front of a fake, for trying `gangly connect` by hand: whoever asks has agreed already.

A code is good once and only with its PKCE verifier. What it gives are the fake's own `token` and `refresh`; a fake
without them answers for itself. Renewing is the fake's business.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
from collections.abc import Mapping
from itertools import count
from urllib.parse import parse_qs, urlencode

from tests.fakes.serve import Fake, Reply


class FrontDoor:
    """A fake with a sign-in: GET .../authorize, POST .../token with a code, POST .../revoke."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._codes: dict[str, str] = {}
        self._numbers = count(1)

    async def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request: the sign-in's here, all others the fake's."""
        if method == "GET" and path.endswith("/authorize"):
            return self._agree(_form(query))
        form = _form(body.decode("latin-1")) if path.endswith(("/token", "/revoke")) and method == "POST" else {}
        if path.endswith("/revoke") and form:
            return 200, {"content-type": "application/json"}, b"{}"
        if form.get("grant_type") == "authorization_code":
            if not self._is_good(form):
                return 400, {"content-type": "application/json"}, json.dumps({"error": "invalid_grant"}).encode()
            if hasattr(self._fake, "token"):
                return self._tokens()
        found = self._fake.handle(method, path, query, headers, body)
        return await found if inspect.isawaitable(found) else found

    def _agree(self, asked: Mapping[str, str]) -> Reply:
        code = f"code-{next(self._numbers)}"
        self._codes[code] = asked.get("code_challenge", "")
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked.get('state', '')})}"
        return 302, {"location": back}, b""

    def _is_good(self, form: Mapping[str, str]) -> bool:
        wanted = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        return wanted == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _tokens(self) -> Reply:
        told = {
            "access_token": getattr(self._fake, "token", "token-1"),
            "refresh_token": getattr(self._fake, "refresh", "refresh-1"),
            "token_type": "Bearer",
            "expires_in": 3600,
        }
        return 200, {"content-type": "application/json"}, json.dumps(told).encode()


def _form(text: str) -> dict[str, str]:
    return {name: each[0] for name, each in parse_qs(text).items()}
