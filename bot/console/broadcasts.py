"""Broadcasts: the list, a sentence, and one broadcast with everything that can be done with it now.

What a button does is decided as in chat; a form names at once what the chat asks for step by step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from markupsafe import escape
from starlette.responses import Response

from bot.broadcast import report
from bot.broadcast.area import MOST_ROWS
from bot.broadcast.audience_words import describe_audience
from bot.broadcast.card import describe_reach, show_card
from bot.broadcast.context import BroadcastContext
from bot.broadcast.forms import Part
from bot.broadcast.sentence_card import describe_time
from bot.broadcast.visible import list_visible
from bot.console.acts import lead_to
from bot.console.today import describe
from bot.console.visit import ConsolePage, Gone, Visit, download
from bot.domain.areas import Decision
from bot.domain.audience import ANY_OF, LATE, STATE_WORDS, Audience, Wrong
from bot.domain.classes import narrow
from bot.domain.lifecycle import BroadcastState
from bot.domain.messages import Bulletin, Button, Incoming, Reply
from bot.domain.roles import Audited, Role
from bot.render.sheet import TYPE, make_sheet

MOST = 50
"""Broadcasts of a page."""
MOST_TEXT = 4_096
"""Characters of the text of a form."""
FILTERS: Mapping[str, Sequence[BroadcastState]] = {
    "": (),
    "draft": ("draft",),
    "approved": ("approved",),
    "scheduled": ("scheduled",),
    "running": ("freezing", "running", "paused"),
    "done": ("done", "cancelled"),
}
"""States that each filter of the list shows."""
BY_FORM = frozenset({"text", "template", "who", "buttons", "at", "view", "test", "loud"})
"""Acts of the chat's card for which the page has a form of its own, or shows them anyway."""
TOGGLED = ("cohort", "major", "state")
"""Fields of a rule that have boxes to tick."""


async def list_broadcasts(visit: Visit) -> Response:
    """Show the newest broadcasts of a filter, and the field for a sentence."""
    chosen, after = visit.asked("state"), visit.asked("before")
    chosen = chosen if chosen in FILTERS else ""
    before = int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else None
    rows = visit.store.broadcasts
    channel, states = visit.session.channel, FILTERS[chosen]
    found = await list_visible(rows, visit.classes, *states, channel=channel, most=MOST + 1, before=before)
    words = visit.content.phrases.broadcast
    lines = [(it, report.format_state(words, it, visit.now), describe(visit, it)) for it in found[:MOST]]
    more = str(found[MOST - 1].number) if len(found) > MOST else ""
    return await visit.show(
        "broadcasts.html",
        lines=lines,
        chosen=chosen,
        filters=list(FILTERS),
        more=more,
        names=await visit.parts.names(),
    )


async def plan(visit: Visit) -> Response:
    """Make a draft of a sentence, or an empty one; or show what is to be asked back."""

    async def decide(incoming: Incoming, _: Role, at: datetime) -> Decision:
        forms = visit.parts.broadcasts
        return await (forms.area.plan(incoming.text, incoming, at) if incoming.text else forms.begin(incoming, at))

    answer = await visit.act(visit.incoming(text=visit.field("sentence").strip()[:2000]), decide)
    return visit.lead(lead_to("bc", "", answer))


async def show_broadcast(visit: Visit) -> Response:
    """Show one broadcast: state, preview, whom it reaches, forms for a draft, buttons for what is possible."""
    context = await _find(visit)
    broadcast, draft, words = context.broadcast, context.draft, context.words
    card = show_card(context)
    is_draft = broadcast.state == "draft"
    saved = await visit.store.saved_texts.list(visit.session.channel, visit.classes, "template")
    templates = {name: title for name, (title, _, _) in replace(context, saved=saved).templates.items()}
    return await visit.show(
        "broadcast.html",
        it=broadcast,
        title=report.format_title(words, broadcast),
        state=report.format_state(words, broadcast, visit.now),
        draft=draft,
        card=card,
        previews=list(_preview(context)),
        wrong=(),
        facts={},
        reach=describe_reach(context),
        totals=context.totals,
        rows=[[one for one in row if one.id.split("|")[2] not in BY_FORM] for row in card.buttons],
        templates=templates if is_draft and broadcast.act == "send" and not broadcast.parent else {},
        edits=(is_draft and broadcast.act != "delete", is_draft and not broadcast.parent),
        tomorrow=f"{visit.now + timedelta(days=1):%Y-%m-%d}T08:00",
        is_blank=is_draft and not draft.plain_text,
        is_over=broadcast.state in ("done", "cancelled"),
        may_schedule=broadcast.state in ("draft", "approved") and not broadcast.parent,
        choices=_choose(context),
        toggles=_toggles(context),
        author=(await visit.parts.names()).get(context.author, context.author),
        skips=partial(_is_shown, (card.text, words.sample.format(n=len(context.samples)))),
    )


def _is_shown(texts: Sequence[str], reply: Reply) -> bool:
    """Return whether the page shows a reply anyway: the card, and the preview."""
    return reply.bulletin is not None or reply.text in texts


def _preview(context: BroadcastContext) -> Sequence[Bulletin]:
    renderer = context.renderer
    if any(code != "nobody" for code, _ in renderer.find_problems()):
        return ()
    return list(dict.fromkeys(renderer.render(session) for session in context.samples))[:3]


def _toggles(context: BroadcastContext) -> Sequence[Button]:
    """Return the buttons that stand under the message or not, and whether it is sent in quiet hours too."""
    words, number, chosen = context.words, context.broadcast.number, context.draft.buttons
    steps = {f"step:{step.id}": step.title for step in context.content.script.steps if step.n and "{" not in step.title}
    titles = {"acks": words.ways["acks"], **steps}
    shown = [(name, ("✓ " if name in chosen else "") + title) for name, title in titles.items()]
    ticks = [report.make_button(words, number, "buttons", name, title) for name, title in shown]
    loud = ("✓ " if context.draft.loud else "") + words.buttons["loud"]
    return [*ticks, report.make_button(words, number, "loud", text=loud)]


@dataclass(frozen=True)
class AudienceChoices:
    """Boxes to tick for each field of a rule: value, label, whether it is ticked. `rest` are the other terms."""

    boxes: Mapping[str, Sequence[tuple[str, str, bool]]]
    rest: str
    is_late: bool


def _choose(context: BroadcastContext) -> AudienceChoices:
    notice, audience = narrow(context.classes, context.notice), context.draft.audience or Audience(context.notice.id)
    plain = {term.field: term for term in audience.terms if term.field in TOGGLED and not term.turned}
    ticked: dict[str, tuple[str, ...]] = {field: term.values for field, term in plain.items()}
    majors = dict.fromkeys(major for cohort in notice.cohorts for major in cohort.majors)
    every = {
        "cohort": [(cohort.id, cohort.label) for cohort in notice.cohorts],
        "major": [(major, major) for major in majors],
        "state": [(word, word) for word in STATE_WORDS],
    }
    boxes = {
        field: [(value, label, value in ticked.get(field, ())) for value, label in values]
        for field, values in every.items()
    }
    rest = [str(term) for term in audience.terms if term not in plain.values()]
    return AudienceChoices(boxes, " ".join(rest), audience.late)


def make_rule(form: Mapping[str, Sequence[str]]) -> str:
    """Return the rule that ticked boxes and typed terms make."""
    terms = [f"{field}={ANY_OF.join(form[field])}" for field in TOGGLED if form.get(field)]
    return " ".join([*terms, *form.get("rule", ()), *LATE[: bool(form.get("late"))]])


async def fill(visit: Visit) -> Response:
    """Change a part of a draft: its text, whom it goes to, when it starts."""
    context, part = await _find(visit), visit.request.path_params["part"]
    texts: Mapping[str, str] = {
        "text": visit.field("text"),
        "who": make_rule(visit.form),
        "at": visit.field("at").replace("T", " "),
    }
    if part not in texts:
        raise Gone
    version, number = visit.field("version"), context.broadcast.number
    if not version.isascii() or not version.isdecimal() or len(version) > 9:
        raise Gone

    async def decide(incoming: Incoming, _: Role, at: datetime) -> Decision:
        chosen: Part = "text" if part == "text" else "who" if part == "who" else "at"
        return await visit.parts.broadcasts.fill(number, int(version), chosen, incoming, at)

    await visit.act(visit.incoming(text=texts[part]), decide)
    return visit.lead(f"/broadcasts/{number}")


async def send_report(visit: Visit) -> Response:
    """Send what became of a broadcast as a workbook: everybody, of a large one those who did not get it."""
    context, words = await _find(visit), visit.content.phrases.broadcast
    number, rows = context.broadcast.number, visit.store.ledger
    totals = await rows.totals(number)
    every, labels = totals.total <= MOST_ROWS, report.label_classes(visit.content.notices)
    kept = [report.to_row(words, row, labels) async for row in rows.report(number) if every or row["state"] != "sent"]
    kept = kept if report.lists_people(context.broadcast, totals) else []
    await visit.store.apply((Audited("broadcast report", str(number)),), visit.session.channel, visit.at, visit.who)
    name = visit.rendering.words["broadcasts"]["one"].format(number=number)
    return download(f"{name}.xlsx", await asyncio.to_thread(make_sheet, name, words.csv, kept[:MOST_ROWS]), TYPE)


async def look_at_sentence(visit: Visit) -> Response:
    """Answer with what the sentence of a form would send, as a part of the page."""
    incoming = Incoming(visit.session.channel, visit.who, text=visit.field("sentence").strip()[:2000])
    asked, context = await visit.parts.broadcasts.look_at_sentence(incoming, visit.at) if incoming.text else ((), None)
    return _show_look(visit, [reply.text for reply in asked], context, is_whole=True)


async def look_at_text(visit: Visit) -> Response:
    """Answer with the message that the text of a form would make, as a part of the page."""
    found = visit.parts.broadcasts.look_at_text(await _find(visit), visit.field("text")[:MOST_TEXT])
    return _show_look(visit, [found], None) if isinstance(found, str) else _show_look(visit, [], found)


def _show_look(
    visit: Visit, wrong: Sequence[str], context: BroadcastContext | None, *, is_whole: bool = False
) -> Response:
    about: dict[str, Any] = {"wrong": wrong, "previews": _preview(context) if context else (), "facts": {}}
    if context and is_whole:
        about["facts"] = {
            "who": describe_audience(context.content, context.draft.audience),
            "reach": describe_reach(context),
            "at": describe_time(context),
        }
    return visit.rendering.page("broadcast_look.html", **about)


async def count(visit: Visit) -> Response:
    """Tell how many a rule would reach now, without keeping it; never how few."""
    context, words = await _find(visit), visit.rendering.words["broadcasts"]
    asked = {name: visit.request.query_params.getlist(name) for name in (*TOGGLED, "rule", "late")}
    found = await visit.parts.broadcasts.count(make_rule(asked)[:2000], context)
    if isinstance(found, Wrong):
        said = words["wrong_rule"].format(word=found.word)
    else:
        said = words["left"].format(n=found.left) if found.left else words["few"]
    return Response(escape(said), media_type="text/html")  # it becomes a part of the page


async def _find(visit: Visit) -> BroadcastContext:
    forms, session = visit.parts.broadcasts, visit.session
    context = await forms.view(visit.number("number"), session.channel, visit.who, visit.at)
    if context is None:
        raise Gone
    return context


PAGES = (
    ConsolePage("GET", "/broadcasts", "staff", list_broadcasts),
    ConsolePage("POST", "/broadcasts", "staff", plan),
    ConsolePage("GET", "/broadcasts/{number}", "staff", show_broadcast),
    ConsolePage("GET", "/broadcasts/{number}/count", "staff", count),
    ConsolePage("GET", "/broadcasts/{number}/report.xlsx", "staff", send_report),
    ConsolePage("POST", "/broadcasts/look", "staff", look_at_sentence),
    ConsolePage("POST", "/broadcasts/{number}/look", "staff", look_at_text),
    ConsolePage("POST", "/broadcasts/{number}/{part}", "staff", fill),
)
