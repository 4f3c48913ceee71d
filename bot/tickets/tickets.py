"""Tickets: how a graduate's words reach a person, and how the person's answer comes back. Pure.

Decides on both sides of a ticket and says so in values: replies for who spoke, effects for everybody else. What goes
to staff is masked and names nobody; what staff write goes to the graduate as it is. Must not know: storage, channels,
the clock of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

from bot.content.content import Content
from bot.content.phrases.desk import DeskPhrases
from bot.domain import privacy
from bot.domain.areas import Decision
from bot.domain.messages import Button, Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.privacy import Kind
from bot.domain.roles import Audited
from bot.domain.session import Session
from bot.domain.tickets import Changed, Opened, Ticket, TicketState
from bot.domain.zone import utc
from bot.render.answers import render_answer
from bot.render.layout import Rows, cut
from bot.render.reply import Voice
from bot.tickets.hours import is_open, later, opens_at

ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
"""What a ticket's number is made of: nothing that is misread over the phone, and no words."""
NUMBER = 5
"""Characters of a ticket's number."""
MAX_ANSWER = 3500
"""Characters of one message that staff write to a graduate; longer ones are sent in parts."""
MAX_TOPICS = 5

_PRESS = re.compile(
    rf"desk\|([{ALPHABET}]{{{NUMBER}}})\|(take|drop|close|reopen|topics|say)(?:\|([a-z0-9_-]{{1,40}}))?"
)
_NOTE = re.compile(r"\s*(?://|／／|备注(?:[:：\s]|$))\s*")


@dataclass(frozen=True, slots=True)
class Case:
    """Where a graduate stands with the desk: the ticket that is not closed, and the number that a new one would get."""

    ticket: Ticket | None
    number: str


# The graduate's side


def open_ticket(voice: Voice, case: Case, words: str = "", topics: Sequence[str] = ()) -> Decision:
    """A new ticket, or the one that there is: told where it stands, and given the words."""
    phrases, ticket = voice.content.phrases.desk, case.ticket
    if ticket and ticket.is_relayed:
        more = relay(voice, ticket, words).effects if words else ()
        return Decision(show_state(voice, ticket), more)
    ask = () if words else (phrases.blank,)
    if ticket:
        again = _waiting(voice, replace(ticket, state="open"))
        card = _to_staff(
            phrases,
            again,
            _fill(voice, phrases.again, number=ticket.number, words=mask_for_staff(voice.content, words)),
            _staff_buttons(phrases, again),
        )
        return Decision(_show_ticket(voice, again, phrases.reopened_for_graduate, *ask), (Changed(again), card))
    position = voice.session.position
    opened = Ticket(
        case.number, notice=voice.notice.id, step=position.step if position else "", topics=tuple(topics[:MAX_TOPICS])
    )
    opened = _waiting(voice, opened)
    card = _to_staff(phrases, opened, _card(voice, opened, words), _staff_buttons(phrases, opened))
    return Decision(_show_ticket(voice, opened, phrases.opened, *ask), (Opened(opened), card))


def relay(voice: Voice, ticket: Ticket, words: str) -> Decision:
    """The graduate's words on their way to staff; the graduate hears nothing."""
    phrases = voice.content.phrases.desk
    text = _fill(voice, phrases.from_graduate, number=ticket.number, words=mask_for_staff(voice.content, words))
    return Decision(
        (), (Changed(_waiting(voice, ticket)), _to_staff(phrases, ticket, text, _staff_buttons(phrases, ticket)))
    )


def withdraw(voice: Voice, ticket: Ticket) -> Decision:
    """The graduate needs nobody any more."""
    phrases = voice.content.phrases.desk
    closed = _quiet(replace(ticket, state="closed"))
    news = _to_staff(phrases, closed, _fill(voice, phrases.withdrawn_for_staff, number=ticket.number))
    return Decision(
        voice.bubbles(phrases.withdrawn, ((voice.start(), voice.command("menu")),)), (Changed(closed), news)
    )


def show_state(voice: Voice, ticket: Ticket) -> tuple[Reply, ...]:
    """Where the ticket stands, as the graduate sees it."""
    return _show_ticket(voice, ticket, voice.content.phrases.desk.states[ticket.state])


def announce_forgotten(content: Content, ticket: Ticket, thread: str | None) -> Queued:
    """What staff are told when the graduate had everything deleted; the ticket is deleted as well."""
    words = content.phrases.desk
    text, title = words.forgotten_for_staff.format(number=ticket.number), words.thread.format(number=ticket.number)
    return Queued("staff", Reply(text), thread=thread, title=title if thread else "")


def announce_undelivered(content: Content, number: str, became: Literal["blocked", "failed"]) -> Queued:
    """What staff are told when their answer cannot be delivered."""
    words = content.phrases.desk
    return _to_staff(words, Ticket(number), words.lost_for_staff[became].format(number=number))


def mask_for_staff(content: Content, words: str) -> str:
    """The words as staff may see them."""
    marks = {Kind(name): mark for name, mark in content.phrases.masks.items()}
    return privacy.mask(words, privacy.find(words), marks)


# The staff's side


def parse_press(press: str | None) -> tuple[str, str, str] | None:
    """Ticket number, act and topic of a button of the desk; None for any other."""
    found = _PRESS.fullmatch(press or "")
    return (found[1], found[2], found[3] or "") if found else None


@dataclass(frozen=True)
class StaffTurn:
    """One thing that a member of staff (`who`, by id) did with a ticket. `now`: local time of the notice.

    `current` is the number of the graduate's ticket that is not closed.
    """

    content: Content
    ticket: Ticket
    who: str
    now: datetime
    current: str | None = None

    @property
    def words(self) -> DeskPhrases:
        return self.content.phrases.desk

    def decide(self, incoming: Incoming) -> Decision:
        """What follows from a press or from words in the ticket's thread."""
        button = parse_press(incoming.press)
        if button:
            return self._press(button[1], button[2])
        text = incoming.text.strip()
        if incoming.other == "edited":
            return Decision((Reply(self.words.edited),))
        if incoming.other or not text:
            return Decision((Reply(self.words.text_only),))
        if note := _NOTE.match(text):
            return Decision(effects=(Audited("note", self.ticket.number),)) if text[note.end() :] else Decision()
        return self._refuses(text) or self._answers(Reply(text))

    def _refuses(self, text: str) -> Decision | None:
        """Whose numbers staff may not write either; a phone or an address to write to they may."""
        found = [f for f in privacy.find(text) if f.kind not in (Kind.MOBILE, Kind.MAIL)]
        if not found:
            return None
        phrases = self.content.phrases
        kinds = phrases.facts.comma.join(dict.fromkeys(phrases.tripwire_kinds[f.kind.value] for f in found))
        return Decision((Reply(self.words.secret.format(kinds=kinds)),))

    def _press(self, act: str, topic: str) -> Decision:
        ticket = self.ticket
        if act == "topics":
            return self._posts(self.words.pick_topic if self._topics else self.words.no_topics, rows=self._topics)
        if act == "say" and topic in self.content.entries:
            voice = Voice(self.content, Session(ticket.notice), self.now)
            entry = self.content.entries[topic]
            said = Reply(
                "\n\n".join(r.text for r in render_answer(voice, entry)), source=render_answer(voice, entry)[-1].source
            )
            return self._answers(said, self.words.canned.format(number=ticket.number, title=entry.title))
        if act == "take" and ticket.state in ("open", "released"):
            return self._changes(self._take(), "take", self.words.taken, self.words.taken_for_graduate)
        if act == "take" and ticket.state == "taken" and ticket.taken_by != self.who:
            return self._posts(self.words.taken_before)
        if act == "drop" and ticket.state == "taken":
            return self._changes(replace(ticket, state="open", taken_by=None), "drop", self.words.dropped)
        if act == "close" and ticket.state != "closed":
            closed = _quiet(replace(ticket, state="closed"))
            return self._changes(closed, "close", self.words.closed, self.words.closed_for_graduate)
        if act == "reopen" and ticket.state == "closed":
            return self._reopen()
        return self._posts(self.words.states_for_staff[ticket.state])

    def _take(self) -> Ticket:
        """The ticket in this person's hands, unless they had taken it before; the bot waits for them."""
        until = utc(later(self.words.office, self.now, self.words.release_after_hours))
        return replace(self.ticket, state="taken", taken_by=self.ticket.taken_by or self.who, release_at=until)

    def _reopen(self) -> Decision:
        if self.current and self.current != self.ticket.number:
            return self._posts(self.words.newer, current=self.current)
        return self._changes(self._take(), "reopen", self.words.reopened, self.words.taken_for_graduate)

    def _answers(self, said: Reply, note: str = "") -> Decision:
        """Words on their way to the graduate. Whoever answers has taken the ticket."""
        ticket = self.ticket
        if ticket.state == "closed":
            return self._posts(self.words.closed_before)
        parts = cut(said.text, MAX_ANSWER)
        doors = (
            (_command("withdraw", self.words.buttons["enough"]), _command("resume", self.words.buttons["resume"])),
        )
        replies = [Reply(part, source=said.source) for part in parts]
        replies[0] = replace(replies[0], text=self.words.answer.format(words=replies[0].text))
        replies[-1] = replace(replies[-1], buttons=doors)
        answered = replace(self._take(), waiting_since=None)
        posts = [Queued("graduate", reply, ticket.number) for reply in replies]
        seen = [_to_staff(self.words, answered, note)] if note else []
        return Decision(effects=(Changed(answered), *posts, *seen, Audited("answer", ticket.number)))

    def _changes(self, after: Ticket, act: str, for_staff: str, for_graduate: str = "") -> Decision:
        said = _to_staff(self.words, after, for_staff.format(number=after.number), _staff_buttons(self.words, after))
        enough = ((_command("desk", self.words.buttons["more"]), _command("resume", self.words.buttons["resume"])),)
        news = (
            [Queued("graduate", Reply(for_graduate.format(number=after.number), enough), after.number)]
            if for_graduate
            else []
        )
        return Decision(effects=(Changed(after), said, *news, Audited(act, after.number)))

    def _posts(self, text: str, rows: Rows = (), **about: str) -> Decision:
        rows = rows or _staff_buttons(self.words, self.ticket)
        return Decision(
            effects=(_to_staff(self.words, self.ticket, text.format(number=self.ticket.number, **about), rows),)
        )

    @property
    def _topics(self) -> Rows:
        """The nearest answers of the FAQ, a button each."""
        known = (topic for topic in self.ticket.topics if topic in self.content.entries)
        return tuple((_button(self.ticket, f"say|{topic}", self.content.entries[topic].title),) for topic in known)


def release(content: Content, ticket: Ticket, now: datetime) -> Decision:
    """Nobody said anything for too long: the bot answers again, and both sides are told. What was answered is over."""
    words, voice = content.phrases.desk, Voice(content, Session(ticket.notice), now)
    state: TicketState = "released" if ticket.waiting_since else "closed"
    after = replace(ticket, state=state, taken_by=None, release_at=None)
    doors = ((_command("desk", words.buttons["more"]), _command("resume", words.buttons["resume"])),)
    to_graduate = words.released_for_graduate if ticket.waiting_since else words.quiet_for_graduate
    to_staff = words.released if ticket.waiting_since else words.quiet
    return Decision(
        effects=(
            Changed(after),
            Queued("graduate", Reply(voice.fill(to_graduate, None, number=ticket.number), doors), ticket.number),
            _to_staff(words, after, to_staff.format(number=ticket.number), _staff_buttons(words, after)),
        )
    )


def list_tickets(content: Content, tickets: Sequence[Ticket], now: datetime) -> Reply:
    """The tickets that are not closed, longest waiting first."""
    words = content.phrases.desk
    if not tickets:
        return Reply(words.none_open)
    lines = [
        words.listed.format(
            number=ticket.number,
            state=words.states_for_staff[ticket.state].format(number=ticket.number),
            step=_step(Voice(content, Session(ticket.notice), now), ticket),
            waited=describe_wait(words, ticket.waiting_since, now) if ticket.waiting_since else words.answered,
        )
        for ticket in sorted(
            tickets, key=lambda t: (t.waiting_since is None, t.waiting_since or datetime.max.replace(tzinfo=UTC))
        )
    ]
    text = "\n".join(lines)
    return Reply(cut(text, MAX_ANSWER)[0])


# Waiting


def describe_wait(words: DeskPhrases, since: datetime, now: datetime) -> str:
    """How long somebody has been waiting, in words; `since` aware, `now` local."""
    minutes = max(0, int((utc(now) - since).total_seconds() // 60))
    if minutes < 60:
        return words.minutes.format(n=minutes)
    return words.hours.format(n=minutes // 60) if minutes < 48 * 60 else words.days.format(n=minutes // (24 * 60))


def promise(voice: Voice) -> str:
    """When an answer can be expected, honestly."""
    words, now = voice.content.phrases.desk, voice.now
    if is_open(words.office, now):
        return voice.fill(words.in_hours)
    return voice.fill(words.out_of_hours, None, when=_when(voice.content, opens_at(words.office, now), now.date()))


def _when(content: Content, moment: datetime, today: date) -> str:
    words, facts = content.phrases.desk, content.phrases.facts
    clock = f"{moment.hour}:{moment.minute:02}"
    ahead = (moment.date() - today).days
    if ahead < 2:
        return (words.tomorrow if ahead else words.today).format(clock=clock)
    day = facts.day.format(
        year=moment.year, month=moment.month, day=moment.day, weekday=facts.weekdays[moment.weekday()]
    )
    return words.on_day.format(day=day, clock=clock)


# Words and changes


def _waiting(voice: Voice, ticket: Ticket) -> Ticket:
    """The ticket after words of the graduate's."""
    words = voice.content.phrases.desk
    return replace(
        ticket,
        waiting_since=ticket.waiting_since or utc(voice.now),
        release_at=utc(later(words.office, voice.now, words.release_after_hours)),
    )


def _quiet(ticket: Ticket) -> Ticket:
    return replace(ticket, waiting_since=None, release_at=None, taken_by=None)


def _show_ticket(voice: Voice, ticket: Ticket, *sentences: str) -> tuple[Reply, ...]:
    words = voice.content.phrases.desk
    since = describe_wait(words, ticket.waiting_since, voice.now) if ticket.waiting_since else ""
    about = {"number": ticket.number, "promise": promise(voice), "waited": since}
    text = "\n\n".join(voice.fill(sentence, None, **about) for sentence in sentences)
    return voice.bubbles(text, ((voice.command("withdraw"), voice.start()),))


def _card(voice: Voice, ticket: Ticket, words: str) -> str:
    """A new ticket as staff see it."""
    phrases, content = voice.content.phrases.desk, voice.content
    topics = [content.entries[topic].title for topic in ticket.topics if topic in content.entries]
    return _fill(
        voice,
        phrases.card,
        number=ticket.number,
        words=mask_for_staff(content, words) or phrases.no_words,
        topics=content.phrases.facts.comma.join(topics[:3]) or phrases.no_topics,
        step=_step(voice, ticket),
        who=voice.facts["me.major"],
        notice=voice.notice.notice.short,
    )


def _step(voice: Voice, ticket: Ticket) -> str:
    step = voice.content.script.by_id.get(ticket.step)
    return voice.fill(step.title) if step else voice.content.phrases.desk.before


def _fill(voice: Voice, template: str, **about: str) -> str:
    return voice.fill(template, None, **about)


def _to_staff(words: DeskPhrases, ticket: Ticket, text: str, rows: Rows = ()) -> Queued:
    return Queued("staff", Reply(text, rows), ticket.number, title=words.thread.format(number=ticket.number))


def _staff_buttons(words: DeskPhrases, ticket: Ticket) -> Rows:
    """What staff can do with the ticket as it is now."""
    if ticket.state == "closed":
        return ((_button(ticket, "reopen", words.buttons["reopen"]),),)
    hand = ("drop", "drop") if ticket.state == "taken" else ("take", "take")
    topics = [_button(ticket, "topics", words.buttons["topics"])] if ticket.topics else []
    return (
        (_button(ticket, hand[0], words.buttons[hand[1]]), *topics),  # type: ignore[index]
        (_button(ticket, "close", words.buttons["close"]),),
    )


def _button(ticket: Ticket, act: str, text: str) -> Button:
    return Button(f"desk|{ticket.number}|{act}", text)


def _command(name: str, text: str) -> Button:
    return Button(f"cmd|{name}", text)


def draw(choose: Sequence[int]) -> str:
    """A ticket's number from as many random numbers as it has characters."""
    return "".join(ALPHABET[n % len(ALPHABET)] for n in choose)
