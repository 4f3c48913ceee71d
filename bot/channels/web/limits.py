"""Limits on what comes in from browsers: from one of them, under one join code, and, far higher, from one address. No
clock, no sentences.

A campus shares one address, so its limit only stops floods. The machine's own address has none: it is a proxy's.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

from bot.channels.token_bucket import TokenBucket

LOOKS, LOOKS_OF_ADDRESS = (5.0, 100), (1000.0, 10_000)
"""The same of pages and news that are asked for: whoever has the page open asks every 25 seconds."""
KEPT = 10_000
"""Browsers and addresses that are remembered; those that wrote last."""
BROWSER = (1.0, 60)
"""Turns a second of one browser, or of all under one join code, and at once."""
ADDRESS = (30.0, 900)
"""Turns a second of one address, and at once."""


class InboundLimits:
    """Judges what comes in. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def admits(self, user: str, address: str | None) -> bool:
        """Count one turn; False when it is one too many."""
        return self._takes(f"user {user}", *BROWSER) and (
            not address or is_own(address) or self._takes(address, *ADDRESS)
        )

    def admits_code(self, code: str) -> bool:
        """Count one turn of whoever has a join code, in all their browsers together; False when it is one too many."""
        return self._takes(f"code {code}", *BROWSER)

    def admits_look(self, user: str | None, address: str | None) -> bool:
        """Count one page or news that is asked for; False when it is one too many."""
        return (user is None or self._takes(f"look {user}", *LOOKS)) and (
            not address or is_own(address) or self._takes(f"look {address}", *LOOKS_OF_ADDRESS)
        )

    def _takes(self, key: str, per_s: float, burst: int) -> bool:
        bucket = self._buckets.pop(key, None) or TokenBucket(per_s, burst)
        self._buckets[key] = bucket
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        now = self._clock()
        if bucket.ready_at() > now:
            return False
        bucket.count(now)
        return True


def is_own(address: str) -> bool:
    """Return whether this is the machine's own address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
