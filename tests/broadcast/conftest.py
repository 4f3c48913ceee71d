"""Every test here runs on both databases."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _harness_on_backend(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.broadcast.harness.BACKEND", backend)
