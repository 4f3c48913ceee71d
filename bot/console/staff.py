"""Everybody with a role, and the record of what they did."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.parts import ConsolePage
from bot.console.visit import Visit
from bot.tickets.roles import RANK

MOST = 100
"""Acts of a page."""


async def list_staff(visit: Visit) -> Response:
    """Show everybody with a role, with a button that removes those who rank below."""
    members = await visit.store.roles.members(visit.session.channel, visit.at)
    below = [(one, one.user != visit.who and RANK[one.role] < RANK[visit.role]) for one in members]
    return await visit.show("staff.html", members=below, names=await visit.parts.names())


async def show_audit(visit: Visit) -> Response:
    """Show a page of privileged acts, newest first."""
    after = visit.asked("before")
    before = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else None
    found = await visit.store.roles.acts_before(visit.session.channel, MOST + 1, before)
    more = str(found[MOST - 1][0]) if len(found) > MOST else ""
    acts = [act for _, act in found[:MOST]]
    return await visit.show("audit.html", acts=acts, more=more, names=await visit.parts.names())


async def make_table(visit: Visit) -> Response:
    """Make a table of the acts, as /audit does."""
    await visit.act(visit.incoming(text="/audit"))
    return visit.lead("/audit")


PAGES = (
    ConsolePage("GET", "/staff", "admin", list_staff),
    ConsolePage("GET", "/audit", "admin", show_audit),
    ConsolePage("POST", "/audit", "admin", make_table),
)
