"""Audiences as SQL conditions: the people whom a rule finds, and those of them who get the broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Exists, and_, exists, false, func, not_, or_, select, true

from bot.domain.audience import Condition, Search
from bot.domain.classes import Classes
from bot.store.broadcast_tables import broadcasts, recipients
from bot.store.roles import has_role
from bot.store.tables import STILL_OPEN, people, tickets


def matches(search: Search, *, by_id: bool = False) -> ColumnElement[bool]:
    """Hold for those whom the rule finds, whether or not they get it. `by_id`: of some ids only, or in their order."""
    # The concatenation keeps SQLite from reading everybody of the channel for each range of ids.
    there = (people.c.channel.concat("") if by_id else people.c.channel).in_(search.channels)
    rules = [_holds(condition) for condition in search.conditions]
    within = [of_classes(Classes(search.notice, search.within))] if search.within else []
    return and_(there, people.c.notice == search.notice, ~has_role(), *within, *rules)


def of_classes(classes: Classes) -> ColumnElement[bool]:
    """Hold for the graduates of these classes, as `Classes.hold` does."""
    return and_(people.c.notice == classes.notice, func.coalesce(_in_classes(classes.names), false()))


def _in_classes(names: Sequence[str]) -> ColumnElement[bool]:
    """Hold for those in one of some classes: a cohort's id, or `cohort:major`."""
    parted = [name.partition(":") for name in names]
    places = (
        and_(people.c.cohort == cohort, people.c.major == major) if colon else people.c.cohort == cohort
        for cohort, colon, major in parted
    )
    return or_(false(), *places)


def in_time(search: Search) -> ColumnElement[bool]:
    """Hold for those whose dates are not over."""
    return _among(people.c.cohort, search.open_for)


def may_get(search: Search) -> ColumnElement[bool]:
    """Hold for those who get what the rule finds them for: they agreed, are reachable, in time and had not enough."""
    enough = true() if search.most is None else _had_fewer(*search.most)
    return and_(people.c.consents, people.c.reachable, in_time(search), enough)


def gets(search: Search, *, by_id: bool = False) -> ColumnElement[bool]:
    """Hold for those whom the rule finds and who get it. `by_id`: see `matches`."""
    return and_(matches(search, by_id=by_id), may_get(search))


def _among(column: Any, values: tuple[str | None, ...]) -> ColumnElement[bool]:
    named = [value for value in values if value is not None]
    return or_(column.in_(named), column.is_(None)) if None in values else column.in_(named)


def _holds(condition: Condition) -> ColumnElement[bool]:
    """Treat NULL as false, before the condition is negated."""
    rule = _rule(condition)
    if not isinstance(rule, Exists):  # never NULL; and as it is, it is joined instead of asked for each person
        rule = func.coalesce(rule, false())
    return not_(rule) if condition.turned else rule


def _rule(condition: Condition) -> ColumnElement[bool]:
    values = condition.values
    match condition.kind:
        case "cohorts":
            return _among(people.c.cohort, values)
        case "class":
            return _in_classes(tuple(filter(None, values)))
        case "major":
            return _among(people.c.major, values)
        case "step":
            return or_(*(people.c.reached.contains(f",{step},", autoescape=True) for step in values))
        case "at":
            return _among(people.c.step, values)
        case "states":
            return _among(people.c.state, values)
        case "stuck":
            waits = exists().where(tickets.c.person == people.c.id, STILL_OPEN)
            return or_(waits, and_(people.c.state == "walking", people.c.updated_at < values[0]))
        case "channel":
            return people.c.channel.in_(values)
        case "inactive":
            return people.c.updated_at < values[0]
        case "acked":
            return _has_received(values[0], recipients.c.ack.is_not(None))
        case "silent":
            return _has_received(values[0], recipients.c.ack.is_(None), recipients.c.state == "sent")


def _has_received(number: str | None, *how: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(recipients.c.who == people.c.id, recipients.c.broadcast == int(number or 0), *how)


def _had_fewer(prefix: str, most: int) -> ColumnElement[bool]:
    """Hold for those whom fewer broadcasts of a plan reached; while it has fewer, nobody is looked up."""
    ours = broadcasts.c.key.startswith(prefix, autoescape=True)
    every = select(func.count()).select_from(broadcasts).where(ours).scalar_subquery()
    had = (
        select(func.count())
        .select_from(recipients.join(broadcasts, broadcasts.c.id == recipients.c.broadcast))
        .where(recipients.c.who == people.c.id, recipients.c.state == "sent", ours)
        .scalar_subquery()
    )
    return or_(every < most, had < most)
