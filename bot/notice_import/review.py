"""Settles the doubts of a draft one by one: a value is right, changed, or not in the notice. Pure.

Works on the draft as data, whose `unsure` lists the doubts that are left; the first of them is the one to settle.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

import yaml

from bot.notice_import.dates import read_day, read_full_date
from bot.notice_import.desks import find_desks
from bot.notice_import.draft import draft_notice, write_file
from bot.notice_import.facts import LISTS, list_heard
from bot.notice_import.facts import NEEDED as NEEDED_KEYS
from bot.notice_import.kinds import LABELS
from bot.notice_import.mentions import YearSense
from bot.notice_import.sentences import cut
from flows.windows import EVERYONE, count_days

Verdict = Literal["right", "same", "change", "absent"]
"""`same`: right, and so are all others that are in doubt for the same reason."""

EVERYBODY = ("全部", "所有", "都有", EVERYONE)
"""What is written for all cohorts; the first is what is shown."""
NEEDED = ("school.name", "school.unit", "contacts", "windows", "cohorts", "notice.title")
"""Paths at which a notice must say something."""


class WrongAnswer(Exception):
    """An answer that cannot be taken; `rule` has a sentence in the phrases."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def read_draft(text: str) -> dict[str, Any]:
    """Return a draft's file as data."""
    data: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return data


def list_doubts(data: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    """Return the doubts that are left, as rows with `at`, `why` and maybe `sentence`."""
    return data.get("unsure") or []


def value_at(data: Any, path: str) -> Any:
    """Return the value at a path such as `windows.0.to`; None where there is none."""
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, Sequence) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def describe_value(data: Mapping[str, Any], path: str) -> str:
    """Return the value at a path in words; empty for none."""
    value = value_at(data, path)
    if isinstance(value, Mapping):
        value = value_at(count_days(data), path)  # a day that is counted from another one
    if value == [EVERYONE]:
        return EVERYBODY[0]
    if isinstance(value, list):
        names = (row.get("label") or row.get("role") or "" if isinstance(row, Mapping) else str(row) for row in value)
        return "、".join(filter(None, names))
    return LABELS.get(str(value), str(value)) if value not in (None, "") else ""


def count_alike(data: Mapping[str, Any]) -> int:
    """Return the number of values that are in doubt for the same reason as the first one, itself included."""
    doubts = list_doubts(data)
    return sum(one["why"] == doubts[0]["why"] for one in doubts)


def settle(data: Mapping[str, Any], verdict: Verdict, words: str = "") -> dict[str, Any]:
    """Return the draft with its first doubt settled; `words` are the value of a change. WrongAnswer.

    With the last doubt gone the notice is marked as published: it still has to pass the check.
    """
    made = copy.deepcopy(dict(data))
    path = list_doubts(made)[0]["at"]
    if verdict == "change":
        _put(made, path, _read(made, path, words.strip()))
    elif _is_needed(made, path) and (verdict == "absent" or not value_at(made, path)):
        raise WrongAnswer("review_needed")
    elif verdict == "absent":
        _put(made, path, ["all"] if path.endswith(".cohorts") else "prepare" if path.endswith(".kind") else None)
    elif path == "contacts" and not _is_reachable(made):
        raise WrongAnswer("review_needed")
    settled, *rest = made["unsure"]
    alike = verdict == "same"
    made["unsure"] = [one for one in rest if not alike or one["why"] != settled["why"] or one["at"] in NEEDED]
    if not made["unsure"]:
        del made["unsure"]
        made["notice"]["status"] = "published"
        made = _without_gaps(_without_undated(made))
    return made


def _without_undated(data: dict[str, Any]) -> dict[str, Any]:
    """Return the notice without windows of which no day is left, and their reminders; checks and corrections stay."""
    undated = (w for w in data["windows"] if not w.get("from") and not w.get("to"))
    gone = {w["id"] for w in undated if w["kind"] not in ("check", "correction")}
    data["windows"] = [window for window in data["windows"] if window["id"] not in gone]
    if plan := data.get("reminders", {}).get("plan"):
        data["reminders"]["plan"] = [row for row in plan if row["window"] not in gone]
    return data


def _without_gaps(data: Any) -> Any:
    """Return data without the items of lists that are not in the notice."""
    if isinstance(data, dict):
        return {key: _without_gaps(value) for key, value in data.items()}
    return [_without_gaps(one) for one in data if one is not None] if isinstance(data, list) else data


def settle_at(data: Mapping[str, Any], path: str, verdict: Verdict, words: str = "") -> dict[str, Any]:
    """Return the draft with the value at a path settled, whether it is in doubt or not. WrongAnswer."""
    made = copy.deepcopy(dict(data))
    doubts = list_doubts(made)
    chosen = next((one for one in doubts if one["at"] == path), None)
    if chosen is None and path not in list_paths(data):
        raise WrongAnswer("review_empty")
    made["unsure"] = [chosen or {"at": path, "why": ""}, *(one for one in doubts if one is not chosen)]
    return settle(made, verdict, words)


def list_paths(data: Mapping[str, Any]) -> list[str]:
    """Return the paths of what graduates hear: first of each window the kind, the days and whom it is for."""
    windows = range(len(data.get("windows") or ()))
    firsts = [f"windows.{n}.{key}" for n in windows for key in ("kind", "from", "to", "cohorts")]
    return [*dict.fromkeys((*firsts, "contacts", *(one.at for one in list_heard(data))))]


def _is_needed(data: Mapping[str, Any], path: str) -> bool:
    """Return whether a notice must say something here: the end of a check or of corrections, or one of NEEDED."""
    kind = value_at(data, path.removesuffix(".to") + ".kind") if path.endswith(".to") else ""
    return path in NEEDED or path.rpartition(".")[2] in NEEDED_KEYS or kind in ("check", "correction")


def _is_reachable(data: Mapping[str, Any]) -> bool:
    """Return whether the desk that mistakes are reported to has a telephone, a mail or a chat."""
    office = data["routing"]["record"]
    rows = (row for row in data["contacts"] if row["id"] == office)
    return any(row.get("phones") or row.get("email") or row.get("im") for row in rows)


def write_draft(data: Mapping[str, Any]) -> str:
    """Return the draft as the text of a file."""
    return write_file(dict(data))


def _put(data: Any, path: str, value: Any) -> None:
    *ahead, last = path.split(".")
    target = value_at(data, ".".join(ahead)) if ahead else data
    if isinstance(target, list):
        target[int(last)] = value
    elif isinstance(target, dict):
        target[last] = value


def _read(data: Mapping[str, Any], path: str, words: str) -> Any:
    """Return what was typed as a value of this path. WrongAnswer."""
    if not words:
        raise WrongAnswer("review_empty")
    last = path.rsplit(".", 1)[-1]
    if last in ("from", "to", "issued_on"):
        return _read_day(data, words)
    if last == "kind":
        kind = next((kind for kind, label in LABELS.items() if words in (kind, label)), "")
        kind = kind or next((kind for kind, label in LABELS.items() if words in label), "")
        if not kind:
            raise WrongAnswer("review_kind")
        return kind
    if path == "contacts":
        return _read_contact(data, words)
    if path == "windows":
        return _read_windows(words)
    if path == "cohorts":
        return [{**dict(data["cohorts"][0]), "label": words[:30]}]
    if last == "cohorts":
        return _read_cohorts(data, words)
    text = words[:12] if path == "verdict.ok_button" else words[:290]
    return [text] if last in LISTS else text


def _read_day(data: Mapping[str, Any], words: str) -> date:
    issued = value_at(data, "notice.issued_on")
    whole, short = read_full_date(words), read_day(words, 0)
    day = whole[0] if whole else None
    if short and not whole:
        day, _ = YearSense(issued if isinstance(issued, date) else None).place(short)
    if day is None:
        raise WrongAnswer("review_day")
    return day


def _read_contact(data: Mapping[str, Any], words: str) -> list[dict[str, Any]]:
    desk = next(iter(find_desks(cut(f"联系电话\n{words}").body)), None)
    if desk is None:
        raise WrongAnswer("review_contact")
    role = desk.role or re.split(r"[\s，,:：]", words)[0]
    role = role if re.search(r"[\u4e00-\u9fff]", role) else value_at(data, "school.unit") or "学校"
    row = {"id": "office", "role": role, "person": desk.person or None, "phones": list(desk.phones)}
    row |= {"email": next(iter(desk.mails), None), "im": desk.im or None}
    row["topics"] = ["record", "correction", "deadline", "other", "photo"]
    kept = [other for other in data.get("contacts") or () if other["id"] != "office"]
    return [{key: value for key, value in row.items() if value}, *kept]


def _read_windows(words: str) -> list[dict[str, Any]]:
    windows: list[dict[str, Any]] = draft_notice(f"关于核对的通知\n{words}\n").notice["windows"]
    if not any(window["to"] for window in windows):
        raise WrongAnswer("review_windows")
    return windows


def _read_cohorts(data: Mapping[str, Any], words: str) -> list[str]:
    if words in EVERYBODY:
        return [EVERYONE]
    found = [row["id"] for row in data["cohorts"] if row["label"] in words or row["id"] == words]
    if not found:
        raise WrongAnswer("review_cohort")
    return found
