"""Fields that somebody names as wrong (民族和专业不对) without being asked about them one by one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.conversation import steps
from bot.conversation.places import checklist_place
from bot.conversation.turn import Context, Turn
from bot.conversation.typed_answers import describe_verdicts
from bot.reading.acts import NO_TOPIC, Act, AnswerAct, CommandAct, OfftopicAct, QuestionAct
from flows.engine import Move
from flows.model import Script, Step

CERTAIN = 0.5
"""The chance (0–1) from which a field is taken as wrong."""
OPEN_TOPICS = ("info-wrong", "photo-wrong", NO_TOPIC)
"""Topics of the FAQ whose answer is the way of the mistake, which naming the field begins."""


def name_wrong(ctx: Context, text: str, acts: Sequence[Act]) -> Turn | None:
    """Return the turn that reports the fields which a message names as wrong; None when it names none, or asks.

    `acts` are what the message was read as at its place: what it answers there goes first.
    """
    script, position = ctx.content.script, ctx.session.position
    asks = _find_step(script)
    if asks is None or ctx.session.notice is None or not all(map(_is_open, acts)):
        return None
    here = position is not None and position.step == asks.id
    if position and ctx.voice.walk.items(position):
        return None
    verdicts = _read_verdicts(ctx, text, is_asked=here)
    if here and QuestionAct("photo-wrong") in acts:
        verdicts = {**verdicts, "photo": "wrong"}
    if not verdicts:
        return None
    walk = ctx.voice.walk
    there = walk.jump(position or walk.start(ctx.session.moves).position, asks.id)
    assert there
    move = walk.answer(there.position, verdicts) if there.position.step == asks.id else None
    return _report(ctx, move, verdicts) if move else None


def _report(ctx: Context, move: Move, verdicts: Mapping[str, str]) -> Turn:
    turn, words = steps.follow(ctx, move), ctx.content.phrases.typed
    said = ctx.voice.bubbles(words.noted.format(what=describe_verdicts(ctx, verdicts)))
    return Turn(turn.session, (*said, *turn.replies), turn.view, after=turn.after, happenings=turn.happenings)


def _read_verdicts(ctx: Context, text: str, *, is_asked: bool) -> Mapping[str, str]:
    """Return the verdicts wrong and unsure that a message gives; a bare name counts where it was asked for."""
    fields = tuple(field.name for field in ctx.voice.notice.check_fields)
    named, asks = ctx.content.reader.name_fields(text, fields)
    if not named or (asks and not is_asked):
        return {}
    readout = ctx.content.read(text, checklist_place(ctx))
    pairs = zip(readout.acts, readout.chances, strict=True)
    sure = [act for act, chance in pairs if isinstance(act, AnswerAct) and chance >= CERTAIN]
    found = {act.item: act.action for act in sure if act.item in named and act.action in ("wrong", "unsure")}
    spared = {act.item for act in sure if act.action == "right"}
    if is_asked and not found:
        found = dict.fromkeys([name for name in named if name not in spared], "wrong")
    return {f"field:{name}": verdict for name, verdict in found.items()}


def _find_step(script: Script) -> Step | None:
    """Return the step that asks which field is wrong."""
    return next((step for step in script.steps if step.reads and step.reads.reader == "fields"), None)


def _is_open(act: Act) -> bool:
    """Return whether an act leaves open what is meant: trouble, a question about errors, or nothing of ours."""
    return act in (CommandAct("trouble"), OfftopicAct()) or (isinstance(act, QuestionAct) and act.topic in OPEN_TOPICS)
