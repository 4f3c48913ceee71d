"""How far everybody is, in words and as a table: by state, cohort and step. Small groups are not told. Pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.content import Content
from bot.wording import Voice

SMALLEST = 5
"""People in a group whose number may be told."""


@dataclass(frozen=True, slots=True)
class Group:
    """People who are alike. `cohort` and `step` None: not chosen, not begun."""

    cohort: str | None
    state: str
    step: str | None
    people: int
    stuck: int
    unreachable: int


@dataclass(frozen=True)
class Funnel:
    """The groups of one notice. `missed`: questions without an answer. `voice` speaks of the notice."""

    content: Content
    voice: Voice
    groups: Sequence[Group]
    missed: int

    def text(self) -> str:
        """The numbers, for a chat."""
        words = self.content.phrases.broadcast
        parts = [
            self._lines(self._by(lambda g: words.stats_states[g.state]) + self._special()),
            self._lines(self._by(lambda g: self._cohort(g.cohort))),
            self._lines(self._by(lambda g: self._step(g.step))),
        ]
        total = sum(group.people for group in self.groups)
        notice = self.voice.notice.notice.short
        return words.stats.format(notice=notice, total=total, lines="\n\n".join(parts), missed=self.missed)

    def table(self) -> str:
        """Cohorts by state as CSV that a spreadsheet opens."""
        words, out = self.content.phrases.broadcast, io.StringIO()
        out.write("\ufeff")
        writer = csv.writer(out)
        writer.writerow(words.stats_columns)
        for cohort in dict.fromkeys(group.cohort for group in self.groups):
            mine = [group for group in self.groups if group.cohort == cohort]
            states = Counter(dict.fromkeys(words.stats_states, 0))
            states.update({group.state: 0 for group in mine})
            for group in mine:
                states[group.state] += group.people
            stuck, gone = sum(g.stuck for g in mine), sum(g.unreachable for g in mine)
            cells = [*(states[state] for state in words.stats_states), stuck, gone]
            writer.writerow([self._cohort(cohort), *map(self._told, cells)])
        return out.getvalue()

    def _by(self, name: Callable[[Group], str]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for group in self.groups:
            counts[name(group)] += group.people
        return counts

    def _special(self) -> Counter[str]:
        words = self.content.phrases.broadcast
        special = {"stuck": sum(g.stuck for g in self.groups), "silent": sum(g.unreachable for g in self.groups)}
        return Counter({words.stats_special[name]: n for name, n in special.items() if n})

    def _lines(self, counts: Counter[str]) -> str:
        line = self.content.phrases.broadcast.stats_line
        return "\n".join(line.format(name=name, n=self._told(n)) for name, n in counts.most_common() if n)

    def _told(self, n: int) -> str:
        return str(n) if n == 0 or n >= SMALLEST else self.content.phrases.broadcast.stats_small

    def _cohort(self, cohort: str | None) -> str:
        label = next((c.label for c in self.voice.notice.cohorts if c.id == cohort), None)
        return label or self.content.phrases.broadcast.stats_special["no_cohort"]

    def _step(self, step: str | None) -> str:
        known = self.content.script.by_id.get(step or "")
        return self.voice.fill(known.title) if known else self.content.phrases.broadcast.stats_states["new"]
