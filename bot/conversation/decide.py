"""Decides a turn: from what is remembered and what came in to what to say and what to remember. Pure.

The order of precedence stands in `_answer`, once. Staff commands and staff areas are decided before, in
`bot.service.turns`. Must not know: storage, channels, the clock of the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.content.content import Content
from bot.conversation import steps
from bot.conversation.links import press, run_slash
from bot.conversation.secrets import find_secrets, warn_of_secret
from bot.conversation.turn import Context, Turn, finish
from bot.conversation.typed import answer_typed
from bot.domain.join_codes import CodeOwner
from bot.domain.messages import REACHES, Capabilities, Incoming, Reply
from bot.domain.session import Session
from bot.domain.student_numbers import StudentKey
from bot.domain.tickets import Ticket
from bot.reading.acts import SocialAct
from bot.render.cards import render_banner
from bot.render.menu import render_greeting, render_menu
from bot.tickets import graduate
from bot.tickets.graduate import Case
from flows.answers import plain
from flows.notice import Notice

MAX_TEXT = 500
"""Characters of a message that are read."""
HEARD = ("menu", "help", "progress", "deadline", "privacy", "forget", "export", "jump", "desk", "withdraw")
"""Commands that work as typed words also while words go to a person."""


def decide(
    content: Content,
    session: Session | None,
    incoming: Incoming,
    now: datetime,
    *,
    rehearsed: bool = False,
    case: Case | None = None,
    can: Capabilities = REACHES,
    owner: CodeOwner | None = None,
    students: Callable[[], StudentKey] | None = None,
) -> Turn:
    """Return the turn for one thing that a person did. `session` is None for somebody unknown, `now` local time.

    Never raises for anything that a person can type or press. `rehearsed` puts the banner of another day in front.
    For `case`, `can`, `owner` and `students` see `Context`.
    """
    only = next(iter(content.notices)) if len(content.notices) == 1 else None
    known, is_moved = session or Session(only), False
    if known.notice not in content.notices:
        successor = _find_successor(content, known.notice)
        is_moved = successor is not None
        known = known.move_to(successor) if successor else replace(known, notice=only)
    turn = _decide(Context(content, known, incoming, now, case, can, owner, students), is_new=session is None)
    if is_moved:
        voice = Context(content, known, incoming, now).voice
        told = Reply(voice.fill(content.phrases.notice_replaced))
        turn = replace(turn, replies=(told, *turn.replies))
    if rehearsed and turn.replies:
        first = turn.replies[0]
        banner = render_banner(Context(content, turn.session, incoming, now).voice)
        turn = replace(turn, replies=(replace(first, text=f"{banner}\n{first.text}"), *turn.replies[1:]))
    return turn


def _decide(ctx: Context, *, is_new: bool) -> Turn:
    resumed = steps.resume(ctx)
    turn = finish(ctx, _answer(ctx.with_session(resumed.session)))
    if is_new:
        return _greet(ctx, turn)
    return replace(turn, replies=(*resumed.replies, *turn.replies), happenings=(*resumed.happenings, *turn.happenings))


def _find_successor(content: Content, notice: str | None) -> Notice | None:
    """Return the notice that takes the place of one that is not in force any more; None when none does."""
    return next((one for one in content.notices.values() if notice and one.notice.supersedes == notice), None)


def _greet(ctx: Context, turn: Turn) -> Turn:
    """Put the greeting before a new person's first turn. It is made after the turn, which may have named the notice."""
    voice = ctx.with_session(turn.session).voice
    said = () if turn.understood == (SocialAct("hello"),) else turn.replies
    menu = render_menu(voice)
    if said[-len(menu) :] == menu and turn.session.position is None:  # the greeting has the same buttons
        said, hello = said[: -len(menu)], ctx.content.phrases.small_talk["hello"]
        return replace(turn, replies=render_greeting(voice, tuple(reply for reply in said if reply.text != hello)))
    before = render_greeting(voice, asks=not said)
    return replace(turn, replies=(*before, *said))


def _answer(ctx: Context) -> Turn:
    """Answer in this order: a secret, a button, words for a person, a slash command, words at the present step."""
    incoming, phrases = ctx.incoming, ctx.content.phrases
    text = incoming.text.strip()
    ticket = ctx.case.ticket if ctx.case and ctx.case.ticket and ctx.case.ticket.is_relayed else None
    if ticket and not incoming.other and (number := graduate.parse_call(text)):
        return ctx.hand_over(graduate.leave_number(ctx.voice, ticket, number))
    if found := find_secrets(ctx, text):
        return warn_of_secret(ctx, found, ticket)
    if ticket and incoming.other and (passed := _pass_on(ctx, ticket)):
        return passed
    if incoming.in_album and not text:  # the first of them was answered
        return Turn(ctx.session)
    if incoming.other:
        said = phrases.no_text.get(incoming.other) or phrases.no_text["other"]
        return Turn(ctx.session, ctx.voice.bubbles(said, ((ctx.voice.start(), ctx.voice.command("menu")),)))
    if incoming.press is not None:
        return press(ctx, incoming.press)
    if not text:
        return steps.arrive(ctx)
    if len(text) > MAX_TEXT:
        return ctx.say(phrases.too_long)
    command = phrases.words.get(plain(text)) or phrases.words.get(text)
    if ticket and command not in HEARD and not text.startswith("/"):
        return ctx.hand_over(graduate.relay(ctx.voice, ticket, text))
    return run_slash(ctx, text) or answer_typed(ctx, text)


def _pass_on(ctx: Context, ticket: Ticket) -> Turn | None:
    """Pass on what is no plain text while words go to a person: a file after a yes, changed words; None: nothing."""
    incoming = ctx.incoming
    if incoming.file and incoming.other in ("photo", "document"):
        return ctx.hand_over(graduate.hold_file(ctx.voice, ticket, incoming, incoming.file))
    if incoming.other == "edited" and incoming.text.strip():
        return ctx.hand_over(graduate.relay_edited(ctx.voice, ticket, incoming.text.strip()[:MAX_TEXT]))
    return ctx.say(ctx.content.phrases.desk.not_passed)
