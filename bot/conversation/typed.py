"""Typed words as an answer to the present step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.conversation.steps import follow
from bot.conversation.turn import Context, Turn
from bot.domain.messages import Button


def read_at_step(ctx: Context, text: str) -> Turn | None:
    """Return the turn of words that the present step reads; None when it does not, so that they may be a question."""
    position = ctx.session.position
    move = ctx.voice.walk.read(position, text) if position else None
    if move is None or position is None:
        return None
    reading, phrases = move.reading, ctx.content.phrases
    if reading is None:
        return follow(ctx, move)
    quiet, voice = ctx.understood(), ctx.voice
    if reading.refused:
        refused: Mapping[str, str] = phrases.refused  # type: ignore[assignment]
        return Turn(quiet.session, voice.bubbles(refused[reading.refused]), "again")
    step = ctx.content.script.by_id[position.step]
    heard = step.reads.heard.get(reading.heard or "", "") if step.reads else ""
    said = voice.bubbles(voice.fill(heard, reading.facts), source=step.source)
    numbers = reading.facts.get("heard.numbers", "").split()
    copies = tuple(Button(number, phrases.copy_number.format(number=number)) for number in numbers)
    return Turn(quiet.session, (*said[:-1], replace(said[-1], copies=copies)), "again")
