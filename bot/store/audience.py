"""Audiences as SQL conditions: the people whom a rule finds, and those of them who get the broadcast."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ColumnElement, and_, cast, exists, false, func, not_, or_, select, true, type_coerce

from bot.domain.audience import Condition, Search
from bot.store.broadcast_tables import broadcasts, recipients
from bot.store.roles import has_role
from bot.store.tables import people, step_events, tickets


def matches(search: Search, dialect: str) -> ColumnElement[bool]:
    """Hold for those whom the rule finds, whether or not they get it."""
    own = session_json(dialect)
    rules = [_holds(condition, own["walks"][search.notice], search) for condition in search.conditions]
    # The concatenation keeps SQLite from using the channel's index, which would read everybody for each range of ids.
    there = people.c.channel.concat("") == search.channel
    return and_(there, own["notice"].as_string() == search.notice, ~has_role(), *rules)


def consents(dialect: str) -> ColumnElement[bool]:
    """Hold for those who agreed to reminders."""
    return func.coalesce(session_json(dialect)["reminders"].as_boolean(), false())


def in_time(search: Search, dialect: str) -> ColumnElement[bool]:
    """Hold for those whose dates are not over."""
    return _among(cohort_of(session_json(dialect)["walks"][search.notice]), search.open_for)


def gets(search: Search, dialect: str) -> ColumnElement[bool]:
    """Hold for those whom the rule finds and who get it."""
    enough = true() if search.most is None else _had(search.most[0]) < search.most[1]
    return and_(matches(search, dialect), consents(dialect), people.c.reachable, in_time(search, dialect), enough)


def session_json(dialect: str) -> Any:
    """Return a person's session as JSON that can be indexed."""
    return type_coerce(people.c.session, JSON) if dialect == "sqlite" else cast(people.c.session, JSON)


def cohort_of(walk: Any) -> Any:
    """Return the cohort chosen in a walk; NULL: none."""
    return func.nullif(walk["answers"]["cohort"].as_string(), "")


def _among(column: Any, values: tuple[str | None, ...]) -> ColumnElement[bool]:
    named = [value for value in values if value is not None]
    return or_(column.in_(named), column.is_(None)) if None in values else column.in_(named)


def _holds(condition: Condition, walk: Any, search: Search) -> ColumnElement[bool]:
    """Treat NULL as false, before the condition is negated."""
    rule = func.coalesce(_rule(condition, walk, search), false())
    return not_(rule) if condition.turned else rule


def _rule(condition: Condition, walk: Any, search: Search) -> ColumnElement[bool]:
    values = condition.values
    state = func.coalesce(walk["state"].as_string(), "new")
    match condition.kind:
        case "cohorts":
            return _among(cohort_of(walk), values)
        case "major":
            return _among(walk["answers"]["major"].as_string(), values)
        case "step":
            entered = (step_events.c.person == people.c.id, step_events.c.kind == "entered")
            return exists().where(*entered, step_events.c.step.in_(values))
        case "at":
            return _among(walk["step"].as_string(), values)
        case "states":
            return _among(state, values)
        case "stuck":
            waits = exists().where(tickets.c.person == people.c.id, tickets.c.state != "closed")
            return or_(waits, and_(state == "walking", people.c.updated_at < values[0]))
        case "inactive":
            return people.c.updated_at < values[0]
        case "acked":
            return _has_received(values[0], recipients.c.ack.is_not(None))
        case "silent":
            return _has_received(values[0], recipients.c.ack.is_(None), recipients.c.state == "sent")


def _has_received(number: str | None, *how: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(recipients.c.who == people.c.id, recipients.c.broadcast == int(number or 0), *how)


def _had(prefix: str) -> Any:
    """Count the broadcasts of a plan that reached the person."""
    return (
        select(func.count())
        .select_from(recipients.join(broadcasts, broadcasts.c.id == recipients.c.broadcast))
        .where(recipients.c.who == people.c.id, recipients.c.state == "sent", broadcasts.c.key.startswith(prefix))
        .scalar_subquery()
    )
