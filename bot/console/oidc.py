"""Accounts of the school (OpenID Connect) as a second factor: code flow with PKCE, state and nonce.

Needs the extra `oidc`. Whoever comes in by a one-time link shows their account once; after that no other one lets them
in. An account without a link lets nobody in, and makes nobody.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp

ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
"""Signatures that are taken: those of public keys."""
MOST_S, MOST_BYTES = 10.0, 200_000
"""Seconds that the school's server has for an answer, and bytes of one."""
NOTHING_KEPT = json.dumps([""] * 3)
"""What is kept where no login began, or one whose answer came already."""
LEEWAY_S = 60
"""Seconds by which its clock may be another one."""


class NoAccount(Exception):
    """The school's server does not answer, or its answer does not hold."""


@dataclass(frozen=True)
class SchoolAccounts:
    """The school's server, and what it calls us."""

    issuer: str
    client: str
    secret: str = field(repr=False)

    async def begin(self, back: str) -> tuple[str, str]:
        """Return where the login is that leads `back`, and what to keep until then. NoAccount."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": self.client,
            "redirect_uri": back,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        async with self._calls() as calls:
            place = (await self._discover(calls))["authorization_endpoint"]
        joint = "&" if "?" in place else "?"
        return f"{place}{joint}{urlencode(asked)}", json.dumps([state, nonce, verifier])

    async def finish(self, kept: str, answer: Mapping[str, str], back: str, at: datetime) -> str:
        """Return the id of the account that the answer is of, as it is stored. NoAccount."""
        state, nonce, verifier = json.loads(kept)
        if not state or not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise NoAccount("state")
        if answer.get("iss", self.issuer) != self.issuer or not answer.get("code"):
            raise NoAccount("answer")
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": back}
        async with self._calls() as calls:
            found = await self._discover(calls)
            form |= {"code_verifier": verifier}
            whole = await _ask(calls, "POST", found["token_endpoint"], {"authorization": self._word}, form)
            keys = await _ask(calls, "GET", found["jwks_uri"])
        claims = self._verify(whole.get("id_token"), keys, nonce, at)
        return f"account:{hashlib.sha256(json.dumps([self.issuer, claims['sub']]).encode()).hexdigest()}"

    def _verify(self, token: object, keys: Any, nonce: str, at: datetime) -> Mapping[str, Any]:
        from joserfc import jwk, jwt  # noqa: PLC0415 - an extra
        from joserfc.errors import JoseError  # noqa: PLC0415

        must = {"iss": self.issuer, "aud": self.client, "nonce": nonce}
        rules: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in must.items()}
        rules |= {name: {"essential": True} for name in ("sub", "exp", "iat")}
        try:
            claims = jwt.decode(str(token), jwk.KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(now=int(at.timestamp()), leeway=LEEWAY_S, **rules).validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as trouble:
            raise NoAccount(type(trouble).__name__) from None
        if claims.get("azp", self.client) != self.client:
            raise NoAccount("azp")
        return claims

    @property
    def _word(self) -> str:
        return f"Basic {base64.b64encode(f'{quote(self.client)}:{quote(self.secret)}'.encode()).decode()}"

    def _calls(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(MOST_S))

    async def _discover(self, calls: aiohttp.ClientSession) -> Mapping[str, str]:
        found: dict[str, str] = await _ask(calls, "GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        places = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if found.get("issuer") != self.issuer or not all(isinstance(one, str) and _is_safe(one) for one in places):
            raise NoAccount("discovery")
        return found


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))


async def _ask(
    calls: aiohttp.ClientSession,
    method: str,
    address: str,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> Any:
    try:
        async with calls.request(method, address, headers=headers, data=form, allow_redirects=False) as answer:
            body = await answer.content.read(MOST_BYTES)
            while len(body) < MOST_BYTES and (more := await answer.content.read(MOST_BYTES - len(body))):
                body += more
            found = json.loads(body)
    except (aiohttp.ClientError, TimeoutError, ValueError) as trouble:
        raise NoAccount(type(trouble).__name__) from None
    if answer.status != 200 or not isinstance(found, dict):
        raise NoAccount(f"status {answer.status}")
    return found
