"""Who may do what: invitations, the list of staff, and what of it a person may see. Pure.

`asks` tells whether somebody tries a privileged act; `Staff.does` decides it for those who have a role. For everybody
else there is None, and the conversation answers as to any words that it does not know: nothing tells that a command
exists.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.content.content import Content
from bot.domain.areas import Decision
from bot.domain.messages import Button, Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.roles import Audited, Invitation, Invited, Joined, Member, Removed, Role
from bot.domain.tickets import Ticket
from bot.tickets.tickets import list_tickets, mask_for_staff

INVITATION_HOURS = 24
JOIN = "join-"
"""What the start payload of an invitation begins with."""

RANK: dict[Role | None, int] = {None: 0, "staff": 1, "admin": 2, "owner": 3}

_COMMAND = re.compile(r"/(staff|invite|tickets)(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.ASCII)
_JOIN = re.compile(rf"/start(?:@\w+)?\s+{JOIN}([A-Za-z0-9_-]{{20,59}})\s*", re.ASCII)
_PRESS = re.compile(r"staff\|remove\|(\d{1,19})", re.ASCII)
_INVITE = re.compile(r"(staff|admin)(?:\s+(\S.{0,19}))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """A privileged act that somebody tries: its name and what it is about."""

    act: str
    about: str = ""


def parse_request(incoming: Incoming) -> RoleRequest | None:
    """The privileged act that this tries; None for everything else."""
    if incoming.press is not None:
        found = _PRESS.fullmatch(incoming.press)
        return RoleRequest("remove", found[1]) if found else None
    if incoming.other:
        return None
    text = incoming.text.strip()
    if join := _JOIN.fullmatch(text):
        return RoleRequest("join", join[1])
    command = _COMMAND.fullmatch(text)
    return RoleRequest(command[1], (command[2] or "").strip()) if command else None


def hash_token(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class Staff:
    """One privileged act of one person with `role`. `token` is a fresh one, `now` local time, `at` the same in UTC."""

    content: Content
    who: str
    role: Role | None
    now: datetime
    at: datetime
    members: Sequence[Member] = ()
    invitations: Sequence[Invitation] = ()
    tickets: Sequence[Ticket] = ()
    token: str = ""

    def does(self, asked: RoleRequest) -> Decision | None:
        """What follows; None when this person may not, or there is nothing of the kind."""
        if asked.act == "join":
            return self._join(asked.about)
        if asked.act == "tickets":
            return Decision((list_tickets(self.content, self.tickets, self.now),)) if self.role else None
        if RANK[self.role] < RANK["admin"]:
            return None
        if asked.act == "invite":
            return self._invite(asked.about)
        return self._remove(asked.about) if asked.act == "remove" else Decision(self._list(self.members))

    def _invite(self, about: str) -> Decision:
        words, found = self.content.phrases.staff, _INVITE.fullmatch(about)
        if not found:
            return Decision((Reply(words.how_to_invite),))
        role: Role = "admin" if found[1] == "admin" else "staff"
        label = mask_for_staff(self.content, (found[2] or "").strip())
        text = words.invitation.format(
            role=words.roles[role], label=f" {label}" if label else "", hours=INVITATION_HOURS
        )
        expires = self.at + timedelta(hours=INVITATION_HOURS)
        token_hash = hash_token(self.token)
        made = Invited(token_hash, role, label, expires)
        return Decision((Reply(text, link=JOIN + self.token),), (made, Audited("invite", f"{role} {token_hash[:8]}")))

    def _join(self, token: str) -> Decision | None:
        given, words = hash_token(token), self.content.phrases.staff
        # Every invitation is compared, each in constant time.
        found = [one for one in self.invitations if hmac.compare_digest(one.hash, given)]
        if not found:
            return None
        invitation = found[0]
        if RANK[self.role] >= RANK[invitation.role]:
            return Decision((Reply(words.joined_already.format(role=words.roles[self.role or "staff"])),))
        joined = Joined(invitation.hash, invitation.role, invitation.label, invitation.made_by)
        shown = Queued("user", user=self.who, commands="admin" if invitation.role == "admin" else "staff")
        said = Reply(words.joined.format(role=words.roles[invitation.role]))
        return Decision((said,), (joined, shown, Audited("join", f"{invitation.role} {invitation.hash[:8]}")))

    def _list(self, members: Sequence[Member]) -> tuple[Reply, ...]:
        words = self.content.phrases.staff
        if not members:
            return (Reply(words.nobody),)
        lines = "\n".join(
            words.line.format(
                label=f"{m.label} " if m.label else "", user=m.user, role=words.roles[m.role], since=m.since[:10]
            )
            for m in members
        )
        rows = tuple(
            (Button(f"staff|remove|{m.user}", words.remove.format(name=m.label or m.user)),)
            for m in members
            if self._may_remove(m)
        )
        return (Reply(words.list.format(lines=lines)[:4000], rows[:50]),)

    def _remove(self, user: str) -> Decision:
        words = self.content.phrases.staff
        member = next((m for m in self.members if m.user == user), None)
        if member is None:
            return Decision(self._list(self.members))
        if not self._may_remove(member):
            return Decision((Reply(words.may_not_remove),))
        shown = Queued("user", user=user, commands="graduate")
        left = [m for m in self.members if m is not member]
        said = Reply(words.removed.format(name=member.label or member.user))
        return Decision((said, *self._list(left)), (Removed(user), shown, Audited("remove", user)))

    def _may_remove(self, member: Member) -> bool:
        """Only those below oneself; nobody removes themselves by a slip."""
        return member.user != self.who and RANK[member.role] < RANK[self.role]
