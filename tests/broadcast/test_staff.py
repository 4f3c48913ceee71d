"""Staff who are new to it: wrong inputs, changes of mind, two at once, and always a button that goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.broadcast import draft as drafts
from bot.broadcast.draft import BroadcastDraft
from bot.domain.broadcast import Result
from bot.domain.messages import Sent
from tests.broadcast.harness import FIRST, session
from tests.broadcast.test_chat import Office, _joins, office
from tests.conftest import both_notices, shipped
from tests.telegram_people import picture

WALKING = session("walking")


async def draft_of(at: Office, number: int) -> BroadcastDraft:
    return drafts.load((await at.harness.get(number)).draft)


async def writes(at: Office) -> None:
    """Make a new broadcast that waits for its text."""
    await at.says(at.owner, "/broadcast")
    await at.taps(at.owner, "新的群发")
    await at.taps(at.owner, "写内容")


async def test_a_changed_message_changes_the_draft(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        await at.says(at.owner, "明天截至")
        assert "草稿跟着改了" in await at._after(at.owner, lambda: at.owner.edits("明天截止"))
        assert (await draft_of(at, 1)).html == "明天截止"


async def test_another_picture_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        await at.says(at.owner, photo=picture("first"), caption="看这里")
        assert "换成这张了" in await at.says(at.owner, photo=picture("second"))
        draft = await draft_of(at, 1)
        assert draft.file
        assert (draft.file.id, draft.html) == ("second", "看这里")


async def test_an_album_goes_to_everybody_whole_is_corrected_and_taken_back(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING] * 5) as at:
        await writes(at)
        assert "都收下" in await at.says(at.owner, photo=picture("one"), caption="一组", media_group_id="g")
        assert await at.says(at.owner, photo=picture("two"), media_group_id="g") == ""
        await at.says(at.owner, photo=picture("three"), media_group_id="g")
        assert "照片3个" in await at.says(at.owner, "/broadcast 1")
        await at.taps(at.owner, "预览")
        shown = [m.parameters.get("media") or m.text for m in at.owner.messages[-5:-1]]
        assert shown == ["one", "two", "three", "一组"]
        await at.taps(at.owner, "现在发送")
        await at.taps(at.owner, "确定发送")
        await at.sends()
        graduate = at.harness.telegram.users[FIRST]
        assert [m.parameters.get("media") or m.text for m in graduate.messages] == ["one", "two", "three", "一组"]
        assert "已知晓" in str(graduate.messages[-1].buttons)
        await at.says(at.owner, "/broadcast 1")
        await at.taps(at.owner, "更正")
        await at.says(at.owner, "改过的")
        await at.taps(at.owner, "现在更正")
        await at.taps(at.owner, "确定更正")
        await at.sends()
        assert graduate.messages[-1].text == "改过的"
        await at.says(at.owner, "/broadcast 1")
        await at.taps(at.owner, "收回")
        await at.taps(at.owner, "现在收回")
        await at.taps(at.owner, "确定收回")
        await at.sends()
        gone = at.harness.telegram.made("deleteMessages")
        assert [m.id for m in graduate.messages] in [call.parameters["message_ids"] for call in gone]


async def test_an_album_whose_words_do_not_follow_is_unsure_and_not_sent_again(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        files = (Sent("photo", "one"), Sent("photo", "two"))
        number = await at.harness.draft("一组", file=files[0], more=files[1:])
        at.harness.telegram.fault("error", "sendMessage", code=400, chat_id=FIRST)
        await at.harness.start(number)
        await at.sends()
        totals = await at.harness.store.ledger.totals(number)
        assert totals.states == {"unsure": 1}


async def test_a_text_that_was_cut_in_two_is_refused_whole(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        assert "没有收" in await at.says(at.owner, "长" * 4096)
        assert "后半截" in await at.says(at.owner, "剩下的几个字")
        assert (await draft_of(at, 1)).html == ""
        at.harness.advance(minutes=1)
        assert "内容：短的" in await at.says(at.owner, "短的")


async def test_whoever_goes_back_is_not_asked_any_more(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        await at.taps(at.owner, "返回")
        assert "群发 #" not in await at.says(at.owner, "用户名忘了怎么办")
        await at.taps(at.owner, "定时")
        await at.says(at.owner, "/broadcast")
        assert "群发 #" not in await at.says(at.owner, "明天 9:00")
        assert (await draft_of(at, 1)).html == ""


async def test_words_go_to_the_draft_that_asked_last(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        first, second = await at.harness.draft("一"), await at.harness.draft("二")
        for number in (second, first):
            await at.says(at.owner, f"/broadcast {number}")
            await at.taps(at.owner, "写内容")
        await at.says(at.owner, "新的")
        assert [(await draft_of(at, n)).html for n in (first, second)] == ["新的", "二"]


async def test_two_at_one_draft_keep_their_words_apart(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING] * 201) as at:
        wang = at.harness.telegram.user("Wang", 2)
        await _joins(at, "2")
        number = await at.harness.draft("原来的")
        await at.says(wang, f"/broadcast {number}")
        await at.taps(wang, "写内容")
        await at.says(at.owner, "用户名忘了怎么办")
        assert "改好的" in await at.says(wang, "改好的")
        # Who wrote it last is not the second pair of eyes; the other one is, without being sent round.
        assert "要第二位老师同意" in await at.taps(wang, "现在发送")
        await at.says(at.owner, f"/broadcast {number}")
        assert "同意的就是下面这条内容" in await at.taps(at.owner, "现在发送")
        await at.taps(at.owner, "同意发送")
        await at.sends()
        assert "另一位老师同意了" in wang.messages[-1].shown
        # What was agreed to may still be put off.
        await at.says(wang, f"/broadcast {number}")
        await at.taps(wang, "定时")
        await at.says(wang, "明天 9:00")
        assert "已定时 12-12 09:00" in await at.taps(wang, "确定，12月12日 09:00发")


async def test_with_two_notices_in_force_staff_reach_either(tmp_path: Path) -> None:
    spring = json.dumps(json.loads(session("walking")) | {"notice": "2015-spring"})
    async with office(tmp_path, [WALKING, spring, spring]) as at:
        at.harness.content = both_notices()
        await at.says(at.owner, "/broadcast")
        await at.taps(at.owner, "新的群发")
        assert "有几份通知在办：2014-autumn、2015-spring" in await at.taps(at.owner, "发给谁")
        assert "看不懂“2016”" in await at.says(at.owner, "通知=2016 未完成")
        said = await at.says(at.owner, "通知=2015-spring 未完成")
        assert "发给：2015届春季毕业生核对，没做完的" in said
        assert "会收到的不到5人" in said
        # What is said later without a notice is about the same one; when that is withdrawn, about the one in force.
        await at.taps(at.owner, "发给谁")
        assert "发给：2015届春季毕业生核对，还没开始的" in await at.says(at.owner, "没开始")
        at.harness.content = shipped()
        await at.presses(at.owner, "bc|1|who")
        assert "发给：2014届秋季毕业生核对，所有人" in await at.says(at.owner, "所有人")


async def test_a_new_one_is_about_the_notice_that_is_not_over(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        at.harness.content = both_notices()
        at.harness.now = datetime(2014, 12, 9, 4, tzinfo=UTC)
        await at.says(at.owner, "/broadcast")
        assert "发给：2015届春季毕业生核对，所有人" in await at.taps(at.owner, "新的群发")
        assert "2015届春季毕业生核对：共" in await at.says(at.owner, "/stats")


async def test_what_cannot_be_sent_is_refused_at_once(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        await at.taps(at.owner, "返回")
        assert "还没有内容" in await at.taps(at.owner, "预览")
        await at.taps(at.owner, "写内容")
        video = {"file_id": "v", "file_unique_id": "v", "duration": 1, "width": 1, "height": 1}
        assert "视频、语音、贴纸发不了" in await at.says(at.owner, "", video=video, caption="看")
        assert "多了904个字" in await at.says(at.owner, "好" * 5000)
        photo = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]
        assert "多了76个字" in await at.says(at.owner, "", photo=photo, caption="好" * 1100)
        await at.taps(at.owner, "返回")
        await at.taps(at.owner, "按钮")
        await at.taps(at.owner, "✓ 已知晓等三个")
        await at.taps(at.owner, "2 打开学信网")  # the menu stays
        assert "按钮：去核对" in await at.taps(at.owner, "返回")
        await at.taps(at.owner, "写内容")
        assert "Telegram 会切成两条" in await at.says(at.owner, "好" * 4096)
        await at.taps(at.owner, "发给谁")
        assert "打字告诉我" in await at.says(at.owner, "", photo=photo)
        assert (await draft_of(at, 1)).waits == "who"


async def test_a_date_that_is_over_is_no_content(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        at.harness.advance(days=200)
        await writes(at)
        assert "“deadline”现在填不出来" in await at.says(at.owner, "{{ deadline }}截止")
        await at.says(at.owner, "网上核对已经结束，请打{{ contact.phone }}")
        await at.taps(at.owner, "现在发送")
        assert "这样没有人会收到" in await at.taps(at.owner, "确定发送")
        await at.taps(at.owner, "发给谁")
        assert "会收到的不到5人" in await at.says(at.owner, "过期也发")
        await at.taps(at.owner, "现在发送")
        await at.taps(at.owner, "确定发送")
        await at.sends()
        assert at.harness.messages_of(0) == ["网上核对已经结束，请打0550-3055417"]


async def test_cancel_stops_at_once_and_asks(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING] * 3) as at:
        number = await at.harness.start_new()
        assert "先停住了" in await at.presses(at.owner, f"bc|{number}|cancel")
        assert (await at.harness.get(number)).state == "paused"
        await at.taps(at.owner, "继续发")
        await at.presses(at.owner, f"bc|{number}|cancel")
        assert "取消了" in await at.taps(at.owner, "确定取消")
        assert await at.harness.totals(number) == {"skipped": 3}
        # What did not arrive cannot be taken back, and it is said so.
        await at.says(at.owner, f"/broadcast {number}")
        assert "没有要收回的" in await at.taps(at.owner, "收回")


async def test_what_arrived_before_a_cancel_can_be_taken_back(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING] * 4) as at:
        number = await at.harness.start_new()
        for row in await at.harness.store.ledger.claim(number, "w", 2, at.harness.now):
            await at.harness.store.ledger.mark(row.id, "w", at.harness.now)
            message = at.harness.telegram.next_message()
            await at.harness.store.ledger.settle(Result(row.id, "sent", message=str(message)), at.harness.now)
        await at.harness.cancel(number)
        await at.says(at.owner, f"/broadcast {number}")
        assert "会收回：2条" in await at.taps(at.owner, "收回")
        assert "要把已经送到的 2 条收回" in await at.taps(at.owner, "现在收回")
        assert "开始收回，共 2 条" in await at.taps(at.owner, "确定收回")
        await at.sends()
        assert len(at.harness.telegram.made("deleteMessage")) == 2
        assert any("收回 #2（收的是 #1） 结束（收完了）：共 2 人。已收回 2" in m.shown for m in at.owner.messages)
        # And a recall is no message that could be sent again.
        await at.says(at.owner, "/broadcast 2")
        assert [button["text"] for row in at.owner.messages[-1].buttons for button in row] == ["报告"]


async def test_what_arrived_can_be_taken_back_when_its_dates_are_over(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        at.harness.now = datetime(2014, 3, 20, 4, tzinfo=UTC)
        await at.harness.start_new("{{ deadline }}截止")
        await at.sends()
        at.harness.advance(hours=24)
        await at.presses(at.owner, "bc|1|recall")
        await at.taps(at.owner, "现在收回")
        assert "开始收回，共 1 条" in await at.taps(at.owner, "确定收回")
        await at.sends()
        assert len(at.harness.telegram.made("deleteMessage")) == 1


async def test_a_correction_keeps_the_picture(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        await at.says(at.owner, "", photo=picture("p"), caption="12月10日截止")
        await at.taps(at.owner, "现在发送")
        await at.taps(at.owner, "确定发送")
        await at.sends()
        await at.says(at.owner, "/broadcast 1")
        await at.taps(at.owner, "更正")
        assert "附件换不了" in await at.says(at.owner, "", photo=picture("q"), caption="12月20日截止")
        await at.says(at.owner, "12月20日截止")
        await at.taps(at.owner, "现在更正")
        await at.taps(at.owner, "确定更正")
        await at.sends()
        assert at.harness.telegram.made("editMessageCaption")[0].parameters["caption"] == "12月20日截止"


async def test_a_double_tap_makes_one_draft_and_one_start(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await at.says(at.owner, "/broadcast")
        for _ in range(2):
            await at.presses(at.owner, "bc|0|new")
        assert len(await at.harness.store.broadcasts.all()) == 1
        await at.presses(at.owner, "bc|1|template|t7")
        await at.taps(at.owner, "现在发送")
        every = (b for message in at.owner.messages for row in message.buttons for b in row)
        sure = next(b["callback_data"] for b in every if b["text"] == "确定发送")
        for _ in range(2):
            at.owner.presses(sure)
        await at.harness.telegram.until(lambda: not at.harness.telegram.pending)
        await at.sends()
        assert len(at.harness.messages_of(0)) == 1


async def test_a_draft_that_nobody_touched_expires_and_its_maker_hears_it(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        await at.says(at.owner, "明天截止")
        at.harness.advance(days=13)
        await at.says(at.owner, "/broadcast 1")
        await at.taps(at.owner, "安静时段也发")  # it is touched
        at.harness.advance(days=13)
        await at.sends()
        assert (await at.harness.get(1)).state == "draft"
        at.harness.advance(days=2)
        await at.sends()
        assert (await at.harness.get(1)).state == "cancelled"
        assert "草稿 14 天没有动" in at.owner.messages[-1].shown
        await at.says(at.owner, "/broadcast 1")
        assert at.owner.messages[-1].buttons == []


async def test_no_timer_is_set_by_a_rehearsed_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, [WALKING]) as at:
        number = await at.harness.draft()
        yesterday = at.harness.local() - timedelta(days=1)
        monkeypatch.setattr(at.areas[0], "_local", lambda: yesterday)
        await at.says(at.owner, f"/broadcast {number}")
        await at.taps(at.owner, "定时")
        assert "演练的是别的日子" in await at.says(at.owner, "明天 9:00")
        assert (await at.harness.get(number)).state == "draft"


async def test_what_belongs_to_no_draft_is_said_so_and_not_answered_as_to_a_graduate(tmp_path: Path) -> None:
    async with office(tmp_path, [WALKING]) as at:
        await writes(at)
        await at.says(at.owner, "明天截止")
        assert "没有放进哪个群发" in await at.says(
            at.owner, voice={"file_id": "v", "file_unique_id": "v", "duration": 1}
        )
