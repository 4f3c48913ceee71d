"""Who answers a message. Pure: from what is remembered and what came in to what to say and what to remember.

The order of precedence stands in `_Turning.turn`, once: secret → button → words for a person while a ticket is open →
slash command or join code → what the present step reads → command words → FAQ → the ladder of misses. Must not know:
storage, channels, the clock of the machine. Whoever answers, the position moves only by a button or by words that the
present step reads.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import methodcaller
from typing import get_args

from bot.content.content import Content
from bot.content.phrases.graduate import CommandName
from bot.conversation import reminders
from bot.domain import button_ids, join_codes, privacy
from bot.domain.areas import Decision
from bot.domain.button_ids import Act, Ask, Pick, Vote
from bot.domain.effects import Effect
from bot.domain.messages import Button, Incoming, Reply, State
from bot.domain.privacy import Finding, Kind
from bot.domain.questions import Picked, Tallied
from bot.domain.session import Session
from bot.render import feedback
from bot.render.reply import RESTART, Voice
from bot.tickets import tickets
from bot.tickets.tickets import Case
from faq.model import Match
from flows.answers import plain
from flows.engine import JUMP, Happening, Move

MAX_TEXT = 500
"""Characters of a message that are read as a question."""
MAX_CHOICES = 3
HEARD = ("menu", "help", "progress", "deadline", "privacy", "forget", "export", "jump", "desk", "withdraw")
"""Commands that are heard as typed words also while words go to a person."""

_START = re.compile(r"/start(?:@\w+)?(?:\s+(notice|step|faq)-([A-Za-z0-9_-]{1,58}))?.*", re.DOTALL | re.ASCII)
_JOIN = re.compile(r"/start(?:@\w+)?\s+join-(\S+)|/join(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.ASCII)
_SLASH = re.compile(r"/([a-z]+)(?:@\w+)?(?:\s.*)?", re.DOTALL | re.ASCII)


@dataclass(frozen=True, slots=True)
class Missed:
    """A question that was not answered at once: masked words, and the nearest topics, best first.

    `tied`: several were as near, and a choice was offered. `mark`: what the buttons call it; None without any.
    """

    question: str
    topics: tuple[str, ...]
    tied: bool = False
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What to say and what to remember. `forget` and `export` are done by whoever has the store.

    `told` are the topics that it answers, `tallied` how far a typed question got. `withdraw`: what was typed held a
    secret; it is nowhere in this turn. `effects` are for others than this person. `toast` is a word that passes.
    """

    session: Session
    replies: tuple[Reply, ...] = ()
    happenings: tuple[Happening, ...] = ()
    told: tuple[str, ...] = ()
    missed: Missed | None = None
    tallied: Tallied | None = None
    forget: bool = False
    export: bool = False
    withdraw: bool = False
    effects: tuple[Effect, ...] = ()
    toast: str = ""

    @property
    def state(self) -> State:
        """Where the person stands: new before the walk."""
        return self.session.position.state if self.session.position else "new"


def decide(
    content: Content,
    session: Session | None,
    incoming: Incoming,
    now: datetime,
    *,
    rehearsed: bool = False,
    case: Case | None = None,
    posts: bool = True,
) -> Turn:
    """The turn for one thing that a person did. `session` is None for somebody unknown, `now` local time of the notice.

    Never raises for anything that a person can type or press. `rehearsed` puts the banner of another day in front.
    `case` is None where no person can be asked; `posts`: people can be written to later, so reminders can be promised.
    """
    only = next(iter(content.notices)) if len(content.notices) == 1 else None
    known = session or Session(only)
    if known.notice not in content.notices:
        known = replace(known, notice=only)
    turn = _TurnMaker(content, incoming, now, fresh=session is None, case=case, posts=posts).turn(known)
    if rehearsed and turn.replies:
        first = turn.replies[0]
        banner = Voice(content, turn.session, now).rehearsal()
        turn = replace(turn, replies=(replace(first, text=f"{banner}\n{first.text}"), *turn.replies[1:]))
    return turn


@dataclass(frozen=True)
class _TurnMaker:
    content: Content
    incoming: Incoming
    now: datetime
    fresh: bool
    case: Case | None = None
    posts: bool = True

    def voice(self, session: Session) -> Voice:
        return Voice(self.content, session, self.now, desk=self.case is not None, posts=self.posts)

    def turn(self, session: Session) -> Turn:
        resumed = self._resume(session)
        turn = self._answer(resumed.session)
        # Spoken after the turn: a first message may have named the notice.
        greeting = self.voice(turn.session).greeting() if self.fresh else ()
        if self._is_greeting(turn):
            return replace(turn, replies=greeting or turn.replies)
        before = tuple(replace(reply, buttons=()) for reply in greeting) if turn.replies else greeting
        return replace(
            turn,
            replies=(*before, *resumed.replies, *turn.replies),
            happenings=(*resumed.happenings, *turn.happenings),
        )

    def _is_greeting(self, turn: Turn) -> bool:
        return self.fresh and turn.session.position is None and turn.replies == self._arrive(turn.session).replies

    def _answer(self, session: Session) -> Turn:
        text, voice, words = self.incoming.text.strip(), self.voice(session), self.content.phrases.words
        found = self._secrets(session, text)
        if found:
            return self._warn_of_secret(session, found)
        if self.incoming.other:
            kinds = self.content.phrases.no_text
            said = kinds.get(self.incoming.other) or kinds["other"]
            return Turn(session, (*voice.bubbles(said), *(voice.again() or voice.menu())))
        if self.incoming.press is not None:
            return self._press(session, self.incoming.press)
        if not text:
            return self._arrive(session)
        if len(text) > MAX_TEXT:
            said = self.content.phrases.too_long
            return Turn(session, (*voice.bubbles(said), *(voice.again() or voice.menu())))
        command = words.get(plain(text)) or words.get(text)
        ticket = self.case.ticket if self.case else None
        if ticket and ticket.is_relayed and command not in HEARD and not text.startswith("/"):
            return self._with_person(session, tickets.relay(voice, ticket, text))
        return (
            self._slash(session, text)
            or self._read_at_step(session, text)
            or self._command(session, command)
            or self._ask_faq(session, text)
        )

    # Secrets

    def _secrets(self, session: Session, text: str) -> tuple[Finding, ...]:
        notice, position = self.voice(session).notice, session.position
        allowed = [phone for contact in notice.contacts for phone in contact.phones]
        allowed += [contact.email for contact in notice.contacts if contact.email]
        found = privacy.find(text, allowed)
        step = self.content.script.by_id.get(position.step) if position else None
        if step and step.reads and step.reads.reader == "certificate":
            # A certificate's number may be as long as an ID's; this step keeps nothing of what it reads.
            return tuple(f for f in found if f.kind is not Kind.LONG_NUMBER)
        return found

    def _warn_of_secret(self, session: Session, found: Sequence[Finding]) -> Turn:
        phrases = self.content.phrases
        kinds = dict.fromkeys(phrases.tripwire_kinds[f.kind.value] for f in found)
        said = phrases.tripwire.format(kinds=phrases.facts.comma.join(kinds), why=phrases.tripwire_why)
        voice = self.voice(session)
        return Turn(session, (*voice.bubbles(said), *(voice.again() or voice.menu())), withdraw=True)

    # Buttons

    def _press(self, session: Session, press: str) -> Turn:
        pressed = button_ids.parse(press)
        match pressed:
            case Act():
                return self._act(session, pressed)
            case Ask():
                return self._follow_link(session, pressed)
            case Pick(mark, topic) if topic in self.content.entries:
                return replace(self._tell_topics(session, (topic,)), effects=(Picked(mark, topic),))
            case Vote() if taken := feedback.take_vote(self.voice(session), pressed):
                return Turn(session, taken.replies, effects=taken.effects, toast=taken.toast)
        return self._stale(session)

    def _follow_link(self, session: Session, pressed: Ask) -> Turn:
        if pressed.kind == "faq" and pressed.name in self.content.entries:
            return self._tell_topics(session, (pressed.name,))
        if pressed.kind == "notice" and pressed.name in self.content.notices:
            return self._pick_notice(session, pressed.name)
        if pressed.kind == "step":
            return self._follow_start(session, "step", pressed.name)
        if pressed.kind == "ack" and (said := reminders.take_ack(self.voice(session), pressed.name)):
            return Turn(said.session, said.replies, effects=said.effects)
        if pressed.kind == "cmd" and (turn := self._command(session, pressed.name)):
            return turn
        return self._stale(session)

    def _act(self, session: Session, act: Act) -> Turn:
        position, walk = session.position, self.voice(session).walk
        moves = position.moves if position else session.moves
        if act.script != self.content.script.id or act.moves != moves or session.notice is None:
            return self._stale(session)
        if position is None:
            move: Move | None = walk.start(session.moves)
            if act.action != JUMP:
                return self._stale(session)
            if move and act.step != self.content.script.start:
                move = walk.jump(move.position, act.step)
        elif act.action == JUMP:
            move = walk.jump(position, act.step)
        elif act.action == RESTART:
            move = walk.start(position.moves)
        else:
            move = walk.press(position, act.action) if act.step == position.step else None
        return self._move(session, move) if move else self._stale(session)

    def _stale(self, session: Session) -> Turn:
        voice = self.voice(session)
        return Turn(session, (*voice.bubbles(self.content.phrases.stale), *voice.step()))

    def _move(self, session: Session, move: Move) -> Turn:
        there = replace(session.at(move.position), misses=0)
        voice, replies = self.voice(there), list[Reply]()
        for said in move.said:
            replies += voice.bubbles(voice.fill(said))
        asked = reminders.ask_consent(voice)
        return Turn(
            asked.session if asked else there,
            (*replies, *voice.step(), *(asked.replies if asked else ())),
            move.happenings,
        )

    # Words

    def _slash(self, session: Session, text: str) -> Turn | None:
        if m := _JOIN.fullmatch(text):
            return self._take_join_code(session, m[1] or m[2] or "")
        if join_codes.parse_code(text):
            return self._take_join_code(session, text)
        if m := _START.fullmatch(text):
            return self._follow_start(session, m[1], m[2])
        m = _SLASH.fullmatch(text)
        return self._command(session, self.content.phrases.words.get(m[1])) if m else None

    def _take_join_code(self, session: Session, typed: str) -> Turn:
        """Somebody says which code they were given, or that it shall be dropped."""
        words, voice, code = self.content.phrases.broadcast.joining, self.voice(session), join_codes.parse_code(typed)
        if code:
            session, said = (
                replace(session, code=code, misses=0),
                words.joined.format(code=join_codes.format_code(code)),
            )
        elif typed in words.drop:
            session, said = replace(session, code=None), words.dropped
        elif typed:
            said = words.wrong
        else:
            said = words.have.format(code=join_codes.format_code(session.code)) if session.code else words.how
        return Turn(session, (*voice.bubbles(said), *(voice.again() or voice.menu())))

    def _follow_start(self, session: Session, kind: str | None, name: str | None) -> Turn:
        """`/start` and its payload: a notice, a step or an FAQ entry; an unknown or old one leads to the menu."""
        if kind == "notice" and name in self.content.notices:
            return self._pick_notice(session, name or "")
        if kind == "faq" and name in self.content.entries:
            return self._tell_topics(session, (name or "",))
        if kind == "step" and name in self.content.script.by_id and session.notice:
            here = session.position
            return self._act(
                session, Act(self.content.script.id, name or "", here.moves if here else session.moves, JUMP)
            )
        return self._arrive(session)

    def _read_at_step(self, session: Session, text: str) -> Turn | None:
        position, voice = session.position, self.voice(session)
        move = voice.walk.read(position, text) if position else None
        if move is None or position is None:
            return None
        reading, phrases = move.reading, self.content.phrases
        if reading is None:
            return self._move(session, move)
        quiet = replace(session, misses=0)
        if reading.refused:
            refused: Mapping[str, str] = phrases.refused  # type: ignore[assignment]
            return Turn(quiet, (*voice.bubbles(refused[reading.refused]), *voice.again()))
        step = self.content.script.by_id[position.step]
        heard = step.reads.heard.get(reading.heard or "", "") if step.reads else ""
        said = voice.bubbles(voice.fill(heard, reading.facts), source=step.source)
        numbers = reading.facts.get("heard.numbers", "").split()
        copies = tuple(Button(number, phrases.copy_number.format(number=number)) for number in numbers)
        return Turn(quiet, (*said[:-1], replace(said[-1], copies=copies), *voice.again()))

    def _command(self, session: Session, name: str | None) -> Turn | None:
        """The turn for a command; None for one that there is not."""
        quiet, voice = replace(session, misses=0), self.voice(session)
        if name == "forget":
            return Turn(Session(session.notice), forget=True)
        if name == "export":
            rows = ((voice.start(), voice.command("menu")),)
            return Turn(quiet, voice.bubbles(self.content.phrases.exported, rows), export=True)
        if name == "hello":
            return self._arrive(quiet)
        if name == "start":
            return self._begin(quiet)
        if name == "none":
            return self._none(session)
        if name == "desk" and self.case:
            return self._with_person(quiet, tickets.open_ticket(voice, self.case))
        if name == "withdraw":
            ticket = self.case.ticket if self.case else None
            return self._with_person(quiet, tickets.withdraw(voice, ticket)) if ticket else Turn(quiet, voice.step())
        if name == "desk":
            name = "contact"
        if name and (said := reminders.take_wish(voice, name)):
            return Turn(replace(said.session, misses=0), said.replies, effects=said.effects)
        cards: Mapping[str, Callable[[], tuple[Reply, ...]]] = {
            "menu": voice.menu,
            "resume": voice.step,
            "deadline": partial(self._alike, quiet, Voice.deadline),
            "progress": partial(self._alike, quiet, Voice.progress),
            "jump": voice.jump,
            "restart": voice.restart,
            "trouble": voice.trouble,
            "why": voice.why,
        }
        if name and name in cards:
            return Turn(quiet, cards[name]())
        if name not in get_args(CommandName):
            return None
        card = methodcaller("card", name)
        small = name in self.content.phrases.small_talk
        return Turn(quiet, card(voice) if small else self._alike(quiet, card))

    def _none(self, session: Session) -> Turn:
        """都不是: a miss like any other, whose words are gone."""
        voice, misses = self.voice(session), session.misses + 1
        if self.case and misses >= len(self.content.phrases.misses):
            return self._with_person(replace(session, misses=0), tickets.open_ticket(voice, self.case))
        if misses < len(self.content.phrases.misses):
            said = voice.bubbles(voice.fill(self.content.phrases.none_of_these), ((voice.command("contact"),),))
        else:
            said = voice.say_missed(misses)
        return Turn(replace(session, misses=misses), (*said, *voice.again()))

    def _begin(self, session: Session) -> Turn:
        voice = self.voice(session)
        if session.notice is None or session.position:
            return Turn(session, voice.step())
        return self._move(session, voice.walk.start(session.moves))

    def _pick_notice(self, session: Session, notice: str) -> Turn:
        """Another notice; its walk goes on where it was, with buttons that are new."""
        chosen = replace(session, notice=notice, misses=0)
        if position := chosen.position:
            chosen = chosen.at(replace(position, moves=session.moves + 1))
        return self._arrive(chosen)

    # Questions

    def _ask_faq(self, session: Session, text: str) -> Turn:
        match = self.content.ask(text, self._likely(session))
        turn = self._reply_to_match(session, text, match)
        if text.startswith("/"):  # a command that there is not: nobody is to write an answer to it
            turn = replace(turn, missed=None)
        cohort = session.position.answers.get("cohort") if session.position else None
        tallied = Tallied(session.notice, cohort or None, match.verdict) if session.notice else None
        return replace(turn, tallied=tallied)

    def _reply_to_match(self, session: Session, text: str, match: Match) -> Turn:
        quiet, voice = replace(session, misses=0), self.voice(session)
        if match.verdict == "answer":
            return self._tell_topics(quiet, match.chosen)
        topics = tuple(candidate.id for candidate in match.topics)
        question = tickets.mask_for_staff(self.content, text)
        mark = hashlib.sha256(question.encode()).hexdigest()[:8]
        if match.verdict == "choices":
            offered = voice.choices(match.chosen[:MAX_CHOICES], self.content.phrases.choices, mark)
            return Turn(quiet, (*offered, *voice.again()), missed=Missed(question, topics, tied=True, mark=mark))
        missed = replace(session, misses=session.misses + 1)
        if self.case and missed.misses >= len(self.content.phrases.misses):
            turn = self._with_person(replace(session, misses=0), tickets.open_ticket(voice, self.case, text, topics))
            return replace(turn, missed=Missed(question, topics))
        said = self._alike(session, methodcaller("say_missed", missed.misses, topics, mark))
        return Turn(missed, (*said, *voice.again()), missed=Missed(question, topics, mark=mark))

    def _likely(self, session: Session) -> frozenset[str]:
        """Topics that people ask after the last answer, and those that belong to the present step."""
        entries, position = self.content.entries, session.position
        next_ = {topic for told in session.told if told in entries for topic in entries[told].follow}
        if position is None:
            return frozenset(next_)
        own = {entry.id for entry in entries.values() if entry.step == position.step}
        return frozenset(next_ | own | {*self.content.script.by_id[position.step].trouble})

    def _tell_topics(self, session: Session, topics: Sequence[str]) -> Turn:
        voice, entries = self.voice(session), [self.content.entries[topic] for topic in topics]
        answer = feedback.ask_if_helpful if self.incoming.edits else Voice.answer
        answers = self._alike(session, lambda v: tuple(reply for entry in entries for reply in answer(v, entry)))
        first = voice.bubbles(self.content.phrases.two_questions) if len(topics) > 1 else ()
        quiet = replace(session, misses=0, told=tuple(topics))
        return Turn(quiet, (*first, *answers, *voice.again()), told=quiet.told)

    def _alike(self, session: Session, say: Callable[[Voice], tuple[Reply, ...]]) -> tuple[Reply, ...]:
        """What is the same under every notice that it may be about; else the question which one it is."""
        if session.notice is None:
            said = [say(self.voice(replace(session, notice=notice))) for notice in self.content.notices]
            if len({tuple(reply.text for reply in replies) for replies in said}) > 1:
                return self.voice(session).pick(self.content.phrases.pick_first)
        return say(self.voice(session))

    def _with_person(self, session: Session, handed: Decision) -> Turn:
        """Said at the desk; the walk can go on by its buttons."""
        again = self.voice(session).again() if handed.replies else ()
        return Turn(session, (*handed.replies, *again), effects=handed.effects)

    # Coming and going

    def _arrive(self, session: Session) -> Turn:
        """Somebody opens the chat: the greeting, or where they stand."""
        voice, phrases = self.voice(session), self.content.phrases
        if session.position is None:
            return Turn(session, voice.menu())
        back = phrases.welcome_back_done if session.position.state == "done" else phrases.welcome_back
        return Turn(session, (*voice.bubbles(back), *voice.step()))

    def _resume(self, session: Session) -> Turn:
        """The session under the present script and notice; says so when the step is gone."""
        if session.position is None:
            return Turn(session)
        move = self.voice(session).walk.resume(session.position)
        gone = any(happening.kind == "gone" for happening in move.happenings)
        said = self.voice(session).bubbles(self.content.phrases.step_gone) if gone else ()
        return Turn(session.at(move.position), said, move.happenings)
