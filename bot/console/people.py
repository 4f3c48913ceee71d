"""Graduates by join code, and the school's list. Who somebody is, only the school's own list knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.responses import Response

from bot.broadcast.roster import Roster, parse_roster
from bot.broadcast.roster_acts import Undone, apply_roster, check_roster, describe_roster, undo_roster
from bot.console.parts import ConsolePage
from bot.console.visit import Gone, Visit
from bot.content.phrases.broadcast import RosterPhrases
from bot.content.sheets import UnreadableSheet, load_sheets
from bot.domain.areas import Decision
from bot.domain.effects import Outdated
from bot.domain.join_codes import format_code, parse_code
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role
from bot.domain.session import Session
from bot.render.reply import Voice
from bot.runtime.process import run_aside

MOST = 100
"""People of a page."""
READ_S = 30.0
"""Seconds after which reading a list is given up."""
STATES = ("", "new", "walking", "reported", "done")

_CODES = re.compile(r"[A-Z]{8}", re.ASCII)


async def list_people(visit: Visit) -> Response:
    """Show a page of people by code, in one state or all."""
    return await _show(visit)


async def _show(visit: Visit, status: int = 200, **about: object) -> Response:
    state, notice = (
        visit.asked("state"),
        visit.parts.broadcasts.area.choose_notice(visit.asked("notice"), visit.classes),
    )
    state = state if state in STATES else ""
    code = parse_code(visit.asked("q")) or ""
    after = visit.asked("after") if _CODES.fullmatch(visit.asked("after")) else ""
    states = (state,) if state else ()
    found = await visit.store.codes.page(visit.session.channel, notice, states, MOST + 1, after, code, visit.classes)
    voice, words = Voice(visit.content, Session(notice), visit.now), visit.content.phrases.broadcast
    lines = [
        (
            format_code(it.code),
            words.stats_states.get(it.state, it.state),
            _title(voice, it.step),
            it.seen,
            it.reachable,
        )
        for it in found[:MOST]
    ]
    more = found[MOST - 1].code if len(found) > MOST else ""
    shown = {"checked": "", "codes": None, **about}
    return await visit.show(
        "people.html",
        status=status,
        lines=lines,
        chosen=state,
        states=STATES,
        more=more,
        words=visit.asked("q"),
        **shown,
    )


def _title(voice: Voice, step: str | None) -> str:
    found = voice.content.script.by_id.get(step or "")
    return voice.fill(found.title) if found else ""


async def list_unfinished(visit: Visit) -> Response:
    """Make the table of those who are not done, as in chat."""
    word = visit.content.phrases.broadcast.joining.list_word
    await visit.act(visit.incoming(text=f"/stats {word}"))
    return visit.lead("/people")


# The school's list


async def check(visit: Visit) -> Response:
    """Show what the school's list would change; the codes stand in the form that confirms it."""
    name, content = visit.upload
    if not content:
        return await _show(visit, 422, checked=visit.rendering.words["people"]["no_file"])
    try:
        roster = await run_aside(_read_roster, (content, name), READ_S)
    except (TimeoutError, ChildProcessError, OSError):
        roster = "broken"
    if isinstance(roster, str):
        return await _show(visit, 422, checked=_words(visit).wrong[roster])
    run = await check_roster(visit.store, visit.session.channel, _notice(visit), roster, visit.classes)
    codes = {"done": " ".join(roster.done_codes), "not_done": " ".join(roster.not_done_codes)}
    return await _show(visit, checked=describe_roster(_words(visit), roster, run), codes=codes if run.reset else None)


def _read_roster(given: tuple[bytes, str]) -> Roster | str:
    """Return the list in a file; or the code of what is wrong with it."""
    content, name = given
    try:
        return parse_roster(load_sheets(content), name)
    except UnreadableSheet as trouble:
        return trouble.rule


async def apply(visit: Visit) -> Response:
    """Put back whom the list says, and tell them."""
    codes: Mapping[str, Sequence[str]] = {
        name: [code for code in visit.field(name).split() if _CODES.fullmatch(code)] for name in ("done", "not_done")
    }
    roster = Roster({}, (), (), (), tuple(codes["done"]), tuple(codes["not_done"]))
    words, channel, notice = _words(visit), visit.session.channel, _notice(visit)

    async def decide(_: Incoming, __: Role, at: datetime) -> Decision:
        try:
            number, run = await apply_roster(
                visit.store, visit.content, channel, notice, roster, visit.now, at, visit.who, visit.classes
            )
        except Outdated:
            return Decision((Reply(words.busy),))
        visit.parts.service.outbox.posted.set()
        done = words.applied.format(number=number, reset=len(run.reset)) if number else words.nothing
        return Decision((Reply(done),))

    await visit.act(visit.incoming(), decide)
    return visit.lead("/people")


async def undo(visit: Visit) -> Response:
    """Undo a list of the last day."""
    number, words = visit.field("number"), _words(visit)
    if not number.isascii() or not number.isdecimal() or len(number) > 9:
        raise Gone

    async def decide(_: Incoming, __: Role, at: datetime) -> Decision:
        applied = await visit.store.rosters.get(int(number))
        if applied is None or applied.channel != visit.session.channel:
            return Decision((Reply(words.gone.format(number=number)),))
        try:
            done = await undo_roster(visit.store, visit.content, int(number), visit.now, at, visit.who, visit.classes)
        except Outdated:
            return Decision((Reply(words.busy),))
        if not isinstance(done, Undone):
            return Decision((Reply(getattr(words, done).format(number=number)),))
        return Decision((Reply(words.undone.format(number=number, restored=done.restored, moved=done.moved)),))

    await visit.act(visit.incoming(), decide)
    return visit.lead("/people")


def _words(visit: Visit) -> RosterPhrases:
    return visit.content.phrases.broadcast.joining.roster


def _notice(visit: Visit) -> str:
    return visit.parts.broadcasts.area.choose_notice(visit.field("notice"), visit.classes)


PAGES = (
    ConsolePage("GET", "/people", "staff", list_people),
    ConsolePage("POST", "/people", "staff", list_unfinished),
    ConsolePage("POST", "/people/roster", "staff", check),
    ConsolePage("POST", "/people/roster/apply", "staff", apply),
    ConsolePage("POST", "/people/roster/undo", "staff", undo),
)
