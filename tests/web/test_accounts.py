"""One person with several accounts, two browsers, a browser and Telegram: one position, whichever they use."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.domain.messages import Answer, Delivered, Incoming, Outcome, Post
from tests.conftest import shipped
from tests.web.conftest import Place, Visitor, open_place
from tests.web.test_page import arrives, count

WORDS = shipped().phrases.accounts


@pytest.fixture
async def both(open_: AsyncExitStack, tmp_path: Path) -> Place:
    """The page and a bot on Telegram."""
    place = await open_place(open_, tmp_path / "gradbot.db", owners=[("telegram", "1")])
    place.service.accounts.addresses["web"] = lambda: f"{place.url}/"
    place.service.accounts.addresses["telegram"] = lambda: "https://t.me/check_bot"
    return place


async def invites(visitor: Visitor) -> str:
    """Ask for an invitation; return its payload."""
    await visitor.types("留住我的进度")
    return str(re.findall(r"\?start=(move-[\w-]{32})", visitor.html)[-1])


async def opens(place: Place, payload: str) -> Visitor:
    visitor = place.visit()
    await visitor.opens(f"?start={payload}")
    await visitor.presses(shipped().phrases.web.open)
    return visitor


async def telegram(place: Place, text: str = "", press: str | None = None, user: str = "7") -> Answer:
    telegram.number += 1  # type: ignore[attr-defined]
    return await place.service.receive(
        Incoming("telegram", user, text, press, update_id=str(telegram.number))  # type: ignore[attr-defined]
    )


telegram.number = 0  # type: ignore[attr-defined]


def step_of(visitor: Visitor) -> str:
    return str(re.findall(r'value="1\|archive-check\|([\w-]+)\|', visitor.html)[-1])


async def test_another_browser_goes_on_where_the_first_one_stands(both: Place, tmp_path: Path) -> None:
    she = await arrives(both)
    await she.presses("开始核对")
    await she.presses("专科")
    payload = await invites(she)
    laptop = await opens(both, payload)
    assert WORDS.open in laptop.html
    await laptop.presses("会计电算化")
    await she.opens()
    assert step_of(she) == step_of(laptop) != "m0-major"
    assert count(tmp_path, "people") == 1
    stranger = await opens(both, payload)  # once
    assert WORDS.gone in stranger.html
    assert "会计电算化" not in stranger.html


async def test_both_have_a_position_and_one_is_chosen(both: Place, tmp_path: Path) -> None:
    for choice, step in ((WORDS.there, "m0-major"), (WORDS.here, "m0-who")):
        she, laptop = await arrives(both), await arrives(both)
        await she.presses("开始核对")
        await she.presses("专科")
        await laptop.presses("开始核对")
        payload = await invites(she)
        await laptop.opens(f"?start={payload}")
        await laptop.presses(shipped().phrases.web.open)
        assert WORDS.choose in laptop.html
        await laptop.presses(choice)
        assert step_of(laptop) == step
        await she.opens()
        await she.types("/menu")
        await she.types("继续")
        assert step_of(she) == step
        await she.types("忘记我")
        assert count(tmp_path, "people") == count(tmp_path, "accounts") == 0


async def test_telegram_goes_on_where_the_browser_stands_and_back(both: Place, tmp_path: Path) -> None:
    she = await arrives(both)
    await she.presses("开始核对")
    await she.presses("专科")
    moved = await telegram(both, f"/start {await invites(she)}")
    assert moved.replies[0].text == WORDS.open
    assert moved.step == "m0-major"
    await she.opens()
    await she.presses("会计电算化")
    assert (await telegram(both, "继续")).step == step_of(she) != "m0-major"
    back = await telegram(both, "上一步")
    await she.opens()
    assert step_of(she) == back.step
    assert count(tmp_path, "people") == 1


async def test_a_browser_goes_on_where_telegram_stands_without_the_role(both: Place) -> None:
    await telegram(both, "开始核对", user="1")
    invited = await telegram(both, "留住我的进度", user="1")
    payload = re.findall(r"\?start=(move-[\w-]{32})", str(invited.replies))[-1]
    her = await opens(both, payload)
    assert step_of(her) == "m0-who"
    await her.types("/faq")
    assert "/faq inbox" not in her.html


async def test_nobody_joins_an_account_with_what_is_kept_or_guessed(both: Place, tmp_path: Path) -> None:
    she = await arrives(both)
    await she.presses("开始核对")
    await invites(she)
    for payload in ("move-" + "0" * 32, "move-" + "x" * 32):
        assert WORDS.gone in (await opens(both, payload)).html
    assert count(tmp_path, "accounts") == 1


async def test_of_two_tickets_none_is_dropped_silently(open_: AsyncExitStack, tmp_path: Path) -> None:
    place = await open_place(open_, tmp_path / "gradbot.db", owners=[("telegram", "1")], desks=("telegram",))
    place.service.accounts.addresses["web"] = lambda: f"{place.url}/"
    staff: list[str] = []

    async def deliver(post: Post) -> Delivered:
        staff.append(post.reply.text if post.reply else "")
        return Delivered(Outcome("sent", str(post.number)), str(post.ticket))

    async def run_desk() -> None:
        while deliveries := await place.service.outbox.deliveries("telegram", deliver):
            for delivery in deliveries:
                await delivery

    phone, laptop = await arrives(place), await arrives(place)
    for one, words in ((phone, "我的专业写错了，找谁"), (laptop, "我的照片是别人的")):
        await one.presses("开始核对")
        await one.types("/desk")
        await one.types(words)
    await run_desk()
    first, second = (ticket.number for ticket in await place.store.tickets.pending())
    await phone.presses(shipped().phrases.web.keep)  # typed words would go to the teacher
    assert phone.said[-1] == shipped().phrases.web.keep
    payload = re.findall(r"\?start=(move-[\w-]{32})", phone.html)[-1]
    await laptop.opens(f"?start={payload}")
    await laptop.presses(shipped().phrases.web.open)
    await laptop.presses(WORDS.there)
    await run_desk()
    assert staff[-1] == shipped().phrases.desk.merged_for_staff.format(number=second, stays=first)
    assert [ticket.number for ticket in await place.store.tickets.pending()] == [first]
    await place.service.receive(Incoming("telegram", "1", "周三来一趟", update_id="9", place="staff", thread=first))
    assert "周三来一趟" in await laptop.opens()
    assert "周三来一趟" in await phone.opens()
