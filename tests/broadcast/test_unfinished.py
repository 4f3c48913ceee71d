"""Join codes in a chat: a graduate gives one, staff see whom to call, and the school's list corrects sessions."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.admin.cards import asks
from bot.broadcast.times import quiet_time_left
from bot.broadcast.unfinished import correct_session, import_list
from bot.content.sheets import load_sheets
from bot.domain import join_codes
from bot.domain.accounts import PersonKey
from bot.domain.join_codes import CodeClaimed
from bot.domain.messages import Delivered, Incoming, Outcome, Reply, Sent
from bot.domain.outbox import Queued
from bot.domain.session import dump, load
from bot.store import KnownPerson
from tests.broadcast.harness import FIRST, NOON, NOTICE, open_harness, session
from tests.broadcast.test_chat import office
from tests.conftest import both_notices, shipped

DRAWN = list(join_codes.draw_codes(5, random.Random(3).randrange))


def coded(code: str, state: str = "", step: str = "m1-phone", **answers: Any) -> str:
    known = json.loads(session(state, step, **answers))
    return json.dumps(known | {"code": code})


def finished(code: str) -> str:
    """Somebody who compared everything and said done."""
    fields = [f"field:{field.name}" for field in shipped().notices[NOTICE].check_fields]
    return coded(code, "done", "m10-done", **dict.fromkeys([*fields, "photo"], "right"), clicked="2013-12-05")


async def test_a_graduate_says_the_code_and_takes_it_back(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking", "m2-site")]) as at:
        ann = at.harness.telegram.users[FIRST]
        assert "没有编号也能照常核对" in await at.says(ann, "/join")
        assert "这个编号不对" in await at.says(ann, "/join 20120815")
        assert f"编号 {join_codes.format_code(DRAWN[0])} 记下了" in await at.says(
            ann, f"/start join-{DRAWN[0].lower()}"
        )
        assert join_codes.format_code(DRAWN[0]) in await at.says(ann, "/join")
        kept = await at.harness.store.export("telegram", str(FIRST))
        assert kept["people"][0]["session"]["code"] == DRAWN[0]
        assert "编号删掉了" in await at.says(ann, "/join 删除")
        assert await at.harness.store.codes.holders("telegram", NOTICE) == []
        assert "记下了" in await at.says(ann, join_codes.format_code(DRAWN[1]))
        assert [h.code for h in await at.harness.store.codes.holders("telegram", NOTICE)] == [DRAWN[1]]
        await at.harness.store.forget("telegram", str(FIRST), update_id=None, turn=None, at=NOON)
        assert await at.harness.store.codes.holders("telegram", NOTICE) == []


async def test_staff_get_the_list_of_whom_to_call(tmp_path: Path) -> None:
    walking = coded(DRAWN[0], "walking", "m2-site", cohort="ancai", major="会计学")
    people = [walking, finished(DRAWN[1]), coded(DRAWN[2]), session("walking")]
    async with office(tmp_path, people) as at:
        for n, code in enumerate(DRAWN[:3]):
            await at.harness.store.apply([CodeClaimed(code)], "telegram", NOON, str(FIRST + n))
        for _ in range(3):
            await at.harness.start_new("还有{{ days_left }}天")
            await at.sends()
        said = await at.says(at.owner, "/stats 名单")
        assert "有 2 个" in said
        assert "专升本（安徽财经大学） 会计学：三次提醒没回 1" in said
        (name, content) = at.harness.telegram.made("sendDocument")[-1].files["document"]
        assert name == "打电话名单.xlsx"
        (sheet,) = load_sheets(content)
        rows = {row[0]: row for row in sheet.rows[1:]}
        first, second = (join_codes.format_code(code) for code in (DRAWN[0], DRAWN[2]))
        assert {*rows} == {first, second}
        assert rows[first][2:7] == ["三次提醒没回", "打开学信网", "2013-12-11", "", "3"]
        await at.taps(at.harness.telegram.users[FIRST], "已知晓")
        assert "停在“打开学信网”" in await at.says(at.owner, "/stats 名单")
        eve = at.harness.telegram.users[FIRST + 3]
        sent = len(at.harness.telegram.made("sendDocument"))
        assert join_codes.format_code(DRAWN[0]) not in await at.says(eve, "/stats 名单")
        assert len(at.harness.telegram.made("sendDocument")) == sent


async def test_a_call_is_written_back_and_proved(tmp_path: Path) -> None:
    walking = coded(DRAWN[0], "walking", "m2-site", cohort="ancai", major="会计学")
    async with office(tmp_path, [walking, finished(DRAWN[1]), coded(DRAWN[2])]) as at:
        for n, code in enumerate(DRAWN[:3]):
            await at.harness.store.apply([CodeClaimed(code)], "telegram", NOON, str(FIRST + n))
        await at.says(at.owner, f"/stats 未核对 {DRAWN[1]} {DRAWN[3]}")
        assert "1 人退回" in await at.taps(at.owner, "确定，退回 1 人并告诉本人")
        said = await at.says(at.owner, "名单")
        assert "有 4 个" in said
        for why in ("从没来过 1", "说做完了名单上没有 1", "停在“打开学信网” 1", "还没开始 1"):
            assert why in said
        assert "：0 / 4" in said
        page = await at.taps(at.owner, "专升本（安徽财经大学） 会计学")
        shown = [join_codes.format_code(code) for code in DRAWN]
        assert shown[0] in page
        assert shown[2] not in page
        await at.taps(at.owner, shown[0])
        assert f"{shown[0]} 打通了" in await at.taps(at.owner, "打通了")
        assert "已办" in await at.says(at.owner, f"已办 {shown[2]} {shown[3]}")
        assert "没有找到" in await at.says(at.owner, f"没打通 {shown[4]}")
        said = await at.says(at.owner, "名单")
        assert "有 2 个" in said
        assert "：3 / 4" in said
        chain = await at.harness.verify_proof()
        assert chain.count == 3
        await at.harness.store.forget("telegram", str(FIRST), update_id=None, turn=None, at=NOON)
        undo = next(m for m in reversed(at.owner.messages) if "撤回这份名单" in str(m.buttons))
        await at._after(at.owner, lambda: at.owner.presses("bc|1|unroster", undo))
        assert "从没来过" not in await at.says(at.owner, "名单")


async def test_three_unanswered_reminders_count_from_the_last_call(tmp_path: Path) -> None:
    async with office(tmp_path, [coded(DRAWN[0], "walking", "m2-site")]) as at:
        await at.harness.store.apply([CodeClaimed(DRAWN[0])], "telegram", NOON, str(FIRST))
        for _ in range(3):
            await at.harness.start_new("还有{{ days_left }}天")
            await at.sends()
        assert "三次提醒没回 1" in await at.says(at.owner, "名单")
        at.harness.advance(minutes=5)
        await at.says(at.owner, f"打通了 {DRAWN[0]}")
        assert "停在“打开学信网” 1" in await at.says(at.owner, "名单")


async def test_the_schools_list_puts_right_who_said_done(tmp_path: Path) -> None:
    async with office(tmp_path, [finished(DRAWN[0]), coded(DRAWN[1], "walking"), finished(DRAWN[2])]) as at:
        ann = at.harness.telegram.users[FIRST]
        given = " ".join([DRAWN[0], DRAWN[1], DRAWN[3]])
        assert "一行一个" in await at.says(at.owner, "/stats 未核对")
        said = await at.says(at.owner, f"/stats 未核对 {given}")
        assert "1 人退回，2 人不变" in said
        assert f"1 个编号还没有人用过：{join_codes.format_code(DRAWN[3])}" in said
        await at.sends()
        assert not ann.messages, "nothing is changed before the yes"
        assert "名单 #1：1 人退回" in await at.taps(at.owner, "确定，退回 1 人并告诉本人")
        await at.sends()
        assert f"编号 {join_codes.format_code(DRAWN[0])} 还没有核对成功" in ann.messages[-1].shown
        assert "点“正确”" in await at.taps(ann, "继续核对")
        assert "哪天点的" in await at.taps(ann, "我点了“正确”")
        assert [len(at.harness.messages_of(n)) > 0 for n in range(3)] == [True, False, False]
        # The same list again changes nothing: she has not said done again.
        assert "0 人退回" in await at.says(at.owner, f"/stats 未核对 {given}")


async def test_the_schools_list_may_be_of_another_notice(tmp_path: Path) -> None:
    known = json.loads(finished(DRAWN[0]))
    known |= {"notice": "2015-spring", "walks": {"2015-spring": known["walks"][NOTICE]}}
    async with office(tmp_path, [json.dumps(known)]) as at:
        at.harness.content = at.service.content = both_notices()
        assert "2014-autumn、2015-spring" in await at.says(at.owner, "/stats 未核对")
        assert "1 人退回" in await at.says(at.owner, f"/stats 未核对 2015-spring {DRAWN[0]}")


async def test_at_night_the_words_wait_until_morning_and_a_teachers_answer_does_not_wait_for_them(
    tmp_path: Path,
) -> None:
    async with open_harness(tmp_path, [finished(DRAWN[0])]) as harness:
        harness.advance(hours=11)  # 23:00
        listed = join_codes.Listed((DRAWN[0],), ())
        result = await import_list(
            harness.store, harness.content, "telegram", NOTICE, listed, harness.local(), harness.now
        )
        assert result.corrected == (DRAWN[0],)
        assert await harness.store.outbox.next_due("telegram") == harness.now + timedelta(hours=9)
        answer = Queued("user", Reply("明天来就行"), user=str(FIRST))
        await harness.store.apply([answer], "telegram", harness.now)
        (post,) = await harness.store.outbox.claim("telegram", harness.now)
        assert (post.reply, post.last) == (answer.reply, True)
        await harness.store.outbox.settle(post, Delivered(Outcome("sent")), harness.now)
        harness.advance(hours=9)
        (post,) = await harness.store.outbox.claim("telegram", harness.now)
        assert post.reply
        assert "还没有核对成功" in post.reply.text


async def test_whoever_does_something_just_then_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_harness(tmp_path, [finished(DRAWN[0])]) as harness:
        sessions, looked = harness.store.codes.sessions, list[str]()

        async def slowly(whose: list[PersonKey]) -> list[tuple[PersonKey, str]]:
            found = await sessions(whose)
            if not looked:  # she writes something meanwhile
                other = json.dumps(json.loads(finished(DRAWN[0])) | {"misses": 1})
                await harness.store.save_turn(
                    "telegram", str(FIRST), session=other, events=(), update_id=None, turn=None, miss=None, at=NOON
                )
            looked.append(whose[0].user)
            return found

        monkeypatch.setattr(harness.store.codes, "sessions", slowly)
        listed = join_codes.Listed((DRAWN[0],), ())
        result = await import_list(
            harness.store, harness.content, "telegram", NOTICE, listed, harness.local(), harness.now
        )
        assert (result.corrected, len(looked)) == ((DRAWN[0],), 2)


async def test_a_turn_that_began_before_the_list_came_does_not_undo_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path, [finished(DRAWN[0])]) as at:
        store, came = at.harness.store, list[str]()
        known = store.load_known

        async def slowly(channel: str, user: str, update_id: str | None) -> KnownPerson:
            found = await known(channel, user, update_id)
            if not came:  # the list is taken in while her turn is decided
                came.append(user)
                given = join_codes.Listed((DRAWN[0],), ())
                await import_list(
                    store, at.harness.content, "telegram", NOTICE, given, at.harness.local(), at.harness.now
                )
            return found

        monkeypatch.setattr(store, "load_known", slowly)
        ann = at.harness.telegram.users[FIRST]
        assert await at.says(ann, "用户名忘了怎么办")
        monkeypatch.undo()
        (holder,) = await store.codes.holders("telegram", NOTICE)
        assert (came, holder.state, holder.step) == ([str(FIRST)], "walking", "m9-verdict")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
async def test_the_schools_list_may_come_as_a_document(tmp_path: Path, encoding: str) -> None:
    async with office(tmp_path, [finished(DRAWN[0]), coded(DRAWN[1], "walking")]) as at:
        rows = [
            "编号,班级",
            f"{join_codes.format_code(DRAWN[0])},会计1班",
            f"{join_codes.format_code(DRAWN[1])},会计1班",
            "没有编号,会计2班",
        ]
        at.harness.telegram.files["documents/list"] = "\r\n".join(rows).encode(encoding)
        file = {"file_id": "list", "file_unique_id": "list", "file_name": "未核对.csv", "file_size": 99}
        said = await at.says(at.owner, document=file)
        assert said == await at.says(at.owner, document=file, caption="/stats 未核对")
        assert "1 人退回，1 人不变，1 行看不懂：第4行" in said
        ann = at.harness.telegram.users[FIRST]
        assert "名单 #1：1 人退回" in await at.taps(at.owner, "确定，退回 1 人并告诉本人")
        await at.sends()
        assert "还没有核对成功" in ann.messages[-1].shown
        assert "1 人恢复成做完" in await at.taps(at.owner, "撤回这份名单")
        await at.sends()
        assert "已经恢复" in ann.messages[-1].shown
        forged = await at.presses(at.owner, "bc|2|roster")
        assert "已经处理过了" in forged
        lost = file | {"file_id": "gone"}
        assert "没有找到编号" in await at.says(at.owner, document=lost, caption="/stats 未核对")
        eve = at.harness.telegram.users[FIRST + 1]
        assert "未核对" not in await at.says(eve, document=file, caption="/stats 未核对")


def test_only_who_said_done_is_put_right() -> None:
    now, ann = NOON.replace(tzinfo=None), PersonKey("telegram", "1")
    assert correct_session(shipped(), NOTICE, ann, coded(DRAWN[0], "reported", "x1-report"), now, NOON) == []
    resaved, _ = correct_session(shipped(), NOTICE, ann, finished(DRAWN[0]), now, NOON)
    there = load(json.loads(resaved.becomes))  # type: ignore[union-attr]
    assert there.position
    assert (there.position.state, there.position.step) == ("walking", "m9-verdict")
    assert dump(there)["code"] == DRAWN[0]


def test_quiet_hours_end_in_the_morning() -> None:
    begins, ends = NOON.replace(tzinfo=None).time().replace(22), NOON.time().replace(8)
    evening = NOON.replace(tzinfo=None, hour=23)
    assert quiet_time_left(evening, begins, ends) == timedelta(hours=9)
    assert quiet_time_left(evening.replace(hour=3), begins, ends) == timedelta(hours=5)
    assert quiet_time_left(evening.replace(hour=12), begins, ends) == timedelta()


def test_a_text_that_is_sent_as_that_list_is_no_notice() -> None:
    file = Sent("document", "1", "名单.txt", 9)
    assert asks(Incoming("telegram", "1", "/stats 未核对", other="document", file=file), {}) is None
    assert asks(Incoming("telegram", "1", other="document", file=file), {}) is not None
