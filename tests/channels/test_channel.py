"""People on Telegram talk to the whole bot: real HTTP, real polling, real SQLite, a Telegram of our own."""

from __future__ import annotations

import pytest

from bot.channels.telegram import channel as telegram_channel
from tests.channels.bot_on_telegram import BotOnTelegram, called, content, talk
from tests.telegram_people import ADMINISTRATOR, Message, picture

__all__ = ["content", "talk"]  # fixtures


async def test_a_typed_word_gets_a_new_message_and_a_tap_edits_it(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "/start")
    bubbles = len(ann.messages)
    await talk.taps(ann, "开始核对")
    await talk.telegram.until(lambda: "你读的是哪一种" in ann.messages[-1].shown)
    assert len(ann.messages) == bubbles
    assert ann.messages[-1].edits == 1
    await talk.taps(ann, "专科")
    assert "你的专业" in ann.messages[-1].shown
    said = await talk.says(ann, "会计电算化")
    assert "记下：专科、会计电算化" in said[0]
    assert "第3/29步" in said[1]
    assert len(ann.messages) == bubbles + 2


async def test_what_must_be_kept_is_not_replaced_by_the_next_tap(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "/start step-m4-keep")
    kept = next(message for message in ann.messages if "要记住" in message.shown)
    await talk.taps(ann, "完成了")
    await talk.telegram.until(lambda: any("登录学信档案" in message.shown for message in ann.messages))
    assert (kept.edits, "要记住" in kept.shown) == (0, True)
    await talk.says(ann, "张老师电话多少")
    answer = next(m for m in reversed(ann.messages) if any(b["text"] == "原文" for row in m.buttons for b in row))
    ann.presses(next(b["callback_data"] for row in answer.buttons for b in row if b["text"] == "原文"), answer)
    await talk.telegram.until(lambda: "5、详情咨询" in ann.messages[-1].shown)
    assert answer.edits == 0


async def test_the_card_is_a_photo_of_its_own_with_the_words_below(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "开始核对")
    await talk.says(ann, "菜单")
    menu = ann.messages[-1]
    await talk.taps(ann, "我的卡片")
    await talk.telegram.until(lambda: "我的核对卡片" in ann.messages[-1].shown)
    card = ann.messages[-1]
    assert card is not menu
    assert [name for name, (file, _) in card.files.items() if file.endswith(".png")]
    await talk.taps(ann, "菜单")
    await talk.telegram.until(lambda: ann.messages[-1] is not card)
    assert (menu.edits, card.edits) == (0, 0)


async def test_a_vote_is_thanked_for_at_once_and_changes_only_its_answer(
    talk: BotOnTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram_channel, "TYPING_AFTER_S", 60)  # on a slow machine the button is released earlier
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "开始核对")
    await talk.says(ann, "要用什么浏览器")
    answer, step = ann.messages[-2:]
    helped = next(button["callback_data"] for row in answer.buttons for button in row if "有用" in button["text"])
    since = len(talk.telegram.calls)
    ann.presses(helped, answer)
    # The query is answered beside the turn, on a connection of its own: it may come after the update is confirmed.
    await talk.telegram.until(lambda: not talk.telegram.pending and None not in talk.telegram.queries.values())
    done = {call.method: call.parameters for call in talk.telegram.calls[since:] if call.method != "getUpdates"}
    assert done.keys() == {"answerCallbackQuery", "editMessageText"}
    assert done["answerCallbackQuery"]["text"] == talk.content.phrases.opinion.thanks
    assert ann.messages[-2:] == [answer, step]
    assert (answer.edits, step.edits) == (1, 0)
    assert [button["text"] for button in answer.buttons[-1]] == ["✓ 👍 有用", "👎 没帮上"]


async def test_an_old_button_is_answered_and_changes_nothing(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "开始核对")
    old = ann.messages[-1]
    press = old.buttons[0][0]["callback_data"]
    await talk.taps(ann, "专科")
    before = await talk.store.load("telegram", str(ann.id))
    talk.seconds += 60
    ann.presses(press, old)
    await talk.telegram.until(lambda: not talk.telegram.pending)
    assert talk.content.phrases.stale in "".join(message.shown for message in ann.messages)
    assert await talk.store.load("telegram", str(ann.id)) == before


async def test_a_second_tap_on_the_same_button_is_swallowed(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "开始核对")
    card = ann.messages[-1]
    press = card.buttons[0][0]["callback_data"]
    ann.presses(press, card)
    await talk.telegram.until(lambda: not talk.telegram.pending)
    shown = [message.shown for message in ann.messages]
    talk.seconds += 1
    ann.presses(press, card)
    await talk.telegram.until(lambda: not talk.telegram.pending and None not in talk.telegram.queries.values())
    assert [message.shown for message in ann.messages] == shown


async def test_a_double_tap_does_not_edit_to_the_same(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "菜单")
    await talk.taps(ann, "帮助")
    edits = called(talk, "editMessageText")
    await talk.taps(ann, "菜单")
    ann.presses("cmd|menu", ann.messages[-1])
    await talk.telegram.until(lambda: not talk.telegram.pending)
    assert called(talk, "editMessageText") == edits + 1


async def test_who_taps_again_before_the_answer_shows_is_not_answered_twice(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "菜单")
    bubbles = len(ann.messages)
    for _ in range(3):
        ann.presses("cmd|help", ann.messages[-1])
    await talk.telegram.until(lambda: not talk.telegram.pending and None not in talk.telegram.queries.values())
    assert [call.code for call in talk.telegram.made("editMessageText")] == [200]
    assert len(ann.messages) == bubbles


async def test_an_edit_that_was_made_before_a_kill_is_not_said_again(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "菜单")
    bubbles = len(ann.messages)
    talk.telegram.fault("error", "editMessageText", code=400, description="Bad Request: message is not modified: …")
    await talk.taps(ann, "帮助")
    assert len(ann.messages) == bubbles


async def test_what_people_wrote_is_escaped_and_long_cards_are_cut(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    said = await talk.says(ann, "<b>你好</b> & 1<2")
    assert all(len(text) <= 4096 for text in said)
    assert all(call.code == 200 for call in talk.telegram.calls if call.method == "sendMessage")


async def test_a_secret_is_deleted_and_a_photo_is_refused_unread(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "你好")
    said = await talk.says(ann, "我的密码是abc12345")
    assert "没有保存" in said[0]
    assert called(talk, "deleteMessage") == 1
    before = len(ann.messages)
    ann.sends(photo=picture("x"))
    said = await talk.quiet(ann, before)
    assert talk.content.phrases.no_text["photo"] in said[0]
    assert called(talk, "getFile") == 0


async def test_pictures_sent_as_one_are_refused_once(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "你好")
    before = len(ann.messages)
    for name in "abc":
        ann.sends(photo=picture(name), media_group_id="77")
    ann.sends(
        photo=picture("d"),
        media_group_id="77",
        caption="几号截止",
    )
    said = await talk.quiet(ann, before)
    assert sum(talk.content.phrases.no_text["photo"] in text for text in said) == 2


async def test_the_calendar_comes_as_a_document(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "截止日期")
    await talk.telegram.until(lambda: any(message.files for message in ann.messages))
    name, data = next(message.files["document"] for message in ann.messages if message.files)
    assert name == "毕业核对日程.ics"
    assert data.startswith(b"BEGIN:VCALENDAR")


async def test_certificate_numbers_can_be_copied(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "/start step-p3-numbers")
    before = len(ann.messages)
    await talk.says(ann, "NO.00298959")
    rows = [row for message in ann.messages[before:] for row in message.buttons]
    copies = [button["copy_text"]["text"] for row in rows for button in row if "copy_text" in button]
    assert copies == ["00298959", "298959"]


async def test_inline_search_and_profile(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    talk.telegram.update(inline_query={"id": "9", "from": ann.who, "query": "证书编号", "offset": ""})
    await talk.telegram.until(lambda: called(talk, "answerInlineQuery") == 1)
    call = next(call for call in talk.telegram.calls if call.method == "answerInlineQuery")
    assert call.parameters["results"][0]["id"] == "certificate-numbers"
    assert called(talk, "setMyCommands") == 2


async def test_what_takes_long_is_seen_to_be_under_way(talk: BotOnTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_channel, "TYPING_AFTER_S", 0)
    ann = talk.telegram.user("Ann")
    talk.telegram.fault("slow", "sendMessage", seconds=0.05)
    await talk.says(ann, "菜单")
    assert called(talk, "sendChatAction") == 1
    talk.telegram.fault("slow", "editMessageText", seconds=0.1)
    ann.taps("帮助")
    await talk.telegram.until(lambda: called(talk, "answerCallbackQuery") and called(talk, "editMessageText"))
    assert talk.telegram.made("editMessageText")[0].code == 0  # the button does not wait for it
    await talk.telegram.until(lambda: not talk.telegram.pending)
    assert [call.code for call in talk.telegram.made("answerCallbackQuery")] == [200]


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_secret_in_a_group_is_deleted_where_that_is_allowed(talk: BotOnTelegram, *, allowed: bool) -> None:
    ann, chat = talk.telegram.user("Ann"), {"id": -5, "type": "supergroup", "title": "class"}
    talk.telegram.groups[-5] = [Message(0, -5, {"text": "made"}, {})]
    talk.telegram.rights = {**ADMINISTRATOR, "can_delete_messages": allowed}
    name = f"@{talk.telegram.me['username']}"
    mention = {"type": "mention", "offset": 0, "length": len(name)}
    ann.sends(text=f"{name} 我的密码是abc12345", chat=chat, entities=[mention])
    await talk.telegram.until(lambda: not talk.telegram.pending and len(talk.telegram.groups[-5]) == 2)
    assert called(talk, "deleteMessage") == allowed
