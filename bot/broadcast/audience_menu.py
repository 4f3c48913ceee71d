"""The menu in which whom a broadcast is for is ticked: states, levels, classes; and the majors of one class. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.broadcast import report
from bot.broadcast.audience_toggles import STATES, AudienceToggles, courses_of, levels_of
from bot.broadcast.audience_words import describe_audience
from bot.broadcast.card import describe_reach
from bot.broadcast.context import BroadcastContext
from bot.broadcast.sentence_card import confirm_row
from bot.domain.audience import Audience
from bot.domain.classes import narrow
from bot.domain.messages import Button, Reply
from bot.render.layout import Rows

OPENS = "o:"
"""Before the place of a class whose majors are to be shown."""
MOST_ROWS = 60
"""Rows of majors that are shown; a college has fewer in one class."""


def toggles_of(context: BroadcastContext) -> AudienceToggles:
    """Return what can be ticked by whoever sees this draft."""
    audience = context.draft.audience or Audience(context.notice.id)
    return AudienceToggles(narrow(context.classes, context.notice), audience)


@dataclass(frozen=True)
class AudienceMenu:
    """The menu of one draft."""

    context: BroadcastContext

    def show(self, what: str) -> Reply:
        """Show the menu; after a major, or with `o:0`, the majors of that class."""
        context, words = self.context, self.context.words
        toggles = toggles_of(context)
        inside = self._find_inside(toggles, what)
        rows = self._list_all(toggles) if inside is None else self._list_majors(toggles, inside)
        text = words.say.ask_whom.format(
            who=describe_audience(context.content, context.draft.audience), reach=describe_reach(context)
        )
        back = ("pick", "") if inside is not None else ("brief", "")
        return Reply(text, (*rows, confirm_row(context), (self._button(*back, words.buttons["back"]),)))

    def _find_inside(self, toggles: AudienceToggles, what: str) -> int | None:
        """Return the place of the class whose majors are shown; None for the whole menu."""
        kind, _, place = what.partition(":")
        if not place.isascii() or not place.isdecimal() or len(place) > 4:
            return None
        cohorts = toggles.notice.cohorts
        if kind == "o":
            return int(place) if int(place) < len(cohorts) else None
        sizes = [n for n, cohort in enumerate(cohorts) for _ in courses_of(cohort)]
        return sizes[int(place)] if kind == "m" and int(place) < len(sizes) else None

    def _button(self, act: str, about: str, text: str) -> Button:
        return report.make_button(self.context.words, self.context.broadcast.number, act, about, text)

    def _tick(self, what: str, label: str, *, is_on: bool) -> Button:
        return self._button("pick", what, f"{'✓ ' if is_on else ''}{label}")

    def _list_all(self, toggles: AudienceToggles) -> Rows:
        say, levels = self.context.words.say, levels_of(toggles.notice)
        states = [self._tick(f"s:{s}", say.tick_states[s], is_on=s in toggles.states) for s in STATES]  # type: ignore[index]
        rows = [tuple(states[:2]), tuple(states[2:])]
        rows.append((self._tick("all", say.all_classes, is_on=toggles.is_all),))
        ticks = [self._tick(f"l:{n}", level, is_on=toggles.is_ticked(levels[level])) for n, level in enumerate(levels)]
        rows += [tuple(ticks[n : n + 3]) for n in range(0, len(ticks), 3)]
        for n, cohort in enumerate(toggles.notice.cohorts):
            names, row = courses_of(cohort), list[Button]()
            if len(levels[cohort.level]) > len(names):
                row.append(self._tick(f"c:{n}", cohort.label, is_on=toggles.is_ticked(names)))
            if cohort.majors:
                row.append(self._button("pick", f"{OPENS}{n}", say.majors_of.format(cohort=cohort.label)))
            rows.append(tuple(row))
        return tuple(row for row in rows if row)

    def _list_majors(self, toggles: AudienceToggles, inside: int) -> Rows:
        cohorts = toggles.notice.cohorts
        before = sum(len(courses_of(cohort)) for cohort in cohorts[:inside])
        names = courses_of(cohorts[inside])[:MOST_ROWS]
        return tuple(
            (self._tick(f"m:{before + n}", name.partition(":")[2] or name, is_on=toggles.is_ticked((name,))),)
            for n, name in enumerate(names)
        )
