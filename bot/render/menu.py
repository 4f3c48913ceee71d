"""The cards that lead somewhere: the greeting, the choice of a notice, the menu, the list of steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.content.phrases.graduate import CommandName
from bot.domain.button_ids import Ask
from bot.domain.messages import Button, Reply
from bot.render.layout import pack_rows
from bot.render.reply import RESTART, Voice
from flows.engine import JUMP
from flows.model import Script, Shortcut, Step

MENU: tuple[CommandName, ...] = ("progress", "card", "deadline", "contact", "jump", "restart", "privacy", "help")
"""Commands of the menu below the shortcuts of the script, in reading order."""


def render_greeting(voice: Voice, said: tuple[Reply, ...] = (), *, asks: bool = True) -> tuple[Reply, ...]:
    """Return the introduction of the bot, what is `said` besides, then the card of the notice, or the choice of one.

    Where it does not ask, an answer follows: it has no buttons, and there is no choice of a notice.
    """
    phrases = voice.content.phrases
    hello = voice.bubbles(voice.fill(phrases.greeting))
    if voice.session.notice is None:
        return (*hello, *said, *ask_notice(voice)) if asks else (*hello, *said)
    text = voice.fill(phrases.greeting_notice).strip()
    if not asks:
        return (*hello, *said, *voice.bubbles(text, source="notice"))
    rows = (
        (voice.start(),),
        *pack_rows(_shortcuts(voice, [shortcut for shortcut in voice.content.script.shortcuts if shortcut.upfront])),
        (voice.command("deadline"), voice.command("contact")),
        (voice.command("help"), voice.command("privacy")),
    )
    return (*hello, *said, *voice.bubbles(f"{text}\n\n{phrases.greeting_ask}", rows, source="notice"))


def ask_notice(voice: Voice, ask: str | None = None) -> tuple[Reply, ...]:
    """Return the question which notice is meant, in the words of `ask` if given, with a button for each."""
    notices = voice.content.notices.values()
    rows = tuple((Button(str(Ask("notice", n.id)), n.notice.short),) for n in notices)
    return voice.bubbles(ask or voice.content.phrases.pick_notice, rows)


def render_menu(voice: Voice) -> tuple[Reply, ...]:
    """Return the list of everything that a graduate can do; before a notice is chosen, the choice of one."""
    if voice.session.notice is None:
        return ask_notice(voice)
    commands = [voice.command(name) for name in MENU]
    rows = ((voice.start(),), *pack_rows(_shortcuts(voice)), *pack_rows(commands))
    return voice.bubbles(voice.fill(voice.content.phrases.menu), rows)


def render_jump(voice: Voice) -> tuple[Reply, ...]:
    """Return the main steps and the shortcuts of the script, a button each."""
    if voice.session.notice is None:
        return ask_notice(voice)
    firsts = first_steps(voice.content.script).items()
    steps = [voice.act(JUMP, f"{n} {voice.fill(step.title)}", step.id) for n, step in firsts]
    rows = (*pack_rows(steps, 1), *pack_rows(_shortcuts(voice)), (voice.start(),))
    return voice.bubbles(voice.content.phrases.jump, rows)


def ask_restart(voice: Voice) -> tuple[Reply, ...]:
    """Return the question whether to begin the walk anew; the menu before there is a walk."""
    if voice.session.position is None:
        return render_menu(voice)
    sure = voice.act(RESTART, voice.content.phrases.buttons["restart_yes"])
    return voice.bubbles(voice.content.phrases.restart_ask, ((sure,), (voice.command("resume"),)))


def first_steps(script: Script) -> Mapping[int, Step]:
    """Return the first step of each main number, in order of the script."""
    firsts: dict[int, Step] = {}
    for step in script.steps:
        if step.n is not None:
            firsts.setdefault(step.n, step)
    return firsts


def _shortcuts(voice: Voice, shortcuts: Iterable[Shortcut] | None = None) -> list[Button]:
    """Return a button for each of these shortcuts of the script, or for all."""
    shown = voice.content.script.shortcuts if shortcuts is None else shortcuts
    return [voice.act(JUMP, voice.fill(shortcut.text), shortcut.go) for shortcut in shown]
