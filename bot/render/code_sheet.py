"""A sheet of join codes to be printed and cut: each with the QR code that opens the bot and enters it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bot.content.phrases.graduate import SlipPhrases
from bot.domain.join_codes import format_code
from bot.render.links import Link

_SHEET = Path(__file__).parent / "code_sheet.html"
JOIN = "join-"
"""Before a code in a start payload."""


def render_codes(words: SlipPhrases, title: str, codes: Sequence[str], base: str) -> str:
    """Return the page for these codes, under a title. `base` is the address of the bot; empty: they are typed."""
    import segno  # noqa: PLC0415 - only sheets need it

    def qr(address: str) -> Markup:
        # The codes are made by a library from an address: no markup of others is in them.
        return Markup(segno.make(address, error="m", micro=False).svg_inline(border=2, omitsize=True))  # noqa: S704

    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(_SHEET.read_text("utf-8"))
    slips = [(format_code(code), Link(f"{JOIN}{code}", "").address(base) if base else "") for code in codes]
    return page.render(title=title, slips=slips, qr=qr, words=words)
