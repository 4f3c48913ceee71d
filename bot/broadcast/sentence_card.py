"""The card of a broadcast that a sentence planned: whom, how many, when, one button that confirms it. Pure."""

from __future__ import annotations

from bot.broadcast import report
from bot.broadcast.actions import DIGEST, PLANNED
from bot.broadcast.card import describe_reach
from bot.broadcast.context import BroadcastContext
from bot.broadcast.sentence import Plan, spell_moment
from bot.broadcast.sentence_audience import Who
from bot.domain.messages import Reply


def show_plan(context: BroadcastContext, plan: Plan) -> Reply:
    """Show what is planned, with buttons to confirm it, to change it, to drop it."""
    words, number, digest = context.words, context.broadcast.number, context.draft.digest[:DIGEST]
    moment = f"-{plan.at.strftime(PLANNED)}" if plan.at else ""
    sure = words.say.sure["later"].format(at=spell_moment(plan.at)) if plan.at else words.say.sure["now"]
    rows = (
        (report.make_button(words, number, "go", digest + moment, sure),),
        (
            report.make_button(words, number, "card", text=words.say.change),
            report.make_button(words, number, "drop", text=words.say.drop),
        ),
    )
    text = words.say.card.format(
        number=number,
        who=describe_who(context, plan.who),
        reach=describe_reach(context),
        at=spell_moment(plan.at) if plan.at else words.say.now,
    )
    return Reply(text, rows)


def describe_who(context: BroadcastContext, who: Who) -> str:
    """Return whom a sentence means, in words."""
    words, script = context.words.say, context.content.script
    labels = {cohort.id: cohort.label for cohort in context.notice.cohorts}
    classes = [*(labels[cohort] for cohort in who.cohorts), *who.majors]
    steps = "、".join(script.by_id[step].title for step in who.steps)
    states = [words.states[state] for state in who.states]  # type: ignore[index]
    states += [words.not_states[state] for state in who.not_states]  # type: ignore[index]
    left_out = "、".join([*(labels[cohort] for cohort in who.not_cohorts), *who.not_majors])
    parts = ["、".join(classes), words.at_step.format(steps=steps) if steps else "", "、".join(states)]
    said = "，".join(part for part in parts if part) or context.words.everybody
    return said + (words.besides.format(classes=left_out) if left_out else "")
