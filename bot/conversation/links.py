"""Slash commands, the payloads of `/start`, join codes, and buttons that lead to them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot.conversation import reminders, steps
from bot.conversation.commands import run_command
from bot.conversation.questions import quote_source, tell_topics
from bot.conversation.turn import Context, Turn
from bot.domain import button_ids, join_codes
from bot.domain.button_ids import Act, Ask, Pick, Vote
from bot.domain.effects import Effect
from bot.domain.join_codes import CodeClaimed, CodeDropped, CodeFreed, CodeOwner
from bot.domain.messages import Button, Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.questions import Picked
from bot.domain.reminders import Resaved
from bot.domain.session import Session, dump, session_of
from bot.domain.student_numbers import StudentKey, parse_student
from bot.render import feedback
from bot.tickets.codes import ask_office

CODE_STAYS = timedelta(days=1)
"""Time in which a code that was brought from one browser or chat to another does not go further by itself."""
STAYS = "-here"
"""End of the button's name with which the code comes and the place of here stays."""

_START = re.compile(r"/start(?:@\w+)?(?:\s+(notice|step|faq)-([A-Za-z0-9_-]{1,58}))?.*", re.DOTALL | re.ASCII)
_JOIN = re.compile(r"/start(?:@\w+)?\s+join-(\S+)|/join(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.ASCII)
_SLASH = re.compile(r"/([a-z]+)(?:@\w+)?(?:\s.*)?", re.DOTALL | re.ASCII)


def run_slash(ctx: Context, text: str) -> Turn | None:
    """Return the turn of a slash command or a join code; None for any other text."""
    if (typed := _join_words(text)) is not None:
        return _take_join_code(ctx, typed)
    if ctx.students and (number := parse_student(text)):
        return _offer_student(ctx, ctx.students(), number)
    if m := _START.fullmatch(text):
        return _open(ctx, m[1] or "", m[2] or "") or steps.arrive(ctx)
    m = _SLASH.fullmatch(text)
    if m is None:
        return None
    # Its letters are no words that the reader of typed messages could make sense of.
    return run_command(ctx, ctx.content.phrases.words.get(m[1])) or ctx.say(ctx.content.phrases.typed.unclear)


def claims_code(incoming: Incoming, students: Callable[[], StudentKey] | None = None) -> str | None:
    """Return the join code that a person gives, or that follows from a student number; None when they give none."""
    if incoming.press is not None:
        pressed = button_ids.parse(incoming.press)
        if isinstance(pressed, Ask) and pressed.kind == "student":
            return students().code(pressed.name) if students else None
        named = pressed.name.removesuffix(STAYS) if isinstance(pressed, Ask) and pressed.kind == "join" else ""
        return join_codes.parse_code(named)
    typed = _join_words(incoming.text.strip()) if not incoming.other else None
    return join_codes.parse_code(typed) if typed else None


def _join_words(text: str) -> str | None:
    """Return what was typed as a join code, or about one; None for any other text."""
    if m := _JOIN.fullmatch(text):
        return m[1] or m[2] or ""
    return text if join_codes.parse_code(text) else None


def press(ctx: Context, pressed: str) -> Turn:
    """Return the turn of a button; one that means nothing now shows the present step."""
    button = button_ids.parse(pressed)
    match button:
        case Act():
            return steps.act(ctx, button)
        case Ask("ack", name) if ack := reminders.take_ack(ctx.voice, name):
            return Turn(ack.session, ack.replies, effects=ack.effects)
        case Ask("join", code):
            return _bring_place(ctx, code)
        case Ask("student", mark) if ctx.students:
            return _take_student(ctx, ctx.students().code(mark))
        case Ask("hear", mark):
            wish = reminders.want_answer(ctx.voice, mark)
            return Turn(wish.session, wish.replies, last="answer", effects=wish.effects)
        case Ask("cmd", name) if turn := run_command(ctx, name):
            return turn
        case Ask(kind, name) if turn := _open(ctx, kind, name):
            return turn
        case Ask("class", name) if turn := steps.change_class(ctx, name):
            return turn
        case Ask("step", _):
            return steps.arrive(ctx)
        case Pick(mark, topic) if topic in ctx.content.entries:
            return replace(tell_topics(ctx, (topic,)), effects=(Picked(mark, topic),))
        case Vote() if vote := feedback.take_vote(ctx.voice, button):
            return Turn(ctx.session, vote.replies, last=ctx.session.last, effects=vote.effects, toast=vote.toast)
    return steps.show_stale(ctx)


def _open(ctx: Context, kind: str, name: str) -> Turn | None:
    """Open a notice, an FAQ entry or a step; None when there is no such thing (any more)."""
    if kind == "notice" and name in ctx.content.notices:
        return steps.choose_notice(ctx, name)
    if kind == "faq" and name in ctx.content.entries:
        return tell_topics(ctx, (name,))
    if kind == "quote" and name in ctx.content.entries:
        return quote_source(ctx, ctx.content.entries[name])
    if kind == "step" and name in ctx.content.script.by_id and ctx.session.notice:
        return steps.jump(ctx, name)
    return None


def _take_join_code(ctx: Context, typed: str) -> Turn:
    """Take the code that a teacher gave, drop it, or say which one is known."""
    words, session, code = ctx.content.phrases.broadcast.joining, ctx.session, join_codes.parse_code(typed)
    if code and ctx.owner and find_place(ctx, ctx.owner):
        return _offer_place(ctx, code)
    if code and ctx.owner and not is_left_behind(ctx, ctx.owner):
        return _ask_office(ctx, code)
    if code:
        said = words.joined.format(code=join_codes.format_code(code))
        turn = ctx.with_session(replace(session, code=code, asked_code=None, misses=0)).say(said)
        return replace(turn, effects=_move_code(ctx, code))
    if typed in words.drop:
        turn = ctx.with_session(replace(session, code=None, asked_code=None)).say(words.dropped)
        return replace(turn, effects=(CodeDropped(),))
    if typed:
        return ctx.say(words.wrong)
    return ctx.say(words.have.format(code=join_codes.format_code(session.code)) if session.code else words.how)


def _offer_student(ctx: Context, students: StudentKey, number: str) -> Turn:
    """Ask whether a join code may be made of a student number; nothing is kept before the yes."""
    words, mark = ctx.content.phrases.broadcast.joining, students.mark(number)
    if ctx.session.code or mark is None:
        return ctx.say(words.student_not_needed if ctx.session.code else words.wrong)
    row = (Button(str(Ask("student", mark)), words.student_agree, "good"), ctx.voice.start())
    return replace(ctx.say(words.student_ask, (row,)), view="")


def _take_student(ctx: Context, code: str) -> Turn:
    """Take the code of a student number. Numbers are no secret, so nothing of another chat with the same one is told or
    brought here: the office is asked.
    """
    words, session = ctx.content.phrases.broadcast.joining, ctx.session
    if session.code:
        return ctx.say(words.student_not_needed)
    if ctx.owner is None or ctx.owner.who.channel != ctx.incoming.channel:
        return _take_join_code(replace(ctx, owner=None), code)
    taken = ctx.with_session(replace(session, asked_code=code)).say(ctx.voice.fill(words.student_taken))
    is_new = ctx.case is not None and session.asked_code != code
    return replace(taken, effects=(ask_office(ctx.content, code),)) if is_new else taken


def _offer_place(ctx: Context, code: str) -> Turn:
    """Ask whether to go on where the code has come to elsewhere; whoever has a place here chooses which one stays."""
    words, there = ctx.content.phrases.broadcast.joining, ctx.owner and find_place(ctx, ctx.owner)
    voice = replace(ctx.voice, session=there or ctx.session)
    title = (
        voice.fill(voice.walk.view(there.position).step.title)
        if there and there.position
        else voice.notice.notice.short
    )
    said, name = words.there.format(code=join_codes.format_code(code), step=title), code.lower()
    rows: list[tuple[Button, ...]] = [(Button(str(Ask("join", name)), words.bring, "good"), ctx.voice.start())]
    if ctx.session.walks:
        said = f"{said}\n\n{words.both}"
        rows.insert(1, (Button(str(Ask("join", f"{name}{STAYS}")), words.stay),))
    return replace(ctx.say(said, tuple(rows)), view="")


def _bring_place(ctx: Context, name: str) -> Turn:
    """Go on here where the code has come to, or stay with the place of here: the code and a copy of the place move; the
    talk and tickets stay there.
    """
    words, owner, code = (
        ctx.content.phrases.broadcast.joining,
        ctx.owner,
        join_codes.parse_code(name.removesuffix(STAYS)),
    )
    there = find_place(ctx, owner) if owner else None
    if not code or not owner or not there:
        return _take_join_code(ctx, code or "")
    said = join_codes.format_code(code)
    here = replace(ctx.session, code=code, asked_code=None, code_at=ctx.now.isoformat(), misses=0)
    if name.endswith(STAYS):
        turn = ctx.with_session(here).say(words.joined.format(code=said))
        return replace(turn, effects=_move_code(ctx, code))
    here = replace(
        here,
        notice=there.notice,
        walks=there.walks,
        moves=max(ctx.session.moves, there.moves),
        reminders=there.reminders if ctx.session.reminders is None else ctx.session.reminders,
    )
    turn = ctx.with_session(here).say_step()
    return replace(turn, replies=ctx.voice.bubbles(words.brought.format(code=said)), effects=_move_code(ctx, code))


def _move_code(ctx: Context, code: str) -> tuple[Effect, ...]:
    """Give the person the code; whoever has it keeps all else and is told, as are staff."""
    words, owner = ctx.content.phrases.broadcast.joining, ctx.owner
    if not owner:
        return (CodeClaimed(code),)
    said, (channel, user) = join_codes.format_code(code), owner.who
    left = json.dumps(dump(replace(session_of(owner.session), code=None)), ensure_ascii=False)
    told = Queued("user", Reply(words.brought_away.format(code=said)), user=user, channel=channel)
    staff = (Queued("staff", Reply(words.brought_for_staff.format(code=said))),) if ctx.case else ()
    kept = (Resaved(user, owner.session, left, channel),) if owner.session else ()
    return (*kept, CodeFreed(code, user, channel), CodeClaimed(code), told, *staff)


def find_place(ctx: Context, owner: CodeOwner) -> Session | None:
    """Return the session of whoever has a code, if its place may be brought here: from another channel, or where an
    identity is a cookie, which gets lost; and not again within a day, for then the office is asked.
    """
    there = session_of(owner.session)
    is_far = owner.who.channel != ctx.incoming.channel
    return there if (is_far or ctx.can.anonymous) and there.walks and not _has_moved(ctx, there) else None


def is_left_behind(ctx: Context, owner: CodeOwner) -> bool:
    """Tell if somebody gave the code in another channel and went no further there: the code comes along by itself."""
    there = session_of(owner.session)
    return owner.who.channel != ctx.incoming.channel and not there.walks and not _has_moved(ctx, there)


def _has_moved(ctx: Context, there: Session) -> bool:
    return bool(there.code_at) and (ctx.now - CODE_STAYS).isoformat() <= there.code_at


def _ask_office(ctx: Context, code: str) -> Turn:
    """Leave a code with the chat that has it, and ask the office, once, whose it is."""
    words, said = ctx.content.phrases.broadcast.joining, join_codes.format_code(code)
    if ctx.case is None:
        return ctx.say(ctx.voice.fill(words.taken_call.format(code=said)))
    turn = ctx.with_session(replace(ctx.session, asked_code=code, misses=0)).say(words.taken.format(code=said))
    asked = ctx.session.asked_code == code
    return turn if asked else replace(turn, effects=(ask_office(ctx.content, code),))
