"""A linear classifier of stretches of words: the chance of every answer, question, command and other meaning at a step,
by characters, sounds, stances and subjects. Pure. Each word counts wherever it is typed, and again at the step itself.

It knows the steps, answers and topics of the shipped script and FAQ; of others it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.reading.acts import Act, to_json
from bot.reading.phrasebook import Numbers, Text, add_runs
from bot.reading.place import Place
from faq.index import pairs

FILE = "classifier.npz"
NOTHING = "nothing"
"""The label of words that mean nothing."""
LEAST = -8.0
"""The least logarithm of a chance."""
_ANSWER = "answer "
_IMPOSSIBLE = -30.0  # score of an answer at a step that has no such answer
_WORDS = ("steps", "labels", "names")


class Features(NamedTuple):
    """The known features of some texts: how many each text has, and by feature its number and value."""

    counts: Numbers
    numbers: Numbers
    values: NDArray[np.float64]


class Classifier:
    """Scores by label. The weights of a feature for every label are its row of `shared`, those for the answers of a
    step a row of `own`, found by `keys` (step × names + name, sorted). `usual` is by step and label what each scores
    whatever is said, `slots` by step the labels of the columns of `own`, -1 for none.
    """

    def __init__(self, words: Sequence[Sequence[str]], arrays: Mapping[str, NDArray[Any]]) -> None:
        """`words` are the steps, the labels and the names of features."""
        steps, labels, names = words
        self._steps = {step: at for at, step in enumerate(steps)}
        self._labels = {label: at for at, label in enumerate(labels)}
        self._names = {name: at for at, name in enumerate(names)}
        self._shared, self._own, self._keys = arrays["shared"], arrays["own"], arrays["keys"]
        self._usual, self._slots = arrays["usual"], arrays["slots"]
        self._scale, self._scale_own = arrays["scales"].tolist()
        answers = np.array([label.startswith(_ANSWER) for label in labels])
        self._impossible = np.where(answers, _IMPOSSIBLE, 0.0)

    def find_features(self, texts: Sequence[Text]) -> Features:
        """Return the known features of some texts."""
        known = self._names
        counts, numbers, values = [], list[int](), []
        for text in texts:
            names = features_of(text)
            own = [known[name] for name in names if name in known]
            counts.append(len(own))
            numbers += own
            values.append(value_of(len(names)))
        return Features(np.array(counts, np.int64), np.array(numbers, np.int64), np.array(values).repeat(counts))

    def share(self, found: Features) -> NDArray[np.float64]:
        """Return by text and label what the features say at every step."""
        return add_runs(self._shared[found.numbers] * (found.values * self._scale)[:, None], found.counts)

    def weigh(self, found: Features, shared: NDArray[np.float64], place: Place) -> Chances | None:
        """Return by text the chances of the labels at a place; None at a step that is not known. `shared` is what
        `share` returned.
        """
        step = self._steps.get(place.step)
        if step is None:
            return None
        scores = shared + (self._usual[step] + self._impossible)
        for name in context_of(place):
            if name in self._names:
                scores += self._shared[self._names[name]] * self._scale
        keys = found.numbers + step * len(self._names)
        at = self._keys.searchsorted(keys).clip(max=len(self._keys) - 1)
        values = (self._keys[at] == keys) * found.values * self._scale_own
        slots = self._slots[step]
        own = add_runs(self._own[at] * values[:, None], found.counts)
        scores[:, slots[slots >= 0]] += own[:, slots >= 0] - _IMPOSSIBLE
        scores -= scores.max(axis=1, keepdims=True)
        scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return Chances(scores.tolist(), self._labels)


class Chances:
    """The logarithms of chances by text and label."""

    def __init__(self, logarithms: Sequence[Sequence[float]], labels: Mapping[str, int]) -> None:
        self._logarithms, self._labels = logarithms, labels
        self.tops: Sequence[float] = [max(own) for own in logarithms]

    def find(self, text: int, acts: Sequence[Act]) -> float:
        """Return the logarithm of the chance that a text means some acts, at least LEAST; of what the classifier does
        not know, or not at this step, it is that of the likeliest.
        """
        label = self._labels.get(label_of(acts[0]) if acts else NOTHING)
        found = _IMPOSSIBLE if label is None else self._logarithms[text][label]
        return max(found, LEAST) if found > _IMPOSSIBLE / 2 else self.tops[text]


def features_of(text: Text) -> list[str]:
    """Return the names of the features of a text: characters and pairs, pairs of sounds, stances and subjects."""
    chars, sounds = text.mark_turned(text.chars), text.mark_turned(text.sounds)
    found = (
        *chars,
        *pairs(("<", *chars, ">")),
        *[f"~{pair}" for pair in pairs(("<", *sounds, ">"))],
        *[f"m{name}" for name in text.meaning],
    )
    return list(dict.fromkeys(found))


def context_of(place: Place) -> tuple[str, ...]:
    """Return the names of the features of a place, each with the value 1."""
    return ("after", f"after {place.topic}") if place.topic else ()


def value_of(count: int) -> float:
    """Return the value of each of so many features of a text: of a long one each says less."""
    return 1.0 / math.sqrt(1 + count / 2)


@cache
def label_of(act: Act) -> str:
    """Return the label of an act."""
    return label_of_json(to_json(act))


def label_of_json(act: Mapping[str, Any]) -> str:
    """Return the label of an act: an answer's action without its field, a kind and a name, or the kind alone."""
    name = next((act[key] for key in ("action", "topic", "name", "kind") if key in act), "")
    return f"{act['as']} {name}" if name else "values" if "values" in act else str(act["as"])


@cache
def classifier() -> Classifier:
    """Return the classifier that ships."""
    with resources.files("bot.reading").joinpath(FILE).open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return restore(kept)


def restore(kept: Mapping[str, NDArray[Any]]) -> Classifier:
    """Return the classifier that `pack` made arrays of."""
    arrays = {key: kept[key] for key in kept}
    return Classifier([bytes(arrays.pop(key)).decode().split("\n") for key in _WORDS], arrays)


def pack(
    words: Sequence[Iterable[str]], weights: Mapping[str, NDArray[Any]], arrays: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Return a classifier as arrays: `words` are its steps, labels and names; each of the `weights` becomes a byte."""
    scales = [float(np.abs(own).max()) / 127 or 1.0 for own in weights.values()]
    small = {
        key: np.rint(own / scale).astype(np.int8) for (key, own), scale in zip(weights.items(), scales, strict=True)
    }
    lines = {key: np.frombuffer("\n".join(own).encode(), np.uint8) for key, own in zip(_WORDS, words, strict=True)}
    return {**lines, **small, **arrays, "scales": np.array(scales)}
