"""`/stats`: the figures of a notice, the list of those who are not done, and the school's list of them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.broadcast.chart import Chart, Missing, draw
from bot.broadcast.funnel import DAYS, Funnel
from bot.broadcast.requests import BroadcastRequest
from bot.broadcast.roster import parse_unfinished
from bot.broadcast.unfinished import describe_import, find_unfinished, import_list, to_csv
from bot.content.content import Content
from bot.content.sheets import MOST_BYTES, UnreadableSheet
from bot.domain.areas import Decision, Fetch
from bot.domain.audience import STUCK_DAYS
from bot.domain.classes import Classes
from bot.domain.join_codes import Listed, parse_list
from bot.domain.messages import Attachment, Incoming, Reply, Sent
from bot.domain.roles import Audited
from bot.domain.session import Session
from bot.render.reply import Voice
from bot.runtime.log import LazyLogger
from bot.runtime.process import run_aside
from bot.store import Store

_log = LazyLogger()

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
            return await self._list_unfinished(incoming, notice, confined)
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

    async def _list_unfinished(self, incoming: Incoming, notice: str, confined: Classes | None) -> Decision:
        """List the codes of graduates who are not done, to call them."""
        content = self._content()
        voice = Voice(content, Session(notice), self._local())
        holders = await self._store.codes.holders(incoming.channel, notice, confined)
        found = await asyncio.to_thread(find_unfinished, voice, holders)
        words = content.phrases.broadcast.joining
        if not found:
            return Decision((Reply(words.nobody),))
        file = Attachment(words.file, await asyncio.to_thread(to_csv, content, found))
        return Decision((Reply(words.list.format(n=len(found)), attachment=file),), (Audited("unfinished", notice),))

    async def _import(
        self, more: str, incoming: Incoming, notice: str, confined: Classes | None, at: datetime
    ) -> Decision:
        """Import the school's list of people who are not done, typed or as a document; a notice's id may come first."""
        content, typed = self._content(), more.removeprefix(notice)
        words = content.phrases.broadcast.joining
        given = await self._read_document(incoming.file) if incoming.file else parse_list(typed)
        if not given.codes:
            about = {"notices": "、".join(content.notices), "notice": notice}
            several = words.import_notice.format(**about) if len(content.notices) > 1 else ""
            return Decision((Reply(words.no_codes if incoming.file else words.how_to_import + several),))
        result = await import_list(self._store, content, incoming.channel, notice, given, self._local(), at, confined)
        return Decision(
            (Reply(describe_import(content, result)),), (Audited("import", f"{notice} {len(result.corrected)}"),)
        )

    async def _read_document(self, file: Sent) -> Listed:
        """Read the school's list; nothing of one that is too large, cannot be fetched, or is no table."""
        if file.kind != "document" or file.size > MOST_BYTES:
            return Listed((), ())
        try:
            return await asyncio.to_thread(parse_unfinished, await self._fetch(file.id))
        except (ConnectionError, UnreadableSheet):
            return Listed((), ())

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
