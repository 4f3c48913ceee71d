"""The wait of a graduate for an answer: since when, until when, and both in words. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from bot.content.content import Content
from bot.content.phrases.desk import DeskPhrases
from bot.domain.tickets import Ticket
from bot.domain.zone import utc
from bot.render.reply import Voice
from bot.tickets.hours import is_open, later, opens_at
from flows.clock import running_clock


def start_waiting(voice: Voice, ticket: Ticket) -> Ticket:
    """Return the ticket after words of the graduate; the wait counts from the first that nobody answered."""
    return replace(
        ticket,
        waiting_since=ticket.waiting_since or utc(voice.now),
        release_at=release_time(voice.content.phrases.desk, voice.now),
    )


def close(ticket: Ticket) -> Ticket:
    """Return the ticket closed: nobody waits, nobody is in charge of it, no file waits."""
    return replace(ticket, state="closed", waiting_since=None, release_at=None, taken_by=None, taken_at=None, held=())


def say_dropped(words: DeskPhrases, ticket: Ticket) -> tuple[str, ...]:
    """Return the sentence for a graduate whose ticket ends while files wait for their yes; nothing where none do."""
    return (words.held_dropped.format(n=len(ticket.held)),) if ticket.held else ()


def release_time(words: DeskPhrases, now: datetime) -> datetime:
    """Return the moment (UTC) until which the bot waits for staff; `now` is local."""
    return utc(later(words.office, now, words.release_after_hours))


def describe_wait(words: DeskPhrases, since: datetime, now: datetime) -> str:
    """Return the length of a wait in words: minutes, hours, from two days on days; `since` is aware, `now` local."""
    minutes = max(0, int((utc(now) - since).total_seconds() // 60))
    if minutes < 60:
        return words.minutes.format(n=minutes)
    return words.hours.format(n=minutes // 60) if minutes < 48 * 60 else words.days.format(n=minutes // (24 * 60))


def promise(voice: Voice) -> str:
    """Return the sentence that says when an answer can be expected: soon, or when the office opens.

    Where that would be too late for the dates, it asks to phone.
    """
    words, now = voice.content.phrases.desk, voice.now
    answers = voice.session.position.answers if voice.session.position else {}
    window = running_clock(voice.notice, answers.get("cohort") or None, now).window
    last = window.last_day if window else None
    if last == now.date():
        return voice.fill(words.last_day)
    if is_open(words.office, now):
        return voice.fill(words.in_hours)
    if last and opens_at(words.office, now).date() > last:
        return voice.fill(words.too_late, None, last=voice.content.phrases.facts.format_day(last))
    when = _describe_opening(voice.content, opens_at(words.office, now), now.date())
    return voice.fill(words.out_of_hours, None, when=when)


def _describe_opening(content: Content, moment: datetime, today: date) -> str:
    words, facts = content.phrases.desk, content.phrases.facts
    clock = f"{moment.hour}:{moment.minute:02}"
    ahead = (moment.date() - today).days
    if ahead < 2:
        return (words.tomorrow if ahead else words.today).format(clock=clock)
    return words.on_day.format(day=facts.format_day(moment.date()), clock=clock)
