"""Second factors as they are stored: sealed, so that whoever has the database alone cannot make a code of them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from bot.runtime.key_file import load_key

FILE = "console.key"
"""The key's file in the home, where there is no Telegram token."""
SEALED = "box:"
"""Before what is sealed; a secret from before there were seals has no such beginning."""


@dataclass(frozen=True)
class Seal:
    """Seals texts with a key that is not in the database."""

    key: bytes

    @classmethod
    def of_token(cls, token: str) -> Seal:
        """Return the seal of a bot's token, which every worker has; another token is another seal."""
        return cls(blake2b(token.encode(), digest_size=SecretBox.KEY_SIZE, person=b"gradbot console").digest())

    @classmethod
    def of_home(cls, home: Path) -> Seal:
        """Return the seal of the key in a home, which is made when it is absent, for its owner alone."""
        key = load_key(home / FILE)
        return cls(blake2b(key, digest_size=SecretBox.KEY_SIZE, person=b"gradbot console").digest())

    def close(self, text: str) -> str:
        """Return a text sealed."""
        return SEALED + urlsafe_b64encode(SecretBox(self.key).encrypt(text.encode())).decode()

    def open(self, sealed: str) -> str | None:
        """Return what is sealed, or was stored before there were seals; None: with another key, or not whole."""
        if not sealed.startswith(SEALED):
            return sealed
        try:
            return SecretBox(self.key).decrypt(urlsafe_b64decode(sealed.removeprefix(SEALED))).decode()
        except (CryptoError, ValueError):
            return None


def is_sealed(stored: str) -> bool:
    """Return whether a stored secret is sealed."""
    return stored.startswith(SEALED)
