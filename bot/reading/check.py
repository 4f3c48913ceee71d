"""Finds faults in the words of a script's answers, for `gradbot check`. Pure: knows no files and no sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from bot.reading.acts import QuestionAct
from bot.reading.phrasebook import Units
from bot.reading.place import Asked, Loc, Place, find_asked, options, place_words
from bot.reading.reader import MessageReader
from bot.reading.writing import spelt
from faq.index import grams
from faq.matcher import Matcher, verdict
from faq.reading import read
from faq.sounds import units
from flows.model import Script, Step

BATCH = 16
"""Words that the matcher weighs at once: one by one takes three times as long, all at once even longer."""
KEPT = 4096
"""Words of a script that are kept as they are compared, for the next check."""
Words: TypeAlias = Mapping[str, Sequence[tuple[Loc, str]]]
"""The words of a step's answers by action, the label first, each with its path."""


@dataclass(frozen=True, slots=True)
class WordProblem:
    """A problem with the words of the answer `action` of a step; `loc` is the path of `word` in the script.

    `missing`: nothing beside its label means it; `shared`: `word` also means the answer `other`; `asked`: typed at
    the step, `word` is taken for the question `other` (a topic of the FAQ).
    """

    kind: Literal["missing", "shared", "asked"]
    step: str
    action: str
    loc: Loc
    word: str
    other: str = ""


def word_problems(script: Script, reader: MessageReader, topics: frozenset[str] | None = None) -> Iterator[WordProblem]:
    """Yield all problems with the words of a script, in the order of its steps.

    With `topics`, only questions of these are looked for: the words are known to be taken for no other.
    """
    by_step: list[Words] = [
        {
            action: [(("steps", number, *loc), word) for loc, word in own]
            for action, own in place_words(script, step).items()
        }
        for number, step in enumerate(script.steps)
    ]
    answered = _find_answered({word for words in by_step for own in words.values() for _, word in own}, reader, topics)
    for step, words in zip(script.steps, by_step, strict=True):
        yield from _find_wordless(script, step, words)
        yield from _find_shared(step, words)
        yield from _find_questions(script, step, words, reader, answered)


def _find_answered(words: Collection[str], reader: MessageReader, topics: frozenset[str] | None) -> set[str]:
    """Return the words that the FAQ alone would answer (if they are given, with one of the topics): no others can be
    taken for a question.
    """
    matcher = reader.matcher
    ordered = sorted(words if topics is None else _find_akin(words, matcher, topics))
    batches = (ordered[at : at + BATCH] for at in range(0, len(ordered), BATCH))
    weighed = ((word, one) for batch in batches for word, one in zip(batch, matcher.weigh(batch), strict=True))
    found = ((word, verdict((one,))) for word, one in weighed)
    return {
        word
        for word, match in found
        if match.verdict == "answer" and (topics is None or not topics.isdisjoint(match.chosen))
    }


def _find_akin(words: Collection[str], matcher: Matcher, topics: frozenset[str]) -> Iterator[str]:
    """Return the words that share anything with one of the topics: no others can mean one."""
    if sum(len(subject.lines) for subject in matcher.index.subjects if subject.id in topics) > KEPT:
        return iter(words)  # so many lines share something with every word
    lines = [line.folded for subject in matcher.index.subjects if subject.id in topics for line in subject.lines]
    own = frozenset[tuple[int, str]]().union(*map(_list_grams, lines))
    return (word for word in words if not own.isdisjoint(_list_grams(word)))


@lru_cache(maxsize=KEPT)
def _list_grams(text: str) -> frozenset[tuple[int, str]]:
    return frozenset((view, gram) for view, own in enumerate(grams(read(text))) for gram in own)


def _find_wordless(script: Script, step: Step, words: Words) -> Iterator[WordProblem]:
    """Yield the answers with nothing but a label. One that an instruction asks for needs no more: 好 and 嗯 mean it."""
    if find_asked(script, step) is Asked.INSTRUCTION:
        words = {action: own for action, own in words.items() if action not in {c.id for c in script.choices_of(step)}}
    for action, own in words.items():
        if len(own) == 1 and not script.synonyms.get(action):
            yield WordProblem("missing", step.id, action, *own[0])


def _find_shared(step: Step, words: Words) -> Iterator[WordProblem]:
    owners: defaultdict[Units, dict[str, tuple[Loc, str]]] = defaultdict(dict)
    for action, own in words.items():
        for loc, word in own:
            owners[units(spelt(word))[0]].setdefault(action, (loc, word))
    for (first, _), *rest in (list(own.items()) for own in owners.values()):
        yield from (WordProblem("shared", step.id, action, *where, first) for action, where in rest)


def _find_questions(
    script: Script, step: Step, words: Words, reader: MessageReader, answered: Collection[str]
) -> Iterator[WordProblem]:
    place = Place(step.id, find_asked(script, step), options(script, step), likely=frozenset(step.trouble))
    for action, own in words.items():
        for loc, word in own:
            if word in answered:
                topics = [act.topic for act in reader.read(word, place).acts if isinstance(act, QuestionAct)]
                yield from (WordProblem("asked", step.id, action, loc, word, topic) for topic in topics)
