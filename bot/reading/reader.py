"""The reader: a typed message and the place where it is typed, read as a list of acts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from bot.reading import candidates as made
from bot.reading.acts import Act, Answer, Secret
from bot.reading.lexicon import lexicon, wordings
from bot.reading.message import Message, Segment
from bot.reading.phrasebook import Phrasebook
from bot.reading.place import Place, wordings as of_script
from bot.reading.score import Edge, best, chances, score, weights
from bot.reading.writing import Typist, spelt
from faq.matcher import Matcher
from flows.model import Script

SURE = 0.5  # chance from which an act is taken
NEAR = 3  # options that are offered when nothing is sure


@dataclass(frozen=True, slots=True)
class Readout:
    """What a message means: its acts, best reading first in the order of the message, each with its chance 0–1.

    `near` are other acts that may be meant, likeliest first: what to offer when nothing is sure.
    """

    acts: tuple[Act, ...]
    chances: tuple[float, ...] = ()
    near: tuple[tuple[Act, float], ...] = ()


class Reader:
    """Reads messages of a script's graduates; the same whatever the order of its steps, choices and words."""

    def __init__(
        self, script: Script, matcher: Matcher, lines: Iterable[str] = (), model: Mapping[str, float] | None = None
    ) -> None:
        """`lines` are further texts in the language of the people, from which typed pinyin is read (phrasings)."""
        groups = groups_of(script)
        self.book: Phrasebook = Phrasebook(groups)
        self.matcher: Matcher = matcher
        self._typist = Typist(map(spelt, chain(lines, *groups.values(), *lexicon()["stances"].values())))
        self._model = weights() if model is None else model

    def read(self, text: str, place: Place) -> Readout:
        """What a message means at a place. Any text is taken; what says nothing has no acts."""
        if place.secret and place.secret(text):
            return Readout((Secret(),), (1.0,))
        message, edges = self.edges(text, place)
        count = len(message.atoms)
        if not count:
            return Readout(())
        acts, _ = best(edges, count)
        chance = chances(edges, count)
        near = sorted(chance.items(), key=lambda pair: (-pair[1], repr(pair[0])))
        kept = tuple(act for act in acts)
        return Readout(
            kept, tuple(chance[act] for act in kept), tuple(pair for pair in near if pair[0] not in kept)[:NEAR]
        )

    def edges(self, text: str, place: Place) -> tuple[Message, list[Edge]]:
        """The message cut up, and for every segment what it may mean, with the scores."""
        message = Message(text, self._typist)
        segments = list(message.segments())
        looks = made.looks(message, segments, self.matcher)
        parsed = place.parse(text) if place.parse else None
        found = []
        for segment in segments:
            said = parsed if parsed and _covers(segment, parsed.span) else None
            options = list(
                made.candidates(segment, place, self.book, looks.get((segment.first, segment.last)), said)
            )
            found.append(Edge(segment.first, segment.last, options, [score(one, self._model) for one in options]))
        return message, found


def _covers(segment: Segment, span: tuple[int, int]) -> bool:
    """Whether a segment holds a stretch of the raw text, and would not without either of its ends."""
    start, end = segment.raw
    return start <= span[0] and span[1] <= end


def groups_of(script: Script) -> dict[str, list[str]]:
    """Every group of words by name: the script's and those of the commands, without bare acknowledgements."""
    groups = of_script(script)
    for kind in ("command", "social", "dark"):
        groups.update((f"{kind}.{name}", list(words)) for name, words in wordings()[kind].items())
    return {
        name: [word for word in words if not (name.startswith("*.") and made.is_ack(word))]
        for name, words in groups.items()
    }


__all__ = ["Answer", "Reader", "Readout", "groups_of"]
