"""The files of the page that are the same for everybody: read once, compressed once, kept by browsers for ever."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFiles:
    """The files by name, each plain and compressed; `version` changes whenever one of them does."""

    plain: dict[str, bytes]
    packed: dict[str, bytes]
    version: str

    @classmethod
    def read(cls, folder: Path = FOLDER) -> StaticFiles:
        """Read a folder."""
        plain = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}
        packed = {name: gzip.compress(content, 9, mtime=0) for name, content in plain.items()}
        return cls(plain, packed, hashlib.sha256(b"".join(plain.values())).hexdigest()[:12])

    async def serve(self, request: Request) -> Response:
        """Answer with a file; 404 for any other name."""
        name = request.path_params["name"]
        if name not in self.plain:
            return Response(status_code=404)
        takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"cache-control": FOR_EVER, "vary": "accept-encoding"}
        if takes_gzip:
            headers["content-encoding"] = "gzip"
        body = self.packed[name] if takes_gzip else self.plain[name]
        return Response(body, headers=headers, media_type=TYPES[Path(name).suffix])
