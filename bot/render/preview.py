"""Shows a notice before it is in force: what the bot says to whom and when, on one page, as text and as HTML. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from bot.content.content import Content
from flows.facts import Facts, facts, fill
from flows.notice import Cohort, Notice
from flows.scars import find_scars, list_moments
from flows.screens import find_steps

_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:48em;margin:1em auto;padding:0 1em}"
    "h2{border-top:1px solid;padding-top:.5em}p{white-space:pre-line;margin:.3em 0}"
    "@media print{body{font-size:11pt;margin:0}h2{break-after:avoid}p{break-inside:avoid}}"
)


@dataclass(frozen=True, slots=True)
class PreviewSection:
    """A heading with the paragraphs under it."""

    head: str
    paragraphs: tuple[str, ...]


def preview(content: Content, notice: Notice) -> tuple[PreviewSection, ...]:
    """Return the sections of the page: the notice, each cohort through all its phases, the walk, what staff has to do.

    Cohorts that are told the same share a section. The last section names what is empty or broken.
    """
    words = content.phrases.preview
    everybody = _know(content, notice, None)
    sections = [PreviewSection(notice.notice.title, tuple(_describe_head(content, notice, everybody[0])))]
    alike: dict[tuple[str, ...], list[str]] = {}
    for cohort in notice.cohorts:
        told = tuple(_describe_cohort(content, _know(content, notice, cohort)))
        alike.setdefault(told, []).append(cohort.label)
    for told, labels in alike.items():
        sections.append(PreviewSection(words.cohort.format(label=content.phrases.facts.comma.join(labels)), told))
    sections.append(PreviewSection(words.walk, tuple(_describe_walk(content, notice, everybody))))
    sections.append(PreviewSection(words.staff, tuple(_describe_staff(content, notice))))
    missing = content.phrases.facts.contact_lines["missing"].partition("{names}")[2]  # a sentence that says so itself
    said = [(one.head, text.replace(missing, "。")) for one in sections for text in one.paragraphs]
    scars = [f"{head}：{scar}" for head, text in said for scar in find_scars(text, content.phrases.facts.unstated)]
    unsure = [words.unsure.format(at=one.at, why=one.why, sentence=one.sentence or "") for one in notice.unsure]
    return (*sections, PreviewSection(words.broken, tuple(dict.fromkeys([*unsure, *scars])) or (words.nothing,)))


def to_text(sections: tuple[PreviewSection, ...]) -> str:
    """Return the page as plain text."""
    return "\n\n".join("\n".join((f"== {one.head} ==", *filter(None, one.paragraphs))) for one in sections) + "\n"


def to_html(sections: tuple[PreviewSection, ...]) -> str:
    """Return the page as HTML that can be printed; everything that people wrote is escaped."""
    body = "".join(
        f"<h{1 if n == 0 else 2}>{escape(one.head)}</h{1 if n == 0 else 2}>"
        + "".join(f"<p>{escape(text)}</p>" for text in one.paragraphs if text)
        for n, one in enumerate(sections)
    )
    title = escape(sections[0].head)
    return (
        f'<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><body>{body}</body></html>\n"
    )


def _know(content: Content, notice: Notice, cohort: Cohort | None) -> list[Facts]:
    """Return what is known of somebody of this cohort at one moment of every phase."""
    answers = {"cohort": cohort.id} if cohort else {}
    moments = list_moments(notice)
    return [facts(notice, content.phrases.facts, answers, [], now) for now in moments]


def _describe_head(content: Content, notice: Notice, known: Facts) -> Iterator[str]:
    words = content.phrases.preview
    yield fill(words.head, known)
    origin = [value for value in (notice.notice.signed_by, notice.notice.version, notice.notice.source_file) if value]
    if origin:
        yield words.origin.format(origin=content.phrases.facts.comma.join(origin))
    if notice.notice.supersedes:
        yield words.supersedes.format(id=notice.notice.supersedes)
    others = [
        one.notice.short for one in content.notices.values() if one.id not in (notice.id, notice.notice.supersedes)
    ]
    if others:
        yield words.others.format(others=content.phrases.facts.comma.join(others))


def _describe_cohort(content: Content, known: list[Facts]) -> Iterator[str]:
    """Yield what one cohort is told: in each phase, of its dates, whom to ask, what to bring."""
    words = content.phrases.preview
    for one in known:
        yield fill(words.moment, one)
    yield fill(words.details, known[0])


def _describe_walk(content: Content, notice: Notice, known: list[Facts]) -> Iterator[str]:
    """Yield the steps of the main track that this notice has, with what they say while the check runs."""
    words = content.phrases.preview
    now = known[len(known) // 2]
    for step in find_steps(content.script, notice):
        if step.track == "main":
            text = re.sub(r"\n{3,}", "\n\n", fill(step.do, now))
            yield words.step.format(title=fill(step.title, now), text=text)


def _describe_staff(content: Content, notice: Notice) -> Iterator[str]:
    """Yield the duties of staff, what can be read in two ways, and the addresses that texts may lead to."""
    words, facts_words = content.phrases.preview, content.phrases.facts
    for duty in notice.staff.duties:
        hour = f"{duty.time_to:%H:%M}" if duty.time_to else ""
        days = [facts_words.format_day(day) or "" for day in (duty.opens, duty.closes)]
        yield words.duty.format(what=duty.what, span=" – ".join(filter(None, days)) + hour)
    for doubt in notice.conflicts:
        where, readings = facts_words.comma.join(doubt.where), " / ".join(doubt.readings)
        yield words.conflict.format(where=where, readings=readings, shown=doubt.shown_to_students or words.not_shown)
    yield words.links.format(links=facts_words.comma.join(f"{one.label} {one.url}" for one in notice.links))
