"""Telegram's updates read as what a person did, and our replies in Telegram's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message, User

from bot.channels.telegram import outgoing
from bot.channels.telegram.updates import Event, Unreadable, parse, read
from bot.domain.messages import Button, Incoming, Reply, Sent

ME = User(99, "grad", is_bot=True, username="grad_bot")
ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -5, "type": "supergroup"}
OURS = {"message_id": 4, "chat": PRIVATE, "date": 5, "text": "…"}
PRESS = {"id": "q", "from": ANN, "chat_instance": "1", "data": "cmd|menu"}
FILE = {"file_id": "f", "file_unique_id": "u"}


def message(chat: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"update_id": 1, "message": {"message_id": 3, "from": ANN, "chat": chat, "date": 1, **fields}}


def event_of(update: dict[str, Any], staff_chat: int | None = None) -> Event | None:
    return read(parse(update, None), ME, staff_chat)


def incoming(update: dict[str, Any]) -> Incoming | None:
    event = event_of(update)
    return event.incoming if event else None


def answers(sender: int, **fields: Any) -> dict[str, Any]:
    who = {"id": sender, "is_bot": True, "first_name": "x"}
    return {"reply_to_message": {"message_id": 41, "date": 1, "chat": GROUP, "from": who, **fields}}


def test_typed_words_in_private() -> None:
    assert incoming(message(PRIVATE, text="你好")) == Incoming("telegram", "7", "你好", update_id="1", message="3")


@pytest.mark.parametrize(
    ("field", "content", "kind"),
    [
        ("voice", {**FILE, "duration": 1}, "voice"),
        ("video_note", {**FILE, "duration": 1, "length": 1}, "video"),
        (
            "sticker",
            {**FILE, "width": 1, "height": 1, "is_animated": False, "is_video": False, "type": "regular"},
            "sticker",
        ),
        ("contact", {"phone_number": "1", "first_name": "x"}, "contact"),
        ("dice", {"emoji": "🎲", "value": 1}, "dice"),
    ],
)
def test_what_is_no_text_is_named(field: str, content: dict[str, Any], kind: str) -> None:
    assert incoming(message(PRIVATE, **{field: content}, caption="看")) == Incoming(
        "telegram", "7", "看", other=kind, update_id="1", message="3"
    )


def test_a_photo_is_named_with_its_largest_size() -> None:
    sizes = [
        {**FILE, "file_id": name, "width": 1, "height": 1, "file_size": size} for name, size in (("s", 1), ("l", 9))
    ]
    found = incoming(message(PRIVATE, photo=sizes))
    assert found
    assert (found.other, found.file) == ("photo", Sent("photo", "l", size=9))


def test_an_edited_message_is_named() -> None:
    update = {"update_id": 1, "edited_message": message(PRIVATE, text="改了")["message"]}
    assert incoming(update) == Incoming("telegram", "7", "改了", other="edited", update_id="1", message="3")


@pytest.mark.parametrize(
    "fields",
    [{"pinned_message": message(PRIVATE, text="x")["message"]}, {"new_chat_members": [ANN]}, {"migrate_to_chat_id": 1}],
)
def test_news_of_the_chat_is_nobodys_question(fields: dict[str, Any]) -> None:
    assert incoming(message(PRIVATE, **fields)) is None


@pytest.mark.parametrize(
    ("text", "fields", "heard"),
    [
        ("几号截止", {}, None),
        ("几号截止", answers(99), "几号截止"),
        ("几号截止", answers(98), None),
        ("@grad_bot 几号截止", {"entities": [{"type": "mention", "offset": 0, "length": 9}]}, "几号截止"),
        ("😀@Grad_Bot 几号", {"entities": [{"type": "mention", "offset": 2, "length": 9}]}, "😀 几号"),
        ("@other 几号截止", {"entities": [{"type": "mention", "offset": 0, "length": 6}]}, None),
        ("/deadline", {}, "/deadline"),
        ("/deadline@grad_bot", {}, "/deadline@grad_bot"),
        ("/deadline@other_bot", {}, None),
    ],
)
def test_in_a_group_only_what_is_meant_for_us(text: str, fields: dict[str, Any], heard: str | None) -> None:
    found = incoming(message(GROUP, text=text, **fields))
    assert (found.text if found else None) == heard
    assert found is None or found.place == "public"


def test_a_press_names_the_message_that_is_on_the_screen() -> None:
    event = event_of({"update_id": 2, "callback_query": {**PRESS, "message": OURS}})
    assert event
    assert event.incoming == Incoming("telegram", "7", press="cmd|menu", update_id="2")
    assert (event.chat, event.message, event.query) == (7, 4, "q")
    assert event.on_screen
    assert event.on_screen.text == "…"


def test_a_message_that_telegram_no_longer_shows_is_not_on_the_screen() -> None:
    event = event_of({"update_id": 2, "callback_query": {**PRESS, "message": {**OURS, "date": 0}}})
    assert event
    assert (event.message, event.on_screen) == (4, None)


def test_a_forged_press_in_a_group_only_gets_its_query_answered() -> None:
    pressed = {**PRESS, "data": "cmd|forget", "message": {**OURS, "chat": GROUP}}
    event = event_of({"update_id": 2, "callback_query": pressed})
    assert event
    assert event.incoming.press is None
    assert (event.chat, event.query) == (0, "q")


def test_a_press_below_an_inline_message_only_gets_its_query_answered() -> None:
    event = event_of({"update_id": 2, "callback_query": {**PRESS, "inline_message_id": "AAA", "game_short_name": "x"}})
    assert event
    assert (event.incoming.press, event.chat, event.query) == (None, 0, "q")


def test_who_speaks_unnamed_for_the_group_is_answered_as_anybody() -> None:
    unnamed = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    found = incoming(message(GROUP, **{"text": "/deadline", "from": unnamed, "sender_chat": GROUP}))
    assert found
    assert (found.text, found.place) == ("/deadline", "public")


def test_an_answer_that_staff_found_inline_is_said_at_the_desk() -> None:
    posted = message(GROUP, text="先绑定手机", via_bot=ME.to_dict(), **answers(99))
    event = event_of(posted, staff_chat=-5)
    assert event
    assert (event.incoming.text, event.incoming.place, event.incoming.reply_to) == ("先绑定手机", "staff", "41")


def test_a_live_location_that_moves_is_no_edited_message() -> None:
    moved = message(PRIVATE, location={"latitude": 1, "longitude": 1, "live_period": 60})["message"]
    assert incoming({"update_id": 1, "edited_message": moved}) is None


def test_half_characters_and_nul_are_blanked_and_places_stay() -> None:
    text = "\0\ud83d@grad_bot 几号"
    said = incoming(message(GROUP, text=text, entities=[{"type": "mention", "offset": 2, "length": 9}]))
    assert said
    assert said.text == "几号"


@pytest.mark.parametrize(
    "update",
    [
        {"message": "x"},
        {"message": {"message_id": 1, "from": ANN, "date": 1}},
        message(PRIVATE, text="x", message_id="1"),
        message(PRIVATE, **{"text": "x", "from": {**ANN, "id": "7"}}),
        message({**PRIVATE, "id": "7"}, text="x"),
        message({**PRIVATE, "id": True}, text="x"),
        message({**PRIVATE, "id": None}, text="x"),
        message(PRIVATE, text="x", message_thread_id="3", is_topic_message=True),
        message(PRIVATE, dice={"emoji": "🎲", "value": 1}, media_group_id=7),
        message(PRIVATE, text=7),
        message(PRIVATE, document={**FILE, "file_size": "7"}),
        {"callback_query": {**PRESS, "id": 5}},
        {"callback_query": {**PRESS, "data": ["cmd|menu"]}},
        {"callback_query": {**PRESS, "message": {**OURS, "message_id": "4"}}},
        {"inline_query": {"id": "q", "query": "x", "offset": ""}},
        {"inline_query": {"id": 5, "from": ANN, "query": "x", "offset": ""}},
        {"my_chat_member": {"chat": PRIVATE, "from": ANN, "date": 1}},
    ],
)
def test_what_is_not_of_telegrams_shape_is_unreadable(update: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        event_of({"update_id": 1, **update})


def test_other_bots_and_our_own_inline_messages_are_not_heard() -> None:
    assert (
        incoming(
            {"update_id": 1, "message": {**message(PRIVATE, text="x")["message"], "from": {**ANN, "is_bot": True}}}
        )
        is None
    )
    assert incoming(message(PRIVATE, text="x", via_bot=ME.to_dict())) is None


@given(st.text(max_size=60), st.text(max_size=20))
def test_everything_that_is_said_is_escaped(text: str, source: str) -> None:
    said = outgoing.message(Reply(text or "x", source=source or None))["text"]
    assert "<" not in said.replace("<i>", "").replace("</i>", "")


def test_a_message_that_shows_it_already_is_not_edited() -> None:
    reply = Reply("做完了 <b>", ((Button("cmd|menu", "菜单"),),), source="出自学校通知")
    markup, text = outgoing.keyboard(reply).to_dict(), outgoing.visible_text(reply)
    assert outgoing.is_shown(reply, Message.de_json({**OURS, "text": text, "reply_markup": markup}))
    assert not outgoing.is_shown(reply, Message.de_json({**OURS, "text": text}))
    assert not outgoing.is_shown(reply, Message.de_json({**OURS, "text": "别的", "reply_markup": markup}))


def test_buttons_have_the_colours_of_their_tones() -> None:
    reply = Reply("对吗", ((Button("a", "对", "good"), Button("b", "错", "bad"), Button("c", "菜单")),))
    assert [button.style for button in outgoing.keyboard(reply).inline_keyboard[0]] == ["success", "danger", None]


@pytest.mark.parametrize(("status", "kind"), [("kicked", "left"), ("member", "returned")])
def test_a_blocked_bot_hears_of_it(status: str, kind: str) -> None:
    states: dict[str, Any] = {"old_chat_member": {"user": ANN, "status": "member"}}
    states["new_chat_member"] = {"user": ANN, "status": status, "until_date": 0}
    news = {"chat": PRIVATE, "from": ANN, "date": 1, **states}
    assert incoming({"update_id": 4, "my_chat_member": news}) == Incoming("telegram", "7", other=kind, update_id="4")
    assert event_of({"update_id": 4, "my_chat_member": {**news, "chat": GROUP}}) is None


def test_texts_to_copy_come_first() -> None:
    reply = Reply("试试", ((Button("cmd|menu", "菜单"),),), copies=(Button("00298959", "复制 00298959"),))
    first = outgoing.keyboard(reply).to_dict()["inline_keyboard"][0]
    assert first == [{"text": "复制 00298959", "copy_text": {"text": "00298959"}}]
