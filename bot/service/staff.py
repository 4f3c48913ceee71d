"""Turns of people with a role: commands about roles, staff areas (/faq, /broadcast) and the staff chat."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.content.content import Content
from bot.domain.areas import Decision, StaffArea
from bot.domain.classes import Classes
from bot.domain.effects import Effect
from bot.domain.messages import Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.revisions import Once
from bot.domain.roles import Role
from bot.domain.saved_texts import SavedText
from bot.domain.tickets import TicketState
from bot.domain.zone import local
from bot.store import Store
from bot.store.tickets import FoundTicket, ListedTicket
from bot.tickets import codes, listing, roles, saved, staff, staff_posts
from bot.tickets.number import parse_number
from bot.tickets.roles import MAX_ACTS, RoleRequest, RoleTurn
from bot.tickets.staff import StaffTurn

_HELP = re.compile(r"/help(?:@[A-Za-z0-9_]+)?|帮助|怎么用|能做什么")

SPOKEN = 12
"""Words of a ticket that are shown, the last ones."""
EARLIER = 8
"""Other tickets of a graduate that are shown with one."""
OPEN_STATES: Sequence[TicketState] = ("open", "taken", "released")
REFUSE_EVERY = timedelta(hours=1)
"""Time between two refusals in the staff chat."""


class StaffTurns:
    """Decides what people with a role do; saves nothing. `desks` are the channels with a staff chat, `areas` are asked
    in their order, `owners` hear of new members.
    """

    def __init__(
        self,
        store: Store,
        present: Callable[[], datetime],
        today: datetime | None,
        desks: Collection[str],
        areas: Sequence[StaffArea],
        owners: Collection[tuple[str, str]] = (),
    ) -> None:
        self._store = store
        self._present = present
        self._today = today
        self._desks = frozenset(desks)
        self._areas = tuple(areas)
        self._owners = owners
        self.console: Callable[[str], str] | None = None
        """Returns the address of the console for a link's token; None where there is no console."""
        self._refused_at: datetime | None = None

    async def decide(self, content: Content, incoming: Incoming, role: Role | None, at: datetime) -> Decision | None:
        """Return the decision of the staff chat, of a command about roles or of an area; None: a graduate's turn."""
        if incoming.place == "staff":
            answered = await self._answer_in_staff_chat(content, incoming, role, at)
            strangers = await self._name_strangers(content, incoming, role, at)
            return replace(answered, effects=(*answered.effects, *strangers))
        if role and (decision := await self._answer_privately(content, incoming, at)):
            return decision
        if role and not incoming.other and incoming.press is None:
            typed = incoming.text.strip()
            if _HELP.fullmatch(typed):
                return Decision((roles.show_home(content, role, await self._find_classes(incoming)),))
            named, _, about = typed.partition(" ")  # 工单 K7P2C, 编号 30
            has_number = bool(parse_number(about) or about[:1].isdecimal())
            command = content.phrases.staff.typed.get(named if has_number else typed)
            incoming = replace(incoming, text=f"{command} {about}" if command else incoming.text)
        if role and incoming.place == "private" and (asked := saved.parse_request(content, incoming)):
            confined = await self._find_classes(incoming)
            return saved.decide(
                content, asked, await self._store.saved_texts.list(incoming.channel, confined), confined
            )
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
        if act == "tickets" and (number := parse_number(request.about)):
            return await self._answer_privately(content, replace(incoming, text="", press=f"desk|{number}|show"), at)
        if act == "tickets":
            return await self._list_tickets(content, incoming, at)
        return RoleTurn(
            content,
            incoming.user,
            role,
            local(at, self._today),
            at,
            members=await rows.members(channel, at),
            invitations=await rows.invitations(channel, at) if act == "join" else (),
            token=secrets.token_urlsafe(24),
            owners=self._owners_of(channel),
            acts=await rows.acts(channel, MAX_ACTS) if act == "audit" else (),
            console=self.console,
        ).decide(request)

    def _owners_of(self, channel: str) -> list[str]:
        return sorted(user for where, user in self._owners if where == channel)

    async def _name_strangers(
        self, content: Content, incoming: Incoming, role: Role | None, at: datetime
    ) -> tuple[Effect, ...]:
        """Return messages to the owners, one for each person in the staff chat who has no role."""
        channel = incoming.channel
        seen = roles.list_arrivals(incoming) if incoming.other == roles.ARRIVED else ((incoming.user, incoming.name),)
        if channel not in self._desks or (role and incoming.other != roles.ARRIVED):
            return ()
        staff_ids = {*self._owners_of(channel), *(one.user for one in await self._store.roles.members(channel, at))}
        effects: list[Effect] = []
        for user, name in seen:
            key = f"stranger/{channel}/{user}"
            if user not in staff_ids and not await self._store.roles.was_done(key):
                told = roles.describe_stranger(content, user, name)
                effects += [Once(key), *(Queued("user", told, user=owner) for owner in self._owners_of(channel))]
        return tuple(effects)

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
        if incoming.other == "desk_lost":
            return await self._tell_of_lost_desk(content, incoming.channel, now)
        if claimed := codes.parse_press(incoming.press):
            return await self._free_code(content, incoming, role, claimed)
        request, button = roles.parse_request(incoming), staff.parse_press(incoming.press)
        find, page = self._store.tickets.find, staff.parse_page(incoming.press)
        confined = await self._find_classes(incoming) if role else None
        number = button[0] if button else None
        found = await find(number=number, thread=incoming.thread, message=incoming.reply_to, within=confined)
        if found is None and (under := staff.parse_reply(incoming.reply_button)):
            # Who sent that message was killed before its number was kept.
            found = await find(number=under[0], within=confined)
        is_command = incoming.text.startswith("/") and not incoming.text.startswith("//")
        under_list = staff.parse_press(incoming.reply_button) or staff.parse_page(incoming.reply_button) is not None
        if role and found is None and button is None and under_list and incoming.text and not is_command:
            return Decision((Reply(words.which),))
        if request is None and button is None and page is None and (found is None or is_command):
            return Decision()
        if role is None:
            return self._refuse(words.not_staff, at)
        if page is not None or request:
            is_list = page is not None or (request and request.act == "tickets")
            return await self._list_tickets(content, incoming, at, page or 0) if is_list else Decision()
        if found is None:
            return Decision((Reply(words.gone),))
        return await self._decide_about(content, incoming, found, at)

    async def decide_on_ticket(self, content: Content, number: str, incoming: Incoming, at: datetime) -> Decision:
        """Return the decision of a press or of words about the ticket with this number, outside the staff chat."""
        found = await self._store.tickets.find(number=number, within=await self._find_classes(incoming))
        if found is None:
            return Decision((Reply(content.phrases.desk.gone),))
        return await self._decide_about(content, incoming, found, at, elsewhere=True)

    async def _answer_privately(self, content: Content, incoming: Incoming, at: datetime) -> Decision | None:
        """Decide on a ticket whose button is pressed, or to whose message somebody replies, in their own chat; None:
        it is about none.
        """
        if (page := staff.parse_page(incoming.press)) is not None:
            return await self._list_tickets(content, incoming, at, page)
        words, button = content.phrases.desk, staff.parse_press(incoming.press)
        about = button or staff.parse_reply(incoming.reply_button)
        is_words = not incoming.text.startswith("/") or incoming.text.startswith("//")
        if about is None or incoming.place != "private" or not (button or is_words):
            return None
        number = about[0]
        # Numbers of messages are those of the staff chat; here nothing can be marked or changed later.
        decided = await self.decide_on_ticket(content, number, replace(incoming, message=None), at)
        if decided.replies:
            return decided
        # Staff elsewhere hear of it in their chat, whoever did it hears the same here.
        heard = [one.reply for one in decided.effects if isinstance(one, Queued) and one.to == "staff" and one.reply]
        if button:
            return replace(decided, replies=tuple(heard[:1]))
        is_sent = any(isinstance(one, Queued) and one.to == "graduate" for one in decided.effects)
        said = words.sent_to_graduate if is_sent else words.noted
        return replace(decided, replies=(Reply(said.format(number=number)),) if is_sent or not heard else tuple(heard))

    async def _find_classes(self, incoming: Incoming) -> Classes | None:
        """Return the classes to which somebody with a role is confined; None: to none."""
        return await self._store.roles.find_classes(incoming.channel, incoming.user)

    async def _decide_about(
        self, content: Content, incoming: Incoming, found: FoundTicket, at: datetime, *, elsewhere: bool = False
    ) -> Decision:
        said_by = frozenset(await self._store.roles.list_done(staff.said_key(found.ticket, incoming.text)))
        now, names = local(at, self._today), await self._names(content, incoming.channel)
        button = staff.parse_press(incoming.press)
        is_shown = button is not None and button[1] == "show"
        is_chosen = button is not None and button[1] in ("topics", "text")
        spoken = await self._store.tickets.words(found.ticket.number, SPOKEN) if is_shown else ()
        return StaffTurn(
            content,
            found.ticket,
            incoming.user,
            now,
            found.current,
            said_by,
            takes_files=found.channel == incoming.channel,
            names=names,
            spoken=[
                listing.say_words(content, one.side, names.get(one.who or "", one.who or ""), one.text)
                for one in spoken
            ],
            elsewhere=elsewhere,
            earlier=[(one.opened_at, one.ticket) for one in await self._list_earlier(found)] if is_shown else (),
            saved=await self._list_answers(incoming) if is_chosen else (),
            files=len(await self._store.tickets.files(found.ticket.number)) if incoming.upload is not None else 0,
        ).decide(incoming)

    async def _list_answers(self, incoming: Incoming) -> list[SavedText]:
        confined = await self._find_classes(incoming)
        return await self._store.saved_texts.list(incoming.channel, confined, "answer")

    async def _list_earlier(self, found: FoundTicket) -> list[ListedTicket]:
        return await self._store.tickets.earlier(found.ticket.number, EARLIER)

    async def _tell_of_lost_desk(self, content: Content, channel: str, now: datetime) -> Decision:
        """Tell owners, and all who wait, that the bot is no longer in the staff chat."""
        owners = staff_posts.tell_owners_of_lost_desk(content, self._owners_of(channel))
        waiting = [ticket for ticket in await self._store.tickets.pending() if ticket.waiting_since]
        told = [staff_posts.tell_graduate_of_lost_desk(content, ticket, now) for ticket in waiting]
        return Decision(effects=(*owners, *told))

    async def _names(self, content: Content, channel: str) -> dict[str, str]:
        """Return the names of people with a role, by id."""
        owners = dict.fromkeys(self._owners_of(channel), content.phrases.staff.roles["owner"])
        return owners | {one.user: one.label for one in await self._store.roles.members(channel) if one.label}

    async def _free_code(self, content: Content, incoming: Incoming, role: Role | None, code: str) -> Decision:
        channel = incoming.channel
        if role is None or await self._find_classes(incoming):  # whose it is, the school's whole list says
            return Decision((Reply(content.phrases.desk.not_staff),))
        owners = await self._store.codes.find_owners(channel, code)
        known = dict.fromkeys(owners) | dict(await self._store.codes.sessions(owners))
        return codes.free_code(content, code, known, await self._store.codes.list_claimants(channel, code))

    def _refuse(self, text: str, at: datetime) -> Decision:
        """Refuse somebody in the staff chat who has no role; once an hour, lest it fills with refusals."""
        if self._refused_at and at - self._refused_at < REFUSE_EVERY:
            return Decision()
        self._refused_at = at
        return Decision((Reply(text),))

    async def _list_tickets(self, content: Content, incoming: Incoming, at: datetime, skipped: int = 0) -> Decision:
        rows, confined = self._store.tickets, await self._find_classes(incoming)
        total = len(await rows.pending(confined))
        page = await rows.page(OPEN_STATES, listing.PAGE, within=confined, after=skipped)
        listed = [one.ticket for one in page]
        return Decision((listing.list_tickets(content, listed, local(at, self._today), skipped, total),))
