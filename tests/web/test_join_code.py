"""A join code brings the place into another browser, where a lost cookie left nothing; and what it does not bring."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from bot.domain.join_codes import draw, format_code
from bot.domain.messages import Incoming
from tests.conftest import shipped
from tests.web.conftest import NOON, Place, Visitor, open_place
from tests.web.test_accounts import step_of
from tests.web.test_page import arrives, count

WORDS = shipped().phrases.broadcast.joining
CODE = draw(Random(11).randrange)
SAID = format_code(CODE)


@pytest.fixture
async def desk(open_: AsyncExitStack, tmp_path: Path) -> Place:
    return await open_place(open_, tmp_path / "gradbot.db", owners=[("telegram", "1")], desks=("telegram",))


async def walks(place: Place) -> Visitor:
    """Somebody who gave her code and stands at a step."""
    she = await arrives(place)
    for words in ("开始核对", "专科", "会计电算化", "对"):
        await she.presses(words)
    await she.types(SAID.lower())
    assert WORDS.joined.format(code=SAID) in she.html
    return she


async def brings(place: Place) -> Visitor:
    """The same person in another browser, with nothing but the code."""
    again = await arrives(place)
    await again.types(SAID)
    await again.presses(WORDS.bring)
    return again


async def test_the_place_comes_along_once_and_the_talk_does_not(desk: Place, tmp_path: Path) -> None:
    she = await walks(desk)
    await she.types("要钱吗")
    again = await brings(desk)
    assert step_of(again) == step_of(she) != "m0-who"
    assert WORDS.brought.format(code=SAID) in again.html
    assert "要钱吗" not in again.html
    assert await desk.store.codes.find_owners("web", CODE)
    assert count(tmp_path, "join_codes") == 1
    assert WORDS.brought_away.format(code=SAID) in await she.opens()
    await she.types(SAID)  # who is not asked moves it no further: the office decides
    assert WORDS.taken.format(code=SAID) in she.html
    assert step_of(again) == step_of(she)


async def test_it_goes_on_a_day_later_and_where_nobody_walked_the_office_is_asked(desk: Place) -> None:
    await walks(desk)
    await brings(desk)
    third = await arrives(desk)
    await third.types(SAID)
    assert WORDS.taken.format(code=SAID) in third.html
    desk.service._today = None
    desk.service._present = lambda: NOON + timedelta(hours=25)
    await third.types(SAID)
    assert WORDS.bring in third.html


async def test_a_chat_that_is_no_cookie_keeps_its_code(desk: Place) -> None:
    for n, words in enumerate(("开始核对", "专科", SAID)):
        await desk.service.receive(Incoming("telegram", "7", words, update_id=f"7/{n}"))
    taken = await desk.service.receive(Incoming("telegram", "8", SAID, update_id="8/1"))
    assert WORDS.taken.format(code=SAID) in str(taken.replies)
    forged = await desk.service.receive(Incoming("telegram", "8", press=f"join|{CODE.lower()}", update_id="8/2"))
    assert forged.step is None
    assert await desk.store.codes.find_owners("telegram", CODE) == [("telegram", "7")]


async def test_a_code_that_nobody_has_brings_nothing(desk: Place) -> None:
    she = await arrives(desk)
    await she.presses("开始核对")
    form = she.form_of("专科") | {"press": f"join|{CODE.lower()}"}
    await she.sends(form)
    assert WORDS.joined.format(code=SAID) in she.html
    assert re.findall(r"1\|archive-check\|([\w-]+)", she.html)[-1] == "m0-who"
