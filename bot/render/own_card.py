"""The card that a graduate keeps: who they are, what is checked, what is wrong, whom to call, the dates. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.content.phrases.graduate import CardPart
from bot.domain.messages import Box, Picture, Reply
from bot.render.cards import count_verdicts
from bot.render.layout import Rows
from bot.render.reply import Voice
from flows.engine import cleared_fields, wrong_fields


def render_own_card(voice: Voice, rows: Rows = ()) -> tuple[Reply, ...]:
    """Return the card as one message of its own, in words and as a picture."""
    title, parts = voice.fill(voice.content.phrases.own_card.title), list(_list_parts(voice))
    boxes = ((Box(title, "head"),), *((Box(part),) for part in parts))
    picture = Picture(voice.content.phrases.own_card.file, boxes)
    buttons = tuple(row for row in rows if row)
    return (Reply("\n\n".join((title, *parts)), buttons, picture=picture, own=True, stays=True),)


def _list_parts(voice: Voice) -> Iterator[str]:
    """Yield the parts of the card that have something to say."""
    position, words = voice.session.position, voice.content.phrases.own_card.parts
    answers = position.answers if position else {}
    is_wrong = bool(position and wrong_fields(voice.notice, position)) or answers.get("record") == "missing"
    values = {
        "who": _describe_person(voice),
        "state": voice.content.phrases.states[position.state if position else "new"],
        "checked": count_verdicts(voice, position) if position else "",
        "sentence": _find_sentence(voice) if is_wrong else "",
    }
    shown: dict[CardPart, bool] = {
        "wrong": is_wrong,
        "clicked": "clicked" in answers,
        "reported": "reported" in answers,
        "cleared": bool(position and cleared_fields(voice.notice, position)),
        "papers": is_wrong,
    }
    for name, template in words.items():
        if shown.get(name, True) and values.get(name, True):
            yield voice.fill(template, None, **values) if name in values else voice.fill(template)


def _describe_person(voice: Voice) -> str:
    """Return the level and the major; empty before they are chosen."""
    answers = voice.session.position.answers if voice.session.position else {}
    label = next((c.label for c in voice.notice.cohorts if c.id == answers.get("cohort")), "")
    major = answers.get("major", "")
    return " ".join(dict.fromkeys(filter(None, (label, major))))


def _find_sentence(voice: Voice) -> str:
    """Return what to say on the telephone: the sentence of the step to which somebody with an error is led."""
    script = voice.content.script
    steps = (script.by_id[gate.go] for step in script.steps for gate in step.gate if gate.when == "wrong")
    return next((voice.fill(step.sentence) for step in steps if step.sentence), "")
