"""Templates of the console as answers: escaped, not kept by any cache."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from bot.channels.web import linked
from bot.channels.web.files import StaticFiles
from bot.console.words import load_words
from bot.domain.zone import ZONE

FILES = Path(__file__).parent


class Renderings:
    """Renders the pages; `base` is the path of the console as browsers see it, `root` that of the site."""

    def __init__(self, base: str, root: str) -> None:
        self.files = StaticFiles.read(FILES / "static")
        self.words = load_words()
        self._templates = Environment(
            loader=FileSystemLoader(FILES / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        self._templates.filters.update(link=linked.link, clean=linked.clean, moment=format_moment, day=format_day)
        about = {"w": self.words, "base": base, "root": root, "version": self.files.version}
        self._templates.globals.update(about, new_update=partial(secrets.token_urlsafe, 12))

    def page(self, template: str, *, status: int = 200, **about: Any) -> Response:
        """Answer with a whole page."""
        body = self._templates.get_template(template).render(**about)
        return Response(body, status, media_type="text/html", headers={"cache-control": "no-store"})


@lru_cache(maxsize=2)
def open_renderings(base: str, root: str) -> Renderings:
    """Return the renderings at these paths; templates are compiled once in a process."""
    return Renderings(base, root)


def format_moment(at: datetime | None) -> str:
    """Return a moment in the notice's zone, without the year; empty for None."""
    return f"{at.astimezone(ZONE):%m-%d %H:%M}" if at else ""


def format_day(at: datetime | None) -> str:
    """Return the day of a moment in the notice's zone; empty for None."""
    return f"{at.astimezone(ZONE):%Y-%m-%d}" if at else ""
