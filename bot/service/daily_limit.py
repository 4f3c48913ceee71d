"""Counts by person and day, in memory: for what one person may leave in tables that know no person."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import date, datetime

KEPT = 20_000
"""People who are remembered; those counted last."""


class DailyLimit:
    """Admits each key `most` times on a day (UTC); after a restart anew."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: OrderedDict[Hashable, tuple[date, int]] = OrderedDict()

    def admit(self, key: Hashable, at: datetime) -> bool:
        """Count a key once more; return whether it is within the limit."""
        day, count = self._counts.pop(key, (at.date(), 0))
        count = count + 1 if day == at.date() else 1
        self._counts[key] = (at.date(), count)
        if len(self._counts) > KEPT:
            self._counts.popitem(last=False)
        return count <= self._most
