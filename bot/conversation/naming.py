"""Fields that somebody names as wrong (民族和专业不对) without being asked about them one by one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.conversation import steps
from bot.conversation.places import checklist_place
from bot.conversation.turn import Context, Turn
from bot.conversation.typed_answers import PHOTO, describe_verdicts
from bot.reading.acts import NO_TOPIC, Act, AnswerAct, CommandAct, OfftopicAct, QuestionAct, ValuesAct
from bot.reading.place import Place
from flows.engine import Move
from flows.model import Choice, Position, Script, Step

CERTAIN = 0.5
"""The chance (0–1) from which a field is taken as wrong."""
UNASKED = 0.6
"""The same of the photo for whoever was not asked what is wrong: 就是那个照片 begins a question."""
RIGHT = 0.9
"""The chance (0–1) from which a field is right though it was asked what is wrong: a bare name is near to both."""
_PHOTO = "(?:照片|相片|图像|头像)"
_TOGETHER = re.compile(f"{_PHOTO}(?:和|跟|与|及|、|还有)(.{{2,5}})|(.{{2,5}})(?:和|跟|与|及|、|还有){_PHOTO}")
"""The photo, and in one breath with it a field."""
CLICKED = "clicked-correct-by-mistake"
"""The topic of who clicked 正确 and then found what is wrong."""
OPEN_TOPICS = ("info-wrong", "photo-wrong", CLICKED, NO_TOPIC)
"""Topics of the FAQ whose answer is the way of the mistake, which naming the field begins."""


def name_wrong(ctx: Context, text: str, acts: Sequence[Act]) -> Turn | None:
    """Return the turn that reports the fields, or the photo, that a message names as wrong; None without any.

    `acts` are what the message was read as at its place: an answer that speaks of the field itself goes first.
    """
    script, position, walk = ctx.content.script, ctx.session.position, ctx.voice.walk
    asks = _find_step(script)
    if asks is None or ctx.session.notice is None:
        return None
    fields = tuple(field.name for field in ctx.voice.notice.check_fields)
    named, is_question = ctx.content.reader.name_fields(text, (*fields, PHOTO))
    is_asked = position is not None and _is_asked(script, position.step, asks)
    is_said = position is not None and any(_says_wrong(script, position.step, act, asks) for act in acts)
    is_clicked = any(act in acts for act in (QuestionAct(CLICKED), CommandAct("already-done")))
    is_over = position is not None and "clicked" in position.answers  # 专业错了怎么办 asks no more what would be if
    if not named or (is_question and not (is_asked or is_said or is_clicked or is_over)):
        return None
    items = walk.items(position) if position else ()
    if not items and not all(_is_open(ctx, act, asks, named) for act in acts):
        return None
    is_found = QuestionAct(CLICKED) in acts
    verdicts = _read_verdicts(ctx, text, named, is_asked=is_asked or is_said or is_found)
    if not verdicts and position and position.step == asks.id:
        return ctx.say(ctx.content.phrases.typed.none_wrong)
    if not verdicts or not verdicts.keys().isdisjoint(items):
        return None  # a checklist takes its own fields itself
    there = _go_to(ctx, asks, script.commands.get("already-done") if is_clicked else None)
    move = walk.answer(there, verdicts) if there and there.step == asks.id else None
    return replace(_report(ctx, move, verdicts), understood=_list_acts(ctx, verdicts)) if move else None


def _list_acts(ctx: Context, verdicts: Mapping[str, str]) -> tuple[AnswerAct, ...]:
    """Return verdicts on fields, and on the photo, as the acts that they are."""
    photo = ctx.content.phrases.facts.me["photo"]
    names = {PHOTO: photo, **{name: name.removeprefix("field:") for name in verdicts if name != PHOTO}}
    return tuple(AnswerAct(verdict, names[name]) for name, verdict in verdicts.items())


def _go_to(ctx: Context, asks: Step, over: str | None) -> Position | None:
    """Return the position at the step `asks`, reached as by taps, so that what they keep is kept; else by a jump.

    `over` is a step to jump to first.
    """
    walk, script = ctx.voice.walk, ctx.content.script
    position = ctx.session.position or walk.start(ctx.session.moves).position
    if over and not _is_asked(script, position.step, asks) and (move := walk.jump(position, over)):
        position = move.position
    tap = next((one for one in script.choices_of(script.by_id[position.step]) if _leads(script, one, asks)), None)
    if tap and (move := walk.press(position, tap.id)):
        position = move.position
    if position.step == asks.id:
        return position
    tap = next((one for one in script.choices_of(script.by_id[position.step]) if one.go == asks.id), None)
    onward = walk.press(position, tap.id) if tap else walk.jump(position, asks.id)
    return onward.position if onward else None


def _leads(script: Script, choice: Choice, asks: Step) -> bool:
    """Return whether a choice leads to a step that asks for the field that is wrong."""
    return choice.go in script.by_id and _is_asked(script, choice.go, asks)


def _is_asked(script: Script, step: str, asks: Step) -> bool:
    """Return whether a step asks for the field that is wrong: `asks`, or one whose first choice leads there."""
    return step == asks.id or any(one.go == asks.id for one in script.choices_of(script.by_id[step])[:1])


def _find_choice(script: Script, step: str, act: Act) -> Choice | None:
    """Return the choice of a step that an act is."""
    choices = script.choices_of(script.by_id[step])
    return next((one for one in choices if isinstance(act, AnswerAct) and one.id == act.action), None)


def _report(ctx: Context, move: Move, verdicts: Mapping[str, str]) -> Turn:
    turn, words = steps.follow(ctx, move), ctx.content.phrases.typed
    said = ctx.voice.bubbles(words.noted.format(what=describe_verdicts(ctx, verdicts)))
    return Turn(turn.session, (*said, *turn.replies), turn.view, after=turn.after, happenings=turn.happenings)


def _read_verdicts(ctx: Context, text: str, named: Sequence[str], *, is_asked: bool) -> Mapping[str, str]:
    """Return the verdicts wrong and unsure that a message gives; a bare name counts where it was asked for."""
    sure = _read_surely(ctx, text, checklist_place(ctx, "fields"))
    found = {act.item: act.action for act, _ in sure if act.item in named and act.action in ("wrong", "unsure")}
    spared = {act.item for act, chance in sure if act.action == "right" and chance >= RIGHT}
    if PHOTO in named:
        of_photo = dict(_read_surely(ctx, text, checklist_place(ctx, "photo")))
        wrong = [name for name in named if found.get(name) == "wrong"]
        least = CERTAIN if is_asked else UNASKED
        is_wrong = _is_beside(ctx, text, wrong) if found else of_photo.get(AnswerAct("wrong"), 0.0) >= least
        found |= {PHOTO: "wrong"} if is_wrong else {}
        spared |= {PHOTO} if of_photo.get(AnswerAct("right"), 0.0) >= RIGHT else set()
    if is_asked and not found:
        found = dict.fromkeys([name for name in named if name not in spared], "wrong")
    return {PHOTO if name == PHOTO else f"field:{name}": verdict for name, verdict in found.items()}


def _is_beside(ctx: Context, text: str, wrong: Sequence[str]) -> bool:
    """Return whether the photo is named in one breath with one of these fields: 照片和民族, not 照片上的名字."""
    match = _TOGETHER.search(text)
    return match is not None and bool(ctx.content.reader.name_fields(match[1] or match[2], tuple(wrong))[0])


def _read_surely(ctx: Context, text: str, place: Place) -> Sequence[tuple[AnswerAct, float]]:
    readout = ctx.content.read(text, place)
    pairs = zip(readout.acts, readout.chances, strict=True)
    return [(act, chance) for act, chance in pairs if isinstance(act, AnswerAct) and chance >= CERTAIN]


def _find_step(script: Script) -> Step | None:
    """Return the step that asks which field is wrong."""
    return next((step for step in script.steps if step.reads and step.reads.reader == "fields"), None)


def _find_way(script: Script, step: str, act: Act, asks: Step) -> Choice | None:
    """Return the choice of a step that an act is, if it leads onto the mistake's way."""
    choice = _find_choice(script, step, act)
    return choice if choice and _leads(script, choice, asks) else None


def _says_wrong(script: Script, step: str, act: Act, asks: Step) -> bool:
    """Return whether an act says at its step that something is wrong, whatever it is."""
    is_item = isinstance(act, AnswerAct) and act.action == "wrong" and script.by_id[step].checklist is not None
    return is_item or _find_way(script, step, act, asks) is not None


def _is_open(ctx: Context, act: Act, asks: Step, named: Sequence[str]) -> bool:
    """Return whether an act leaves open that something is wrong: trouble, an answer that says so, nothing of ours."""
    script, position = ctx.content.script, ctx.session.position
    if isinstance(act, QuestionAct):
        return act.topic in OPEN_TOPICS
    if act == CommandAct("already-done"):
        return True
    if position is None:
        return act in (CommandAct("trouble"), CommandAct("back"), OfftopicAct())  # 退, 错一位: nowhere to go back to
    if isinstance(act, ValuesAct):
        return position.step == asks.id
    choice = _find_choice(script, position.step, act)
    if choice is None:
        return act in (CommandAct("trouble"), OfftopicAct())
    onward = script.by_id.get(choice.go)  # none for `return`
    if _leads(script, choice, asks) or (onward and onward.checklist):
        return True
    is_main = script.by_id[position.step].track == script.by_id[script.start].track
    return is_main and not set(named) & set(ctx.content.reader.name_fields(" ".join(choice.say), tuple(named))[0])
