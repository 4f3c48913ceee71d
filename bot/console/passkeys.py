"""Passkeys: the other second factor. The browser signs a challenge with a key that never leaves the person's device.

Needs the extra `passkeys`; without it the console offers none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from bot.channels.web.site import Site
from bot.domain.console import Passkey

IS_THERE = find_spec("webauthn") is not None
MOST_ANSWER = 20_000
"""Characters of what a browser answers."""
CHALLENGE_BYTES = 32

_NUMBERS = re.compile(r"[0-9.]+|.*:.*", re.ASCII)


@dataclass(frozen=True)
class Relying:
    """The site as authenticators know it: its name, its host, its origin."""

    name: str
    host: str
    origin: str

    @classmethod
    def of(cls, request: Request, site: Site, name: str) -> Relying:
        url = urlsplit(site.url or str(request.base_url))
        return cls(name, url.hostname or "", f"{url.scheme}://{url.netloc}")

    @property
    def can_ask(self) -> bool:
        """Whether there can be passkeys: the library is there, and the address is a name, to which they belong."""
        return IS_THERE and not _NUMBERS.fullmatch(self.host)


def ask_new(relying: Relying, user: str, label: str, challenge: bytes, known: list[Passkey]) -> str:
    """Return the options (JSON) with which a browser makes a passkey."""
    from webauthn import generate_registration_options, options_to_json  # noqa: PLC0415 - an extra, and slow
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # noqa: PLC0415

    there = [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential)) for one in known if one.key]
    options = generate_registration_options(
        rp_id=relying.host,
        rp_name=relying.name,
        user_id=user.encode(),
        user_name=label,
        challenge=challenge,
        exclude_credentials=there,
    )
    return options_to_json(options)


def take_new(relying: Relying, answer: str, challenge: bytes) -> Passkey | None:
    """Return the passkey that a browser made; None when the answer does not hold."""
    from webauthn import verify_registration_response  # noqa: PLC0415
    from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415

    made: Any = _judge(
        verify_registration_response,
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=relying.host,
        expected_origin=relying.origin,
    )
    if made is None:
        return None
    credential, key = bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key)
    return Passkey(credential, key, made.sign_count)


def ask(relying: Relying, challenge: bytes, known: list[Passkey]) -> str:
    """Return the options (JSON) with which a browser shows that it has one of these passkeys."""
    from webauthn import generate_authentication_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # noqa: PLC0415

    allowed = [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential)) for one in known]
    return options_to_json(
        generate_authentication_options(rp_id=relying.host, challenge=challenge, allow_credentials=allowed)
    )


def take(relying: Relying, answer: str, challenge: bytes, known: list[Passkey]) -> Passkey | None:
    """Return the passkey that signed the challenge, with its new count; None when none of these did."""
    from webauthn import verify_authentication_response  # noqa: PLC0415
    from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json  # noqa: PLC0415

    given: Any = _judge(parse_authentication_credential_json, answer)
    one = next((one for one in known if given and one.credential == given.id), None)
    if one is None:
        return None
    proven: Any = _judge(
        verify_authentication_response,
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=relying.host,
        expected_origin=relying.origin,
        credential_public_key=base64url_to_bytes(one.key),
        credential_current_sign_count=one.count,
    )
    return Passkey(one.credential, one.key, proven.new_sign_count) if proven else None


def _judge(check: Any, *given: Any, **about: Any) -> Any:
    """Return what the library finds; None when it refuses what a browser sent."""
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    try:
        return check(*given, **about)
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
