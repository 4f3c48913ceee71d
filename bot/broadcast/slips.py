"""Join codes for a class: drawn, as slips to print and as a table that the school fills in."""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode

from bot.content.content import Content
from bot.domain.areas import Decision
from bot.domain.join_codes import draw_codes, format_code
from bot.domain.messages import Attachment, Reply
from bot.domain.roles import Audited
from bot.render.code_sheet import render_codes
from bot.render.sheet import make_sheet

MOST_SLIPS = 200
"""Codes of one sheet."""


async def draw_slips(content: Content, count: int, title: str, base: str) -> Decision:
    """Draw codes and return them as a page to print and as a table; what was drawn is not kept. `title` is printed on
    each slip, `base` is the bot's address.
    """
    words = content.phrases.broadcast.joining
    if not 0 < count <= MOST_SLIPS:
        return Decision((Reply(words.codes_how.format(most=MOST_SLIPS)),))
    codes = draw_codes(count, secrets.randbelow)
    named = f"{words.codes_title} {title}".strip()
    page = await asyncio.to_thread(render_codes, content.phrases.slip, named, codes, base)
    rows = [(format_code(code), "", "", title) for code in codes]
    sheet = await asyncio.to_thread(make_sheet, words.codes_title, words.codes_columns, rows)
    said = words.codes_drawn.format(n=count, title=f"（{title}）" if title else "")
    slips = Reply(said, attachment=Attachment(words.codes_sheet, page))
    table = Reply(named, attachment=Attachment(words.codes_table, b64encode(sheet).decode(), base64=True))
    return Decision((slips, table), (Audited("codes", str(count)),))
