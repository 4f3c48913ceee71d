"""A turn as it is stored: its answer, to be given again when its update comes again, and what happened. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.content.content import Content
from bot.conversation.turn import Missed, Turn
from bot.domain.messages import Answer, Button, Reply
from bot.domain.spelling import fold
from bot.domain.storage_mask import find_private
from bot.store import Miss, StepEvent

SHORTEST = 4
"""Characters of a private thing that is looked for in another spelling than the typed one."""


def mask_echoes(content: Content, typed: str, answer: Answer) -> Answer:
    """Return the answer with everything private in the words that it answers masked wherever it repeats them."""
    found = find_private(typed, content.public_contacts)
    if not found:
        return answer
    masks = content.phrases.masks
    echoes = {way: masks[one.mark] for one in found for way in _spell(typed[one.start : one.end])}
    return replace(answer, replies=tuple(_mask_reply(reply, echoes) for reply in answer.replies))


def _spell(private: str) -> frozenset[str]:
    """Return how an answer may repeat it: as it was typed, and without separators or zeros in front."""
    bare = re.sub(r"[\W_]", "", fold(private))
    return frozenset({private, *(way for way in (bare, bare.lstrip("0")) if len(way) >= SHORTEST)})


def _mask_reply(reply: Reply, echoes: Mapping[str, str]) -> Reply:
    copies = tuple(Button(_mask(copy.id, echoes), _mask(copy.text, echoes), copy.tone) for copy in reply.copies)
    return replace(reply, text=_mask(reply.text, echoes), copies=copies)


def _mask(text: str, echoes: Mapping[str, str]) -> str:
    for echo in sorted(echoes, key=len, reverse=True):
        text = text.replace(echo, echoes[echo])
    return text


def list_events(content: Content, turn: Turn) -> list[StepEvent]:
    """Return what happened on the walk and which topics were answered, as events to store."""
    script, revision = content.script.id, content.revision
    walked = [StepEvent(script, happening.step, happening.kind, revision) for happening in turn.happenings]
    return [*walked, *(StepEvent("faq", topic, "answer", revision) for topic in turn.told)]


def describe_miss(content: Content, missed: Missed | None) -> Miss | None:
    """Return a question that was not answered, as it is stored."""
    if missed is None:
        return None
    return Miss(missed.question, missed.topics, content.revision, missed.tied, missed.mark)
