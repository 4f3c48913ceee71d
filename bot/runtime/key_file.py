"""A key in a file that is made when it is absent, for its owner alone."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

BYTES = 32


def load_key(path: Path) -> bytes:
    """Return the key of a file. OSError when it can be neither read nor made."""
    with suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(secrets.token_bytes(BYTES))
    return path.read_bytes()
