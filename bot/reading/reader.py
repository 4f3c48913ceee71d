"""The reader: a typed message and the place where it is typed, read as a list of acts."""

from __future__ import annotations

from collections.abc import Collection, Hashable, MutableMapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeVar

from bot.reading.acks import is_ack
from bot.reading.acts import Act, AnswerAct, QuestionAct, SecretAct
from bot.reading.candidates import StepWords, Surroundings
from bot.reading.classifier import Classifier, classifier
from bot.reading.fields import fields_in
from bot.reading.lexicon import lexicon, wordings
from bot.reading.look import Look, Weigh
from bot.reading.message import Message
from bot.reading.phrasebook import Phrasebook
from bot.reading.place import MENU, Place, PlaceValues, StepOption
from bot.reading.place import wordings as of_script
from bot.reading.score import Edge, Model, best, chances, model
from bot.reading.urgent import may_be_urgent
from bot.reading.verbatim import EntryLines
from bot.reading.writing import Typist, spelt
from faq.matcher import Matcher, Weighed, verdict
from faq.sounds import units
from flows.model import Script

K = TypeVar("K")
T = TypeVar("T")
_ONE_BY_ONE = frozenset({"but", "except", "yet", "unseen", "unsure", "ask", "later", "if"})
"""Stances of words that say more of some fields than of others."""

LOOKS = 512  # messages that are kept as they were looked at: 好了 and 打开了 are typed by everybody
WEIGHED = 8_192  # stretches of messages for which is kept what the FAQ makes of them
READ = 4_096  # readings that are kept, each of a message at a place
READ_SIZE = 60  # characters of the longest message whose reading is kept: nobody types a longer one again
NEAR = 3  # other acts that are named, at most
NEAR_FROM = 0.02  # chance under which they are not


@dataclass(frozen=True, slots=True)
class Readout:
    """The meaning of a message: its acts, best reading first in the order of the message, each with its chance 0–1.

    `near` are other acts that may be meant, likeliest first: what to offer when nothing is sure. `elsewhere` is the id
    of another step whose answers the words are nearer to than to those of this one; `said` are their stances, and
    "urgent" where a word of despair is among them.
    """

    acts: tuple[Act, ...]
    chances: tuple[float, ...] = ()
    near: tuple[tuple[Act, float], ...] = ()
    elsewhere: str | None = None
    said: frozenset[str] = frozenset()


class MessageReader:
    """Reads messages of a script's graduates; the same whatever the order of its steps, choices and words."""

    def __init__(
        self,
        script: Script,
        matcher: Matcher,
        lines: Collection[str] = (),
        weights: Model | None = None,
        book: Phrasebook | None = None,
        labels: Classifier | None = None,
    ) -> None:
        """`lines` are further texts in the language of the people, from which typed pinyin is read (phrasings); `book`
        may be what `build_book` made of the script and the matcher before.
        """
        self.book: Phrasebook = book or build_book(script, matcher)
        self._of_steps = sorted(
            (name for name in self.book.names if name.split(".")[0] in script.by_id),
            key=lambda name: (script.by_id[name.split(".")[0]].track != script.by_id[script.start].track, name),
        )  # the main track first: 登录了 is said of the login, not of a way to recover it
        self.matcher: Matcher = matcher
        self.lines: EntryLines = EntryLines(matcher, self.book)
        # Not bound to the reader, which keeps the looks that keep it: a cycle would keep a reader that nobody uses.
        self._weigh: Weigh = partial(_weigh, matcher, {})
        self._looks: dict[str, Look | None] = {}
        self._readings: dict[Hashable, Readout] = {}
        self._words: dict[tuple[StepOption, ...], StepWords] = {}  # by the answers of a step: few
        known = lexicon()["stances"].values()
        self.typist = Typist(lambda: map(spelt, chain(lines, *groups_of(script, matcher).values(), *known)))
        self._model = weights or model()
        self._classifier = labels or classifier()

    def with_weights(self, weights: Model) -> MessageReader:
        """Return the same reader with other weights."""
        other = copy(self)
        other._model, other._readings = weights, {}  # noqa: SLF001 – of its own class
        return other

    def with_classifier(self, labels: Classifier) -> MessageReader:
        """Return the same reader with another classifier."""
        other = copy(self)
        other._classifier, other._looks, other._readings = labels, {}, {}  # noqa: SLF001 – of its own class
        return other

    def read(self, text: str, place: Place) -> Readout:
        """Return the meaning of a message at a place. Any text is taken; what says nothing has no acts."""
        if place.secret and place.secret(text):
            return Readout((SecretAct(),), (1.0,))
        values = place.find_values(text)
        key = text, place.without_finders(), values
        readout = self._readings.pop(key, None) or self._read_at(text, place, values)
        if len(text) <= READ_SIZE:
            self._readings[key] = readout  # the newest again
            _drop_oldest(self._readings, READ)
        return readout

    def _read_at(self, text: str, place: Place, values: PlaceValues) -> Readout:
        if (topic := self.lines.find(text)) and not values.parsed:
            return Readout((QuestionAct(topic),), (1.0,))
        around, edges = self._look_around(text, place, values)
        if around is None:
            return Readout(())
        scored, count = self._model.score(edges), len(around.message.atoms)
        acts, _ = best(scored, count)
        chance = chances(scored, count)
        said = frozenset([*(one.name for one in around.message.stances), *["urgent"] * may_be_urgent(text)])
        named = fields_in(around.message.whole, place.fields) if place.fields else ()
        if listed := _list_fields(acts, named, said):
            sure = max(chance[act] for act in acts)
            acts, chance = listed, {**chance, **dict.fromkeys(listed, sure)}
        others = [
            (act, share)
            for act, share in chance.items()
            if share >= NEAR_FROM and act not in acts and not (listed and isinstance(act, AnswerAct))
        ]
        near = sorted(others, key=_likeliest)[:NEAR]
        return Readout(acts, tuple(chance[act] for act in acts), tuple(near), around.elsewhere, said)

    def name_fields(self, text: str, fields: tuple[str, ...]) -> tuple[list[str], bool]:
        """Return the fields that a message names, in its order, and whether it asks something."""
        look = self._look_at(text, MENU)
        if look is None:
            return [], False
        message = look.message
        asks = any(atom.asks for atom in message.atoms) or any(one.name == "ask" for one in message.stances)
        return fields_in(message.whole, fields), asks

    def look(self, text: str, place: Place) -> tuple[Surroundings | None, list[Edge]]:
        """Return the message cut up, and for every segment what it may mean; None for a text without words."""
        return self._look_around(text, place, place.find_values(text))

    def _look_around(self, text: str, place: Place, values: PlaceValues) -> tuple[Surroundings | None, list[Edge]]:
        look = self._look_at(text, place)
        if look is None:
            return None, []
        if place.options not in self._words:
            self._words[place.options] = StepWords(self.book, place.options, self._of_steps)
        around = Surroundings(look, place, self._words[place.options], values, self._classifier)
        return around, [
            Edge(segment.first, segment.last, around.traits(at), list(around.candidates(at)))
            for at, segment in enumerate(around.segments)
        ]

    def _look_at(self, text: str, place: Place) -> Look | None:
        """Return the look at a text, typed at a place; None when it has no words. The last LOOKS are kept."""
        if text not in self._looks:
            message = Message(text, self.typist)
            seen = Look(message, self.book, self._weigh, place, self._classifier) if message.atoms else None
            self._looks[text] = seen
            _drop_oldest(self._looks, LOOKS)
        return self._looks[text]


def _weigh(matcher: Matcher, kept: dict[str, Weighed], texts: Sequence[str]) -> list[Weighed]:
    """Return what the FAQ makes of each of some texts; what it made of the last WEIGHED is kept."""
    new = [text for text in texts if text not in kept]
    kept.update(zip(new, matcher.weigh(new), strict=True))
    found = [kept[text] for text in texts]
    _drop_oldest(kept, WEIGHED)
    return found


def _list_fields(acts: Sequence[Act], named: Sequence[str], said: Collection[str]) -> tuple[Act, ...]:
    """Return the verdict on every field of a list with one verdict at its end (名字 性别 生日 民族都对); none for words
    that say anything else.
    """
    verdicts = {act.action for act in acts if isinstance(act, AnswerAct)}
    items = [act.item for act in acts if isinstance(act, AnswerAct) and act.item in named]
    if len(items) < len(acts) or len(verdicts) != 1 or _ONE_BY_ONE.intersection(said):
        return ()
    end = max([named.index(item) for item in items if item], default=-1) + 1
    return tuple(AnswerAct(verdict, item) for verdict in verdicts for item in named[:end]) if end > 1 else ()


def _drop_oldest(kept: MutableMapping[K, T], limit: int) -> None:
    """Drop what came first while more is kept than the limit. No lru_cache: of a method, it would keep the reader."""
    while len(kept) > limit:
        del kept[next(iter(kept))]


def _likeliest(pair: tuple[Act, float]) -> tuple[float, str]:
    return -pair[1], repr(pair[0])


def build_book(script: Script, matcher: Matcher, before: Phrasebook | None = None) -> Phrasebook:
    """Return the phrasebook that a reader of the script's graduates needs: `before`, if it has the same words."""
    groups = groups_of(script, matcher)
    return before if before and before.made_of == groups else Phrasebook(groups)


def groups_of(script: Script, matcher: Matcher) -> dict[str, list[str]]:
    """Return every group of words by name: the script's and those of the commands; what all steps share without bare
    acknowledgements, which answer one kind of step only; questions that no entry answers.
    """
    groups = of_script(script)
    for kind in ("command", "social", "dark"):
        groups.update((f"{kind}.{name}", list(words)) for name, words in wordings()[kind].items())
    groups = {
        name: [word for word in words if not (name.startswith("*.") and is_ack(units(spelt(word))[0]))]
        for name, words in groups.items()
    }
    new = wordings()["new"]["new"]
    weighed = zip(new, matcher.weigh(new), strict=True)
    return groups | {"new.new": [line for line, own in weighed if verdict([own]).verdict != "answer"]}
