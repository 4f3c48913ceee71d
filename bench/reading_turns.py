"""Messages that nobody wrote, to learn from: joined of others, typed at a step that they do not answer, made of the
script's own words, of fields and of the FAQ's phrasings; and the readers that a phrasing of the FAQ is read by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any
from zlib import crc32

from bench.turns_understood import LATER as SINCE
from bench.turns_understood import Turn, content, place_of, reader
from bot.reading.acks import is_ack
from bot.reading.phrasebook import subjects
from bot.reading.place import options, own_words
from bot.reading.reader import MessageReader
from bot.reading.stances import stances
from bot.reading.writing import spelt
from faq.matcher import Matcher
from faq.sounds import units
from flows.model import Script, Step

OWN = 6  # of an answer's further words in the script that are learnt
FOLDS = 6  # parts of the FAQ's phrasings, each of which is learnt as the FAQ takes it without it
EVERY = 4  # of the phrasings of an entry, one in so many is learnt
NEUTRAL = ("menu", "m2-site", "m1-browser", "x3-papers")
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
