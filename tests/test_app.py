"""What the composition root decides by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.app import forgotten_since
from bot.loading import load


def test_nobody_is_forgotten_while_the_last_window_and_its_grace_run() -> None:
    content = load()
    last_window = datetime(2014, 3, 20, tzinfo=UTC)
    assert forgotten_since(content, datetime(2013, 12, 5, tzinfo=UTC)) is None
    assert forgotten_since(content, last_window + timedelta(days=60)) is None
    long_after = last_window + timedelta(days=200)
    assert forgotten_since(content, long_after) == long_after - timedelta(days=60)
