"""Commands, however they are given: a button, a slash command or typed words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import get_args

from bot.content.phrases.graduate import CommandName
from bot.conversation import reminders, steps
from bot.conversation.turn import Context, Turn
from bot.domain import button_ids
from bot.domain.areas import Decision
from bot.domain.button_ids import Pick
from bot.domain.session import LastSaid, Session
from bot.domain.tickets import Ticket
from bot.render.answers import render_miss
from bot.render.cards import render_card, render_deadline, render_progress
from bot.render.menu import ask_restart, render_jump, render_menu
from bot.render.own_card import render_own_card
from bot.render.reply import Voice
from bot.render.steps import render_sketch, render_trouble, render_why
from bot.tickets import graduate
from flows.engine import BACK

_LAST: Mapping[str, LastSaid] = {"restart": "confirm", "later": "goodbye", "bye": "goodbye"}
"""The kind of what is said last by a command that shows something; of the others it is an answer."""


def run_command(ctx: Context, name: str | None) -> Turn | None:
    """Return the turn of a command; None for one that does not exist."""
    turn = _run(ctx, name) if name else None
    return turn and (turn if turn.view == "step" else replace(turn, last=_LAST.get(name or "", "answer")))


def _run(ctx: Context, name: str) -> Turn | None:
    if name == "none":
        return reject_offer(ctx)
    quiet = ctx.understood()
    if command := _COMMANDS.get(name):
        return command(quiet)
    if target := {str(key): step for key, step in ctx.content.script.commands.items()}.get(name):
        return steps.jump(quiet, target)
    if wish := reminders.take_wish(quiet.voice, name):
        return Turn(wish.session, wish.replies, effects=wish.effects)
    if name not in get_args(CommandName):
        return None
    card = partial(render_card, name=name)
    is_small_talk = name in ctx.content.phrases.small_talk
    return Turn(quiet.session, card(quiet.voice) if is_small_talk else quiet.say_alike(card))


def _forget(ctx: Context) -> Turn:
    return Turn(Session(ctx.session.notice), forget=True)


def _export(ctx: Context) -> Turn:
    rows = ((ctx.voice.start(), ctx.voice.command("menu")),)
    return Turn(ctx.session, ctx.voice.bubbles(ctx.content.phrases.exported, rows), export=True)


def _keep(ctx: Context) -> Turn:
    rows = ((ctx.voice.start(), ctx.voice.command("menu")),)
    return Turn(ctx.session, ctx.voice.bubbles(ctx.content.phrases.accounts.offer, rows), keep=True)


def call_person(ctx: Context) -> Turn:
    """Open a ticket with the words that were not understood just before, and the topics nearest to them.

    Where no person can be asked, show the office's card.
    """
    if ctx.case:
        words = " ".join(ctx.pieces)
        topics = [topic.id for topic in ctx.content.ask(words, frozenset()).topics] if words else ()
        return ctx.hand_over(graduate.open_ticket(ctx.voice, ctx.case, words, topics))
    return Turn(ctx.session, ctx.say_alike(partial(render_card, name="contact")))


def _go_back(ctx: Context) -> Turn:
    """Take the last move back; without one, show where the person stands."""
    position = ctx.session.position
    move = ctx.voice.walk.press(position, BACK) if position else None
    return steps.follow(ctx, move) if move else ctx.say_step()


def _withdraw(ctx: Context) -> Turn:
    ticket = ctx.case.ticket if ctx.case else None
    return ctx.hand_over(graduate.withdraw(ctx.voice, ticket)) if ticket else Turn(ctx.session, view="step")


def _with_files(act: Callable[[Voice, Ticket], Decision]) -> Callable[[Context], Turn]:
    """Return the command for files that wait in the ticket; without one it says that none do."""

    def run(ctx: Context) -> Turn:
        ticket = ctx.case.ticket if ctx.case else None
        none_held = ctx.voice.bubbles(ctx.voice.content.phrases.desk.none_held)
        return ctx.hand_over(act(ctx.voice, ticket)) if ticket else Turn(ctx.session, none_held)

    return run


def _show(say: Callable[[Voice], tuple[object, ...]]) -> Callable[[Context], Turn]:
    return lambda ctx: Turn(ctx.session, say(ctx.voice))  # type: ignore[arg-type]


def _show_alike(say: Callable[[Voice], tuple[object, ...]]) -> Callable[[Context], Turn]:
    return lambda ctx: Turn(ctx.session, ctx.say_alike(say))  # type: ignore[arg-type]


_COMMANDS: Mapping[str, Callable[[Context], Turn]] = {
    "forget": _forget,
    "export": _export,
    "keep": _keep,
    "hello": steps.arrive,
    "start": steps.begin,
    "desk": call_person,
    "withdraw": _withdraw,
    "pass": _with_files(graduate.pass_files),
    "hold": _with_files(graduate.drop_files),
    "back": _go_back,
    "again": lambda ctx: ctx.say_step(),
    "menu": _show(render_menu),
    "resume": lambda ctx: ctx.say_step(),
    "jump": _show(render_jump),
    "restart": _show(ask_restart),
    "trouble": _show(render_trouble),
    "why": _show(render_why),
    "where": _show(render_sketch),
    "deadline": _show_alike(render_deadline),
    "progress": _show_alike(render_progress),
    "card": _show_alike(lambda voice: render_own_card(voice, ((voice.start(), voice.command("menu")),))),
}
"""Commands that do or show something; the others are cards of the phrases, and wishes about reminders."""


def reject_offer(ctx: Context) -> Turn:
    """都不是: a miss like any other, whose words are gone."""
    phrases, misses = ctx.content.phrases, ctx.session.misses + 1
    if misses < len(phrases.misses):
        offered = (button_ids.parse(one) for one in ctx.session.offered)
        mark = next((one.mark for one in offered if isinstance(one, Pick)), "")
        rows = ((ctx.voice.command("contact"), *reminders.offer_to_tell(ctx.voice, mark)),)
        said = ctx.voice.bubbles(ctx.voice.fill(phrases.none_of_these), rows)
    else:
        said = render_miss(ctx.voice, misses)
    return Turn(replace(ctx.session, misses=misses), said, "again")
