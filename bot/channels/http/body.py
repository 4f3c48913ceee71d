"""What a browser or Telegram sends: bounded, and without what no database takes."""

from __future__ import annotations

import re

from starlette.requests import Request

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that no database takes."""


async def read_body(request: Request, most: int) -> bytes | None:
    """Return what was sent; None when it is longer than `most` bytes. Raises ClientDisconnect when it breaks off."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            return None
    return body
