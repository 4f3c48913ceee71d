from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram import intake
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.intake import OpenGate, UpdateQueues, is_update, queue_key
from bot.channels.telegram.updates import parse
from bot.domain.messages import NotSaved

ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}
GROUP = {"id": -100, "type": "supergroup"}
MESSAGE = {"message_id": 1, "date": 1, "chat": GROUP}
MEMBER = {"user": ANN, "status": "member"}
REACTION = {"chat": GROUP, "message_id": 1, "date": 1, "old_reaction": [], "new_reaction": []}
POLL = {
    "id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False, "is_anonymous": True,
    "type": "regular", "allows_multiple_answers": False, "allows_revoting": False, "members_only": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "whose"),
    [
        ({"message": {**MESSAGE, "from": ANN}}, 7),
        ({"edited_message": {**MESSAGE, "from": ANN}}, 7),
        ({"callback_query": {"id": "1", "chat_instance": "1", "from": ANN, "message": MESSAGE}}, 7),
        ({"inline_query": {"id": "1", "from": ANN, "query": "", "offset": ""}}, "update 5"),
        ({"my_chat_member": {**MESSAGE, "from": ANN, "old_chat_member": MEMBER, "new_chat_member": MEMBER}}, 7),
        ({"message_reaction": {**REACTION, "user": ANN}}, 7),
        ({"poll_answer": {"poll_id": "1", "option_ids": [], "option_persistent_ids": [], "user": ANN}}, 7),
        ({"channel_post": MESSAGE}, -100),
        ({"poll": POLL}, "update 5"),
        ({"message": {**MESSAGE, "chat": {"id": "x", "type": "private"}, "from": {**ANN, "id": "seven"}}}, "update 5"),
        ({"message": None}, "update 5"),
        ({}, "update 5"),
    ],
)
def test_an_update_waits_with_its_users_else_its_chats_else_alone(content: dict[str, Any], whose: object) -> None:
    assert queue_key(parse({"update_id": 5, **content}, None)) == whose


@pytest.mark.parametrize("thing", [None, [], "x", 1, {}, {"update_id": "1"}, {"update_id": True}, {"update_id": 1.0}])
def test_what_is_no_update(thing: object) -> None:
    assert not is_update(thing)


class Counting(OpenGate):
    """Hears everybody once."""

    def __init__(self) -> None:
        self.left = 1

    def hears_person(self, who: int, text: str, *, is_behind: bool) -> bool:
        self.left -= 1
        return self.left >= 0


async def test_what_comes_again_because_it_could_not_be_saved_is_no_flood(
    bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "UNSAVED_S", 0.0)
    tries = itertools.count()

    async def handle(update: Update, _behind: int) -> None:
        if next(tries) < 2:
            raise NotSaved

    queues = UpdateQueues(bot, handle, Counting())
    message = {"message_id": 1, "from": ANN, "chat": {"id": 7, "type": "private"}, "date": 1, "text": "hi"}
    for is_saved in (False, False, True):
        done = await queues.put({"update_id": 1, "message": message})
        await asyncio.wait([done])
        assert done.cancelled() != is_saved
    assert next(tries) == 3
    assert (await queues.put({"update_id": 2, "message": message})).done()  # that is one too many
    assert next(tries) == 4
