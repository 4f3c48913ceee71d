"""A typed message cut into atoms, the smallest stretches that may mean something by themselves, and every segment of
neighbouring atoms. Pure. Must not know places, candidates or scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import NamedTuple

from bot.reading.lexicon import lexicon
from bot.reading.phrasebook import Text, find_turned, meaning, subjects
from bot.reading.stances import Stance, stances
from bot.reading.writing import Stretch, Typist, pieces, spelt
from faq.sounds import units

ATOMS = 9  # at most; what follows belongs to the last
LONGEST = 3  # atoms of a segment that is not the whole message
_ROOM = 5  # units of a piece for each cut in it
_LEAST = 2  # units on either side of a cut inside a piece
_ENDS = frozenset("了的过呢吧吗")  # units behind which a new thought may begin


class Atom(NamedTuple):
    """Units `start` up to `end`, from the raw character `at`; `hard`: punctuation stands before, `asks`: a question
    mark behind.
    """

    start: int
    end: int
    at: int
    to: int
    hard: bool
    asks: bool


@dataclass(frozen=True)
class Segment:
    """Atoms `first` up to `last` (exclusive) of a message."""

    message: Message
    first: int
    last: int

    @cached_property
    def text(self) -> Text:
        """The segment as it is compared."""
        start, end = self.span
        return Text(
            self.message.chars[start:end],
            self.message.sounds[start:end],
            meaning(self.stances, [one for one in self.message.subjects if start <= one[0] and one[1] <= end]),
            find_turned(self.stances, start),
        )

    @cached_property
    def span(self) -> tuple[int, int]:
        """Its first unit, and the unit after its last."""
        return self.message.atoms[self.first].start, self.message.atoms[self.last - 1].end

    @cached_property
    def stances(self) -> list[Stance]:
        start, end = self.span
        return [one for one in self.message.stances if start <= one.start and one.end <= end]

    @property
    def raw(self) -> tuple[int, int]:
        """The characters of the message that it stands on."""
        return self.message.atoms[self.first].at, self.message.atoms[self.last - 1].to

    @cached_property
    def hard_inside(self) -> int:
        """The number of its punctuation."""
        return sum(atom.hard for atom in self.message.atoms[self.first + 1 : self.last])

    @property
    def soft(self) -> int:
        """The number of its two ends that are no punctuation."""
        atoms = self.message.atoms
        return (not atoms[self.first].hard) + (self.last < len(atoms) and not atoms[self.last].hard)

    @property
    def runs_on(self) -> bool:
        """Return whether it ends where no punctuation stands."""
        atoms = self.message.atoms
        return self.last < len(atoms) and not atoms[self.last].hard

    @property
    def is_asked_behind(self) -> bool:
        """Return whether it runs on into words that ask."""
        if not self.runs_on:
            return False
        atom = self.message.atoms[self.last]
        return atom.asks or any(
            one.name == "ask" and atom.start <= one.start < atom.end for one in self.message.stances
        )

    @property
    def does_ask(self) -> bool:
        """Return whether a question mark ends it, or a word of it asks."""
        return self.asks or "ask" in self.text.meaning

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        """The whole before what asks, parts between punctuation before the rest."""
        return not self.is_whole, not self.does_ask, self.soft, self.hard_inside

    def covers(self, span: tuple[int, int]) -> bool:
        """Return whether it holds a stretch of the raw text; signs before the first and behind the last word count."""
        start, end = self.raw
        return (start <= span[0] or not self.first) and (span[1] <= end or self.last == len(self.message.atoms))

    @cached_property
    def asking(self) -> list[bool]:
        """By stretch between punctuation: whether it asks."""
        atoms = self.message.atoms[self.first : self.last]
        edges = [at for at, atom in enumerate(atoms) if atom.hard or not at] + [len(atoms)]
        said = [one.start for one in self.stances if one.name == "ask"]
        return [
            atoms[end - 1].asks or any(atoms[start].start <= at < atoms[end - 1].end for at in said)
            for start, end in pairwise(edges)
        ]

    @property
    def part_asks(self) -> bool:
        """Return whether some of its stretches ask and others do not."""
        return any(self.asking) and not all(self.asking)

    @property
    def asks(self) -> bool:
        return self.message.atoms[self.last - 1].asks

    @property
    def words(self) -> str:
        """For the FAQ's matcher: characters close up, Latin words apart."""
        return join_units(self.text.chars)

    @property
    def is_whole(self) -> bool:
        return self.last - self.first == len(self.message.atoms)


def join_units(chars: Sequence[str]) -> str:
    """Join units to one line."""
    line = ""
    for unit in chars:
        line += f" {unit}" if line and unit.isascii() and line[-1].isascii() else unit
    return line


class Message:
    """A typed text; `text` is as it was typed."""

    def __init__(self, text: str, typist: Typist) -> None:
        self.text: str = text
        found = pieces(text, typist)
        self.chars: tuple[str, ...] = tuple(unit for piece in found for unit in piece.chars)
        self.sounds: tuple[str, ...] = tuple(unit for piece in found for unit in piece.sounds)
        self.stances: list[Stance] = []
        self.subjects: list[tuple[int, int, str]] = []
        self.atoms: list[Atom] = []
        base = 0
        for piece in found:
            own = stances(piece.chars, piece.sounds)
            self.stances += [one._replace(start=one.start + base, end=one.end + base) for one in own]
            self.subjects += [
                (start + base, end + base, name) for start, end, name in subjects(piece.chars, piece.sounds)
            ]
            things = {start - base for start, _, _ in self.subjects if start >= base}
            self.atoms += _atoms(piece, base, own, things)
            base += len(piece.chars)
        if len(self.atoms) > ATOMS:
            self.atoms = _merge(self.atoms)

    @cached_property
    def whole(self) -> Segment:
        """All of it as one segment."""
        return Segment(self, 0, len(self.atoms))

    def segments(self) -> Iterator[Segment]:
        """Yield every run of at most LONGEST atoms inside one piece, or of whole pieces, and the whole message."""
        count = len(self.atoms)
        edges = [at for at, atom in enumerate(self.atoms) if atom.hard] + [count]
        found = {(first, last) for at, first in enumerate(edges) for last in edges[at + 1 : at + 1 + LONGEST]}
        for start, end in pairwise(edges):
            found.update(
                (first, last) for first in range(start, end) for last in range(first + 1, min(first + LONGEST, end) + 1)
            )
        yield from (Segment(self, *span) for span in sorted(found | {(0, count)}))


def _merge(atoms: list[Atom]) -> list[Atom]:
    """At most ATOMS: cuts inside pieces are given up first."""
    whole: list[Atom] = []
    for atom in atoms:
        if whole and not atom.hard:
            whole[-1] = whole[-1]._replace(end=atom.end, to=atom.to, asks=atom.asks)
        else:
            whole.append(atom)
    last = whole[-1]
    if len(whole) > ATOMS:
        whole = [*whole[: ATOMS - 1], whole[ATOMS - 1]._replace(end=last.end, to=last.to, asks=last.asks)]
    return whole


def _atoms(piece: Stretch, base: int, own: list[Stance], things: set[int]) -> Iterator[Atom]:
    size, long = len(piece.chars), piece.end - piece.start
    cuts = [0, *_cuts(piece.chars, own, things), size]
    for start, end in pairwise(cuts):
        yield Atom(
            base + start,
            base + end,
            piece.start + start * long // size,
            piece.start + end * long // size,
            start == 0,
            piece.asks and end == size,
        )


def _cuts(chars: Sequence[str], own: list[Stance], things: set[int]) -> list[int]:
    """Return where a new thought may begin in a stretch: at a joint, behind a particle, at a thing behind a stance."""
    size = len(chars)
    line = "".join(unit if len(unit) == 1 else "\ufffc" for unit in chars)
    inside = {at for one in own if one.end - one.start > 1 for at in range(one.start + 1, one.end)}
    found: list[int] = []
    for at in range(_LEAST, size - _LEAST + 1):
        opens = (at in things and any(one.end == at for one in own)) or _joint().match(line, at)
        if at not in inside and (opens or line[at - 1] in _ENDS) and at - (found[-1] if found else 0) >= _LEAST:
            found.append(at)
    return found[: size // _ROOM]


@cache
def _joint() -> re.Pattern[str]:
    """Any of the words before which a new thought may begin."""
    return re.compile("|".join(re.escape("".join(units(spelt(joint))[0])) for joint in lexicon()["joints"]))
