"""Whom to call, by class: who never began, who stands still at which step, who left three reminders without an answer.

Pure. People are codes here; whose they are, only the school's own list says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.content.content import Content
from bot.domain.join_codes import Caller, format_code
from bot.domain.zone import ZONE
from bot.render.reply import Voice

Why = Literal["new", "silent", "reported", "walking"]
SILENT = 3
"""Reminders without an answer from which on somebody is to be called for that."""


@dataclass(frozen=True, slots=True)
class CallLine:
    """Somebody to call: class and reason in words, and the reason's name."""

    caller: Caller
    class_name: str
    why: Why
    step: str


def list_calls(voice: Voice, callers: Iterable[Caller]) -> list[CallLine]:
    """Return those who are not done, by class, longest away first; whoever came in by two channels, once."""
    labels = {cohort.id: cohort.label for cohort in voice.notice.cohorts}
    found = []
    for one in _merge(callers):
        holder = one.holder
        if holder.state == "done":
            continue
        step = voice.content.script.by_id.get(holder.step or "")
        name = " ".join(part for part in (labels.get(one.cohort or "", ""), one.major or "") if part)
        found.append(CallLine(one, name, _judge(one), voice.fill(step.title) if step else ""))
    return sorted(found, key=lambda call: (call.class_name, call.caller.holder.seen, call.caller.holder.code))


def _merge(callers: Iterable[Caller]) -> Iterable[Caller]:
    """Return one caller for each code: where they are done, else where they were last."""
    found: dict[str, Caller] = {}
    for one in callers:
        before = found.setdefault(one.holder.code, one)
        found[one.holder.code] = max(before, one, key=lambda it: (it.holder.state == "done", it.holder.seen))
    return found.values()


def _judge(one: Caller) -> Why:
    if one.holder.state == "reported":
        return "reported"
    if one.unanswered >= SILENT:
        return "silent"
    return "new" if one.holder.state == "new" else "walking"


def summarise_calls(content: Content, calls: Sequence[CallLine]) -> str:
    """Return how many are to be called for which reason, a line for each class."""
    words = content.phrases.broadcast.joining
    by_class: dict[str, Counter[str]] = {}
    for call in calls:
        why = words.call_why[call.why].format(step=call.step or words.never)
        by_class.setdefault(call.class_name or words.no_class, Counter())[why] += 1
    lines = (
        words.call_line.format(name=name, why="、".join(f"{why} {n}" for why, n in counts.most_common()))
        for name, counts in by_class.items()
    )
    return "\n".join(lines)


def to_rows(content: Content, calls: Iterable[CallLine]) -> Iterable[Sequence[str]]:
    """Return the rows of the table: code, class, why, step, last day, last answer, reminders without one, remarks."""
    broadcast = content.phrases.broadcast
    for call in calls:
        one, holder = call.caller, call.caller.holder
        ack = broadcast.acks[one.ack] if one.ack else ""  # type: ignore[index]
        said = f"{ack} {one.ack_at.astimezone(ZONE):%m-%d}" if ack and one.ack_at else ""
        away = "" if holder.reachable else broadcast.stats_special["silent"]
        why = broadcast.joining.call_why[call.why].format(step=call.step)
        seen = f"{holder.seen.astimezone(ZONE):%Y-%m-%d}"
        yield (format_code(holder.code), call.class_name, why, call.step, seen, said, str(one.unanswered), away)
