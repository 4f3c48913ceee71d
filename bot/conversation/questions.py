"""Questions of the FAQ: the answer, a choice of the nearest, or the ladder of misses that ends with a person. Pure.

A question never moves the position, and leads back to the present step in the same turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.conversation.turn import Context, Missed, Turn
from bot.domain.questions import Tallied
from bot.render import feedback
from bot.render.answers import render_answer, render_choices, render_miss
from bot.tickets import graduate, staff_posts
from faq.model import Match

MAX_CHOICES = 3


def ask_faq(ctx: Context, text: str) -> Turn:
    """Answer a typed question, and count how far it got."""
    match = ctx.content.ask(text, likely_topics(ctx))
    turn = _reply(ctx, text, match)
    if text.startswith("/"):  # a command that does not exist: nobody is to write an answer to it
        turn = replace(turn, missed=None)
    session = ctx.session
    cohort = session.position.answers.get("cohort") if session.position else None
    tallied = Tallied(session.notice, cohort or None, match.verdict) if session.notice else None
    return replace(turn, tallied=tallied)


def _reply(ctx: Context, text: str, match: Match) -> Turn:
    if match.verdict == "answer":
        return tell_topics(ctx, match.chosen)
    topics = tuple(candidate.id for candidate in match.topics)
    question = staff_posts.mask_for_staff(ctx.content, text)
    mark = hashlib.sha256(question.encode()).hexdigest()[:8]
    if match.verdict == "choices":
        offered = render_choices(ctx.voice, match.chosen[:MAX_CHOICES], ctx.content.phrases.choices, mark)
        quiet = replace(ctx.session, misses=0)
        missed = Missed(question, topics, tied=True, mark=mark)
        return Turn(quiet, offered, "again", missed=missed)
    return _miss(ctx, text, Missed(question, topics, mark=mark))


def _miss(ctx: Context, text: str, missed: Missed) -> Turn:
    """One rung further on the ladder of misses; the last one is a person."""
    misses = ctx.session.misses + 1
    if ctx.case and misses >= len(ctx.content.phrases.misses):
        opened = graduate.open_ticket(ctx.voice, ctx.case, text, missed.topics)
        return replace(ctx.understood().hand_over(opened), missed=replace(missed, mark=None))
    said = ctx.say_alike(partial(render_miss, misses=misses, topics=missed.topics, mark=missed.mark or ""))
    return Turn(replace(ctx.session, misses=misses), said, "again", missed=missed)


def likely_topics(ctx: Context) -> frozenset[str]:
    """Topics that people ask after the last answer, and those that belong to the present step."""
    entries, position = ctx.content.entries, ctx.session.position
    next_ = {topic for told in ctx.session.told if told in entries for topic in entries[told].follow}
    if position is None:
        return frozenset(next_)
    own = {entry.id for entry in entries.values() if entry.step == position.step}
    return frozenset(next_ | own | {*ctx.content.script.by_id[position.step].trouble})


def tell_topics(ctx: Context, topics: Sequence[str]) -> Turn:
    """Answer these topics, in this order, and offer the present step again."""
    entries = [ctx.content.entries[topic] for topic in topics]
    answer = feedback.ask_if_helpful if ctx.incoming.edits else render_answer
    answers = ctx.say_alike(lambda voice: tuple(reply for entry in entries for reply in answer(voice, entry)))
    first = ctx.voice.bubbles(ctx.content.phrases.two_questions) if len(topics) > 1 else ()
    told = replace(ctx.session, misses=0, told=tuple(topics))
    return Turn(told, (*first, *answers), "again", told=told.told)
