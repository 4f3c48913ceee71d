"""INSERT … ON CONFLICT: spelt the same in SQLite and PostgreSQL, but each dialect of SQLAlchemy has its own class."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


@cache
def upsert(dialect: str) -> Callable[..., Any]:
    """Return the dialect's `insert`, whose statements have `on_conflict_do_update` and `on_conflict_do_nothing`."""
    insert: Callable[..., Any] = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert
