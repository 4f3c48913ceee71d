"""Parsing what staff type: formatting, times, drafts; and the moves between states that the database allows."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from telegram import Message

from bot.broadcast import draft as drafts
from bot.broadcast.circuit_breaker import CircuitBreaker
from bot.broadcast.context import BroadcastContext
from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.channels.telegram.formatting import TAGS, formatted_html
from bot.domain.audience import Audience, Term
from bot.domain.broadcast import Broadcast
from bot.domain.lifecycle import MOVES, BroadcastState
from bot.domain.messages import Outcome, Sent
from bot.domain.session import Session
from bot.domain.zone import ZONE
from bot.store.broadcast_tables import broadcasts
from tests.broadcast.harness import NOON, NOTICE, open_harness
from tests.conftest import shipped

NOW = datetime(2013, 12, 11, 12)  # noqa: DTZ001 - local time of the notice


def context_of(draft: BroadcastDraft) -> BroadcastContext:
    it = Broadcast(1, "telegram", "send", "draft", drafts.dump(draft), 1, "1", NOON)
    return BroadcastContext(shipped(), it, "1", NOW, NOON)


@pytest.mark.parametrize(
    ("typed", "utc"),
    [
        ("今天 18:00", "2013-12-11 10:00"),
        ("明天9:00", "2013-12-12 01:00"),
        ("12-15 09:30", "2013-12-15 01:30"),
        ("12月15日 9点", "2013-12-15 01:00"),
        ("2014-01-02 9：05", "2014-01-02 01:05"),
        ("1-2 8:00", "2014-01-02 00:00"),
        ("截止前3天 9:00", "2013-12-17 01:00"),
    ],
)
def test_a_time_is_understood(typed: str, utc: str) -> None:
    found = context_of(BroadcastDraft("x", audience=Audience(NOTICE))).parse_time(typed).at
    assert found
    assert found.replace(tzinfo=ZONE).astimezone(UTC).strftime("%Y-%m-%d %H:%M") == utc


@given(st.text(max_size=20) | st.from_regex(r"(12|13)-\d{1,2} \d{1,2}:\d{2}"))
def test_any_words_are_a_time_or_not(text: str) -> None:
    found = context_of(BroadcastDraft("x", audience=Audience(NOTICE))).parse_time(text)
    assert (found.at is None) is bool(found.doubt)
    assert found.at is None or found.at > NOW


ENTITIES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from([*TAGS, "mention"]), "offset": st.integers(0, 30), "length": st.integers(1, 30)},
        optional={"url": st.sampled_from(['https://a.cn/?x=1&y="2', "tg://user?id=1"])},
    ),
    max_size=5,
)


@given(st.text(alphabet='好<&>"a😀\n', min_size=1, max_size=30), ENTITIES)
def test_formatting_keeps_every_sign_and_closes_what_it_opens(text: str, entities: list[dict[str, object]]) -> None:
    message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": text, "entities": entities}
    made = formatted_html(Message.de_json(message))
    if not made:
        return
    parts = re.split(r"(<[^>]*>)", made)
    opened: list[str] = []
    for tag in parts[1::2]:
        name = re.match(r"</?([a-z-]+)", tag)
        assert name
        if tag.startswith("</"):
            assert opened.pop() == name[1]
        else:
            opened.append(name[1])
    assert opened == []
    if not any(0xD800 <= ord(sign) < 0xE000 or sign == "\ufffd" for sign in made):
        assert html.unescape("".join(parts[::2])) == text


@given(
    st.text(max_size=50),
    st.none() | st.builds(Sent, st.sampled_from(["photo", "document"]), st.text(max_size=9)),
    st.lists(st.sampled_from(["acks", "step:m2-site", "faq:sms-code"]), unique=True).map(tuple),
    st.none() | st.builds(Audience, st.just(NOTICE), st.lists(st.builds(Term, st.just("done"))).map(tuple)),
)
def test_a_draft_is_stored_as_it_is(
    text: str, file: Sent | None, buttons: tuple[str, ...], who: Audience | None
) -> None:
    draft = BroadcastDraft(text, file, buttons, who)
    assert drafts.load(drafts.dump(draft)) == draft
    assert len(draft.digest) == 64


def test_every_template_can_be_sent_and_every_button_leads_somewhere() -> None:
    templates = shipped().phrases.broadcast.templates
    assert len(templates) == 13
    windows_of_others = {"capture", "recapture", "confirm", "paper", "recheck", "collection"}
    for name, template in templates.items():
        draft = BroadcastDraft(
            template.text, buttons=("acks", "step:m2-site", "faq:sms-code"), audience=Audience(NOTICE)
        )
        rendering = Renderer(shipped(), draft, NOW)
        if name in windows_of_others:
            assert {code for code, _ in rendering.find_problems()} == {"unstated"}
            continue
        assert list(rendering.find_problems()) == []
        shown = rendering.render_numbered(Session(NOTICE), 7)
        assert "[[" not in shown.html
        assert "|" not in shown.html
        ids = [button.id for row in shown.buttons for button in row]
        assert ids == ["ack|7-known", "ack|7-done", "ack|7-trouble", "step|m2-site", "faq|sms-code", "cmd|mute"]


def test_what_stands_for_a_name_is_escaped() -> None:
    draft = BroadcastDraft("<b>{{ notice.short }}</b>", audience=Audience(NOTICE))
    notice = shipped().notices[NOTICE]
    head = notice.notice.model_copy(update={"short": "<i>&核对"})
    content = type(shipped())(
        shipped().script, {NOTICE: notice.model_copy(update={"notice": head})}, {}, shipped().phrases, ""
    )
    assert Renderer(content, draft, NOW).render(Session(NOTICE)).html == "<b>&lt;i&gt;&amp;核对</b>"


@pytest.mark.parametrize("target", ["approved", "scheduled", "running", "paused", "done", "cancelled"])
async def test_the_database_refuses_a_move_that_is_none(tmp_path: Path, target: BroadcastState) -> None:
    async with open_harness(tmp_path, []) as harness:
        number = await harness.draft()
        to = update(broadcasts).where(broadcasts.c.id == number).values(state=target, came_from=broadcasts.c.state)
        if target in MOVES["draft"]:
            async with harness.store._transaction() as connection:
                await connection.execute(to)
            return
        with pytest.raises(IntegrityError):
            async with harness.store._transaction() as connection:
                await connection.execute(to)
        assert (await harness.get(number)).state == "draft"


def test_ten_errors_in_two_hundred_open_the_circuit_breaker_and_nine_do_not() -> None:
    sent, failed = Outcome("sent"), Outcome("failed")
    for errors, why in ((9, ""), (10, "errors")):
        breaker = CircuitBreaker()
        for n in range(200):
            breaker.record(str(n), failed if n % 20 == 0 and n // 20 < errors else sent, NOON)
        assert breaker.why == why
    for n in range(200):
        breaker = CircuitBreaker()
        breaker.record(str(n), Outcome("blocked"), NOON)
        assert breaker.why == ""
