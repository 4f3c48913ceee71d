"""What many browsers of one person, or a crowd of machines, may do with the page."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from bot.domain.join_codes import draw, format_code
from bot.service import turns
from bot.store import lives
from tests.conftest import shipped
from tests.web.conftest import NOON, Place, Visitor, open_place
from tests.web.test_accounts import invites, opens
from tests.web.test_page import arrives, count

DESK = shipped().phrases.desk
CODE = format_code(draw(Random(7).randrange))


@pytest.fixture
async def desk(open_: AsyncExitStack, tmp_path: Path) -> Place:
    place = await open_place(
        open_, tmp_path / "gradbot.db", clock=lambda: 0.0, owners=[("telegram", "1")], desks=("telegram",)
    )
    place.service.accounts.addresses["web"] = lambda: f"{place.url}/"
    return place


async def floods(visitor: Visitor, times: int) -> list[int]:
    form = visitor.hidden('id="composer"') | {"text": ""}
    return [(await visitor.client.post("say", data=form)).status_code for _ in range(times)]


async def test_all_browsers_under_one_join_code_share_one_pace(desk: Place) -> None:
    she = await arrives(desk)
    await she.types(CODE)
    laptop = await opens(desk, await invites(she))
    assert 429 not in await floods(she, 35)
    assert (await floods(laptop, 35))[-1] == 429
    assert 429 not in await floods(await arrives(desk), 35)


async def asks(visitor: Visitor, words: str) -> str:
    await visitor.types("/desk")
    return await visitor.types(words)


async def test_a_stranger_opens_one_ticket_a_day_and_a_known_graduate_three(desk: Place) -> None:
    she, known = await arrives(desk), await arrives(desk)
    await known.types(CODE)
    for visitor, most in ((she, 1), (known, 3)):
        for number in range(most + 1):
            await asks(visitor, "我的专业写错了，找谁")
            assert ("老师给过你编号" in visitor.html) == (visitor is she and number == most), number
            await visitor.types("/withdraw")
    assert len(await desk.store.tickets.pending()) == 0
    assert await desk.store.tickets.count_of_strangers(["web"], NOON - timedelta(hours=1)) == 1


async def test_strangers_start_slowly_and_known_graduates_are_heard(
    desk: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(turns, "TICKETS_OF_STRANGERS", 2)
    for _ in range(4):
        await asks(await arrives(desk), "我的专业写错了，找谁")
    assert count(tmp_path, "tickets") == 2
    known = await arrives(desk)
    await known.types(CODE)
    await asks(known, "我的专业写错了，找谁")
    assert count(tmp_path, "tickets") == 3


async def test_who_came_by_once_is_forgotten_after_a_day(
    desk: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, walking, waiting, known = [await arrives(desk) for _ in range(4)]
    await asked.types("要钱吗")
    await walking.presses("开始核对")
    await asks(waiting, "我的专业写错了，找谁")
    await known.types(CODE)
    forget = desk.store.lives.forget_passers
    assert await forget(["web"], NOON + timedelta(hours=23)) == 0
    assert await forget(["telegram"], NOON + timedelta(hours=25)) == 0
    assert await forget(["web"], NOON + timedelta(hours=25)) == 1
    assert count(tmp_path, "people") == 3
    assert "要钱吗" not in await asked.opens()
    assert "开始核对" in await walking.opens()
    for _ in range(3):
        await (await arrives(desk)).types("要钱吗")
    monkeypatch.setattr(lives, "MOST_PASSERS", 1)
    desk.service._present = lambda: NOON + timedelta(minutes=1)
    await (await arrives(desk)).types("要钱吗")
    assert await forget(["web"], NOON + timedelta(minutes=2)) == 3  # the last ones are kept
    assert count(tmp_path, "people") == 4
