from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import structlog
from telegram import Update

from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.errors import ForeignWebhook, WrongToken
from bot.channels.telegram.intake import FinalCall, Handle, Intake
from bot.channels.telegram.metrics import CONFLICTS, REBUILT
from bot.channels.telegram.polling import Polling
from tests.channels.conftest import FakeTime, to
from tests.telegram_server import TelegramServer


class Turns:
    """A handler that notes what was committed, in order; `hold` makes the turns of some texts wait."""

    def __init__(self, hold: Iterable[str] = (), fail: Iterable[str] = ()) -> None:
        self.began: list[str] = []
        self.committed: list[str] = []
        self.numbers: list[int] = []
        self.held = dict.fromkeys(hold, asyncio.Event())
        self.fail = set(fail)

    async def __call__(self, update: Update, _behind: int = 0) -> FinalCall | None:
        assert update.message
        text = update.message.text or ""
        self.began.append(text)
        if text in self.held:
            await self.held[text].wait()
        if text in self.fail:
            raise RuntimeError(text)
        await asyncio.sleep(0)
        self.committed.append(text)
        self.numbers.append(update.update_id)
        return None


@asynccontextmanager
async def running(intake: Intake, handle: Handle) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(intake.run(handle))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


Poll = Callable[..., Polling]


@pytest.fixture
def poll(bot: TelegramBot, time: FakeTime) -> Poll:
    def make(**options: Any) -> Polling:
        given: dict[str, Any] = {
            "long_poll_s": 5,
            "wedged_s": 10.0,
            "sleep": time.sleep,
            "chance": lambda: 1.0,
            **options,
        }
        return Polling(bot, ["message", "callback_query"], **given)

    return make


async def test_what_is_typed_comes_in_and_is_confirmed(telegram: TelegramServer, poll: Poll) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    async with running(poll(), turns):
        ann.types("1")
        ann.types("2")
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["1", "2"]
    assert telegram.made("getUpdates")[0].parameters["allowed_updates"] == ["message", "callback_query"]


async def test_a_webhook_of_ours_is_deleted_before_polling_and_no_other(telegram: TelegramServer, poll: Poll) -> None:
    telegram.webhook = {"url": "http://127.0.0.1:9/secret"}
    with pytest.raises(ForeignWebhook, match=r"to 127\.0\.0\.1$"):
        await asyncio.wait_for(poll().run(Turns()), 5)
    assert not telegram.made("deleteWebhook")
    async with running(poll(may_delete=lambda url: url == "http://127.0.0.1:9/secret"), Turns()):
        await telegram.until(lambda: telegram.made("getUpdates"))
    assert [call.parameters for call in telegram.made("deleteWebhook")] == [{"drop_pending_updates": False}]


async def test_an_update_is_confirmed_only_after_its_turn(
    telegram: TelegramServer, poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.polling.STUCK_S", 0.05)
    ann, bob, turns = telegram.user("Ann"), telegram.user("Bob"), Turns(hold=["slow"])
    async with running(poll(), turns):
        first = ann.types("slow")
        for number in range(20):
            bob.types(f"{number}")
        await telegram.until(lambda: len(telegram.made("getUpdates")) > 1)
        assert turns.committed == [f"{number}" for number in range(20)]
        assert first in telegram.pending
        last = bob.types("later")
        await telegram.until(lambda: "later" in turns.committed)
        assert first in telegram.pending
        assert all(call.parameters["offset"] <= first for call in telegram.made("getUpdates"))
        turns.held["slow"].set()
        await telegram.until(lambda: not telegram.pending)
    assert turns.began.count("slow") == 1
    assert turns.committed[-1] == "slow"
    assert telegram.made("getUpdates")[-1].parameters["offset"] == last + 1


async def test_a_person_in_order_and_people_side_by_side(telegram: TelegramServer, poll: Poll) -> None:
    ann, bob, turns = telegram.user("Ann"), telegram.user("Bob"), Turns(hold=["a1"])
    for text, user in (("a1", ann), ("a2", ann), ("b1", bob), ("a3", ann), ("b2", bob)):
        user.types(text)
    async with running(poll(), turns):
        await telegram.until(lambda: turns.committed == ["b1", "b2"] and telegram.made("getUpdates"))
        turns.held["a1"].set()
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["b1", "b2", "a1", "a2", "a3"]


async def test_repeated_and_disordered_updates_are_each_handled_in_order(telegram: TelegramServer, poll: Poll) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    telegram.batch = lambda batch: [*reversed(batch), *batch]
    for number in range(10):
        ann.types(f"{number}")
    async with running(poll(), turns):
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == [f"{number}" for number in range(10)]


async def test_numbers_that_begin_anew_lower_are_taken(telegram: TelegramServer, poll: Poll) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    async with running(poll(), turns):
        ann.types("before")
        await telegram.until(lambda: not telegram.pending)
        telegram._update = 10
        # A real server gives it although the offset is beyond it; this one must not have thrown it away.
        await telegram.until(lambda: len(telegram.made("getUpdates")) == 2)
        ann.types("after")
        await telegram.until(lambda: turns.committed == ["before", "after"] and not telegram.pending)


async def test_a_failing_turn_stops_nothing(telegram: TelegramServer, poll: Poll) -> None:
    ann, bob, turns = telegram.user("Ann"), telegram.user("Bob"), Turns(fail=["bad"])
    with structlog.testing.capture_logs() as logs:
        async with running(poll(), turns):
            ann.types("bad")
            ann.types("good")
            bob.types("other")
            await telegram.until(lambda: not telegram.pending)
    assert sorted(turns.committed) == ["good", "other"]
    (line,) = [log for log in logs if log["event"] == "update_failed"]
    assert line["error"] == "RuntimeError"
    assert "bad" not in str(line)  # what a person wrote


async def test_a_turn_that_was_cancelled_inside_is_begun_again(telegram: TelegramServer, poll: Poll) -> None:
    ann, began = telegram.user("Ann"), []

    async def handle(update: Update, _behind: int) -> None:
        began.append(update.update_id)
        if len(began) == 1:
            raise asyncio.CancelledError

    intake = poll()
    assert intake.seen_at is None
    async with running(intake, handle):
        number = ann.types("1")
        await telegram.until(lambda: not telegram.pending)
    assert began == [number, number]
    assert intake.seen_at is not None


async def test_nothing_is_dropped_when_more_comes_than_fits(telegram: TelegramServer, poll: Poll) -> None:
    turns = Turns(hold=["0"])
    people = [telegram.user(f"{number}") for number in range(30)]
    for number in range(900):
        people[number % 30].types(f"{number}")
    async with running(poll(), turns):
        await telegram.until(lambda: len(turns.committed) >= 90)
        turns.held["0"].set()
        await telegram.until(lambda: not telegram.pending)
    assert len(turns.committed) == 900
    assert all(
        [int(text) for text in turns.committed if int(text) % 30 == number] == list(range(number, 900, 30))
        for number in range(30)
    )


async def test_stopping_finishes_what_is_under_way_and_confirms_it(telegram: TelegramServer, poll: Poll) -> None:
    ann, turns = telegram.user("Ann"), Turns(hold=["slow"])
    ann.types("slow")
    async with running(poll(), turns) as task:
        await telegram.until(lambda: turns.began)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, turns.held["slow"].set)
        with pytest.raises(asyncio.CancelledError):
            await task
    assert turns.committed == ["slow"]
    assert not telegram.pending


async def test_a_telegram_that_says_nothing_holds_nobody_who_leaves(telegram: TelegramServer, bot: TelegramBot) -> None:
    ann, turns = telegram.user("Ann"), Turns(hold=["slow"])
    ann.types("slow")
    async with running(Polling(bot, ["message"]), turns) as task:
        await telegram.until(lambda: turns.began)
        telegram.fault("hang", "getUpdates", times=2)
        asked = len(telegram.made("getUpdates"))
        await telegram.until(lambda: len(telegram.made("getUpdates")) > asked)
        turns.held["slow"].set()
        await telegram.until(lambda: turns.committed)
        task.cancel()
        async with asyncio.timeout(4):
            await asyncio.wait({task})
    assert len(telegram.made("getUpdates")) == asked + 2


async def test_what_does_not_finish_in_time_is_not_confirmed(
    telegram: TelegramServer, poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.intake.UpdateQueues.finish.__defaults__", (0.05,))
    ann, turns = telegram.user("Ann"), Turns(hold=["slow"])
    ann.types("slow")
    ann.types("next")
    async with running(poll(), turns):
        await telegram.until(lambda: turns.began)
    assert len(telegram.pending) == 2
    turns.held["slow"].set()
    async with running(poll(), turns):
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["slow", "next"]


@pytest.mark.parametrize("fault", ["error", "cut", "garbage"])
async def test_trouble_with_polls_passes(telegram: TelegramServer, poll: Poll, fault: Any) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    telegram.fault(fault, "getUpdates", times=3, after=True)
    ann.types("1")
    async with running(poll(), turns):
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["1"]


async def test_an_outage_passes_and_loses_nothing(telegram: TelegramServer, poll: Poll, time: FakeTime) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    async with running(poll(), turns):
        ann.types("1")
        await telegram.until(lambda: not telegram.pending)
        await telegram.goes_away()
        ann.types("2")
        await telegram.until(lambda: len(time.slept) >= 20)
        await telegram.comes_back()
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["1", "2"]
    assert max(time.slept) == 30  # seconds, capped


async def test_at_start_an_unreachable_telegram_is_waited_for(
    telegram: TelegramServer, poll: Poll, time: FakeTime
) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    await telegram.goes_away()
    async with running(poll(), turns):
        await telegram.until(lambda: len(time.slept) >= 20)
        await telegram.comes_back()
        ann.types("1")
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["1"]


@pytest.mark.parametrize("when", ["getWebhookInfo", "getUpdates"])
@pytest.mark.parametrize("code", [401, 404])
async def test_a_token_that_is_refused_for_a_minute_ends_it(
    telegram: TelegramServer, time: FakeTime, poll: Poll, when: str, code: int
) -> None:
    telegram.fault("error", when, code=code, description="Unauthorized")
    telegram.fault("error", "getMe", code=code, description="Unauthorized", times=5)
    with pytest.raises(WrongToken, match="GRADBOT_TELEGRAM_TOKEN"):
        await asyncio.wait_for(poll().run(Turns()), 5)
    assert sum(time.slept) == 60


@pytest.mark.parametrize("when", ["getWebhookInfo", "getUpdates"])
async def test_a_token_that_is_refused_in_passing_ends_nothing(telegram: TelegramServer, poll: Poll, when: str) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    telegram.fault("error", when, code=401, description="Unauthorized", times=3)
    telegram.fault("error", "getMe", code=401, description="Unauthorized", times=4)
    async with running(poll(), turns):
        ann.types("1")
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["1"]


async def test_a_wedged_poll_is_rebuilt_and_said_so(telegram: TelegramServer, poll: Poll) -> None:
    ann, turns, before = telegram.user("Ann"), Turns(), REBUILT._value.get()
    telegram.fault("hang", "getUpdates")
    with structlog.testing.capture_logs() as logs:
        async with running(poll(wedged_s=0.1), turns):
            ann.types("1")
            await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["1"]
    assert REBUILT._value.get() >= before + 1
    assert any(log["event"] == "polling_wedged" for log in logs)


async def test_another_poller_is_named_and_waited_for(telegram: TelegramServer, poll: Poll) -> None:
    ann, turns, before = telegram.user("Ann"), Turns(), CONFLICTS._value.get()
    telegram.fault("error", "getUpdates", code=409, description="Conflict: terminated by other getUpdates request")
    ann.types("1")
    with structlog.testing.capture_logs() as logs:
        async with running(poll(), turns):
            await telegram.until(lambda: not telegram.pending)
    assert [log["why"] for log in logs if log["event"] == "polling_conflict"] == [
        "another process polls with this token; only one may"
    ]
    assert CONFLICTS._value.get() == before + 1


@pytest.mark.parametrize("ours", [True, False])
async def test_a_webhook_set_meanwhile_is_deleted_when_it_is_ours(
    telegram: TelegramServer, poll: Poll, ours: bool
) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    telegram.webhook = {"url": "http://127.0.0.1:9/"}
    async with running(poll(may_delete=lambda _: ours, takes_over=True), turns):
        await telegram.until(lambda: telegram.made("getUpdates"))
        telegram.calls.clear()
        telegram.webhook = {"url": "http://127.0.0.1:9/"}
        telegram.cut()
        if not ours:
            before = len(telegram.made("getUpdates"))
            await telegram.until(lambda: len(telegram.made("getUpdates")) > before + 2)
            assert not telegram.made("deleteWebhook")
            telegram.webhook = None  # the other program ends
        await telegram.until(lambda: telegram.webhook is None)
        ann.types("1")
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["1"]


async def test_a_call_that_a_turn_gives_back_is_made(telegram: TelegramServer, poll: Poll) -> None:
    async def answer(update: Update, _behind: int) -> FinalCall:
        assert update.callback_query
        return FinalCall("answerCallbackQuery", {"callback_query_id": update.callback_query.id, "text": "好"})

    ann = telegram.user("Ann")
    async with running(poll(), answer):
        ann.presses("a")
        await telegram.until(lambda: all(telegram.queries.values()))
    assert [answer["text"] for answer in telegram.queries.values() if answer] == ["好"]


async def test_a_poll_pool_of_its_own_leaves_sends_alone(telegram: TelegramServer, time: FakeTime) -> None:
    ann = telegram.user("Ann")
    async with to(telegram, time) as bot:
        polling = Polling(bot, ["message"], long_poll_s=5)
        async with running(polling, Turns()):
            await telegram.until(lambda: telegram.made("getUpdates"))
            await asyncio.wait_for(bot.send_message(ann.id, "x"), 1)
