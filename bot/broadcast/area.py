"""The staff area of broadcasts: `/broadcast`, `/stats` and their buttons. Loads and saves; the pure modules decide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime

from bot.broadcast import actions, call_list, editing, report
from bot.broadcast import draft as drafts
from bot.broadcast.card import back_row, list_broadcasts, preview, show_card
from bot.broadcast.context import BroadcastContext
from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.reach import count_reach
from bot.broadcast.reminder_calendar import ReminderCalendar
from bot.broadcast.requests import BroadcastRequest, parse_called, parse_request
from bot.broadcast.sentence import is_broadcast, plan_broadcast
from bot.broadcast.sentence_card import show_plan
from bot.broadcast.slips import draw_slips
from bot.broadcast.starting import BroadcastStart
from bot.broadcast.statistics import Paint, Statistics, draw_in_process
from bot.broadcast.visible import list_visible, may_see
from bot.content.content import Content
from bot.domain.areas import Decision, Fetch
from bot.domain.audience import Audience, Count
from bot.domain.broadcast import Act, Broadcast, Rewritten, RowState
from bot.domain.classes import Classes, limit, narrow
from bot.domain.lifecycle import ENDED
from bot.domain.messages import Attachment, Incoming, Reply
from bot.domain.roles import Audited, Role
from bot.domain.session import session_of
from bot.runtime.log import LazyLogger
from bot.store import Store
from flows.clock import choose_running

_log = LazyLogger()

LISTED = 8
"""Broadcasts in the list."""
MOST_ROWS = 20_000
"""Rows of a report that is sent as a file; larger ones need the command line."""
FOLLOW_UPS: Mapping[str, tuple[Act, RowState | None]] = {
    "failed": ("send", "failed"),
    "unsure": ("send", "unsure"),
    "again": ("send", None),
    "correct": ("edit", None),
    "recall": ("delete", None),
}
"""What follows a broadcast that is over: the act of the new one, and the outcome of those whom it is for."""
LISTS = (".csv", ".xlsx", ".xls")
"""Suffixes of a document that may be the school's list."""


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
        self.fetch = fetch
        self.addresses: Mapping[str, Callable[[], str]] = {}
        """The address of the bot in each channel; empty until it serves."""
        self._store = store
        self._rows, self._ledger = store.broadcasts, store.ledger
        self._statistics = Statistics(store, content, local, fetch, paint)
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
        if asked.act == "list":
            confined = await self.find_classes(incoming)
            shown = await list_visible(self._rows, confined, channel=incoming.channel, most=LISTED)
            return Decision((list_broadcasts(self._content(), shown, self._local()),))
        if asked.act in ("plan", "skip", "unskip"):
            confined = await self.find_classes(incoming)
            calendar = ReminderCalendar(self._store, self._content(), self._local(), at, incoming.channel, confined)
            return await (
                calendar.show() if asked.act == "plan" else calendar.turn(asked.about, skip=asked.act == "skip")
            )
        if asked.act == "stray":
            return Decision((Reply(words.stray),))
        if asked.act == "codes":
            address = _find_address(self._rows.reach.page, self.addresses.get(incoming.channel))
            return await draw_slips(self._content(), asked.number, asked.more, address)
        if asked.act in call_list.ACTS:
            confined = await self.find_classes(incoming)
            calls = self._statistics.list_calls(incoming.channel, self.choose_notice("", confined), confined)
            return await calls.answer(asked)
        if asked.act == "say":
            return await self.plan(asked.more, incoming, at)
        if asked.act == "document":  # nothing is changed before a yes, so that it need not be sent twice
            asked = BroadcastRequest("stats", about=words.joining.import_word)
        if asked.act == "stats":
            confined = await self.find_classes(incoming)
            joining = words.joining
            is_list = asked.about in (joining.list_word, joining.import_word)
            named = next(iter(asked.more.split()), "") if is_list else asked.about
            notice = self.choose_notice(named, confined)
            return await self._statistics.answer(asked, incoming, notice, confined, at)
        if asked.act in ("roster", "unlist", "unroster"):
            confined = await self.find_classes(incoming)
            return await self._statistics.settle_list(asked.act, asked.number, incoming, confined, at)
        if asked.act == "new":
            return await self._make(incoming, at)
        broadcast = await self.find(asked.number, incoming)
        if broadcast is None:
            return Decision((Reply(words.gone),))
        return await self.act(broadcast, asked, incoming, at)

    async def find_classes(self, incoming: Incoming) -> Classes | None:
        """Return the classes to which whoever acts is confined; None: to none."""
        return await self._store.roles.find_classes(incoming.channel, incoming.user)

    async def find(self, number: int, incoming: Incoming) -> Broadcast | None:
        """Return a broadcast that whoever acts may see; None when there is none."""
        broadcast = await self._rows.get(number)
        if broadcast is None or broadcast.channel != incoming.channel:
            return None
        return broadcast if may_see(await self.find_classes(incoming), broadcast) else None

    def choose_notice(self, about: str, confined: Classes | None = None) -> str:
        """Return the notice of somebody's classes; without such the one of this id, else the first that is not over."""
        notices = self._content().notices
        if confined and confined.notice in notices:
            return confined.notice
        return about if about in notices else choose_running(notices, self._local())

    async def _parse_typed(self, incoming: Incoming) -> BroadcastRequest | None:
        """Parse words or a file as content for this person's waiting draft, else as the school's list."""
        if incoming.press is not None or incoming.text.startswith("/"):
            return None
        drafted = await self._list_own_drafts(incoming)
        if incoming.other == "edited":
            written = (it for it in drafted if incoming.message and drafts.load(it.draft).source == incoming.message)
            return next((BroadcastRequest("revise", it.number) for it in written), None)
        pictured = [it for it in drafted if drafts.load(it.draft).file] if incoming.file else []
        if incoming.album:
            joined = (it for it in drafted if drafts.load(it.draft).album == incoming.album)
            if found := next(joined, None):
                return BroadcastRequest("album", found.number)
        if called := parse_called(incoming.text, self._content().phrases.broadcast.joining.call_outcomes):
            return called
        if waiting := [it for it in drafted if drafts.load(it.draft).waits]:
            return BroadcastRequest("words", waiting[0].number)
        confined = await self.find_classes(incoming)
        notice = self._content().notices[self.choose_notice("", confined)]
        if not incoming.other and is_broadcast(incoming.text, self._content(), notice):
            return BroadcastRequest("say", more=incoming.text)
        name = incoming.file.name.lower() if incoming.file else ""
        if name.endswith(LISTS):
            return BroadcastRequest("document")
        if pictured:
            return BroadcastRequest("refile", pictured[0].number)
        return BroadcastRequest("stray") if drafted and incoming.other else None

    async def _list_waiting(self, incoming: Incoming) -> list[Broadcast]:
        """Return the drafts that wait for this person's words."""
        return [it for it in await self._list_own_drafts(incoming) if drafts.load(it.draft).waits]

    async def _list_own_drafts(self, incoming: Incoming) -> list[Broadcast]:
        """Return the drafts whose words this person was asked for last, the newest first."""
        found = await self._rows.all("draft", "approved", channel=incoming.channel)
        return [it for it in found if drafts.load(it.draft).asked == incoming.user]

    async def _make(self, incoming: Incoming, at: datetime) -> Decision:
        draft = drafts.dump(
            BroadcastDraft(audience=await self.begin_audience(incoming), waits="text", asked=incoming.user)
        )
        for blank in await self._rows.all("draft", channel=incoming.channel):
            if (blank.made_by, blank.draft, blank.parent) == (incoming.user, draft, None):
                return Decision((show_card(await self.open(blank, incoming, at)),))
        return Decision((show_card(await self.open(await self.add(draft, incoming, at), incoming, at)),))

    async def begin_audience(self, incoming: Incoming) -> Audience:
        """Return everybody of the notice, as far as whoever acts may reach them."""
        confined = await self.find_classes(incoming)
        return limit(confined, Audience(self.choose_notice("", confined)))

    async def add(self, draft: str, incoming: Incoming, at: datetime) -> Broadcast:
        """Add a draft; the one that this update made before is found again."""
        key = f"chat/{incoming.channel}/{incoming.update_id}"
        number = await self._rows.make(incoming.channel, draft, incoming.user, at, key=key)
        made = await self._rows.get(number) if number else await self._rows.find_by_key(key)
        assert made
        return made

    async def plan(self, sentence: str, incoming: Incoming, at: datetime) -> Decision:
        """Make a draft of a sentence, and show it with one button that sends or schedules it; or ask back."""
        asked, draft = await self.read_sentence(sentence, incoming)
        if draft is None:
            return Decision(asked)
        context = await self.open(await self.add(drafts.dump(draft), incoming, at), incoming, at)
        return Decision((*asked, *preview(context), show_plan(context)))

    async def read_sentence(self, sentence: str, incoming: Incoming) -> tuple[tuple[Reply, ...], BroadcastDraft | None]:
        """Return what a sentence of a teacher plans, and what is to be asked back; None: nothing until that is said."""
        content, confined = self._content(), await self.find_classes(incoming)
        notice = narrow(confined, content.notices[self.choose_notice("", confined)])
        plan = plan_broadcast(sentence, content, notice, self._local())
        asked = (Reply("\n".join(plan.asks)),) if plan.asks else ()
        if plan.otherwise:  # nothing but the time is to be asked: the card has the one that is offered
            plan = plan_broadcast(sentence, content, notice, self._local(), plan.otherwise)
            asked = asked if not plan.asks else (Reply("\n".join(plan.asks)),)
        if plan.asks or plan.audience is None:
            return asked, None
        return asked, replace(plan, audience=limit(confined, plan.audience)).draft(content)

    async def act(self, broadcast: Broadcast, asked: BroadcastRequest, incoming: Incoming, at: datetime) -> Decision:
        """Decide an act on a broadcast."""
        context = await self.open(broadcast, incoming, at)
        if asked.act == "csv":
            return await self._attach_csv(broadcast)
        if asked.act == "exact" and context.count:
            said = context.words.exact.format(number=broadcast.number, **asdict(replace(context.count, told=None)))
            return Decision((Reply(said, back_row(context)),), (Audited("exact count", str(broadcast.number)),))
        if asked.act in FOLLOW_UPS and broadcast.state in ENDED and broadcast.act == "send":
            return await self._follow_up(broadcast, asked.act, incoming, at)
        if broadcast.state not in ("draft", "approved"):
            return actions.decide(context, asked, incoming)
        if asked.act in ("template", "keep"):
            rows = self._store.saved_texts
            context = replace(context, saved=await rows.list(incoming.channel, context.classes, "template"))
        edited = editing.apply_edit(context, asked, incoming)
        if isinstance(edited, str | Reply):
            return Decision((edited if isinstance(edited, Reply) else Reply(edited, back_row(context)),))
        if edited:
            changed = replace(broadcast, draft=drafts.dump(edited))
            return editing.save_edit(context, edited, await self._count(changed, at), asked.act, asked.about)
        return actions.decide(context, asked, incoming)

    async def open(self, broadcast: Broadcast, incoming: Incoming, at: datetime) -> BroadcastContext:
        """Load all that is needed to show or change a broadcast."""
        confined = await self.find_classes(incoming)
        context = BroadcastContext(self._content(), broadcast, incoming.user, self._local(), at, classes=confined)
        if broadcast.state in ("draft", "approved", "scheduled"):
            search = context.starting.search
            count = await self._count(broadcast, at)
            few = count and count.told and not count.told.left  # who they are could be seen in the preview
            samples = [session_of(s) for s in await self._rows.some(search)] if search and not few else []
            context = replace(context, count=count, sessions=samples)
            return replace(context, colleagues=await self._list_colleagues(context))
        return replace(context, totals=await self._ledger.totals(broadcast.number))

    async def _list_colleagues(self, context: BroadcastContext) -> list[str]:
        """Return the ids of those who may agree to a draft that needs it; nobody where they were asked before."""
        if not context.needs_second or await self._store.roles.was_done(context.asked_key):
            return []
        everybody = await self._store.roles.everybody(context.broadcast.channel, context.at)
        authors = {context.who, context.author, *context.starting.authors}
        others = {user: theirs for user, theirs in everybody.items() if user not in authors}
        return [user for user, theirs in others.items() if may_see(theirs, context.broadcast)]

    async def _count(self, broadcast: Broadcast, at: datetime) -> Count | None:
        return await count_reach(self._store, BroadcastStart(self._content(), broadcast, self._local(), at))

    async def _attach_csv(self, broadcast: Broadcast) -> Decision:
        words, totals = self._content().phrases.broadcast, await self._ledger.totals(broadcast.number)
        every = totals.total <= MOST_ROWS
        rows = [row async for row in self._ledger.report(broadcast.number) if every or row["state"] != "sent"]
        rows = rows if report.lists_people(broadcast, totals) else []
        notices = self._content().notices
        file = Attachment(words.csv_file, await asyncio.to_thread(report.to_csv, words, rows[:MOST_ROWS], notices))
        said = Reply(report.summarise(words, broadcast, totals), attachment=file)
        return Decision((said,), (Audited("broadcast report", str(broadcast.number)),))

    async def _follow_up(self, broadcast: Broadcast, act: str, incoming: Incoming, at: datetime) -> Decision:
        """Make a draft that repeats a broadcast that is over for those with one outcome, corrects or recalls it."""
        words, asked = self._content().phrases.broadcast, incoming.user if act == "correct" else ""
        kind, only = FOLLOW_UPS[act]
        draft = replace(drafts.load(broadcast.draft), waits="text" if asked else "", asked=asked, by="", only=only)
        repeated = replace(broadcast, act=kind, draft=drafts.dump(draft))
        meant = BroadcastStart(self._content(), repeated, self._local(), at).states
        totals = await self._ledger.totals(broadcast.number)
        if not any(totals[state] for state in meant):
            return Decision((Reply(words.nothing_to_follow[act]),))  # type: ignore[index]
        key = f"chat/{incoming.channel}/{incoming.update_id}"
        number = await self._rows.make(
            incoming.channel, repeated.draft, incoming.user, at, act=kind, key=key, parent=broadcast.number
        )
        made = await self._rows.get(number) if number else await self._rows.find_by_key(key)
        assert made
        said = {"correct": words.correct, "recall": words.recall.format(number=broadcast.number)}.get(act, "")
        card = show_card(await self.open(made, incoming, at))
        return Decision((*((Reply(said),) if said else ()), card))


def _find_address(page: str, address: Callable[[], str] | None) -> str:
    """Return where graduates open the bot: the page, where it is public, else the chat; empty when not known."""
    return page or (address() if address else "")
