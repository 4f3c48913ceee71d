"""A person's session: the state of the conversation between turns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

from flows import model
from flows.model import Position
from flows.notice import Notice

LastSaid = Literal["step", "answer", "choices", "confirm", "goodbye", "elsewhere", "class"]
"""Kinds of what the bot said last: a step or card, an answer of the FAQ, a choice of questions, 确定吗, a goodbye, the
question whether to go to another step, or whether a class is the right one.
"""


@dataclass(frozen=True, slots=True)
class Session:
    """The state of one person's conversation.

    `notice` is the chosen one's id, `walks` the position under each notice, `misses` the number of questions missed in
    a row, `told` the topics answered last.

    `moves` is the highest number of moves of any walk, so that a button of one walk never fits another. `reminders`:
    reminders are wanted; None: never asked. `code` is the join code that a teacher gave, `asked_code` one that another
    chat has, about which the office was asked. `code_at` (local time, ISO 8601) is when the code was brought here from
    another browser or chat.

    `last` is the kind of what the bot said last, `offered` the ids of the buttons that it offered to choose from, in
    their order. `pieces` are the masked words of the last messages that said too little to be understood, since
    `pieces_at` (local time, ISO 8601); they are dropped as soon as a message is understood.
    """

    notice: str | None = None
    walks: Mapping[str, Position] = field(default_factory=dict)
    misses: int = 0
    moves: int = 0
    told: tuple[str, ...] = ()
    reminders: bool | None = None
    code: str | None = None
    last: LastSaid = "step"
    offered: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    pieces_at: str = ""
    asked_code: str | None = None
    code_at: str = ""

    @property
    def position(self) -> Position | None:
        """The position under the chosen notice; None before the walk."""
        return self.walks.get(self.notice) if self.notice else None

    def at(self, position: Position) -> Session:
        """Return the session with this position under the chosen notice."""
        walks = {**self.walks, self.notice or "": position}
        return replace(self, walks=walks, moves=max(self.moves, position.moves))

    def move_to(self, notice: Notice) -> Session:
        """Return the session under the notice that took the place of its own, with the position where cohorts agree."""
        walks = dict(self.walks)
        position = walks.pop(self.notice or "", None)
        cohorts = {cohort.id for cohort in notice.cohorts}
        if position and position.answers.get("cohort", "") in {"", *cohorts} and notice.id not in walks:
            walks[notice.id] = position
        return replace(self, notice=notice.id, walks=walks)


def dump(session: Session) -> dict[str, Any]:
    """Return the session as JSON-ready data; `load(dump(s)) == s`."""
    return {
        "notice": session.notice,
        "walks": {notice: model.dump(position) for notice, position in session.walks.items()},
        "misses": session.misses,
        "moves": session.moves,
        "told": list(session.told),
        "reminders": session.reminders,
        "code": session.code,
        "last": session.last,
        "offered": list(session.offered),
        "pieces": list(session.pieces),
        "pieces_at": session.pieces_at,
        "asked_code": session.asked_code,
        "code_at": session.code_at,
    }


def load(data: Mapping[str, Any]) -> Session:
    """Return the session that `dump` wrote. KeyError or ValueError for anything else."""
    walks = {str(notice): model.load(position) for notice, position in data["walks"].items()}
    last = data.get("last", "step")  # sessions of an earlier version lack this and what follows `moves`
    return Session(
        data["notice"],
        walks,
        int(data["misses"]),
        int(data["moves"]),
        tuple(map(str, data.get("told", ()))),
        data.get("reminders"),
        data.get("code"),
        cast("LastSaid", last) if last in get_args(LastSaid) else "step",
        tuple(map(str, data.get("offered", ()))),
        tuple(map(str, data.get("pieces", ()))),
        str(data.get("pieces_at", "")),
        data.get("asked_code"),
        str(data.get("code_at", "")),
    )


@dataclass(frozen=True, slots=True)
class SetAside:
    """A stored session that cannot be read, kept beside the new one of the person whose turn it is."""

    text: str


def session_of(stored: str | None) -> Session:
    """Return the stored session (JSON); an empty one when there is none or it cannot be read."""
    try:
        return load(json.loads(stored)) if stored else Session()
    except (KeyError, TypeError, ValueError):
        return Session()
