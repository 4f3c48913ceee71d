"""The linear model over candidates, and the best way to cut a message into segments that each mean one of them. Pure.

A reading of a message is a chain of segments, each with a candidate; its score is the sum of the scores of its
candidates. The chance of an act is the share of all readings, weighed by the exponential of their scores, that hold it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from operator import mul
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.reading.acts import Act, AnswerAct, ValuesAct
from bot.reading.candidates import Meaning
from bot.reading.lexicon import weights_file
from bot.reading.look import Traits
from bot.reading.phrasebook import Likeness, add_runs
from faq.dumped import Dumped, arrays_of

Weights = Mapping[str, float]
_CHANCE = "chance."
_HOPELESS = -20.0  # logarithm of a chance that is not worth counting


class Edge(NamedTuple):
    """A segment, as the atoms that it spans, with the candidates for what it means."""

    first: int
    last: int
    traits: Traits
    candidates: Sequence[Meaning]


class Scored(NamedTuple):
    """An edge with the scores of its candidates."""

    first: int
    last: int
    candidates: Sequence[Meaning]
    scores: Sequence[float]


class Model:
    """The weight that each feature adds to the log-odds of a meaning."""

    def __init__(self, own: Weights, traits: Mapping[str, Weights], grams: Mapping[str, Weights]) -> None:
        """`own` by feature of the candidate; by kind of candidate the traits of a segment, and the characters and pairs
        in it.
        """
        self._own = own
        self._kinds = {kind: at for at, kind in enumerate(sorted({*traits, *grams}))}
        self._rows, self._table = _stack((traits, grams), self._kinds)
        self._alike: dict[str, Sequence[float]] = {}
        self._places: dict[tuple[str, ...], Sequence[int]] = {}
        self._chance = _find_chance_weights(own)

    def dump(self) -> Dumped:
        """Return the same as plain values and arrays, for `restore`."""
        return Dumped([self._own, self._kinds, self._rows], arrays_of(self))

    @classmethod
    def restore(cls, dumped: Dumped) -> Model:
        """Return the model of which `dump` was made."""
        made = cls.__new__(cls)
        own, kinds, rows = dumped.plain
        chance = _find_chance_weights(own)
        more = {"_own": own, "_kinds": kinds, "_rows": rows, "_alike": {}, "_places": {}, "_chance": chance}
        made.__dict__.update(dumped.arrays, **more)
        return made

    def score(self, edges: Sequence[Edge]) -> list[Scored]:
        """Return the edges with the scores of their candidates."""
        bases = self._weigh_traits([edge.traits for edge in edges]).tolist()
        return [
            Scored(edge.first, edge.last, edge.candidates, [self._add_up(one, kinds) for one in edge.candidates])
            for edge, kinds in zip(edges, bases, strict=True)
        ]

    def _add_up(self, one: Meaning, kinds: Sequence[float]) -> float:
        """Return the score of a candidate; `kinds` is by kind what the segment's traits say for it."""
        own, score = self._own, self._chance.get(one.kinds[0], 0.0) * one.chance
        for place in self._places.get(one.kinds) or self._find_places(one.kinds):
            score += kinds[place]
        for name, value in one.own.items():
            if value and name in own:
                score += own[name] * value
        return score + sum(map(mul, self._weigh_alike(one.alike), one.like)) if one.alike else score

    def _weigh_traits(self, traits: Sequence[Traits]) -> NDArray[np.float64]:
        """Return for each segment, by kind, the sum of the weights of its traits times their values."""
        names, grams = self._rows
        counts: list[int] = []
        rows: list[int] = []
        values: list[float] = []
        for own in traits:
            known = [(names[name], value) for name, value in own.features if name in names]
            there = [grams[gram] for gram in own.grams if gram in grams]
            rows += [row for row, _ in known]
            rows += there
            values += [value for _, value in known]
            values += [gram_value(own)] * len(there)
            counts.append(len(known) + len(there))
        # No product of matrices: of big ones, numpy makes work for all cores.
        return add_runs(self._table[rows] * np.array(values)[:, None], np.array(counts))

    def _find_places(self, kinds: tuple[str, ...]) -> Sequence[int]:
        """Return the columns of the kinds of a candidate, of which there are few different ones."""
        self._places[kinds] = places = [self._kinds[kind] for kind in kinds if kind in self._kinds]
        return places

    def _weigh_alike(self, alike: str) -> Sequence[float]:
        """Return the weights of the numbers of a `Likeness`."""
        if alike not in self._alike:
            self._alike[alike] = [self._own.get(name, 0.0) for name in name_likeness(alike)]
        return self._alike[alike]


def _stack(
    parts: Sequence[Mapping[str, Weights]], kinds: Mapping[str, int]
) -> tuple[list[dict[str, int]], NDArray[np.float32]]:
    """Return for each part of the weights the rows of its names in one table, and the table: by name and kind."""
    names = [sorted({name for own in part.values() for name in own}) for part in parts]
    starts = [0, *accumulate(map(len, names))]
    rows = [{name: at for at, name in enumerate(own, start)} for own, start in zip(names, starts, strict=False)]
    table = np.zeros((starts[-1], len(kinds)), np.float32)
    for part, own in zip(parts, rows, strict=True):
        for kind, weights in part.items():
            for name, value in weights.items():
                table[own[name], kinds[kind]] = value
    return rows, table


def _find_chance_weights(own: Weights) -> Weights:
    """Return by kind the weight of the classifier's chance."""
    return {name.removeprefix(_CHANCE): value for name, value in own.items() if name.startswith(_CHANCE)}


def name_likeness(alike: str) -> list[str]:
    """Return the names of the features that the numbers of a `Likeness` are."""
    return [f"{alike}={field}" for field in Likeness._fields]


def gram_value(traits: Traits) -> float:
    """Return the value of each gram's feature: of a long text each says less."""
    return 1.0 / math.sqrt(1 + len(traits.grams) / 2)


def own_features(candidate: Meaning) -> Iterator[tuple[str, float]]:
    """Yield the features of a candidate alone."""
    yield from candidate.own.items()
    if candidate.alike:
        yield from zip(name_likeness(candidate.alike), candidate.like, strict=True)
    if candidate.chance:
        yield f"{_CHANCE}{candidate.kinds[0]}", candidate.chance


@cache
def model() -> Model:
    """Return the weights that ship."""
    return model_of(weights_file())


def model_of(data: Mapping[str, Any]) -> Model:
    """Return the model as `weights.json` holds it."""
    return Model(data["own"], data["traits"], data["grams"])


def chances(edges: Sequence[Scored], count: int) -> dict[Act, float]:
    """Return the chance of every act, 0–1, in a message of so many atoms."""
    totals = [_log_sum(edge.scores) for edge in edges]
    ahead, behind = [-math.inf] * (count + 1), [-math.inf] * (count + 1)
    ahead[0] = behind[count] = 0.0
    for edge, total in sorted(zip(edges, totals, strict=True), key=lambda pair: pair[0].last):
        ahead[edge.last] = _log_sum((ahead[edge.last], ahead[edge.first] + total))
    for edge, total in sorted(zip(edges, totals, strict=True), key=lambda pair: -pair[0].first):
        behind[edge.first] = _log_sum((behind[edge.first], total + behind[edge.last]))
    found: dict[Act, float] = {}
    for edge, total in zip(edges, totals, strict=True):
        around = ahead[edge.first] + behind[edge.last] - ahead[count]
        if around + total <= _HOPELESS:
            continue
        for candidate, value in zip(edge.candidates, edge.scores, strict=True):
            likely = around + value
            if likely > _HOPELESS:
                share = math.exp(likely) if likely < 0.0 else 1.0
                for act in candidate.acts:
                    found[act] = min(found.get(act, 0.0) + share, 1.0)
    return found


def best(edges: Sequence[Scored], count: int) -> tuple[tuple[Act, ...], float]:
    """Return the acts of the best reading, in the order of the message, and its score; at most one answers."""
    table: list[dict[tuple[Act, ...], tuple[float, tuple[Act, ...]]]] = [{} for _ in range(count + 1)]
    table[0][()] = (0.0, ())
    for edge in sorted(edges, key=lambda edge: (edge.first, edge.last)):
        ranked = _best_by_answer(edge)
        for answer, (before, acts) in table[edge.first].items():
            for given, value, own in ranked:
                if given and answer and given != answer:
                    continue
                there, total, state = table[edge.last], before + value, given or answer
                if state not in there or total > there[state][0]:
                    there[state] = (total, (*acts, *[act for act in own if act not in acts]))
    if not table[count]:
        return (), 0.0
    top = max(total for total, _ in table[count].values())
    return max([acts for total, acts in table[count].values() if total == top], key=repr), top


def _best_by_answer(edge: Scored) -> list[tuple[tuple[Act, ...], float, tuple[Act, ...]]]:
    """Return the best of the candidates that give the same answer to the step: the others are in no best reading."""
    found: dict[tuple[Act, ...], tuple[float, tuple[Act, ...]]] = {}
    for candidate, value in zip(edge.candidates, edge.scores, strict=True):
        acts = candidate.acts
        # Most candidates are one act that answers nothing.
        answer = () if len(acts) == 1 and type(acts[0]) not in (AnswerAct, ValuesAct) else _answer(acts)
        before = found.get(answer)
        if before is None or value > before[0] or (value == before[0] and repr(acts) > repr(before[1])):
            found[answer] = (value, acts)
    return [(answer, value, acts) for answer, (value, acts) in found.items()]


def _answer(acts: Sequence[Act]) -> tuple[Act, ...]:
    """Return the answers that exclude each other: all but those to the fields of a checklist."""
    return tuple(
        [act for act in acts if isinstance(act, ValuesAct) or (isinstance(act, AnswerAct) and act.item is None)]
    )


def _log_sum(values: Sequence[float]) -> float:
    top = max(values, default=-math.inf)
    return top if math.isinf(top) else top + math.log(sum([math.exp(value - top) for value in values]))
