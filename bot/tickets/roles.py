"""Roles: invitations, the list of staff, the removal of a member, and who may do which. Pure.

`parse_request` recognises a privileged act; `RoleTurn.decide` decides it for somebody with a role. For everybody else
it returns None, and the conversation answers as it does to unknown words: nothing reveals that a command exists.
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
from bot.tickets.staff import list_tickets
from bot.tickets.staff_posts import mask_for_staff

INVITATION_HOURS = 24
JOIN = "join-"
"""Prefix of an invitation's token in a start payload."""
RANK: dict[Role | None, int] = {None: 0, "staff": 1, "admin": 2, "owner": 3}
"""Rank of each role; a higher one may do everything that a lower one may."""
MAX_LIST = 4000
"""Characters of the list of members."""
MAX_ROWS = 50

_COMMAND = re.compile(r"/(staff|invite|tickets)(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.ASCII)
_JOIN = re.compile(rf"/start(?:@\w+)?\s+{JOIN}([A-Za-z0-9_-]{{20,59}})\s*", re.ASCII)
_PRESS = re.compile(r"staff\|remove\|(\d{1,19})", re.ASCII)
_INVITE = re.compile(r"(staff|admin)(?:\s+(\S.{0,19}))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """A privileged act that somebody tries: join, invite, staff, remove or tickets, and its argument."""

    act: str
    about: str = ""


def parse_request(incoming: Incoming) -> RoleRequest | None:
    """Return the privileged act that a message or press tries; None for everything else."""
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
    """Return the digest under which a token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class RoleTurn:
    """One privileged act of one person with `role`. `token` is a new one, `now` local time, `at` the same in UTC."""

    content: Content
    who: str
    role: Role | None
    now: datetime
    at: datetime
    members: Sequence[Member] = ()
    invitations: Sequence[Invitation] = ()
    tickets: Sequence[Ticket] = ()
    token: str = ""

    def decide(self, request: RoleRequest) -> Decision | None:
        """Return the decision; None when this person may not, or no such invitation is open."""
        is_admin = RANK[self.role] >= RANK["admin"]
        match request.act:
            case "join":
                return self._join(request.about)
            case "tickets" if self.role:
                return Decision((list_tickets(self.content, self.tickets, self.now),))
            case "invite" if is_admin:
                return self._invite(request.about)
            case "remove" if is_admin:
                return self._remove(request.about)
            case "staff" if is_admin:
                return Decision(self._list(self.members))
        return None

    def _invite(self, about: str) -> Decision:
        words, found = self.content.phrases.staff, _INVITE.fullmatch(about)
        if not found:
            return Decision((Reply(words.how_to_invite),))
        role: Role = "admin" if found[1] == "admin" else "staff"
        label = mask_for_staff(self.content, (found[2] or "").strip())
        name = f" {label}" if label else ""
        text = words.invitation.format(role=words.roles[role], label=name, hours=INVITATION_HOURS)
        token_hash = hash_token(self.token)
        invited = Invited(token_hash, role, label, self.at + timedelta(hours=INVITATION_HOURS))
        audited = Audited("invite", f"{role} {token_hash[:8]}")
        return Decision((Reply(text, link=JOIN + self.token),), (invited, audited))

    def _join(self, token: str) -> Decision | None:
        invitation, words = self._find_invitation(token), self.content.phrases.staff
        if invitation is None:
            return None
        if RANK[self.role] >= RANK[invitation.role]:
            return Decision((Reply(words.joined_already.format(role=words.roles[self.role or "staff"])),))
        joined = Joined(invitation.hash, invitation.role, invitation.label, invitation.made_by)
        commands = Queued("user", user=self.who, commands="admin" if invitation.role == "admin" else "staff")
        audited = Audited("join", f"{invitation.role} {invitation.hash[:8]}")
        return Decision((Reply(words.joined.format(role=words.roles[invitation.role])),), (joined, commands, audited))

    def _find_invitation(self, token: str) -> Invitation | None:
        digest = hash_token(token)
        # Every invitation is compared, each in constant time.
        found = [one for one in self.invitations if hmac.compare_digest(one.hash, digest)]
        return found[0] if found else None

    def _list(self, members: Sequence[Member]) -> tuple[Reply, ...]:
        words = self.content.phrases.staff
        if not members:
            return (Reply(words.nobody),)
        removable = [member for member in members if self._may_remove(member)]
        rows = tuple(
            (Button(f"staff|remove|{m.user}", words.remove.format(name=m.label or m.user)),) for m in removable
        )
        lines = "\n".join(self._describe(member) for member in members)
        return (Reply(words.list.format(lines=lines)[:MAX_LIST], rows[:MAX_ROWS]),)

    def _describe(self, member: Member) -> str:
        words, label = self.content.phrases.staff, f"{member.label} " if member.label else ""
        return words.line.format(label=label, user=member.user, role=words.roles[member.role], since=member.since[:10])

    def _remove(self, user: str) -> Decision:
        words = self.content.phrases.staff
        member = next((m for m in self.members if m.user == user), None)
        if member is None:
            return Decision(self._list(self.members))
        if not self._may_remove(member):
            return Decision((Reply(words.may_not_remove),))
        rest = self._list([m for m in self.members if m is not member])
        commands = Queued("user", user=user, commands="graduate")
        removed = Reply(words.removed.format(name=member.label or member.user))
        return Decision((removed, *rest), (Removed(user), commands, Audited("remove", user)))

    def _may_remove(self, member: Member) -> bool:
        """Return whether the member ranks below this person; nobody can remove themselves by a slip."""
        return member.user != self.who and RANK[member.role] < RANK[self.role]
