from __future__ import annotations

import asyncio
import random
from collections import deque

import pytest

from bot.channels.telegram.limits import Chat, Lane, Limits, Patience
from bot.channels.telegram.throttle import KEPT, Paused, Throttle
from tests.channels.conftest import FakeTime, settle

FREE = Limits(bulk_per_s=1000, total_in_a_s=9000, private_per_s=1000, private_burst=9000)


class Sends:
    """Calls through a throttle: `sent` holds (when, chat, lane) in the order in which they left."""

    def __init__(self, time: FakeTime, limits: Limits | None, way_s: float = 0.0) -> None:
        self.throttle = Throttle(limits, clock=time.clock, call_later=time.call_later)
        self.time = time
        self.way_s = way_s
        self.sent: list[tuple[float, Chat, Lane]] = []
        self.paused: list[float] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def one(self, chat: Chat, lane: Lane = "reply", *, edit: bool = False) -> None:
        try:
            await self.throttle.acquire(chat, lane, edit=edit)
        except Paused as pause:
            self.paused.append(pause.seconds)
            return
        self.sent.append((self.time.now, chat, lane))
        if self.way_s:
            back = asyncio.Event()
            self.time.call_later(self.way_s, back.set)
            await back.wait()
        self.throttle.release(chat, edit=edit)

    def start(self, chat: Chat, lane: Lane = "reply", *, edit: bool = False) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(self.one(chat, lane, edit=edit)))
        return self.tasks[-1]

    def lanes(self) -> list[Lane]:
        return [lane for _, _, lane in self.sent]


async def test_a_private_chat_gets_a_short_burst_and_then_one_a_second(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    for _ in range(6):
        sends.start(7)
    await time.passes(0.5)
    assert len(sends.sent) == 3
    await time.passes(10)
    assert [round(at) for at, _, _ in sends.sent] == [0, 0, 0, 1, 2, 3]


async def test_a_group_gets_twenty_in_any_minute(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    for _ in range(45):
        sends.start(-100, "bulk")
    await time.passes(59)
    assert len(sends.sent) == 20
    await time.passes(60)
    assert len(sends.sent) == 40


async def test_an_album_counts_for_each_of_its_messages(time: FakeTime) -> None:
    throttle = Throttle(Limits(), clock=time.clock, call_later=time.call_later)

    async def send(chat: int, count: int) -> None:
        await throttle.acquire(chat, "bulk", count=count)
        throttle.release(chat)

    album, words = (asyncio.create_task(send(7, count)) for count in (10, 1))
    group = [asyncio.create_task(send(-100, 10)) for _ in range(3)]
    await time.passes(7)
    assert (album.done(), words.done()) == (True, False)  # three at once, then one a second: seven are owed
    await time.passes(2)
    assert words.done()
    assert [task.done() for task in group] == [True, True, False]
    await time.passes(60)
    assert group[-1].done()


async def test_replies_overtake_bulk(time: FakeTime) -> None:
    sends = Sends(time, Limits(bulk_per_s=10, total_in_a_s=10))
    for chat in range(1, 101):
        sends.start(chat, "bulk")
    await time.passes(1)
    before = len(sends.sent)
    for chat in range(200, 220):
        sends.start(chat)
    await time.passes(2.5)
    assert sends.lanes()[before : before + 20] == ["reply"] * 20
    await time.passes(20)
    assert len(sends.sent) == 120


async def test_a_reply_overtakes_the_bulk_that_waits_for_the_same_chat(time: FakeTime) -> None:
    sends = Sends(time, Limits(private_burst=1))
    sends.start(7, "bulk")
    for lane in ("bulk", "bulk", "reply"):
        sends.start(7, lane)
    await time.passes(10)
    assert sends.lanes() == ["bulk", "reply", "bulk", "bulk"]


async def test_bulk_keeps_its_pace(time: FakeTime) -> None:
    sends = Sends(time, Limits(bulk_per_s=25), way_s=0.05)
    for chat in range(1, 1001):
        sends.start(chat, "bulk")
    await time.passes(20)
    assert 498 <= len(sends.sent) <= 502


async def test_an_edit_waits_for_its_chat_but_not_for_everybody(time: FakeTime) -> None:
    sends = Sends(time, Limits(total_in_a_s=1, edits_burst=1))
    sends.start(1)
    sends.start(2)
    for _ in range(2):
        sends.start(3, edit=True)
    await settle()
    assert [chat for _, chat, _ in sends.sent] == [1, 3]
    await time.passes(1)
    assert [chat for _, chat, _ in sends.sent[2:]] in ([2, 3], [3, 2])


async def test_one_call_of_a_chat_is_under_way_at_a_time_and_in_order(time: FakeTime) -> None:
    sends = Sends(time, None, way_s=0.2)
    order: list[int] = []

    async def numbered(number: int) -> None:
        await sends.one(7)
        order.append(number)

    tasks = [asyncio.create_task(numbered(number)) for number in range(5)]
    await time.passes(0.5)
    assert [round(at, 1) for at, _, _ in sends.sent] == [0.0, 0.2, 0.4]
    await time.passes(2)
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(3))
async def test_however_long_the_way_is_the_server_never_counts_too_many(time: FakeTime, seed: int) -> None:
    """A server with Telegram's limits, at the far end of a way of 1-400 ms each way: nothing is refused."""
    chance = random.Random(seed)
    throttle = Throttle(Limits(total_in_a_s=30), clock=time.clock, call_later=time.call_later)
    seen: deque[float] = deque()
    chats: dict[int, tuple[float, float]] = {}
    refused, arrived = [], 0

    def arrive(chat: int, count: int) -> None:
        nonlocal arrived
        arrived += 1
        while seen and time.now - seen[0] >= 1.0:
            seen.popleft()
        seen.extend([time.now] * count)
        tokens, at = chats.get(chat, (3.0, 0.0))
        tokens = min(3.0, tokens + time.now - at)
        chats[chat] = (tokens - count, time.now)
        if len(seen) > 30 or tokens < 1 - 1e-6:  # an album may go into debt
            refused.append((time.now, chat, len(seen), tokens))

    async def one(chat: int, lane: Lane) -> None:
        count = chance.choice((1,) * 12 + (10,))
        await throttle.acquire(chat, lane, count=count)
        there, back = chance.uniform(0.001, 0.4), asyncio.Event()
        time.call_later(there, lambda: arrive(chat, count))
        time.call_later(there + chance.uniform(0.001, 0.4), back.set)
        await back.wait()
        throttle.release(chat)

    tasks = [asyncio.create_task(one(chance.randint(1, 60), chance.choice(("reply", "bulk")))) for _ in range(600)]
    await time.passes(120)
    await asyncio.gather(*tasks)
    assert not refused
    assert arrived == 600


async def test_told_to_be_quiet_one_chat_is_and_others_are_not(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    await sends.throttle.acquire(7, "reply")
    sends.throttle.pause(7, 2)
    sends.throttle.release(7)
    sends.start(7)
    sends.start(8)
    await time.passes(1.9)
    assert [chat for _, chat, _ in sends.sent] == [8]
    await time.passes(1)
    assert [chat for _, chat, _ in sends.sent] == [8, 7]


async def test_when_a_second_chat_is_told_everybody_is_quiet(time: FakeTime) -> None:
    sends = Sends(time, None)
    for chat in (7, 8):
        await sends.throttle.acquire(chat, "reply")
    for chat in (7, 8):
        sends.throttle.pause(chat, 2)
        sends.throttle.release(chat)
    sends.start(9)
    sends.start(10, edit=True)
    await time.passes(1.9)
    assert sends.sent == []
    await time.passes(1)
    assert {chat for _, chat, _ in sends.sent} == {9, 10}


async def test_when_much_goes_out_and_an_idle_chat_is_told_everybody_is_quiet(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    for chat in range(100, 125):
        sends.start(chat)
    await settle()
    await sends.throttle.acquire(7, "reply")
    sends.throttle.pause(7, 2)
    sends.throttle.release(7)
    sends.start(8)
    await time.passes(1.9)
    assert len(sends.sent) == 25
    await time.passes(1)
    assert len(sends.sent) == 26


async def test_a_long_pause_is_not_waited_for_neither_by_those_who_wait_already(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    await sends.throttle.acquire(7, "reply")
    waiting = sends.start(7)
    await settle()
    sends.throttle.pause(7, 3600)
    sends.throttle.release(7)
    await waiting
    await sends.one(7)
    await sends.one(8)
    assert [round(seconds) for seconds in sends.paused] == [3600, 3600]
    assert [chat for _, chat, _ in sends.sent] == [8]
    await time.passes(3601)
    await sends.one(7)
    assert len(sends.sent) == 2


async def test_a_reply_waits_for_seconds_and_bulk_for_a_minute(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    await sends.throttle.acquire(7, "reply")
    sends.start(7)
    sends.start(7, "bulk")
    await settle()
    sends.throttle.pause(7, 30)
    sends.throttle.release(7)
    await settle()
    assert [round(seconds) for seconds in sends.paused] == [30]
    await time.passes(31)
    assert sends.lanes() == ["bulk"]


async def test_who_is_in_a_hurry_does_not_wait_at_all(time: FakeTime) -> None:
    throttle = Sends(time, Limits(private_burst=1)).throttle
    await throttle.acquire(7, "reply", patience=Patience(0.0))
    throttle.release(7)
    with pytest.raises(Paused):
        await throttle.acquire(7, "reply", patience=Patience(0.0))


async def test_a_long_queue_sends_away_who_will_not_stand_in_it_and_tells_for_how_long(time: FakeTime) -> None:
    sends = Sends(time, Limits(total_in_a_s=10))
    for chat in range(1, 41):
        sends.start(chat)
    await settle()
    with pytest.raises(Paused) as away:
        await sends.throttle.acquire(99, "reply", patience=Patience(3.0, queue_s=1.0))
    assert away.value.seconds == 3.0
    await sends.throttle.acquire(99, "reply", edit=True, patience=Patience(3.0, queue_s=1.0))  # an edit stands in none
    await time.passes(2.1)
    joined = asyncio.create_task(sends.throttle.acquire(100, "reply", patience=Patience(3.0, queue_s=1.0)))
    await time.passes(2)
    assert joined.done()


async def test_who_stops_waiting_takes_no_turn_and_blocks_nobody(time: FakeTime) -> None:
    sends = Sends(time, Limits(private_burst=1))
    tasks = [sends.start(7) for _ in range(4)]
    await settle()
    tasks[1].cancel()
    await time.passes(5)
    assert [round(at) for at, _, _ in sends.sent] == [0, 1, 2]
    assert sends.throttle.waiting == 0


async def test_cancelled_at_the_moment_of_its_turn_it_gives_the_turn_back(time: FakeTime) -> None:
    sends = Sends(time, Limits(private_burst=1))
    await sends.throttle.acquire(7, "reply")
    second, third = sends.start(7), sends.start(7)
    await settle()
    sends.throttle.release(7, spent=False)  # calls the second …
    second.cancel()  # … which goes away before it hears that
    await time.passes(2)
    assert third.done()
    assert len(sends.sent) == 1


async def test_more_than_the_bound_do_not_wait(time: FakeTime) -> None:
    sends = Sends(time, Limits(waiting=10))
    for _ in range(20):
        sends.start(7)
    await settle()
    assert len(sends.paused) == 7  # three of the burst went out, ten wait
    await time.passes(60)
    assert len(sends.sent) == 13


async def test_idle_chats_are_forgotten(time: FakeTime) -> None:
    sends = Sends(time, FREE)
    for chat in range(1, 2001):
        await sends.one(chat)
    await time.passes(100)
    for _ in range(1100):
        await sends.one(1)
    assert len(sends.throttle) <= KEPT


async def test_who_writes_while_everybody_must_be_quiet_is_not_remembered_for_it(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    for chat in (1, 2):
        await sends.throttle.acquire(chat, "reply")
        sends.throttle.pause(chat, 3600)
        sends.throttle.release(chat)
    for chat in range(3, 2000):
        await sends.one(chat)
    assert len(sends.paused) == 1997
    assert len(sends.throttle) <= KEPT + 1


@pytest.mark.parametrize(("rate", "limits"), [(25.0, Limits()), (100.0, Limits(bulk_per_s=100, total_in_a_s=115))])
def test_the_rate_setting_moves_the_ceiling_with_it(rate: float, limits: Limits) -> None:
    assert Limits.at(rate) == limits


def test_more_than_telegram_ever_allows_means_no_limits() -> None:
    assert Limits.at(1000) is not None
    assert Limits.at(1001) is None


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8, 20])
@pytest.mark.parametrize("is_sending", [True, False])
def test_what_all_workers_may_do_together_is_what_one_may(workers: int, is_sending: bool) -> None:
    whole = Limits()
    parts = [whole.share(workers, leads=n == 0, is_sending=is_sending) for n in range(workers)]
    assert sum(part.total_in_a_s for part in parts) <= whole.total_in_a_s
    assert sum(part.group_in_a_min for part in parts) <= max(whole.group_in_a_min, workers)
    assert sum(part.private_per_s for part in parts) <= whole.private_per_s + 1e-9
    if is_sending and workers <= 5:
        assert parts[0].total_in_a_s >= whole.bulk_per_s


async def test_a_throttle_keeps_to_new_limits_at_once(time: FakeTime) -> None:
    sends = Sends(time, Limits())
    sends.throttle.keep(Limits().share(2, leads=False, is_sending=True))
    for chat in range(1, 30):
        sends.start(chat)
    await time.passes(0.5)
    assert len(sends.sent) == 2
    sends.throttle.keep(Limits())
    await time.passes(0.4)
    assert len(sends.sent) == 29
