"""Messages are delivered at least once, in order for each chat, and at the right time."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from bot.domain.messages import Delivered, Outcome, Post, Reply
from bot.domain.outbox import Queued
from bot.domain.tickets import Opened, Ticket
from bot.store import Store
from bot.store.outbox import AGAIN_S, CLAIMED, CLAIMED_S, _due
from tests.store.conftest import AT

CLAIM = timedelta(seconds=CLAIMED_S)
SOON = timedelta(seconds=1)


def to(user: str, text: str, **given: Any) -> Queued:
    return Queued("user", Reply(text), user=user, **given)


async def queue(store: Store, *messages: Queued) -> None:
    await store.apply(messages, "c", AT)


async def claim(store: Store, at: datetime = AT) -> list[str]:
    return [post.reply.text for post in await store.outbox.claim("c", at) if post.reply]


async def one(store: Store, at: datetime = AT) -> Post:
    (post,) = await store.outbox.claim("c", at)
    return post


async def test_each_chat_gets_its_oldest_message_first(store: Store) -> None:
    await queue(store, to("a", "a1"), to("b", "b1"), to("a", "a2"))
    assert await claim(store) == ["a1", "b1"]
    assert await claim(store) == []


async def test_a_post_knows_whether_more_waits_for_its_chat(store: Store) -> None:
    await queue(store, to("a", "1"), to("a", "planned", planned_at=AT + CLAIM))
    assert (await one(store)).last
    await queue(store, to("b", "1"), to("b", "2"))
    post = await one(store)
    assert not post.last
    assert await store.outbox.settle(post, Delivered(Outcome("sent")), AT)
    assert (await one(store)).last


async def test_no_more_are_claimed_at_once_than_can_be_sent(store: Store) -> None:
    await queue(store, *(to(f"{n}", f"{n}") for n in range(CLAIMED + 1)))
    assert await claim(store) == [f"{n}" for n in range(CLAIMED)]
    assert await claim(store) == [f"{CLAIMED}"]


async def test_a_claim_ends_and_the_message_is_sent_again(store: Store) -> None:
    await queue(store, to("a", "1"))
    assert await claim(store) == ["1"]
    assert await store.outbox.next_due("c") == AT + CLAIM
    assert await claim(store, AT + CLAIM - SOON) == []
    assert await claim(store, AT + CLAIM) == ["1"]


async def test_other_channels_are_others_business(store: Store) -> None:
    await queue(store, to("a", "1"))
    assert await store.outbox.claim("other", AT) == []
    assert await store.outbox.next_due("other") is None
    assert await store.outbox.list_debtors("other") == []
    assert await claim(store) == ["1"]


async def test_each_message_is_leased_to_one_of_many_workers(database_url: str) -> None:
    stores = [await Store.open(database_url) for _ in range(2)]
    await queue(stores[0], *(to(f"{n % 20}", f"{n}") for n in range(60)))
    for turn in range(3):
        at = AT + timedelta(seconds=turn)
        looks = (store.outbox.claim("c", at, f"w{n % 2}") for n, store in enumerate(stores * 4))
        posts = [post for claimed in await asyncio.gather(*looks) for post in claimed]
        assert sorted(int(post.reply.text) for post in posts if post.reply) == list(range(20 * turn, 20 * turn + 20))
        settled = (stores[0].outbox.settle(post, Delivered(Outcome("sent")), at) for post in posts)
        joined = (queue(stores[1], to(f"{n}", f"{60 + 20 * turn + n}")) for n in range(20))
        assert all(await asyncio.gather(*settled))
        await asyncio.gather(*joined)
    left = [post.reply.text for _ in range(3) for post in await _all(stores[0]) if post.reply]
    assert sorted(map(int, left)) == list(range(60, 120))
    for store in stores:
        await store.close()


async def _all(store: Store) -> list[Post]:
    posts = await store.outbox.claim("c", AT + CLAIM)
    for post in posts:
        await store.outbox.settle(post, Delivered(Outcome("sent")), AT + CLAIM)
    return posts


async def test_a_lease_is_renewed_by_its_worker_alone(store: Store) -> None:
    await queue(store, to("a", "1"))
    (post,) = await store.outbox.claim("c", AT, "one")
    await store.outbox.renew("c", "two", AT + CLAIM / 2)
    await store.outbox.renew("c", "one", AT + CLAIM / 3)
    assert await store.outbox.next_due("c") == AT + CLAIM * 4 / 3
    (again,) = await store.outbox.claim("c", AT + 2 * CLAIM, "two")
    # The first sender says late that it has to wait: that is no longer its to say. That it was sent is.
    assert not await store.outbox.settle(post, Delivered(Outcome("later")), AT + 2 * CLAIM)
    assert await store.outbox.next_due("c") == AT + 3 * CLAIM
    assert await store.outbox.settle(post, Delivered(Outcome("sent")), AT + 2 * CLAIM)
    assert await store.outbox.settle(again, Delivered(Outcome("later")), AT + 2 * CLAIM)
    assert await store.outbox.next_due("c") is None


async def test_what_is_planned_holds_nothing_up_and_what_is_delayed_does(store: Store) -> None:
    await queue(store, to("a", "planned", planned_at=AT + CLAIM), to("a", "now"))
    await queue(store, to("b", "delayed", due_at=AT + CLAIM), to("b", "behind"))
    assert await claim(store) == ["now"]
    assert sorted(await store.outbox.list_debtors("c")) == ["a", "b"]
    await queue(store, to("d", "planned", planned_at=AT + CLAIM))
    assert "d" not in await store.outbox.list_debtors("c")


async def test_it_is_known_how_often_a_message_may_have_been_sent(store: Store) -> None:
    await queue(store, to("a", "1"))
    before, at = 0, AT
    for ends, then in (("claimed", 0), ("begun", 1), ("unsure", 2), ("later", 2), ("claimed", 2), ("unsure", 3)):
        post = await one(store, at)
        assert post.unknown == before
        if ends != "claimed":
            assert await store.outbox.begin(post, at)
        if ends in ("unsure", "later"):
            outcome: Any = ends
            assert not await store.outbox.settle(post, Delivered(Outcome(outcome)), at)
            assert await claim(store, at + timedelta(seconds=AGAIN_S) - SOON) == []
        before, at = then, at + timedelta(seconds=AGAIN_S)
    assert (await one(store, at)).unknown == 3


async def test_whoever_lost_the_lease_does_not_send(store: Store) -> None:
    await queue(store, to("a", "1"), to("b", "2"))
    late, _ = await store.outbox.claim("c", AT, "one")
    post, gone = await store.outbox.claim("c", AT + CLAIM, "two")
    assert not await store.outbox.begin(late, AT + CLAIM)
    assert await store.outbox.begin(post, AT + CLAIM)
    assert await store.outbox.settle(gone, Delivered(Outcome("sent")), AT + CLAIM)
    assert not await store.outbox.begin(gone, AT + CLAIM)


async def test_a_worker_that_stops_leaves_its_messages_to_others_at_once(store: Store) -> None:
    await queue(store, to("a", "1"), to("b", "2"))
    waits, begun = await store.outbox.claim("c", AT, "one")
    assert await store.outbox.begin(begun, AT)
    await store.outbox.release("two", AT + SOON)
    assert await claim(store, AT + SOON) == []
    await store.outbox.release("one", AT + SOON)
    again = await store.outbox.claim("c", AT + SOON, "two")
    assert [(post.number, post.unknown) for post in again] == [(waits.number, 0), (begun.number, 1)]


@pytest.mark.parametrize("became", ["sent", "blocked", "failed"])
async def test_a_settled_message_is_gone_and_what_follows_is_queued(store: Store, became: Any) -> None:
    await queue(store, to("a", "1"))
    post = await one(store)
    assert await store.outbox.settle(post, Delivered(Outcome(became)), AT, [to("b", "news")])
    assert await claim(store, AT + CLAIM) == ["news"]
    assert await store.outbox.settle(post, Delivered(Outcome(became)), AT, [to("b", "again")])
    assert await store.outbox.next_due("c") == AT + CLAIM + CLAIM


async def test_nothing_follows_a_message_that_will_be_sent_again(store: Store) -> None:
    await queue(store, to("a", "1"))
    assert not await store.outbox.settle(await one(store), Delivered(Outcome("unsure")), AT, [to("b", "news")])
    assert await claim(store, AT + SOON) == []


async def test_only_the_staff_chat_knows_the_thread_and_messages_of_a_ticket(store: Store) -> None:
    turn: dict[str, Any] = {"session": "{}", "events": (), "update_id": None, "turn": None, "miss": None, "at": AT}
    await store.save_turn("c", "lin", **turn, effects=[Opened(Ticket("n1")), Queued("staff", Reply("1"), ticket="n1")])
    sent = Delivered(Outcome("sent", "77"), "500")
    assert await store.outbox.settle(await one(store), sent, AT)
    await queue(store, Queued("staff", Reply("2"), ticket="n1"), Queued("graduate", Reply("3"), ticket="n1"))
    staff, graduate = await store.outbox.claim("c", AT)
    assert (staff.user, staff.thread, staff.under, staff.ticket) == (None, "500", "77", "n1")
    assert (graduate.user, graduate.thread, graduate.under, graduate.ticket) == ("lin", None, None, "n1")
    assert await store.outbox.settle(graduate, Delivered(Outcome("sent", "88"), "600"), AT)
    assert await store.outbox.settle(staff, Delivered(Outcome("failed", "99"), "700"), AT)
    for message, thread in (("88", "600"), ("99", "700")):
        assert await store.tickets.find(message=message) is None
        assert await store.tickets.find(thread=thread) is None
    found = await store.tickets.find(message="77")
    assert found
    assert (found.ticket.number, found.current) == ("n1", "n1")
    assert await store.tickets.find(thread="500") == found
    assert await store.tickets.find(thread="501") is None
    assert await store.tickets.find() is None
    await store.forget("c", "lin", update_id=None, turn=None, at=AT)
    assert await claim(store, AT + CLAIM) == []


async def test_what_waits_is_found_by_an_index_however_much_waits(url: str, path: Path) -> None:
    """SQLite uses an index of some rows only where a query has the very words of its condition."""
    await (await Store.open(url)).close()
    line = _due("c").limit(1).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with closing(sqlite3.connect(path)) as connection:
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {line}"))
    assert "USING INDEX ix_outbox_due" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
