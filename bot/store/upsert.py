"""INSERT … ON CONFLICT: spelt the same in SQLite and PostgreSQL, but each dialect of SQLAlchemy has its own class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import Table, bindparam, func, select


@cache
def upsert(dialect: str) -> Callable[..., Any]:
    """Return the dialect's `insert`, whose statements have `on_conflict_do_update` and `on_conflict_do_nothing`."""
    insert: Callable[..., Any] = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert


def same_id(dialect: str, table: Table, names: Sequence[str]) -> dict[str, Any]:
    """Return the value of `id` with which an upsert draws no new number for a row that is there.

    `names` are the columns that identify it; their values are bound by `bind_key`. SQLite draws none anyway.
    """
    if dialect == "sqlite":
        return {}
    there = select(table.c.id).where(*(table.c[name] == bindparam(f"its_{name}") for name in names)).scalar_subquery()
    return {"id": func.coalesce(there, func.nextval(f"{table.name}_id_seq"))}


def bind_key(dialect: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of `same_id` for a row with these values."""
    return {} if dialect == "sqlite" else {f"its_{name}": value for name, value in values.items()}
