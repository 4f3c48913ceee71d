"""Pictures are drawn where the extra and a font are there, and left out where not; nobody waits for many of them."""

from __future__ import annotations

import asyncio
import io
import time

import pytest
from PIL import Image

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


EVIL = (
    "张" * 5_000,
    "<script>alert(1)</script>&amp;\x00\x1b[31m\r\u2028\u202e反过来\u2066\u200b\ufeff\U000e0041\ud800",
    "W" * 300,
    "。" * 900,
    "\n" * 3_000,
    "Z" + "\u0301" * 500,
    "",
)


@pytest.mark.parametrize("shape", ["tall", "wide"])
def test_whatever_is_written_the_picture_is_small_and_nothing_leaves_its_box(shape: str) -> None:
    boxes = [Box(text, "click" if n % 2 else "head") for n, text in enumerate(EVIL)]
    rows = tuple((box,) for box in boxes * 3) if shape == "tall" else (tuple(boxes), tuple(reversed(boxes * 30)))
    began = time.process_time()
    drawn = draw_picture(Picture("卡.png", rows))
    assert time.process_time() - began < 5
    assert isinstance(drawn, bytes)
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.width == drawing.WIDTH
        assert picture.height < drawing.MOST_HEIGHT + 200
        for left in (0, drawing.WIDTH - drawing.MARGIN + 4):  # nothing is drawn outside of the boxes
            edge = picture.crop((left, 0, left + drawing.MARGIN - 4, picture.height))
            assert edge.getextrema() == ((255, 255),) * 3


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
