"""Corrections and recalls of what was sent: each copy is edited or deleted, and the report says which were not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.draft import BroadcastDraft
from bot.domain.broadcast import Result
from tests.broadcast.harness import FIRST, open_harness, session
from tests.conftest import shipped

AGREED = session()


async def test_a_correction_edits_every_copy_and_a_recall_takes_them_back(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 3) as harness:
        harness.telegram.users[FIRST + 2].blocked = True
        number = await harness.start_new("12月10日截止")
        await harness.sender().send_once(number)
        acts: tuple[Literal["edit", "delete"], ...] = ("edit", "delete")
        for act in acts:
            made = await harness.store.broadcasts.make(
                "telegram",
                drafts.dump(BroadcastDraft("12月20日截止")),
                "1",
                harness.now,
                act=act,
                parent=number,
            )
            assert made
            await harness.start(made)
            await harness.sender().send_once(made)
            assert await harness.totals(made) == {"sent": 2}
        assert harness.messages_of(0) == ["12月20日截止"]
        assert len(harness.telegram.made("deleteMessage")) == 2


async def test_copies_that_people_deleted_are_no_errors_of_a_correction(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 12) as harness:
        number = await harness.start_new("12月10日截止")
        await harness.sender().send_once(number)
        for n in range(11):
            harness.telegram.users[FIRST + n].messages.clear()
        draft = drafts.dump(BroadcastDraft("12月20日截止"))
        made = await harness.store.broadcasts.make("telegram", draft, "1", harness.now, act="edit", parent=number)
        assert made
        await harness.start(made)
        await harness.sender().send_once(made)
        assert (await harness.get(made)).state == "done"
        assert await harness.totals(made) == {"sent": 1, "failed": 11}
        rows = [report.to_row(shipped().phrases.broadcast, row) async for row in harness.store.ledger.report(made)]
        assert [row[2] for row in rows] == ["学生自己删了"] * 11 + [""]


async def test_what_arrived_two_days_ago_is_not_taken_back_and_the_report_says_so(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [AGREED] * 8) as harness:
        number = await harness.start_new()
        for ago in (50, 1):
            rows = await harness.store.ledger.claim(number, "w", 4, harness.now)
            for row in rows:
                assert await harness.store.ledger.mark(row.id, "w", harness.now)
                message = harness.telegram.next_message()
                at = harness.now - timedelta(hours=ago)
                await harness.store.ledger.settle(Result(row.id, "sent", message=str(message)), at)
        await harness.sender().send_once(number)
        draft = (await harness.get(number)).draft
        made = await harness.store.broadcasts.make("telegram", draft, "1", harness.now, act="delete", parent=number)
        assert made
        await harness.start(made)
        await harness.sender().send_once(made)
        assert await harness.totals(made) == {"sent": 4, "skipped": 4}
        assert len(harness.telegram.made("deleteMessage")) == 4
        words = shipped().phrases.broadcast
        said = report.summarise(words, await harness.get(made), await harness.all_totals(made))
        assert "（收的是 #1） 结束（收完了）：共 8 人。已收回 4 · 跳过 4（超过48小时收不回 4）" in said
