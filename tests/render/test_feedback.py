"""The votes under an answer: one for each person and wording, reported to those who can rewrite the answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.content.loading import SHIPPED
from bot.domain.messages import Answer, Button, Incoming
from bot.domain.questions import Opinion
from bot.render.feedback import FLAG_VOTES, find_flagged, wording
from tests.admin.admin_area import Newsroom, said
from tests.commands.test_command_line import gradbot
from tests.conftest import Meets, shipped
from tests.person import buttons

QUESTION, TOPIC = "要用什么浏览器", "browser"
ENTRY = shipped().entries[TOPIC]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    opened = await Newsroom.open(tmp_path / "gradbot.db")
    yield opened
    await opened.close()


def vote_texts(answer: Answer) -> list[str]:
    return [button.text for button in buttons(answer.replies) if button.id.startswith("vote|")]


async def find_opinion(room: Newsroom, text: str = ENTRY.answer) -> Opinion | None:
    key = wording(ENTRY.model_copy(update={"answer": text}))
    return (await room.store.questions.opinions()).get((TOPIC, key))


async def vote(room: Newsroom, person: str, reason: str) -> None:
    answer = await room.says(QUESTION, person)
    opposed = await room.presses(answer, "没帮上" if reason else "有用", person)
    if reason:
        await room.presses(opposed, reason, person)


async def test_a_tap_is_thanked_for_and_the_last_word_counts(room: Newsroom) -> None:
    answer = await room.says(QUESTION, "lin")
    assert vote_texts(answer) == ["👍 有用", "👎 没帮上"]
    opposed = await room.presses(answer, "没帮上", "lin")
    assert opposed.toast
    assert await find_opinion(room) == Opinion(0, 1)
    assert vote_texts(opposed)[1] == "✓ 👎 没帮上"
    assert "联系老师" in [button.text for button in buttons(opposed.replies)]
    reasoned = await room.presses(opposed, "看不懂", "lin")
    assert "✓ 看不懂" in vote_texts(reasoned)
    assert await find_opinion(room) == Opinion(0, 1, {"hard": 1})
    for _ in range(2):  # a double tap
        assert vote_texts(await room.presses(reasoned, "有用", "lin")) == ["✓ 👍 有用", "👎 没帮上"]
    assert await find_opinion(room) == Opinion(1, 1)


async def test_it_moves_nobody_and_the_step_stays_below(room: Newsroom) -> None:
    stands = await room.says("开始核对", "lin")
    answer = await room.says(QUESTION, "lin")
    before = await room.store.load("test", "lin")
    opposed = await room.presses(answer, "没帮上", "lin")
    assert await room.store.load("test", "lin") == before
    assert (opposed.step, opposed.state) == (stands.step, "walking")
    # Only the bubble that was tapped comes again, to be changed in its place; the step's buttons are in the next one.
    assert [reply.topic for reply in opposed.replies] == [TOPIC]
    assert [b.id for b in buttons(answer.replies[-1:])] == [b.id for b in buttons(stands.replies[-1:])]


async def test_two_answers_are_judged_apart(room: Newsroom) -> None:
    answer = await room.says("要用什么浏览器？忘记密码怎么办？", "lin")
    votes = [button for button in buttons(answer.replies) if button.text == "👍 有用"]
    assert len(votes) == 2
    for vote in votes:
        await room.taps(vote.id, "lin")
    assert {topic for topic, _ in await room.store.questions.opinions()} == {TOPIC, "forgot-password"}


async def test_a_mended_answer_is_judged_anew(room: Newsroom) -> None:
    answer = await room.says(QUESTION, "lin")
    await room.presses(answer, "没帮上", "lin")
    file = next(f for f in SHIPPED["faq"].glob("*.yaml") if "id: browser\n" in f.read_text("utf-8"))
    first = ENTRY.answer.splitlines()[0]
    text = file.read_text("utf-8").replace(first, f"{first}都可以。")
    assert "已发布" in said(await room.sends(file.name, text, "/faq"))
    old = await room.presses(answer, "有用", "lin")
    assert "都可以" in said(old)
    assert vote_texts(old) == ["👍 有用", "👎 没帮上"]
    assert "刚改过" in old.toast
    await room.presses(old, "有用", "lin")
    assert await find_opinion(room) == Opinion(0, 1)
    assert await find_opinion(room, room.service.content.entries[TOPIC].answer) == Opinion(1, 1)


async def test_it_is_exported_and_goes_with_its_person(room: Newsroom) -> None:
    answer = await room.says(QUESTION, "lin")
    await room.presses(await room.presses(answer, "没帮上", "lin"), "看不懂", "lin")
    file = (await room.says("导出我的数据", "lin")).replies[-1].attachment
    assert file
    kept = json.loads(file.content)
    at = "2013-12-05T04:00:00.000+00:00"
    vote = {"at": at, "topic": TOPIC, "revision": wording(ENTRY), "helped": False, "reason": "hard"}
    assert kept["votes"] == [vote]
    revision = room.service.content.revision
    told = {"at": at, "script": "faq", "step": TOPIC, "kind": "answer", "revision": revision}
    assert told in kept["step_events"]
    await room.says("忘记我", "lin")
    assert await room.store.questions.opinions() == {}


async def test_an_answer_that_helps_too_few_is_flagged_everywhere(room: Newsroom, tmp_path: Path) -> None:
    for n, reason in enumerate([""] * 11 + ["看不懂", "不对或过时了"] * 4):
        await vote(room, f"v{n}", reason)
    assert "帮不上" not in said(await room.says("/faq inbox"))
    await vote(room, "the twentieth", "看不懂")
    line = f"{ENTRY.title}：20 人里 11 人说有用；看不懂 5 次；不对或过时了 4 次"
    assert line in said(await room.says("/faq inbox"))
    assert line in said(await room.says("/faq flagged"))
    assert line in (await room.editor.digest.week(room.now)).text
    assert line in gradbot(tmp_path, "faq", "inbox").stdout
    told = json.loads(gradbot(tmp_path, "faq", "inbox", "--json").stdout)
    assert told["flagged"] == [{"topic": TOPIC, "helped": 11, "of": 20, "reasons": {"hard": 5, "old": 4}}]


def test_twelve_of_twenty_are_enough_and_nineteen_too_few_to_tell() -> None:
    first, second, third, fourth = [*shipped().entries.values()][:4]
    said = {first.id: (11, 20), second.id: (12, 20), third.id: (0, FLAG_VOTES - 1), fourth.id: (1, 20)}
    opinions = {(topic, wording(shipped().entries[topic])): Opinion(*one) for topic, one in said.items()}
    opinions[second.id, "0" * 12] = Opinion(0, 99)  # an earlier wording
    assert [entry for entry, _ in find_flagged(shipped(), opinions)] == [fourth, first]


def vote_buttons(shown: Sequence[Button]) -> list[Button]:
    return [button for button in shown if button.id.startswith("vote|")]


def test_a_channel_that_cannot_change_what_it_showed_is_spared_the_row(meets: Meets) -> None:
    person = meets()
    person.says(QUESTION)
    assert not vote_buttons(person.shown)


@pytest.mark.parametrize(
    "press", ["vote|0123456789ab|no-such-topic|yes", f"vote|{wording(ENTRY)}|{TOPIC}|huh", "pick|01234567|no-such"]
)
async def test_a_forged_tap_is_an_old_button(press: str, room: Newsroom) -> None:
    await room.says("你好", "lin")
    assert "以前的" in said(await room.taps(press, "lin"))
    assert await room.store.questions.opinions() == {}


async def test_a_tap_that_comes_twice_from_the_channel_counts_once(room: Newsroom) -> None:
    answer = await room.says(QUESTION, "lin")
    vote = vote_buttons(buttons(answer.replies))[0]
    tap = Incoming("test", "lin", press=vote.id, update_id="again")
    first, second = await room.service.receive(tap), await room.service.receive(tap)
    assert first == second
    assert await find_opinion(room) == Opinion(1, 1)
