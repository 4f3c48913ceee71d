"""The chain of proof: records that cannot be changed later without breaking the chain of their hashes. Pure.

A record's hash covers its kind, its time, its body and the hash before it. Every report has the last hash: it can show
later that no earlier record was changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

FIRST = "0" * 64
"""The hash before the first record."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `at` is ISO 8601 in UTC, `body` JSON."""

    id: int
    at: str
    kind: str
    broadcast: int
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that does not fit: its number, and the name of the wrong column."""

    id: int
    wrong: str


def link(before: str, at: str, kind: str, broadcast: int, body: str) -> str:
    """Return the hash of a record that follows the one with the hash `before`."""
    record = json.dumps([before, at, kind, broadcast, body], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(record.encode()).hexdigest()


def canonical_json(body: Any) -> str:
    """Return JSON with one spelling for one value: sorted keys, no spaces."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass
class Chain:
    """Checks records in order, oldest first; `last` is the hash of the last one so far, `count` their number."""

    last: str = FIRST
    count: int = 0

    def find_break(self, records: Iterable[Record]) -> Broken | None:
        """Return the first record that does not fit; None when all do."""
        for record in records:
            if link(self.last, record.at, record.kind, record.broadcast, record.body) != record.hash:
                return Broken(record.id, "hash")
            self.last = record.hash
            self.count += 1
        return None
