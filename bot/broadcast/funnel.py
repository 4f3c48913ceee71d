"""The statistics of a notice, by state, cohort, step and day: as text, tables and chart. Numbers that would lead to few
people are hidden, as `disclosure` finds them. Pure.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TypeVar, get_args

from bot.broadcast.chart import Chart, Table
from bot.broadcast.disclosure import Cell, find_publishable
from bot.content.content import Content
from bot.domain.counts import Day, Group, Kind, Questions, Reached
from bot.render.reply import Voice

DAYS = 14
"""Days in the tables, today the last."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Funnel:
    """The statistics of `voice`'s notice. `waiting`: questions without an answer. `classes`: the groups are of these
    alone, and of nothing else there are numbers; empty: of all.
    """

    content: Content
    voice: Voice
    groups: Sequence[Group]
    days: Sequence[Day] = ()
    questions: Sequence[Questions] = ()
    waiting: int = 0
    classes: str = ""

    def text(self) -> str:
        """Return the text for a chat."""
        words = self.content.phrases.broadcast
        tables = ((self._states, "states"), (self._cohorts, "cohorts"), (self._steps, "steps"))
        named = (*tables, *((table, "channels") for table in self.doors))
        parts = [f"{words.stats_titles[name]}\n{lines}" for table, name in named if (lines := self._lines(table))]  # type: ignore[index]
        total = self._n(self._count_of(frozenset(range(len(self.groups)))))
        if self.classes:
            return words.stats_classes.format(
                classes=self.classes, total=total, lines="\n\n".join(part for part in parts if part)
            )
        daily = [
            words.stats_day.format(day=day, came=self._n(came), done=self._n(done), reported=self._n(reported))
            for day, (came, done, reported) in self._days.rows
            if (came, done, reported) != (0, 0, 0)
        ]
        asked = dict(zip(get_args(Reached), map(self._n, self.asked.rows[-1][1]), strict=True))
        return words.stats.format(
            notice=self.voice.notice.notice.short,
            total=total,
            lines="\n\n".join(part for part in parts if part),
            days="\n".join(daily) or words.nothing_yet,
            missed=self.waiting,
            **asked,
        )

    def table(self) -> str:
        """Return all tables as CSV that a spreadsheet opens, one under the other."""
        out = io.StringIO()
        out.write("\ufeff")
        writer = csv.writer(out)
        every = (self._grid, self._steps, *self.doors, *(() if self.classes else (self._days, self.asked)))
        for table in every:
            writer.writerow([table.name, *table.columns])
            writer.writerows([name, *map(self._n, numbers)] for name, numbers in table.rows)
            writer.writerow([])
        return out.getvalue()

    def chart(self) -> Chart:
        """Return the data of the chart."""
        words, notice = self.content.phrases.broadcast, self.voice.notice.notice.short
        grid = self._grid
        bars = Table(grid.name, grid.columns[:-2], tuple((name, numbers[:-2]) for name, numbers in grid.rows))
        return Chart(words.stats_picture.format(notice=notice), words.stats_few, bars, self._steps, self._days)

    # Hiding small groups

    @cached_property
    def _publishable(self) -> frozenset[Cell]:
        cohorts, states = self._cells(lambda g: g.cohort), self._cells(lambda g: g.state)
        rows = [[cohort & state for state in states.values()] for cohort in cohorts.values()]
        marks = [self._cells(lambda g: g.stuck), self._cells(lambda g: g.unreachable)]
        lines: list[Sequence[Cell]] = [
            [frozenset(range(len(self.groups)))],
            list(states.values()),
            *(list(mark.values()) for mark in marks),
            list(cohorts.values()),
            *rows,
            *([row[n] for row in rows] for n in range(len(states))),
            *([cohort & cell for cell in mark.values()] for mark in marks for cohort in cohorts.values()),
            list(self._cells(lambda g: g.step).values()),
            list(self._cells(lambda g: g.channel).values()),
        ]
        return find_publishable([group.people for group in self.groups], lines)

    def _cells(self, of: Callable[[Group], K]) -> dict[K, Cell]:
        cells: dict[K, set[int]] = {}
        for place, group in enumerate(self.groups):
            cells.setdefault(of(group), set()).add(place)
        return {key: frozenset(places) for key, places in cells.items()}

    def _count_of(self, cell: Cell) -> int | None:
        """Return how many people are in a cell; None: hidden."""
        return sum(self.groups[place].people for place in cell) if not cell or cell in self._publishable else None

    # Tables

    @cached_property
    def _grid(self) -> Table:
        words, states = self.content.phrases.broadcast, self._cells(lambda g: g.state)
        stuck, gone = self._cells(lambda g: g.stuck), self._cells(lambda g: g.unreachable)
        columns = [states.get(state, frozenset()) for state in words.stats_states]
        columns += [mark.get(True, frozenset()) for mark in (stuck, gone)]
        rows = [
            (self._cohort(cohort), tuple(self._count_of(cell & column) for column in columns))
            for cohort, cell in self._cells(lambda g: g.cohort).items()
        ]
        return Table(words.stats_columns[0], words.stats_columns[1:], tuple(rows))

    @property
    def _states(self) -> Table:
        words, states = self.content.phrases.broadcast, self._cells(lambda g: g.state)
        rows = [(words.stats_states[state], states[state]) for state in words.stats_states if state in states]
        marks = {"stuck": self._cells(lambda g: g.stuck), "silent": self._cells(lambda g: g.unreachable)}
        rows += [(words.stats_special[name], mark[True]) for name, mark in marks.items() if True in mark]
        return self._column("", rows)

    @property
    def _cohorts(self) -> Table:
        return self._column("", [(self._cohort(key), cell) for key, cell in self._cells(lambda g: g.cohort).items()])

    @property
    def _steps(self) -> Table:
        order = {step: n for n, step in enumerate(self.content.script.by_id)}
        cells = sorted(self._cells(lambda g: g.step).items(), key=lambda item: order.get(item[0] or "", -1))
        return self._column(self.content.phrases.broadcast.stats_step, [(self._step(key), cell) for key, cell in cells])

    @property
    def doors(self) -> Sequence[Table]:
        """Where people come in, as a table; none where all come by one channel."""
        words, cells = self.content.phrases.broadcast, self._cells(lambda g: g.channel)
        named = [(words.channels.get(channel, channel), cells[channel]) for channel in sorted(cells)]
        return [self._column(words.stats_channel, named)] if len(named) > 1 else []

    def _column(self, name: str, cells: Iterable[tuple[str, Cell]]) -> Table:
        column = self.content.phrases.broadcast.stats_people
        return Table(name, (column,), tuple((label, (self._count_of(cell),)) for label, cell in cells))

    @cached_property
    def _days(self) -> Table:
        words, today = self.content.phrases.broadcast, self.voice.now.date()
        there = Counter[tuple[date, Kind]]()
        for day in self.days:
            there[day.day, day.kind] += day.people
        days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
        kinds: tuple[Kind, ...] = get_args(Kind)
        cells = _apart([[there[day, kind] for day in days] for kind in kinds])
        return Table(
            words.stats_daily[0],
            words.stats_daily[1:],
            tuple((f"{day:%m-%d}", tuple(column[n] for column in cells)) for n, day in enumerate(days)),
        )

    @cached_property
    def asked(self) -> Table:
        """Typed questions by cohort, with all together in the last row."""
        words, reached = self.content.phrases.broadcast, get_args(Reached)
        counts = Counter({(q.cohort, q.reached): q.count for q in self.questions})
        cohorts = list(dict.fromkeys(q.cohort for q in self.questions))
        places = {key: n for n, key in enumerate((cohort, name) for cohort in cohorts for name in reached)}
        rows = [[frozenset({places[cohort, name]}) for name in reached] for cohort in cohorts]
        every = [frozenset(places[cohort, name] for cohort in cohorts) for name in reached]
        shown = find_publishable(
            [counts[key] for key in places], [*([cell] for cell in every), *rows, *zip(*rows, strict=True)]
        )
        sizes = {place: counts[key] for key, place in places.items()}

        def numbers(cells: Sequence[Cell]) -> tuple[int | None, ...]:
            return tuple(sum(sizes[place] for place in cell) if cell in shown else None for cell in cells)

        named = [(self._cohort(cohort), numbers(row)) for cohort, row in zip(cohorts, rows, strict=True)]
        return Table(
            words.stats_asked[0],
            words.stats_asked[1:],
            (*named, (words.stats_all, numbers(every) if rows else (0,) * len(reached))),
        )

    # Words

    def _lines(self, table: Table) -> str:
        line = self.content.phrases.broadcast.stats_line
        return "\n".join(line.format(name=name, n=self._n(n)) for name, (n,) in table.rows)

    def _n(self, n: int | None) -> str:
        return self.content.phrases.broadcast.stats_small if n is None else str(n)

    def _cohort(self, cohort: str | None) -> str:
        label = next((c.label for c in self.voice.notice.cohorts if c.id == cohort), None)
        return label or self.content.phrases.broadcast.stats_special["no_cohort"]

    def _step(self, step: str | None) -> str:
        known = self.content.script.by_id.get(step or "")
        return self.voice.fill(known.title) if known else self.content.phrases.broadcast.stats_states["new"]


def _apart(columns: Sequence[Sequence[int]]) -> list[list[int | None]]:
    """Numbers of different people, column by column, without those that are not told."""
    width = len(columns[0])
    lines = [[frozenset({c * width + n}) for n in range(width)] for c in range(len(columns))]
    shown = find_publishable([n for column in columns for n in column], lines)
    return [
        [n if cell in shown else None for n, cell in zip(column, line, strict=True)]
        for column, line in zip(columns, lines, strict=True)
    ]
