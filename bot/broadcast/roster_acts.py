"""The school's list at work: what it would change, the change in one transaction, and its end within a day."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.broadcast.roster import LONGEST, Roster, UnreadRow
from bot.broadcast.times import quiet_time_left
from bot.broadcast.unfinished import correct_session
from bot.content.content import Content
from bot.content.phrases.broadcast import RosterPhrases
from bot.domain import join_codes
from bot.domain import session as sessions
from bot.domain.accounts import PersonKey
from bot.domain.classes import Classes
from bot.domain.effects import Effect, Outdated
from bot.domain.join_codes import Holder, ListedCode
from bot.domain.outbox import Queued
from bot.domain.reminders import Resaved
from bot.domain.roles import Audited
from bot.render.reply import Voice
from bot.store import Store
from bot.store.rosters import UNDO

CODE = re.compile(r"[A-Z]{8}", re.ASCII)
MAX_NAMED = 30
"""Rows that are named in a sentence."""
ATTEMPTS = 3
"""Attempts while somebody on the list does something at the same moment."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a list would change: whom it puts back, how many of the listed stay as they are, codes nobody entered."""

    reset: tuple[Holder, ...]
    unchanged: int
    unknown: tuple[str, ...] = ()


def list_codes(roster: Roster, said_done: Collection[str] = ()) -> list[ListedCode]:
    """Return whom a list names; `said_done` are codes of those whom it puts back."""
    named = {**dict.fromkeys(roster.not_done_codes, False), **dict.fromkeys(roster.done_codes, True)}
    return [ListedCode(code, done, code in said_done, roster.classes.get(code, "")) for code, done in named.items()]


def to_tokens(roster: Roster, codes: Iterable[str]) -> str:
    """Return codes with their classes as one text; `of_tokens` reads it."""
    named = ((code, roster.classes.get(code, "")) for code in codes)
    return "\n".join(f"{code}={name}" if name else code for code, name in named)


def of_tokens(done: str, not_done: str) -> Roster:
    """Return the list whose codes `to_tokens` wrote; what is no code is left out."""
    parted = [[line.partition("=") for line in text.splitlines()] for text in (done, not_done)]
    sound = [[(code, name) for code, _, name in lines if CODE.fullmatch(code)] for lines in parted]
    classes = {code: name[:LONGEST] for lines in sound for code, name in lines if name}
    of_done, of_not_done = (tuple(code for code, _ in lines) for lines in sound)
    return Roster({}, (), (), (), of_done, of_not_done, classes=classes)


@dataclass(frozen=True, slots=True)
class Undone:
    """A list that was undone: how many are done again, and how many did something since and stay as they are."""

    restored: int
    moved: int


async def check_roster(
    store: Store, channel: str, notice: str, roster: Roster, within: Classes | None = None
) -> DryRun:
    """Return what a list would change: only those are put back who said done and whom it lists as not done; with
    `within` only those of these classes.
    """
    wanted = {*roster.not_done_codes} - {*roster.done_codes}
    holders = await store.codes.holders(channel, notice, within)
    reset = tuple(holder for holder in holders if holder.code in wanted and holder.state == "done")
    listed = len({*roster.done_codes, *roster.not_done_codes}) + roster.others
    known = {holder.code for holder in holders}
    unknown = tuple(code for code in (*roster.not_done_codes, *roster.done_codes) if code not in known)
    return DryRun(reset, listed - len(reset), unknown)


async def apply_roster(
    store: Store,
    content: Content,
    channel: str,
    notice: str,
    roster: Roster,
    now: datetime,
    at: datetime,
    by: str,
    within: Classes | None = None,
) -> tuple[int, DryRun]:
    """Put back whom the list says, all or nobody, and tell them; keep whom it names, for the list for calls. Return the
    list's number (0: it names nobody).

    Outdated when somebody of them does something at the moment, again and again.
    """
    due = _due(content, now, at)
    for attempt in range(ATTEMPTS):
        run = await check_roster(store, channel, notice, roster, within)
        stored = await store.codes.sessions([holder.who for holder in run.reset])
        changes = [(who, was, correct_session(content, notice, who, was, now, due)) for who, was in stored]
        changes = [change for change in changes if change[2]]
        listed = list_codes(roster, {holder.code for holder in run.reset})
        if not listed:
            return 0, run
        effects = [effect for _, _, each in changes for effect in each]
        effects.append(Audited("roster", f"{notice} {len(changes)}"))
        try:
            were = [(who, was) for who, was, _ in changes]
            return await store.rosters.apply(channel, notice, were, effects, at, by, listed), run
        except Outdated:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


async def undo_roster(
    store: Store,
    content: Content,
    number: int,
    now: datetime,
    at: datetime,
    by: str,
    within: Classes | None = None,
) -> Undone | Literal["gone", "late", "already"]:
    """Make everybody done again whom a list put back and who did not go on since, and tell them; or why it cannot be.
    For somebody who is confined to classes there are only their own lists.

    Outdated when somebody of them does something at the moment.
    """
    applied = await store.rosters.get(number)
    if applied is None or (within and applied.made_by != by):
        return "gone"
    if applied.undone:
        return "already"
    if at - applied.made_at > UNDO:
        return "late"
    effects: list[Effect] = []
    restored = 0
    for who, was, current in applied.changed:
        back = _restore_session(content, applied.notice, who, was, current, now, _due(content, now, at))
        restored += bool(back)
        effects += back
    effects.append(Audited("roster undo", f"{number} {restored}"))
    await store.rosters.undo(applied, effects, at, by)
    return Undone(restored, len(applied.changed) - restored)


def _restore_session(
    content: Content, notice: str, who: PersonKey, was: str, current: str, now: datetime, due: datetime
) -> Sequence[Effect]:
    """Return effects that give somebody back the place at which they were done; nothing for those elsewhere by now."""
    before, session = sessions.load(json.loads(was)), sessions.load(json.loads(current))
    place, position = before.walks.get(notice), session.walks.get(notice)
    if place is None or position is None or position.state != "walking":
        return ()
    back = replace(session, walks={**session.walks, notice: place})
    words, code = content.phrases.broadcast.joining, before.code or ""
    voice = Voice(content, replace(back, notice=notice), now)
    reply = voice.bubbles(words.restored.format(code=join_codes.format_code(code)))[-1]
    becomes = json.dumps(sessions.dump(back), ensure_ascii=False)
    queued = Queued("user", reply, user=who.user, channel=who.channel, planned_at=due)
    return (Resaved(who.user, current, becomes, who.channel), queued)


def _due(content: Content, now: datetime, at: datetime) -> datetime:
    habits = content.phrases.broadcast.habits
    left: timedelta = quiet_time_left(now, habits.quiet_from, habits.quiet_to)
    return at + left


def say_why(words: RosterPhrases, row: UnreadRow) -> str:
    """Return the sentence that says why a row cannot be read."""
    why = words.why[row.why if row.other or row.why != "same" else "same_elsewhere"].format(other=row.other)
    return words.of_sheet.format(sheet=row.sheet, why=why) if row.sheet else why


def describe_roster(words: RosterPhrases, given: Roster, dry_run: DryRun) -> str:
    """Return what a list holds, what it would change, and the first rows that cannot be read."""
    columns = "、".join(f"{words.roles[role]}＝{name}" for role, name in given.columns.items()) or words.only_codes
    rows = "、".join(str(row.row) for row in given.unread[:MAX_NAMED])
    reset, unread = len(dry_run.reset), len(given.unread)
    lines = [
        words.columns.format(columns=columns),
        words.check.format(
            reset=reset, unchanged=dry_run.unchanged, unread=unread, rows=words.rows.format(rows=rows) if rows else ""
        ),
        *(words.row.format(row=row.row, why=say_why(words, row)) for row in given.unread[:MAX_NAMED]),
    ]
    if dry_run.unknown:
        named = map(join_codes.format_code, dry_run.unknown[:MAX_NAMED])
        lines.append(words.unknown.format(n=len(dry_run.unknown), codes="、".join(named)))
    return "\n".join(lines)


def say_applied(words: RosterPhrases, number: int, reset: int, *, here: bool = False) -> str:
    """Return the sentence about a list that was applied; `here`: a button undoes it."""
    if not number:
        return words.nothing
    sentence = (words.applied_here if here else words.applied) if reset else words.noted
    return sentence.format(number=number, reset=reset)
