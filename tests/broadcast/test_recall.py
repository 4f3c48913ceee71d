"""Corrections and recalls of what was sent: each copy is edited or deleted, and the report says which were not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.reach import count_reach
from bot.broadcast.starting import BroadcastStart
from bot.domain.broadcast import Moved, Result, RowState
from bot.domain.join_codes import CodeClaimed
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
        rows = [report.to_row(shipped().phrases.broadcast, row, {}) async for row in harness.store.ledger.report(made)]
        assert [row[4] for row in rows] == ["学生自己删了"] * 11 + [""]


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


async def test_failed_and_unsure_are_sent_again_apart_and_the_report_names_code_and_class(tmp_path: Path) -> None:
    in_class = session("walking", cohort="ancai", major="会计学")
    async with open_harness(tmp_path, [in_class] * 3) as harness:
        await harness.apply(CodeClaimed("ABCDEFGH"), user=str(FIRST))
        number = await harness.start_new()
        await harness.store.broadcasts.go_on(number, harness.now)
        outcomes: dict[str, RowState] = dict(zip(("0", "1", "2"), ("failed", "unsure", "sent"), strict=True))
        rows = await harness.store.ledger.claim(number, "w", 3, harness.now)
        for row, state in zip(rows, outcomes.values(), strict=True):
            assert await harness.store.ledger.mark(row.id, "w", harness.now)
            await harness.store.ledger.settle(Result(row.id, state), harness.now)
        assert await harness.store.ledger.end(number, harness.now)
        words, labels = shipped().phrases.broadcast, report.label_classes(shipped().notices)
        told = [report.to_row(words, row, labels) async for row in harness.store.ledger.report(number)]
        assert told[0][:2] == ["ABCD-EFGH", f"{labels['ancai']} 会计学"]
        assert [row[0] for row in told[1:]] == ["", ""]
        done = drafts.load((await harness.get(number)).draft)
        for only in ("failed", "unsure"):
            again = replace(await harness.get(number), parent=number, draft=drafts.dump(replace(done, only=only)))
            starting = BroadcastStart(harness.content, again, harness.local(), harness.now)
            assert starting.states == (only,)
            assert (await count_reach(harness.store, starting)).left == 1  # type: ignore[union-attr]


async def test_states_are_told_as_they_are(tmp_path: Path) -> None:
    words = shipped().phrases.broadcast
    async with open_harness(tmp_path, [AGREED] * 3) as harness:

        async def state(number: int) -> str:
            return report.format_state(words, await harness.get(number), harness.local())

        dropped, stopped, back, sent = [await harness.draft() for _ in range(4)]
        await harness.cancel(dropped)
        for number in (stopped, back):
            await harness.apply(Moved(number, "draft", "scheduled", {"due_at": harness.now}))
        await harness.cancel(stopped)
        await harness.apply(Moved(back, "scheduled", "draft", {"due_at": None}))
        assert [await state(number) for number in (dropped, stopped, back)] == [
            "没有发就不要了",
            "开始前取消了",
            "改回草稿了",
        ]
        await harness.start(sent)
        await harness.sender().send_once(sent)
        assert await state(sent) == "发完了"
        recall = await harness.store.broadcasts.make(
            "telegram", (await harness.get(sent)).draft, "1", harness.now, act="delete", parent=sent
        )
        assert recall
        assert await state(sent) == "发完了"
        await harness.start(recall)
        await harness.sender().send_once(recall)
        assert await state(sent) == "发完又收回了"
        late = await harness.start_new()
        harness.advance(hours=11)
        await harness.store.broadcasts.go_on(late, harness.now)
        assert await state(late) == "等早上再发"


def test_errors_are_told_in_a_teachers_words() -> None:
    words = shipped().phrases.broadcast
    said = [
        report.say_reason(words, why) for why in ("", "muted", "Forbidden: user is deactivated", "Bad Request: X_1")
    ]
    assert said == ["", "不要提醒", "账号注销了", "Telegram 退回来了，请给管理员看：Bad Request: X_1"]
