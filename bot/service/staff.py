"""Turns of people with a role: commands about roles, staff areas (/faq, /broadcast) and the staff chat."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from bot.content.content import Content
from bot.domain.areas import Decision, StaffArea
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role
from bot.domain.zone import local
from bot.store import Store
from bot.tickets import roles, staff
from bot.tickets.roles import RoleRequest, RoleTurn
from bot.tickets.staff import StaffTurn


class StaffTurns:
    """Decides what people with a role do; saves nothing. `desks` are the channels with a staff chat, `areas` are asked
    in their order.
    """

    def __init__(
        self,
        store: Store,
        present: Callable[[], datetime],
        today: datetime | None,
        desks: Collection[str],
        areas: Sequence[StaffArea],
    ) -> None:
        self._store = store
        self._present = present
        self._today = today
        self._desks = frozenset(desks)
        self._areas = tuple(areas)

    async def decide(self, content: Content, incoming: Incoming, role: Role | None, at: datetime) -> Decision | None:
        """Return the decision of the staff chat, of a command about roles or of an area; None: a graduate's turn."""
        if incoming.place == "staff":
            return await self._answer_in_staff_chat(content, incoming, role, at)
        request = roles.parse_request(incoming)
        if request and (decision := await self._decide_role_act(content, incoming, role, request, at)):
            return decision
        return await self._ask_areas(incoming, role, at) if role else None

    async def _decide_role_act(
        self, content: Content, incoming: Incoming, role: Role | None, request: RoleRequest, at: datetime
    ) -> Decision | None:
        rows, channel, act = self._store.roles, incoming.channel, request.act
        if role is None and act != "join":
            return None
        return RoleTurn(
            content,
            incoming.user,
            role,
            local(at, self._today),
            at,
            members=await rows.members(channel) if act in ("staff", "remove") else (),
            invitations=await rows.invitations(channel, at) if act == "join" else (),
            tickets=await self._store.tickets.pending(channel) if act == "tickets" else (),
            token=secrets.token_urlsafe(24),
        ).decide(request)

    async def _ask_areas(self, incoming: Incoming, role: Role, at: datetime) -> Decision | None:
        for area in self._areas:
            if decision := await area.answer(incoming, role, at):
                return decision
        return None

    async def _answer_in_staff_chat(
        self, content: Content, incoming: Incoming, role: Role | None, at: datetime
    ) -> Decision:
        """Decide on a ticket; silence when it is not about one."""
        words, now = content.phrases.desk, local(at, self._today)
        if incoming.channel not in self._desks:
            return Decision()
        request, button = roles.parse_request(incoming), staff.parse_press(incoming.press)
        found = await self._store.tickets.find(
            number=button[0] if button else None, thread=incoming.thread, message=incoming.reply_to
        )
        is_command = incoming.text.startswith("/") and not incoming.text.startswith("//")
        if request is None and button is None and (found is None or is_command):
            return Decision()
        if role is None:
            return Decision((Reply(words.not_staff),))
        if request:
            return await self._list_tickets(content, incoming.channel, now) if request.act == "tickets" else Decision()
        if found is None:
            return Decision((Reply(words.gone),))
        return StaffTurn(content, found.ticket, incoming.user, now, found.current).decide(incoming)

    async def _list_tickets(self, content: Content, channel: str, now: datetime) -> Decision:
        return Decision((staff.list_tickets(content, await self._store.tickets.pending(channel), now),))
