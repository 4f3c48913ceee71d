"""A third channel fits without a change in the core: a whole talk, a teacher, a reminder, a broadcast, accounts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.build import CHANNELS, STAFFED
from bot.app.web import PageBulk
from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.progress_cards import ProgressCards
from bot.broadcast.scheduler import Scheduler
from bot.broadcast.sender import Sender
from bot.broadcast.staff_notices import StaffNotices
from bot.broadcast.starting import BroadcastStart
from bot.domain.audience import Audience, parse_audience
from bot.domain.broadcast import Reach, Totals
from bot.domain.messages import Delivered, Incoming, Outcome, Post
from bot.domain.zone import local
from bot.service.turns import Service
from bot.store import Store
from tests.channels.wechat_side import WeChatSide
from tests.conftest import shipped
from tests.person import at

NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)
NAME, CAN = WeChatSide.name, WeChatSide.capabilities
KNOWN = ("专科", "会计电算化", "没有，现在注册", "今天")
WORDS = shipped().phrases


@dataclass
class WithThirdChannel:
    service: Service
    store: Store
    side: WeChatSide
    now: datetime = NOON

    def sender(self) -> Sender:
        return Sender(
            store=self.store,
            content=shipped,
            bulks={STAFFED: WeChatSide(self.service.receive), "web": PageBulk(self.service), NAME: self.side},
            channel=STAFFED,
            worker="worker",
            rate=2000,
            present=lambda: self.now,
            local=lambda: local(self.now, None),
            staff_notices=StaffNotices(),
        )

    async def broadcast(self, rule: str = "", text: str = "明天<b>下午</b>教室有人帮忙") -> tuple[int, Totals]:
        content = shipped()
        notice, steps = content.notices["2014-autumn"], tuple(content.script.by_id)
        audience = parse_audience(rule, notice, steps, channels={**WORDS.broadcast.channels, NAME: "微信"})
        assert isinstance(audience, Audience)
        draft = BroadcastDraft(text, audience=audience)
        number = await self.store.broadcasts.make(STAFFED, drafts.dump(draft), "1", NOON)
        assert number
        it = await self.store.broadcasts.get(number)
        assert it
        starting = BroadcastStart(content, it, local(NOON, None), NOON)
        assert not starting.problems, starting.problems
        assert not starting.risks
        begun = starting.start("1")
        await self.store.apply([begun], STAFFED, NOON)
        await self.sender().send_once(number)
        return number, await self.store.ledger.totals(number)


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[WithThirdChannel]:
    store = await Store.open(tmp_path / "gradbot.db")
    store.broadcasts.reach = Reach((STAFFED, "web", NAME), "https://www.example.edu/check/")
    service = Service(
        shipped(),
        store,
        lambda: NOON,
        at("2013-12-05"),
        owners=[(STAFFED, "1")],
        desks=(STAFFED,),
        channels={**CHANNELS, NAME: CAN},
    )
    yield WithThirdChannel(service, store, WeChatSide(service.receive))
    await store.close()


async def test_a_whole_talk_by_numbers_in_short_messages(talk: WithThirdChannel) -> None:
    side, known = talk.side, list(KNOWN)
    answer = await side.says("lin", "你好")
    for _ in range(60):
        assert len(answer.replies) <= CAN.replies
        assert all(len(text) <= CAN.text for text in side.sent["lin"])
        assert all(len(button.text) <= CAN.label for button in side.offered["lin"])
        assert not answer.toast
        assert not any(reply.attachment or reply.picture or reply.copies for reply in answer.replies)
        if answer.state == "done":
            break
        offered = side.offered["lin"]
        named = [word for word in known if any(button.text.startswith(word) for button in offered)]
        good = [button.text for button in offered if button.tone == "good"]
        choice = next(iter([*named, *good, offered[0].text]))
        known = [word for word in known if word != choice]
        answer = await side.presses("lin", choice)
    else:
        raise AssertionError("not done after 60 turns")
    assert WORDS.opinion.helped not in str((await side.says("lin", "要钱吗")).replies)  # nothing can be changed there


async def test_a_message_that_comes_again_moves_nothing(talk: WithThirdChannel) -> None:
    await talk.side.says("lin", "开始核对")
    first = await talk.side.says("lin", "专科", number=77)
    assert await talk.side.says("lin", "专科", number=77) == first


async def test_what_cannot_be_shown_is_said(talk: WithThirdChannel) -> None:
    side = talk.side
    for words in ("开始核对", "专科", "会计电算化", "姓名错了"):
        await side.says("lin", words)
    sentence = next(iter(re.findall("“(.*?)”", "".join(side.sent["lin"][-3:]))), "")
    assert sentence or "姓名" in side.sent["lin"][-1]
    await side.says("lin", "导出我的数据")
    assert WORDS.no_file.format(name=WORDS.export_file) in side.sent["lin"][-1]


async def test_a_teacher_on_telegram_answers(talk: WithThirdChannel) -> None:
    staff: list[Post] = []

    async def to_staff(post: Post) -> Delivered:
        staff.append(post)
        return Delivered(Outcome("sent", str(post.number)), "7")

    async def run() -> None:
        for name, deliver in ((STAFFED, to_staff), (NAME, talk.side.deliver)):
            while deliveries := await talk.service.outbox.deliveries(name, deliver):
                for delivery in deliveries:
                    await delivery

    await talk.side.says("lin", "/desk")
    await talk.side.says("lin", "我的专业写错了，找谁")
    await run()
    assert staff[0].user is None
    long = "带上身份证来一趟教务处。" * 80
    await talk.service.receive(Incoming(STAFFED, "1", long, update_id="5", place="staff", thread="7"))
    await run()
    assert "".join(talk.side.sent["lin"]).count("带上身份证来一趟教务处。") == 80  # in as many parts as it takes
    assert all(len(text) <= CAN.text for text in talk.side.sent["lin"])


async def test_one_broadcast_reaches_everybody_and_counts_them_apart(talk: WithThirdChannel) -> None:
    for channel, user in ((STAFFED, "7"), ("web", "browser"), (NAME, "lin"), (NAME, "gone")):
        for n, words in enumerate(("开始核对", "专科", "会计电算化", "提醒我")):
            await talk.service.receive(Incoming(channel, user, words, update_id=f"{user}/{n}"))
    talk.side.blocked.add("gone")
    number, totals = await talk.broadcast()
    assert totals.channels == {STAFFED: {"sent": 1}, "web": {"sent": 1}, NAME: {"sent": 1, "blocked": 1}}
    assert (totals["sent"], totals["blocked"], totals.waiting) == (3, 1, 1)
    sent = await talk.store.broadcasts.get(number)
    assert sent
    said = report.format_counts(WORDS.broadcast, sent, totals)
    assert "网页：已送达 不到5" in said
    assert "Telegram：已送达 不到5" in said
    assert talk.side.sent["lin"] == ["明天下午教室有人帮忙"]
    assert [(await talk.broadcast(rule))[1].total for rule in ("入口=网页", "-入口=网页", "入口=微信或网页")] == [
        1,
        2,
        2,
    ]


async def test_a_broadcast_may_carry_the_address_of_the_page(talk: WithThirdChannel) -> None:
    for n, words in enumerate(("开始核对", "专科", "会计电算化", "提醒我")):
        await talk.service.receive(Incoming(NAME, "lin", words, update_id=str(n)))
    _, totals = await talk.broadcast(text="在网页里也能做：{{ page }}?start=step-m8-photo")
    assert totals["sent"] == 1
    assert talk.side.sent["lin"] == ["在网页里也能做：https://www.example.edu/check/?start=step-m8-photo"]
    talk.store.broadcasts.reach = Reach((STAFFED, NAME))
    with pytest.raises(AssertionError, match="unknown"):
        await talk.broadcast(text="{{ page }}")


async def test_a_reminder_that_was_asked_for_comes_there(talk: WithThirdChannel) -> None:
    for words in ("开始核对", "专科", "会计电算化", "明天提醒我"):
        await talk.side.says("lin", words)
    talk.now, before = datetime(2013, 12, 6, 4, tzinfo=UTC), len(talk.side.sent["lin"])
    sender = talk.sender()
    talk.service._present = talk.service.outbox._present = lambda: talk.now
    await Scheduler(sender, ProgressCards(sender)).run_due()
    for delivery in await talk.service.outbox.deliveries(NAME, talk.side.deliver):
        await delivery
    assert len(talk.side.sent["lin"]) == before + 1


async def test_the_talk_goes_on_in_a_browser_and_back(talk: WithThirdChannel) -> None:
    talk.service.accounts.addresses.update({"web": lambda: "https://www.example.edu/", NAME: lambda: "weixin://check"})
    await talk.side.says("lin", "开始核对")
    await talk.side.says("lin", "留住我的进度")
    payload = re.findall(r"\?start=(move-[\w-]{32})", "".join(talk.side.sent["lin"]))[-1]
    moved = await talk.service.receive(Incoming("web", "browser", f"/start {payload}", update_id="browser/1"))
    assert moved.step == "m0-who"
    told = await talk.service.receive(Incoming("web", "browser", "提醒我", update_id="browser/2"))
    there = WORDS.broadcast.reminded_there.format(channel=NAME)
    assert there in str(told.replies)  # they are reached where something rings
