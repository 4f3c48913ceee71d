"""The walk: from a position and what a graduate did to the next position and what happened on the way.

Must live here: every rule of moving through a script. Must not: sentences, channels, storage, the machine's clock.
Only an action in the script's table moves anybody: any other is None, and the caller shows where the graduate is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Literal

from flows.answers import Asking, Scene
from flows.clock import Phase, running_clock
from flows.course_names import Sounds
from flows.date_words import day_of
from flows.model import RETURN, TODAY, WRONG, Choice, Gate, Note, Position, Script, State, Step
from flows.notice import CAUSE, Notice

MAX_HOPS = 12
"""Gates passed in one move before the script is taken for a ring and the graduate is led to its `resume_at`."""
SOON = 7
"""Days before the end of the corrections in which nothing can be waited for."""
MAX_TRAIL = 60
"""Steps behind that 上一步 remembers."""

NOON = time(12)
"""The hour at which a day counts as one on which a window was open."""

BACK = "back"
JUMP = "jump"

CHECKED = "checked"
"""The answer of whoever says that they compared everything before they came here; comparing again takes it back."""

PRESSED = ("clicked", "pressed")
"""Answers of whoever clicked 正确: the day, or only that it was so."""
CLEARED = "cleared"
"""The verdict on what differs and may stay so, as the school said."""
GUARDS = frozenset({"fields_open", "photo_open", "wrong"})
"""Conditions that keep 正确 from whoever has not compared everything, or found something wrong."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that came of a move, worth an event in the store: `kind` entered, gone or a state that was reached."""

    kind: Literal["entered", "gone", "walking", "reported", "done"]
    step: str


@dataclass(frozen=True, slots=True)
class Move:
    """A new position, what happened, and texts of the script to say before it is shown."""

    position: Position
    happenings: tuple[Happening, ...] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the present step: its action id and its words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """What there is to show of a position. `name` is the thing to compare in a checklist, number `item` of `items`."""

    step: Step
    actions: tuple[Action, ...]
    stuck: tuple[Action, ...]
    notes: tuple[Note, ...]
    name: str | None = None
    item: int = 0
    items: int = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """A script walked under a notice at `now` (local time of the notice). Holds nothing: positions go in and out.

    With `sounds` majors are known by their sound as well.
    """

    script: Script
    notice: Notice
    now: datetime
    sounds: Sounds | None = None

    def start(self, moves: int = 0) -> Move:
        """The first position. `moves` goes on from an earlier walk, so that its buttons stay old."""
        nowhere = Position(self.script.id, self.script.revision, "", moves=moves)
        return self._enter(nowhere, self.script.start)

    def resume(self, position: Position) -> Move:
        """The position as it is under the present script; one whose step is gone stands at the script's fallback."""
        if position.script != self.script.id:
            return self.start(position.moves)
        if position.step not in self.script.by_id:
            moved = self._enter(replace(position, step="", item=0), self.script.resume_at)
            return replace(moved, happenings=(Happening("gone", position.step), *moved.happenings))
        now = replace(position, revision=self.script.revision)
        guard = self._gate(self._step(now), now)
        if guard and guard.when in GUARDS and now.state != "done":
            # The notice asks for more than when she came here.
            return self._enter(now, now.step)
        items = self._items(self._step(now))  # the notice may have lost some
        compared = tuple(name for name in now.compared if name in items)
        return Move(replace(now, item=min(now.item, max(0, len(items) - 1)), compared=compared))

    def press(self, position: Position, action: str) -> Move | None:
        """The move for a button of this position; None when the step has no such button now."""
        step = self._step(position)
        if action == BACK:
            return self._back(position)
        if step.checklist and action in dict(step.checklist.choices):
            return self.compare(position, {self._items(step)[position.item]: action})
        asking = self.asking(position)
        for option in asking.all_options if asking else ():
            if option.id == action:
                return self.answer(position, option.answers)
        for choice in (*self.script.choices_of(step), *step.stuck):
            if choice.id == action:
                return self._choose(position, choice)
        return None

    def compare(self, position: Position, verdicts: Mapping[str, str]) -> Move | None:
        """The move for verdicts on items of the present checklist by name (`field:民族`, `photo`), in any order.

        None when the step has no such item or answer. The next item is the first after these that was not compared
        since the checklist was entered; without one the checklist is done.
        """
        step, items = self._step(position), self._items(self._step(position))
        if step.checklist is None or not verdicts or not verdicts.keys() <= set(items):
            return None
        if not set(verdicts.values()) <= dict(step.checklist.choices).keys():
            return None
        compared = (*(name for name in position.compared if name not in verdicts), *verdicts)
        answers = {name: value for name, value in position.answers.items() if name != CHECKED} | {**verdicts}
        marked = replace(position, answers=answers, compared=compared, moves=position.moves + 1)
        here = position.item
        open_ = [n for n in (*range(here, len(items)), *range(here)) if items[n] not in compared]
        if open_:
            return Move(replace(marked, item=open_[0]))
        return self._enter(replace(marked, moves=position.moves), step.checklist.go)

    def asking(self, position: Position) -> Asking | None:
        """Return what the present step asks for, with the ways to answer it; None when it only offers choices."""
        reads = self._step(position).reads
        return Asking(Scene(reads, self.notice, position.answers, self.now.date(), self.sounds)) if reads else None

    def answer(self, position: Position, answers: Mapping[str, str]) -> Move:
        """The move for answers that the present step asked for."""
        reads = self._step(position).reads
        assert reads
        assert reads.go
        return self._enter(replace(position, answers={**position.answers, **answers}), reads.go)

    def items(self, position: Position) -> Sequence[str]:
        """The names of what the present checklist compares, in its order; empty at any other step."""
        return self._items(self._step(position))

    def jump(self, position: Position, target: str) -> Move | None:
        """The move to another step, through its gates; None when there is no such step."""
        return self._enter(position, target) if target in self.script.by_id else None

    def view(self, position: Position) -> View:
        """What to show: own buttons in order, the affirming one first."""
        step, items, asking = self._step(position), self.items(position), self.asking(position)
        actions = [Action(o.id, o.text) for o in asking.options] if asking else []
        if step.checklist:
            actions += [Action(answer, text) for answer, text in step.checklist.choices]
        choices = (c for c in self.script.choices_of(step) if c.when is None or self.holds(c.when, position))
        actions += [Action(c.id, c.text) for c in choices]
        return View(
            step,
            tuple(actions),
            tuple(Action(c.id, c.text) for c in step.stuck),
            tuple(note for note in step.notes if note.when is None or self.holds(note.when, position)),
            items[position.item] if items else None,
            position.item + 1 if items else 0,
            len(items),
        )

    def holds(self, condition: str, position: Position) -> bool:
        """Whether a condition of the script (see `known_condition`) is true of this position now."""
        if condition.startswith("not "):
            return not self.holds(condition[4:], position)
        if condition.startswith("notice."):
            return self.notice.has(condition.removeprefix("notice."))
        if condition.startswith("answer."):
            return bool(position.answers.get(condition.removeprefix("answer.")))
        return CONDITIONS[condition](self, position)

    def _step(self, position: Position) -> Step:
        return self.script.by_id[position.step]

    def _items(self, step: Step) -> Sequence[str]:
        if step.checklist is None:
            return ()
        return ("photo",) if step.checklist.of == "photo" else [f"field:{f.name}" for f in self.notice.check_fields]

    def _choose(self, position: Position, choice: Choice) -> Move:
        forgotten = {name for about in choice.forget for name in self._names(position, about)}
        kept = {name: value for name, value in position.answers.items() if name not in forgotten}
        if choice.clears:
            kept |= dict.fromkeys(_not_right(self.notice, position), CLEARED)
        kept |= {name: str(self.now.date()) if value == TODAY else value for name, value in choice.keep.items()}
        moved = self._enter(replace(position, answers=kept), choice.go)
        return replace(moved, said=(choice.said, *moved.said)) if choice.said else moved

    def _names(self, position: Position, about: str) -> Iterable[str]:
        """Return the names of the answers that a choice forgets."""
        if about == WRONG:
            wrong = _not_right(self.notice, position)
            return (*wrong, *(name.replace("field:", f"{CAUSE}:") for name in wrong))
        step = self.script.by_id.get(about)
        return (CHECKED, *self._items(step)) if step else (about,)

    def _back(self, position: Position) -> Move | None:
        if position.compared:
            return self._compare_again(position)
        trail = [step for step in position.trail if step in self.script.by_id]
        if not trail:
            return None
        # A step whose gate holds now would send the graduate straight on again.
        open_ = (n for n in reversed(range(len(trail))) if self._gate(self.script.by_id[trail[n]], position) is None)
        n = next(open_, len(trail) - 1)
        moved = self._enter(replace(position, trail=tuple(trail[:n]), step=""), trail[n])
        items = self._items(self._step(moved.position))
        behind = replace(moved.position, item=max(0, len(items) - 1), compared=tuple(items[:-1]))
        return replace(moved, position=behind)

    def _compare_again(self, position: Position) -> Move:
        """Back to the item that was compared last; its verdict is open again."""
        *before, last = position.compared
        answers = {name: value for name, value in position.answers.items() if name != last}
        item = self._items(self._step(position)).index(last)
        return Move(replace(position, item=item, answers=answers, compared=tuple(before), moves=position.moves + 1))

    def _resolve(self, position: Position, target: str) -> str:
        """Return the step that a target means."""
        return self._way_back(position) if target == RETURN else target

    def _way_back(self, position: Position) -> str:
        here = self._step(position).track
        steps = (self.script.by_id[s] for s in reversed(position.trail) if s in self.script.by_id)
        return next((step.id for step in steps if step.track != here), self.script.resume_at)

    def _gate(self, step: Step, position: Position) -> Gate | None:
        return next((gate for gate in step.gate if self.holds(gate.when, position)), None)

    def _enter(self, position: Position, target: str) -> Move:
        """Enter a step, through its gates. A checklist goes on where it was left; one that was done begins again."""
        target = self._resolve(position, target)
        step, said, trail = self.script.by_id[target], [], tuple[str, ...]()
        for _ in range(MAX_HOPS):
            gate = self._gate(step, position)
            if gate is None:
                break
            said += [gate.said] if gate.said else []
            trail += (step.id,) if gate.back else ()
            target = self._resolve(position, gate.go)
            step = self.script.by_id[target]
        else:
            step = self.script.by_id[self.script.resume_at]
        items = self._items(step)
        compared = tuple(name for name in items if position.answers.get(name))
        compared = compared if len(compared) < len(items) else ()
        left = (position.step,) if position.step and position.step != step.id else ()
        state: State = step.state or position.state
        happenings = [Happening("entered", step.id)]
        happenings += [Happening(state, step.id)] if state != position.state else []
        entered = replace(
            position,
            step=step.id,
            item=next((n for n, name in enumerate(items) if name not in compared), 0),
            compared=compared,
            moves=position.moves + 1,
            trail=(*position.trail, *left, *trail)[-MAX_TRAIL:],
            state=state,
        )
        return Move(entered, tuple(happenings), tuple(said))


def change_answers(position: Position, answers: Mapping[str, str]) -> Move:
    """The move that changes answers of before, and leaves the place as it is."""
    return Move(replace(position, answers={**position.answers, **answers}, moves=position.moves + 1))


def verdicts_of(notice: Notice, position: Position) -> Mapping[str, str]:
    """The verdict on every field and the photo, in the notice's order: right, wrong, unsure, missing or "" (open)."""
    names = [f"field:{f.name}" for f in notice.check_fields] + (["photo"] if notice.photo.required else [])
    return {name: position.answers.get(name, "") for name in names}


def wrong_fields(notice: Notice, position: Position) -> tuple[str, ...]:
    """Names of the fields (and `photo`) that were found wrong; 不确定 counts as wrong."""
    return tuple(name.removeprefix("field:") for name in _not_right(notice, position))


def cleared_fields(notice: Notice, position: Position) -> tuple[str, ...]:
    """Names of the fields (and `photo`) that differ and may stay so, as the school said."""
    verdicts = verdicts_of(notice, position).items()
    return tuple(name.removeprefix("field:") for name, verdict in verdicts if verdict == CLEARED)


def _not_right(notice: Notice, position: Position) -> tuple[str, ...]:
    verdicts = verdicts_of(notice, position).items()
    return tuple(name for name, verdict in verdicts if verdict not in ("", "right", CLEARED))


def _clicked_in(walk: Walk, position: Position) -> Phase | None:
    """The clock that ran on the day on which 正确 was clicked; None when that day is not known."""
    clicked = day_of(position.answers.get("clicked"))
    return _phase(walk, position, datetime.combine(clicked, NOON)) if clicked else None


def _phase(walk: Walk, position: Position, moment: datetime) -> Phase:
    return running_clock(walk.notice, _cohort(position), moment).phase


def _days_to_correct(walk: Walk, position: Position) -> int:
    """Return the days to the end of the corrections; negative when it is over, or there is none."""
    ends = (window.last_day for window in walk.notice.windows_for(_cohort(position), "correction"))
    return max(((end - walk.now.date()).days for end in ends if end), default=-1)


def _cohort(position: Position) -> str | None:
    return position.answers.get("cohort") or None


CONDITIONS: Mapping[str, Callable[[Walk, Position], bool]] = {
    "fields_open": lambda w, p: (
        CHECKED not in p.answers and any(not v for k, v in verdicts_of(w.notice, p).items() if k != "photo")
    ),
    "photo_open": lambda w, p: CHECKED not in p.answers and verdicts_of(w.notice, p).get("photo") == "",
    "wrong": lambda w, p: bool(wrong_fields(w.notice, p)),
    "unnamed": lambda w, p: not wrong_fields(w.notice, p) and p.answers.get("record") != "missing",
    "record_missing": lambda w, p: p.answers.get("record") == "missing",
    "cause_open": lambda w, p: w.notice.find_open_cause(p.answers) is not None,
    "class_open": lambda w, p: not (p.answers.get("major") or p.answers.get("no-class")),
    "cleared": lambda w, p: bool(cleared_fields(w.notice, p)),
    "cleared_by_office": lambda w, p: p.answers.get("cleared-by") == "office",
    "pressed": lambda w, p: any(p.answers.get(name) for name in PRESSED),
    "early": lambda w, p: _phase(w, p, w.now) is Phase.PREPARE,
    "late": lambda w, p: _phase(w, p, w.now) in (Phase.LATE, Phase.CLOSED),
    "closed": lambda w, p: _phase(w, p, w.now) is Phase.CLOSED,
    "correctable": lambda w, p: any(
        c.safe_day and w.now.date() <= c.safe_day for c in w.notice.windows_for(_cohort(p), "correction")
    ),
    "hurried": lambda w, p: 0 <= _days_to_correct(w, p) < SOON,
    "unhurried": lambda w, p: _days_to_correct(w, p) >= SOON,
    "clicked_early": lambda w, p: _clicked_in(w, p) is Phase.PREPARE,
    "clicked_late": lambda w, p: _clicked_in(w, p) in (Phase.LATE, Phase.CLOSED),
}
"""What gates and notes of a script may ask, besides `answer.…`, `notice.…` and `not …`."""


def is_condition(condition: str) -> bool:
    """Whether a script may use this condition."""
    bare = condition.removeprefix("not ")
    return bare in CONDITIONS or bare.startswith("answer.") or (bare.startswith("notice.") and _in_notice(bare[7:]))


def _in_notice(path: str) -> bool:
    model: object = Notice
    for name in path.split("."):
        fields = getattr(model, "model_fields", {})
        if name not in fields:
            return isinstance(getattr(model, name, None), property)
        model = fields[name].annotation
    return True
