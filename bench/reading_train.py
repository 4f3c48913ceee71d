"""Makes the reader's weights: bot/reading/weights.json.

    python -m bench.reading_train                     fits them to bench/turns/*.jsonl (needs numpy and scipy)
    python -m bench.reading_train across [FILE ...]   leaves out one file after another; FILEs are only tested on

A message's label says which acts it holds, not which words say which: of all ways to cut it up and to read each part,
those that give the labelled acts are likeliest under the weights (a semi-Markov conditional random field with hidden
segments).
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from bench.reading_fit import Examples, Fitted, Graph, Problem
from bench.turns_understood import LATER as SINCE
from bench.turns_understood import Turn, accepted, content, form, place_of, reader, report, turns_in
from bot.reading.acks import is_ack
from bot.reading.acts import AnswerAct, ValuesAct, to_json
from bot.reading.candidates import Meaning
from bot.reading.look import Traits
from bot.reading.phrasebook import subjects
from bot.reading.place import options, own_words
from bot.reading.reader import MessageReader
from bot.reading.score import Edge, gram_value, model_of, name_likeness
from bot.reading.stances import stances
from bot.reading.writing import spelt
from faq.matcher import Matcher
from faq.sounds import units
from flows.model import Script, Step

ROOT = Path(__file__).parents[1]
TURNS = ROOT / "bench" / "turns"
OWN = 6  # of an answer's further words in the script that are learnt
PULL = 1.0  # towards zero
GRAM_PULL = 1.0  # times as much for characters and pairs of them
OFTEN = 4  # messages in which a character or pair must stand to have a weight
COST = 0.5  # log-odds by which an answer that was not given must lose more than another wrong reading
FOLDS = 6  # parts of the FAQ's phrasings, each of which is learnt as the FAQ takes it without it
EVERY = 4  # of the phrasings of an entry, one in so many is learnt
NEUTRAL = ("menu", "m2-site", "m1-browser", "x3-papers")
MADE = {"joined": 0.15, "misplaced": 0.2, "phrasing": 0.3, "field": 0.2, "everyday": 0.3}
"""What a message counts that nobody wrote, by its style; an everyday one stands at many steps."""
SEVERAL = 1.3  # what a message of several acts counts
ROUNDS = 120
LEAST = 0.02  # weight that is kept
GRAM_LEAST = 0.05


class Gatherer:
    """Gathers labelled messages as examples; those whose label no reading gives are left out."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        read = [reader_for(turn).look(turn["say"], place_of(turn)) for turn in turns]
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
        like = zip(name_likeness(one.alike), one.like, strict=True) if one.alike else ()
        row = examples.own.add([*one.own.items(), *((name, value) for name, value in like if value)])
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


JOINTS = (
    "，",
    " ",
    "。",
    "",
    " 另外",
    "，顺便问下",
    " 那",
    "，对了 ",
    " 请问",
    "；",
    "，还有 ",
    " 不过",
    "\n",
    "，想问问",
)
"""Between two things that somebody says in one message."""
SAID = 22  # characters of a message that is joined to another, at most


def join_turns(turns: Sequence[Turn]) -> list[Turn]:
    """Join messages of one writer that mean one thing each to messages that mean two: every question behind an answer
    to its step, another question, or a greeting, of which nothing is left to say then; and pauses behind answers. Which
    is joined to which depends on nothing but their order.
    """
    single = [t for t in turns if len(t["want"]) == 1 and not t.get("after") and len(t["say"]) <= SAID]
    by: dict[tuple[str, str], list[Turn]] = defaultdict(list)
    for turn in single:
        by[turn["want"][0]["as"], turn["at"]].append(turn)
    greetings = [turn for turn in single if turn["want"] == [{"as": "social", "kind": "hello"}]]
    joined: list[Turn] = []
    for (kind, step), own in sorted(by.items()):
        if kind != "question":
            continue
        pairs = [(by["answer", step], own), (own, own[1:])]
        leave = [turn for turn in by["command", step] if turn["want"][0]["name"] in ("later", "desk")]
        pairs += [(by["answer", step], leave), (greetings, own[::3])]
        for firsts, seconds in pairs:
            for at, second in enumerate(seconds):
                first = firsts[at % len(firsts)] if firsts else second
                if first["want"] != second["want"]:
                    joint = JOINTS[(len(joined) * 5 + at) % len(JOINTS)]
                    joined.append(_join(first, second, joint))
    return joined


def _join(first: Turn, second: Turn, joint: str) -> dict[str, Any]:
    ways = [
        [*one, *two] for one in (first["want"], *first.get("or", ())) for two in (second["want"], *second.get("or", ()))
    ]
    said = f"{first['say']}{joint}{second['say']}"
    folds = {*first.get("folds", ()), *second.get("folds", ())}
    return {"at": first["at"], "say": said, "want": ways[0], "or": ways[1:], "style": "joined", "folds": folds}


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


def field_turns() -> list[Turn]:
    """Return every field of a checklist with every word for right and wrong: no field is more often the one."""
    script, turns = content().script, list[Turn]()
    step = next(step for step in script.steps if step.checklist and step.checklist.of == "fields")
    for field in place_of({"at": step.id, "say": ""}).fields:
        for action in ("right", "wrong"):
            for word in (word for word in script.synonyms[action] if len(word) > 1 and not word.isascii()):
                want = [{"as": "answer", "action": action, "item": field}]
                turns.append({"at": step.id, "say": f"{field}{word}", "want": want, "style": "field"})
    return turns


def phrasing_turns() -> list[Turn]:
    """Return phrasings of the FAQ as messages: those that ask at steps to which they belong, and at places where they
    answer nothing.
    """
    turns: list[Turn] = []
    for topic, entry in sorted(content().entries.items()):
        steps = [step.id for step in content().script.steps if topic in step.trouble or entry.step == step.id]
        for number, said in enumerate(entry.phrasings[::EVERY]):
            places = [*steps, *NEUTRAL[:1]] if _asks(said) else NEUTRAL
            at, want = places[number % len(places)], [{"as": "question", "topic": topic}]
            turns.append({"at": at, "say": said, "want": want, "style": "phrasing"})
    return turns


def with_folds(turns: Sequence[Turn]) -> list[Turn]:
    """Give each message that is a phrasing of the FAQ to the letter its fold, as a set: it is read by a FAQ that does
    not know it, as it does not know what people will type.
    """
    phrasings = {said for entry in content().entries.values() for said in entry.phrasings}
    return [{**turn, "folds": {_fold_of(turn["say"])}} if turn["say"] in phrasings else turn for turn in turns]


def _fold_of(said: str) -> int:
    return crc32(said.encode()) % FOLDS


def _asks(text: str) -> bool:
    return any(one.name == "ask" for one in stances(*units(spelt(text))))


def reader_for(turn: Turn) -> MessageReader:
    """Return the reader of a message: for a phrasing of the FAQ, one whose FAQ does not know it."""
    folds = turn.get("folds")
    return _reader_without(frozenset(folds)) if folds else reader()


@cache
def _reader_without(folds: frozenset[int]) -> MessageReader:
    """Return a reader whose FAQ lacks the phrasings of some folds."""
    left = []
    for entry in content().entries.values():
        kept = tuple(said for said in entry.phrasings if _fold_of(said) not in folds)
        left.append(entry.model_copy(update={"phrasings": kept}))
    return MessageReader(content().script, Matcher(left))


def with_topics(turns: Sequence[Turn]) -> list[Turn]:
    """Accept for trouble also the topic that the FAQ answers it with, of the step or one that it has got since."""
    found = []
    for turn in turns:
        if turn["want"] == [{"as": "command", "name": "trouble"}]:
            likely = place_of(turn).likely
            match = reader_for(turn).matcher.ask(turn["say"], likely)
            known = SINCE | likely
            topics = [topic for topic in match.chosen if topic in known] if match.verdict == "answer" else []
            more = [[{"as": "question", "topic": topic}] for topic in topics]
            turn = {**turn, "or": [*turn.get("or", ()), *more]}
        found.append(turn)
    return found


def with_misplaced(turns: Sequence[Turn]) -> list[Turn]:
    """Add answers as typed at another step, which they do not answer: each at one where it speaks of other things.

    A plain 有 or 不对 is left out: whoever types it answers what is asked. So is what the FAQ answers anywhere.
    """
    script, made = content().script, [*turns]
    spoken = {step.id: _things(" ".join(_said(script, step))) for step in script.steps}
    for turn in turns:
        things = _things(turn["say"])
        acts = turn["want"]
        if not things or len(acts) != 1 or acts[0]["as"] != "answer" or turn.get("after"):
            continue
        others = sorted(step for step, own in spoken.items() if step != turn["at"] and not own & things)
        if others and content().matcher.ask(turn["say"]).verdict == "miss":
            at = others[crc32(turn["say"].encode()) % len(others)]
            made.append({"at": at, "say": turn["say"], "want": [], "style": "misplaced"})
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
    read = step.reads.say.get(action, ())[:OWN] if step.reads else ()
    own = (choice.text, *choice.say[:OWN]) if choice else (labels.get(action, ""), *read)  # type: ignore[call-overload]
    return [word for word in (*own, *script.synonyms.get(action, ())) if word and "{" not in word]


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


def test(weights: Mapping[str, Mapping[str, object]], turns: Sequence[Turn], *, misses: bool) -> float:
    """The share of messages that a reader with these weights understands."""
    own = reader().with_weights(model_of(weights))
    return report(turns, lambda turn, place: own.read(turn["say"], place), misses=misses)


def main(words: Sequence[str]) -> None:
    files = {path.stem: turns_in(path) for path in sorted(TURNS.glob("*.jsonl"))}
    files = {"script": [*script_turns(), *field_turns(), *phrasing_turns()], **files}
    files = {name: with_topics(with_folds(turns)) for name, turns in files.items()}
    files = {name: [*with_misplaced(turns), *join_turns(turns)] for name, turns in files.items()}
    origin = [name for name, turns in files.items() for _ in turns]
    every = [turn for turns in files.values() for turn in turns]
    gathered = Gatherer(every)
    counts = [weigh(turn) for turn in every]
    print(f"{len(gathered.kept)} of {len(origin)} messages can be read as labelled")
    if words[:1] == ["across"]:
        across(gathered, counts, origin, words[1:])
        return
    body = json.dumps(fit(gathered, counts), ensure_ascii=False, sort_keys=True, indent=0)
    (ROOT / "bot" / "reading" / "weights.json").write_text(f"{body}\n", encoding="utf-8")


def across(gathered: Gatherer, counts: Sequence[float], origin: Sequence[str], words: Sequence[str]) -> None:
    """Measure on files that are not learnt, or on one writer after another with all others learnt."""
    misses = "--miss" in words
    if paths := [Path(word) for word in words if not word.startswith("-")]:
        weights = fit(gathered, counts)
        for path in paths:
            print(f"\n== all but {path.name}")
            test(weights, turns_in(path), misses=misses)
        return
    for path in sorted(TURNS.glob("train_*.jsonl")):
        name = path.stem
        print(f"\n== all but {name}", flush=True)
        others = [count * (one != name) for count, one in zip(counts, origin, strict=True)]
        test(fit(gathered, others), turns_in(path), misses=misses)


if __name__ == "__main__":
    main(sys.argv[1:])
