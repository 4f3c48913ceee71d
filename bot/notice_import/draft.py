"""Drafts a notice from its words as published: the notice as data, its doubts, and the use of each sentence. Pure.

Nothing is invented: what the notice does not say is left out, and what was inferred is a doubt (`unsure`). A draft with
a doubt cannot be published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import yaml

from bot.notice_import.cohorts import find_groups
from bot.notice_import.desks import find_desks
from bot.notice_import.sections import Doubt, DraftWork, make_id, write_cohorts, write_head, write_school, write_windows
from bot.notice_import.sentences import Sentence, cut
from bot.notice_import.site import (
    write_aftermath,
    write_chapters,
    write_contacts,
    write_corrections,
    write_links,
    write_site,
)
from bot.notice_import.windows import find_days, place_facts
from flows.windows import count_days

SentenceUse = Literal["fact", "staff", "title", "page", "signature", "unused"]

HEAD = (
    "# 照通知原文起草。对着原文看一遍；unsure 里的每一行看过、改好，就把那一行删掉；\n"
    "# 一行都不剩以后，把 status 改成 published。还剩一行，就发布不了。\n"
)
MOST_CHARACTERS = 70_000
"""Characters that are read: 200 KB of Chinese. What is longer is said to be."""
COLLECTS = (
    "走到哪一步", "选的层次和专业", "每一步的日期", "要不要提醒和收到过哪些提醒", "问过哪些常见问题和有没有帮上",
    "没答好的问题（去掉个人信息后，不记是谁问的）",
)  # fmt: skip
"""The data that the bot keeps, in the words of its privacy notice."""


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """The draft. `notice` is the data as in the YAML, without the doubts; `uses` the use and facts by sentence."""

    id: str
    notice: dict[str, Any]
    unsure: tuple[Doubt, ...]
    sentences: tuple[Sentence, ...]
    uses: dict[int, tuple[SentenceUse, tuple[str, ...]]]
    dates: int

    @property
    def yaml(self) -> str:
        """The draft as the text of a file, the doubts among its data."""
        texts = {one.n: one.text for one in self.sentences}
        rows = [
            {"at": doubt.at, "why": doubt.why, **({"sentence": texts[doubt.sentence][:280]} if doubt.sentence else {})}
            for doubt in self.unsure
        ]
        return write_file({**({"unsure": rows} if rows else {}), **self.notice})

    @property
    def counts(self) -> dict[str, int]:
        """The number of finds of each kind, of doubts, and of sentences that were not used."""
        ways = (way for row in self.notice.get("contacts", ()) for way in (*row.get("phones", ()), row.get("email")))
        return {
            "dates": self.dates,
            "contacts": sum(1 for way in ways if way),
            "cohorts": len(self.notice["cohorts"]),
            "papers": sum(len(row.get("documents", ())) for row in self.notice["corrections"]),
            "duties": len(self.notice.get("staff", {}).get("duties", ())),
            "unsure": len(self.unsure),
            "unused": sum(use == "unused" for use, _ in self.uses.values()),
        }

    @property
    def as_json(self) -> dict[str, Any]:
        """The draft for scripts: days as text, each window with its audience (None: everybody) and daily hours."""
        data = to_plain(count_days(self.notice))
        for window, row in zip(data.get("windows", ()), self.notice.get("windows", ()), strict=True):
            if isinstance(row["to"], dict):
                window["counted"] = row["to"]
            cohorts = window.get("cohorts", ["all"])
            window["audience"] = None if cohorts == ["all"] else cohorts
            window["daily"] = window.get("hours", [])
        return {
            "notice": data,
            "unsure": [{"at": one.at, "why": one.why, "sentence": one.sentence or None} for one in self.unsure],
            "sentences": [
                {"n": one.n, "text": one.text, "use": self.uses[one.n][0], "facts": list(self.uses[one.n][1])}
                for one in self.sentences
            ],
        }


class _Dumper(yaml.SafeDumper):
    """Writes short rows on one line, long texts as they stand, and no value by reference to another."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: Any, mapping: Any, flow_style: Any = None) -> Any:
        short = set(mapping) & {"name", "template", "days"} and len(str(mapping)) < 100
        return super().represent_mapping(tag, mapping, flow_style=bool(short))

    def represent_sequence(self, tag: Any, sequence: Any, flow_style: Any = None) -> Any:
        return super().represent_sequence(
            tag, sequence, flow_style=all(isinstance(part, str | int) for part in sequence)
        )


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(data: dict[str, Any]) -> str:
    """Return data as YAML in the order of its keys."""
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=200)
    return text


def write_file(data: dict[str, Any]) -> str:
    """Return a draft as the text of a file, with a word to whoever edits it."""
    return HEAD + dump_yaml(data)


def to_plain(value: Any) -> Any:
    """Return data with its days as text."""
    if isinstance(value, dict):
        return {key: to_plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def draft_notice(text: str) -> NoticeDraft:
    """Return the draft of a notice; almost empty when the text is no notice."""
    frame = cut(text[:MOST_CHARACTERS])
    groups = find_groups(frame)
    work = DraftWork(frame, groups, find_days(frame, groups))
    desks = find_desks([*frame.body, *(one for one in frame.sentences if one.frame == "signature")])
    name = make_id(frame)
    notice: dict[str, Any] = {"notice": write_head(work, name), "school": write_school(work)}
    notice["cohorts"], ids = write_cohorts(work)
    notice["windows"] = write_windows(work, ids)
    notice |= write_site(work)
    notice["corrections"] = write_corrections(work)
    notice |= write_chapters(work)
    notice["contacts"], notice["routing"] = write_contacts(work, desks, notice["school"])
    notice["links"] = write_links(work)
    notice |= write_aftermath(work)
    if len(text) > MOST_CHARACTERS:
        work.doubt("notice", f"原文太长，只读了前 {MOST_CHARACTERS} 个字")
    for at, path in place_facts(work.days):
        work.use(at, path)
    notice["privacy"] = {"collects": list(COLLECTS), "retention_days_after_last_window": 60}
    dates = sum((w.opens is not None) + (w.closes is not None) for w in work.days.windows) + len(work.days.duties)
    uses = {one.n: _find_use(one, work) for one in frame.sentences}
    doubts = tuple(sorted(work.doubts, key=lambda one: list(notice).index(one.at.split(".")[0])))
    return NoticeDraft(
        name,
        {key: value for key, value in notice.items() if value or key in ("windows", "contacts")},
        doubts,
        frame.sentences,
        uses,
        dates,
    )


def _find_use(one: Sentence, work: DraftWork) -> tuple[SentenceUse, tuple[str, ...]]:
    facts = tuple(work.facts.get(one.n, ()))
    if one.frame in ("title", "page", "signature"):
        return one.frame, facts
    if any(path.startswith("staff.") for path in facts):
        return "staff", facts
    return ("fact" if facts else "unused"), facts
