"""The words of the FAQ: an entry as it is written in YAML, and what the matcher says of a question.

Knows no YAML, no conversation and no notice: an answer's `{{ placeholders }}` are filled by whoever renders it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

MAX_ID, MAX_LINE = 40, 120
"""Characters of an id and of a phrasing."""
TITLE, ANSWER, PHRASINGS = (2, 24), (1, 1200), (3, 60)
"""Least and most characters; of phrasings their number."""

TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=MAX_ID)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE)]
Source = Literal["notice", "help", "office", "beyond"]
Verdict = Literal["answer", "choices", "miss"]


class Addition(BaseModel):
    """A part of an answer from another source than the rest; it stands apart, under its own label."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
    source: Source
    checked_on: date | None = None


class Entry(BaseModel):
    """One question that people ask, in all the ways they ask it, and its one answer.

    `source` says where the answer comes from: the school's `notice`, CHSI's own `help` text, the school's `office`
    itself, or `beyond` all of them; what is beyond was looked up on `checked_on`. `more` are parts from other
    sources. `quotes` names the facts of the notice whose own sentences stand behind the answer, `original` are
    CHSI's own words. `step` is the script step that the question belongs to, `follow` are the topics that people
    ask next, in order. `must_match` are lines that lead here before any other entry, and `must_not_match` lines
    that must not be answered with this one; neither teaches the matcher.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: TopicId
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=TITLE[0], max_length=TITLE[1])]
    source: Source
    checked_on: date | None = None
    step: str | None = None
    follow: tuple[TopicId, ...] = Field(default=(), max_length=4)
    phrasings: tuple[Line, ...] = Field(min_length=PHRASINGS[0], max_length=PHRASINGS[1])
    must_match: tuple[Line, ...] = Field(default=(), max_length=20)
    must_not_match: tuple[Line, ...] = Field(default=(), max_length=20)
    answer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=ANSWER[0], max_length=ANSWER[1])]
    more: tuple[Addition, ...] = ()
    quotes: tuple[str, ...] = ()
    original: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1200)] | None = None
    references: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Addition, ...]:
        """The answer and its additions, in order, each with its own source."""
        return (Addition.model_construct(text=self.answer, source=self.source, checked_on=self.checked_on), *self.more)

    @property
    def texts(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        """Every text of the answer with its place."""
        return ((("answer",), self.answer), *((("more", n, "text"), part.text) for n, part in enumerate(self.more)))

    @model_validator(mode="after")
    def _beyond_is_dated(self) -> Self:
        if self.source == "beyond" and self.checked_on is None:
            raise PydanticCustomError(
                "beyond_without_date", "an entry beyond the notice needs checked_on", {"at": "source"}
            )
        return self


@dataclass(frozen=True, slots=True)
class Candidate:
    """A topic that may be meant; `score` is 0–1."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """What the matcher makes of a question. `topics` are the best five, best first, even for a miss.

    `chosen`: for `answer` the one or two topics to answer, for `choices` the two or three to offer, for `miss` none.
    """

    verdict: Verdict
    topics: tuple[Candidate, ...]
    chosen: tuple[str, ...] = ()
