"""Everything the bot keeps, and all SQL. Insiders import the modules; everybody else these names."""

from __future__ import annotations

from bot.store.known import Known
from bot.store.problems import StoreProblem
from bot.store.store import Forgotten, Miss, StepEvent, Store

__all__ = ["Forgotten", "Known", "Miss", "StepEvent", "Store", "StoreProblem"]
