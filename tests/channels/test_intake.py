from __future__ import annotations

from typing import Any

import pytest

from bot.channels.telegram.intake import is_update, person

ANN = {"id": 7, "first_name": "Ann"}
GROUP = {"id": -100, "type": "supergroup"}


@pytest.mark.parametrize(
    ("content", "whose"),
    [
        ({"message": {"from": ANN, "chat": GROUP}}, 7),
        ({"edited_message": {"from": ANN, "chat": GROUP}}, 7),
        ({"callback_query": {"from": ANN, "message": {"chat": GROUP}}}, 7),
        ({"inline_query": {"from": ANN, "query": ""}}, "update 5"),
        ({"my_chat_member": {"from": ANN, "chat": GROUP}}, 7),
        ({"message_reaction": {"user": ANN, "chat": GROUP}}, 7),
        ({"poll_answer": {"user": ANN}}, 7),
        ({"channel_post": {"chat": GROUP}}, -100),
        ({"poll": {"id": "1"}}, "update 5"),
        ({"message": {"from": {"id": "seven"}}}, "update 5"),
        ({"message": None}, "update 5"),
        ({}, "update 5"),
    ],
)
def test_a_turn_is_the_persons_else_the_chats_else_nobodys(content: dict[str, Any], whose: object) -> None:
    assert person({"update_id": 5, **content}) == whose


@pytest.mark.parametrize("thing", [None, [], "x", 1, {}, {"update_id": "1"}, {"update_id": True}, {"update_id": 1.0}])
def test_what_is_no_update(thing: object) -> None:
    assert not is_update(thing)
