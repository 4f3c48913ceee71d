"""The linear model over candidates, and the best way to cut a message into segments that each mean one of them. Pure.

A reading of a message is a chain of segments, each with a candidate; its score is the sum of the scores of its
candidates. The chance of an act is the share of all readings, weighed by the exponential of their scores, that hold it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from bot.reading.acts import Act, Answer, Values
from bot.reading.candidates import Candidate
from bot.reading.lexicon import weights_file


class Edge(NamedTuple):
    """A segment, as the atoms that it spans, with the candidates for what it means and their scores."""

    first: int
    last: int
    candidates: Sequence[Candidate]
    scores: Sequence[float]


@cache
def weights() -> Mapping[str, float]:
    """The weights that ship: what each feature adds to the log-odds of a candidate."""
    return {name: float(value) for name, value in weights_file().items()}


def score(candidate: Candidate, model: Mapping[str, float]) -> float:
    """The log-odds of a candidate among all readings."""
    return sum(model.get(name, 0.0) * value for name, value in candidate.features.items())


def chances(edges: Sequence[Edge], count: int) -> dict[Act, float]:
    """The chance of every act, 0–1, in a message of so many atoms."""
    totals = [_log_sum(edge.scores) for edge in edges]
    ahead, behind = [-math.inf] * (count + 1), [-math.inf] * (count + 1)
    ahead[0] = behind[count] = 0.0
    for edge, total in sorted(zip(edges, totals, strict=True), key=lambda pair: pair[0].last):
        ahead[edge.last] = _log_sum((ahead[edge.last], ahead[edge.first] + total))
    for edge, total in sorted(zip(edges, totals, strict=True), key=lambda pair: -pair[0].first):
        behind[edge.first] = _log_sum((behind[edge.first], total + behind[edge.last]))
    found: dict[Act, float] = {}
    for edge in edges:
        around = ahead[edge.first] + behind[edge.last] - ahead[count]
        for candidate, value in zip(edge.candidates, edge.scores, strict=True):
            share = math.exp(min(around + value, 0.0))
            for act in candidate.acts:
                found[act] = min(found.get(act, 0.0) + share, 1.0)
    return found


def best(edges: Sequence[Edge], count: int) -> tuple[tuple[Act, ...], float]:
    """The acts of the best reading in the order of the message, and its score. No reading gives two answers to a step."""
    table: list[dict[tuple[Act, ...], tuple[float, tuple[Act, ...]]]] = [{} for _ in range(count + 1)]
    table[0][()] = (0.0, ())
    for edge in sorted(edges, key=lambda edge: (edge.first, edge.last)):
        for answer, (before, acts) in table[edge.first].items():
            for candidate, value in zip(edge.candidates, edge.scores, strict=True):
                given = _answer(candidate.acts)
                if given and answer and given != answer:
                    continue
                there, total = table[edge.last], before + value
                state = given or answer
                if state not in there or total > there[state][0]:
                    there[state] = (total, (*acts, *[act for act in candidate.acts if act not in acts]))
    if not table[count]:
        return (), 0.0
    total, acts = max(table[count].values(), key=lambda pair: (pair[0], repr(pair[1])))
    return acts, total


def _answer(acts: Sequence[Act]) -> tuple[Act, ...]:
    """The answers that exclude each other: all but those to the fields of a checklist."""
    return tuple(act for act in acts if isinstance(act, Values) or (isinstance(act, Answer) and act.item is None))


def _log_sum(values: Sequence[float]) -> float:
    top = max(values, default=-math.inf)
    return top if math.isinf(top) else top + math.log(sum(math.exp(value - top) for value in values))
