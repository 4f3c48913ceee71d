"""Counts whom a broadcast reaches, also together with what its authors sent lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from bot.broadcast.starting import BroadcastStart
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.audience import SMALLEST, Condition, Count, Search, round_count
from bot.store import Store
from bot.store.broadcasts import BroadcastRows

COUNTED = timedelta(hours=24)
"""Time in which an author's broadcasts are counted together."""


async def count_reach(store: Store, starting: BroadcastStart) -> Count | None:
    """Count the people who would get it now; None while nobody is chosen.

    `reached` are distinct people: those, and all whom its authors' broadcasts of the last 24 hours reached.
    """
    rows, parent, search = store.broadcasts, starting.broadcast.parent, starting.search
    wide = None
    if parent:
        totals = await store.ledger.totals(parent)
        left = sum(totals[state] for state in starting.states)
        count, told = Count(left, 0, 0, 0, left), None
    elif search:
        count, wide = await rows.count(search), await widen(rows, search)
        of_wide = await rows.count(wide)
        left, told = of_wide.left, round_count(of_wide)
    else:
        return None
    since = starting.at - COUNTED
    lately = await rows.find_started(starting.broadcast.channel, since)
    count = replace(count, lately=len(lately), since=since)
    theirs = [it.number for it in lately if starting.authors & replace(starting, broadcast=it).authors]
    reached = await rows.count_together(theirs, search, parent, starting.states) if theirs else count.left
    if told and wide:
        told = replace(told, reached=max(told.left, await _tell_together(rows, theirs, wide, left)))
    return replace(count, reached=reached, told=told)


async def _tell_together(rows: BroadcastRows, theirs: Sequence[int], wide: Search, left: int) -> int:
    """Count whom broadcasts reached and a rule finds, `left` people, as it may be told.

    Few who are in both, or only in the rule, are taken for none: whoever chose the others would learn their state.
    """
    had = await rows.count_together(theirs, None, None, ()) if theirs else 0
    new = await rows.count_together(theirs, wide, None, ()) - had if theirs else left
    new = left if left - new < SMALLEST else new
    return had // SMALLEST * SMALLEST + new // SMALLEST * SMALLEST


async def count_told(rows: BroadcastRows, search: Search) -> Count:
    """Count those whom a rule finds, as it may be told: no state of few people can be learnt from it."""
    return round_count(await rows.count(await widen(rows, search)))


async def widen(rows: BroadcastRows, search: Search) -> Search:
    """Return the rule whose rounded numbers may be told instead.

    A part that concerns fewer than SMALLEST people is left out, so that with and without it the numbers are the same; a
    moment of last turns becomes one that parts whole groups of SMALLEST, lest two moments part one person.
    """
    wide = search
    while (narrower := await _leave_out(rows, wide)) is not None:
        wide = narrower
    for place, condition in enumerate(wide.conditions):
        if condition.kind in ("inactive", "stuck"):
            others = wide.conditions[:place] + wide.conditions[place + 1 :]
            walking = (Condition("states", ("walking",)),) if condition.kind == "stuck" else ()
            among = replace(wide, conditions=(*others, *walking))
            kept = replace(condition, values=(await rows.cut_turns(among, str(condition.values[0]), SMALLEST),))
            wide = replace(wide, conditions=(*wide.conditions[:place], kept, *wide.conditions[place + 1 :]))
    return wide


async def _leave_out(rows: BroadcastRows, search: Search) -> Search | None:
    """Return the rule without its first part that concerns few people; None where there is none."""
    for place, condition in enumerate(search.conditions):
        others = search.conditions[:place] + search.conditions[place + 1 :]

        async def few(*more: Condition, others: tuple[Condition, ...] = others) -> bool:
            return 0 < await rows.count_found(replace(search, conditions=(*others, *more)), SMALLEST) < SMALLEST

        if await few(replace(condition, turned=not condition.turned)):
            return replace(search, conditions=others)
        if len(condition.values) < 2:
            continue
        kept = [value for value in condition.values if not await few(replace(condition, values=(value,), turned=False))]
        if kept and len(kept) < len(condition.values):
            parts = (*others[:place], replace(condition, values=tuple(kept)), *others[place:])
            return replace(search, conditions=parts)
    return None


def describe_left(words: BroadcastPhrases, count: Count) -> str:
    """Return how many get it, and for which reasons how many do not, as far as there are any to tell."""
    said, told = say_counts(words, count), count.told or count
    names: tuple[Literal["muted", "unreachable", "over"], ...] = ("muted", "unreachable", "over")
    apart = "，".join(words.reach_apart[name].format(n=said[name]) for name in names if getattr(told, name))
    apart = words.reach_apart["all"].format(found=said["found"], apart=apart) if apart else ""
    return words.reach.format(left=said["left"], apart=apart)


def say_counts(words: BroadcastPhrases, count: Count) -> dict[str, str | int]:
    """Return the numbers of people as they may be told, and those of broadcasts, by name."""
    told = count.told
    names = ("found", "muted", "unreachable", "over", "left", "reached")
    if told is None:
        return {name: getattr(count, name) for name in (*names, "lately")}
    said = {name: words.about.format(n=n) if (n := getattr(told, name)) else words.few for name in names}
    return {**said, "lately": count.lately}
