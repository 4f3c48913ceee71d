"""Everything that a bot says under one notice: each step, its 为什么 and 遇到问题, each FAQ answer, each card.

Goes in by `decide` alone, as a channel does; what is in the YAML but never shown is not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.content.content import Content
from bot.conversation.decide import decide
from bot.conversation.turn import Turn
from bot.domain.button_ids import Act, Ask
from bot.domain.messages import Incoming, Reply
from bot.domain.session import Session
from flows.engine import JUMP
from flows.model import Position

CARDS = ("menu", "help", "ask", "contact", "deadline", "privacy", "progress", "jump", "restart", "later")


@dataclass(frozen=True, slots=True)
class Said:
    """One screen. `place`: a step id, `why STEP`, `trouble STEP`, `said STEP`, `faq TOPIC` or `card NAME`."""

    place: str
    now: datetime
    text: str
    source: str | None


def everything(content: Content, notice: str, people: Sequence[Mapping[str, str]], now: datetime) -> Iterator[Said]:
    """All screens at one moment. `people` are answers given so far: each is led to every step that lets them in."""

    def turn(session: Session | None, *, press: str | None = None, text: str = "") -> Turn:
        return decide(content, session, Incoming("test", "somebody", text, press), now)

    yield _said("card greeting", turn(None), now)
    for name in CARDS:
        yield _said(f"card {name}", turn(Session(notice), press=str(Ask("cmd", name))), now)
    for topic in content.entries:
        yield _said(f"faq {topic}", turn(Session(notice), press=str(Ask("faq", topic))), now)
    for answers in people:
        for step in content.script.by_id:
            position = Position(content.script.id, content.script.revision, content.script.resume_at, answers=answers)
            there = turn(Session(notice).at(position), press=str(Act(content.script.id, step, 0, JUMP)))
            assert there.session.position
            here = there.session.position.step
            yield _said(here, there, now)
            for name in ("why", "trouble"):
                yield _said(f"{name} {here}", turn(there.session, press=str(Ask("cmd", name))), now)
            reads = content.script.by_id[here].reads
            if reads and reads.reader == "certificate":
                yield _said(f"said {here}", turn(there.session, text="NO.00298959"), now)


def _said(place: str, turn: Turn, now: datetime) -> Said:
    sources = [reply.source for reply in turn.replies if reply.source]
    return Said(place, now, "\n".join(map(_words, turn.replies)), sources[0] if sources else None)


def _words(reply: Reply) -> str:
    buttons = (button.text for row in reply.buttons for button in row)
    return "\n".join((reply.text, *buttons))
