"""Questions of the FAQ: the answer, a choice of the nearest, or the ladder of misses that ends with a person. Pure.

A question never moves the position, and leads back to the present step in the same turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.conversation.reminders import offer_to_tell
from bot.conversation.turn import Context, Missed, Turn
from bot.domain.counts import Reached
from bot.domain.messages import Reply
from bot.domain.questions import Tallied
from bot.render import feedback
from bot.render.answers import render_answer, render_choices, render_miss
from bot.render.cards import attach_dates
from bot.render.layout import Rows
from bot.render.quotes import render_quotes
from bot.render.reply import Voice, give_buttons
from bot.tickets import staff_posts
from faq.model import Entry
from faq.reading import is_question

ABOUT = 0.5
"""The chance (0–1) that one of the entries of a step is meant, from which trouble is answered with the likeliest."""
MAX_CHOICES = 3
DATES = "deadline"
"""The topic whose answer names the dates."""


def tell_topics(ctx: Context, topics: Sequence[str]) -> Turn:
    """Answer these topics, in this order, and offer the present step again."""
    entries = [ctx.content.entries[topic] for topic in topics]
    answer = feedback.ask_if_helpful if ctx.can.edits else render_answer
    answers = ctx.say_alike(
        lambda voice: tuple(reply for entry in entries for reply in _with_dates(voice, entry, answer(voice, entry)))
    )
    first = ctx.voice.bubbles(ctx.content.phrases.two_questions) if len(topics) > 1 else ()
    told = replace(ctx.session, misses=0, told=tuple(topics))
    return Turn(told, (*first, *answers), "again", last="answer", told=told.told, tallied=tally(ctx, "answer"))


def _with_dates(voice: Voice, entry: Entry, said: tuple[Reply, ...]) -> tuple[Reply, ...]:
    """Add the calendar file to the answer about dates: whoever asks in other words gets what 截止日期 brings."""
    file = attach_dates(voice) if entry.id == DATES else None
    return (*said[:-1], replace(said[-1], attachment=file)) if file and not said[-1].attachment else said


def quote_source(ctx: Context, entry: Entry) -> Turn:
    """Show the source's own words behind an answer, in a message beside it."""
    voice = ctx.voice
    said = render_quotes(voice, entry.quotes, entry.original)
    if not said:
        return tell_topics(ctx, (entry.id,))
    beside = tuple(replace(reply, own=True) for reply in give_buttons(said, ((voice.start(),),)))
    return Turn(ctx.session, beside, last=ctx.session.last)


def list_topics(ctx: Context, topics: Sequence[str]) -> Turn:
    """List more questions than can be answered in one breath, each one tap away."""
    said = ctx.content.phrases.typed.several.format(n=len(topics))
    rows = tuple((ctx.voice.topic(topic),) for topic in topics)
    quiet = replace(ctx.session, misses=0)
    return Turn(quiet, ctx.voice.bubbles(said, rows), "again", last="choices", tallied=tally(ctx, "choices"))


def offer_topics(ctx: Context, text: str, topics: Sequence[str]) -> Turn:
    """Offer up to three topics that are as near to a question, and record it for the editors."""
    missed = record_question(ctx, text, topics, tied=True)
    offered = render_choices(ctx.voice, topics[:MAX_CHOICES], ctx.content.phrases.choices, missed.mark or "")
    quiet = replace(ctx.session, misses=0)
    return Turn(quiet, offered, "again", last="choices", missed=missed, tallied=tally(ctx, "choices"))


def miss(
    ctx: Context, text: str, near: Sequence[str] = (), *, rows: Rows = (), words: str = "", is_question: bool
) -> Turn:
    """Say that a message was not understood: one rung further on the ladder, which ends with a person, one tap away.

    `near` are topics that may be meant, best first, `rows` buttons of the step that may be, `words` what is said until
    the ladder ends. A question is recorded for the editors, masked; other words leave no trace.
    """
    misses, phrases = ctx.session.misses + 1, ctx.content.phrases
    missed = record_question(ctx, text, near) if is_question else None
    session = replace(ctx.session, misses=misses)
    turn = Turn(session, (), "again", last="choices", missed=missed, tallied=tally(ctx, "choices" if near else "miss"))
    if ctx.session.position and misses < len(phrases.misses) and (rows or (misses == 1 and not is_question)):
        return replace(turn, replies=ctx.voice.bubbles(phrases.typed.unclear, rows))
    mark = missed.mark if missed and missed.mark else ""
    tell = offer_to_tell(ctx.voice, mark)
    if words and misses < len(phrases.misses):
        return replace(turn, replies=ctx.say_alike(lambda voice: voice.bubbles(voice.fill(words), (tell,))))
    said = ctx.say_alike(partial(render_miss, misses=misses, topics=near[:MAX_CHOICES], mark=mark, tell=tell))
    return replace(turn, replies=said)


def record_question(ctx: Context, text: str, topics: Sequence[str], *, tied: bool = False) -> Missed:
    """Return the record of a question for the editors: masked words, and the nearest topics, offered or not."""
    question = staff_posts.mask_for_staff(ctx.content, text)
    mark = hashlib.sha256(question.encode()).hexdigest()[:8]
    nearest = (candidate.id for candidate in ctx.content.ask(text, likely_topics(ctx)).topics)
    return Missed(question, tuple(dict.fromkeys((*topics, *nearest))), tied=tied, mark=mark)


def record_new(ctx: Context, text: str, turn: Turn) -> Turn:
    """Return the turn of words that nothing is near to: new to the editors, if they are a question."""
    if turn.missed or not is_question(text):
        return turn
    missed = record_question(ctx, text, ())
    *before, last = turn.replies
    rows = (*last.buttons, offer_to_tell(ctx.voice, missed.mark or ""))
    return replace(turn, missed=missed, replies=(*before, *give_buttons((last,), rows)))


def tally(ctx: Context, reached: Reached) -> Tallied | None:
    """Count what became of a typed message; nothing before a notice is chosen."""
    session = ctx.session
    cohort = session.position.answers.get("cohort") if session.position else None
    return Tallied(session.notice, cohort or None, reached) if session.notice else None


def likely_topics(ctx: Context) -> frozenset[str]:
    """Return topics that people ask after the last answer, and those that belong to the present step."""
    entries, position = ctx.content.entries, ctx.session.position
    next_ = {topic for told in ctx.session.told if told in entries for topic in entries[told].follow}
    if position is None:
        return frozenset(next_)
    own = {entry.id for entry in entries.values() if entry.step == position.step}
    return frozenset(next_ | own | {*ctx.content.script.by_id[position.step].trouble})


def explain(ctx: Context, text: str) -> Turn | None:
    """Answer trouble with the likeliest entry of the step, if it is about one of them; none is told twice in a row."""
    likely = likely_topics(ctx) if ctx.session.position else frozenset()
    near = [topic for topic in ctx.content.ask(text, likely).topics if topic.id in likely]
    is_about = sum(topic.score for topic in near) >= ABOUT
    new = [topic.id for topic in near if topic.id not in ctx.session.told[-1:]]
    return tell_topics(ctx, new[:1]) if is_about and new else None
