"""Broadcasts from the first word to the report, as staff and graduates see them in Telegram."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import partial
from pathlib import Path

import pytest

from bot.broadcast.area import BroadcastArea
from bot.broadcast.chart import Chart, Missing
from bot.broadcast.scheduler import Scheduler
from bot.broadcast.statistics import Paint
from bot.channels.telegram import updates
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.files import fetch
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts
from bot.conversation.decide import decide
from bot.domain import session as sessions
from bot.domain.messages import Capabilities, Incoming
from bot.domain.roles import Removed
from bot.service.turns import Service
from faq.matcher import Matcher
from faq.model import Entry
from tests.broadcast.harness import FIRST, Harness, open_harness, session
from tests.conftest import shipped
from tests.telegram_people import User, picture

PATIENT_S = 60.0
"""Seconds that an answer may take on a loaded machine."""


@dataclass
class Office:
    """People, the bot that serves them, and its owner."""

    harness: Harness
    scheduler: Scheduler
    owner: User

    async def says(self, who: User, text: str = "", **content: object) -> str:
        """Type something, and return what came back, as it shows."""
        return await self._after(who, lambda: who.sends(**({"text": text} if text else {}), **content))

    async def taps(self, who: User, text: str) -> str:
        return await self._after(who, lambda: who.taps(text))

    async def presses(self, who: User, data: str) -> str:
        return await self._after(who, lambda: who.presses(data))

    async def _after(self, who: User, act: object) -> str:
        before = {message.id: (message.edits, message.text) for message in who.messages}
        act()  # type: ignore[operator]
        await self.harness.telegram.until(lambda: not self.harness.telegram.pending, PATIENT_S)
        await asyncio.sleep(0.02)
        new = [m.shown for m in who.messages if before.get(m.id) != (m.edits, m.text)]
        return "\n".join(new)

    async def sends(self) -> None:
        await self.harness.run_due(self.scheduler)
        while deliveries := await self.service.outbox.deliveries("telegram", self.posts.deliver):
            await asyncio.gather(*deliveries)

    service: Service
    posts: Posts
    areas: tuple[BroadcastArea, ...]


async def unpainted(_: Chart) -> Missing:
    return "matplotlib"


@asynccontextmanager
async def office(folder: Path, sessions: list[str], paint: Paint = unpainted) -> AsyncIterator[Office]:
    async with open_harness(folder, sessions) as harness:
        areas = (
            BroadcastArea(harness.store, lambda: harness.content, harness.local, partial(fetch, harness.bot), paint),
        )
        service = Service(
            harness.content,
            harness.store,
            lambda: harness.now,
            owners=[("telegram", "1")],
            channels={"telegram": Capabilities(posts=True)},
            areas=areas,
        )
        posts = Posts(harness.bot, None, {}, {}, "x")
        polling = Polling(harness.bot, updates.ALLOWED, long_poll_s=1)
        channel = Telegram(
            harness.bot, polling, TelegramWords({}, "x", "x", "x", "x", "慢点"), posts, service.outbox.owe
        )
        task = asyncio.create_task(channel.run(service.receive))
        try:
            yield Office(harness, harness.scheduler(), harness.telegram.users[1], service, posts, areas)
        finally:
            task.cancel()
            await asyncio.wait([task])


BOLD = [{"type": "bold", "offset": 0, "length": 4}]


async def test_from_the_first_word_to_the_last_answer(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking"), session("walking"), session("done", "m10-done")]) as at:
        assert "还没有群发" in await at.says(at.owner, "/broadcast")
        assert "#1 · 草稿" in await at.taps(at.owner, "新的群发")
        assert "请把内容发给我" in await at.taps(at.owner, "写内容")
        assert "没有“dedline”" in await at.says(at.owner, "{{ dedline }}截止")
        assert "明天截止" in await at.says(at.owner, "明天截止<，{{ deadline }}", entities=BOLD)
        assert "发给谁" in await at.taps(at.owner, "发给谁")
        assert "看不懂“没空的”。可以用：年级、层次、专业" in await at.says(at.owner, "没空的")
        assert "会收到的不到5人" in await at.says(at.owner, "没做完")
        seen = await at.taps(at.owner, "预览")
        assert "明天截止<，2013年12月20日（周五）" in seen
        assert "已发给你自己" in await at.taps(at.owner, "试发给我")
        await at.says(at.owner, "/broadcast 1")
        assert "要把 #1 发给 不到5 人" in await at.taps(at.owner, "现在发送")
        assert "开始发，共 不到5 人" in await at.taps(at.owner, "确定发送")
        await at.sends()
        ann, bob = at.harness.telegram.users[FIRST], at.harness.telegram.users[FIRST + 1]
        assert ann.messages[-1].parameters["text"] == "<b>明天截止</b>&lt;，2013年12月20日（周五）"
        assert [len(at.harness.messages_of(n)) for n in range(3)] == [1, 1, 0]
        assert any("群发 #1 结束（发完了）：共 不到5 人。已送达 不到5" in m.shown for m in at.owner.messages)
        assert "记下了" in await at.taps(ann, "有问题")
        assert ann.messages[0].parameters["text"].startswith("<b>")  # the broadcast itself stays as it was
        await at.taps(bob, "已知晓")
        await at.presses(at.owner, "bc|1|csv")
        assert any("有问题 1" in m.shown and "已知晓 1" in m.shown for m in at.owner.messages)
        (_, content) = at.harness.telegram.made("sendDocument")[-1].files["document"]
        assert "已送达" in content.decode()
        assert await at.harness.count("未确认=1") == 0
        await at.harness.verify_proof()


async def test_a_preview_that_has_to_wait_looks_as_it_would_have(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")]) as at:
        await at.says(at.owner, "/broadcast")
        assert "内容：（还没有，直接发给我就行）" in await at.taps(at.owner, "新的群发")
        assert "内容：明天截止<" in await at.says(at.owner, "明天截止<", entities=BOLD)
        at.harness.telegram.fault("error", "sendMessage", code=429, retry_after=600, chat_id=at.owner.id, times=9)
        await at.taps(at.owner, "试发给我")
        at.harness.telegram.heal()
        at.harness.advance(hours=1)
        await at.sends()
        assert at.owner.messages[-1].parameters["text"] == "<b>明天截止</b>&lt;"
        assert [row[0]["text"] for row in at.owner.messages[-1].buttons]


async def test_a_picture_goes_to_everybody_by_its_number(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")]) as at:
        await at.says(at.owner, "/broadcast")
        await at.taps(at.owner, "新的群发")
        await at.taps(at.owner, "写内容")
        photo = [*picture("small"), *picture("large", file_size=9)]
        at.owner.sends(photo=photo, caption="看这里")
        await at.harness.telegram.until(lambda: any("附件：照片" in m.shown for m in at.owner.messages))
        await at.taps(at.owner, "现在发送")
        await at.taps(at.owner, "确定发送")
        await at.sends()
        sent = at.harness.telegram.made("sendPhoto")[-1].parameters
        assert (sent["chat_id"], sent["photo"], sent["caption"]) == (FIRST, "large", "看这里")


async def test_many_people_need_a_second_pair_of_eyes(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 201) as at:
        wang = at.harness.telegram.user("Wang", 2)
        number = await at.harness.draft()
        await _joins(at, "2")
        assert "要第二位老师同意" in await _sends(at, at.owner, number)
        await at.says(at.owner, f"/broadcast {number}")
        assert "请另一位老师" in await at.presses(at.owner, f"bc|{number}|approve")
        await at.says(wang, f"/broadcast {number}")
        assert "改一个字都要重新同意" in await at.taps(wang, "同意发送")
        assert "已同意" in await at.taps(wang, "同意发送")
        # A change needs a new yes.
        await at.presses(at.owner, f"bc|{number}|edit")
        await at.presses(at.owner, f"bc|{number}|template|t3")
        assert "要第二位老师同意" in await _sends(at, at.owner, number)
        await at.presses(at.owner, f"bc|{number}|template|t7")
        await at.presses(wang, f"bc|{number}|approve")
        await at.taps(wang, "同意发送")
        await _sends(at, at.owner, number)
        assert "开始发，共 约200 人" in await at.taps(at.owner, "确定发送")


async def test_a_yes_of_somebody_removed_counts_no_more(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 201) as at:
        wang = at.harness.telegram.user("Wang", 2)
        now, later = [await at.harness.draft() for _ in range(2)]
        await _joins(at, "2")
        for number in (now, later):
            await at.says(wang, f"/broadcast {number}")
            await at.taps(wang, "同意发送")
            await at.taps(wang, "同意发送")
        await at.says(at.owner, f"/broadcast {later}")
        await at.taps(at.owner, "定时")
        assert f"要把 #{later} 定在 12月12日 09:00" in await at.says(at.owner, "明天 9:00")
        assert f"#{later} 定在" in await at.taps(at.owner, "确定，12月12日 09:00发")
        assert "同意过、还没开始发的，要再请人同意" in await at.presses(at.owner, "staff|remove|2")
        assert "要第二位老师同意" in await _sends(at, at.owner, now)
        assert (await at.harness.get(now)).approved_by is None
        at.harness.advance(hours=21)
        await at.sends()
        assert (await at.harness.get(later)).state == "draft"
        assert any("还没有第二位老师同意" in message.shown for message in at.owner.messages)


async def test_a_graduate_reaches_nothing_of_it(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 3) as at:
        number, eve = await at.harness.draft(), at.harness.telegram.users[FIRST]
        said = await at.says(eve, f"/broadcast {number}")
        said += await at.says(eve, "/stats")
        digest = "0" * 10
        for act in ("send", f"send|{digest}", "approve", "drop", "csv", "view", "card", "template|t7"):
            said += await at.presses(eve, f"bc|{number}|{act}")
        assert "群发" not in said
        assert (await at.harness.get(number)).state == "draft"
        assert (await at.harness.get(number)).version == 1
        at.harness.telegram.users[FIRST].presses("ack|77-known")
        await at.harness.telegram.until(lambda: not at.harness.telegram.pending)
        assert (await at.harness.verify_proof()).count == 0


async def test_whoever_is_removed_can_do_nothing_more(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 3) as at:
        wang = at.harness.telegram.user("Wang", 2)
        await _joins(at, "2")
        number = await at.harness.start_new()
        assert "已暂停" in await at.presses(wang, f"bc|{number}|pause")
        await at.harness.apply(Removed("2"))
        await at.presses(wang, f"bc|{number}|resume")
        assert (await at.harness.get(number)).state == "paused"
        await at.presses(at.owner, f"bc|{number}|resume")
        assert (await at.harness.get(number)).state == "running"


async def test_what_a_removed_person_had_under_way_is_looked_after_by_whoever_removed_them(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 3) as at:
        wang = at.harness.telegram.user("Wang", 2)
        await _joins(at, "2")
        timed, running = await at.harness.draft(by="2"), await at.harness.draft(by="2")
        await at.presses(wang, f"bc|{timed}|at")
        await at.says(wang, "明天 9:00")
        assert "12-12 09:00" in await at.taps(wang, "确定，12月12日 09:00发")
        await at.harness.start(running)
        await at.scheduler.cards.update()
        told = len(wang.messages)
        assert "他的群发归你管" in await at.presses(at.owner, "staff|remove|2")
        await at.sends()
        at.harness.advance(hours=21)
        await at.sends()
        assert [len(at.harness.messages_of(n)) for n in range(3)] == [1, 1, 1]
        assert (await at.harness.get(timed)).state == "draft"
        assert [m.shown for m in wang.messages[told:]] == [shipped().phrases.staff.removed_told]
        assert any(f"群发 #{running} 结束" in m.shown for m in at.owner.messages)


async def test_a_time_is_kept_over_a_restart_and_asked_again_when_it_is_long_past(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")]) as at:
        for number in (await at.harness.draft(), await at.harness.draft()):
            await at.says(at.owner, f"/broadcast {number}")
            await at.presses(at.owner, f"bc|{number}|at")
            assert "已经过了" in await at.says(at.owner, "昨天 9:00")
            await at.says(at.owner, "明天 9:00")
            assert "12-12 09:00" in await at.taps(at.owner, "确定，12月12日 09:00发")
        at.harness.advance(hours=21)
        await at.sends()
        assert len(at.harness.messages_of(0)) == 2
        third = await at.harness.draft()
        await at.says(at.owner, f"/broadcast {third}")
        await at.presses(at.owner, f"bc|{third}|at")
        await at.says(at.owner, "明天 9:00")
        await at.taps(at.owner, "确定，12月13日 09:00发")
        at.harness.advance(hours=30)
        await at.sends()
        assert [text for text in at.harness.messages_of(0) if "2014" not in text] == ["还有8天"] * 2
        assert (await at.harness.get(third)).state == "draft"
        assert any("里面的日期可能过时" in m.shown for m in at.owner.messages)


async def test_reminders_are_off_until_somebody_says_yes(tmp_path: Path) -> None:
    async with office(tmp_path, [session(reminders=None)]) as at:
        ann = at.harness.telegram.users[FIRST]
        assert await at.harness.count("所有人") == 0
        await at.says(ann, "/start step-m2-site")
        assert "要不要我在截止前提醒你" in ann.messages[-1].shown
        assert await at.harness.count("所有人") == 0
        await at.taps(ann, "好，提醒我")
        assert await at.harness.count("所有人") == 1
        await at.says(ann, "/mute")
        assert await at.harness.count("所有人") == 0


async def test_tomorrow_reminds_once(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking", reminders=False)]) as at:
        ann = at.harness.telegram.users[FIRST]
        await at.says(ann, "稍后继续")
        assert "12月12日" in await at.taps(ann, "明天提醒我")
        at.harness.advance(hours=12)
        await at.sends()
        said = len(ann.messages)
        at.harness.advance(hours=12)
        await at.sends()
        await at.sends()
        assert len(ann.messages) == said + 1
        assert "你让我提醒你" in ann.messages[-1].shown


async def test_who_asked_what_nobody_knew_hears_the_answer_once_when_a_teacher_has_written_it(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking", reminders=False)]) as at:
        ann, words = at.harness.telegram.users[FIRST], "学士服押金什么时候退给我们"
        await at.says(ann, words)
        if "都不是" in str(ann.messages[-1].buttons):
            await at.taps(ann, "都不是")
        assert "老师补上答案，我就发给你。等到2013年12月20日（周五）为止" in await at.taps(ann, "答上来了告诉我")
        said = len(ann.messages)
        await at.sends()
        assert len(ann.messages) == said
        entry = Entry(id="gown", title="学士服押金", source="notice", phrasings=(words,) * 3, answer="还衣服时当场退。")
        entries = {**shipped().entries, "gown": entry}
        content = replace(shipped(), entries=entries, revision="new")
        at.harness.content = content.with_matcher(Matcher(entries.values(), before=shipped().matcher))
        at.harness.advance(hours=12)  # midnight
        await at.sends()
        assert len(ann.messages) == said
        at.harness.advance(hours=12)
        await at.sends()
        await at.sends()
        assert [message.shown for message in ann.messages[said:]] == [
            f"你问过“{words}”，现在有答案了：",
            ann.messages[-1].shown,
        ]
        assert "还衣服时当场退。" in ann.messages[-1].shown


async def test_whoever_wants_no_reminders_gets_none_that_they_asked_for_before(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")]) as at:
        ann = at.harness.telegram.users[FIRST]
        await at.says(ann, "明天提醒我")
        assert "不再提醒你" in await at.says(ann, "/mute")
        said = len(ann.messages)
        at.harness.advance(hours=24)
        await at.sends()
        assert len(ann.messages) == said


@pytest.mark.parametrize(
    ("day", "typed", "when"),
    [
        (date(2013, 12, 14), "周末提醒我", "12月15日"),  # a Saturday: the weekend is not over
        (date(2013, 12, 15), "周末提醒我", "12月21日（周六）上午提醒你一次。不过那时候期限已经过了"),
        (date(2013, 12, 20), "明天提醒我", "12月21日（周六）上午提醒你一次。不过那时候期限已经过了"),
        (date(2014, 3, 21), "提醒我", "通知的时间都过了"),
        (date(2013, 12, 20), "提醒我", "截止之前我会提醒你几次"),
    ],
)
def test_a_reminder_is_promised_only_while_it_is_of_use(day: date, typed: str, when: str) -> None:
    now = datetime.combine(day, time(10))
    known = sessions.load(json.loads(session("walking")))
    turn = decide(shipped(), known, Incoming("telegram", "her", typed), now)
    assert when in turn.replies[0].text


async def _sends(at: Office, who: User, number: int) -> str:
    await at.says(who, f"/broadcast {number}")
    return await at.taps(who, "现在发送")


async def _joins(at: Office, user: str) -> None:
    from sqlalchemy import insert

    from bot.store.tables import staff

    row = {"channel": "telegram", "user_id": user, "role": "staff", "label": "", "since": "2013", "added_by": "1"}
    async with at.harness.store._transaction() as connection:
        await connection.execute(insert(staff), row)
