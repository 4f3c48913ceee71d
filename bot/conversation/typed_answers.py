"""Takes a typed answer to the present step: a choice, verdicts on fields of the record, values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.conversation import steps
from bot.conversation.turn import Context, Turn
from bot.domain.messages import Button, Reply
from bot.reading.acts import Act, AnswerAct, CommandAct, ValuesAct
from bot.render.layout import pack_rows
from flows.answers import Option, ValueReading, plain
from flows.date_words import day_of
from flows.engine import BACK, Move
from flows.majors import SURE
from flows.model import Position

PHOTO = "photo"
"""The name of the photo among the answers, beside those of the fields."""


def take_answer(ctx: Context, text: str, acts: Sequence[AnswerAct]) -> Turn:
    """Take an answer to the present step, and say back what was taken; before the walk, begin at a shortcut."""
    position, voice = ctx.session.position, ctx.voice
    if position is None:
        return steps.jump(ctx, acts[0].action)
    first, items = acts[0], voice.walk.items(position)
    if first.item is None or first.action == BACK:
        action = find_button(ctx, first.action)
        move = voice.walk.press(position, action)
        return _follow(ctx, move, _label(ctx, action), is_checklist=bool(items)) if move else say_unclear(ctx)
    if first.item == "all" and len(items) > 1:
        return ctx.say(ctx.content.phrases.typed.all_right)
    names = {name.removeprefix("field:"): name for name in items}
    verdicts = {names[act.item]: act.action for act in acts if act.item in names}
    if first.item == "all":
        verdicts = dict.fromkeys(items, first.action)
    move = voice.walk.compare(position, verdicts)
    if move is None:
        return say_unclear(ctx)
    turn = _follow(ctx, move, describe_verdicts(ctx, verdicts), is_checklist=True)
    if first.action == "right" or PHOTO in items or PHOTO not in ctx.content.reader.name_fields(text, (PHOTO,))[0]:
        return turn
    later = voice.bubbles(ctx.content.phrases.typed.photo_later)  # 照片和民族都不对: the photo has a step of its own
    return replace(turn, replies=(*turn.replies[:1], *later, *turn.replies[1:]))


def find_button(ctx: Context, action: str) -> str:
    """Return the id of the button that means an answer: of a value that the step reads, that of its option."""
    asking = ctx.voice.walk.asking(ctx.session.position) if ctx.session.position else None
    options = asking.all_options if asking and action in asking.scene.reads.say else ()
    return next((option.id for option in options if action in option.answers.values()), action)


def describe_answer(ctx: Context, act: AnswerAct) -> tuple[Reply, ...]:
    """Return the sentence that says back an answer to a step that was not shown, with the step's title."""
    position, words = ctx.session.position, ctx.content.phrases.typed
    assert position
    title = ctx.voice.fill(ctx.content.script.by_id[position.step].title)
    said = words.verdict.format(item=title, verdict=_label(ctx, act.action))
    return ctx.voice.bubbles(words.noted.format(what=said))


def describe_verdicts(ctx: Context, verdicts: Mapping[str, str]) -> str:
    """Return the verdicts in words."""
    return ctx.content.phrases.facts.comma.join(_verdict(ctx, *pair) for pair in verdicts.items())


def _verdict(ctx: Context, name: str, verdict: str) -> str:
    words = ctx.content.phrases.typed
    item = ctx.content.phrases.facts.me["photo"] if name == "photo" else name.removeprefix("field:")
    return words.verdict.format(item=item, verdict=words.verdicts[verdict])  # type: ignore[index]


def button_labels(ctx: Context) -> Mapping[str, str]:
    """Return the words on the present step's buttons by action, those of 遇到问题 too; none before the walk."""
    view = ctx.voice.walk.view(ctx.session.position) if ctx.session.position else None
    return {button.id: ctx.voice.fill(button.text) for button in (*view.actions, *view.stuck)} if view else {}


def _label(ctx: Context, action: str) -> str:
    """Return the words of an action of the present step; of a checklist's answer with the item that it is about."""
    position = ctx.session.position
    assert position
    view = ctx.voice.walk.view(position)
    if view.name and action in ctx.content.phrases.typed.verdicts:
        return _verdict(ctx, view.name, action)
    return button_labels(ctx).get(action, "")


def _follow(ctx: Context, move: Move, noted: str, *, is_checklist: bool) -> Turn:
    turn, words = steps.follow(ctx, move), ctx.content.phrases.typed
    if not noted or steps.chooses_class(ctx, move):  # the class is said back anyway
        return turn
    stays = is_checklist and ctx.session.position is not None and move.position.step == ctx.session.position.step
    left = len(ctx.voice.walk.items(move.position)) - len(move.position.compared) if stays else 0
    said = words.noted_left.format(what=noted, left=left) if left > 0 else words.noted.format(what=noted)
    return replace(turn, replies=(*ctx.voice.bubbles(said), *turn.replies))


def take_values(ctx: Context, text: str, acts: Sequence[ValuesAct]) -> Turn:
    """Take values (a class and major, a day) as the present step's reader reads them."""
    position = ctx.session.position
    asking = ctx.voice.walk.asking(position) if position else None
    reading = asking.read(text) if asking else None
    if position is None or reading is None:
        return say_unclear(ctx)
    if reading.refused:
        refused: Mapping[str, str] = ctx.content.phrases.refused  # type: ignore[assignment]
        return ctx.say(refused[reading.refused])
    if reading.offered:
        buttons = [ctx.voice.act(option.id, option.text) for option in reading.offered]
        return Turn(ctx.session, ctx.voice.bubbles(ctx.content.phrases.typed.which_value, pack_rows(buttons)))
    if reading.heard:
        return _show_heard(ctx, position, reading)
    return _follow(
        ctx, ctx.voice.walk.answer(position, reading.answers), _value_words(ctx, reading), is_checklist=False
    )


def _value_words(ctx: Context, reading: ValueReading) -> str:
    """Return what was taken, in words: the major with its class, a class alone, or the day as it is written."""
    answers = reading.answers
    cohort = next((c for c in ctx.voice.notice.cohorts if c.id == answers.get("cohort")), None)
    if major := answers.get("major"):
        return f"{cohort.label}{major}" if cohort and cohort.label != major else major
    if "level" in answers:
        return cohort.label if cohort else answers["level"]
    day = next((day_of(answer) for answer in answers.values()), None)
    return ctx.content.phrases.facts.format_day(day) or ""


def _show_heard(ctx: Context, position: Position, reading: ValueReading) -> Turn:
    """Show what a step makes of words that it does not keep (a certificate's number), with the ways to copy."""
    step, voice = ctx.content.script.by_id[position.step], ctx.voice
    heard = step.reads.heard.get(reading.heard or "", "") if step.reads else ""
    said = voice.bubbles(voice.fill(heard, reading.facts), source=step.source)
    numbers = reading.facts.get("heard.numbers", "").split()
    copies = tuple(Button(number, ctx.content.phrases.copy_number.format(number=number)) for number in numbers)
    quiet = ctx.understood().session
    return Turn(quiet, (*said[:-1], replace(said[-1], copies=copies)), "again")


def find_entry(ctx: Context, said: str) -> Act | None:
    """Return the act of plain words with which the script lets somebody in before the walk: a button's, or its own."""
    script = ctx.content.script
    names = {step: name for name, step in script.commands.items()}
    for shortcut in script.shortcuts:
        if shortcut.say and said in map(plain, (ctx.voice.fill(shortcut.text), *shortcut.say)):
            return CommandAct(names[shortcut.go]) if shortcut.go in names else AnswerAct(shortcut.go)
    if said.endswith("了") and said in map(plain, script.synonyms.get("done", ())):
        return CommandAct("already-done")  # 弄好了, the usual answer to a reminder
    return next((CommandAct(name) for name, words in script.before.items() if said in map(plain, words)), None)


def courses_in(ctx: Context, text: str, *, asked: bool = True) -> Sequence[Option]:
    """Return the classes and majors that a message names, to be confirmed by a tap. Where nobody `asked` for one it
    must be named surely: 信息不对 names no 信息管理.
    """
    asking = ctx.voice.walk.asking(ctx.session.position) if ctx.session.position else None
    found, reading = (asking.find(text), asking.read(text)) if asking else (None, None)
    if asking is None or reading is None or not found or (found.chance < SURE and not asked):
        return ()
    return reading.offered or [option for option in asking.all_options if option.answers == reading.answers]


def say_unclear(ctx: Context) -> Turn:
    return ctx.say(ctx.content.phrases.typed.unclear)
