"""Roles: invitations, the list of staff, the removal of a member, and who may do which. Pure.

`parse_request` recognises a privileged act; `RoleTurn.decide` decides it for somebody with a role. For everybody else
it returns None, and the conversation answers as it does to unknown words: nothing reveals that a command exists.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.content.content import Content
from bot.domain.areas import Decision
from bot.domain.classes import Classes, UnknownClass, parse_classes
from bot.domain.console import LINK_FOR, ConsoleLinked, hash_link
from bot.domain.effects import Effect
from bot.domain.messages import Attachment, Button, Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.roles import Audited, AuditedAct, Invitation, Invited, Joined, Member, Removed, Role
from bot.domain.zone import ZONE
from bot.render.tables import to_csv
from bot.tickets.staff_posts import mask_for_staff
from flows.clock import choose_running

INVITATION_HOURS = 24
JOIN = "join-"
"""Prefix of an invitation's token in a start payload."""
RANK: dict[Role | None, int] = {None: 0, "staff": 1, "admin": 2, "owner": 3}
"""Rank of each role; a higher one may do everything that a lower one may."""
MAX_LIST = 4000
"""Characters of the list of members."""
MAX_ROWS = 50
MAX_CLASSES = 40
"""Classes that are named where one is not known."""
MAX_ACTS, MAX_SHOWN = 5_000, 20
"""Privileged acts in the file, and in the message."""
ARRIVED = "arrived"
"""`Incoming.other` of people who came into the staff chat."""

_COMMAND = re.compile(r"/(staff|invite|tickets|audit|console)(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.ASCII)
_JOIN = re.compile(rf"/start(?:@\w+)?\s+{JOIN}([A-Za-z0-9_-]{{20,59}})\s*", re.ASCII)
_PRESS = re.compile(r"staff\|(remove|branch)\|(\d{1,19}|console:[0-9a-f]{8})", re.ASCII)
_INVITE = re.compile(
    r"(staff|admin)(?:\s+(?!until\b|到)(\S(?:(?!\s(?:until\b|到)).){0,19}))?"
    r"(?:\s+(?:until|到)\s*(\d{4}-\d{1,2}-\d{1,2}))?",
    re.DOTALL | re.ASCII,
)
_INVITE_TEACHER = re.compile(
    r"(?:班主任|辅导员|teacher)\s+(\S{1,20})\s+(?!until\b|到)(\S.{0,199}?)(?:\s+(?:until|到)\s*(\d{4}-\d{1,2}-\d{1,2}))?",
    re.DOTALL | re.ASCII,
)
"""An invitation to some classes: name, classes, last day."""


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """A privileged act that somebody tries: join, invite, staff, remove, branch, audit, console or tickets, and its
    argument.

    branch removes everybody whom somebody let in, also through others.
    """

    act: str
    about: str = ""


def parse_request(incoming: Incoming) -> RoleRequest | None:
    """Return the privileged act that a message or press tries; None for everything else."""
    if incoming.press is not None:
        found = _PRESS.fullmatch(incoming.press)
        return RoleRequest(found[1], found[2]) if found else None
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
    """One privileged act of one person with `role`. `token` is a new one, `now` local time, `at` the same in UTC.

    `owners` are ids, `acts` the last privileged acts, newest first. `console` gives the address of a link into it.
    """

    content: Content
    who: str
    role: Role | None
    now: datetime
    at: datetime
    members: Sequence[Member] = ()
    invitations: Sequence[Invitation] = ()
    token: str = ""
    owners: Sequence[str] = ()
    acts: Sequence[AuditedAct] = ()
    console: Callable[[str], str] | None = None

    def decide(self, request: RoleRequest) -> Decision | None:
        """Return the decision; None when this person may not, or no such invitation is open."""
        is_admin = RANK[self.role] >= RANK["admin"]
        match request.act:
            case "join":
                return self._join(request.about)
            case "console" if self.role:
                return self._link_console()
            case "invite" if is_admin:
                return self._invite(request.about)
            case "remove" if is_admin:
                return self._remove(request.about)
            case "branch" if is_admin:
                return self._remove_branch(request.about)
            case "staff" if is_admin:
                return Decision(self._list(self.members))
            case "audit" if is_admin:
                return Decision((self._show_audit(),))
        return None

    def _invite(self, about: str) -> Decision:
        words, found, confined = self.content.phrases.staff, _INVITE.fullmatch(about), None
        if teacher := _INVITE_TEACHER.fullmatch(about):
            confined = find_classes(self.content, teacher[2], self.now)
        if isinstance(confined, UnknownClass):
            known = self.content.phrases.facts.comma.join(confined.known[:MAX_CLASSES])
            return Decision((Reply(words.no_such_class.format(words=confined.words, known=known)),))
        name, day = (teacher[1], teacher[3]) if teacher else (found[2], found[3]) if found else ("", None)
        until = _end_of_day(day) if day else None
        if not (found or teacher) or (day and until is None):
            return Decision((Reply(words.how_to_invite),))
        if until and until <= self.at:
            return Decision((Reply(words.until_past.format(day=day)),))
        role: Role = "admin" if found and found[1] == "admin" else "staff"
        label = mask_for_staff(self.content, (name or "").strip())
        text = words.invitation.format(
            role=self._name_role(role, confined), label=f" {label}" if label else "", hours=INVITATION_HOURS
        )
        text += words.invitation_until.format(day=day) if until else ""
        token_hash = hash_token(self.token)
        invited = Invited(token_hash, role, label, self.at + timedelta(hours=INVITATION_HOURS), until, confined)
        audited = Audited("invite", " ".join([role, token_hash[:8], *(confined.names if confined else ())]))
        return Decision((Reply(text, link=JOIN + self.token),), (invited, audited))

    def _name_role(self, role: Role, confined: Classes | None) -> str:
        """Return the word for a role, with the classes that it is confined to."""
        words = self.content.phrases.staff
        return words.teacher.format(classes=confined.describe(self.content.notices)) if confined else words.roles[role]

    def _link_console(self) -> Decision:
        words = self.content.phrases.staff
        if self.console is None:
            return Decision((Reply(words.no_console),))
        link = link_console(self.token, self.at)
        text = words.console.format(address=self.console(self.token), minutes=LINK_FOR.seconds // 60)
        return Decision((Reply(text, once=True),), (link, Audited("console-link", link.hash[:8])))

    def _join(self, token: str) -> Decision | None:
        invitation, words = self._find_invitation(token), self.content.phrases.staff
        if invitation is None:
            return None
        if not self._gains(invitation):
            return Decision((Reply(words.joined_already.format(role=words.roles[self.role or "staff"])),))
        confined = invitation.classes
        joined = Joined(
            invitation.hash, invitation.role, invitation.label, invitation.made_by, invitation.until, confined
        )
        commands = Queued("user", user=self.who, commands="admin" if invitation.role == "admin" else "staff")
        audited = Audited("join", f"{invitation.role} {invitation.hash[:8]}")
        effects: tuple[Effect, ...] = (joined, commands, *self._tell_owners(invitation), audited)
        sentence = words.joined_teacher if confined else words.joined
        said = sentence.format(role=self._name_role(invitation.role, confined))
        return Decision((Reply(said),), effects)

    def _gains(self, invitation: Invitation) -> bool:
        """Return whether an invitation gives more than somebody has, or other classes."""
        if RANK[self.role] != RANK[invitation.role]:
            return RANK[self.role] < RANK[invitation.role]
        mine = next((member.classes for member in self.members if member.user == self.who), None)
        return mine is not None and mine != invitation.classes

    def _tell_owners(self, invitation: Invitation) -> tuple[Queued, ...]:
        """Return the news of a new member to every owner, with a button that removes them."""
        words, name = self.content.phrases.staff, invitation.label or self.who
        by, role = self._name(invitation.made_by), self._name_role(invitation.role, invitation.classes)
        text = words.joined_news.format(name=name, user=self.who, role=role, by=by)
        row = (Button(f"staff|remove|{self.who}", words.remove.format(name=name)),)
        return tuple(Queued("user", Reply(text, (row,)), user=owner) for owner in self.owners if owner != self.who)

    def _name(self, user: str) -> str:
        """Return the name of somebody with a role, else the id; an owner also has the word for that."""
        if user in self.owners:
            return f"{self.content.phrases.staff.roles['owner']} {user}"
        return next((one.label for one in self.members if one.user == user and one.label), user)

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
        until = words.line_until.format(day=_last_day(member.until)) if member.until else ""
        return words.line.format(
            label=label,
            user=member.user,
            role=self._name_role(member.role, member.classes),
            since=member.since[:10],
            until=until,
            by=self._name(member.added_by),
        )

    def _remove(self, user: str) -> Decision:
        words = self.content.phrases.staff
        member = next((m for m in self.members if m.user == user), None)
        if member is None:
            return Decision(self._list(self.members))
        if not self._may_remove(member):
            return Decision((Reply(words.may_not_remove),))
        rest = self._list([m for m in self.members if m is not member])
        name, let_in = member.label or member.user, self._find_branch(user)
        label = words.remove_branch.format(name=name, n=len(let_in))
        rows = ((Button(f"staff|branch|{user}", label),),) if let_in else ()
        names = words.let_in.format(names="、".join(one.label or one.user for one in let_in)) if let_in else ""
        return Decision((Reply(words.removed.format(name=name) + names, rows), *rest), _take_role(self.content, user))

    def _remove_branch(self, user: str) -> Decision:
        """Remove everybody whom somebody let in, also through others."""
        gone = self._find_branch(user)
        rest = self._list([member for member in self.members if member not in gone])
        if not gone:
            return Decision(rest)
        names = "、".join(member.label or member.user for member in gone)
        removed = Reply(self.content.phrases.staff.removed.format(name=names))
        return Decision(
            (removed, *rest), tuple(effect for member in gone for effect in _take_role(self.content, member.user))
        )

    def _find_branch(self, user: str) -> list[Member]:
        """Return the members whom somebody let in, also through others, and whom this person may remove."""
        found, known = list[Member](), {user}
        while more := [m for m in self.members if m.added_by in known and m.user not in known]:
            known |= {member.user for member in more}
            found += more
        return [member for member in found if self._may_remove(member)]

    def _show_audit(self) -> Reply:
        """Show the last privileged acts, and more of them as a table."""
        words = self.content.phrases.staff
        if not self.acts:
            return Reply(words.audit_none)
        times = (f"{act.at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" for act in self.acts)
        rows = [(at, self._name(act.who), act.act, act.about) for at, act in zip(times, self.acts, strict=True)]
        shown = ((at, who, words.audit_acts.get(act, act), about) for at, who, act, about in rows[:MAX_SHOWN])
        lines = "\n".join(" · ".join(filter(None, row)) for row in shown)
        file = Attachment(words.audit_file, to_csv(words.audit_columns, rows))
        return Reply(words.audit.format(n=min(len(rows), MAX_SHOWN), lines=lines)[:MAX_LIST], attachment=file)

    def _may_remove(self, member: Member) -> bool:
        """Return whether the member ranks below this person; nobody can remove themselves by a slip."""
        return member.user != self.who and RANK[member.role] < RANK[self.role]


def find_classes(content: Content, text: str, now: datetime) -> Classes | UnknownClass:
    """Return the classes that somebody names: of the notice that is under way, else of another; `now` is local."""
    first = choose_running(content.notices, now)
    others = (name for name in content.notices if name != first)
    found = [parse_classes(text, content.notices[name]) for name in (first, *others)]
    return next((classes for classes in found if isinstance(classes, Classes)), found[0])


def link_console(token: str, at: datetime, user: str | None = None) -> ConsoleLinked:
    """Return the effect that lets the person whose turn it is, or `user`, into the console by this token, once."""
    return ConsoleLinked(hash_link(token), at + LINK_FOR, user)


def tell_removed(content: Content, user: str) -> Queued:
    """Return the news to somebody that their role is over, with a graduate's commands."""
    return Queued("user", Reply(content.phrases.staff.removed_told), user=user, commands="graduate")


def show_home(content: Content, role: Role, confined: Classes | None) -> Reply:
    """Return what somebody with a role can do here, in the words that they type."""
    words = content.phrases.staff
    more = f"\n{words.home_admin}" if RANK[role] >= RANK["admin"] else ""
    name = words.teacher.format(classes=confined.describe(content.notices)) if confined else words.roles[role]
    return Reply((words.home_teacher if confined else words.home).format(role=name).rstrip() + more)


def _take_role(content: Content, user: str) -> tuple[Effect, ...]:
    return Removed(user), tell_removed(content, user), Audited("remove", user)


def _end_of_day(day: str) -> datetime | None:
    """Return the end of a day of the notice's zone; None when there is no such day."""
    try:
        last = date(*map(int, day.split("-")))
        return datetime.combine(last + timedelta(days=1), time(), ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _last_day(until: datetime) -> date:
    return (until.astimezone(ZONE) - timedelta(seconds=1)).date()


def list_arrivals(incoming: Incoming) -> list[tuple[str, str]]:
    """Return the ids and names of those who came into the staff chat."""
    lines = (line.partition(" ") for line in incoming.text.splitlines())
    return [(user, name) for user, _, name in lines]


def describe_stranger(content: Content, user: str, name: str) -> Reply:
    """Return the news to owners that somebody without a role is in the staff chat."""
    return Reply(content.phrases.staff.stranger.format(name=name or user, user=user))


def describe_silent(content: Content, people: int, known: int) -> Reply:
    """Return the news to owners that the staff chat has more people than there are with a role."""
    return Reply(content.phrases.staff.silent.format(people=people, known=known, strangers=people - known))
