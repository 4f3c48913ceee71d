"""More than so many people in a day need a second person, however one author splits them and whoever starts them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.broadcast.reach import count_reach
from bot.broadcast.starting import BroadcastStart
from bot.domain.effects import Outdated
from tests.broadcast.harness import FIRST, open_harness, session
from tests.broadcast.test_chat import Office, _joins, _sends, office
from tests.telegram_people import User

GROUPS = [session("walking")] * 150 + [session("reported")] * 100
ONE, TWO = "-有误", "有误"


async def _starts(at: Office, who: User, rule: str, by: str = "1") -> str:
    """Try to send a draft of somebody to a group; return what the bot says at last."""
    number = await at.harness.draft(rule=rule, by=by)
    said = await _sends(at, who, number)
    return said if "同意" in said else await at.taps(who, "确定发送")


async def test_an_author_s_day_counts_as_one_broadcast(tmp_path: Path) -> None:
    async with office(tmp_path, GROUPS) as at:
        wang = at.harness.telegram.user("Wang", 2)
        await _joins(at, "2")
        assert "开始发，共 约150 人" in await _starts(at, at.owner, ONE)
        assert "开始发，共 约150 人" in await _starts(at, at.owner, ONE), "the same people once more"
        refused = await _starts(at, at.owner, TWO)
        assert "要发给 约100 人" in refused
        assert "加起来到 约250 人" in refused
        assert "同意的就是下面这条" in await _starts(at, wang, TWO), "whoever starts it"
        assert "开始发，共 约100 人" in await _starts(at, wang, TWO, by="2"), "another author has a day of their own"
        at.harness.now += timedelta(hours=25)
        assert "开始发，共 约100 人" in await _starts(at, at.owner, TWO)


async def test_two_that_start_at_once_are_not_both_counted_as_the_first(tmp_path: Path) -> None:
    async with open_harness(tmp_path, GROUPS) as at:
        starts = []
        for rule in (ONE, TWO):
            starting = BroadcastStart(at.content, await at.get(await at.draft(rule=rule)), at.local(), at.now)
            count = await count_reach(at.store, starting)
            assert count
            assert not starting.needs_second(count)
            starts.append(starting.start("1", count))
        await at.apply(starts[0])
        with pytest.raises(Outdated):
            await at.apply(starts[1])


async def test_two_timed_for_one_moment_count_together_when_they_start(tmp_path: Path) -> None:
    async with office(tmp_path, GROUPS) as at:
        timed = []
        for rule in (ONE, TWO):
            timed.append(await at.harness.draft(rule=rule))
            await at.presses(at.owner, f"bc|{timed[-1]}|at")
            assert "定在" in await at.says(at.owner, "明天 9:00")
            assert "定在" in await at.taps(at.owner, "确定，12月12日 09:00发")
        at.harness.advance(hours=21)
        await at.sends()
        assert sorted([(await at.harness.get(number)).state for number in timed]) == ["done", "draft"]
        assert any("加起来到 约250 人" in message.shown for message in at.owner.messages)
        assert sum(bool(at.harness.telegram.users[FIRST + n].messages) for n in range(250)) in (100, 150)


async def test_strange_links_and_bait_need_a_second_person_for_any_number(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 2) as at:
        wang = at.harness.telegram.user("Wang", 2)
        await _joins(at, "2")
        number = 0
        for text in ("请点 https://chsi-login.top/x", '<a href="http://1.2.3.4/">核对</a>', "退学费请加QQ 123456789"):
            number = await at.harness.draft(text)
            assert "防止账号被盗用" in await _sends(at, at.owner, number)
        await at.presses(at.owner, f"bc|{number}|at")
        assert "防止账号被盗用" in await at.says(at.owner, "明天 9:00")
        assert "当面或电话核实" in await _sends(at, wang, number)
        assert "已同意" in await at.taps(wang, "同意发送")
        assert "确定吗" in await _sends(at, at.owner, number)
        plain = await at.harness.draft("有事打 13812345678，见 https://my.chsi.com.cn/")
        asked = await _sends(at, at.owner, plain)
        assert "第1行第5个字起的手机号" in asked
        assert "开始发" in await at.taps(at.owner, "确定发送")
