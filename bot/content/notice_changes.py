"""Compares the notices of two contents, in words of whoever reads it: 12月20日 → 12月18日. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from bot.content.content import Content
from flows.clock_facts import format_span
from flows.fact_words import FactWords
from flows.facts import format_window
from flows.notice import Cohort, Contact, Notice
from flows.windows import Window

OF_NOTICES = ("notice", "window_", "contact_", "cohort_", "section_")
"""The beginnings of the kinds of changes of notices."""
NoticeChange = tuple[str, str, str]
"""The kind of change (a key of the phrases), what it is about, and the particular."""
Row = TypeVar("Row", Window, Contact, Cohort)
_APART = ("windows", "contacts", "cohorts")
"""Sections whose rows are compared one by one."""


def list_notice_changes(old: Content, new: Content) -> Iterator[NoticeChange]:
    """Yield the changes of each notice: windows, contacts and cohorts row by row, then other sections by their key."""
    words = new.phrases.facts
    for name in dict.fromkeys((*old.notices, *new.notices)):
        was, becomes = old.notices.get(name), new.notices.get(name)
        if was and becomes:
            yield from _compare(words, was, becomes)
        elif one := becomes or was:
            yield ("notice_added" if becomes else "notice_removed", one.notice.title, name)
    if len(new.notices) > 1 and {*new.notices} != {*old.notices}:
        yield ("notices_several", words.comma.join(one.notice.short for one in new.notices.values()), "")


def _compare(words: FactWords, was: Notice, becomes: Notice) -> Iterator[NoticeChange]:
    for w, (before, after) in _pair(was.windows, becomes.windows):
        old, new = (_describe_window(words, one) if one else None for one in (before, after))
        if before and after and old == new and before != after:  # something else of it has changed
            old, new = format_window(words, before), format_window(words, after)
        if old != new:
            yield _tell("window", w.label, old, new)
        elif before != after:
            yield ("section_changed", w.label, "")
    for c, (was_desk, is_desk) in _pair(was.contacts, becomes.contacts):
        name = c.role + (c.person or "")
        if was_desk is None or is_desk is None:
            yield ("contact_added" if is_desk else "contact_removed", name, "")
            continue
        yield from (("contact_changed", name, line) for line in _compare_desks(words, was_desk, is_desk))
    for g, (was_group, is_group) in _pair(was.cohorts, becomes.cohorts):
        if was_group is None or is_group is None:
            yield ("cohort_added" if is_group else "cohort_removed", g.label, "")
        elif was_group != is_group:
            gone, come = (
                {*one.majors} - {*other.majors} for one, other in ((was_group, is_group), (is_group, was_group))
            )
            majors = words.comma.join([*(f"-{name}" for name in sorted(gone)), *(f"+{name}" for name in sorted(come))])
            yield ("cohort_changed", g.label, majors)
    before_rest, after_rest = (one.model_dump(exclude=set(_APART)) for one in (was, becomes))
    yield from (("section_changed", key, "") for key in before_rest if before_rest[key] != after_rest[key])


def _pair(was: Sequence[Row], becomes: Sequence[Row]) -> Iterator[tuple[Row, tuple[Row | None, Row | None]]]:
    """Yield the rows of both sides by their id: the newest one, and both of them."""
    old: Mapping[str, Row] = {row.id: row for row in was}
    new: Mapping[str, Row] = {row.id: row for row in becomes}
    for name in dict.fromkeys((*old, *new)):
        yield new.get(name) or old[name], (old.get(name), new.get(name))


def _tell(what: str, title: str, old: str | None, new: str | None) -> NoticeChange:
    if old is None or new is None:
        return (f"{what}_added" if old is None else f"{what}_removed", title, new or old or "")
    return f"{what}_changed", title, f"{old} → {new}"


def _describe_window(words: FactWords, window: Window) -> str:
    hours = words.window_hours.format(hours=words.comma.join(window.hours)) if window.hours else ""
    return (format_span(words, window) or "") + hours


def _compare_desks(words: FactWords, was: Contact, becomes: Contact) -> Iterator[str]:
    if (was.role, was.person) != (becomes.role, becomes.person):
        yield f"{was.role}{was.person or ''} → {becomes.role}{becomes.person or ''}"
    for key, template in words.contact_lines.items():
        old, new = (_read(words, one, key) for one in (was, becomes))
        if old != new:
            yield f"{template.format(value=old or '—')} → {new or '—'}"


def _read(words: FactWords, contact: Contact, key: str) -> str:
    value = getattr(contact, key, None) or ""
    return words.comma.join(value) if isinstance(value, tuple) else value
