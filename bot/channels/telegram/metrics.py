"""Counters about Telegram for /metrics. Names and numbers only: never a person, a word or the token."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

CALLS = Counter("gradbot_telegram_calls", "Bot API calls by method and what became of them", ["method", "became"])
UPDATES = Counter("gradbot_telegram_updates", "Updates that came in, by how", ["by"])
DROPPED = Counter("gradbot_telegram_updates_dropped", "Updates that were not handled because their sender floods")
FAILED = Counter("gradbot_telegram_updates_failed", "Updates whose turn ended in a bug")
REFUSED = Counter("gradbot_webhook_refused", "Webhook requests that were refused, by why", ["why"])
REBUILT = Counter("gradbot_polling_rebuilt", "Times that a wedged polling connection was rebuilt")
CONFLICTS = Counter("gradbot_polling_conflicts", "Times that another poller or a webhook was in the way (409)")
UNDER_WAY = Gauge("gradbot_telegram_turns_under_way", "Updates taken in and not yet committed")
LAST_CONTACT = Gauge("gradbot_telegram_last_contact_timestamp_seconds", "When Telegram was last heard of")
PENDING = Gauge("gradbot_telegram_pending_updates", "Updates that wait at Telegram, by webhook")
LAST_WEBHOOK_ERROR = Gauge(
    "gradbot_webhook_last_error_timestamp_seconds", "When Telegram last failed to post an update; 0: never"
)
TURN = Histogram(
    "gradbot_telegram_turn_seconds",
    "From taking an update in until its turn was committed",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def count_call(method: str, became: str) -> None:
    """Count a call of a Bot API method and its result: "done" or the name of its error."""
    _counter(method, became).inc()


@cache  # looking up a child by its labels takes longer than counting
def _counter(method: str, became: str) -> Counter:
    return CALLS.labels(method, became)
