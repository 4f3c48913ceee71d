"""What a graduate says about reminders: wants them, does not, wants one tomorrow, answers one. Pure.

Off until somebody says yes. Asked once, in the walk; a personal reminder is asked for by whoever gets it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import get_args

from bot.domain.broadcast import Ack, Answered
from bot.domain.button_ids import Ask
from bot.domain.effects import Effect
from bot.domain.messages import Button, Reply
from bot.domain.questions import AnswerWanted
from bot.domain.reminders import Remind
from bot.domain.session import Session
from bot.domain.zone import ZONE
from bot.render.answers import render_answer
from bot.render.reply import Voice
from faq.model import Entry
from flows.clock import Phase, running_clock

ASKED_AT = range(2, 9)
"""The main steps at which everybody is asked: preparations are over, many put the rest off, and it is not done yet."""
REMINDERS = ("remind", "mute", "tomorrow", "weekend")
"""The commands about reminders."""
MORNING = time(9, 30)
"""When a personal reminder comes, local time."""
WAITS_FOR = timedelta(days=30)
"""How long an answer is waited for where no window says when it comes too late."""


@dataclass(frozen=True, slots=True)
class ReminderReply:
    """The session afterwards, what to say, and what else follows."""

    session: Session
    replies: tuple[Reply, ...]
    effects: tuple[Effect, ...] = ()


def ask_consent(voice: Voice) -> ReminderReply | None:
    """The question whether to remind, once; None before that, after it, and where nothing can remind or needs to."""
    session, words = voice.session, voice.content.phrases.broadcast
    step = voice.content.script.by_id.get(session.position.step) if session.position else None
    if not voice.can.posts or session.reminders is not None or step is None or step.n not in ASKED_AT:
        return None
    if running_clock(voice.notice, _cohort(session), voice.now).phase is Phase.CLOSED:
        return None
    row = (Button(str(Ask("cmd", "remind")), words.consent_yes), Button(str(Ask("cmd", "mute")), words.consent_no))
    return ReminderReply(replace(session, reminders=False), voice.bubbles(words.ask_consent, (row,)))


def take_wish(voice: Voice, name: str) -> ReminderReply | None:
    """What follows from a command about reminders; None for any other."""
    session, words = voice.session, voice.content.phrases.broadcast
    on = ((voice.start(), voice.command("deadline")),)
    if name in REMINDERS and not voice.can.posts:
        return ReminderReply(session, voice.bubbles(words.no_reminders, on))
    running = running_clock(voice.notice, _cohort(session), voice.now)
    if name == "remind":
        said = words.reminded_late if running.phase is Phase.CLOSED else words.reminded_on + _place(voice)
        return ReminderReply(replace(session, reminders=True), voice.bubbles(voice.fill(said), on))
    if name == "mute":
        return ReminderReply(
            replace(session, reminders=False),
            voice.bubbles(voice.fill(words.muted), on),
            (Remind(None), AnswerWanted("", None)),
        )
    if name not in REMINDERS:
        return None
    day = voice.now.date() + timedelta(days=1)
    while name == "weekend" and day.weekday() < 5:
        day += timedelta(days=1)
    due = datetime.combine(day, MORNING, ZONE).astimezone(UTC)
    position = session.position
    step = voice.fill(voice.walk.view(position).step.title) if position else voice.notice.notice.short
    when = voice.content.phrases.facts.format_day(day)
    ends = running.window.last_day if running.window else None
    said = words.remind_late if ends and day > ends else words.remind_at
    told = said.format(when=when, step=step) + _place(voice)
    return ReminderReply(session, voice.bubbles(told, on), (Remind(due),))


def offer_to_tell(voice: Voice, mark: str) -> tuple[Button, ...]:
    """The button of whoever wants to hear the answer to a question of that mark; none where nothing can be sent."""
    label = voice.content.phrases.broadcast.hear
    return (Button(str(Ask("hear", mark)), label),) if mark and voice.can.posts else ()


def want_answer(voice: Voice, mark: str) -> ReminderReply:
    """What follows when somebody wants to hear the answer: kept until the window ends, else for a month."""
    window = running_clock(voice.notice, _cohort(voice.session), voice.now).window if voice.session.notice else None
    last = (window and window.last_day) or voice.now.date() + WAITS_FOR
    until = datetime.combine(last + timedelta(days=1), time(0), ZONE).astimezone(UTC)
    said = voice.content.phrases.broadcast.will_hear.format(when=voice.content.phrases.facts.format_day(last))
    told = voice.bubbles(f"{said}{_place(voice)}", ((voice.start(), voice.command("menu")),))
    return ReminderReply(voice.session, told, (AnswerWanted(mark, until),))


def render_wanted_answer(voice: Voice, question: str, entry: Entry) -> tuple[Reply, ...]:
    """The answer that somebody wanted to hear, below their question."""
    first = voice.bubbles(voice.content.phrases.broadcast.heard.format(question=question))
    return (*first, *render_answer(voice, entry))


def _place(voice: Voice) -> str:
    """Where a reminder is seen: if nothing rings there, or if that is not where it was asked for."""
    words = voice.content.phrases.broadcast
    if voice.elsewhere:
        return f"\n\n{words.reminded_there.format(channel=words.channels.get(voice.elsewhere, voice.elsewhere))}"
    return f"\n\n{words.fetched}" if voice.can.fetched else ""


def take_ack(voice: Voice, name: str) -> ReminderReply | None:
    """What follows from `12-known`: the answer to broadcast 12. None for what no broadcast ever asked."""
    number, _, ack = name.partition("-")
    if not number.isdigit() or len(number) > 9 or ack not in get_args(Ack):
        return None
    words = voice.content.phrases.broadcast
    said: Ack = ack  # type: ignore[assignment]
    row = (voice.command("trouble"), voice.command("desk" if voice.desk else "contact"))
    rows = (
        (row, (voice.start(), voice.command("menu"))) if ack == "trouble" else ((voice.start(), voice.command("menu")),)
    )
    effects = (Answered(int(number), said),) if int(number) else ()
    return ReminderReply(voice.session, voice.bubbles(words.acked[said], rows), effects)


def render_reminder(voice: Voice) -> Reply | None:
    """The reminder that this person asked for; None when there is nothing left to do."""
    position, words = voice.session.position, voice.content.phrases.broadcast
    if position and position.state == "done":
        return None
    rows = ((voice.start(),), (Button(str(Ask("cmd", "mute")), words.mute), voice.command("later")))
    return voice.bubbles(voice.fill(words.personal), rows)[-1]


def _cohort(session: Session) -> str | None:
    return session.position.answers.get("cohort") or None if session.position else None
