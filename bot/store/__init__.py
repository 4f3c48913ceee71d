"""Everything the bot keeps, and all SQL. Insiders import the modules; everybody else these names."""

from __future__ import annotations

from bot.store.known import KnownPerson
from bot.store.people import Forgotten
from bot.store.problems import StoreProblem
from bot.store.store import Store
from bot.store.turns import Miss, StepEvent

__all__ = ["Forgotten", "KnownPerson", "Miss", "StepEvent", "Store", "StoreProblem"]
