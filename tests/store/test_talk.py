"""The last turns of a person, and what came unasked among them, on both kinds of databases."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.accounts import Claim, InvitationOffered, PersonKey
from bot.domain.messages import Reply
from bot.domain.outbox import Queued
from bot.domain.tickets import Opened, Ticket
from bot.store import Store
from bot.store.tables import KEPT_TURNS
from tests.store.conftest import AT


async def turn(store: Store, user: str, update: str, channel: str = "web", *effects: InvitationOffered) -> None:
    await store.save_turn(
        channel,
        user,
        session="{}",
        events=(),
        update_id=update,
        turn="{}",
        miss=None,
        at=AT,
        effects=effects,
        shown_again=channel == "web",
    )


async def test_what_waits_becomes_a_turn_once_and_the_oldest_go(store: Store) -> None:
    await turn(store, "lin", "a")
    await store.outbox.owe([Queued("user", Reply("明天截止"), user="lin")], "web", AT)
    later = Queued("user", Reply("后天"), user="lin", planned_at=AT + timedelta(days=1))
    await store.outbox.owe([later], "web", AT)
    for _ in range(2):
        await store.talk.collect("web", "lin", AT, Reply("✓"))
    shown = (await store.talk.load("web", "lin", AT)).turns
    assert [one.update_id.partition("-")[0] for one in shown] == ["a", "post"]
    assert "明天截止" in shown[1].turn
    for number in range(40):
        await turn(store, "lin", f"b{number}")
    assert [one.update_id for one in (await store.talk.load("web", "lin", AT)).turns] == [
        f"b{number}" for number in range(40 - KEPT_TURNS, 40)
    ]


async def test_an_invitation_joins_an_account_once_until_it_expires(store: Store) -> None:
    claim, browser = Claim("x" * 32), PersonKey("web", "phone")
    await turn(store, "lin", "a", "telegram", InvitationOffered(claim.hash, AT + timedelta(minutes=5)))

    async def take(at: timedelta = timedelta()) -> str:
        return (
            await store.accounts.take(claim, browser, AT + at, page="web", has_progress=bool, announce=no_tickets)
        ).became

    assert await take(timedelta(minutes=6)) == "gone"
    assert await take() == "open"
    assert await take() == "gone"
    assert await store.accounts.resolve("web", "phone") == ("telegram", "lin")
    assert await store.accounts.resolve("web", "other") == ("web", "other")


def no_tickets(closed: str, stays: str) -> Queued:
    raise AssertionError(f"{closed} and {stays}: nobody here has a ticket")


async def test_what_was_left_is_taken_back_until_it_is_fetched(store: Store) -> None:
    await turn(store, "lin", "a")
    first, second = [
        await store.outbox.leave(Queued("user", Reply(words), user="lin"), "web", AT) for words in ("一", "二")
    ]
    assert not await store.outbox.take_back("web", "wang", second)
    assert [await store.outbox.take_back("web", "lin", second) for _ in range(2)] == [True, False]
    await store.talk.collect("web", "lin", AT, Reply("✓"))
    assert not await store.outbox.take_back("web", "lin", first)
    shown = [one.turn for one in (await store.talk.load("web", "lin", AT)).turns]
    assert ["一" in shown[-1], "二" in "".join(shown)] == [True, False]
    assert (await store.ledger.totals(1)).waiting == 0


async def test_two_people_with_a_ticket_each_become_one_with_one_and_staff_are_told(store: Store) -> None:
    claim, account = Claim("y" * 32, "there"), PersonKey("web", "laptop")
    await turn(store, "lin", "a", "web", InvitationOffered(claim.hash, AT + timedelta(minutes=5)))
    await turn(store, "laptop", "b")
    for user, number in (("lin", "n1"), ("laptop", "n2")):
        await store.apply([Opened(Ticket(number))], "web", AT, user)
    told: list[tuple[str, str]] = []

    def announce(closed: str, stays: str) -> Queued:
        told.append((closed, stays))
        return Queued("staff", Reply("合并了"), closed)

    taken = await store.accounts.take(claim, account, AT, page="web", has_progress=bool, announce=announce)
    assert taken.became == "open"
    assert told == [("n2", "n1")]
    assert [ticket.number for ticket in await store.tickets.pending()] == ["n1"]
    (post,) = await store.outbox.claim("web", AT)
    assert (post.user, post.ticket) == (None, "n2")
