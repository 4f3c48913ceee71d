"""The list for calls at work: pages by class, a card for each code, and what came of a call."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from bot.broadcast import report
from bot.broadcast.calls import CallLine, count_proof, describe_call, list_calls, summarise_calls, to_rows
from bot.broadcast.requests import BroadcastRequest
from bot.content.content import Content
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.domain.areas import Decision
from bot.domain.classes import Classes, parse_classes
from bot.domain.join_codes import Called, Caller, CallOutcome, format_code, parse_list
from bot.domain.messages import Attachment, Button, Reply
from bot.domain.roles import Audited
from bot.domain.session import Session
from bot.render.reply import Voice
from bot.render.sheet import make_sheet
from bot.store import Store

ACTS = ("calls", "call", "called")
"""Acts of this list: a page, a card, an outcome."""
PAGE = 10
"""Codes of a page."""
MOST_TEXT = 3500
"""Characters of the summary."""
MOST_CODES = 50
"""Codes that one message may name."""


@dataclass(frozen=True)
class CallList:
    """The list of a notice, for somebody who is confined to classes (None: to none). `now` is local time."""

    store: Store
    content: Content
    channel: str
    notice: str
    now: datetime
    confined: Classes | None = None

    @property
    def words(self) -> BroadcastPhrases:
        return self.content.phrases.broadcast

    async def load(self) -> list[Caller]:
        """Return everybody whom it may be about."""
        codes, notice = self.store.codes, self.content.notices[self.notice]
        never = await codes.never_came(self.channel, self.notice)
        if self.confined:
            names = {*self.confined.names}
            never = [one for one in never if _is_within(names, parse_classes(_class_of(one), notice))]
        return [*await codes.callers(self.channel, self.notice, self.confined), *never]

    async def list(self, callers: Sequence[Caller]) -> Sequence[CallLine]:
        """Return whom of them to call."""
        voice = Voice(self.content, Session(self.notice), self.now)
        return await asyncio.to_thread(list_calls, voice, callers)

    async def show(self) -> Decision:
        """Show how many are to be called for which reason, all as a workbook, and a button for each class."""
        callers, words = await self.load(), self.words.joining
        found = await self.list(callers)
        if not found:
            return Decision((Reply(words.nobody),))
        rows = list(to_rows(self.content, found))
        sheet = await asyncio.to_thread(make_sheet, words.list_word, words.call_columns, rows)
        file = Attachment(words.call_file, b64encode(sheet).decode(), base64=True)
        lines = summarise_calls(self.content, found)[:MOST_TEXT]
        every, proved = count_proof(callers)
        text = words.list.format(n=len(found), lines=lines, every=every, proved=proved)
        groups = {call.group: call.class_name or words.no_class for call in found}
        buttons = tuple((self._button("calls", f"{group}-0", name),) for group, name in groups.items())
        return Decision((Reply(text, buttons, attachment=file),), (Audited("unfinished", self.notice),))

    async def answer(self, asked: BroadcastRequest) -> Decision:
        """Show a page or a card, or write down what came of a call."""
        if asked.act == "calls":
            group, _, start = asked.about.partition("-")
            return await self._page(group, int(start) if start.isdecimal() else 0)
        code, _, outcome = asked.about.partition("-")
        codes = parse_list(asked.more).codes[:MOST_CODES] if asked.more else (code.upper(),)
        known = {one.holder.code: one for one in await self.load()}
        mine = [one for one in codes if one in known]
        if not mine or (asked.act == "called" and outcome not in get_args(CallOutcome)):
            return Decision((Reply(self.words.joining.call_unknown),))
        if asked.act == "call":
            return await self._card(known[mine[0]])
        effects = [Called(one, cast("CallOutcome", outcome)) for one in mine]
        named = "、".join(map(format_code, mine))
        said = self.words.joining.call_noted.format(
            codes=named, outcome=self.words.joining.call_outcomes[cast("CallOutcome", outcome)]
        )
        group = next((one.group for one in await self.list([known[mine[0]]])), "")
        back = ((self._button("calls", f"{group}-0", self.words.joining.call_back),),) if group else ()
        return Decision((Reply(said, back),), (*effects, Audited("called", f"{outcome} {len(mine)}")))

    async def _page(self, group: str, start: int) -> Decision:
        words = self.words.joining
        found = [call for call in await self.list(await self.load()) if call.group == group]
        shown = found[start : start + PAGE]
        if not shown:
            return Decision((Reply(words.nobody),))
        lines = "\n".join(describe_call(self.content, call) for call in shown)
        title = words.call_page.format(name=shown[0].class_name or words.no_class, n=len(found))
        codes = [call.caller.holder.code for call in shown]
        cards = [self._button("call", code.lower(), format_code(code)) for code in codes]
        rows = [tuple(cards[n : n + 2]) for n in range(0, len(cards), 2)]
        before = [self._button("calls", f"{group}-{max(0, start - PAGE)}", words.call_before)] if start else []
        after = start + PAGE
        more = [self._button("calls", f"{group}-{after}", words.call_more)] if after < len(found) else []
        turns = ((*before, *more),) if before or more else ()
        return Decision((Reply(f"{title}\n{lines}", (*rows, *turns)),), (Audited("unfinished", self.notice),))

    async def _card(self, one: Caller) -> Decision:
        words = self.words.joining
        found = await self.list([one])
        text = describe_call(self.content, found[0]) if found else f"{format_code(one.holder.code)} {words.call_over}"
        code = one.holder.code.lower()
        outcomes = [self._button("called", f"{code}-{name}", label) for name, label in words.call_outcomes.items()]
        back = self._button("calls", f"{found[0].group}-0", words.call_back) if found else None
        rows = (tuple(outcomes[:2]), tuple(outcomes[2:]), *(((back,),) if back else ()))
        return Decision((Reply(f"{text}\n{words.call_ask}", rows),))

    def _button(self, act: str, about: str, text: str) -> Button:
        return report.make_button(self.words, 0, act, about, text)


def _class_of(one: Caller) -> str:
    return one.listed.class_name if one.listed else ""


def _is_within(names: set[str], found: object) -> bool:
    return isinstance(found, Classes) and all(name in names or name.partition(":")[0] in names for name in found.names)
