"""How far a broadcast is, in words and as a table. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.broadcast.ledger import STATES, Broadcast, Totals
from bot.broadcast.life import Life
from bot.broadcast.phrases import BroadcastPhrases
from bot.desk import ZONE
from bot.messages import Button, Tone

WIDTH = 10
"""Signs of the bar."""


def counts(words: BroadcastPhrases, totals: Totals) -> str:
    """How many are in each state that anybody is in; they add up to the total."""
    return " · ".join(f"{words.rows[state]} {totals[state]}" for state in STATES if totals[state])


def answers(words: BroadcastPhrases, totals: Totals) -> str:
    """Who answered what, and how many of those who got it are silent."""
    said = [f"{words.acks[ack]} {n}" for ack, n in totals.acks.items()]
    silent = totals["sent"] - sum(totals.acks.values())
    return " · ".join([*said, words.silent.format(n=max(0, silent))]) if totals["sent"] else ""


def progress(
    words: BroadcastPhrases, broadcast: Broadcast, totals: Totals, per_s: float = 0.0, why: str | None = None
) -> str:
    """The card: bar, counts, messages a second, the time that is left, and why it stands still."""
    total = totals.total or broadcast.total or 0
    share = totals.settled / total if total else 1.0
    filled = int(share * WIDTH)
    left = (total - totals.settled) / per_s if per_s else 0.0
    reason = words.why.get(broadcast.why if why is None else why, "")
    text = words.progress.format(
        number=broadcast.number,
        state=words.states[broadcast.state],
        bar=words.bar[0] * filled + words.bar[1] * (WIDTH - filled),
        percent=int(share * 100),
        settled=totals.settled,
        total=total,
        rate=words.per_s.format(n=f"{per_s:.1f}") if per_s else "",
        eta=words.eta.format(eta=span(words, left)) if left else "",
        counts=counts(words, totals),
        acks=answers(words, totals),
        why=reason.format(when=clock(broadcast.resume_at)) if reason else "",
    )
    return "\n".join(line for line in text.splitlines() if line.strip())


def ended(words: BroadcastPhrases, broadcast: Broadcast, totals: Totals) -> str:
    """What became of everybody."""
    return words.ended.format(
        number=broadcast.number,
        state=words.states[broadcast.state],
        total=totals.total,
        counts=counts(words, totals),
        acks=answers(words, totals),
    )


COLUMNS = ("member", "state", "reason", "attempts", "at", "ack", "ack_at")
"""What there is to say of a recipient, in the order of the CSV's columns."""

ACTS: Mapping[Life, tuple[tuple[str, ...], ...]] = {
    "draft": (("text", "template"), ("who", "buttons"), ("view", "test"), ("send", "at"), ("drop",)),
    "approved": (("view", "send"), ("edit", "drop")),
    "scheduled": (("view", "edit"), ("cancel",)),
    "freezing": (("cancel",),),
    "running": (("pause", "cancel"),),
    "paused": (("resume", "cancel"),),
    "done": (("csv", "again"), ("correct", "recall")),
    "cancelled": (("csv",),),
}
"""What can be done with a broadcast in each state, as rows of buttons."""


def doors(words: BroadcastPhrases, broadcast: Broadcast) -> tuple[tuple[Button, ...], ...]:
    """The buttons under a broadcast's card."""
    rows = ACTS[broadcast.state]
    return tuple(tuple(door(words, broadcast.number, act) for act in row) for row in rows)


def door(words: BroadcastPhrases, number: int, act: str, about: str = "", text: str = "") -> Button:
    """A button of the room of broadcasts."""
    tone: Tone = (
        "bad" if act in ("cancel", "drop", "recall") else "good" if act in ("send", "approve", "resume") else ""
    )
    return Button(f"bc|{number}|{act}{f'|{about}' if about else ''}", text or words.buttons[act], tone)


def span(words: BroadcastPhrases, seconds: float) -> str:
    """A stretch of time in minutes or hours, rounded up."""
    minutes = int(seconds // 60) + 1
    return words.minutes.format(n=minutes) if minutes < 90 else words.hours.format(n=round(minutes / 60))


def clock(at: datetime | None) -> str:
    """A moment as the notice's clocks show it."""
    return f"{at.astimezone(ZONE):%m-%d %H:%M}" if at else ""


def table(words: BroadcastPhrases, rows: Iterable[Mapping[Any, Any]]) -> str:
    """The recipients as CSV that a spreadsheet opens: who by their random number, what became of it and why."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(words.csv)
    writer.writerows(line(words, row) for row in rows)
    return out.getvalue()


def line(words: BroadcastPhrases, row: Mapping[Any, Any]) -> list[str]:
    """One recipient's cells."""
    return [
        row["member"] or "–",
        words.rows[row["state"]],
        words.reasons.get(row["reason"], row["reason"]),
        str(row["attempts"]),
        row["at"] or "",
        words.acks[row["ack"]] if row["ack"] else "",
        row["ack_at"] or "",
    ]
