"""Tickets are found by what staff refer to, and listed while they are open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.effects import Effect
from bot.domain.messages import Delivered, Outcome, Reply
from bot.domain.outbox import Queued
from bot.domain.tickets import Changed, Opened, Ticket, TicketState
from bot.store import Store
from tests.store.conftest import AT

SOON = timedelta(seconds=1)


async def act(store: Store, user: str, *effects: Effect, channel: str = "c") -> None:
    turn: dict[str, Any] = {"session": None, "events": (), "update_id": None, "turn": None, "miss": None, "at": AT}
    await store.save_turn(channel, user, **turn, effects=effects)


async def deliver(store: Store, ticket: str, message: str, thread: str) -> None:
    """A message about a ticket reaches the staff chat."""
    await store.apply([Queued("staff", Reply("?"), ticket=ticket)], "c", AT)
    (post,) = await store.outbox.claim("c", AT)
    await store.outbox.settle(post, Delivered(Outcome("sent", message), thread), AT)


async def found(store: Store, **by: Any) -> tuple[str, str | None] | None:
    ticket = await store.tickets.find(**by)
    return (ticket.ticket.number, ticket.current) if ticket else None


async def test_the_newest_ticket_of_a_thread_or_message_is_meant(store: Store) -> None:
    await act(store, "lin", Opened(Ticket("n1", "closed")), Opened(Ticket("n2")))
    await act(store, "chen", Opened(Ticket("n3")))
    for number in ("n1", "n2"):
        await deliver(store, number, "77", "500")
    await deliver(store, "n3", "78", "501")
    assert await found(store, thread="500") == ("n2", "n2")
    assert await found(store, message="77") == ("n2", "n2")
    assert await found(store, number="n1", thread="501", message="78") == ("n1", "n2")
    assert await found(store, thread="501", message="77") == ("n3", "n3")
    await deliver(store, "n1", "78", "502")  # the group counts its messages anew
    assert await found(store, message="78") == ("n1", "n2")


async def test_open_tickets_of_all_channels_are_listed_oldest_first(store: Store) -> None:
    states: tuple[TicketState, ...] = ("open", "taken", "released", "closed")
    for state in states:
        await act(store, state, Opened(Ticket(state, state, release_at=AT)))
    await act(store, "other", Opened(Ticket("other", release_at=AT)), channel="d")
    await act(store, "later", Opened(Ticket("later", release_at=AT + SOON)))
    assert [one.number for one in await store.tickets.pending()] == ["open", "taken", "released", "other", "later"]
    assert [one.number for one in await store.tickets.overdue(AT)] == ["open", "taken", "other"]
    assert await store.tickets.overdue(AT - SOON) == []


async def test_a_ticket_reads_back_as_it_was_written(store: Store) -> None:
    ticket = Ticket("n1", "open", 0, "2014-autumn", "m1", ("a", "b"), AT, AT + SOON, None)
    await act(store, "lin", Opened(ticket))
    assert await store.tickets.pending() == [ticket]
    taken = replace(ticket, state="taken", taken_by="7", waiting_since=None)
    await act(store, "7", Changed(taken))
    known = await store.load_known("c", "lin", None)
    assert known.ticket == replace(taken, version=1)
    await act(store, "7", Changed(replace(taken, version=1, state="closed")))
    assert (await store.load_known("c", "lin", None)).ticket is None
