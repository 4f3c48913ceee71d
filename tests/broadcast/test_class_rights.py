"""A class teacher reminds and counts their own class; broadcasts, rules and lists of others are not there for them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from sqlalchemy import insert, update

from bot.broadcast import draft as drafts
from bot.broadcast.context import BroadcastContext
from bot.broadcast.reach import count_told
from bot.content.sheets import load_sheets
from bot.domain.accounts import PersonKey
from bot.domain.audience import Count, Wrong, search
from bot.domain.classes import Classes
from bot.domain.effects import Effect
from bot.domain.join_codes import draw_codes, format_code
from bot.domain.roles import Invited, Joined, OwnersNamed
from bot.store.tables import join_codes, people, person_id
from tests.broadcast.harness import FIRST, NOTICE, Harness, open_harness, session
from tests.broadcast.test_chat import Office, office
from tests.telegram_people import User

ACCOUNTING = Classes(NOTICE, ("ancai:会计学",))
MINE = [session("walking", cohort="ancai", major="会计学")] * 6
OTHERS = [session("walking", cohort="ancai", major="工商管理")] * 7 + [session("walking", cohort="zhuanke")] * 8

ACTS = ("card", "view", "test", "send|{digest}", "at", "text", "who", "drop", "csv", "approve", "loud")


async def hire(at: Office, user: str, name: str, classes: Classes | None = ACCOUNTING) -> User:
    """Give somebody a role, confined to classes or not."""
    teacher = at.harness.telegram.user(name, int(user))
    effects: tuple[Effect, ...] = (
        Invited(user, "staff", name, at.harness.now, classes=classes),
        Joined(user, "staff", name, "1", classes=classes),
    )
    for effect, who in zip(effects, ("1", user), strict=True):
        await at.harness.store.apply([effect], "telegram", at.harness.now, who)
    return teacher


async def test_a_sentence_of_a_class_teacher_reaches_that_class_alone(tmp_path: Path) -> None:
    async with office(tmp_path, [*MINE, *OTHERS]) as at:
        wang = await hire(at, "8", "王老师")
        assert "工商管理" in (asked := await at.says(wang, "提醒工商管理没做完的")), asked
        assert "没看懂" in asked
        planned = await at.says(wang, "/broadcast 提醒没做完的")
        assert "约5" in planned
        audience = drafts.load((await at.harness.get(1)).draft).audience
        assert audience is not None
        assert ACCOUNTING.cover(audience)
        await at.says(wang, "/broadcast 1")
        await at.taps(wang, "发给谁")
        assert "看不懂" in await at.says(wang, "专业=工商管理")
        assert "看不懂" in await at.says(wang, "年级=zhuanke")
        card = await at.says(wang, "层次=专升本")
        assert "只限专升本（安徽财经大学）会计学" in card
        await at.taps(wang, "改发给谁")
        shown = [button["text"] for row in wang.messages[-1].buttons for button in row]
        assert not [text for text in shown if "专科" in text or "工商" in text or "工程" in text], shown
        await at.presses(wang, "bc|1|pick|c:3")
        await at.taps(wang, "确定，现在发")
        await at.sends()
        reached = [n for n in range(len(MINE) + len(OTHERS)) if at.harness.messages_of(n)]
        assert reached == [*range(len(MINE))]


async def test_broadcasts_of_others_are_not_there(tmp_path: Path) -> None:
    async with office(tmp_path, [*MINE, *OTHERS]) as at:
        wang = await hire(at, "8", "王老师")
        everybody = await at.harness.draft("全体通知")
        other = await at.harness.draft("工商管理通知", "专业=工商管理")
        digest = drafts.load((await at.harness.get(everybody)).draft).digest[:10]
        missing = await at.presses(wang, "bc|99|card")
        for number in (everybody, other):
            for act in ACTS:
                # The same words in place of the same words are no new message.
                assert await at.presses(wang, f"bc|{number}|{act.format(digest=digest)}") in ("", missing)
            assert await at.says(wang, f"/broadcast {number}") == missing
        assert "通知" not in await at.says(wang, "群发")
        own = await at.says(wang, "/broadcast 提醒没做完的")
        number = re.findall(r"#(\d+)", own)[-1]
        assert f"#{number}" in await at.says(wang, "群发")
        assert f"#{number}" in await at.says(at.owner, "/broadcast"), "whoever is confined to nothing sees all"
        assert [(await at.harness.get(n)).version for n in (everybody, other)] == [1, 1]


async def test_statistics_and_lists_are_of_the_class(tmp_path: Path) -> None:
    codes = draw_codes(2, random.Random(1).randrange)
    async with office(tmp_path, [*MINE, *OTHERS]) as at:
        wang = await hire(at, "8", "王老师")
        said = await at.says(wang, "统计")
        assert "共 6 人" in said
        assert "工商管理" not in said
        assert "zhuanke" not in said
        assert "共 21 人" in await at.says(at.owner, "统计")
        for n, code in ((0, codes[0]), (len(MINE), codes[1])):
            await _give_code(at.harness, n, code)
        holders = await at.harness.store.codes.holders("telegram", NOTICE, ACCOUNTING)
        assert [holder.who.user for holder in holders] == [str(FIRST)]
        await at.says(wang, "名单")
        (_, content) = at.harness.telegram.made("sendDocument")[-1].files["document"]
        (sheet,) = load_sheets(content)
        assert [row[0] for row in sheet.rows[1:]] == [format_code(codes[0])]


async def _give_code(at: Harness, n: int, code: str) -> None:
    user = str(FIRST + n)
    ((_, stored),) = await at.store.codes.sessions([PersonKey("telegram", user)])
    known = json.loads(stored) | {"code": code}
    async with at.store._transaction() as connection:
        await connection.execute(
            update(people).where(people.c.user_id == user).values(session=json.dumps(known, ensure_ascii=False))
        )
        row = {"channel": "telegram", "code": code, "person": person_id("telegram", user)}
        await connection.execute(insert(join_codes).values(**row))


async def test_colleagues_are_asked_in_their_own_chats_once(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking", cohort="zhuanke")] * 201) as at:
        li, wang = await hire(at, "7", "李老师", None), await hire(at, "8", "王老师")
        await at.harness.apply(OwnersNamed(frozenset({("telegram", "1")})))
        number = await at.harness.draft(by="7")
        for _ in range(2):
            await at.presses(li, f"bc|{number}|send")
            await at.sends()
        asked = [message for message in at.owner.messages if "要第二位老师同意" in message.shown]
        assert len(asked) == 1
        assert not wang.messages, "what goes beyond their class is not theirs to agree to"
        assert "同意的就是下面这条" in await at.taps(at.owner, "看内容")
        assert "已同意" in await at.taps(at.owner, "同意发送")


async def test_a_class_too_small_is_told_as_few(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [MINE[0]] * 3 + OTHERS) as at:
        number = await at.draft()
        context = BroadcastContext(at.content, await at.get(number), "8", at.local(), at.now, classes=ACCOUNTING)
        for rule in ("", "-完成", "层次=专升本", "没开始", "-没开始"):
            audience = context.parse_audience(rule, context.notice)
            assert not isinstance(audience, Wrong)
            told = await count_told(
                at.store.broadcasts, search(audience, context.notice, "telegram", at.local(), at.now)
            )
            assert told == Count(0, 0, 0, 0, 0)
