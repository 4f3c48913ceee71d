"""The cards that inform: dates, progress, fixed texts, the banner of a rehearsal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.button_ids import Ask
from bot.domain.messages import Attachment, Button, Reply
from bot.render.calendar import calendar
from bot.render.layout import Rows, pack_rows
from bot.render.menu import render_menu
from bot.render.reply import Voice
from bot.render.steps import render_head, repeat_step
from flows.answers import list_near_classes
from flows.engine import CLEARED, verdicts_of
from flows.model import Position


def render_card(voice: Voice, name: str) -> tuple[Reply, ...]:
    """Return a card of fixed text: small talk, later, help, ask, contact, privacy."""
    phrases = voice.content.phrases
    small_talk: Mapping[str, str] = phrases.small_talk  # type: ignore[assignment]
    if name in small_talk:
        return (*voice.bubbles(small_talk[name]), *(repeat_step(voice) or render_menu(voice)))
    if name == "later":
        return _render_later(voice)
    own: Mapping[str, tuple[Button, ...]] = {
        "privacy": (voice.command("export"), voice.command("forget")),
        "contact": (voice.command("desk"),) if voice.desk else (),
    }
    rows = (own.get(name, ()), _way_on(voice))
    return voice.bubbles(voice.fill(getattr(phrases, name)), rows, source="notice" if name == "contact" else None)


def _render_later(voice: Voice) -> tuple[Reply, ...]:
    """Return the card for somebody who goes on later, with reminders to choose where they can be sent."""
    phrases, position = voice.content.phrases, voice.session.position
    row = (voice.start(), voice.command("deadline"))
    if position is None:
        return voice.bubbles(voice.fill(phrases.later_new), (row,))
    title = voice.fill(voice.walk.view(position).step.title)
    tomorrow = Button(str(Ask("cmd", "tomorrow")), phrases.broadcast.tomorrow)
    weekend = Button(str(Ask("cmd", "weekend")), phrases.broadcast.weekend)
    days = (tomorrow, weekend) if voice.can.posts else ()
    return voice.bubbles(voice.fill(phrases.later, title=title), (days, row))


def render_deadline(voice: Voice) -> tuple[Reply, ...]:
    """Return the present phase, all windows, and the dates as a calendar file unless everything is over."""
    phrases, dates = voice.content.phrases, attach_dates(voice)
    if dates is None:
        return voice.bubbles(voice.fill(phrases.deadline_closed), (_way_on(voice),), source="notice")
    rows = (*_reminder_rows(voice), _way_on(voice))
    *before, last = voice.bubbles(voice.fill(phrases.deadline), rows, source="notice")
    return (*before, replace(last, attachment=dates))


def attach_dates(voice: Voice) -> Attachment | None:
    """Return the dates as a calendar file; None where everything is over."""
    words, position = voice.content.phrases.calendar, voice.session.position
    cohort = position.answers.get("cohort") or None if position else None
    file = calendar(voice.notice, cohort, words, voice.fill(words.name), voice.now)
    return None if file is None or (position and position.state == "done") else Attachment(words.file, file)


def _reminder_rows(voice: Voice) -> Rows:
    """Return the button for reminders before the deadline; nothing for who gets them, or cannot."""
    if voice.session.reminders or not voice.can.posts:
        return ()
    return ((Button(str(Ask("cmd", "remind")), voice.content.phrases.broadcast.remind),),)


def render_progress(voice: Voice) -> tuple[Reply, ...]:
    """Return the present step, the steps before it, and the count of compared fields."""
    phrases, position = voice.content.phrases, voice.session.position
    if position is None:
        return voice.bubbles(f"{phrases.progress_new}\n\n{voice.facts['clock']}", (_way_on(voice),))
    steps = voice.content.script.by_id
    passed = dict.fromkeys(voice.fill(steps[step].title) for step in position.trail if step in steps)
    text = phrases.progress.format(
        where=render_head(voice, voice.walk.view(position).step),
        state=phrases.states[position.state],
        passed=phrases.facts.comma.join(passed) or phrases.progress_none,
    )
    clock = "" if position.state == "done" else voice.facts["clock"]
    parts = filter(None, (text, count_verdicts(voice, position), clock))
    rows = ((voice.start(),), (voice.command("jump"), voice.command("restart"), voice.command("menu")))
    return voice.bubbles("\n\n".join(parts), rows)


def count_verdicts(voice: Voice, position: Position) -> str:
    """Return how many fields are right, wrong and open, in words; empty before the first comparison."""
    verdicts = list(verdicts_of(voice.notice, position).values())
    right, unjudged = verdicts.count("right") + verdicts.count(CLEARED), verdicts.count("")
    if unjudged == len(verdicts):
        return ""
    wrong = len(verdicts) - right - unjudged
    return voice.content.phrases.progress_checked.format(right=right, wrong=wrong, open=unjudged)


def confirm_class(voice: Voice) -> tuple[Reply, ...]:
    """Return the chosen class, said back, to be confirmed: then each that is easily taken for it, and one for all."""
    position = voice.session.position
    near = list_near_classes(voice.notice, position.answers, voice.now.date()) if position else ()
    buttons = [Button(str(Ask("class", option.id)), option.text) for option in near]
    words = voice.content.phrases.typed
    right = Button(str(Ask("cmd", "resume")), words.class_right)
    other = Button(str(Ask("cmd", "change-cohort")), words.other_class)
    said = words.class_noted.format(name=voice.facts["me.major"])
    return voice.bubbles(said, pack_rows([right, *buttons, other], 2))


def render_banner(voice: Voice) -> str:
    """Return the banner while another day is rehearsed."""
    return voice.fill(voice.content.phrases.rehearsal)


def _way_on(voice: Voice) -> tuple[Button, ...]:
    return (voice.start(), voice.command("menu"))
