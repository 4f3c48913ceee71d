"""Checks a script as a whole: unknown names, dead ends, steps that nobody reaches, cycles of gates.

Every flaw has pydantic's own form (a rule, a place, particulars) and is reported like an error of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pydantic_core import InitErrorDetails

from flows.agreement import flaw
from flows.answers import READERS
from flows.engine import BACK, CONDITIONS, GUARDS, JUMP, is_condition
from flows.facts import PLACEHOLDER, placeholders
from flows.model import RETURN, WRONG, Reads, Script, Step

Loc = tuple[str | int, ...]


HEARD = {"certificate": {"old", "new"}}
"""Readers that keep nothing, and the texts that they name; all others keep an answer and lead to a step."""


def review(script: Script, topics: Collection[str], facts: Collection[str]) -> Iterator[InitErrorDetails]:
    """Yield the flaws of a script, given the FAQ's topic ids and the names of all facts."""
    yield from _find_repeated_ids(script)
    for n, step in enumerate(script.steps):
        at: Loc = ("steps", n)
        yield from _find_unknown_targets(script, step, at)
        yield from _find_unknown_names(script, step, at, topics, facts)
        if not any(step.exits):
            yield flaw("dead_end", *at, id=step.id)
        if step.reads and step.reads.reader in READERS and not _leads_somewhere(step.reads):
            yield flaw("read_nowhere", *at, "reads", id=step.id)
        missing = GUARDS - {gate.when for gate in step.gate}
        if step.state == "done" and missing:
            yield flaw("done_unguarded", *at, id=step.id, missing="、".join(sorted(missing)))
    yield from _find_unreachable(script)
    yield from _find_gate_cycles(script)


def _leads_somewhere(reads: Reads) -> bool:
    """Return whether every reading leads somewhere: to a text for each that is `heard`, to a step for a kept one."""
    texts = HEARD.get(reads.reader)
    return bool(reads.go) if texts is None else texts <= set(reads.heard)


def _find_repeated_ids(script: Script) -> Iterator[InitErrorDetails]:
    seen: set[str] = set()
    for n, step in enumerate(script.steps):
        if step.id in seen:
            yield flaw("id_twice", "steps", n, "id", id=step.id)
        seen.add(step.id)
        taken = {
            BACK,
            JUMP,
            *(dict(step.checklist.choices) if step.checklist else ()),
            *(["done"] if step.next else ()),
        }
        for section in ("choices", "stuck"):
            for i, choice in enumerate(getattr(step, section)):
                if choice.id in taken:
                    yield flaw("id_twice", "steps", n, section, i, "id", id=choice.id)
                taken.add(choice.id)


def _find_unknown_targets(script: Script, step: Step, at: Loc) -> Iterator[InitErrorDetails]:
    known, forgettable = sorted(script.by_id), {*script.by_id, *_list_answers(script), WRONG}
    for loc, target, _ in step.exits:
        if target not in script.by_id and target != RETURN:
            yield flaw("unknown_step", *at, *loc, id=target, known=known)
    for i, gate in enumerate(step.gate):
        if gate.go not in script.by_id and gate.go != RETURN:
            yield flaw("unknown_step", *at, "gate", i, "go", id=gate.go, known=known)
    for section in ("choices", "stuck"):
        for i, choice in enumerate(getattr(step, section)):
            for j, about in enumerate(choice.forget):
                if about not in forgettable:
                    yield flaw("unknown_step", *at, section, i, "forget", j, id=about, known=known)


def _list_answers(script: Script) -> Iterator[str]:
    """Yield the names under which answers are kept."""
    for step in script.steps:
        yield from (name for choice in (*step.choices, *step.stuck) for name in choice.keep)
        yield from (step.reads.into,) if step.reads else ()


def _find_unknown_names(
    script: Script, step: Step, at: Loc, topics: Collection[str], facts: Collection[str]
) -> Iterator[InitErrorDetails]:
    if step.track not in script.tracks:
        yield flaw("unknown_track", *at, "track", id=step.track, known=sorted(script.tracks))
    for i, topic in enumerate(step.trouble):
        if topic not in topics:
            yield flaw("unknown_topic", *at, "trouble", i, id=topic, known=sorted(topics))
    if step.reads and step.reads.reader not in READERS:
        yield flaw("unknown_reader", *at, "reads", "reader", id=step.reads.reader, known=sorted(READERS))
    for section in ("gate", "notes", "choices", "stuck"):
        for i, row in enumerate(getattr(step, section)):
            if row.when is not None and not is_condition(row.when):
                yield flaw("unknown_condition", *at, section, i, "when", id=row.when, known=sorted(CONDITIONS))
    for loc, text in step.prose:
        yield from find_unknown_placeholders(text, (*at, *loc), facts)
        yield from find_stray_braces(text, (*at, *loc))


def find_unknown_placeholders(text: str, loc: Loc, facts: Collection[str]) -> Iterator[InitErrorDetails]:
    """Yield the flaws of one text: names that no notice has."""
    for name in placeholders(text):
        if name not in facts:
            yield flaw("unknown_placeholder", *loc, id=name, known=sorted(facts))


def find_stray_braces(text: str, loc: Loc) -> Iterator[InitErrorDetails]:
    """Yield the flaw of a text with something that looks like a placeholder and is none: a graduate would see it."""
    if seen := _BRACE.search(PLACEHOLDER.sub("", text)):
        yield flaw("broken_placeholder", *loc, text=seen[0])


_BRACE = re.compile(r"\{\{[^{}\s]*|\}\}|[｛｝]|\{\s*[a-z_]+\.[a-z_.]+\s*\}?")
"""What is left of a placeholder that was not written as one."""


def _find_unreachable(script: Script) -> Iterator[InitErrorDetails]:
    known = script.by_id
    for name in ("start", "resume_at"):
        if getattr(script, name) not in known:
            yield flaw("unknown_step", name, id=getattr(script, name), known=sorted(known))
    for i, shortcut in enumerate(script.shortcuts):
        if shortcut.go not in known:
            yield flaw("unknown_step", "shortcuts", i, "go", id=shortcut.go, known=sorted(known))
    for command, target in script.commands.items():
        if target not in known:
            yield flaw("unknown_step", "commands", command, id=target, known=sorted(known))
    shortcuts = (shortcut.go for shortcut in script.shortcuts)
    open_ends = [script.start, script.resume_at, *shortcuts, *script.commands.values()]
    reached: set[str] = set()
    while open_ends:
        here = open_ends.pop()
        if here in known and here not in reached:
            reached.add(here)
            open_ends += [target for _, target, _ in known[here].exits] + [gate.go for gate in known[here].gate]
    for n, step in enumerate(script.steps):
        if step.id not in reached:
            yield flaw("unreachable_step", "steps", n, id=step.id)


def _find_gate_cycles(script: Script) -> Iterator[InitErrorDetails]:
    """Yield gates that can lead back to themselves: with all their conditions true the walk would never stop."""
    for n, step in enumerate(script.steps):
        if _leads_back(script, step.id, step.id, frozenset(), frozenset()):
            yield flaw("gate_ring", "steps", n, "gate", id=step.id)


def _leads_back(script: Script, origin: str, here: str, holding: frozenset[str], passed: frozenset[str]) -> bool:
    """Return whether gates lead from `here` to `origin` while all of `holding` is true; the first true one counts."""
    if here not in script.by_id or here in passed:
        return False
    for gate in script.by_id[here].gate:
        if _negate(gate.when) not in holding:
            held = holding | {gate.when}
            if gate.go == origin or _leads_back(script, origin, gate.go, held, passed | {here}):
                return True
        holding |= {_negate(gate.when)}
    return False


def _negate(condition: str) -> str:
    return condition.removeprefix("not ") if condition.startswith("not ") else f"not {condition}"
