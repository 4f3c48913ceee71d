"""Acts on a typed message: on everything that the reader found in it, in one turn. Pure.

The reader (`bot.reading`) says what a message means at the place where it is typed; here each act becomes a turn, and
the turns of one message are put together: what was taken is said back, questions are answered, and the step that the
person stands at now is shown once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from bot.conversation import steps
from bot.conversation.commands import run_command
from bot.conversation.doubt import SURE, SURE_SHORTCUT, doubt
from bot.conversation.links import press
from bot.conversation.naming import name_wrong
from bot.conversation.places import place_of
from bot.conversation.questions import (
    explain,
    likely_topics,
    list_topics,
    miss,
    offer_topics,
    record_new,
    tally,
    tell_topics,
)
from bot.conversation.turn import VIEWS, Context, Turn
from bot.conversation.typed_answers import (
    button_labels,
    courses_in,
    describe_answer,
    find_button,
    find_entry,
    say_unclear,
    take_answer,
    take_values,
)
from bot.reading.acks import is_ack
from bot.reading.acts import (
    NO_TOPIC,
    AbuseAct,
    Act,
    AnswerAct,
    CommandAct,
    DistressAct,
    OfftopicAct,
    PickAct,
    QuestionAct,
    SocialAct,
    ValuesAct,
)
from bot.reading.phrasebook import subjects
from bot.reading.place import is_verdict
from bot.reading.reader import Readout
from bot.reading.stances import stances
from bot.reading.writing import spelt
from bot.render.layout import Rows, pack_rows
from bot.render.menu import first_steps
from bot.tickets import graduate
from bot.tickets.staff_posts import mask_for_staff
from faq.sounds import units
from flows.answers import plain
from flows.engine import JUMP

MAX_TOLD = 2
"""Questions of one message that are answered in full; more become a list to tap."""
MAX_PIECES = 3
PIECE = 20
"""Characters of a message that may be a piece of what somebody says in several messages."""
SAME_AS: Mapping[str, str] = {"contact": "desk", "resume": "start"}
"""Commands of `phrases.yaml` that the reader knows by another name."""
CERTAIN = 0.9
"""The chance (0–1) from which words are taken for a step that was not shown when they were typed."""
_AHEAD = {"going", "later", "yet", "ask"}
"""Stances of words that speak of what comes, not of what is done: 解决了，去登录."""
MAX_AHEAD = 3
"""Further steps that one message may answer."""
NEAR = 0.15
"""The chance (0–1) from which something that a message may mean is offered."""


def answer_typed(ctx: Context, text: str) -> Turn:
    """Return the turn of a typed message, alone or read together with the pieces just before it."""
    if ctx.session.position is None and ctx.session.notice and (begun := _begin_by_class(ctx, text)):
        return replace(begun, tallied=tally(ctx, "taken"))
    if ctx.session.last == "elsewhere" and _goes_along(ctx, text):
        return replace(press(ctx, ctx.offered[0]), understood=(CommandAct("jump"),), tallied=tally(ctx, "taken"))
    said, readout = _read(ctx, text)
    if named := name_wrong(ctx, said, readout.acts):
        return replace(named, understood=named.understood or readout.acts, tallied=tally(ctx, "taken"))
    turn = _keep_piece(ctx, text, readout, _go_on(ctx, said, readout, _act_on(ctx, said, readout)))
    return replace(turn, understood=readout.acts, tallied=turn.tallied or tally(ctx, "taken"))


def _read(ctx: Context, text: str) -> tuple[str, Readout]:
    """Read a message, alone and behind the pieces before it; what is surest counts, and alone where nothing is."""
    if act := _read_exactly(ctx, text):
        return text, Readout((act,), (1.0,))
    place = place_of(ctx)

    def read(words: str) -> Readout:
        return doubt(ctx.content.read(words, place), SURE if ctx.session.position else SURE_SHORTCUT)

    pieces = [piece for piece in ctx.pieces if piece not in ("", text)]  # words said twice are no more sure
    joined = [" ".join((*pieces[n:], text)) for n in range(len(pieces))]
    alone = read(text)
    if all(isinstance(act, SocialAct) for act in alone.acts) and _says_something(alone):
        return text, alone  # thanks and goodbyes belong to nothing that was said before
    together = [(words, _without_hello(read(words))) for words in joined]
    readouts = [(text, alone), *(one for one in together if one[1].acts != alone.acts)]
    return max(readouts, key=lambda one: min(one[1].chances, default=0.0) if _says_something(one[1]) else 0.0)


def _read_exactly(ctx: Context, text: str) -> Act | None:
    """Return the act of words that the script gives for one answer, of a button's number, or of a command's word."""
    said, words, position = plain(text), ctx.content.phrases.words, ctx.session.position
    if ctx.session.last == "class" and all(_says_yes(ctx, text, (name,)) for name in ("yes", "right")):
        return SocialAct("ack")  # 对, to the 对吗 that stands before the step; 有 or 好了 answer the step
    for action, label in button_labels(ctx).items():
        if said and plain(label) == said:
            return AnswerAct(action)
    words_here = ctx.content.answer_words.get(position.step, {}) if position and ctx.session.last == "step" else {}
    if said in words_here:
        return AnswerAct(words_here[said])
    asking = ctx.voice.walk.asking(position) if position else None
    if asking and asking.scene.reads.go is None and asking.read(text):
        return ValuesAct(())  # a number that the step reads and does not keep
    if said.isascii() and said.isdecimal() and 0 < int(said[:4]) == int(said) <= len(ctx.offered):
        return PickAct(int(said))
    if position is None and (entry := find_entry(ctx, said)):
        return entry
    name = words.get(said) or words.get(text)
    if name in ("thanks", "hello", "bye"):
        return SocialAct(name)
    return CommandAct(SAME_AS.get(name, name)) if name else None


def _without_hello(readout: Readout) -> Readout:
    """Leave out the greetings of earlier pieces: they were answered."""
    heard = [pair for pair in zip(readout.acts, readout.chances, strict=True) if pair[0] != SocialAct("hello")]
    return replace(readout, acts=tuple(act for act, _ in heard), chances=tuple(chance for _, chance in heard))


def _says_something(readout: Readout) -> bool:
    """Return whether a message says more than that somebody is there."""
    return any(act not in (SocialAct("hello"), SocialAct("ack")) for act in readout.acts)


def _keep_piece(ctx: Context, text: str, readout: Readout, turn: Turn) -> Turn:
    """Remember a short message that said nothing, masked, for the next one to be read with; else forget the pieces.

    Of a greeting only that there was one: it adds nothing to what follows.
    """
    pieces: tuple[str, ...] = ()
    is_open = not _says_something(readout) or readout.acts == (QuestionAct(NO_TOPIC),)
    if len(text) <= PIECE and is_open:
        piece = "" if readout.acts == (SocialAct("hello"),) else mask_for_staff(ctx.content, text)
        pieces = (*ctx.pieces, piece)[-MAX_PIECES:]
    since = ctx.now.isoformat() if pieces else ""
    return replace(turn, session=replace(turn.session, pieces=pieces, pieces_at=since))


def _act_on(ctx: Context, text: str, readout: Readout) -> Turn:
    acts = readout.acts
    if ctx.session.last == "confirm" and (acts == (SocialAct("ack"),) or _says_yes(ctx, text)):
        return steps.restart(ctx)
    if not acts:
        return _offer(ctx, text, readout)
    turns: list[Turn] = []
    for group in _group(acts):
        turn = _ACTS[type(group[0])](ctx.with_session(turns[-1].session if turns else ctx.session), text, group)
        turns.append(turn)
    return reduce(_join, turns)


def _go_on(ctx: Context, text: str, readout: Readout, turn: Turn) -> Turn:
    """Take what the same words answer at the steps that come next, if they name what those are about (邮箱好了，手机
    也能收).
    """
    acts, before, script = readout.acts, ctx.session, ctx.content.script
    for _ in range(MAX_AHEAD):
        here, now = before.position, turn.session.position
        if not (here and now and here.step != now.step and len(acts) == 1 and isinstance(acts[0], AnswerAct)):
            break
        step, there = script.by_id[now.step], ctx.with_session(turn.session)
        is_new = (_things(step.title) - _things(script.by_id[here.step].title)) & _things(text)
        is_main = step.track == script.by_id[script.start].track
        is_ahead = any(one.name in _AHEAD for one in stances(*units(spelt(text)))) or _read_exactly(ctx, text)
        if is_ahead or not is_main or step.checklist or step.reads or is_verdict(script, step) or not is_new:
            break
        ahead = ctx.content.read(text, place_of(there))
        acts, before = ahead.acts, turn.session
        answers = [act for act in acts if isinstance(act, AnswerAct)]
        if len(answers) != len(acts) or len(acts) != 1 or ahead.chances[0] < CERTAIN:
            break
        taken, noted = take_answer(there, text, answers), describe_answer(there, answers[0])
        turn = _join(turn, replace(taken, replies=(*noted, *taken.replies[1:])))
    return turn


def _things(text: str) -> frozenset[str]:
    """Return the things that a text names."""
    return frozenset(name for _, _, name in subjects(*units(spelt(text))))


def _says_yes(ctx: Context, text: str, names: Sequence[str] = ("yes", "done", "right")) -> bool:
    """Return whether words say yes to a question of the bot's own, such as 确定吗: words for one of these answers."""
    synonyms = ctx.content.script.synonyms
    return plain(text) in {plain(word) for name in names for word in synonyms.get(name, ())}


def _goes_along(ctx: Context, text: str) -> bool:
    """Return whether words agree to go to the step that was offered."""
    is_go = plain(text) in map(plain, ctx.content.phrases.typed.go_words)
    return bool(ctx.offered) and (is_go or is_ack(units(spelt(text))[0]) or _says_yes(ctx, text, ("yes",)))


def _group(acts: Sequence[Act]) -> list[list[Act]]:
    """Put acts together that are answered at once: verdicts on fields, and questions."""
    groups: list[list[Act]] = []
    for act in acts:
        kin = next((group for group in groups if _is_kin(group[0], act)), None)
        if kin is None:
            groups.append([act])
        else:
            kin.append(act)
    return groups


def _is_kin(first: Act, second: Act) -> bool:
    if isinstance(second, AnswerAct):
        return isinstance(first, AnswerAct) and bool(first.item and second.item)
    return isinstance(second, QuestionAct) and isinstance(first, QuestionAct)


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
        keep=first.keep or second.keep,
        effects=(*first.effects, *second.effects),
    )


def _question(ctx: Context, text: str, acts: Sequence[QuestionAct]) -> Turn:
    topics = [act.topic for act in acts if act.topic in ctx.content.entries]
    if not topics:
        return miss(ctx, text, is_question=True, words=ctx.content.phrases.typed.no_entry)
    return tell_topics(ctx, topics) if len(topics) <= MAX_TOLD else list_topics(ctx, topics)


def _ask(ctx: Context, text: str) -> Turn | None:
    """Ask the FAQ alone what no step explains: an entry that answers it, and before the walk those that are near."""
    found = ctx.content.ask(text, likely_topics(ctx))
    topics = [topic.id for topic in found.topics]
    if found.verdict == "answer":
        return tell_topics(ctx, topics[:1])
    if ctx.session.position:
        return None
    return offer_topics(ctx, text, topics) if found.verdict == "choices" else None


def _find_step(ctx: Context, text: str) -> str | None:
    """Return the step to jump to whose title speaks of what a text names (去看照片); None when several do."""
    firsts, things = first_steps(ctx.content.script).values(), _things(text)
    shared = {step.id: len(things & _things(ctx.voice.fill(step.title))) for step in firsts}
    most = max(shared.values())
    best = [step for step, count in shared.items() if count == most > 0]
    return best[0] if len(best) == 1 else None


def _command(ctx: Context, text: str, acts: Sequence[CommandAct]) -> Turn:
    name, ticket = acts[0].name, ctx.case.ticket if ctx.case else None
    if name == "desk" and not (ticket and ticket.is_relayed):
        name = "contact"  # a ticket is opened by a tap
    if name == "trouble" and (turn := _ask(ctx, text) or explain(ctx, text)):
        return turn
    if name == "jump" and ctx.session.position and (step := _find_step(ctx, text)):
        return steps.jump(ctx, step)
    if name in ("start", "change-cohort") and ctx.session.position is None:
        return _begin_with(ctx, text)
    turn = run_command(ctx, name) or say_unclear(ctx)
    if name != "change-cohort" or turn.session.position is None:
        return turn
    there = ctx.with_session(turn.session)
    courses = courses_in(there, text)
    if not courses:
        return turn
    buttons = [there.voice.act(course.id, course.text) for course in courses]
    return replace(turn, replies=there.voice.bubbles(ctx.content.phrases.typed.cohort_same, pack_rows(buttons)))


def _begin_with(ctx: Context, text: str) -> Turn:
    """Begin the walk; a class or major that the message names (我是专升本会计) is taken at once."""
    return _begin_by_class(ctx, text) or steps.begin(ctx)


def _begin_by_class(ctx: Context, text: str) -> Turn | None:
    """Begin the walk with the class or major that a message names; None when it names none."""
    begun = steps.begin(ctx)
    there = ctx.with_session(begun.session)
    if not (courses := courses_in(there, text, asked=False)):
        return None
    act = ValuesAct.of(courses[0].answers) if len(courses) == 1 else CommandAct("start")
    return replace(_join(replace(begun, view=""), take_values(there, text, ())), understood=(act,))


def _pick(ctx: Context, text: str, acts: Sequence[PickAct]) -> Turn:
    offered, number = ctx.offered, acts[0].number
    if 0 < number <= len(offered):
        return press(ctx, offered[number - 1])
    return ctx.say(ctx.content.phrases.typed.nothing_offered)


def _social(ctx: Context, text: str, acts: Sequence[SocialAct]) -> Turn:
    """Answer company in kind. A bare 好 moves nothing; where the step waits for an answer, it is asked for again."""
    words, position, kind = ctx.content.phrases.typed, ctx.session.position, acts[0].kind
    go_on = ((ctx.voice.start(),),)
    if kind == "hello" and ctx.pieces:
        return Turn(ctx.session, ctx.voice.bubbles(words.listening, go_on), last=ctx.session.last)
    if kind != "ack":
        said = ctx.content.phrases.small_talk[kind]
        if kind == "bye":
            return Turn(ctx.session, ctx.voice.bubbles(said, go_on), last="goodbye")
        return ctx.say(said)
    if position is None or ctx.session.last != "step":
        is_goodbye = ctx.session.last == "goodbye"
        return Turn(
            ctx.session, ctx.voice.bubbles(words.ack, go_on if is_goodbye else ()), "" if is_goodbye else "offer"
        )
    return ctx.say(words.at_item if ctx.voice.walk.items(position) else words.at_question)


def _distress(ctx: Context, text: str, acts: Sequence[DistressAct]) -> Turn:
    """Say kind words with a help line and the school's phone; staff are told at once, unasked."""
    said = ctx.voice.bubbles(ctx.voice.fill(ctx.content.phrases.typed.distress), (*_person(ctx), (ctx.voice.start(),)))
    effects = graduate.open_urgent(ctx.voice, ctx.case, text) if ctx.case else ()
    return Turn(ctx.session, said, effects=effects)


def _abuse(ctx: Context, text: str, acts: Sequence[AbuseAct]) -> Turn:
    return ctx.say(ctx.content.phrases.typed.abuse, _person(ctx))


def _offtopic(ctx: Context, text: str, acts: Sequence[OfftopicAct]) -> Turn:
    return record_new(ctx, text, ctx.say(ctx.content.phrases.typed.offtopic))


def _person(ctx: Context) -> Rows:
    return ((ctx.voice.command("desk" if ctx.case else "contact"),),)


_ACTS: Mapping[type[Act], Callable[..., Turn]] = {
    AnswerAct: take_answer,
    ValuesAct: take_values,
    QuestionAct: _question,
    CommandAct: _command,
    PickAct: _pick,
    SocialAct: _social,
    DistressAct: _distress,
    AbuseAct: _abuse,
    OfftopicAct: _offtopic,
}


def _offer(ctx: Context, text: str, readout: Readout) -> Turn:
    """Nothing is sure: offer the step's own answers first, and titles of the FAQ only where they are really near."""
    likely = [act for act, chance in readout.near if chance >= NEAR]
    actions = [find_button(ctx, act.action) for act in likely if isinstance(act, AnswerAct) and act.item is None]
    labels = button_labels(ctx)
    buttons = [ctx.voice.act(action, labels[action]) for action in actions if action in labels]
    if buttons:
        return miss(ctx, text, rows=pack_rows(buttons), is_question=False)
    if readout.elsewhere:
        title, words = ctx.voice.fill(ctx.content.script.by_id[readout.elsewhere].title), ctx.content.phrases.typed
        if ctx.session.position is None:
            rows = (ctx.voice.start(),), (ctx.voice.command("jump"),)
            return ctx.say(words.before_walk.format(step=title), rows)
        go = ctx.voice.act(JUMP, words.go, readout.elsewhere)
        if ctx.session.last == "elsewhere":  # the second time in a row: they are ahead of us
            return press(ctx, go.id)
        return replace(ctx.say(words.elsewhere.format(step=title), ((go,),)), last="elsewhere")
    near = [act.topic for act in likely if isinstance(act, QuestionAct) and act.topic in ctx.content.entries]
    if len(near) > 1:
        return offer_topics(ctx, text, near)
    if turn := _ask(ctx, text):
        return turn
    return record_new(ctx, text, miss(ctx, text, near, is_question=bool(near)))
