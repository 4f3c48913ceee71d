"""Graduates by join code, and the school's list. Who somebody is, only the school's own list knows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from bot.broadcast.report import make_button
from bot.broadcast.roster import Roster, parse_roster
from bot.broadcast.roster_acts import (
    Undone,
    apply_roster,
    check_roster,
    describe_roster,
    of_tokens,
    say_applied,
    to_tokens,
    undo_roster,
)
from bot.console.rendering import format_day
from bot.console.visit import ConsolePage, Gone, Visit, download
from bot.content.phrases.broadcast import RosterPhrases
from bot.content.sheets import UnreadableSheet, load_sheets
from bot.domain.areas import Decision
from bot.domain.classes import Classes, narrow
from bot.domain.effects import Outdated
from bot.domain.join_codes import Holder, format_code, parse_code, parse_list
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Audited, Role
from bot.domain.session import Session
from bot.domain.student_numbers import StudentKey
from bot.render.reply import Voice
from bot.render.sheet import TYPE, make_sheet
from bot.runtime.process import run_aside

MOST, MOST_SHEET = 100, 20_000
"""People of a page, and of a workbook."""
READ_S = 30.0
"""Seconds after which reading a list is given up."""
STATES: Mapping[str, Sequence[str]] = {
    "": (),
    "open": ("new", "walking", "reported"),
    **{state: (state,) for state in ("new", "walking", "reported", "done")},
}
"""States that each filter shows; empty: all."""

_CODES = re.compile(r"[A-Z]{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """The people that an address asks for: of a notice, in a state, of a class, with a code; empty: all.

    `classes` are those to choose from, a group for each cohort: its label, and names as a right with their labels.
    """

    notice: str
    state: str
    class_: str
    code: str
    within: Classes | None
    classes: Sequence[tuple[str, Sequence[tuple[str, str]]]]


def _read_filter(visit: Visit, asked: Callable[[str], str]) -> PeopleFilter:
    notice = visit.parts.broadcasts.area.choose_notice(asked("notice"), visit.classes)
    groups = []
    for cohort in narrow(visit.classes, visit.content.notices[notice]).cohorts:
        # Whoever has some majors of a cohort has not the whole.
        whole = [] if visit.classes and cohort.id not in visit.classes.names else [(cohort.id, "")]
        groups.append((cohort.label, [*whole, *((f"{cohort.id}:{major}", major) for major in cohort.majors)]))
    names = {name for _, group in groups for name, _ in group}
    class_ = asked("class") if asked("class") in names else ""
    within = Classes(notice, (class_,)) if class_ else visit.classes
    state = asked("state") if asked("state") in STATES else ""
    return PeopleFilter(notice, state, class_, parse_code(asked("q")) or "", within, groups)


async def list_people(visit: Visit) -> Response:
    """Show a page of people by code, in one state and class or all."""
    return await _show(visit)


async def _show(visit: Visit, status: int = 200, **about: object) -> Response:
    chosen = _read_filter(visit, visit.asked)
    after = visit.asked("after") if _CODES.fullmatch(visit.asked("after")) else ""
    found = await _find(visit, chosen, MOST + 1, after)
    more = {"state": chosen.state, "class": chosen.class_, "after": found[MOST - 1].code} if len(found) > MOST else {}
    shown = {"checked": "", "codes": None, "never": (), "matches": (), **about}
    lines = await _list_lines(visit, chosen, found[:MOST])
    more_at = urlencode({name: text for name, text in more.items() if text})
    return await visit.show(
        "people.html",
        status=status,
        lines=lines,
        chosen=chosen,
        states=list(STATES),
        outcomes=visit.content.phrases.broadcast.joining.call_outcomes,
        more=more_at,
        words=visit.asked("q"),
        **shown,
    )


async def _find(visit: Visit, chosen: PeopleFilter, most: int, after: str = "") -> list[Holder]:
    rows, states = visit.store.codes, STATES[chosen.state]
    return await rows.page(visit.session.channel, chosen.notice, states, most, after, chosen.code, chosen.within)


async def _list_lines(visit: Visit, chosen: PeopleFilter, found: Sequence[Holder]) -> list[tuple[str, ...]]:
    """Return code, state, step, last day and last answer to a broadcast of each, in words."""
    words, voice = visit.content.phrases.broadcast, Voice(visit.content, Session(chosen.notice), visit.now)
    answers = await visit.store.ledger.latest([one.who for one in found])
    away = visit.rendering.words["people"]["away"]
    lines: list[tuple[str, ...]] = []
    for one in found:
        state, ack = answers.get(one.who, (None, None))
        answer = words.acks[ack] if ack else words.rows[state] if state else ""
        day = format_day(one.seen) if one.reachable else f"{format_day(one.seen)}（{away}）"
        lines.append(
            (format_code(one.code), words.stats_states.get(one.state, one.state), _title(voice, one.step), day, answer)
        )
    return lines


async def send_sheet(visit: Visit) -> Response:
    """Send the people of a filter as a workbook."""
    chosen = _read_filter(visit, visit.field)
    lines = await _list_lines(visit, chosen, await _find(visit, chosen, MOST_SHEET))
    words = visit.rendering.words["people"]
    about = (Audited("people", f"{chosen.notice} {chosen.class_} {chosen.state}".strip()),)
    await visit.store.apply(about, visit.session.channel, visit.at, visit.who)
    columns = [words[name] for name in ("code", "state", "step", "seen", "answer")]
    return download(f"{words['title']}.xlsx", await asyncio.to_thread(make_sheet, words["title"], columns, lines), TYPE)


def _title(voice: Voice, step: str | None) -> str:
    found = voice.content.script.by_id.get(step or "")
    return voice.fill(found.title) if found else ""


# The school's list


async def check(visit: Visit) -> Response:
    """Show what the school's list would change; the codes stand in the form that confirms it."""
    name, content = visit.upload
    if not content:
        return await _show(visit, 422, checked=visit.rendering.words["people"]["no_file"])
    try:
        students = visit.store.codes.students
        roster = await run_aside(_read_roster, (content, name, students() if students else None), READ_S)
    except (TimeoutError, ChildProcessError, OSError):
        roster = "broken"
    if isinstance(roster, str):
        return await _show(visit, 422, checked=_words(visit).wrong[roster])
    run = await check_roster(visit.store, visit.session.channel, _notice(visit), roster, visit.classes)
    listed = sorted({*roster.done_codes, *roster.not_done_codes})
    known = await visit.store.codes.known(visit.session.channel, listed, visit.classes)
    never = [format_code(code) for code in listed if code not in known]
    codes = {"done": to_tokens(roster, roster.done_codes), "not_done": to_tokens(roster, roster.not_done_codes)}
    said = describe_roster(_words(visit), roster, run)
    matches = [(row, format_code(code)) for code, row in roster.rows.items()] if roster.is_by_number else ()
    words = _words(visit)
    sure = words.sure.format(n=len(run.reset)) if run.reset else words.keep
    return await _show(visit, checked=said, codes=codes if listed else None, apply=sure, never=never, matches=matches)


def _read_roster(given: tuple[bytes, str, StudentKey | None]) -> Roster | str:
    """Return the list in a file; or the code of what is wrong with it."""
    content, name, students = given
    try:
        return parse_roster(load_sheets(content), name, students)
    except UnreadableSheet as trouble:
        return trouble.rule


async def apply(visit: Visit) -> Response:
    """Put back whom the list says, and tell them."""
    roster = of_tokens(visit.field("done"), visit.field("not_done"))
    words, channel, notice = _words(visit), visit.session.channel, _notice(visit)

    async def decide(_: Incoming, __: Role, at: datetime) -> Decision:
        try:
            number, run = await apply_roster(
                visit.store, visit.content, channel, notice, roster, visit.now, at, visit.who, visit.classes
            )
        except Outdated:
            return Decision((Reply(words.busy),))
        visit.parts.service.outbox.posted.set()
        button = make_button(visit.content.phrases.broadcast, number, "unroster", text=words.undo)
        rows = ((button,),) if number else ()
        return Decision((Reply(say_applied(words, number, len(run.reset), here=True), rows),))

    await visit.act(visit.incoming(), decide)
    return visit.lead("/people")


async def list_calls(visit: Visit) -> Response:
    """Show whom to call and why, by class, with all as a workbook."""
    await visit.act(visit.incoming(text=f"/stats {visit.content.phrases.broadcast.joining.list_word}"))
    return visit.lead("/people")


async def note_call(visit: Visit) -> Response:
    """Write down what came of calls for some codes."""
    labels = visit.content.phrases.broadcast.joining.call_outcomes
    label = next((label for name, label in labels.items() if name == visit.field("outcome")), None)
    codes = parse_list(visit.field("codes")[:500]).codes
    if label is None:
        raise Gone
    if not codes:
        return await _show(visit, 422, checked=visit.content.phrases.broadcast.joining.call_unknown)
    await visit.act(visit.incoming(text=f"{label} {' '.join(codes)}"))
    return visit.lead("/people")


async def draw_codes(visit: Visit) -> Response:
    """Draw join codes for a class, as slips to print and as a table."""
    count, title = visit.field("count"), " ".join(visit.field("title").split())[:40]
    await visit.act(visit.incoming(text=f"/codes {count if count.isascii() and count.isdecimal() else 0} {title}"))
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
    ConsolePage("POST", "/people", "staff", send_sheet),
    ConsolePage("POST", "/people/roster", "staff", check),
    ConsolePage("POST", "/people/roster/apply", "staff", apply),
    ConsolePage("POST", "/people/roster/undo", "staff", undo),
    ConsolePage("POST", "/people/codes", "staff", draw_codes),
    ConsolePage("POST", "/people/calls", "staff", list_calls),
    ConsolePage("POST", "/people/called", "staff", note_call),
)
