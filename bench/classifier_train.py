"""Fits the classifier of stretches of words: bot/reading/classifier.npz, a multinomial logistic regression.

Needs scipy. `python -m bench.reading_train` calls it. It learns messages that mean one thing, the words of the script
and of the commands, and the phrasings of the FAQ, which are typed at no step.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from bench.turns_understood import Turn, accepted, content, place_of, reader
from bot.reading.acks import is_ack
from bot.reading.classifier import NOTHING, context_of, features_of, label_of_json, pack, value_of
from bot.reading.lexicon import wordings
from bot.reading.message import Message
from bot.reading.place import options, own_words
from bot.reading.writing import spelt
from faq.sounds import units

PULL = 0.5  # of weights towards zero
ROUNDS = 60
OFTEN, OFTEN_AT_STEP = 3, 2  # texts in which a feature must stand to have weights
ANYWHERE = "*"  # the step of words that are typed at any
COUNTS = {"phrasing": 0.4, "words": 0.5, "everyday": 0.3, "misplaced": 0.2, "field": 0.2}
"""What a text counts, by its style; any other counts 1."""
_FAR = -30.0  # score of what cannot be meant


class Sample(NamedTuple):
    """A text as features, with every label that is right; `step` is ANYWHERE for words of no step."""

    step: str
    features: Sequence[str]
    context: Sequence[str]
    labels: frozenset[str]
    count: float


def word_turns() -> list[Turn]:
    """Return all words of the script for its answers, those for commands, social words and despair, and phrasings."""
    script, turns = content().script, list[Turn]()
    for step in script.steps:
        own = own_words(script, step)
        for option in options(script, step):
            said = [*own.get(option.action, ()), *script.synonyms.get(option.action, ())]
            turns += [
                {"at": step.id, "say": word, "want": [{"as": "answer", "action": option.action}], "style": "words"}
                for word in dict.fromkeys(said)
                if "{" not in word and not is_ack(units(spelt(word))[0])
            ]
    for kind in ("command", "social", "dark"):
        for name, words in wordings()[kind].items():
            act = {"command": {"as": kind, "name": name}, "social": {"as": kind, "kind": name}}.get(kind, {"as": name})
            turns += [{"at": ANYWHERE, "say": word, "want": [act], "style": "words"} for word in words]
    for topic, entry in sorted(content().entries.items()):
        want = [{"as": "question", "topic": topic}]
        turns += [{"at": ANYWHERE, "say": said, "want": want, "style": "phrasing"} for said in entry.phrasings]
    return turns


def samples_of(turns: Sequence[Turn]) -> list[Sample]:
    """Return messages as samples, but those of several acts, with a secret, or without words."""
    return [sample for turn in turns if (sample := _sample(turn))]


def _sample(turn: Turn) -> Sample | None:
    message = Message(turn["say"], reader().typist)
    if len(turn["want"]) > 1 or not message.atoms or is_ack(message.chars):
        return None
    there = {**turn, "at": "menu"} if turn["at"] == ANYWHERE else turn
    single = [acts for acts in accepted(there) if len(acts) < 2]
    ways = [[label_of_json(json.loads(one)) for act in acts for one in act] for acts in single]
    labels = {label for own in ways for label in own or [NOTHING]}
    if "secret" in labels:
        return None
    count = COUNTS.get(turn["style"], 1.0)
    step = ANYWHERE if turn["at"] == ANYWHERE else place_of(turn).step
    return Sample(step, features_of(message.whole.text), context_of(place_of(there)), frozenset(labels), count)


def fit_classifier(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the arrays of the classifier under which the labels are likeliest."""
    often = Counter(name for one in samples for name in (*one.features, *one.context))
    names = sorted(name for name, count in often.items() if count >= OFTEN)
    labels = sorted({label for one in samples for label in one.labels})
    problem = _Problem(samples, names, labels)
    shared, own, usual = problem.fit()
    arrays = {"usual": usual, "slots": problem.slots, "keys": problem.keys}
    return pack((problem.steps, labels, names), {"shared": shared, "own": own}, arrays)


class _Problem:
    """Samples as arrays, by sample: its features, those at its step, its step, and which labels are right."""

    def __init__(self, samples: Sequence[Sample], names: Sequence[str], labels: Sequence[str]) -> None:
        number = {label: at for at, label in enumerate(labels)}
        answers = _list_answers()
        self.steps: list[str] = [*sorted(answers), ANYWHERE]
        self.slots = np.full((len(self.steps), max(map(len, answers.values()))), -1, np.int64)
        for row, step in zip(self.slots, sorted(answers), strict=False):
            known = [number[label] for label in answers[step] if label in number]
            row[: len(known)] = known
        self.at = np.array([self.steps.index(one.step) for one in samples])
        self.counts = np.array([one.count for one in samples], np.float32)[:, None]
        self.right = np.zeros((len(samples), len(labels)), bool)
        for row, one in enumerate(samples):
            self.right[row, [number[label] for label in one.labels]] = True
        self.far = np.where(self._list_possible(labels)[self.at] | self.right, 0.0, _FAR).astype(np.float32)
        every = csr_matrix((np.ones(len(samples)), (np.arange(len(samples)), self.at)), dtype=np.float32)
        every.resize(len(samples), len(self.steps))
        self.parts = (*self._take_features(samples, {name: at for at, name in enumerate(names)}), every)
        self.flipped = [part.T.tocsr() for part in self.parts]
        self.taken = [(column, own >= 0, own[own >= 0]) for column, own in enumerate(self.slots[self.at].T)]

    def _list_possible(self, labels: Sequence[str]) -> NDArray[np.bool_]:
        """Return by step and label whether it may be meant there: no answer of another step."""
        possible = np.array([[not label.startswith("answer ") for label in labels]] * len(self.steps))
        for row, own in zip(possible, self.slots, strict=True):
            row[own[own >= 0]] = True
        return possible

    def _take_features(self, samples: Sequence[Sample], names: Mapping[str, int]) -> tuple[csr_matrix, csr_matrix]:
        """Return the features by sample, and again those that stand often enough at a step, by sample."""
        cells = [
            (row, names[name], 1.0 if name in one.context else value_of(len(one.features)))
            for row, one in enumerate(samples)
            for name in (*one.features, *one.context)
            if name in names
        ]
        rows, columns, values = map(np.array, zip(*cells, strict=True))
        keys = columns + self.at[rows] * len(names)
        found, counts = np.unique(keys, return_counts=True)
        self.keys = found[(counts >= OFTEN_AT_STEP) & (found < (len(self.steps) - 1) * len(names))]
        there = self.keys.searchsorted(keys).clip(max=len(self.keys) - 1)
        has = self.keys[there] == keys
        shape = len(samples), len(names)
        return (
            csr_matrix((values, (rows, columns)), shape, np.float32),
            csr_matrix((values[has], (rows[has], there[has])), (len(samples), len(self.keys)), np.float32),
        )

    def fit(self) -> list[NDArray[np.float32]]:
        """Return the weights: by feature and label, by feature at a step and slot, by step and label."""
        labels = self.right.shape[1]
        widths = labels, self.slots.shape[1], labels
        shapes = [(part.shape[1], width) for part, width in zip(self.parts, widths, strict=True)]
        cuts = np.cumsum([height * width for height, width in shapes])

        def split(values: NDArray[Any]) -> list[NDArray[np.float32]]:
            parts = np.split(values.astype(np.float32), cuts[:-1])
            return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

        def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights = split(values)
            scores = self.far + self.parts[0] @ weights[0] + self.parts[2] @ weights[2]
            own = self.parts[1] @ weights[1]
            for column, has, label in self.taken:
                scores[has, label] += own[has, column]
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            right = np.where(self.right, shares, 0.0)
            every, wanted = shares.sum(axis=1, keepdims=True), right.sum(axis=1, keepdims=True) + 1e-30
            slope = (shares / every - right / wanted) * self.counts
            back = np.zeros_like(own)
            for column, has, label in self.taken:
                back[has, column] = slope[has, label]
            slopes = [flipped @ part for flipped, part in zip(self.flipped, (slope, back, slope), strict=True)]
            total = float((self.counts * np.log(every / wanted)).sum()) + PULL * float(values @ values) / 2
            return total, np.concatenate([part.ravel() for part in slopes]) + PULL * values

        options = {"maxiter": ROUNDS, "maxcor": 5}
        return split(minimize(loss, np.zeros(cuts[-1]), jac=True, method="L-BFGS-B", options=options).x)


def _list_answers() -> dict[str, list[str]]:
    """Return by step the labels of its answers; before the walk nothing is learnt of them: few are typed there."""
    script = content().script
    found = {step.id: sorted({f"answer {option.action}" for option in options(script, step)}) for step in script.steps}
    return {**found, "menu": []}
