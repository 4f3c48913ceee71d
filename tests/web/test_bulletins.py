"""Broadcasts and reminders reach people through the page, and the ledger says who has seen them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bot.app.web import PageBulk
from bot.broadcast import draft as drafts
from bot.broadcast import report
from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.progress_cards import ProgressCards
from bot.broadcast.scheduler import Scheduler
from bot.broadcast.sender import Sender
from bot.broadcast.staff_notices import StaffNotices
from bot.broadcast.starting import BroadcastStart
from bot.domain.audience import Audience, parse_audience
from bot.domain.broadcast import Totals
from bot.domain.messages import Bulletin
from bot.domain.outbox import LEFT
from bot.domain.zone import local
from tests.conftest import shipped
from tests.web.conftest import NOON, Place, Visitor

WORDS = shipped().phrases.broadcast
REMINDED = datetime(2013, 12, 13, 2, tzinfo=UTC)
"""In the morning of the day on which the notice plans a reminder."""


async def agrees(place: Place) -> Visitor:
    """Somebody who walks and wants reminders."""
    she = place.visit()
    await she.opens()
    for words in ("开始核对", "专科"):
        await she.presses(words)
    assert WORDS.fetched in await she.types("提醒我")  # told on which account, and that nothing rings
    return she


def sender(place: Place, now: datetime = NOON) -> Sender:
    return Sender(
        store=place.store,
        content=shipped,
        bulks={"web": PageBulk(place.service)},
        channel="web",
        worker="worker",
        rate=2000,
        present=lambda: now,
        local=lambda: local(now, None),
        staff_notices=StaffNotices(),
    )


async def broadcast(place: Place, text: str) -> tuple[int, Totals]:
    content = shipped()
    audience = parse_audience("", content.notices["2014-autumn"], tuple(content.script.by_id))
    assert isinstance(audience, Audience)
    stored = drafts.dump(BroadcastDraft(text, audience=audience))
    number = await place.store.broadcasts.make("web", stored, "1", NOON)
    assert number
    it = await place.store.broadcasts.get(number)
    assert it
    await place.store.apply([BroadcastStart(content, it, local(NOON, None), NOON).start("1")], "web", NOON)
    await sender(place).send_once(number)
    return number, await place.store.ledger.totals(number)


async def test_the_ledger_says_who_has_not_opened_the_page_yet(place: Place) -> None:
    she, he = await agrees(place), await agrees(place)
    number, totals = await broadcast(place, "明天下午教室<b>有人</b>帮忙")
    assert (totals["sent"], totals.waiting) == (2, 2)
    await she.opens()
    assert "明天下午教室" in she.html
    totals = await place.store.ledger.totals(number)
    assert (totals["sent"], totals.waiting) == (2, 1)
    sent = await place.store.broadcasts.get(number)
    assert sent
    assert WORDS.unfetched.format(n=1) in report.format_counts(WORDS, sent, totals)
    await she.opens()
    assert she.html.count("明天下午教室") == 1
    await he.opens()
    assert (await place.store.ledger.totals(number)).waiting == 0


async def test_what_nobody_has_seen_is_corrected_in_its_place_and_taken_back(place: Place) -> None:
    she, bulk = await agrees(place), PageBulk(place.service)
    ((user,),) = await place.store.talk._fetch(people_of("web"))

    async def ready() -> bool:
        return True

    first = await bulk.send(user, Bulletin("第一版"), ready)
    assert first.message
    assert first.message.startswith(LEFT)
    second = await bulk.edit(user, first.message, Bulletin("第二版"), ready)
    third = await bulk.send(user, Bulletin("第三版"), ready)
    assert second.message
    assert third.message
    assert (await bulk.delete(user, third.message, ready)).became == "sent"
    await she.opens()
    assert [words for words in ("第一版", "第二版", "第三版") if words in she.html] == ["第二版"]
    kept = await bulk.delete(user, second.message, ready)
    assert (kept.became, kept.reason) == ("failed", "fetched")
    assert kept.reason in WORDS.reasons


async def test_a_planned_reminder_is_on_the_page_once(place: Place) -> None:
    she = await agrees(place)
    one = sender(place, REMINDED)
    for _ in range(2):
        await Scheduler(one, ProgressCards(one)).run_due()
        await one.start_pending()
        await one.stop()
        for it in await place.store.broadcasts.under_way("web"):
            await one.send_once(it.number)
    await she.opens()
    assert len(re.findall(r"<aside", she.html)) == 1


def people_of(channel: str) -> object:
    from sqlalchemy import select

    from bot.store.tables import people

    return select(people.c.user_id).where(people.c.channel == channel)
