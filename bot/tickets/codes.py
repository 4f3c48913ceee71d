"""Join codes that two chats claim: the office is asked, and may take one from the chat that has it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.content.content import Content
from bot.domain import join_codes
from bot.domain import session as sessions
from bot.domain.accounts import PersonKey
from bot.domain.areas import Decision
from bot.domain.effects import Effect
from bot.domain.join_codes import ALPHABET, LENGTH, CodeFreed
from bot.domain.messages import Button, Reply
from bot.domain.outbox import Queued
from bot.domain.reminders import Resaved
from bot.domain.roles import Audited

# The staff chat passes on the buttons that begin so.
_PRESS = re.compile(rf"desk\|code\|([{ALPHABET}]{{{LENGTH}}})")


def ask_office(content: Content, code: str) -> Queued:
    """Return the question to staff, with a button that takes the code from the chat that has it."""
    words = content.phrases.broadcast.joining
    button = Button(f"desk|code|{code}", words.free)
    return Queued("staff", Reply(words.asked.format(code=join_codes.format_code(code)), ((button,),)))


def parse_press(press: str | None) -> str | None:
    """Return the code of a button of `ask_office`; None for any other button."""
    found = _PRESS.fullmatch(press or "")
    return found[1] if found else None


def free_code(
    content: Content, code: str, owners: Mapping[PersonKey, str | None], claimants: Sequence[PersonKey]
) -> Decision:
    """Take a code from its owners, whose sessions (JSON) are given, and tell everybody who claims it to send it again.

    Nothing when nobody has it.
    """
    words, said = content.phrases.broadcast.joining, join_codes.format_code(code)
    if not owners:
        return Decision((Reply(words.free_already.format(code=said)),))
    lost, again = Reply(words.lost.format(code=said)), Reply(words.again.format(code=said))
    effects: list[Effect] = []
    for (channel, owner), stored in owners.items():
        session = sessions.session_of(stored)
        if stored and session.code == code:
            becomes = json.dumps(sessions.dump(replace(session, code=None)), ensure_ascii=False)
            effects.append(Resaved(owner, stored, becomes, channel))
        effects += (CodeFreed(code, owner, channel), Queued("user", lost, user=owner, channel=channel))
    effects += (Queued("user", again, user=user, channel=channel) for channel, user in claimants)
    effects += (Queued("staff", Reply(words.freed.format(code=said))), Audited("code-free", code))
    return Decision(effects=tuple(effects))
