"""Whoever delivers a card or an answer is killed at every step: nothing is lost, and what comes twice says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.posts import Posts
from bot.domain.messages import Delivered, Incoming, Post
from bot.service.turns import Service
from bot.store import Store
from bot.store.outbox import CLAIMED_S
from tests.channels.test_desk import NOON, STAFF, WithStaff, serving
from tests.conftest import shipped

TWICE = shipped().phrases.maybe_twice
ANN = 77001


async def deliver_until_killed(telegram: WithStaff, database: str, said: Incoming, steps: Sequence[str]) -> None:
    """Take one turn, and deliver what follows from it: so many messages as there are steps, the last up to its step.

    saved: to the end. sent: its outcome is not written down. begun: it is not sent. claimed: not even begun.
    """
    store = await Store.open(database)
    service = Service(shipped(), store, lambda: NOON, owners=[("telegram", "1")], desks=("telegram",), worker="killed")
    await service.receive(said)
    async with make_bot(telegram.token, None, base=telegram.url) as bot:
        posts = Posts(bot, STAFF, {}, {}, "x")
        for step in steps:

            async def deliver(post: Post, step: str = step) -> Delivered:
                if step == "begun":
                    await post.begin()
                delivered = await posts.deliver(post) if step in ("sent", "saved") else None
                if step != "saved" or delivered is None:
                    raise asyncio.CancelledError
                return delivered

            await asyncio.gather(*await service.outbox.deliveries("telegram", deliver), return_exceptions=True)
    await store.close()


@pytest.mark.parametrize(
    ("forum", "steps", "cards", "topics"),
    [
        (True, ("claimed",), 1, 1),
        (True, ("sent",), 1, 2),  # the first is empty: nobody knows of it
        (True, ("saved", "claimed"), 1, 1),
        (True, ("saved", "begun"), 1, 1),
        (True, ("saved", "sent"), 2, 1),
        (False, ("claimed",), 1, 0),
        (False, ("begun",), 1, 0),
        (False, ("sent",), 2, 0),
    ],
)
async def test_every_answer_under_every_card_arrives_whenever_the_one_before_was_killed(
    database_url: str, *, forum: bool, steps: Sequence[str], cards: int, topics: int
) -> None:
    async with WithStaff(forum=forum) as telegram:
        owner, ann = telegram.user("Owner", 1), telegram.user("Ann", ANN)
        asked = Incoming("telegram", f"{ANN}", "/desk", update_id="1")
        await deliver_until_killed(telegram, database_url, asked, steps)
        async with serving(telegram, database_url, NOON + timedelta(seconds=CLAIMED_S)):
            await telegram.until(lambda: len(telegram.staff) == cards)
            assert len(telegram.topics) == topics
            assert TWICE not in telegram.staff[0].text or steps[-1] == "begun"
            assert (TWICE in telegram.staff[-1].text) == (steps[-1] == "begun" or cards == 2)
            for card in list(telegram.staff):
                answers = len(ann.messages)
                telegram.staff_says(owner, "带户口本来", card)
                await telegram.until(lambda before=answers: len(ann.messages) > before)  # type: ignore[misc]
        assert sum("带户口本来" in message.text for message in ann.messages) == cards


@pytest.mark.parametrize(("step", "times"), [("claimed", 1), ("begun", 1), ("sent", 2)])
async def test_an_answer_of_staff_arrives_whenever_who_sends_it_is_killed(
    database_url: str, step: str, times: int
) -> None:
    async with WithStaff(forum=True) as telegram:
        owner, ann = telegram.user("Owner", 1), telegram.user("Ann", ANN)
        asked = Incoming("telegram", f"{ANN}", "/desk", update_id="1")
        await deliver_until_killed(telegram, database_url, asked, ("saved", "saved"))
        thread = str(telegram.staff[0].parameters["message_thread_id"])
        answered = Incoming("telegram", "1", "带户口本来", update_id="2", place="staff", thread=thread)
        await deliver_until_killed(telegram, database_url, answered, (step,))
        async with serving(telegram, database_url, NOON + timedelta(seconds=CLAIMED_S)):
            await telegram.until(lambda: len(ann.messages) == times)
            telegram.staff_says(owner, "还有照片", telegram.staff[0])
            await telegram.until(lambda: "还有照片" in ann.messages[-1].text)
        said = [message.text for message in ann.messages if "带户口本来" in message.text]
        assert [TWICE in text for text in said] == {"claimed": [False], "begun": [True], "sent": [False, True]}[step]


@pytest.mark.parametrize(("steps", "last"), [(("saved", "sent"), 903), (("saved", "saved", "sent"), 902)])
async def test_a_topic_in_place_of_one_that_is_gone_is_known_before_anything_is_in_it(
    database_url: str, steps: Sequence[str], last: int
) -> None:
    async with WithStaff(forum=True) as telegram:
        telegram.user("Owner", 1)
        telegram.user("Ann", ANN)
        telegram.gone.add(901)
        await deliver_until_killed(
            telegram, database_url, Incoming("telegram", f"{ANN}", "/desk", update_id="1"), steps
        )
        async with serving(telegram, database_url, NOON + timedelta(seconds=CLAIMED_S)):
            await telegram.until(lambda: len(telegram.staff) == len(steps) - 1)
        assert {card.parameters["message_thread_id"] for card in telegram.staff} == {last}
        assert len(telegram.topics) == last - 900
