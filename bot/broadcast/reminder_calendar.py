"""The plan of automatic reminders as staff see it: when the next ones go out, to how many, and which are left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bot.broadcast import plan, report
from bot.broadcast.audience_words import describe_audience
from bot.broadcast.month_grid import draw_months
from bot.broadcast.plan import Due
from bot.broadcast.reach import count_told
from bot.broadcast.sentence import spell_moment
from bot.content.content import Content
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.areas import Decision
from bot.domain.audience import Count, Search, search
from bot.domain.classes import Classes, limit
from bot.domain.messages import Button, Reply
from bot.domain.revisions import Once
from bot.domain.roles import Audited
from bot.store import Store

SHOWN = 12
"""Reminders that are shown, the next ones."""


async def is_skipped(store: Store, due: Due) -> bool:
    """Return whether somebody left a reminder out: an odd number of times."""
    return len(await store.roles.list_done(due.skip_key)) % 2 == 1


@dataclass(frozen=True)
class ReminderCalendar:
    """The plan at a moment (`now` local, `at` in UTC), for somebody who is confined to classes (None: to none).

    Without `has_months` it is shown beside the months.
    """

    store: Store
    content: Content
    now: datetime
    at: datetime
    channel: str
    confined: Classes | None = None
    has_months: bool = True

    @property
    def words(self) -> BroadcastPhrases:
        return self.content.phrases.broadcast

    async def show(self) -> Decision:
        """Show the reminders to come, each with a button that leaves it out or puts it back."""
        coming = plan.list_coming(self.content, self.now)[:SHOWN]
        if not coming:
            return Decision((Reply(self.words.plan.none),))
        lines, rows, left_out = list[str](), list[tuple[Button, ...]](), set[date]()
        counts: dict[Search, Count] = {}  # several reminders go to the same people
        for due in coming:
            skipped = await is_skipped(self.store, due)
            line = await self._describe(due, counts)
            left_out |= {due.at.date()} if skipped else set()
            lines.append(self.words.plan.skipped.format(line=line) if skipped else line)
            rows += self.skip_row(due, skipped=skipped) if self.confined is None else ()
        back = (report.make_button(self.words, 0, "list", text=self.words.buttons["back"]),)
        if not self.has_months:
            return Decision((Reply("\n".join(lines), tuple(rows)),))
        marked = {due.at.date() for due in coming}
        grid = draw_months(marked - left_out, left_out, self.words.plan.month, self.words.plan.weekdays)
        said = self.words.plan.list.format(grid=grid, lines="\n".join(lines))
        return Decision((Reply(said, (*rows, back)),))

    async def turn(self, mark: str, *, skip: bool) -> Decision:
        """Leave a reminder out once, or put it back; what is so already only shows the list."""
        found = next((one for one in plan.list_coming(self.content, self.now) if one.mark == mark), None)
        if found is None or self.confined is not None:
            return await self.show()
        times = len(await self.store.roles.list_done(found.skip_key))
        if skip is (times % 2 == 1):
            return await self.show()
        act = "reminder back" if times % 2 else "reminder skip"
        said = (self.words.plan.is_back if times % 2 else self.words.plan.is_skipped).format(at=spell_moment(found.at))
        row = self.skip_row(found, skipped=times % 2 == 0)
        return Decision((Reply(said, row),), (Once(f"{found.skip_key}{times + 1}"), Audited(act, found.key)))

    async def announce(self, due: Due) -> str:
        """Return the news that a reminder goes out the next day."""
        return self.words.plan.tomorrow.format(line=await self._describe(due))

    def skip_row(self, due: Due, *, skipped: bool = False) -> tuple[tuple[Button, ...], ...]:
        """Return the button that leaves a reminder out, or puts it back."""
        label = (self.words.plan.put_back if skipped else self.words.plan.skip).format(at=spell_moment(due.at))
        return ((report.make_button(self.words, 0, "unskip" if skipped else "skip", due.mark, label),),)

    async def _describe(self, due: Due, counts: dict[Search, Count] | None = None) -> str:
        """Say when a reminder goes out, to whom and how many; `counts` are kept for the next one."""
        audience = due.draft.audience
        assert audience is not None
        notice = self.content.notices[audience.notice]
        own = limit(self.confined, audience)
        rows = self.store.broadcasts
        asked = due.narrow(search(own, notice, rows.channels(self.channel), due.at, self.at))
        known = {} if counts is None else counts
        told = known[asked] = known.get(asked) or await count_told(rows, asked)
        title = next((t.title for t in self.words.templates.values() if t.text == due.draft.html), "")
        return self.words.plan.line.format(
            at=spell_moment(due.at),
            title=title,
            who=describe_audience(self.content, own),
            notice=notice.notice.short,
            left=self.words.about.format(n=told.left) if told.left else self.words.few,
        )
