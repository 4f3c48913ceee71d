"""Figures: the statistics of a notice as drawings, each with its table; by the rules of /stats."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from bot.broadcast.funnel import DAYS, Funnel
from bot.console.drawing import draw_bars, draw_lines
from bot.console.visit import ConsolePage, Visit
from bot.domain.audience import STUCK_DAYS
from bot.domain.session import Session
from bot.render.reply import Voice


async def show_figures(visit: Visit) -> Response:
    """Show how far everybody is, day by day, and what was understood."""
    shown = await _count(visit)
    chart, words = shown.chart(), visit.content.phrases.broadcast
    return await visit.show(
        "figures.html",
        notice=shown.voice.notice.notice.short,
        few=chart.few,
        small=words.stats_small,
        groups=(chart.groups, draw_bars(chart.groups, chart.few)),
        steps=(chart.steps, draw_bars(chart.steps, chart.few)),
        doors=shown.doors,
        days=(chart.days, draw_lines(chart.days)),
        questions=shown.asked,
        classes=shown.classes,
        notices=[] if visit.classes else [(name, one.notice.short) for name, one in visit.content.notices.items()],
        chosen=shown.voice.notice.id,
    )


async def _count(visit: Visit) -> Funnel:
    """Count the notice of the address, else the first that is not over; of somebody's classes their groups alone."""
    rows, channel, confined = visit.store.funnel, visit.session.channel, visit.classes
    notice = visit.parts.broadcasts.area.choose_notice(visit.asked("notice"), confined)
    voice, since = Voice(visit.content, Session(notice), visit.now), visit.at - timedelta(days=DAYS - 1)
    groups = await rows.groups(channel, notice, visit.at, timedelta(days=STUCK_DAYS), confined)
    if confined:
        return Funnel(visit.content, voice, groups, classes=confined.describe(visit.content.notices))
    return Funnel(
        visit.content,
        voice,
        groups,
        await rows.days(channel, notice, since),
        await rows.questions(channel, notice, since),
        await rows.count_missed(),
    )


async def make_table(visit: Visit) -> Response:
    """Make all tables as a file, as /stats does."""
    await visit.act(visit.incoming(text=f"/stats {visit.field('notice')[:40]}".strip()))
    return visit.lead("/figures")


PAGES = (
    ConsolePage("GET", "/figures", "staff", show_figures),
    ConsolePage("POST", "/figures", "staff", make_table),
)
