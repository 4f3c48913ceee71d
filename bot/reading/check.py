"""What is wrong with the words of a script's answers, for `gradbot check`. Pure: knows no files and no sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.reading.acts import Question
from bot.reading.phrasebook import Units
from bot.reading.place import Place, asked, options, own_words
from bot.reading.reader import Reader
from bot.reading.writing import spelt
from faq.sounds import units
from flows.model import Script, Step


@dataclass(frozen=True, slots=True)
class WordProblem:
    """A problem with the words of the answer `action` of a step.

    `no_words`: it has none beside its label; `shared`: `word` also means the answer `other`; `question`: typed at the
    step, `word` is taken for the question `other` (a topic of the FAQ).
    """

    kind: Literal["no_words", "shared", "question"]
    step: str
    action: str
    word: str = ""
    other: str = ""


def word_problems(script: Script, reader: Reader) -> Iterator[WordProblem]:
    """All problems with the words of a script, in its order."""
    for step in script.steps:
        words = own_words(script, step)
        yield from (WordProblem("no_words", step.id, action) for action, own in words.items() if len(own) < 2)
        yield from _shared(step, words)
        yield from _asked(script, step, words, reader)


def _shared(step: Step, words: dict[str, list[str]]) -> Iterator[WordProblem]:
    owners: defaultdict[Units, list[tuple[str, str]]] = defaultdict(list)
    for action, own in words.items():
        for word in dict.fromkeys(own):
            owners[units(spelt(word))[0]].append((action, word))
    for (first, _), *rest in owners.values():
        yield from (WordProblem("shared", step.id, action, word, first) for action, word in rest if action != first)


def _asked(script: Script, step: Step, words: dict[str, list[str]], reader: Reader) -> Iterator[WordProblem]:
    place = Place(step.id, asked(script, step), options(script, step), likely=frozenset(step.trouble))
    for action, own in words.items():
        for word in own:
            if reader.matcher.ask(word).verdict == "answer":  # else no question could win: a look is cheaper
                topics = [act.topic for act in reader.read(word, place).acts if isinstance(act, Question)]
                yield from (WordProblem("question", step.id, action, word, topic) for topic in topics)
