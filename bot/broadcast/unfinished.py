"""The list of graduates who are not done, for calls; and the school's own list, which corrects those who said done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.broadcast.times import quiet_time_left
from bot.content.content import Content
from bot.domain import join_codes
from bot.domain import session as sessions
from bot.domain.accounts import PersonKey
from bot.domain.classes import Classes
from bot.domain.effects import Effect, Outdated
from bot.domain.join_codes import Holder, Listed
from bot.domain.outbox import Queued
from bot.domain.reminders import Resaved
from bot.domain.zone import ZONE
from bot.render import tables
from bot.render.reply import Voice
from bot.store import Store
from flows.engine import PRESSED

ATTEMPTS = 3
"""Attempts to correct somebody who does something at the same moment."""


async def import_list(
    store: Store,
    content: Content,
    channel: str,
    notice: str,
    given: Listed,
    now: datetime,
    at: datetime,
    within: Classes | None = None,
) -> Import:
    """Correct everybody on the list who said done, each in an own transaction, so that it can be repeated.

    `now` is local time of the notice, `at` the same in UTC. In the quiet hours the messages wait until their end.
    A code of somebody outside the classes `within` is one that nobody has.
    """
    habits = content.phrases.broadcast.habits
    due = at + quiet_time_left(now, habits.quiet_from, habits.quiet_to)
    wanted = set(given.codes)
    holders = [holder for holder in await store.codes.holders(channel, notice, within) if holder.code in wanted]
    put_right = set()
    for holder in holders:
        if holder.state == "done" and await _correct_one(store, content, channel, notice, holder.who, now, at, due):
            put_right.add(holder.code)
    known = {holder.code for holder in holders}
    return Import(
        tuple(code for code in given.codes if code in put_right),
        tuple(code for code in given.codes if code in known - put_right),
        tuple(code for code in given.codes if code not in known),
        given.strange,
    )


async def _correct_one(
    store: Store,
    content: Content,
    channel: str,
    notice: str,
    who: PersonKey,
    now: datetime,
    at: datetime,
    due: datetime,
) -> bool:
    for _ in range(ATTEMPTS):
        for _, stored in await store.codes.sessions([who]):
            effects = correct_session(content, notice, who, stored, now, due)
            try:
                if effects:
                    await store.apply(effects, channel, at)
            except Outdated:
                break
            return bool(effects)
    return False


MAX_NAMED = 20
"""Codes, or lines without one, that are listed."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A line of the list: a code, how far its owner is (`never`: nobody entered it) and the day of their last turn."""

    code: str
    state: str
    step: str
    seen: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Import:
    """The result of an import, as codes: `corrected` had said done; `open` had not; `unknown` nobody has."""

    corrected: tuple[str, ...]
    open: tuple[str, ...]
    unknown: tuple[str, ...]
    strange: tuple[tuple[int, str], ...]


def find_unfinished(voice: Voice, holders: Iterable[Holder], every: Sequence[str] = ()) -> list[Unfinished]:
    """List codes whose owners are not done, longest away first; then those of `every` that nobody entered."""
    by_code: dict[str, list[Holder]] = {}
    for holder in holders:
        by_code.setdefault(holder.code, []).append(holder)
    latest = [max(own, key=lambda h: h.seen) for own in by_code.values() if all(h.state != "done" for h in own)]
    found = [_to_line(voice, holder) for holder in sorted(latest, key=lambda h: (h.seen, h.code))]
    return found + [Unfinished(code, "never", "", "", reachable=False) for code in every if code not in by_code]


def _to_line(voice: Voice, holder: Holder) -> Unfinished:
    step = voice.content.script.by_id.get(holder.step or "")
    return Unfinished(
        holder.code,
        holder.state,
        voice.fill(step.title) if step else "",
        f"{holder.seen.astimezone(ZONE):%Y-%m-%d}",
        holder.reachable,
    )


def to_csv(content: Content, chased: Iterable[Unfinished]) -> str:
    """Return the list as CSV that a spreadsheet opens."""
    words, rows = content.phrases.broadcast.joining, []
    for one in chased:
        state = content.phrases.broadcast.stats_states.get(one.state, words.never)
        away = "" if one.reachable or one.state == "never" else content.phrases.broadcast.stats_special["silent"]
        rows.append([join_codes.format_code(one.code), state, one.step, one.seen, away])
    return tables.to_csv(words.columns, rows)


def describe_import(content: Content, result: Import) -> str:
    """Describe the result of an import."""
    words = content.phrases.broadcast.joining
    said = words.imported.format(
        corrected=len(result.corrected),
        open=len(result.open),
        unknown=len(result.unknown),
        listed=_count_listed(result),
    )
    lines = [said]
    if result.unknown:
        lines.append(words.unknown.format(codes="、".join(map(join_codes.format_code, result.unknown[:MAX_NAMED]))))
    lines += [words.strange.format(line=number, text=text) for number, text in result.strange[:MAX_NAMED]]
    return "\n".join(lines)


def _count_listed(result: Import) -> int:
    return len({*result.corrected, *result.open, *result.unknown})


def correct_session(
    content: Content, notice: str, who: PersonKey, stored: str, now: datetime, due: datetime
) -> list[Effect]:
    """Return effects that move somebody who said done back to the step before the last, with a message from `due` on.
    Nothing for those who never said so.
    """
    session = sessions.load(json.loads(stored))
    position = session.walks.get(notice)
    if position is None or position.state != "done" or session.code is None:
        return []
    script = content.script
    last = max(step.n or 0 for step in script.steps)
    confirms = next(step.id for step in script.steps if step.n == last - 1)
    there = replace(session, notice=notice)
    answers = {name: value for name, value in position.answers.items() if name not in PRESSED}
    unpressed = replace(position, state="walking", answers=answers)
    move = Voice(content, there, now).walk.jump(unpressed, confirms)
    assert move
    back = there.at(move.position)
    becomes = json.dumps(sessions.dump(back), ensure_ascii=False)
    voice = Voice(content, back, now)
    said = voice.fill(content.phrases.broadcast.joining.unchecked.format(code=join_codes.format_code(session.code)))
    reply = voice.bubbles(said, ((voice.start(),), (voice.command("contact"),)))[-1]
    queued = Queued("user", reply, user=who.user, channel=who.channel, planned_at=due)
    return [Resaved(who.user, stored, becomes, who.channel), queued]
