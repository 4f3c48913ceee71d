"""A join code brings the place into another browser, where a lost cookie left nothing; and what it does not bring."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from bot.domain.broadcast import Reach
from bot.domain.join_codes import draw, format_code
from bot.domain.messages import Answer, Delivered, Incoming, Outcome, Post
from bot.service.turns import CODES_A_DAY, Service
from tests.conftest import shipped
from tests.databases import BACKENDS, make_database
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


async def test_nobody_finds_a_code_by_trying(desk: Place, tmp_path: Path) -> None:
    she, other = await walks(desk), await arrives(desk)
    for seed in range(CODES_A_DAY):
        await other.types(draw(Random(100 + seed).randrange))
    await other.types(SAID)
    assert WORDS.enough in other.html
    assert WORDS.bring not in other.html
    await other.sends(other.hidden('id="composer"') | {"press": f"join|{CODE.lower()}"})  # nor with a forged button
    assert WORDS.brought.format(code=SAID) not in other.html
    assert WORDS.brought_away.format(code=SAID) not in await she.opens()


# Another channel


@pytest.fixture
async def both(desk: Place, open_: AsyncExitStack, tmp_path: Path) -> list[Service]:
    """Two workers on one database, behind the page and a bot on Telegram."""
    other = await open_place(open_, tmp_path / "gradbot.db", owners=[("telegram", "1")], desks=("telegram",))
    return serve_both(desk, other)


def serve_both(*places: Place) -> list[Service]:
    for place in places:
        place.store.broadcasts.reach = Reach(("telegram", "web"))
    return [place.service for place in places]


async def chats(service: Service, text: str = "", press: str | None = None, user: str = "7") -> Answer:
    chats.number += 1  # type: ignore[attr-defined]
    said = Incoming("telegram", user, text, press, update_id=f"chat-{chats.number}")  # type: ignore[attr-defined]
    return await service.receive(said)


chats.number = 0  # type: ignore[attr-defined]


async def walks_in_chat(service: Service, user: str = "7", code: str = CODE) -> Answer:
    for words in ("开始核对", "专科", "会计电算化"):
        await chats(service, words, user=user)
    stands = await chats(service, "对", user=user)
    await chats(service, code, user=user)
    return stands


async def test_a_code_brings_the_place_from_a_chat_into_a_browser(
    desk: Place, both: list[Service], tmp_path: Path
) -> None:
    stands = await walks_in_chat(both[1])
    await chats(both[1], "要钱吗")
    her = await brings(desk)
    assert step_of(her) == stands.step
    assert "要钱吗" not in her.html
    assert await desk.store.codes.find_owners("web", CODE) == await desk.store.codes.find_owners("telegram", CODE)
    assert count(tmp_path, "join_codes") == 1
    assert WORDS.brought_away.format(code=SAID) in await waits_for_chat(both[1])
    back = await chats(both[0], SAID)  # whoever says that it was not them is heard by the office
    assert WORDS.taken.format(code=SAID) in str(back.replies)


async def waits_for_chat(service: Service) -> str:
    said: list[str] = []

    async def deliver(post: Post) -> Delivered:
        said.append(str(post.reply))
        return Delivered(Outcome("sent", "1"))

    for delivery in await service.outbox.deliveries("telegram", deliver):
        await delivery
    return str(said)


async def test_a_code_brings_the_place_from_a_browser_into_a_chat(desk: Place, both: list[Service]) -> None:
    she = await walks(desk)
    offered = await chats(both[1], f"/start join-{CODE}")
    assert WORDS.both not in str(offered.replies)
    stands = await chats(both[1], press=f"join|{CODE.lower()}")
    assert stands.step == step_of(she)
    assert WORDS.brought_away.format(code=SAID) in await she.opens()
    assert (await desk.store.codes.find_owners("web", CODE))[0] == ("telegram", "7")


async def test_who_has_a_place_on_both_sides_chooses(desk: Place, both: list[Service]) -> None:
    for user, choice in (("7", WORDS.stay), ("9", WORDS.bring)):
        code = draw(Random(user).randrange)
        stands = await walks_in_chat(both[0], user, code)
        she = await arrives(desk)
        await she.presses("开始核对")
        await she.types(code)
        assert WORDS.both in she.html
        assert await desk.store.codes.find_owners("web", code) == [("telegram", user)]  # nothing moves before
        await she.presses(choice)
        await she.types("继续")
        assert (step_of(she) == stands.step) is (choice == WORDS.bring)
        assert [owner.channel for owner in await desk.store.codes.find_owners("web", code)] == ["web"]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_of_two_workers_one_brings_the_code_and_what_nobody_walked_comes_by_itself(
    open_: AsyncExitStack, tmp_path: Path, backend: str
) -> None:
    url = await make_database(backend, tmp_path)
    desk, other = [await open_place(open_, url, owners=[("telegram", "1")], desks=("telegram",)) for _ in range(2)]
    both = serve_both(desk, other)
    await chats(both[0], SAID)
    await walks(desk)
    assert WORDS.brought_away.format(code=SAID) in await waits_for_chat(both[0])
    await chats(both[0], "开始核对", user="8")
    press = f"join|{CODE.lower()}"
    answers = await asyncio.gather(*(chats(both[n % 2], press=press, user=str(7 + n)) for n in range(4)))
    moved = [answer for answer in answers if WORDS.brought.format(code=SAID) in str(answer.replies)]
    assert len(moved) == 1
    assert [owner.channel for owner in await desk.store.codes.find_owners("web", CODE)] == ["telegram"]
