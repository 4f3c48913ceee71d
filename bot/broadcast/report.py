"""The progress and the result of a broadcast, as text, buttons and CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from bot.broadcast import draft as drafts
from bot.broadcast.times import is_quiet
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.audience import SMALLEST
from bot.domain.broadcast import STATES, Act, Broadcast, RowState, Totals
from bot.domain.join_codes import format_code
from bot.domain.lifecycle import ENDED, BroadcastState
from bot.domain.messages import Button, Tone
from bot.domain.zone import ZONE
from flows.notice import Notice

WIDTH = 10
"""Characters of the bar."""

_WRITTEN_TO: tuple[RowState, ...] = ("sending", "sent", "blocked", "failed", "unsure")


def format_title(words: BroadcastPhrases, broadcast: Broadcast) -> str:
    """Return the title: the number, and that of the broadcast that it repeats, corrects or recalls."""
    kind = "again" if broadcast.parent and broadcast.act == "send" else broadcast.act
    return words.titles[kind].format(number=broadcast.number, parent=broadcast.parent)


def format_state(words: BroadcastPhrases, broadcast: Broadcast, now: datetime | None = None) -> str:
    """Return the word for its state; with local time `now` also whether it waits for the end of the quiet hours."""
    if broadcast.state == "cancelled" and broadcast.total is None:
        return words.told_states["dropped" if broadcast.came_from == "draft" else "before"]
    if broadcast.state == "draft" and broadcast.came_from:
        return words.told_states["back"]
    if broadcast.recalled:
        return words.told_states["recalled"]
    if now and broadcast.state == "running" and _waits_for_morning(words, broadcast, now):
        return words.told_states["morning"]
    return words.acting[broadcast.act].get(broadcast.state, words.states[broadcast.state])


def _waits_for_morning(words: BroadcastPhrases, broadcast: Broadcast, now: datetime) -> bool:
    is_loud = drafts.load(broadcast.draft).loud
    return not is_loud and is_quiet(now.time(), words.habits.quiet_from, words.habits.quiet_to)


def tells_people(broadcast: Broadcast, totals: Totals) -> bool:
    """Return whether the numbers of its recipients may be told: not before SMALLEST people were written to, lest a
    broadcast that is stopped, or goes to few, tells who is in a state.
    """
    return _is_told(broadcast, totals, SMALLEST)


def lists_people(broadcast: Broadcast, totals: Totals) -> bool:
    """Return whether its report, which is asked for on purpose and audited, may list its recipients: not before anybody
    was written to.
    """
    return _is_told(broadcast, totals, 1)


def _is_told(broadcast: Broadcast, totals: Totals, least: int) -> bool:
    written = sum(totals[state] for state in _WRITTEN_TO)
    return broadcast.act != "send" or bool(broadcast.parent) or written >= least


def format_people(words: BroadcastPhrases, broadcast: Broadcast, totals: Totals, n: int) -> str:
    """Format a number of its recipients, rounded while they may not be told."""
    return (
        str(n)
        if tells_people(broadcast, totals) or not n
        else words.about.format(n=n)
        if (n := n // SMALLEST * SMALLEST)
        else words.few
    )


def format_counts(words: BroadcastPhrases, broadcast: Broadcast, totals: Totals) -> str:
    """Format the number of recipients in each state, which add up to the total, and the reasons of those left out."""
    names = {**words.rows, "sent": words.arrived[broadcast.act]}
    spell = partial(format_people, words, broadcast, totals)
    why = "、".join(f"{words.reasons.get(reason, reason)} {spell(n)}" for reason, n in totals.skipped.items())
    said = _list_states(names, totals.states, spell)
    if totals.waiting:
        said.append(words.unfetched.format(n=totals.waiting))
    apart = [
        words.by_channel.format(
            channel=words.channels.get(channel, channel), counts=" · ".join(_list_states(names, counts, spell))
        )
        for channel, counts in sorted(totals.channels.items())
    ]
    return "\n".join([" · ".join(said) + (f"（{why}）" if why else ""), *(apart if len(apart) > 1 else ())])


def _list_states(
    names: Mapping[RowState, str], counts: Mapping[RowState, int], spell: Callable[[int], str]
) -> list[str]:
    return [f"{names[state]} {spell(counts[state])}" for state in STATES if counts.get(state)]


def format_acks(words: BroadcastPhrases, act: Act, totals: Totals) -> str:
    """Format the answers, and how many who got it gave none; "" for corrections, which ask nothing."""
    if act != "send":
        return ""
    said = [f"{words.acks[ack]} {n}" for ack, n in totals.acks.items()]
    silent = totals["sent"] - sum(totals.acks.values())
    return " · ".join([*said, words.silent.format(n=max(0, silent))]) if totals["sent"] else ""


def format_progress(
    words: BroadcastPhrases, broadcast: Broadcast, totals: Totals, per_s: float = 0.0, why: str | None = None
) -> str:
    """Format the card: bar, counts, messages a second, time left, reason for a standstill (`why`; None: the row's)."""
    total = totals.total or broadcast.total or 0
    share = totals.finished / total if total else float(broadcast.state in ENDED)
    filled = int(share * WIDTH)
    left = (total - totals.finished) / per_s if per_s else 0.0
    reason = words.why.get(broadcast.why, "") if why is None else why
    text = words.progress.format(
        title=format_title(words, broadcast),
        state=format_state(words, broadcast),
        bar=words.bar[0] * filled + words.bar[1] * (WIDTH - filled),
        percent=int(share * 100),
        settled=format_people(words, broadcast, totals, totals.finished),
        total=format_people(words, broadcast, totals, total),
        rate=words.per_s.format(n=f"{per_s:.1f}") if per_s else "",
        eta=words.eta.format(eta=format_duration(words, left)) if left else "",
        counts=format_counts(words, broadcast, totals),
        acks=format_acks(words, broadcast.act, totals),
        why=reason.format(when=format_time(broadcast.resume_at)) if reason else "",
    )
    return "\n".join(line for line in text.splitlines() if line.strip())


def summarise(words: BroadcastPhrases, broadcast: Broadcast, totals: Totals) -> str:
    """Format the result for all recipients."""
    return words.ended.format(
        title=format_title(words, broadcast),
        state=format_state(words, broadcast),
        total=format_people(words, broadcast, totals, totals.total),
        counts=format_counts(words, broadcast, totals),
        acks=format_acks(words, broadcast.act, totals),
    )


COLUMNS = ("code", "cohort", "major", "member", "state", "reason", "attempts", "at", "ack", "ack_at")
"""Fields of a recipient, in the order of the CSV's columns."""

ACTS: Mapping[BroadcastState, tuple[tuple[str, ...], ...]] = {
    "draft": (
        ("text", "template"),
        ("who", "buttons"),
        ("view", "test", "exact"),
        ("send", "at"),
        ("loud", "keep", "drop"),
    ),
    "approved": (("view", "send"), ("at", "edit"), ("drop",)),
    "scheduled": (("view", "edit"), ("cancel",)),
    "freezing": (("cancel",),),
    "running": (("pause", "cancel"),),
    "paused": (("resume", "cancel"),),
    "done": (("csv",), ("failed", "unsure"), ("correct", "recall")),
    "cancelled": (("csv",), ("failed", "unsure"), ("correct", "recall")),
}
"""Acts that are possible in each state, as rows of buttons."""
FOLLOWING: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "again": (("view", "test"), ("send", "drop")),
    "edit": (("text", "view"), ("test", "send"), ("drop",)),
    "delete": (("send", "drop"),),
}
"""Acts on the draft of one that repeats, corrects or recalls another: its audience is fixed."""


def list_buttons(words: BroadcastPhrases, broadcast: Broadcast) -> tuple[tuple[Button, ...], ...]:
    """Return the buttons under a broadcast's card."""
    rows, number, act = ACTS[broadcast.state], broadcast.number, broadcast.act
    if broadcast.parent and broadcast.state == "draft":
        rows = FOLLOWING["again" if act == "send" else act]
    elif broadcast.state == "cancelled" and broadcast.total is None:
        rows = ()  # a draft that was dropped
    elif broadcast.state in ENDED and act != "send":
        rows = (("csv",),)
    loud = "✓ " if drafts.load(broadcast.draft).loud else ""
    own = {"send": words.sends[act], "drop": words.drops[act], "loud": loud + words.buttons["loud"]}
    return tuple(tuple(make_button(words, number, name, text=own.get(name, "")) for name in row) for row in rows)


def make_button(words: BroadcastPhrases, number: int, act: str, about: str = "", text: str = "") -> Button:
    """Make a button of the broadcast area."""
    tone: Tone = (
        "bad" if act in ("cancel", "drop", "recall") else "good" if act in ("send", "go", "approve", "resume") else ""
    )
    return Button(f"bc|{number}|{act}{f'|{about}' if about else ''}", text or words.buttons[act], tone)


def format_duration(words: BroadcastPhrases, seconds: float) -> str:
    """Format a duration in minutes or hours, rounded up."""
    minutes = int(seconds // 60) + 1
    return words.minutes.format(n=minutes) if minutes < 90 else words.hours.format(n=round(minutes / 60))


def format_time(at: datetime | None) -> str:
    """Format a moment in the notice's zone; "" for None."""
    return f"{at.astimezone(ZONE):%m-%d %H:%M}" if at else ""


def to_csv(words: BroadcastPhrases, rows: Iterable[Mapping[Any, Any]], notices: Mapping[str, Notice]) -> str:
    """Return the recipients as CSV that a spreadsheet opens, each by join code and random number."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(words.csv)
    labels = label_classes(notices)
    writer.writerows(to_row(words, row, labels) for row in rows)
    return out.getvalue()


def label_classes(notices: Mapping[str, Notice]) -> Mapping[str, str]:
    """Return the name of each class, by its id."""
    return {cohort.id: cohort.label for notice in notices.values() for cohort in notice.cohorts}


def to_row(words: BroadcastPhrases, row: Mapping[Any, Any], labels: Mapping[str, str]) -> list[str]:
    """Return one recipient's cells; `labels` are the names of classes by id."""
    return [
        format_code(row["code"]) if row["code"] else "",
        " ".join(filter(None, (labels.get(row["cohort"] or "", ""), row["major"]))),
        row["member"] or "–",
        words.rows[row["state"]],
        say_reason(words, row["reason"]),
        str(row["attempts"]),
        _format_stored_time(row["at"]),
        words.acks[row["ack"]] if row["ack"] else "",
        _format_stored_time(row["ack_at"]),
    ]


def say_reason(words: BroadcastPhrases, reason: str) -> str:
    """Return why somebody did not get it, in a teacher's words, else with what the channel said."""
    if not reason or reason in words.reasons:
        return words.reasons.get(reason, "")
    said = reason.lower()
    known = next((label for part, label in words.errors.items() if part in said), None)
    return known or words.error_other.format(reason=reason)


def _format_stored_time(at: str | None) -> str:
    """Format a stored time in the notice's zone, to the second."""
    return f"{datetime.fromisoformat(at).astimezone(ZONE):%Y-%m-%d %H:%M:%S}" if at else ""
