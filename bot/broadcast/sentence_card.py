"""The short card of a broadcast: whom, how many, when, with which words; its menus, and one button that confirms it.

Pure.
"""

from __future__ import annotations

from datetime import datetime

from bot.broadcast import report
from bot.broadcast.audience_words import describe_audience
from bot.broadcast.card import describe_reach
from bot.broadcast.context import BroadcastContext
from bot.broadcast.planned import find_due
from bot.broadcast.sentence import spell_moment
from bot.domain.messages import Button, Reply

DIGEST = 10
"""Characters of the draft's hash in a button: what is pressed is what was seen."""
PLANNED = "%Y%m%d%H%M"
"""The time of a planned broadcast in a button, local time of the notice."""


def show_plan(context: BroadcastContext) -> Reply:
    """Show what is planned, with buttons to confirm it, to change each part of it, to drop it."""
    words, number = context.words, context.broadcast.number
    say = words.say
    change = tuple(report.make_button(words, number, act, text=label) for act, label in say.parts.items())
    rows = (confirm_row(context), change[:2], change[2:], (report.make_button(words, number, "drop", text=say.drop),))
    text = say.card.format(
        number=number,
        who=describe_audience(context.content, context.draft.audience),
        reach=describe_reach(context),
        at=describe_time(context),
        template=_name_template(context),
    )
    return Reply(text, rows)


def find_planned(context: BroadcastContext) -> datetime | None:
    """Return the local time for which a draft is planned now."""
    return find_due(context.draft, context.notice)


def confirm_row(context: BroadcastContext) -> tuple[Button, ...]:
    """Return the button that sends or schedules what is shown, and nothing else."""
    words, at = context.words, find_planned(context)
    moment = f"-{at.strftime(PLANNED)}" if at else ""
    sure = words.say.sure["later"].format(at=spell_moment(at)) if at else words.say.sure["now"]
    return (report.make_button(words, context.broadcast.number, "go", context.draft.digest[:DIGEST] + moment, sure),)


def describe_time(context: BroadcastContext) -> str:
    """Return the planned time in words."""
    say, at = context.words.say, find_planned(context)
    if at is None:
        return say.now
    return spell_moment(at) + (say.follows if context.draft.follows else "")


def _name_template(context: BroadcastContext) -> str:
    """Return the title of the template whose words the draft has; else that they are the teacher's own."""
    found = (one.title for one in context.words.templates.values() if one.text == context.draft.html)
    return next(found, context.words.say.own_text)
