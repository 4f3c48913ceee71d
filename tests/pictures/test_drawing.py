"""Pictures are drawn where the extra and a font are there, and left out where not; nobody waits for many of them."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.messages import Box, Picture
from bot.pictures import drawing
from bot.pictures.drawing import draw_picture
from bot.pictures.studio import WAITING, Studio

PICTURE = Picture("点.png", ((Box("标题", "head"),), (Box("左"), Box("右", "click")), (Box("很长，" * 60, "plain"),)))
SLOW = Picture("慢.png", ((Box("慢"),),))


def test_a_picture_is_a_png_as_wide_as_a_telephone() -> None:
    drawn = draw_picture(PICTURE)
    assert isinstance(drawn, bytes)
    assert drawn.startswith(b"\x89PNG")
    assert int.from_bytes(drawn[16:20], "big") == drawing.WIDTH


def test_without_the_extra_or_a_font_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "find_font", lambda _: None)
    assert draw_picture(PICTURE) == "font"
    monkeypatch.setattr(drawing, "find_spec", lambda _: None)
    assert draw_picture(PICTURE) == "matplotlib"


def refuse(_: Picture) -> bytes | str:
    return "font"


async def test_what_cannot_be_drawn_is_left_out() -> None:
    studio = Studio(refuse)
    assert await studio(PICTURE) is None
    assert await studio(PICTURE) is None


def draw_quickly(_: Picture) -> bytes | str:
    return b"png"


@pytest.mark.slow
async def test_a_crowd_gets_text_instead_of_a_queue() -> None:
    studio = Studio(draw_quickly)
    drawn = await asyncio.gather(*(studio(SLOW) for _ in range(WAITING + 3)))
    assert drawn.count(b"png") == WAITING
    assert drawn.count(None) == 3
