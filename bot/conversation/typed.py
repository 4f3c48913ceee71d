"""Acts on a typed message: on everything that the reader found in it, in one turn. Pure.

The reader (`bot.reading`) says what a message means at the place where it is typed; here each act becomes a turn, and
the turns of one message are put together: what was taken is said back, questions are answered, and the step that the
person stands at now is shown once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce

from bot.conversation import steps
from bot.conversation.commands import run_command
from bot.conversation.links import press
from bot.conversation.places import place_of
from bot.conversation.questions import ask_faq, list_topics, miss, tell_topics
from bot.conversation.turn import VIEWS, Context, Turn
from bot.domain.messages import Button, Reply
from bot.reading.acts import (
    NO_TOPIC,
    Abuse,
    Act,
    Answer,
    Command,
    Distress,
    Offtopic,
    Pick,
    Question,
    Social,
    Values,
)
from bot.reading.reader import Readout
from bot.render.reply import Rows
from bot.tickets import tickets
from flows.engine import BACK, Move

MAX_TOLD = 2
"""Questions of one message that are answered in full; more become a list to tap."""
MAX_PIECES = 3
PIECE = 20
"""Characters of a message that may be a piece of what somebody says in several messages."""
PIECES_FOR = timedelta(minutes=3)


def answer_typed(ctx: Context, text: str) -> Turn:
    """Return the turn of a typed message, alone or read together with the pieces just before it."""
    text, readout = _read(ctx, text)
    turn = _act_on(ctx, text, readout)
    return replace(_keep_piece(ctx, text, readout, turn), understood=readout.acts)


def _read(ctx: Context, text: str) -> tuple[str, Readout]:
    """Read a message; one that says nothing alone is read behind the pieces before it."""
    place, read = place_of(ctx), ctx.content.reader.read
    readout = read(text, place)
    if _says_something(readout) or not (pieces := _pieces(ctx)):
        return text, readout
    for n in range(len(pieces)):
        joined = " ".join((*pieces[n:], text))
        if _says_something(together := read(joined, place)):
            return joined, together
    return text, readout


def _says_something(readout: Readout) -> bool:
    return any(not isinstance(act, Social) and act != Question(NO_TOPIC) for act in readout.acts)


def _pieces(ctx: Context) -> tuple[str, ...]:
    """Return the pieces that are still fresh, oldest first."""
    since = ctx.session.pieces_at
    return ctx.session.pieces if since and (ctx.now - PIECES_FOR).isoformat() <= since else ()


def _keep_piece(ctx: Context, text: str, readout: Readout, turn: Turn) -> Turn:
    """Remember a short message that said nothing, masked, for the next one to be read with; else forget the pieces."""
    pieces: tuple[str, ...] = ()
    if not _says_something(readout) and len(text) <= PIECE:
        pieces = (*_pieces(ctx), tickets.mask_for_staff(ctx.content, text))[-MAX_PIECES:]
    since = ctx.now.isoformat() if pieces else ""
    return replace(turn, session=replace(turn.session, pieces=pieces, pieces_at=since))


def _act_on(ctx: Context, text: str, readout: Readout) -> Turn:
    acts = readout.acts
    if not acts:
        return _offer(ctx, text, readout)
    turns: list[Turn] = []
    for group in _group(acts):
        turn = _ACTS[type(group[0])](ctx.with_session(turns[-1].session if turns else ctx.session), text, group)
        turns.append(turn)
    return reduce(_join, turns)


def _group(acts: Sequence[Act]) -> list[list[Act]]:
    """Put acts together that are answered at once: verdicts on fields, and questions."""
    groups: list[list[Act]] = []
    for act in acts:
        of_kind = next((g for g in groups if isinstance(act, (Answer, Question)) and type(g[0]) is type(act)), None)
        if of_kind and (isinstance(act, Question) or act.item):
            of_kind.append(act)
        else:
            groups.append([act])
    return groups


def _join(first: Turn, second: Turn) -> Turn:
    """Put two turns of one message together: the replies in their order, one view at the end."""
    return replace(
        second,
        replies=(*first.replies, *second.replies),
        view=max(first.view, second.view, key=VIEWS.index),
        after=(*first.after, *second.after),
        happenings=(*first.happenings, *second.happenings),
        told=(*first.told, *second.told),
        missed=first.missed or second.missed,
        tallied=first.tallied or second.tallied,
        forget=first.forget or second.forget,
        export=first.export or second.export,
        effects=(*first.effects, *second.effects),
    )


# Answers


def _answer(ctx: Context, text: str, acts: Sequence[Answer]) -> Turn:
    """Take an answer to the present step, and say back what was taken."""
    position, voice = ctx.session.position, ctx.voice
    if position is None:
        return steps.arrive(ctx)
    first, items = acts[0], voice.walk.items(position)
    if first.item is None or first.action == BACK:
        move = voice.walk.press(position, first.action)
        return _follow(ctx, move, _label(ctx, first.action), is_checklist=bool(items)) if move else _unclear(ctx)
    if first.item == "all" and len(items) > 1:
        return ctx.say(ctx.content.phrases.typed.all_right)
    names = {name.removeprefix("field:"): name for name in items}
    verdicts = {names[act.item]: act.action for act in acts if act.item in names}
    if first.item == "all":
        verdicts = dict.fromkeys(items, first.action)
    move = voice.walk.compare(position, verdicts)
    noted = ctx.content.phrases.facts.comma.join(_verdict(ctx, *pair) for pair in verdicts.items())
    return _follow(ctx, move, noted, is_checklist=True) if move else _unclear(ctx)


def _verdict(ctx: Context, name: str, verdict: str) -> str:
    words = ctx.content.phrases.typed
    item = ctx.content.phrases.facts.me.photo if name == "photo" else name.removeprefix("field:")
    return words.verdict.format(item=item, verdict=words.verdicts[verdict])


def _label(ctx: Context, action: str) -> str:
    """Return the words of an action of the present step; of a checklist's answer with the item that it is about."""
    position = ctx.session.position
    assert position
    view = ctx.voice.walk.view(position)
    if view.name and action in ctx.content.phrases.typed.verdicts:
        return _verdict(ctx, view.name, action)
    return next((ctx.voice.fill(a.text) for a in (*view.actions, *view.stuck) if a.id == action), "")


def _follow(ctx: Context, move: Move, noted: str, *, is_checklist: bool) -> Turn:
    turn, words = steps.follow(ctx, move), ctx.content.phrases.typed
    if not noted:
        return turn
    left = len(ctx.voice.walk.items(move.position)) - len(move.position.compared) if is_checklist else 0
    said = words.noted_left.format(what=noted, left=left) if left > 0 else words.noted.format(what=noted)
    return replace(turn, replies=(*ctx.voice.bubbles(said), *turn.replies))


def _values(ctx: Context, text: str, acts: Sequence[Values]) -> Turn:
    """Take values (a class and major, a day) as the present step's reader reads them."""
    return steps.read(ctx, text) or _unclear(ctx)


# Everything else


def _question(ctx: Context, text: str, acts: Sequence[Question]) -> Turn:
    topics = [act.topic for act in acts if act.topic in ctx.content.entries]
    if not topics:
        return miss(ctx, text)
    return tell_topics(ctx, topics) if len(topics) <= MAX_TOLD else list_topics(ctx, topics)


def _command(ctx: Context, text: str, acts: Sequence[Command]) -> Turn:
    return run_command(ctx, acts[0].name) or _unclear(ctx)


def _pick(ctx: Context, text: str, acts: Sequence[Pick]) -> Turn:
    offered, number = ctx.session.offered, acts[0].number
    if 0 < number <= len(offered):
        return press(ctx, offered[number - 1])
    return ctx.say(ctx.content.phrases.typed.nothing_offered)


def _social(ctx: Context, text: str, acts: Sequence[Social]) -> Turn:
    """Answer company in kind. A bare 好 moves nothing; where the step waits for an answer, it is asked for again."""
    if acts[0].kind != "ack":
        return run_command(ctx, acts[0].kind) or ctx.say(ctx.content.phrases.typed.ack)
    words, position = ctx.content.phrases.typed, ctx.session.position
    if position is None or ctx.session.last != "step":
        return Turn(ctx.session, ctx.voice.bubbles(words.ack), "" if ctx.session.last == "goodbye" else "again")
    return ctx.say(words.at_item if ctx.voice.walk.items(position) else words.at_question)


def _distress(ctx: Context, text: str, acts: Sequence[Distress]) -> Turn:
    """Say kind words with a help line and the school's phone; staff are told at once, unasked."""
    said = ctx.voice.bubbles(ctx.voice.fill(ctx.content.phrases.typed.distress))
    effects = tickets.open_urgent(ctx.voice, ctx.case, text).effects if ctx.case else ()
    return Turn(ctx.session, said, effects=effects)


def _abuse(ctx: Context, text: str, acts: Sequence[Abuse]) -> Turn:
    return ctx.say(ctx.content.phrases.typed.abuse, _person(ctx))


def _offtopic(ctx: Context, text: str, acts: Sequence[Offtopic]) -> Turn:
    return ctx.say(ctx.content.phrases.typed.offtopic)


def _person(ctx: Context) -> Rows:
    return ((ctx.voice.command("desk" if ctx.case else "contact"),),)


_ACTS: Mapping[type[Act], Callable[..., Turn]] = {
    Answer: _answer,
    Values: _values,
    Question: _question,
    Command: _command,
    Pick: _pick,
    Social: _social,
    Distress: _distress,
    Abuse: _abuse,
    Offtopic: _offtopic,
}


def _unclear(ctx: Context) -> Turn:
    return ctx.say(ctx.content.phrases.typed.unclear)


def _offer(ctx: Context, text: str, readout: Readout) -> Turn:
    """Offer the step's own answers first, and titles of the FAQ only where they are really near."""
    near = [act.topic for act, chance in readout.near if isinstance(act, Question) and chance >= NEAR]
    topics = [topic for topic in near if topic in ctx.content.entries]
    return miss(ctx, text, topics)
