"""A person who talks with the bot in a test: types, presses buttons; the session is JSON between turns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.content.content import Content
from bot.conversation.decide import decide
from bot.conversation.turn import Turn
from bot.domain import button_ids as ids
from bot.domain import session as sessions
from bot.domain.messages import Button, Incoming, Reply
from bot.domain.session import Session
from bot.render.layout import BUBBLE
from flows.model import Position, dump

CAPTION = 1024
"""Characters of a caption (Bot API)."""


def at(day: str) -> datetime:
    """Return 10:00 of a day (`2013-12-05`), or a moment (`2013-12-05 17:30`), local time of the notice."""
    return datetime.fromisoformat(day if ":" in day else f"{day}T10:00")


def buttons(replies: Sequence[Reply]) -> list[Button]:
    """Return every button under these replies, in reading order."""
    return [button for reply in replies for row in reply.buttons for button in row]


@dataclass
class Person:
    """One person. `stored` is the session as the store would keep it; `turn` is the last one."""

    content: Content
    now: datetime
    stored: str | None = None
    turn: Turn = field(default_factory=lambda: Turn(Session()))

    def does(self, *, text: str = "", press: str | None = None, other: str = "") -> Turn:
        """Take one turn. The session is written and read back, and must come back as it was."""
        known = sessions.load(json.loads(self.stored)) if self.stored else None
        self.turn = decide(self.content, known, Incoming("test", "somebody", text, press, other), self.now)
        self.stored = None if self.turn.forget else json.dumps(sessions.dump(self.turn.session), ensure_ascii=False)
        if self.stored:
            assert sessions.load(json.loads(self.stored)) == self.turn.session
        return self.turn

    def says(self, text: str) -> Turn:
        return self.does(text=text)

    def presses(self, words: str) -> Turn:
        """Press the first button of the last turn with these words, or else the first that begins with them."""
        shown = self.shown
        found = next((b for b in shown if b.text == words), None) or next(b for b in shown if b.text.startswith(words))
        return self.does(press=found.id)

    def stands(self, step: str, **answers: str) -> Person:
        """Put the person on a step with these answers, as if they had walked there; `__` in a name stands for `:`.

        Without answers, every field was compared and right.
        """
        session = self.session or Session(next(iter(self.content.notices)))
        fields = next(iter(self.content.notices.values())).check_fields
        right = {f"field:{field.name}": "right" for field in fields} | {
            "photo": "right",
            "clicked": f"{self.now:%Y-%m-%d}",
        }
        kept = {name.replace("__", ":"): value for name, value in answers.items()} or right
        script = self.content.script
        here = Position(script.id, script.revision, step, moves=session.moves, answers=kept)
        self.stored = json.dumps(sessions.dump(session.at(here)))
        self.turn = replace(self.turn, session=session.at(here))
        return self

    def waits(self, days: int) -> None:
        self.now += timedelta(days=days)

    @property
    def session(self) -> Session | None:
        return sessions.load(json.loads(self.stored)) if self.stored else None

    @property
    def position(self) -> Position | None:
        return self.session.position if self.session else None

    @property
    def step(self) -> str:
        assert self.position, "the walk has not begun"
        return self.position.step

    @property
    def shown(self) -> list[Button]:
        return buttons(self.turn.replies)

    @property
    def heard(self) -> str:
        return "\n".join(reply.text for reply in self.turn.replies)

    def own(self) -> Iterator[Button]:
        """Yield the buttons of the last turn that may move the walk."""
        return (b for b in self.shown if b.id.startswith("1|"))


def dump_position(person: Person) -> str:
    """Return the position as it is stored; empty before the walk."""
    return json.dumps(dump(person.position)) if person.position else ""


def check_turn(turn: Turn) -> None:
    """Check what every turn must have: texts of a fit length, without a gap, and buttons with valid ids."""
    assert turn.replies or turn.forget
    for reply in turn.replies:
        assert 0 < len(reply.text) <= (BUBBLE if reply.picture is None else CAPTION)
        assert "{" not in reply.text, reply.text
        assert "None" not in reply.text, reply.text
    assert len(turn.replies) <= 12
    for button in buttons(turn.replies):
        assert len(button.id.encode()) <= ids.MAX_BYTES
        assert ids.parse(button.id), button.id
        assert 0 < len(button.text) <= 40
    if turn.replies:
        assert buttons(turn.replies), turn.replies[-1].text
