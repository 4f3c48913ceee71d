"""A teacher types one sentence in the chat, looks at the card, and taps once."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

from bot.broadcast import draft as drafts
from tests.broadcast.harness import NOTICE, session
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
        await at.taps(at.owner, "改别的")
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


async def test_a_card_is_changed_by_taps_and_keeps_its_time(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as at:
        await at.says(at.owner, "明天上午10点提醒会计学没做完的")
        menu = await at.taps(at.owner, "改发给谁")
        assert "现在发给：会计学，没做完的" in menu
        assert "✓ 会计学" not in menu
        await at.taps(at.owner, "专升本（安徽财经大学）：选专业")
        assert "现在发给：专升本（安徽财经大学），" in await at.taps(at.owner, "工商管理"), "both of its majors"
        await at.taps(at.owner, "返回")
        assert "还没开始的" in await at.taps(at.owner, "✓ 做了一半")
        assert "12月12日 10:00" in await at.taps(at.owner, "返回")
        await at.taps(at.owner, "改时间")
        late = await at.says(at.owner, "今晚11点")
        assert "安静时段" in late
        assert "12月12日 08:00" in await at.taps(at.owner, "就12月12日 08:00")
        await at.taps(at.owner, "换模板")
        assert "内容：最后一天（上面那条）" in await at.taps(at.owner, "最后一天")
        assert "定在" in await at.taps(at.owner, "确定，12月12日 08:00发")
        assert str(drafts.load((await at.harness.get(1)).draft).audience) == "年级=ancai 状态=没开始或有误"


async def test_a_time_that_cannot_be_is_offered_another_in_one_tap(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as at:
        said = await at.says(at.owner, "今晚11点提醒会计学没做完的")
        assert "“今晚11点”是安静时段" in said
        assert "定在" in await at.taps(at.owner, "确定，12月12日 08:00发")


async def test_days_before_the_deadline_follow_it_when_it_moves(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as at:
        await at.says(at.owner, "截止前3天提醒没做完的")
        assert "12月17日 09:30（跟着截止日期走）" in at.owner.messages[-1].shown
        await at.taps(at.owner, "确定，12月17日 09:30发")
        notice = at.harness.content.notices[NOTICE]
        later = [w.model_copy(update={"closes": date(2013, 12, 23)}) if w.id == "check" else w for w in notice.windows]
        moved = notice.model_copy(update={"windows": tuple(later)})
        at.harness.content = dataclasses.replace(at.harness.content, notices={NOTICE: moved})
        await at.sends()
        assert any("跟着改到 12-20 09:30 发" in message.shown for message in at.owner.messages)
        due = (await at.harness.get(1)).due_at
        assert due
        assert due.isoformat() == "2013-12-20T01:30:00+00:00"
        sooner = [w.model_copy(update={"closes": date(2013, 12, 13)}) if w.id == "check" else w for w in notice.windows]
        near = notice.model_copy(update={"windows": tuple(sooner)})
        at.harness.content = dataclasses.replace(at.harness.content, notices={NOTICE: near})
        await at.sends()
        assert (await at.harness.get(1)).state == "draft"
        assert any("已经过去，没有发" in message.shown for message in at.owner.messages)
        assert at.harness.messages_of(0) == []


async def test_a_text_that_speaks_of_a_button_which_it_lacks_is_refused(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as at:
        number = await at.harness.draft("点下面的按钮接着走")
        assert "下面却没有这个按钮" in await at.presses(at.owner, f"bc|{number}|send")
        await at.presses(at.owner, f"bc|{number}|buttons|resume")
        assert "要把" in await at.presses(at.owner, f"bc|{number}|send")
