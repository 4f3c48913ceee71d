"""Questions of the FAQ: the answer, a choice of the nearest, or the ladder of misses that ends with a person. Pure.

A question never moves the position, and leads back to the present step in the same turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from operator import methodcaller

from bot.conversation.turn import Context, Missed, Turn
from bot.domain.questions import Reached, Tallied
from bot.render import feedback
from bot.render.reply import Voice
from bot.tickets import tickets

MAX_CHOICES = 3


def tell_topics(ctx: Context, topics: Sequence[str]) -> Turn:
    """Answer these topics, in this order, and offer the present step again."""
    entries = [ctx.content.entries[topic] for topic in topics]
    answer = feedback.ask_if_helpful if ctx.incoming.edits else Voice.answer
    answers = ctx.say_alike(lambda voice: tuple(reply for entry in entries for reply in answer(voice, entry)))
    first = ctx.voice.bubbles(ctx.content.phrases.two_questions) if len(topics) > 1 else ()
    told = replace(ctx.session, misses=0, told=tuple(topics))
    tallied = tally(ctx, "answer")
    return Turn(told, (*first, *answers), "again", told=told.told, last="answer", tallied=tallied)


def list_topics(ctx: Context, topics: Sequence[str]) -> Turn:
    """List more questions than can be answered in one breath, each one tap away."""
    said = ctx.content.phrases.typed.several.format(n=len(topics))
    rows = tuple((ctx.voice.topic(topic),) for topic in topics)
    quiet = replace(ctx.session, misses=0)
    return Turn(quiet, ctx.voice.bubbles(said, rows), "again", last="choices", tallied=tally(ctx, "choices"))


def miss(ctx: Context, text: str, near: Sequence[str] = (), *, is_question: bool = True) -> Turn:
    """Say that a message was not understood: one rung further on the ladder, which ends with a person, one tap away.

    `near` are topics that may be meant, best first. A question is recorded for the editors, masked; other words leave
    no trace.
    """
    misses, phrases = ctx.session.misses + 1, ctx.content.phrases
    question = tickets.mask_for_staff(ctx.content, text)
    mark = hashlib.sha256(question.encode()).hexdigest()[:8]
    missed = Missed(question, tuple(near), tied=len(near) > 1, mark=mark if near else None) if is_question else None
    quiet = replace(ctx.session, misses=misses)
    turn = Turn(quiet, (), "offer", missed=missed, last="choices", tallied=tally(ctx, "choices" if near else "miss"))
    if misses >= len(phrases.misses):
        return replace(turn, replies=ctx.say_alike(methodcaller("say_missed", misses)))
    if near:
        return replace(turn, replies=ctx.voice.choices(near[:MAX_CHOICES], phrases.choices, mark))
    if misses == 1 and ctx.session.position:
        return replace(turn, replies=ctx.voice.bubbles(phrases.typed.unclear))
    return replace(turn, replies=ctx.say_alike(methodcaller("say_missed", misses + 1 if misses == 1 else misses)))


def tally(ctx: Context, reached: Reached) -> Tallied | None:
    """Count how far a typed message got."""
    session = ctx.session
    cohort = session.position.answers.get("cohort") if session.position else None
    return Tallied(session.notice, cohort or None, reached) if session.notice else None


def likely_topics(ctx: Context) -> frozenset[str]:
    """Topics that people ask after the last answer, and those that belong to the present step."""
    entries, position = ctx.content.entries, ctx.session.position
    next_ = {topic for told in ctx.session.told if told in entries for topic in entries[told].follow}
    if position is None:
        return frozenset(next_)
    own = {entry.id for entry in entries.values() if entry.step == position.step}
    return frozenset(next_ | own | {*ctx.content.script.by_id[position.step].trouble})
