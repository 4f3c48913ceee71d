"""A teacher types one sentence in the chat, looks at the card, and taps once."""

from __future__ import annotations

from pathlib import Path

from tests.broadcast.harness import session
from tests.broadcast.test_chat import office

PEOPLE = [
    session("walking", cohort="ancai", major="会计学"),
    session("done", "m10-done", cohort="ancai", major="会计学"),
    session("walking", cohort="ancai", major="工商管理"),
]


async def test_one_sentence_and_one_tap_schedule_a_reminder(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as at:
        card = await at.says(at.owner, "明天上午10点提醒会计学没做完的")
        assert "发给：会计学，没做完的" in card
        assert "会收到的不到5人" in card
        assert "定在" in await at.taps(at.owner, "确定，12月12日 10:00发")
        made = await at.harness.get(1)
        assert (made.state, made.due_at and made.due_at.isoformat()) == ("scheduled", "2013-12-12T02:00:00+00:00")
        at.harness.advance(hours=22)
        await at.sends()
        assert [len(at.harness.messages_of(n)) for n in range(3)] == [1, 0, 0]


async def test_a_sentence_without_a_time_is_sent_at_the_tap_and_a_changed_draft_is_shown_again(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as at:
        await at.says(at.owner, "/broadcast 给工商管理没做完的发：请今天就做")
        await at.taps(at.owner, "确定，现在发")
        await at.sends()
        assert "请今天就做" in at.harness.messages_of(2)[-1]
        await at.says(at.owner, "给会计学没做完的发：看看照片")
        old = next(b for row in at.owner.messages[-1].buttons for b in row if "确定" in b["text"])["callback_data"]
        await at.taps(at.owner, "要改")
        await at.taps(at.owner, "写内容")
        await at.says(at.owner, "看看姓名")
        await at.presses(at.owner, old)
        await at.sends()
        assert at.harness.messages_of(0) == []


async def test_what_is_not_clear_is_asked_and_what_a_graduate_says_is_no_broadcast(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as at:
        assert "会计电算化、会计学" in await at.says(at.owner, "明早9点提醒会计没做完的")
        assert await at.harness.store.broadcasts.all() == []
        for words in ("明天提醒我", "我没做完", "照片怎么看", "会计学", "提醒我"):
            assert "发给谁" not in await at.says(at.owner, words), words
        assert await at.harness.store.broadcasts.all() == []
