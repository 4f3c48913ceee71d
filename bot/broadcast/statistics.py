"""`/stats`: the figures of a notice, the list of those who are not done, and the school's list of them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.broadcast import report
from bot.broadcast.call_list import CallList
from bot.broadcast.chart import Chart, Missing, draw
from bot.broadcast.funnel import DAYS, Funnel
from bot.broadcast.requests import BroadcastRequest
from bot.broadcast.roster import Roster, of_listed, parse_given
from bot.broadcast.roster_acts import (
    Undone,
    apply_roster,
    check_roster,
    describe_roster,
    of_tokens,
    say_applied,
    to_tokens,
    undo_roster,
)
from bot.content.content import Content
from bot.content.sheets import MOST_BYTES, UnreadableSheet
from bot.domain.areas import Decision, Fetch
from bot.domain.audience import STUCK_DAYS
from bot.domain.classes import Classes
from bot.domain.effects import Outdated
from bot.domain.join_codes import Listed, format_code, parse_list
from bot.domain.messages import Attachment, Incoming, Reply, Sent
from bot.domain.session import Session
from bot.render.reply import Voice
from bot.render.sheet import make_sheet
from bot.runtime.log import LazyLogger
from bot.runtime.process import run_aside
from bot.store import Store

_log = LazyLogger()

MOST_TEXT = 4000
"""Characters of the list in the chat; the file has all."""
DRAWN_S = 30.0
"""Seconds after which drawing is given up."""

Paint = Callable[[Chart], Awaitable[bytes | Missing]]
"""Draws a chart as PNG; or returns what is missing for it."""


async def draw_in_process(chart: Chart) -> bytes | Missing:
    """Draw in a process of its own, so that only the one who asked waits."""
    return await run_aside(draw, chart, DRAWN_S)


class Statistics:
    """Answers `/stats`. `fetch` gets a document, `paint` draws a chart, `local` is the notice's time."""

    def __init__(
        self, store: Store, content: Callable[[], Content], local: Callable[[], datetime], fetch: Fetch, paint: Paint
    ) -> None:
        self._store, self._funnel = store, store.funnel
        self._content, self._local, self._fetch, self._paint = content, local, fetch, paint

    async def answer(
        self, asked: BroadcastRequest, incoming: Incoming, notice: str, confined: Classes | None, at: datetime
    ) -> Decision:
        """Answer about a notice, as far as somebody may see who is confined to classes (None: to none)."""
        joining = self._content().phrases.broadcast.joining
        if asked.about == joining.list_word:
            return await self.list_calls(incoming.channel, notice, confined).show()
        if asked.about == joining.import_word:
            return await self._import(asked.more, incoming, notice, confined, at)
        return await self._show_figures(incoming, notice, confined, at)

    async def _show_figures(self, incoming: Incoming, notice: str, confined: Classes | None, at: datetime) -> Decision:
        """Show the figures, with all tables as a file."""
        content, words = self._content(), self._content().phrases.broadcast
        channel, since, stuck = incoming.channel, at - timedelta(days=DAYS - 1), timedelta(days=STUCK_DAYS)
        voice = Voice(content, Session(notice), self._local())
        groups = await self._funnel.groups(channel, notice, at, stuck, confined)
        if confined:
            own = Funnel(content, voice, groups, classes=confined.describe(content.notices))
            return Decision((Reply(own.text(), attachment=Attachment(words.stats_file, own.table())),))
        shown = Funnel(
            content,
            voice,
            groups,
            await self._funnel.days(channel, notice, since),
            await self._funnel.questions(channel, notice, since),
            await self._funnel.count_missed(),
        )
        file = Attachment(words.stats_file, shown.table())
        return Decision((Reply(shown.text(), attachment=file), await self._draw_chart(shown)))

    def list_calls(self, channel: str, notice: str, confined: Classes | None) -> CallList:
        """Return the list for calls."""
        return CallList(self._store, self._content(), channel, notice, self._local(), confined)

    async def _import(
        self, more: str, incoming: Incoming, notice: str, confined: Classes | None, at: datetime
    ) -> Decision:
        """Import the school's list of people who are not done, typed or as a document; a notice's id may come first."""
        content, typed = self._content(), more.removeprefix(notice)
        words = content.phrases.broadcast.joining
        given = await self._read_document(incoming.file) if incoming.file else of_listed(parse_list(typed))
        if not (given.done_codes or given.not_done_codes):
            about = {"notices": "、".join(content.notices), "notice": notice}
            several = words.import_notice.format(**about) if len(content.notices) > 1 else ""
            return Decision((Reply(words.no_codes if incoming.file else words.how_to_import + several),))
        run = await check_roster(self._store, incoming.channel, notice, given, confined)
        said = describe_roster(words.roster, given, run)
        done, not_done = to_tokens(given, given.done_codes), to_tokens(given, given.not_done_codes)
        number = await self._store.rosters.keep(incoming.channel, notice, done, not_done, at, incoming.user)
        broadcast = content.phrases.broadcast
        sure = words.roster.sure.format(n=len(run.reset)) if run.reset else words.roster.keep
        rows = tuple(
            (report.make_button(broadcast, number, act, text=label),)
            for act, label in (("roster", sure), ("unlist", words.roster.leave))
        )
        table = (await self._match_rows(given),) if given.is_by_number else ()
        return Decision((Reply(said, rows), *table))

    async def _match_rows(self, given: Roster) -> Reply:
        """Return which row of a list by student numbers has which code, for the school alone."""
        words = self._content().phrases.broadcast.joining
        rows = [(str(row), format_code(code)) for code, row in given.rows.items()]
        sheet = await asyncio.to_thread(make_sheet, words.codes_title, words.match_columns, rows)
        return Reply(words.matched, attachment=Attachment(words.match_file, b64encode(sheet).decode(), base64=True))

    async def settle_list(
        self, act: str, number: int, incoming: Incoming, confined: Classes | None, at: datetime
    ) -> Decision:
        """Apply a list that was shown (`roster`), drop it (`unlist`), or undo one that was applied (`unroster`)."""
        content, store = self._content(), self._store
        words = content.phrases.broadcast.joining.roster
        if act == "unroster":
            return Decision((Reply(await self._undo(number, incoming, confined, at)),))
        kept = await store.rosters.find_kept(number, incoming.channel, incoming.user)
        if kept is None:
            return Decision((Reply(words.settled),))
        if act == "unlist":
            await store.rosters.drop(number)
            return Decision((Reply(words.left),))
        given = of_tokens(kept.done, kept.not_done)
        try:
            made, run = await apply_roster(
                store, content, incoming.channel, kept.notice, given, self._local(), at, incoming.user, confined
            )
        except Outdated:
            return Decision((Reply(words.busy),))
        await store.rosters.drop(number)
        if not made:
            return Decision((Reply(words.nothing),))
        row = (report.make_button(content.phrases.broadcast, made, "unroster", text=words.undo),)
        return Decision((Reply(say_applied(words, made, len(run.reset), here=True), (row,)),))

    async def _undo(self, number: int, incoming: Incoming, confined: Classes | None, at: datetime) -> str:
        """Undo a list of the last day; return what to say."""
        content, store = self._content(), self._store
        words, applied = content.phrases.broadcast.joining.roster, await store.rosters.get(number)
        if applied is None or applied.channel != incoming.channel:
            return words.gone.format(number=number)
        try:
            done = await undo_roster(store, content, number, self._local(), at, incoming.user, confined)
        except Outdated:
            return words.busy
        if isinstance(done, Undone):
            return words.undone.format(number=number, restored=done.restored, moved=done.moved)
        return str(getattr(words, done).format(number=number))

    async def _read_document(self, file: Sent) -> Roster:
        """Read the school's list; nothing of one that is too large, cannot be fetched, or is no table."""
        if file.kind != "document" or file.size > MOST_BYTES:
            return of_listed(Listed((), ()))
        try:
            students = self._store.codes.students
            raw = await self._fetch(file.id)
            return await asyncio.to_thread(parse_given, raw, students() if students else None)
        except (ConnectionError, UnreadableSheet):
            return of_listed(Listed((), ()))

    async def _draw_chart(self, shown: Funnel) -> Reply:
        """Draw the chart; or say what is missing for it."""
        words, chart = self._content().phrases.broadcast, shown.chart()
        try:
            picture = await self._paint(chart)
        except (TimeoutError, ChildProcessError, OSError) as trouble:
            _log.warning("chart_failed", error=type(trouble).__name__)
            return Reply(words.stats_undrawn["trouble"])
        if isinstance(picture, str):
            return Reply(words.stats_undrawn[picture])
        return Reply(chart.title, attachment=Attachment("stats.png", b64encode(picture).decode(), base64=True))
