"""Sending a broadcast: everybody once, whatever Telegram, the database or the clock does in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update

from bot.broadcast.scheduler import Scheduler
from bot.domain.broadcast import Cancelled, Moved, Result
from bot.domain.effects import Outdated
from bot.store import Store
from bot.store.broadcast_tables import proofs, recipients
from bot.store.ledger import FLIGHT_S
from tests.broadcast.harness import FIRST, Harness, open_harness, session

AGREED = session()


async def test_everybody_gets_it_once_and_it_is_proved(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 300) as harness:
        number = await harness.start_new("<b>{{ deadline }}</b>前，还有{{ days_left }}天")
        await harness.sender().send_once(number)
        assert {tuple(harness.messages_of(n)) for n in range(300)} == {("2013年12月20日（周五）前，还有9天",)}
        assert await harness.totals(number) == {"sent": 300}
        assert (await harness.get(number)).state == "done"
        proved = await anext(harness.store.proofs.pages(number))
        assert [record.kind for record in proved][:: len(proved) - 1] == ["started", "ended"]
        assert sum(record.body.count("member-") for record in proved) == 300
        await harness.sender().send_once(number)
        assert len(harness.telegram.made("sendMessage")) == 300


async def test_whoever_said_no_or_is_out_of_reach_gets_nothing(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session(reminders=None), session(reminders=False), AGREED, AGREED]) as harness:
        await harness.store.reach("telegram", str(FIRST + 2), reachable=False)
        number = await harness.start_new()
        await harness.sender().send_once(number)
        assert [len(harness.messages_of(n)) for n in range(4)] == [0, 0, 0, 1]
        assert await harness.totals(number) == {"sent": 1}


async def test_what_changed_since_it_started_counts(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 5) as harness:
        number = await harness.start_new(rule="-完成")
        service = harness.service()
        from bot.domain.messages import Incoming

        await service.receive(Incoming("telegram", str(FIRST), "/mute", update_id="1"))
        await service.receive(Incoming("telegram", str(FIRST + 1), "忘记我", update_id="2"))
        await harness.store.save_turn(
            "telegram", str(FIRST + 2), session=session("done", "m10-done"), events=(), update_id="3", turn="1",
            miss=None, at=harness.now,
        )  # fmt: skip
        await harness.store.reach("telegram", str(FIRST + 4), reachable=False)
        await harness.sender().send_once(number)
        assert [len(harness.messages_of(n)) for n in range(5)] == [0, 0, 0, 1, 0]
        rows = [dict(row) async for row in harness.store.ledger.report(number)]
        assert sorted(row["reason"] for row in rows) == ["", "done", "forgotten", "muted", "unreachable"]
        assert sum((await harness.totals(number)).values()) == 5


async def test_blocked_refused_and_doubtful_are_told_apart(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 6) as harness:
        harness.telegram.users[FIRST].blocked = True
        harness.telegram.fault("error", "sendMessage", code=400, description="Bad Request: wrong", chat_id=FIRST + 1)
        harness.telegram.fault("cut", "sendMessage", after=True, chat_id=FIRST + 2)
        number = await harness.start_new()
        sender = harness.sender()
        await sender.send_once(number)
        assert await harness.totals(number) == {"blocked": 1, "failed": 1, "unsure": 1, "sent": 3}
        assert await harness.count("所有人") == 5
        again = await harness.store.broadcasts.make(
            "telegram", (await harness.get(number)).draft, "1", harness.now, parent=number
        )
        assert again
        await harness.start(again)
        await sender.send_once(again)
        assert await harness.totals(again) == {"sent": 2}
        assert len(harness.messages_of(1)) == 1


async def test_an_error_of_telegram_is_tried_again_and_at_last_reported(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 3) as harness:
        harness.telegram.fault("error", "sendMessage", code=500, chat_id=FIRST, times=2)
        harness.telegram.fault("error", "sendMessage", code=500, chat_id=FIRST + 1, times=99)
        number = await harness.start_new()
        sender = harness.sender()
        for _ in range(8):
            await sender.send_once(number)
            harness.advance(minutes=2)
        assert await harness.totals(number) == {"sent": 2, "failed": 1}
        assert len(harness.messages_of(0)) == 1


@pytest.mark.parametrize("seconds", [2, 60])
async def test_too_fast_waits_and_nobody_is_lost(tmp_path: Path, seconds: int) -> None:
    async with open_harness(tmp_path, [AGREED] * 5) as harness:
        harness.telegram.fault("error", "sendMessage", code=429, retry_after=seconds, chat_id=FIRST)
        number = await harness.start_new()
        sender = harness.sender()
        await sender.send_once(number)
        assert await harness.totals(number) == {"pending": 1, "sent": 4}
        await sender.send_once(number)
        assert len(harness.telegram.made("sendMessage")) == 5
        harness.advance(seconds=seconds + 1)
        await sender.send_once(number)
        assert await harness.totals(number) == {"sent": 5}


async def test_three_hours_are_a_pause_that_survives_a_restart(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 10) as harness:
        harness.telegram.fault("error", "sendMessage", code=429, retry_after=10_800, times=1000)
        number = await harness.start_new()
        await harness.run_due(harness.scheduler())
        it = await harness.get(number)
        assert (it.state, it.why) == ("paused", "flood")
        assert it.resume_at
        assert timedelta(hours=2.9) < it.resume_at - harness.now < timedelta(hours=3.1)
        assert await harness.totals(number) == {"pending": 10}
        harness.telegram.heal()
        asked = len(harness.telegram.made("sendMessage"))
        scheduler = harness.scheduler()
        harness.advance(hours=1)
        await harness.run_due(scheduler)
        assert (await harness.get(number)).state == "paused"
        assert len(harness.telegram.made("sendMessage")) == asked
        harness.advance(hours=2.1)
        await harness.run_due(scheduler)
        await harness.run_due(scheduler)
        assert await harness.totals(number) == {"sent": 10}
        said = [post.reply.text for post in await harness.store.outbox.claim("telegram", harness.now) if post.reply]
        assert "Telegram 要求慢一点" in said[0]


async def test_too_many_errors_stop_it_and_staff_are_told(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 400) as harness:
        for n in range(0, 400, 4):
            harness.telegram.fault("error", "sendMessage", code=400, description="Bad Request: no", chat_id=FIRST + n)
        number = await harness.start_new()
        await harness.sender().send_once(number)
        assert ((await harness.get(number)).state, (await harness.get(number)).why) == ("paused", "errors")
        totals = await harness.totals(number)
        assert totals["failed"] >= 10
        assert totals["pending"] > 50
        assert sum(totals.values()) == 400
        posts = await harness.store.outbox.claim("telegram", harness.now)
        assert [post.user for post in posts] == ["1"]
        assert posts[0].reply
        assert "出错太多" in posts[0].reply.text


async def test_blocked_people_are_no_errors(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 100) as harness:
        for n in range(90):
            harness.telegram.users[FIRST + n].blocked = True
        number = await harness.start_new()
        await harness.sender().send_once(number)
        assert await harness.totals(number) == {"blocked": 90, "sent": 10}


async def test_an_outage_loses_and_repeats_nothing(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 300) as harness:
        number = await harness.start_new()
        sender = harness.sender()
        work = asyncio.create_task(sender.send_once(number))
        await harness.telegram.until(lambda: len(harness.telegram.made("sendMessage")) > 100)
        await harness.telegram.goes_away()
        await asyncio.sleep(0.5)
        await harness.telegram.comes_back()
        await work
        for _ in range(3):
            if (it := await harness.get(number)).state == "paused":  # more than ten were in flight when it was cut
                assert it.why == "errors"
                await harness.apply(Moved(number, "paused", "running", {"why": ""}))
            harness.advance(minutes=5)
            await sender.send_once(number)
        totals = await harness.totals(number)
        assert totals["sent"] + totals.get("unsure", 0) == 300
        assert all(len(harness.messages_of(n)) <= 1 for n in range(300))
        missing = sum(not harness.messages_of(n) for n in range(300))
        assert missing <= totals.get("unsure", 0)


async def test_a_pause_holds_at_once_and_a_cancel_leaves_the_rest_out(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 400) as harness:
        number = await harness.start_new()
        work = asyncio.create_task(harness.sender().send_once(number))
        await harness.telegram.until(lambda: len(harness.telegram.made("sendMessage")) > 20)
        await harness.apply(Moved(number, "running", "paused", {"why": "staff"}))
        called = len(harness.telegram.made("sendMessage"))
        await work
        assert len(harness.telegram.made("sendMessage")) <= called + 64
        before = await harness.totals(number)
        assert set(before) == {"sent", "pending"}
        await harness.sender().send_once(number)  # another worker, after a restart
        assert await harness.totals(number) == before
        await harness.apply(Cancelled(number, "paused"))
        assert await harness.totals(number) == {"sent": before["sent"], "skipped": before["pending"]}
        with pytest.raises(Outdated):
            await harness.apply(Moved(number, "paused", "running"))
        await harness.verify_proof()


async def test_two_workers_share_the_work_and_no_row(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 400) as harness:
        number = await harness.start_new()
        await asyncio.gather(harness.sender().send_once(number), harness.sender().send_once(number))
        await harness.sender().send_once(number)
        assert await harness.totals(number) == {"sent": 400}
        assert all(len(harness.messages_of(n)) == 1 for n in range(400))


async def test_a_row_whose_sender_died_is_unsure_and_never_sent_again(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 3) as harness:
        number = await harness.start_new()
        (row, *_) = await harness.store.ledger.claim(number, "dead", 1, harness.now)
        assert await harness.store.ledger.mark(row.id, "dead", harness.now)
        sender = harness.sender()
        await sender.send_once(number)
        assert await harness.totals(number) == {"sending": 1, "sent": 2}
        harness.advance(seconds=FLIGHT_S + 1)
        await sender.send_once(number)
        assert await harness.totals(number) == {"unsure": 1, "sent": 2}
        assert len(harness.telegram.made("sendMessage")) == 2
        # It lives after all, and knows better.
        await harness.store.ledger.settle(Result(row.id, "sent", message="7"), harness.now)
        assert await harness.totals(number) == {"sent": 3}


async def test_a_clock_that_jumps_an_hour_sends_nothing_twice(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 300) as harness:
        number = await harness.start_new()
        first, second = harness.sender(), harness.sender()
        work = asyncio.create_task(first.send_once(number))
        await harness.telegram.until(lambda: len(harness.telegram.made("sendMessage")) > 40)
        harness.advance(hours=1)
        await second.send_once(number)
        harness.advance(hours=-2)
        await work
        harness.advance(hours=2)
        await second.send_once(number)
        assert await harness.totals(number) == {"sent": 300}
        assert all(len(harness.messages_of(n)) == 1 for n in range(300))


class Disk:
    """The disk under a store's SQLite file: full, it gives the file no more pages, and SQLite says so itself."""

    def __init__(self, store: Store) -> None:
        self.full = False
        event.listen(store._engine.sync_engine, "checkout", self._measured)

    def _measured(self, connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={1 if self.full else 2**30}")  # never less than there are
        cursor.close()


@pytest.mark.parametrize("backend", ["sqlite"])  # SQLite's own limit stands for the disk
async def test_a_full_disk_forgets_no_outcome_and_staff_are_told(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 400) as harness:
        disk, scheduler, number = Disk(harness.store), harness.scheduler(), await harness.start_new()
        await scheduler.run_due()
        await harness.telegram.until(lambda: len(harness.telegram.made("sendMessage")) >= 100)
        disk.full = True
        owner = harness.telegram.users[1]
        await _looks_until(harness, scheduler, lambda: any("磁盘满了" in m.shown for m in owner.messages))
        went = len(harness.telegram.made("sendMessage"))
        for _ in range(5):
            await _looks(harness, scheduler)
        assert len(harness.telegram.made("sendMessage")) <= went + 2  # the card alone
        assert sum("磁盘满了" in m.shown for m in owner.messages) <= 2  # one message, and the card
        disk.full = False
        await _looks_until(harness, scheduler, lambda: number not in scheduler.sender._sending)
        await harness.run_due(scheduler)
        assert await harness.totals(number) == {"sent": 400}
        assert all(len(harness.messages_of(n)) == 1 for n in range(400))
        assert "磁盘" not in owner.messages[0].shown  # the card
        await harness.verify_proof()


async def _looks(harness: Harness, scheduler: Scheduler) -> None:
    harness.advance(seconds=5)
    await scheduler._run_due_safely()
    await asyncio.sleep(0.02)


async def _looks_until(harness: Harness, scheduler: Scheduler, what: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not what():
            await _looks(harness, scheduler)


async def test_people_sleep_from_ten_to_eight(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 2) as harness:
        harness.advance(hours=10.5)  # 22:30
        number, loud = await harness.start_new(), await harness.start_new(loud=True)
        await harness.sender().send_once(number)
        await harness.sender().send_once(loud)
        assert (await harness.totals(number), await harness.totals(loud)) == ({"pending": 2}, {"sent": 2})
        harness.advance(hours=9.6)
        await harness.sender().send_once(number)
        assert await harness.totals(number) == {"sent": 2}


async def test_whose_dates_are_over_by_then_gets_nothing(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 2) as harness:
        number, late = await harness.start_new("快来核对"), await harness.start_new("快来核对", "过期也发")
        harness.advance(days=200)
        await harness.sender().send_once(number)
        await harness.sender().send_once(late)
        assert (await harness.totals(number), await harness.totals(late)) == ({"skipped": 2}, {"sent": 2})
        assert (await harness.all_totals(number)).skipped == {"over": 2}


async def test_whoever_touches_the_proof_is_found_out(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 3) as harness:
        await harness.sender().send_once(await harness.start_new())
        assert (await harness.verify_proof()).count >= 3
        async with harness.store._transaction() as connection:
            await connection.execute(update(proofs).where(proofs.c.id == 2).values(body="[]"))
        from bot.domain.proof import Chain

        pages = [page async for page in harness.store.proofs.pages()]
        broken = Chain().find_break(pages[0])
        assert broken
        assert broken.id == 2


async def test_the_rows_of_many_are_claimed_a_few_at_a_time(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 50) as harness:
        number = await harness.start_new()
        rows = await harness.store.ledger.claim(number, "w", 10, harness.now)
        assert len(rows) == 10
        async with harness.store._transaction() as connection:
            await connection.execute(update(recipients).values(not_before="9"))
        assert await harness.store.ledger.claim(number, "w", 10, harness.now) == []


async def test_a_stop_in_the_middle_of_a_claim_leaves_the_database_to_others(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session("walking")] * 50) as harness:
        number, ledger = await harness.start_new(), harness.store.ledger
        for wait in range(40):
            claim = asyncio.create_task(ledger.claim(number, "worker-1", 2, harness.now))
            await asyncio.sleep(wait * 0.00008)  # the driver's thread is somewhere in it
            claim.cancel()
            await ledger.release(number, "worker-1")
            await asyncio.wait([claim])
        assert (await harness.totals(number)) == {"pending": 50}
