"""Telegram's updates read as what a person did, and our replies in Telegram's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram import speech
from bot.channels.telegram.updates import Me, Unreadable, read
from bot.domain.messages import Button, Incoming, Reply

ME = Me(99, "grad_bot")
ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -5, "type": "supergroup"}


def message(chat: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"update_id": 1, "message": {"message_id": 3, "from": ANN, "chat": chat, "date": 1, **fields}}


def incoming(update: dict[str, Any]) -> Incoming | None:
    seen = read(update, ME)
    return seen.incoming if seen else None


def test_typed_words_in_private() -> None:
    assert incoming(message(PRIVATE, text="你好")) == Incoming("telegram", "7", "你好", update_id="1", edits=True)


@pytest.mark.parametrize(
    ("field", "kind"),
    [("photo", "photo"), ("voice", "voice"), ("video_note", "video"), ("sticker", "sticker"), ("contact", "contact")],
)
def test_what_is_no_text_is_named(field: str, kind: str) -> None:
    assert incoming(message(PRIVATE, **{field: {}}, caption="看")) == Incoming(
        "telegram", "7", "看", other=kind, update_id="1", edits=True
    )


def test_an_edited_message_is_named() -> None:
    update = {"update_id": 1, "edited_message": message(PRIVATE, text="改了")["message"]}
    assert incoming(update) == Incoming("telegram", "7", "改了", other="edited", update_id="1", edits=True)


@pytest.mark.parametrize("fields", [{"pinned_message": {}}, {"new_chat_members": []}, {"migrate_to_chat_id": 1}])
def test_news_of_the_chat_is_nobodys_question(fields: dict[str, Any]) -> None:
    assert incoming(message(PRIVATE, **fields)) is None


@pytest.mark.parametrize(
    ("text", "fields", "heard"),
    [
        ("几号截止", {}, None),
        ("几号截止", {"reply_to_message": {"from": {"id": 99}}}, "几号截止"),
        ("几号截止", {"reply_to_message": {"from": {"id": 98}}}, None),
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
    ours = {"message_id": 4, "chat": PRIVATE, "date": 5, "text": "…"}
    seen = read({"update_id": 2, "callback_query": {"id": "q", "from": ANN, "message": ours, "data": "cmd|menu"}}, ME)
    assert seen
    assert seen.incoming == Incoming("telegram", "7", press="cmd|menu", update_id="2", edits=True)
    assert (seen.chat, seen.message, seen.query, seen.on_screen) == (7, 4, "q", ours)


def test_a_forged_press_in_a_group_only_gets_its_query_answered() -> None:
    ours = {"message_id": 4, "chat": GROUP, "date": 5, "text": "…"}
    seen = read({"update_id": 2, "callback_query": {"id": "q", "from": ANN, "message": ours, "data": "cmd|forget"}}, ME)
    assert seen
    assert seen.incoming.press is None
    assert (seen.chat, seen.query) == (0, "q")


def test_a_press_below_an_inline_message_only_gets_its_query_answered() -> None:
    pressed = {"id": "q", "from": ANN, "inline_message_id": "AAA", "data": "cmd|menu", "game_short_name": "x"}
    seen = read({"update_id": 2, "callback_query": pressed}, ME)
    assert seen
    assert (seen.incoming.press, seen.chat, seen.query) == (None, 0, "q")


def test_who_speaks_unnamed_for_the_group_is_answered_as_anybody() -> None:
    unnamed = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    found = incoming(message(GROUP, **{"text": "/deadline", "from": unnamed, "sender_chat": GROUP}))
    assert found
    assert (found.text, found.place) == ("/deadline", "public")


def test_an_answer_that_staff_found_inline_is_said_at_the_desk() -> None:
    posted = message(GROUP, text="先绑定手机", via_bot={"id": 99}, reply_to_message={"message_id": 41})
    seen = read(posted, ME, staff_chat=-5)
    assert seen
    assert (seen.incoming.text, seen.incoming.place, seen.incoming.reply_to) == ("先绑定手机", "staff", "41")


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
        {"message": {"message_id": 1, "from": ANN}},
        {"message": {"message_id": "1", "from": ANN, "chat": PRIVATE, "text": "x"}},
        {"message": {"message_id": 1, "from": {**ANN, "id": "7"}, "chat": PRIVATE, "text": "x"}},
        {"message": {"message_id": 1, "from": ANN, "chat": PRIVATE, "text": 7}},
        {"callback_query": {"id": 5, "from": ANN, "data": "cmd|menu"}},
        {"callback_query": {"id": "q", "from": ANN, "data": ["cmd|menu"]}},
        {"inline_query": {"id": "q", "query": "x"}},
        {"my_chat_member": {"chat": PRIVATE, "from": ANN}},
    ],
)
def test_what_is_not_of_telegrams_shape_is_named(update: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read({"update_id": 1, **update}, ME)


def test_other_bots_and_our_own_inline_messages_are_not_heard() -> None:
    assert (
        incoming(
            {"update_id": 1, "message": {**message(PRIVATE, text="x")["message"], "from": {**ANN, "is_bot": True}}}
        )
        is None
    )
    assert incoming(message(PRIVATE, text="x", via_bot={"id": 99})) is None


@given(st.text(max_size=60), st.text(max_size=20))
def test_everything_that_is_said_is_escaped(text: str, source: str) -> None:
    said = speech.message(Reply(text or "x", source=source or None))["text"]
    assert "<" not in said.replace("<i>", "").replace("</i>", "")


def test_a_message_that_shows_it_already_is_not_edited() -> None:
    reply = Reply("做完了 <b>", ((Button("cmd|menu", "菜单"),),), source="出自学校通知")
    markup = {"inline_keyboard": speech.keyboard(reply)}
    assert speech.same(reply, {"text": speech.shown(reply), "reply_markup": markup})
    assert not speech.same(reply, {"text": speech.shown(reply)})
    assert not speech.same(reply, {"text": "别的", "reply_markup": markup})


def test_buttons_have_the_colours_of_their_tones() -> None:
    reply = Reply("对吗", ((Button("a", "对", "good"), Button("b", "错", "bad"), Button("c", "菜单")),))
    assert [button.get("style") for button in speech.keyboard(reply)[0]] == ["success", "danger", None]


@pytest.mark.parametrize(("status", "kind"), [("kicked", "left"), ("member", "returned")])
def test_a_blocked_bot_hears_of_it(status: str, kind: str) -> None:
    news = {"chat": PRIVATE, "from": ANN, "date": 1, "new_chat_member": {"status": status}}
    assert incoming({"update_id": 4, "my_chat_member": news}) == Incoming("telegram", "7", other=kind, update_id="4")
    assert read({"update_id": 4, "my_chat_member": {**news, "chat": GROUP}}, ME) is None


def test_texts_to_copy_come_first() -> None:
    reply = Reply("试试", ((Button("cmd|menu", "菜单"),),), copies=(Button("00298959", "复制 00298959"),))
    assert speech.keyboard(reply)[0] == [{"text": "复制 00298959", "copy_text": {"text": "00298959"}}]
