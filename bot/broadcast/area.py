"""The staff area of broadcasts: `/broadcast`, `/stats` and their buttons. Loads and saves; the pure modules decide."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from bot.broadcast import actions, editing, report
from bot.broadcast import draft as drafts
from bot.broadcast.card import back_row, list_broadcasts, preview, show_card
from bot.broadcast.chart import Chart, Missing, draw
from bot.broadcast.context import BroadcastContext
from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.funnel import DAYS, Funnel
from bot.broadcast.reach import count_reach
from bot.broadcast.requests import BroadcastRequest, parse_request
from bot.broadcast.roster import parse_unfinished
from bot.broadcast.sentence import is_broadcast, plan_broadcast
from bot.broadcast.sentence_card import show_plan
from bot.broadcast.starting import BroadcastStart
from bot.broadcast.unfinished import describe_import, find_unfinished, import_list, to_csv
from bot.content.content import Content
from bot.content.sheets import MOST_BYTES, UnreadableSheet
from bot.domain.areas import Decision, Fetch
from bot.domain.audience import STUCK_DAYS, Audience, Count
from bot.domain.broadcast import Act, Broadcast, Rewritten
from bot.domain.join_codes import Listed, parse_list
from bot.domain.lifecycle import ENDED
from bot.domain.messages import Attachment, Incoming, Reply, Sent
from bot.domain.roles import Audited, Role
from bot.domain.session import Session, session_of
from bot.render.reply import Voice
from bot.runtime.log import LazyLogger
from bot.runtime.process import run_aside
from bot.store import Store
from flows.clock import Phase, running_clock

_log = LazyLogger()

LISTED = 8
"""Broadcasts in the list."""
DRAWN_S = 30.0
"""Seconds after which drawing is given up."""
MOST_ROWS = 20_000
"""Rows of a report that is sent as a file; larger ones need the command line."""
LISTS = (".csv", ".xlsx", ".xls")
"""Suffixes of a document that may be the school's list."""

Paint = Callable[[Chart], Awaitable[bytes | Missing]]
"""Draws a chart as PNG; or returns what is missing for it."""


async def draw_in_process(chart: Chart) -> bytes | Missing:
    """Draw in a process of its own, so that only the one who asked waits."""
    return await run_aside(draw, chart, DRAWN_S)


class BroadcastArea:
    """Answers everybody with a role, in private chats. `local` is the notice's time, `fetch` gets a document, `paint`
    draws a chart.
    """

    def __init__(
        self,
        store: Store,
        content: Callable[[], Content],
        local: Callable[[], datetime],
        fetch: Fetch,
        paint: Paint = draw_in_process,
    ) -> None:
        self.fetch, self._paint = fetch, paint
        self._store = store
        self._rows, self._ledger, self._funnel = store.broadcasts, store.ledger, store.funnel
        self._content, self._local = content, local

    async def answer(self, incoming: Incoming, role: Role, at: datetime) -> Decision | None:
        """Return the decision; None when this is not about broadcasts or statistics."""
        if incoming.place != "private":
            return None
        asked = parse_request(incoming) or await self._parse_typed(incoming)
        if asked is None:
            return None
        if asked.act == "exact" and role != "owner":
            return Decision((Reply(self._content().phrases.broadcast.owners_only),))
        waiting = await self._list_waiting(incoming) if asked.act != "words" else []
        handed = await self._answer(asked, incoming, at)
        touched = {effect.number for effect in handed.effects if isinstance(effect, Rewritten)}
        # Whoever does something else ends the waiting: their next words are no content of a broadcast.
        ended = (editing.stop_waiting(it) for it in waiting if it.number not in touched)
        return replace(handed, effects=(*ended, *handed.effects))

    async def _answer(self, asked: BroadcastRequest, incoming: Incoming, at: datetime) -> Decision:
        words = self._content().phrases.broadcast
        if asked.act == "document":
            return Decision((Reply(words.joining.document),))
        if asked.act == "list":
            return Decision((list_broadcasts(words, await self._rows.all(channel=incoming.channel, most=LISTED)),))
        if asked.act == "say":
            return await self.plan(asked.more, incoming, at)
        joining = words.joining
        if asked.act == "stats" and asked.about in (joining.list_word, joining.import_word):
            return await (self._list_unfinished if asked.about == joining.list_word else self._import)(
                asked, incoming, at
            )
        if asked.act == "stats":
            return await self._show_stats(asked.about, incoming, at)
        if asked.act == "new":
            return await self._make(incoming, at)
        broadcast = await self._rows.get(asked.number)
        if broadcast is None or broadcast.channel != incoming.channel:
            return Decision((Reply(words.gone),))
        return await self.act(broadcast, asked, incoming, at)

    async def _show_stats(self, about: str, incoming: Incoming, at: datetime) -> Decision:
        """Show the statistics of a notice (by default the first that is not over), with all tables as a file."""
        content, notice = self._content(), self.choose_notice(about)
        channel, since = incoming.channel, at - timedelta(days=DAYS - 1)
        shown = Funnel(
            content,
            Voice(content, Session(notice), self._local()),
            await self._funnel.groups(channel, notice, at, timedelta(days=STUCK_DAYS)),
            await self._funnel.days(channel, notice, since),
            await self._funnel.questions(channel, notice, since),
            await self._funnel.count_missed(),
        )
        file = Attachment(content.phrases.broadcast.stats_file, shown.table())
        return Decision((Reply(shown.text(), attachment=file), await self._draw_chart(shown)))

    async def _list_unfinished(self, asked: BroadcastRequest, incoming: Incoming, _: datetime) -> Decision:
        """List the codes of graduates who are not done, to call them."""
        content, notice = self._content(), self.choose_notice(asked.more)
        voice = Voice(content, Session(notice), self._local())
        holders = await self._store.codes.holders(incoming.channel, notice)
        found = await asyncio.to_thread(find_unfinished, voice, holders)
        words = content.phrases.broadcast.joining
        if not found:
            return Decision((Reply(words.nobody),))
        file = Attachment(words.file, await asyncio.to_thread(to_csv, content, found))
        return Decision((Reply(words.list.format(n=len(found)), attachment=file),), (Audited("unfinished", notice),))

    async def _import(self, asked: BroadcastRequest, incoming: Incoming, at: datetime) -> Decision:
        """Import the school's list of people who are not done, typed or as a document; a notice's id may come first."""
        content = self._content()
        notice = self.choose_notice(next(iter(asked.more.split()), ""))
        typed = asked.more.removeprefix(notice)
        words = content.phrases.broadcast.joining
        given = await self._read_document(incoming.file) if incoming.file else parse_list(typed)
        if not given.codes:
            about = {"notices": "、".join(content.notices), "notice": notice}
            several = words.import_notice.format(**about) if len(content.notices) > 1 else ""
            return Decision((Reply(words.no_codes if incoming.file else words.how_to_import + several),))
        result = await import_list(self._store, content, incoming.channel, notice, given, self._local(), at)
        return Decision(
            (Reply(describe_import(content, result)),), (Audited("import", f"{notice} {len(result.corrected)}"),)
        )

    async def _read_document(self, file: Sent) -> Listed:
        """Read the school's list; nothing of one that is too large, cannot be fetched, or is no table."""
        if file.kind != "document" or file.size > MOST_BYTES:
            return Listed((), ())
        try:
            return await asyncio.to_thread(parse_unfinished, await self.fetch(file.id))
        except (ConnectionError, UnreadableSheet):
            return Listed((), ())

    def choose_notice(self, about: str) -> str:
        """Return the notice of this id, else the first that is not over."""
        notices, now = self._content().notices, self._local()
        open_ = (name for name, notice in notices.items() if running_clock(notice, None, now).phase is not Phase.CLOSED)
        return about if about in notices else next(open_, next(iter(notices)))

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

    async def _parse_typed(self, incoming: Incoming) -> BroadcastRequest | None:
        """Parse words or a file as content for this person's waiting draft, else as the school's list."""
        if incoming.press is not None or incoming.text.startswith("/") or incoming.other == "edited":
            return None
        if waiting := await self._list_waiting(incoming):
            return BroadcastRequest("words", waiting[0].number)
        notice = self._content().notices[self.choose_notice("")]
        if not incoming.other and is_broadcast(incoming.text, self._content(), notice):
            return BroadcastRequest("say", more=incoming.text)
        name = incoming.file.name.lower() if incoming.file else ""
        return BroadcastRequest("document") if name.endswith(LISTS) else None

    async def _list_waiting(self, incoming: Incoming) -> list[Broadcast]:
        """Return the drafts that wait for this person's words."""
        found = await self._rows.all("draft", "approved", channel=incoming.channel)
        there = ((it, drafts.load(it.draft)) for it in found)
        return [it for it, draft in there if draft.waits and draft.asked == incoming.user]

    async def _make(self, incoming: Incoming, at: datetime) -> Decision:
        draft = drafts.dump(
            BroadcastDraft(audience=Audience(self.choose_notice("")), waits="text", asked=incoming.user)
        )
        for blank in await self._rows.all("draft", channel=incoming.channel):
            if (blank.made_by, blank.draft, blank.parent) == (incoming.user, draft, None):
                return Decision((show_card(await self.open(blank, incoming, at)),))
        return Decision((show_card(await self.open(await self.add(draft, incoming, at), incoming, at)),))

    async def add(self, draft: str, incoming: Incoming, at: datetime) -> Broadcast:
        """Add a draft; the one that this update made before is found again."""
        key = f"chat/{incoming.channel}/{incoming.update_id}"
        number = await self._rows.make(incoming.channel, draft, incoming.user, at, key=key)
        made = await self._rows.get(number) if number else await self._rows.find_by_key(key)
        assert made
        return made

    async def plan(self, sentence: str, incoming: Incoming, at: datetime) -> Decision:
        """Make a draft of a sentence, and show it with one button that sends or schedules it; or ask back."""
        content = self._content()
        plan = plan_broadcast(sentence, content, content.notices[self.choose_notice("")], self._local())
        if plan.asks:
            return Decision((Reply("\n".join(plan.asks)),))
        made = await self.add(drafts.dump(plan.draft(content)), incoming, at)
        context = await self.open(made, incoming, at)
        return Decision((*preview(context), show_plan(context, plan)))

    async def act(self, broadcast: Broadcast, asked: BroadcastRequest, incoming: Incoming, at: datetime) -> Decision:
        """Decide an act on a broadcast."""
        context = await self.open(broadcast, incoming, at)
        if asked.act == "csv":
            return await self._attach_csv(broadcast)
        if asked.act == "exact" and context.count:
            said = context.words.exact.format(number=broadcast.number, **asdict(replace(context.count, told=None)))
            return Decision((Reply(said, back_row(context)),), (Audited("exact count", str(broadcast.number)),))
        if asked.act in ("again", "correct", "recall") and broadcast.state in ENDED and broadcast.act == "send":
            return await self._follow_up(broadcast, asked.act, incoming, at)
        if broadcast.state not in ("draft", "approved"):
            return actions.decide(context, asked, incoming)
        edited = editing.apply_edit(context, asked, incoming)
        if isinstance(edited, str):
            return Decision((Reply(edited, back_row(context)),))
        if edited:
            changed = replace(broadcast, draft=drafts.dump(edited))
            return editing.save_edit(context, edited, await self._count(changed, at), asked.act)
        return actions.decide(context, asked, incoming)

    async def open(self, broadcast: Broadcast, incoming: Incoming, at: datetime) -> BroadcastContext:
        """Load all that is needed to show or change a broadcast."""
        context = BroadcastContext(self._content(), broadcast, incoming.user, self._local(), at)
        if broadcast.state in ("draft", "approved", "scheduled"):
            search = context.starting.search
            count = await self._count(broadcast, at)
            few = count and count.told and not count.told.left  # who they are could be seen in the preview
            samples = [session_of(s) for s in await self._rows.some(search)] if search and not few else []
            return replace(context, count=count, sessions=samples)
        return replace(context, totals=await self._ledger.totals(broadcast.number))

    async def _count(self, broadcast: Broadcast, at: datetime) -> Count | None:
        return await count_reach(self._store, BroadcastStart(self._content(), broadcast, self._local(), at))

    async def _attach_csv(self, broadcast: Broadcast) -> Decision:
        words, totals = self._content().phrases.broadcast, await self._ledger.totals(broadcast.number)
        every = totals.total <= MOST_ROWS
        rows = [row async for row in self._ledger.report(broadcast.number) if every or row["state"] != "sent"]
        file = Attachment(words.csv_file, await asyncio.to_thread(report.to_csv, words, rows[:MOST_ROWS]))
        return Decision((Reply(report.summarise(words, broadcast, totals), attachment=file),))

    async def _follow_up(self, broadcast: Broadcast, act: str, incoming: Incoming, at: datetime) -> Decision:
        """Make a draft that repeats, corrects or recalls a broadcast that is over."""
        words, asked = self._content().phrases.broadcast, incoming.user if act == "correct" else ""
        draft = replace(drafts.load(broadcast.draft), waits="text" if asked else "", asked=asked, by="")
        kinds: dict[str, Act] = {"again": "send", "correct": "edit", "recall": "delete"}
        meant = BroadcastStart(self._content(), replace(broadcast, act=kinds[act]), self._local(), at).states
        totals = await self._ledger.totals(broadcast.number)
        if not any(totals[state] for state in meant):
            return Decision((Reply(words.nothing_to_follow[act]),))  # type: ignore[index]
        key = f"chat/{incoming.channel}/{incoming.update_id}"
        number = await self._rows.make(
            incoming.channel, drafts.dump(draft), incoming.user, at, act=kinds[act], key=key, parent=broadcast.number
        )
        made = await self._rows.get(number) if number else await self._rows.find_by_key(key)
        assert made
        said = {"correct": words.correct, "recall": words.recall.format(number=broadcast.number), "again": ""}[act]
        card = show_card(await self.open(made, incoming, at))
        return Decision((*((Reply(said),) if said else ()), card))
