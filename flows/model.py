"""The words of the walk: a script as it is written in YAML, and a graduate's position in it.

A script holds texts, choices and where they lead; it never holds logic. What needs code is named: a `reader` of
`flows.answers`, a condition of `flows.engine`. Knows no YAML, no notice and no channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from flows.notice_plan import ChapterName

RETURN = "return"
"""The target that leads out of a side track, back to the step where it was entered."""
TODAY = "today"
"""A kept answer that stands for the day on which it is given."""
WRONG = "wrong"
"""What a choice may forget: every verdict that is not right, and its cause."""

State = Literal["walking", "reported", "done"]
Source = Literal["notice", "help", "office", "beyond"]
StepSource = Literal[Source, "none"]
QuoteName = Literal[
    "notice", "school", "cohorts", "check", "correction", "account", "browser", "entry", "verdict", "fields", "photo",
    "corrections", "papers", "contact", "consequence",
]  # fmt: skip
"""The facts of a notice that `flows.quotes` knows by name."""
StepId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=20)]
ActionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=12)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Worded = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
"""A short text of at most 40 characters that may hold a placeholder."""
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
"""Words that people type."""
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=700)]


class ScriptRow(BaseModel):
    """A row of the script: frozen, and refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Choice(ScriptRow):
    """A button of a step. `say` are further words that mean it, `said` is answered before the next step is shown.

    `keep` are answers that it stands for (TODAY: the day on which it is chosen). `forget` names what is dropped because
    it has changed meanwhile: a checklist (all its verdicts), an answer, or WRONG (what was found wrong). `clears`: the
    school accepts what was found wrong as it is. The button is shown only while `when` holds.
    """

    id: ActionId
    text: Worded
    go: StepId
    say: tuple[Said, ...] = ()
    said: Prose | None = None
    keep: Mapping[ActionId, Label] = {}
    forget: tuple[StepId, ...] = ()
    clears: bool = False
    when: str | None = None


class Gate(ScriptRow):
    """Whoever enters the step while `when` holds is led to `go` instead; with `back`, RETURN leads here again."""

    when: str
    go: StepId
    said: Prose | None = None
    back: bool = False


class Note(ScriptRow):
    """A paragraph that is shown while `when` holds; without `when`, always.

    One with a `source` of its own stands apart from the step's text, under that label; `checked_on` is the day on which
    it was looked up. Without that day, what is `beyond` is advice of our own.
    """

    when: str | None = None
    text: Prose
    source: Source | None = None
    checked_on: date | None = None


class Reads(ScriptRow):
    """What a step asks for: `reader` is a name in `flows.answers.READERS`, an answer is kept under `into`, then `go`.

    `offer` are words for the buttons of a reader that knows what they mean but not how they are called. Without `go`
    the step stays, keeps nothing, and shows the text of `heard` that the reader names, filled with what it read. `say`
    are words that mean one of the reader's answers, by the value that is kept.
    """

    reader: str
    into: ActionId = "answer"
    offer: tuple[Label, ...] = ()
    say: Mapping[ActionId, tuple[Said, ...]] = {}
    go: StepId | None = None
    heard: Mapping[str, Prose] = {}


class Checklist(ScriptRow):
    """Things to compare one by one, each answered 对, 错 or 不确定: the notice's `fields`, or the `photo`.

    `say` are further words that mean an answer, by its id.
    """

    of: Literal["fields", "photo"]
    ask: Prose
    choices: tuple[tuple[Literal["right", "wrong", "unsure", "missing"], Label], ...] = Field(min_length=2)
    say: Mapping[ActionId, tuple[Said, ...]] = {}
    go: StepId


class SketchBox(ScriptRow):
    """A box of a drawn page; `click` is the one to click."""

    text: Worded
    click: bool = False


class Sketch(ScriptRow):
    """A page drawn by us: rows of boxes from top to bottom, and the same in words for who cannot see it."""

    words: Prose
    rows: tuple[tuple[SketchBox, ...], ...] = Field(min_length=1)


class Step(ScriptRow):
    """One thing to do. `n` is the main step it counts as (1–10), `trouble` the FAQ topics that help when it goes wrong.

    `source` is where its text comes from (`none`: it only asks what the walk needs to know, and states nothing), and
    `why` too unless that has a `why_source`. `quotes` names the facts whose own sentences in the notice stand behind.

    `stuck` are ways out that are offered with the trouble; `next` is short for the one choice 完成, and `say` are more
    words that mean it. `sentence` is ready to be read out or copied, and stands in the step's texts as
    `{{ sentence }}`; `more` is a second message, for a step that is too much for one.
    """

    id: StepId
    track: Label
    title: Worded
    n: int | None = Field(default=None, ge=0, le=10)
    do: Prose
    sentence: Prose | None = None
    more: Prose | None = None
    keep: Prose | None = None
    done: Prose | None = None
    why: Prose | None = None
    why_source: StepSource | None = None
    source: StepSource
    quotes: tuple[QuoteName, ...] = ()
    state: State | None = None
    next: StepId | None = None
    say: tuple[Said, ...] = ()
    choices: tuple[Choice, ...] = ()
    stuck: tuple[Choice, ...] = ()
    trouble: tuple[str, ...] = ()
    gate: tuple[Gate, ...] = ()
    notes: tuple[Note, ...] = ()
    reads: Reads | None = None
    checklist: Checklist | None = None
    sketch: Sketch | None = None

    @property
    def is_kept(self) -> bool:
        """Whether people need its text later: what to remember, a sentence for the telephone, papers to bring."""
        return bool(self.keep or self.sentence or "{{ papers }}" in self.do + (self.more or ""))

    @property
    def prose(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every text of the step with its place in it."""
        for name in ("title", "do", "sentence", "more", "keep", "done", "why"):
            if text := getattr(self, name):
                yield (name,), text
        for section in ("choices", "stuck", "gate"):
            for i, row in enumerate(getattr(self, section)):
                if row.said:
                    yield (section, i, "said"), row.said
                if isinstance(row, Choice):
                    yield (section, i, "text"), row.text
        for i, note in enumerate(self.notes):
            yield ("notes", i, "text"), note.text
        if self.reads:
            yield from ((("reads", "heard", name), text) for name, text in self.reads.heard.items())
        if self.checklist:
            yield ("checklist", "ask"), self.checklist.ask
        if self.sketch:
            yield ("sketch", "words"), self.sketch.words
            for i, row in enumerate(self.sketch.rows):
                yield from ((("sketch", "rows", i, j, "text"), box.text) for j, box in enumerate(row))

    @property
    def exits(self) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
        """Every way out: its place in the step, the step it leads to, and the words on it ("" where there are none)."""
        if self.next:
            yield ("next",), self.next, ""
        for section in ("choices", "stuck"):
            for i, choice in enumerate(getattr(self, section)):
                yield (section, i, "go"), choice.go, choice.text
        if self.reads and self.reads.go:
            yield ("reads", "go"), self.reads.go, ""
        if self.checklist:
            yield ("checklist", "go"), self.checklist.go, ""


class Shortcut(ScriptRow):
    """A place where the walk can be entered from the menu; those `upfront` also from the first message.

    `say` are words that mean it before the walk has begun.
    """

    text: Worded
    go: StepId
    upfront: bool = False
    say: tuple[Said, ...] = ()


class Chapter(ScriptRow):
    """Steps of the main track that a notice may switch off or put in another place: entered at `first`.

    `then` is where its steps lead when they are done: the first step of the next chapter, or of what follows the last.
    """

    id: ChapterName
    first: StepId
    then: StepId
    steps: tuple[StepId, ...] = Field(min_length=1)


class Script(ScriptRow):
    """A walk, whole.

    `chapters` are those that a notice may order, in their usual order. `resume_at` takes in whoever stood on a step
    that an edit has removed. `before` are words that mean a command before the walk. `commands` are the steps to
    which words lead that mean these at any place. `synonyms` are words that mean a choice of that id at any step
    (`done`: 好了, 完成, ok …).
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=16)]
    revision: int = Field(ge=1)
    title: Label
    start: StepId
    resume_at: StepId
    shortcuts: tuple[Shortcut, ...] = ()
    before: Mapping[Literal["start", "later"], tuple[Said, ...]] = {}
    commands: Mapping[Literal["already-done", "change-cohort"], StepId] = {}
    synonyms: Mapping[ActionId, tuple[str, ...]] = {}
    done_text: Label
    tracks: Mapping[Label, Label]
    chapters: tuple[Chapter, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=2)

    @cached_property
    def by_id(self) -> Mapping[str, Step]:
        return {step.id: step for step in self.steps}

    def choices_of(self, step: Step) -> tuple[Choice, ...]:
        """The step's own choices, `next` among them as 完成."""
        done = (Choice(id="done", text=self.done_text, go=step.next, say=step.say),) if step.next else ()
        return (*done, *step.choices)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a graduate stands. A value: every move makes a new one.

    `item` is the place in a checklist (0-based), `moves` grows with every move and tells old buttons from new ones,
    `answers` what was answered so far, `trail` the steps behind, oldest first. `compared` are the items of the present
    checklist that were answered since it was entered, in that order.
    """

    script: str
    revision: int
    step: str
    item: int = 0
    moves: int = 0
    answers: Mapping[str, str] = field(default_factory=dict)
    trail: tuple[str, ...] = ()
    state: State = "walking"
    compared: tuple[str, ...] = ()


_POSITION: TypeAdapter[Position] = TypeAdapter(Position)


def dump(position: Position) -> dict[str, Any]:
    """The position as JSON-ready data; `load(dump(p)) == p`."""
    return {field.name: getattr(position, field.name) for field in fields(position)}


def load(data: object) -> Position:
    """The position that `dump` wrote. pydantic.ValidationError (a ValueError) for anything else."""
    return _POSITION.validate_python(data, strict=False)
