"""Moving through the walk: presses of a step's buttons, the start, another notice, coming back. Pure.

The position moves here alone, by `flows.engine`.
"""

from __future__ import annotations

from dataclasses import replace

from bot.conversation import reminders
from bot.conversation.turn import Context, Turn
from bot.domain.button_ids import Act
from bot.domain.session import LastSaid
from bot.render.cards import confirm_class
from bot.render.menu import render_menu
from bot.render.own_card import render_own_card
from bot.render.reply import RESTART
from flows.answers import list_classes
from flows.engine import JUMP, Move, change_answers


def act(ctx: Context, pressed: Act) -> Turn:
    """Press a button of the walk; one that was made for an earlier moment (a double tap) changes nothing."""
    session = ctx.session
    position, script = session.position, ctx.content.script
    moves = position.moves if position else session.moves
    if pressed.script != script.id or pressed.moves != moves or session.notice is None:
        return show_stale(ctx)
    move = _begin_by(ctx, pressed) if position is None else _move_by(ctx, pressed)
    return follow(ctx, move) if move else show_stale(ctx)


def _begin_by(ctx: Context, pressed: Act) -> Move | None:
    """The first move of somebody who is not on the walk yet: only a jump makes one."""
    if pressed.action != JUMP:
        return None
    walk = ctx.voice.walk
    move = walk.start(ctx.session.moves)
    return move if pressed.step == ctx.content.script.start else walk.jump(move.position, pressed.step)


def _move_by(ctx: Context, pressed: Act) -> Move | None:
    position, walk = ctx.session.position, ctx.voice.walk
    assert position
    if pressed.action == JUMP:
        return walk.jump(position, pressed.step)
    if pressed.action == RESTART:
        return walk.start(position.moves)
    return walk.press(position, pressed.action) if pressed.step == position.step else None


def restart(ctx: Context) -> Turn:
    """Begin the walk anew; buttons of before stay old."""
    position = ctx.session.position
    return follow(ctx, ctx.voice.walk.start(position.moves if position else ctx.session.moves))


def jump(ctx: Context, step: str) -> Turn:
    """Go to a step from wherever the person stands, through its gates; before a notice is chosen, ask which one."""
    if ctx.session.notice is None:
        return arrive(ctx)
    position = ctx.session.position or ctx.voice.walk.start(ctx.session.moves).position
    move = ctx.voice.walk.jump(position, step)
    return follow(ctx, move) if move else show_stale(ctx)


def follow(ctx: Context, move: Move) -> Turn:
    """Return the turn of a move: what the script says to it, the new step, the card to keep for whoever has
    just reported something or is done, and once the question about reminders.
    """
    there = ctx.with_session(replace(ctx.session.at(move.position), misses=0))
    voice = there.voice
    said = tuple(reply for text in move.said for reply in voice.bubbles(voice.fill(text)))
    is_class = chooses_class(ctx, move)
    if is_class:
        said = (*confirm_class(voice), *said)
    asked = reminders.ask_consent(voice)
    has_come = any(happening.kind in ("reported", "done") for happening in move.happenings)
    after = (*(render_own_card(voice) if has_come else ()), *(asked.replies if asked else ()))
    session = asked.session if asked else there.session
    last: LastSaid = "class" if is_class else "step"
    return Turn(session, said, "step", last, after=after, happenings=move.happenings)


def chooses_class(ctx: Context, move: Move) -> bool:
    """Return whether a move says which class somebody is in, for the first time or anew."""
    before = ctx.session.position.answers if ctx.session.position else {}
    after = move.position.answers
    keys = ("cohort", "major")
    return bool(after.get("major")) and [before.get(key) for key in keys] != [after.get(key) for key in keys]


def change_class(ctx: Context, option: str) -> Turn | None:
    """Take another class, by the id of its option, and stay; None where there is no such class, or no walk yet."""
    position = ctx.session.position
    found = (one for one in list_classes(ctx.voice.notice, ctx.now.date()) if one.id == option)
    chosen = next(found, None)
    return follow(ctx, change_answers(position, chosen.answers)) if position and chosen else None


def show_stale(ctx: Context) -> Turn:
    """Say that a button is out of date, and show the present step."""
    return Turn(ctx.session, ctx.voice.bubbles(ctx.content.phrases.stale), "step")


def begin(ctx: Context) -> Turn:
    """Start the walk, or show where the person stands on it."""
    if ctx.session.notice is None or ctx.session.position:
        return Turn(ctx.session, view="step")
    return follow(ctx, ctx.voice.walk.start(ctx.session.moves))


def choose_notice(ctx: Context, notice: str) -> Turn:
    """Change to another notice; its walk goes on where it was, with buttons that are new."""
    chosen = replace(ctx.session, notice=notice, misses=0)
    if position := chosen.position:
        chosen = chosen.at(replace(position, moves=ctx.session.moves + 1))
    return arrive(ctx.with_session(chosen))


def arrive(ctx: Context) -> Turn:
    """Somebody opens the chat: show the menu, or where they stand."""
    phrases, position = ctx.content.phrases, ctx.session.position
    if position is None:
        return Turn(ctx.session, render_menu(ctx.voice))
    back = phrases.welcome_back_done if position.state == "done" else phrases.welcome_back
    return Turn(ctx.session, ctx.voice.bubbles(back), "step")


def resume(ctx: Context) -> Turn:
    """Bring the session under the present script and notice; say so when its step is gone."""
    if ctx.session.position is None:
        return Turn(ctx.session)
    move = ctx.voice.walk.resume(ctx.session.position)
    is_gone = any(happening.kind == "gone" for happening in move.happenings)
    said = ctx.voice.bubbles(ctx.content.phrases.step_gone) if is_gone else ()
    return Turn(ctx.session.at(move.position), said, happenings=move.happenings)
