"""Whom to call, by class: who never began, who stands still at which step, who left three reminders without an answer.

Pure. People are codes here; whose they are, only the school's own list says.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.content.content import Content
from bot.domain.join_codes import Caller, format_code
from bot.domain.zone import ZONE
from bot.render.reply import Voice

Why = Literal["unlisted", "papers", "never", "silent", "reported", "new", "walking"]
SILENT = 3
"""Reminders without an answer from which on somebody is to be called for that."""


@dataclass(frozen=True, slots=True)
class CallLine:
    """Somebody to call: class and reason in words, and the reason's name."""

    caller: Caller
    class_name: str
    why: Why
    step: str

    @property
    def group(self) -> str:
        """A short name of the class, for buttons."""
        return hashlib.sha256(self.class_name.encode()).hexdigest()[:6]


def list_calls(voice: Voice, callers: Iterable[Caller]) -> list[CallLine]:
    """Return those who are not done and not settled by a call, by class, longest away first; whoever came in by two
    channels, once.
    """
    labels = {cohort.id: cohort.label for cohort in voice.notice.cohorts}
    found = []
    for one in merge_callers(callers):
        why = _judge(one)
        if why is None:
            continue
        step = voice.content.script.by_id.get(one.holder.step or "")
        name = " ".join(part for part in (labels.get(one.cohort or "", ""), one.major or "") if part)
        name = name or (one.listed.class_name if one.listed else "")
        found.append(CallLine(one, name, why, voice.fill(step.title) if step else ""))
    return sorted(found, key=lambda call: (call.class_name, call.caller.holder.seen, call.caller.holder.code))


def merge_callers(callers: Iterable[Caller]) -> Collection[Caller]:
    """Return one caller for each code: where they are done, else where they were last."""
    found: dict[str, Caller] = {}
    for one in callers:
        before = found.setdefault(one.holder.code, one)
        found[one.holder.code] = max(before, one, key=lambda it: (it.holder.state == "done", it.holder.seen))
    return found.values()


def _judge(one: Caller) -> Why | None:
    """Return why somebody is to be called; None: no more. The school's list counts more than what they said."""
    state, listed = one.holder.state, one.listed
    if one.call == "handled" or (listed and listed.done):
        return None
    if listed and (listed.said_done or state == "done"):
        return "unlisted"
    if state == "done":
        return None
    if one.call == "papers":
        return "papers"
    if state in ("never", "reported"):
        return "never" if state == "never" else "reported"
    if one.unanswered >= SILENT:
        return "silent"
    return "new" if state == "new" else "walking"


def count_proof(callers: Iterable[Caller]) -> tuple[int, int]:
    """Return how many there are in all, and of how many it is proved that they were reached: by an answer to a
    broadcast or by a call.
    """
    every = merge_callers(callers)
    return len(every), sum(bool(one.ack or one.call in ("reached", "handled", "papers")) for one in every)


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


def say_call(content: Content, one: Caller) -> str:
    """Return the outcome of the last call with its day; empty when there was none."""
    words = content.phrases.broadcast.joining
    return f"{words.call_outcomes[one.call]} {one.call_at.astimezone(ZONE):%m-%d}" if one.call and one.call_at else ""


def describe_call(content: Content, call: CallLine) -> str:
    """Return one line: code, class, why, last day, last call."""
    words, one = content.phrases.broadcast.joining, call.caller
    why = words.call_why[call.why].format(step=call.step)
    seen = f"{one.holder.seen.astimezone(ZONE):%m-%d}" if one.holder.who.user else ""
    parts = (format_code(one.holder.code), call.class_name or words.no_class, why, seen, say_call(content, one))
    return " · ".join(filter(None, parts))


def to_rows(content: Content, calls: Iterable[CallLine]) -> Iterable[Sequence[str]]:
    """Return the rows of the table: code, class, why, step, last day, last answer, reminders without one, last call,
    remarks.
    """
    broadcast = content.phrases.broadcast
    for call in calls:
        one, holder = call.caller, call.caller.holder
        ack = broadcast.acks[one.ack] if one.ack else ""  # type: ignore[index]
        said = f"{ack} {one.ack_at.astimezone(ZONE):%m-%d}" if ack and one.ack_at else ""
        away = "" if holder.reachable or not holder.who.user else broadcast.stats_special["silent"]
        why = broadcast.joining.call_why[call.why].format(step=call.step)
        seen = f"{holder.seen.astimezone(ZONE):%Y-%m-%d}" if holder.who.user else ""
        told = (seen, said, str(one.unanswered), say_call(content, one), away)
        yield (format_code(holder.code), call.class_name, why, call.step, *told)
