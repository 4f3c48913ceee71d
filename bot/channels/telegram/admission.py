"""Decides of each update, before it is queued, whether its sender is heard or floods the bot."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from telegram import Update, User

from bot.channels.telegram import updates
from bot.channels.telegram.floods import Floods, Kind
from bot.channels.telegram.updates import Unreadable

_log = structlog.get_logger()


class Admission:
    """A Gate. `floods` judges; `me` and `staff_chat` give what may change; `is_owed` tells of a chat if answers to it
    wait; `tell` says to a chat that it is not heard.
    """

    def __init__(
        self,
        floods: Floods,
        me: Callable[[], User],
        staff_chat: Callable[[], int | None],
        is_owed: Callable[[int], bool],
        tell: Callable[[int], None],
    ) -> None:
        self._floods, self._me, self._staff_chat, self._is_owed, self._tell = floods, me, staff_chat, is_owed, tell

    def hears_person(self, who: int, text: str, *, is_behind: bool) -> bool:
        """See Gate; the first message that is not heard is answered with why."""
        is_behind = is_behind or self._is_owed(who)
        return who == self._staff_chat() or self._judge("person", who, who, text, is_behind=is_behind)

    def hears(self, update: Update) -> bool:
        """See Gate; in a group only what is for us counts, in the staff chat each person for themselves."""
        chat, who = update.effective_chat, update.effective_user
        if update.inline_query and who and type(who.id) is int:
            return self._judge("search", who.id, None, "")
        if chat is None or type(chat.id) is not int or not self._is_for_us(update):
            return True
        if chat.id == self._staff_chat():
            return who is None or self._judge("staff", who.id, None, "")
        text = (update.effective_message.text if update.effective_message else None) or ""
        return self._judge("group", chat.id, chat.id, text)

    def _judge(self, kind: Kind, source: int, chat: int | None, text: str, *, is_behind: bool = True) -> bool:
        verdict = self._floods.judge(kind, source, text, is_behind=is_behind)
        if verdict == "tell":
            _log.warning("flood", kind=kind, source=source)
            if chat is not None:
                self._tell(chat)
        return verdict == "hear"

    def _is_for_us(self, update: Update) -> bool:
        try:
            return updates.read(update, self._me(), self._staff_chat()) is not None
        except Unreadable:
            return False
