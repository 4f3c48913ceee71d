"""Everybody with a role, invitations, the record of what they did, and the settings in force."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from bot.console.visit import ConsolePage, Gone, Visit, download
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Audited, AuditedAct, Enlisted, Role
from bot.domain.zone import ZONE
from bot.render.tables import to_csv
from bot.tickets.roles import RANK, link_console
from bot.tickets.staff_posts import mask_for_staff

MOST, MOST_ROWS = 100, 5_000
"""Acts of a page, and of a table."""
MOST_PHRASES = 200
"""Sentences of a page."""
ON_TICKETS = frozenset({"answer", "edit", "note", "take", "drop", "close", "reopen"})
"""Acts about a ticket."""
_NAME = re.compile(r"\S.{0,18}\S|\S")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


async def list_staff(visit: Visit) -> Response:
    """Show everybody with a role, with a button that removes those who rank below."""
    return await _show_staff(visit)


async def _show_staff(visit: Visit, **about: Any) -> Response:
    members = await visit.store.roles.members(visit.session.channel, visit.at)
    below = [(one, one.user != visit.who and RANK[one.role] < RANK[visit.role]) for one in members]
    names = await visit.parts.names()
    return await visit.show("staff.html", members=below, names=names, address=_address(visit), **about)


def _address(visit: Visit) -> str:
    """Return where the bot opens in the chat in which invitations are taken; empty where there is none."""
    find = visit.parts.service.accounts.addresses.get(visit.session.channel)
    address = find() if find and visit.session.channel != "web" else ""
    return address or ""


async def invite(visit: Visit) -> Response:
    """Invite somebody, as in chat; where there is no chat, give a link into the console. Either is shown once, here."""
    role, name = visit.field("role"), " ".join(visit.field("name").split())
    if role not in ("staff", "admin", "teacher") or not _NAME.fullmatch(name):
        raise Gone
    if not _address(visit):
        return await _show_staff(visit, said=await visit.act(visit.incoming(text=name), _enlist(visit, role, name)))
    until, classes = visit.field("until"), " ".join(visit.field("classes").split())
    words = f"班主任 {name} {classes}" if role == "teacher" else f"{role} {name}"
    text = f"/invite {words}{f' until {until}' if _DAY.fullmatch(until) else ''}"
    answer = await visit.act(visit.incoming(text=text))
    return await _show_staff(visit, said=replace(answer, replies=tuple(_with_link(visit, r) for r in answer.replies)))


def _with_link(visit: Visit, reply: Reply) -> Reply:
    if not reply.link:
        return reply
    return replace(reply, text=f"{reply.text}\n\n{_address(visit)}?start={reply.link}", link=None)


def _enlist(visit: Visit, role: str, name: str) -> Any:
    """Return the decision that gives somebody a role who is in no chat, with a link into the console."""

    async def decide(_: Incoming, __: Role, at: datetime) -> Decision:
        words, find = visit.content.phrases.staff, visit.parts.service.staff.console
        label, user, token = mask_for_staff(visit.content, name), f"console:{secrets.token_hex(4)}", _new_token()
        members = await visit.store.roles.members(visit.session.channel)
        if role == "teacher" or find is None or any(one.label == label for one in members):
            return Decision((Reply(visit.rendering.words["staff"]["not_here"]),))
        effects = (
            Enlisted(user, "admin" if role == "admin" else "staff", label),
            link_console(token, at, user),
            Audited("console-link", f"{role} {user}"),
        )
        return Decision((Reply(words.console.format(address=find(token), minutes=10), once=True),), effects)

    return decide


def _new_token() -> str:
    return secrets.token_urlsafe(24)


# The record


async def show_audit(visit: Visit) -> Response:
    """Show a page of privileged acts, newest first: of somebody, of a kind."""
    after, chosen = visit.asked("before"), _filter(visit)
    before = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else None
    found = await visit.store.roles.acts_before(visit.session.channel, MOST + 1, before, **chosen)
    more = str(found[MOST - 1][0]) if len(found) > MOST else ""
    acts = [act for _, act in found[:MOST]]
    names = await visit.parts.names()
    shown: dict[str, Any] = {"act_names": visit.content.phrases.staff.audit_acts, "lead": lead_to, "describe": describe}
    return await visit.show("audit.html", acts=acts, more=more, names=names, **shown, **chosen)


def describe(act: AuditedAct, words: Mapping[str, Any]) -> str:
    """Return in words what an act was about; empty where the act says it all."""
    kind = "ticket" if act.act in ON_TICKETS else act.act.partition(" ")[0]
    if kind == "console-in":
        return ""
    if kind in ("save", "drop"):
        return str(words["saved"]["kinds"].get(act.about, act.about))
    return str(words["audit"]["abouts"].get(kind, "{about}").format(about=act.about)) if act.about else ""


def lead_to(act: AuditedAct) -> str:
    """Return the page of what an act was about; empty where there is none."""
    kind = act.act.partition(" ")[0]
    if act.act in ON_TICKETS:
        return f"/tickets/{act.about}"
    about = {"broadcast": "/broadcasts", "faq-publish": "/knowledge/history", "faq-rollback": "/knowledge/history"}
    return f"{about[kind]}/{act.about}" if kind in about and act.about.isdecimal() else ""


def _filter(visit: Visit) -> dict[str, Any]:
    return {"who": visit.asked("who"), "act": visit.asked("act").strip()}


async def save_audit(visit: Visit) -> Response:
    """Send the acts as a table, by the same filters."""
    found = await visit.store.roles.acts_before(visit.session.channel, MOST_ROWS, **_filter(visit))
    names, words = await visit.parts.names(), visit.content.phrases.staff
    rows = [_row(act, names, words.audit_acts) for _, act in found]
    return download(words.audit_file, to_csv(words.audit_columns, rows).encode(), "text/csv")


def _row(act: AuditedAct, names: Mapping[str, str], said: Mapping[str, str]) -> tuple[str, str, str, str]:
    words = f"{said[act.act]}（{act.act}）" if act.act in said else act.act
    return f"{act.at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", names.get(act.who, act.who), words, act.about


# Settings


async def show_settings(visit: Visit) -> Response:
    """Show the settings in force without secrets, the rules that the phrases set, the notices, and the sentences."""
    words = visit.asked("q").strip()
    every = [row for row in _flatten(visit.content.phrases.model_dump(mode="json"), "") if words and _has(row, words)]
    habits, admin = visit.content.phrases.broadcast.habits, visit.content.phrases.admin
    rules = {
        "four_eyes": visit.rendering.words["settings"]["yes" if admin.four_eyes else "no"],
        "approve_above": str(habits.approve_above),
        "quiet": f"{habits.quiet_from:%H:%M}–{habits.quiet_to:%H:%M}",
    }
    about: dict[str, Any] = {"rules": rules, "phrases": every[:MOST_PHRASES], "words": words}
    notices = [one.notice for one in visit.content.notices.values()]
    return await visit.show("settings.html", settings=visit.parts.settings, notices=notices, **about)


def _has(row: tuple[str, str], words: str) -> bool:
    return words in row[0] or words in row[1]


def _flatten(value: object, path: str) -> list[tuple[str, str]]:
    """Return every sentence of the phrases with its path."""
    if isinstance(value, dict):
        return [row for key, one in value.items() for row in _flatten(one, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list):
        return [row for n, one in enumerate(value) for row in _flatten(one, f"{path}.{n}")]
    return [(path, value)] if isinstance(value, str) else []


PAGES = (
    ConsolePage("GET", "/staff", "admin", list_staff),
    ConsolePage("POST", "/staff", "admin", invite),
    ConsolePage("GET", "/audit", "admin", show_audit),
    ConsolePage("GET", "/audit.csv", "admin", save_audit),
    ConsolePage("GET", "/settings", "admin", show_settings),
)
