"""Buttons of the console: each is one of those that staff have in chat, and is decided as there."""

from __future__ import annotations

import re
import secrets
from typing import Any

from starlette.responses import RedirectResponse, Response

from bot.console import passkeys
from bot.console.passkeys import Relying
from bot.console.visit import ConsolePage, Forbidden, Gone, Visit, download
from bot.domain.console import MOST_PASSKEYS, Passkey
from bot.domain.messages import Answer
from bot.domain.roles import Audited

_BROADCAST = re.compile(r"bc\|(\d{1,9})\|", re.ASCII)
_AREAS = {"bc": "/broadcasts", "know": "/knowledge", "staff": "/staff"}
"""The page that shows what the buttons of an area do."""
_FORMS = re.compile(r"know\|new\|(\d{1,9})", re.ASCII)
"""Buttons for which the console has a form of its own."""
BACK = ("/knowledge/inbox", "/knowledge/history", "/notice", "/notice/review", "/staff")
"""Pages to which a button may lead back, instead of that of its area."""
MOST_PRESS = 200


async def press(visit: Visit) -> Response:
    """Press a button that an answer offered."""
    pressed = visit.field("press")[:MOST_PRESS]
    area = pressed.partition("|")[0]
    if area not in _AREAS:
        raise Forbidden
    if found := _FORMS.fullmatch(pressed):
        return RedirectResponse(f"{visit.parts.base}/knowledge/new?group={found[1]}", 303)
    answer = await visit.act(visit.incoming(press=pressed))
    back = visit.field("back")
    return visit.lead(back if back in BACK else lead_to(area, pressed, answer))


def lead_to(area: str, pressed: str, answer: Answer) -> str:
    """Return the page of what a button did: that of the broadcast that the answer is about, else of the area."""
    if area != "bc":
        return _AREAS[area]
    shown = [button.id for reply in answer.replies for row in reply.buttons for button in row]
    numbers = (found[1] for one in (*shown, pressed) if (found := _BROADCAST.match(one)))
    number = next((number for number in numbers if number != "0"), "")
    return f"/broadcasts/{number}" if number else "/broadcasts"


async def send_file(visit: Visit) -> Response:
    """Send the file of an answer."""
    said, place = await visit.find_said(), visit.number("place")
    if said is None or place >= len(said.replies) or (file := said.replies[place].attachment) is None:
        raise Gone
    is_picture = file.name.endswith(".png")
    return download(file.name, file.data, "image/png" if is_picture else "application/octet-stream")


async def list_sessions(visit: Visit) -> Response:
    """Show the browsers that are in: one's own, to an admin everybody's."""
    everybody = await visit.store.console.all(visit.session.channel, visit.at)
    shown = [one for one in everybody if visit.role != "staff" or one.user == visit.who]
    known = await visit.store.console.passkeys(visit.session.channel, visit.who)
    asks = await _ask_passkey(visit, known) if len(known) < MOST_PASSKEYS else ""
    names = await visit.parts.names()
    has_code = await visit.store.console.find_key(visit.session.channel, visit.who) is not None
    about: dict[str, Any] = {"passkeys": known, "may_drop": has_code or len(known) > 1, "passkey": asks}
    return await visit.show("sessions.html", sessions=shown, names=names, **about)


async def _ask_passkey(visit: Visit, known: list[Passkey]) -> str:
    """Return what the browser needs to make another passkey; empty where there can be none."""
    relying = _relying(visit)
    if not relying.can_ask:
        return ""
    challenge = secrets.token_bytes(passkeys.CHALLENGE_BYTES)
    await visit.store.console.challenge(visit.session.number, challenge.hex())
    return passkeys.ask_new(relying, visit.who, visit.name, challenge, known)


def _relying(visit: Visit) -> Relying:
    return Relying.of(visit.request, visit.parts.site, visit.rendering.words["title"])


async def add_passkey(visit: Visit) -> Response:
    """Keep another passkey of this person."""
    challenge = await visit.store.console.take_challenge(visit.session.number)
    answer = visit.field("credential")[: passkeys.MOST_ANSWER]
    made = passkeys.IS_THERE and challenge and passkeys.take_new(_relying(visit), answer, bytes.fromhex(challenge))
    if not made or not await visit.store.console.add_passkey(visit.session, made, visit.at):
        raise Forbidden
    await visit.store.apply((Audited("passkey", ""),), visit.session.channel, visit.at, visit.who)
    return visit.lead("/sessions")


async def drop_passkey(visit: Visit) -> Response:
    """Delete a passkey of this person, such as that of a lost device; never the last thing by which they come in."""
    if not await visit.store.console.drop_passkey(visit.session, visit.field("credential")[: passkeys.MOST_ANSWER]):
        raise Gone
    await visit.store.apply((Audited("passkey-drop", ""),), visit.session.channel, visit.at, visit.who)
    return visit.lead("/sessions")


async def end_session(visit: Visit) -> Response:
    """End a session: one's own, for an admin anybody's."""
    number, mine = visit.number("number"), visit.who if visit.role == "staff" else None
    if not await visit.store.console.end(number, visit.session.channel, mine):
        raise Gone
    return visit.lead("/sessions")


async def go_out(visit: Visit) -> Response:
    """End this session."""
    await visit.store.console.end(visit.session.number, visit.session.channel)
    return RedirectResponse(visit.parts.base, 303)


PAGES = (
    ConsolePage("POST", "/press", "staff", press),
    ConsolePage("GET", "/file/{place}", "staff", send_file),
    ConsolePage("GET", "/sessions", "staff", list_sessions),
    ConsolePage("POST", "/sessions/{number}", "staff", end_session),
    ConsolePage("POST", "/passkeys", "staff", add_passkey),
    ConsolePage("POST", "/passkeys/drop", "staff", drop_passkey),
    ConsolePage("POST", "/out", "staff", go_out),
)
