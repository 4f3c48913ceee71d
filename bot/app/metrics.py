"""Metrics for Prometheus of a process that serves: counted as things happen, read from the database when asked for.

Reading them makes one statement. `deploy/README.md` has the table of all of them. Names and numbers only: never a
person, a word or the token.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram

from bot.app.build import Workspace
from bot.service.turns import Service
from bot.store import Store, StoreProblem, problems
from bot.store.figures import Figures
from bot.store.workers import Workers

READ_WITHIN_S = 3.0
"""Seconds after which a database without an answer is left out of the metrics."""
TICK_S = 0.5
"""Seconds between two measurements of the event loop's lag."""

TURNS = Counter("gradbot_turns", "Turns by what became of them: answered, unsaved, failed", ["outcome"])
REPEATED = Counter("gradbot_turns_repeated", "Updates that came again after they had been handled")
TYPED = Counter("gradbot_typed_messages", "Typed messages by result: taken, answer, choices, miss", ["became"])
ACTS = Counter("gradbot_acts", "Acts that were understood in typed messages, by kind", ["kind"])
LAG = Histogram(
    "gradbot_event_loop_lag_seconds",
    "By how much the event loop comes late to what is due",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
STATEMENT = Histogram(
    "gradbot_database_statement_seconds",
    "Time that a statement takes, without BEGIN and COMMIT",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10),
)
PROBLEMS = Counter("gradbot_database_errors", "Problems of the database by code and SQLSTATE", ["code", "sqlstate"])
CONNECTIONS = Gauge("gradbot_database_connections", "Connections of the pool, by use", ["state"])
UP = Gauge("gradbot_database_up", "1: the database answered when these metrics were read")
LEADS = Gauge("gradbot_leader", "1: this worker leads")
WORKERS = Gauge("gradbot_workers", "Workers of the same bot, as this one last saw")
FOLLOWED = Gauge("gradbot_revision", "Number of the content revision that this worker answers from")
PUBLISHED = Gauge("gradbot_revision_published", "Number of the newest content revision")
WAITING = Gauge("gradbot_outbox_messages", "Messages in the outbox: due, or planned for later", ["state"])
WAITING_S = Gauge("gradbot_outbox_oldest_age_seconds", "Since when the oldest message that is due waits")
RECIPIENTS = Gauge(
    "gradbot_broadcast_recipients", "Recipients of broadcasts under way, by state", ["broadcast", "state"]
)
TICKETS = Gauge("gradbot_tickets", "Tickets that are not closed, by state", ["state"])
TICKET_S = Gauge("gradbot_tickets_oldest_wait_seconds", "Longest that a graduate has waited for staff")
REMINDER_S = Gauge("gradbot_reminders_oldest_delay_seconds", "Longest that a personal reminder is late")
ABOUT_ALL = (PUBLISHED, WAITING_S, TICKET_S, REMINDER_S)
"""Gauges without labels of what the database knows."""
BY_LABEL = (WAITING, RECIPIENTS, TICKETS)


class Metrics:
    """Counts what a service and its store do, and reads how things stand. One in a process."""

    def __init__(self, workspace: Workspace, serving: Service) -> None:
        self._workspace = workspace
        serving.note = note
        workspace.store.figures.watch(STATEMENT.observe)
        problems.listeners.add(count_problem)
        # What never happened is 0, not absent.
        for outcome in ("answered", "unsaved", "failed"):
            TURNS.labels(outcome)

    def follow(self, workers: Workers) -> None:
        """Show from now on who leads, and how many workers there are."""
        LEADS.set_function(lambda: float(workers.leads.is_set()))
        WORKERS.set_function(lambda: float(workers.count))

    async def read(self) -> None:
        """Read how things stand, by one statement; without an answer nothing is shown of what the database knows."""
        store = self._workspace.store
        in_use, free = store.figures.connections()
        CONNECTIONS.labels("in_use").set(in_use)
        CONNECTIONS.labels("free").set(free)
        FOLLOWED.set(self._workspace.knowledge.number)
        figures = await _read_figures(store, self._workspace.at)
        UP.set(figures is not None)
        for gauge in BY_LABEL:
            gauge.clear()
        if figures is None:
            for gauge in ABOUT_ALL:
                gauge.set(float("nan"))
        else:
            _show(figures)


async def _read_figures(store: Store, at: datetime) -> Figures | None:
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            return await store.figures.read(at)
    except (StoreProblem, TimeoutError):
        return None


def _show(figures: Figures) -> None:
    WAITING.labels("due").set(figures.waiting)
    WAITING.labels("planned").set(figures.planned)
    WAITING_S.set(figures.waiting_s)
    for (broadcast, state), count in figures.recipients.items():
        RECIPIENTS.labels(broadcast, state).set(count)
    for state, count in figures.tickets.items():
        TICKETS.labels(state).set(count)
    TICKET_S.set(figures.ticket_s)
    REMINDER_S.set(figures.reminder_s)
    PUBLISHED.set(figures.revision)


def note(what: str, label: str) -> None:
    """Count what the service tells of."""
    if what == "repeat":
        REPEATED.inc()
    else:
        {"turn": TURNS, "typed": TYPED, "act": ACTS}[what].labels(label).inc()


def count_problem(problem: StoreProblem) -> None:
    """Count a problem of the database."""
    PROBLEMS.labels(problem.code, problem.sqlstate).inc()


async def measure_lag() -> None:
    """Measure the event loop's lag until cancelled."""
    while True:
        due = time.perf_counter() + TICK_S
        await asyncio.sleep(TICK_S)
        LAG.observe(max(time.perf_counter() - due, 0.0))
