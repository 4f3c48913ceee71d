"""Whom a rule is for, in words: 会计学，没做完的（工商管理除外）. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.content.content import Content
from bot.domain.audience import STATE_WORDS, Audience, Field, Term
from bot.domain.classes import Classes
from flows.notice import Notice

_STATES: dict[Field, str] = {"new": "new", "wrong": "reported", "done": "done", "stuck": "stuck"}


def describe_audience(content: Content, audience: Audience | None) -> str:
    """Return whom a rule is for; everybody when it has no terms, nobody while nobody is chosen."""
    words = content.phrases.broadcast
    notice = content.notices.get(audience.notice) if audience else None
    if audience is None or notice is None:
        return words.nothing_yet
    classes, left_out = (
        "、".join(label for term in audience.terms if term.turned is turned for label in _name_classes(notice, term))
        for turned in (False, True)
    )
    at = (step for term in audience.terms if term.field == "at" for step in term.values)
    steps = "、".join(content.script.by_id[step].title for step in at if step in content.script.by_id)
    states = "、".join(said for term in audience.terms for said in _name_states(content, term))
    others = " ".join(str(term) for term in audience.terms if term.field in _OTHERS)
    parts = [classes, words.say.at_step.format(steps=steps) if steps else "", states, others]
    said = "，".join(part for part in parts if part) or words.everybody
    said += words.say.besides.format(classes=left_out) if left_out else ""
    if not audience.within:
        return said
    return words.within.format(rule=said, classes=Classes(notice.id, audience.within).describe(content.notices))


_OTHERS: tuple[Field, ...] = ("step", "silent", "acked", "inactive", "channel")


def _name_classes(notice: Notice, term: Term) -> Iterator[str]:
    if term.field == "class":
        yield Classes(notice.id, term.values).describe({notice.id: notice})
    elif term.field == "cohort":
        labels = {cohort.id: cohort.label for cohort in notice.cohorts}
        yield from (labels.get(value, value) for value in term.values)
    elif term.field in ("level", "major"):
        yield from term.values


def _name_states(content: Content, term: Term) -> Iterator[str]:
    say = content.phrases.broadcast.say
    states = [STATE_WORDS[word] for word in term.values] if term.field == "state" else []
    states += [_STATES[term.field]] if term.field in _STATES else []
    names = say.not_states if term.turned else say.states
    yield from (names[state] for state in states)  # type: ignore[index]
