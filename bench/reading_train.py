"""Makes the reader's weights: bot/reading/weights.json and bot/reading/classifier.npz.

    python -m bench.reading_train                     fits them to bench/turns/*.jsonl (needs numpy and scipy)
    python -m bench.reading_train across [FILE ...]   leaves out one file after another; FILEs are only tested on

A message's label says which acts it holds, not which words say which: of all ways to cut it up and to read each part,
those that give the labelled acts are likeliest under the weights (a semi-Markov conditional random field with hidden
segments). What the classifier of `bench.classifier_train` says is a feature of it: of each message, what one says that
has not learnt the files of its part (stacking).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from bench.classifier_train import Sample, fit_classifier, samples_of, word_turns
from bench.reading_fit import Examples, Fitted, Graph, Problem
from bench.reading_turns import (
    field_turns,
    join_turns,
    phrasing_turns,
    reader_for,
    script_turns,
    with_folds,
    with_misplaced,
    with_topics,
)
from bench.turns_understood import Turn, accepted, form, place_of, reader, report, turns_in
from bot.reading.acts import AnswerAct, ValuesAct, to_json
from bot.reading.candidates import Meaning
from bot.reading.classifier import FILE, Classifier, restore
from bot.reading.look import Traits
from bot.reading.reader import MessageReader
from bot.reading.score import Edge, gram_value, model_of, own_features

ROOT = Path(__file__).parents[1]
TURNS = ROOT / "bench" / "turns"
READING = ROOT / "bot" / "reading"
MADE_OF_WORDS = "script"  # where a file of messages is named
PULL = 1.0  # towards zero
GRAM_PULL = 1.0  # times as much for characters and pairs of them
OFTEN = 4  # messages in which a character or pair must stand to have a weight
PARTS = 3  # of the messages, each of which is learnt as a classifier sees it that has learnt the others
COST = 0.5  # log-odds by which an answer that was not given must lose more than another wrong reading
MADE = {"joined": 0.15, "misplaced": 0.2, "phrasing": 0.3, "field": 0.2, "everyday": 0.3}
"""What a message counts that nobody wrote, by its style; an everyday one stands at many steps."""
SEVERAL = 1.3  # what a message of several acts counts
ROUNDS = 120
LEAST = 0.02  # weight that is kept
GRAM_LEAST = 0.05


class Gatherer:
    """Gathers labelled messages as examples; those whose label no reading gives are left out."""

    def __init__(self, turns: Sequence[Turn], reader_of: Callable[[Turn], MessageReader]) -> None:
        read = [reader_of(turn).look(turn["say"], place_of(turn)) for turn in turns]
        self._often = _find_often([edges for _, edges in read])
        self.examples = Examples()
        self.kept: list[int] = []
        self._candidate(self.examples.traits.add([]), Meaning((), ()), 0.0)
        for at, (turn, (around, edges)) in enumerate(zip(turns, read, strict=True)):
            if around and self._add(turn, len(around.message.atoms), edges):
                self.kept.append(at)
            elif "-v" in sys.argv:
                print("unreachable:", turn["at"], turn["say"], turn["want"])

    @cached_property
    def problem(self) -> Problem:
        """The examples as arrays."""
        return Problem(self.examples)

    def _add(self, turn: Turn, atoms: int, edges: Sequence[Edge]) -> bool:
        wanted = [acts for acts in accepted(turn) if not _has_secret(acts)]
        forms = [[[form(to_json(act)) for act in one.acts] for one in edge.candidates] for edge in edges]
        if not edges or not any(_is_reachable(acts, atoms, edges, forms) for acts in wanted):
            return False
        right = {one for acts in wanted for forms in acts for one in forms}
        links = []
        for edge, each in zip(edges, forms, strict=True):
            segment = self.examples.traits.add(self._traits(edge.traits))
            for one, acts in zip(edge.candidates, each, strict=True):
                moves = any(isinstance(act, AnswerAct | ValuesAct) for act in one.acts)
                row = self._candidate(segment, one, COST if moves and not right.issuperset(acts) else 0.0)
                links.append((edge.first, edge.last, row, acts))
        every, right_ways = self.examples.every, self.examples.right
        nodes = [every.node(place) for place in range(atoms + 1)]
        every.starts.append(nodes[0])
        every.ends.append(nodes[-1])
        for first, last, row, _ in links:
            every.link(nodes[first], nodes[last], row)
        start = right_ways.node(-1)
        right_ways.starts.append(start)
        ends = [way for acts in wanted if (way := _link_right(right_ways, start, acts, atoms, links)) is not None]
        end = right_ways.node(atoms + 1)
        right_ways.ends.append(end)
        for way in ends:
            right_ways.link(way, end, 0)
        return True

    def _candidate(self, segment: int, one: Meaning, cost: float) -> int:
        examples = self.examples
        row = examples.own.add([(name, value) for name, value in own_features(one) if value])
        examples.segment.append(segment)
        examples.cost.append(cost)
        examples.rows += [(row, examples.kinds[kind]) for kind in one.kinds]
        return row

    def _traits(self, traits: Traits) -> list[tuple[str, float]]:
        each = gram_value(traits)
        return [
            *[(f"trait {name}", value) for name, value in traits.features],
            *[(f"gram {gram}", each) for gram in traits.grams if gram in self._often],
        ]


def _find_often(read: Sequence[Sequence[Edge]]) -> set[str]:
    """Return the characters and pairs that stand in several messages."""
    counts = Counter(gram for edges in read for gram in {gram for edge in edges for gram in edge.traits.grams})
    return {gram for gram, count in counts.items() if count >= OFTEN}


def _has_secret(acts: Sequence[set[str]]) -> bool:
    return any('"secret"' in one for act in acts for one in act)


def _bits(acts: Sequence[set[str]], forms: Sequence[str]) -> int | None:
    """Return which of the wanted acts a candidate gives, one bit each; None when it gives another."""
    found = [next((at for at, one in enumerate(acts) if form in one), None) for form in forms]
    return None if None in found else sum({1 << at for at in found if at is not None})


def _is_reachable(
    acts: Sequence[set[str]], atoms: int, edges: Sequence[Edge], forms: Sequence[Sequence[Sequence[str]]]
) -> bool:
    reached = {(0, 0)}
    for edge, each in sorted(zip(edges, forms, strict=True), key=lambda pair: pair[0][:2]):
        masks = {mask for one in each if (mask := _bits(acts, one)) is not None}
        reached |= {(edge.last, have | mask) for place, have in reached if place == edge.first for mask in masks}
    return (atoms, (1 << len(acts)) - 1) in reached


def _link_right(
    graph: Graph,
    start: int,
    acts: Sequence[set[str]],
    atoms: int,
    links: Sequence[tuple[int, int, int, Sequence[str]]],
) -> int | None:
    """Link the ways that give exactly these acts; return their common end, None when there is none."""
    nodes = {(0, 0): graph.node(0)}
    graph.link(start, nodes[0, 0], 0)
    for first, last, row, forms in sorted(links, key=lambda link: link[:3]):
        mask = _bits(acts, forms)
        for have in [have for place, have in nodes if place == first] if mask is not None else ():
            there = (last, have | mask)
            if there not in nodes:
                nodes[there] = graph.node(last)
            graph.link(nodes[first, have], nodes[there], row)
    return nodes.get((atoms, (1 << len(acts)) - 1))


def weigh(turn: Turn) -> float:
    """Return what a message counts."""
    return MADE.get(turn["style"], SEVERAL if len(turn["want"]) > 1 else 1.0)


def fit(gathered: Gatherer, weight: Sequence[float]) -> dict[str, dict[str, object]]:
    """Return the weights as `weights.json` holds them; `weight` is what each turn counts."""
    problem, names = gathered.problem, gathered.examples.traits.columns.number
    pulls = np.array([PULL * (GRAM_PULL if name.startswith("gram ") else 1.0) for name in names])
    found = problem.fit(np.array(weight)[gathered.kept], (PULL, pulls), ROUNDS)
    return table(gathered.examples, found)


def table(examples: Examples, found: Fitted) -> dict[str, dict[str, object]]:
    """Return the weights that are worth keeping."""
    tables: dict[str, dict[str, object]] = {"own": {}, "traits": {}, "grams": {}}
    for name, at in sorted(examples.own.columns.number.items()):
        if abs(value := found.own[at]) >= LEAST:
            tables["own"][name] = round(value, 2)
    for name, at in sorted(examples.traits.columns.number.items()):
        part, _, trait = name.partition(" ")
        least = GRAM_LEAST if part == "gram" else LEAST
        for kind, column in sorted(examples.kinds.number.items()):
            if abs(value := found.traits[at, column]) >= least:
                into: object = tables[f"{part}s"].setdefault(kind, {})
                into[trait] = round(value, 2)  # type: ignore[index]
    return tables


def test(
    weights: Mapping[str, Mapping[str, object]], classifier: Classifier, turns: Sequence[Turn], *, misses: bool
) -> float:
    """The share of messages that a reader with these weights understands."""
    own = reader().with_weights(model_of(weights)).with_classifier(classifier)
    return report(turns, lambda turn, place: own.read(turn["say"], place), misses=misses)


def read_files() -> dict[str, list[Turn]]:
    """Return the messages by file, with those that nobody wrote; each with its part."""
    files = {path.stem: turns_in(path) for path in sorted(TURNS.glob("*.jsonl"))}
    files = {name: with_topics(with_folds(turns)) for name, turns in files.items()}
    files = {name: [*with_misplaced(turns), *join_turns(turns)] for name, turns in files.items()}
    made = [*script_turns(), *field_turns(), *phrasing_turns()]
    parts = {name: [{**turn, "part": at % PARTS} for turn in turns] for at, (name, turns) in enumerate(files.items())}
    return {MADE_OF_WORDS: [{**turn, "part": _part_of(turn)} for turn in made], **parts}


def _part_of(turn: Turn) -> int:
    return crc32(turn["say"].encode()) % PARTS


class Classifiers:
    """Classifiers of messages by file, and of the words of script and FAQ."""

    def __init__(self, files: Mapping[str, Sequence[Turn]]) -> None:
        own = {name: turns for name, turns in files.items() if name != MADE_OF_WORDS}
        self._files: dict[str, tuple[int, list[Sample]]] = {
            name: (turns[0]["part"], samples_of([turn for turn in turns if turn["style"] != "joined"]))
            for name, turns in own.items()
        }
        self._words = [(_part_of(turn), samples_of([turn])) for turn in word_turns()]

    def fit(self, *, part: int | None = None, name: str = "") -> Mapping[str, Any]:
        """Return the arrays of one that has learnt all but a part and a file."""
        known = [own for file, (number, own) in self._files.items() if number != part and file != name]
        return fit_classifier([*chain(*known, *[own for number, own in self._words if number != part])])


def main(words: Sequence[str]) -> None:
    files = read_files()
    classifiers = Classifiers(files)
    apart = [restore(classifiers.fit(part=part)) for part in range(PARTS)]
    origin = [name for name, turns in files.items() for _ in turns]
    every = [turn for turns in files.values() for turn in turns]
    gathered = Gatherer(every, lambda turn: reader_for(turn).with_classifier(apart[turn["part"]]))
    counts = [weigh(turn) for turn in every]
    print(f"{len(gathered.kept)} of {len(origin)} messages can be read as labelled")
    if words[:1] == ["across"]:
        across(gathered, counts, origin, classifiers, words[1:])
        return
    body = json.dumps(fit(gathered, counts), ensure_ascii=False, sort_keys=True, indent=0)
    (READING / "weights.json").write_text(f"{body}\n", encoding="utf-8")
    np.savez_compressed(READING / FILE, **classifiers.fit())


def across(
    gathered: Gatherer, counts: Sequence[float], origin: Sequence[str], classifiers: Classifiers, words: Sequence[str]
) -> None:
    """Measure on files that are not learnt, or on one writer after another with all others learnt."""
    misses = "--miss" in words
    if paths := [Path(word) for word in words if not word.startswith("-")]:
        weights, classifier = fit(gathered, counts), restore(classifiers.fit())
        for path in paths:
            print(f"\n== all but {path.name}")
            test(weights, classifier, turns_in(path), misses=misses)
        return
    for path in sorted(TURNS.glob("train_*.jsonl")):
        name = path.stem
        print(f"\n== all but {name}", flush=True)
        others = [count * (one != name) for count, one in zip(counts, origin, strict=True)]
        test(fit(gathered, others), restore(classifiers.fit(name=name)), turns_in(path), misses=misses)


if __name__ == "__main__":
    main(sys.argv[1:])
