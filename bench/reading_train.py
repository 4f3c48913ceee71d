"""Makes the reader's weights: bot/reading/weights.json.

    python -m bench.reading_train                     fits them to bench/turns/*.jsonl (needs numpy and scipy)
    python -m bench.reading_train across [FILE ...]   leaves out one file after another; FILEs are only tested on

A message's label says which acts it holds, not which words say which: of all ways to cut it up and to read each part,
those that give the labelled acts are likeliest under the weights (a semi-Markov conditional random field with hidden
segments).
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from zlib import crc32

from bench.turns_understood import Turn, accepted, content, form, place_of, reader, report, turns_in
from bot.reading.acks import is_ack
from bot.reading.acts import to_json
from bot.reading.candidates import Meaning, Traits
from bot.reading.phrasebook import subjects
from bot.reading.place import options, own_words
from bot.reading.score import Edge, features, model_of
from bot.reading.writing import spelt
from faq.sounds import units
from flows.model import Script, Step

ROOT = Path(__file__).parents[1]
OWN = 6  # of an answer's further words in the script that are learnt
PULL = 0.3  # towards zero
GRAM_PULL = 1.0  # times as much for characters and pairs of them
OFTEN = 6  # messages in which a character or pair must stand to have a weight
LEAST = 0.02  # weight that is kept
GRAM_LEAST = 0.05
Name = tuple[str, str, str]


@dataclass(frozen=True)
class Lattice:
    """A message: `edges` are (first atom, last atom, row of the first candidate, row behind the last); `right` are by
    accepted list of acts the edges (first, last, row, bits of the acts that it holds).
    """

    atoms: int
    edges: list[tuple[int, int, int, int]]
    right: list[tuple[int, list[tuple[int, int, int, int]]]]
    weight: float = 1.0


def often(read: Sequence[Sequence[Edge]]) -> set[str]:
    """The characters and pairs that stand in several messages."""
    counts = Counter(gram for edges in read for gram in {gram for edge in edges for gram in edge.traits.grams})
    return {gram for gram, count in counts.items() if count >= OFTEN}


def kept(candidate: Meaning, traits: Traits, grams: set[str]) -> Iterable[tuple[Name, float]]:
    """The features of a candidate that may have a weight."""
    for name, value in features(candidate, traits):
        if name[0] != "grams" or name[2] in grams:
            yield name, value


def lattices(turns: Sequence[Turn], names: dict[Name, int]) -> tuple[list[Lattice], list[dict[int, float]]]:
    """The messages whose label can be read at all, and the features of all their candidates."""
    read = [reader().look(turn["say"], place_of(turn)) for turn in turns]
    grams = often([edges for _, edges in read])
    rows: list[dict[int, float]] = []
    made = [
        lattice(turn, len(around.message.atoms) if around else 0, edges, names, grams, rows)
        for turn, (around, edges) in zip(turns, read, strict=True)
    ]
    return [one for one in made if one], rows


def lattice(
    turn: Turn,
    atoms: int,
    edges: Sequence[Edge],
    names: dict[Name, int],
    grams: set[str],
    rows: list[dict[int, float]],
) -> Lattice | None:
    """A message, None when no reading of it is as labelled; appends the features of its candidates to `rows`."""
    forms: list[list[str]] = []
    spans, at = [], len(rows)
    for edge in edges:
        spans.append((edge.first, edge.last, at + len(forms), at + len(forms) + len(edge.candidates)))
        for candidate in edge.candidates:
            forms.append([form(to_json(act)) for act in candidate.acts])
            own: dict[int, float] = {}
            for name, value in kept(candidate, edge.traits, grams):
                own[names.setdefault(name, len(names))] = value
            rows.append(own)
    wanted = [acts for acts in accepted(turn) if not _secret(acts)]
    right = [one for acts in wanted if (one := _right(acts, spans, forms, at, atoms))]
    if right and spans:
        return Lattice(atoms, spans, right)
    print("unreachable:", turn["at"], turn["say"], turn["want"]) if "-v" in sys.argv else None
    del rows[at:]
    return None


def _secret(acts: Sequence[set[str]]) -> bool:
    return any('"secret"' in one for act in acts for one in act)


def _right(
    acts: Sequence[set[str]],
    spans: Sequence[tuple[int, int, int, int]],
    forms: Sequence[Sequence[str]],
    at: int,
    atoms: int,
) -> tuple[int, list[tuple[int, int, int, int]]] | None:
    found = []
    for first, last, start, end in spans:
        for row in range(start, end):
            bits = [next((n for n, one in enumerate(acts) if f in one), None) for f in forms[row - at]]
            if None not in bits:
                found.append((first, last, row, sum({1 << bit for bit in bits})))
    full = (1 << len(acts)) - 1
    reached = {(0, 0)}
    for first, last, _, mask in sorted(found):
        reached |= {(last, have | mask) for place, have in reached if place == first}
    return (full, found) if (atoms, full) in reached else None


def fit(made: Sequence[Lattice], rows: Sequence[Mapping[int, float]], names: Mapping[Name, int]) -> list[float]:
    """The weights under which the labelled readings are likeliest."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    count = len(names)
    pull = np.array([PULL * (GRAM_PULL if name[0] == "grams" else 1.0) for name in names])
    cells = [(row, name, value) for row, features in enumerate(rows) for name, value in features.items()]
    matrix = csr_matrix(
        ([value for *_, value in cells], ([row for row, *_ in cells], [name for _, name, _ in cells])),
        shape=(len(rows), count),
    )
    flipped = matrix.T.tocsr()

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        scores = matrix @ values
        slope = np.zeros(len(rows))
        total = 0.0
        for one in made:
            total += one.weight * _every(one, scores, slope, one.weight)
            total -= one.weight * _labelled(one, scores, slope, one.weight)
        return total + float(values @ (pull * values)) / 2, flipped @ slope + pull * values

    best = minimize(loss, np.zeros(count), jac=True, method="L-BFGS-B", options={"maxiter": 120})
    found: list[float] = best.x.tolist()
    return found


def _every(one: Lattice, scores: object, slope: object, weight: float) -> float:
    """The logarithm of the sum over all readings; adds each candidate's share to its slope."""
    import numpy as np

    sums, shares = [], []
    for _, _, start, end in one.edges:
        own = scores[start:end]
        top = own.max()
        parts = np.exp(own - top)
        part = parts.sum()
        sums.append(top + math.log(part))
        shares.append(parts / part)
    ahead, behind = [-math.inf] * (one.atoms + 1), [-math.inf] * (one.atoms + 1)
    ahead[0] = behind[one.atoms] = 0.0
    order = sorted(range(len(one.edges)), key=lambda n: one.edges[n][1])
    for n in order:
        first, last, *_ = one.edges[n]
        ahead[last] = _add(ahead[last], ahead[first] + sums[n])
    for n in sorted(order, key=lambda n: -one.edges[n][0]):
        first, last, *_ = one.edges[n]
        behind[first] = _add(behind[first], sums[n] + behind[last])
    for n, (first, last, start, end) in enumerate(one.edges):
        share = math.exp(ahead[first] + sums[n] + behind[last] - ahead[one.atoms])
        slope[start:end] += weight * share * shares[n]
    return ahead[one.atoms]


def _labelled(one: Lattice, scores: object, slope: object, weight: float) -> float:
    """The logarithm of the sum over the labelled readings; takes their shares from the slope."""
    total = -math.inf
    kept = []
    for full, edges in one.right:
        ahead: dict[tuple[int, int], float] = {(0, 0): 0.0}
        steps = []
        for first, last, row, mask in sorted(edges):
            for have in [have for place, have in ahead if place == first]:
                key = (last, have | mask)
                ahead[key] = _add(ahead.get(key, -math.inf), ahead[first, have] + scores[row])
                steps.append((first, have, key, row))
        end = ahead.get((one.atoms, full), -math.inf)
        kept.append((full, ahead, steps, end))
        total = _add(total, end)
    for full, ahead, steps, _ in kept:
        behind = {(one.atoms, full): 0.0}
        for first, have, key, row in reversed(steps):
            if key in behind:
                there = behind[key] + scores[row]
                slope[row] -= weight * math.exp(ahead[first, have] + there - total)
                behind[first, have] = _add(behind.get((first, have), -math.inf), there)
    return total


def _add(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    return a if math.isinf(b) else a + math.log1p(math.exp(b - a))


def learn(turns: Sequence[Turn]) -> dict[str, dict[str, object]]:
    """The weights as `weights.json` holds them."""
    names: dict[Name, int] = {}
    made, rows = lattices(turns, names)
    values = fit(made, rows, names)
    print(f"{len(made)} of {len(turns)} messages can be read as labelled")
    return table(names, values)


def script_turns() -> list[Turn]:
    """Return the script's own words for its answers as labelled messages: each means its answer, at its step.

    A bare 好 and words that two answers of a step share are left out: what they mean depends on more.
    """
    script, turns = content().script, list[Turn]()
    for step in script.steps:
        words = {option.action: _own_words(script, step, option.action) for option in options(script, step)}
        for action, own in words.items():
            others = {word for other, said in words.items() if other != action for word in said}
            answer = {"as": "answer", "action": action}
            said = (word for word in own if word not in others and not is_ack(units(spelt(word))[0]))
            turns += [{"at": step.id, "say": word, "want": [answer], "style": "plain"} for word in said]
    return turns


def with_misplaced(turns: Sequence[Turn]) -> list[Turn]:
    """Add answers as typed at another step, which they do not answer: each at one where it speaks of other things.

    A plain 有 or 不对 is left out: whoever types it answers what is asked.
    """
    script, made = content().script, [*turns]
    spoken = {step.id: _things(" ".join(_said(script, step))) for step in script.steps}
    for turn in turns:
        things = _things(turn["say"])
        acts = turn["want"]
        if not things or len(acts) != 1 or acts[0]["as"] != "answer" or turn.get("after"):
            continue
        others = sorted(step for step, own in spoken.items() if step != turn["at"] and not own & things)
        if others:
            at = others[crc32(turn["say"].encode()) % len(others)]
            made.append({"at": at, "say": turn["say"], "want": [], "style": "plain"})
    return made


def _said(script: Script, step: Step) -> list[str]:
    return [step.title, step.do, *chain.from_iterable(own_words(script, step).values())]


def _things(text: str) -> frozenset[str]:
    """Return the subjects that a text names."""
    return frozenset(name for _, _, name in subjects(*units(spelt(text))))


def _own_words(script: Script, step: Step, action: str) -> list[str]:
    """Return the button's words, the first of its own further words, and those of every answer so called."""
    choice = next((c for c in (*script.choices_of(step), *step.stuck) if c.id == action), None)
    labels = dict(step.checklist.choices) if step.checklist else {}
    own = (choice.text, *choice.say[:OWN]) if choice else (labels.get(action, ""),)  # type: ignore[call-overload]
    return [word for word in (*own, *script.synonyms.get(action, ())) if word and "{" not in word]


def table(names: Mapping[Name, int], values: Sequence[float]) -> dict[str, dict[str, object]]:
    """The weights that are worth keeping."""
    found: dict[str, dict[str, object]] = {"own": {}, "traits": {}, "grams": {}}
    for (part, kind, name), at in sorted(names.items()):
        if abs(values[at]) >= (GRAM_LEAST if part == "grams" else LEAST):
            into: object = found[part] if part == "own" else found[part].setdefault(kind, {})
            into[name] = round(values[at], 2)  # type: ignore[index]
    return found


def test(weights: Mapping[str, Mapping[str, object]], turns: Sequence[Turn], *, misses: bool) -> float:
    """The share of messages that a reader with these weights understands."""
    own = reader().with_weights(model_of(weights))
    return report(turns, lambda turn, place: own.read(turn["say"], place), misses=misses)


def main(words: Sequence[str]) -> None:
    misses = "--miss" in words
    files = {path.stem: turns_in(path) for path in sorted((ROOT / "bench" / "turns").glob("*.jsonl"))}
    everything = [turn for turns in files.values() for turn in turns]
    if words[:1] == ["across"]:
        others = [Path(word) for word in words[1:] if not word.startswith("-")]
        for path in others:
            print(f"\n== all but {path.name}")
            test(
                learn(with_misplaced([turn for turns in files.values() for turn in turns])),
                turns_in(path),
                misses=misses,
            )
        for name in files if "--cv" in words else ():
            print(f"\n== all but {name}")
            test(
                learn(with_misplaced([t for other, turns in files.items() if other != name for t in turns])),
                files[name],
                misses=misses,
            )
        return
    turns = [*script_turns(), *with_misplaced(everything)]
    model, count = learn(turns), len(turns)
    body = json.dumps(model, ensure_ascii=False, sort_keys=True, indent=0)
    (ROOT / "bot" / "reading" / "weights.json").write_text(f"{body}\n", encoding="utf-8")
    print(f"made from {count} messages")


if __name__ == "__main__":
    main(sys.argv[1:])
