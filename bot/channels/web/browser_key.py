"""The identity of a browser: a random secret in a cookie, of which only the hash is known to the rest of the bot.

No login, and no state on the server until the first turn. Forms carry a word that follows from the secret, so that no
other site can send one in a person's name. Pure, except that a new secret is random.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

KEPT_S = 180 * 24 * 3600
"""Seconds for which a browser keeps the cookie after the last visit."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BrowserKey:
    """A browser, by its secret."""

    secret: str

    @classmethod
    def parse(cls, cookie: str | None) -> BrowserKey | None:
        """Return the key of a cookie; None for none, or one that is not of ours."""
        return cls(cookie) if cookie and _SECRET.fullmatch(cookie) else None

    @classmethod
    def new(cls) -> BrowserKey:
        """Return a key that nobody has."""
        return cls(secrets.token_urlsafe(24))

    @property
    def user(self) -> str:
        """The id of the person behind it; the secret cannot be found from it."""
        return self._hash("person")

    @property
    def form_word(self) -> str:
        """The word that every form of this browser carries."""
        return self._hash("form")

    def sent(self, form_word: str) -> bool:
        """Tell if a form was made for this browser."""
        return hmac.compare_digest(form_word.encode(), self.form_word.encode())

    def _hash(self, purpose: str) -> str:
        return hashlib.sha256(f"gradbot {purpose} {self.secret}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class CookieName:
    """The name and the attributes of the cookie, for a site at `path`, reached by https or not."""

    path: str
    is_secure: bool

    @property
    def name(self) -> str:
        """A name that no other site of the same domain can set, where the browser has such names."""
        if not self.is_secure:
            return "gradbot"
        return "__Host-gradbot" if self.path == "/" else "__Secure-gradbot"
