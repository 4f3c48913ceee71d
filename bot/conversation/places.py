"""The place where a message is typed, as the reader needs it: the present step, and what the bot said last. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from bot.conversation.questions import likely_topics
from bot.conversation.turn import Context
from bot.domain.session import LastSaid
from bot.reading import place as places
from bot.reading.place import MENU, Asked, Parse, Parsed, Place
from flows.model import Position

_LAST: Mapping[LastSaid, Asked] = {
    "answer": Asked.ANSWER, "choices": Asked.ANSWER, "confirm": Asked.CONFIRM, "goodbye": Asked.GOODBYE,
}  # fmt: skip
"""What the bot asked with what it said last; a step asks for what it is."""


def place_of(ctx: Context) -> Place:
    """Return the place of a message that is typed now."""
    session, position = ctx.session, ctx.session.position
    # A question of the bot's own, such as 确定吗, is no step: nothing of the step answers it.
    menu = MENU if position else places.menu_of(ctx.content.script)
    here = _at_step(ctx, position) if position and session.last != "confirm" else menu
    topic = session.told[-1] if session.told and session.last == "answer" else None
    entry = ctx.content.entries.get(topic) if topic else None
    return replace(
        here,
        find_course=None if here.parse else _course_finder(ctx),
        asked=_LAST.get(session.last, here.asked),
        topic=topic,
        about=entry.title if entry else here.about,
        offered=len(ctx.offered),
        likely=likely_topics(ctx),
    )


def checklist_place(ctx: Context, of: Literal["fields", "photo"]) -> Place:
    """Return the place of somebody who is asked about the first field of the record, or about the photo."""
    script = ctx.content.script
    step = next(step for step in script.steps if step.checklist and step.checklist.of == of)
    fields = tuple(field.name for field in ctx.voice.notice.check_fields) if of == "fields" else ()
    return Place(step.id, places.find_asked(script, step), places.options(script, step), fields=fields)


def _at_step(ctx: Context, position: Position) -> Place:
    script = ctx.content.script
    step = script.by_id[position.step]
    fields = tuple(name.removeprefix("field:") for name in ctx.voice.walk.items(position) if name != "photo")

    return Place(
        step.id,
        places.find_asked(script, step),
        places.options(script, step),
        fields=fields,
        known_fields=tuple(field.name for field in ctx.voice.notice.check_fields),
        item=position.item if fields else 0,
        parse=_value_finder(ctx, position),
        about=ctx.voice.fill(step.title),
        nearby=ctx.content.nearby[step.id],
        idle=places.list_idle(script, step),
    )


def _value_finder(ctx: Context, position: Position) -> Parse | None:
    """Return the way to find the values that a step asks for; None when it asks for none."""
    asking = ctx.voice.walk.asking(position)
    if asking is None:
        return None

    def parse(text: str) -> Parsed | None:
        found = asking.find(text)
        return Parsed(found.values, found.span, found.chance, found.is_asked) if found else None

    return parse


def _course_finder(ctx: Context) -> Parse | None:
    """Return the way to find a class or major, as the step that changes it reads them; None before a notice."""
    script, step = ctx.content.script, ctx.content.script.commands.get("change-cohort")
    if step is None or ctx.session.notice is None:
        return None
    return _value_finder(ctx, Position(script.id, script.revision, step))
