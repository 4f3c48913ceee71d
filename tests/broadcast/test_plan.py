"""Automatic reminders: each once for each person and deadline, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

from bot.broadcast.plan import find_due
from bot.content.content import Content
from bot.domain.messages import Incoming
from flows.notice_plan import Reminder, Reminders, StaffDuty
from flows.windows import Window
from tests.broadcast.harness import FIRST, Harness, open_harness, session
from tests.broadcast.test_chat import office
from tests.conftest import another_notice, shipped
from tests.person import at


async def days(harness: Harness, number: int, *, restarts: bool = True) -> None:
    """Let so many days pass, hour by hour; the bot is restarted each time."""
    scheduler = harness.scheduler()
    for _ in range(number * 24):
        harness.advance(hours=1)
        await harness.run_due(harness.scheduler() if restarts else scheduler)


def reminders(harness: Harness, n: int) -> int:
    return len(harness.messages_of(n))


async def test_each_fires_once_and_stops_when_there_is_no_need(tmp_path: Path) -> None:
    people = [session("walking"), session("walking"), session("done", "m10-done"), session("walking", reminders=False)]
    async with open_harness(tmp_path, people) as harness:
        await days(harness, 3)  # until the 14th: seven days before the end came by
        assert [reminders(harness, n) for n in range(4)] == [1, 1, 0, 0]
        await harness.service().receive(Incoming("telegram", str(FIRST + 1), "/mute", update_id="1"))
        muted = reminders(harness, 1)
        await days(harness, 7)  # three days and one day
        assert reminders(harness, 0) == 3
        assert reminders(harness, 1) == muted
        await harness.verify_proof()


async def test_one_person_gets_no_more_than_the_plan_allows(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session("walking")]) as harness:
        notice = shipped().notices["2014-autumn"]
        fewer = notice.model_copy(update={"reminders": notice.reminders.model_copy(update={"most": 2})})
        harness.content = type(harness.content)(
            harness.content.script, {notice.id: fewer}, harness.content.entries, harness.content.phrases, "other"
        )
        await days(harness, 10, restarts=False)
        assert reminders(harness, 0) == 2


def test_where_the_end_does_not_count_the_last_reminder_comes_the_day_before() -> None:
    notice = another_notice()
    plan = Reminders(plan=(Reminder(window="check-nurse", days=0, template="last"),))
    content = replace(shipped(), notices={notice.id: notice.model_copy(update={"reminders": plan})})
    days = [day for day in (18, 19, 20) if list(find_due(content, datetime(2014, 12, day, 10)))]  # noqa: DTZ001
    assert days == [19]


def planned(*plan: Reminder) -> Content:
    notice = shipped().notices["2014-autumn"]
    return replace(shipped(), notices={notice.id: notice.model_copy(update={"reminders": Reminders(plan=plan)})})


async def test_two_of_one_day_both_come(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session("walking"), session("reported")]) as harness:
        harness.content = planned(
            Reminder(window="check", days=7, audience="-完成 -有误", template="t7"),
            Reminder(window="check", days=7, audience="有误", template="correction"),
        )
        await days(harness, 4)
        assert [reminders(harness, n) for n in range(2)] == [1, 1]


async def test_what_was_rehearsed_comes_on_its_day_all_the_same(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session("walking")]) as harness:
        harness.content = planned(Reminder(window="check", days=7, at=time(9), template="t7"))
        harness.today = at("2013-12-13")
        await harness.run_due(harness.scheduler())
        await harness.run_due(harness.scheduler())
        assert reminders(harness, 0) == 1
        harness.today = None
        await days(harness, 4)
        assert reminders(harness, 0) == 2


def test_a_reminder_that_was_missed_for_long_is_left_out() -> None:
    keys = [[one.key for one in find_due(shipped(), datetime(2013, 12, 13, hour, 30))] for hour in (8, 9, 20, 22)]  # noqa: DTZ001
    assert [len(found) for found in keys] == [0, 1, 1, 0]
    assert keys[1] == ["plan/2014-autumn/check/2013-12-20/7"]


async def test_staff_see_what_comes_and_leave_one_out(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 7 + [session("done", "m10-done")]) as at:
        await at.says(at.owner, "/broadcast")
        shown = await at.taps(at.owner, "自动提醒")
        assert "12月13日 09:30 “还有一周” → 2014届秋季毕业生核对，没做完的，现在会收到 约5 人" in shown
        assert "12月17日 09:30 “还有三天”" in shown
        assert "2013年12月" in shown
        assert len([one for one in "⑬⑰" if one in shown]) == 2
        assert "⑫" not in shown
        assert "不发了" in await at.taps(at.owner, "跳过 12月13日 09:30 这次")
        await at.says(at.owner, "/broadcast")
        left = await at.taps(at.owner, "自动提醒")
        assert "（跳过）12月13日" in left
        assert "✕" in left
        assert "⑬" not in left
        await days(at.harness, 3, restarts=False)
        assert reminders(at.harness, 0) == 0
        await at.says(at.owner, "/broadcast")
        await at.taps(at.owner, "自动提醒")
        await at.taps(at.owner, "跳过 12月17日 09:30 这次")
        assert "照发" in await at.taps(at.owner, "12月17日 09:30 还是发")
        await days(at.harness, 4)
        assert reminders(at.harness, 0) == 1


async def test_staff_are_told_the_evening_before_once(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 6) as at:
        for _ in range(40):
            at.harness.advance(hours=1)
            await at.harness.run_due(at.harness.scheduler())
        await at.sends()
        told = [message.shown for message in at.owner.messages if "明天有一次自动提醒" in message.shown]
        assert len(told) == 1
        assert "12月13日 09:30" in told[0]
        await at.taps(at.owner, "跳过 12月13日 09:30 这次")
        await days(at.harness, 1)
        assert reminders(at.harness, 0) == 0


async def test_windows_of_other_kinds_have_their_own_words(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session("walking")]) as harness:
        notice = shipped().notices["2014-autumn"]
        photo = Window(id="photo", kind="capture", label="集中拍照", closes=date(2013, 12, 16), end_inclusive=True)
        plan = Reminders(plan=(Reminder(window="photo", days=3, template="capture"),))
        changed = notice.model_copy(update={"windows": (*notice.windows, photo), "reminders": plan})
        harness.content = replace(shipped(), notices={notice.id: changed})
        await days(harness, 4)
        (told,) = harness.messages_of(0)
        assert "集中拍照到2013年12月16日（周一）为止，还有3天" in told


async def test_staff_are_reminded_of_their_own_duties_once_by_whichever_worker(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")]) as at:
        notice = shipped().notices["2014-autumn"]
        duty = StaffDuty(what="各班报核对情况汇总表", closes=date(2013, 12, 13), remind_days=(1, 0))
        staff = notice.staff.model_copy(update={"duties": (duty,)})
        at.harness.content = replace(shipped(), notices={notice.id: notice.model_copy(update={"staff": staff})})
        await days(at.harness, 4)
        await at.sends()
        told = [message.shown for message in at.owner.messages if "各班报核对情况汇总表" in message.shown]
        assert told == [
            "老师要做的（2014届秋季毕业生核对）：各班报核对情况汇总表，2013年12月13日（周五）截止，还有1天。",
            "老师要做的（2014届秋季毕业生核对）：各班报核对情况汇总表，今天（2013年12月13日（周五））截止。",
        ]
        assert not any("汇总表" in text for text in at.harness.messages_of(0))
