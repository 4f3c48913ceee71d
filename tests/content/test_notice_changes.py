"""Whoever publishes a notice anew reads what changed in it, not which file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.content.files import list_changes
from flows.notice import Notice
from tests.conftest import another_notice, both_notices, only_another


def changes(**sections: Any) -> list[str]:
    """Return what is told when these sections of the notice are edited."""
    before = only_another()
    tree = another_notice().model_dump(by_alias=True)
    for section, edit in sections.items():
        tree[section] = edit(tree[section])
    notice = Notice.model_validate(tree)
    after = replace(before, notices={notice.id: notice})
    told = list_changes(before, after, {"notices/a.yaml": "1"}, {"notices/a.yaml": "2"})
    sentences = before.phrases.admin.change
    return [sentences[kind].format(title=title, text=text) for kind, title, text in told]


def first(rows: Any, **values: Any) -> list[Any]:
    return [{**rows[0], **values}, *rows[1:]]


def test_a_changed_deadline_a_new_telephone_and_a_button_are_told_as_such() -> None:
    notice = another_notice()
    window, desk = notice.windows[0], notice.contacts[0]
    assert window.closes
    told = changes(
        windows=lambda rows: first(rows, to="2015-12-31"),
        contacts=lambda rows: first(rows, phones=["0551-7654321"]),
        verdict=lambda row: {**row, "ok_button": "确认"},
    )
    assert told[0].startswith(f"“{window.label}”：")
    assert "→" in told[0]
    assert "2015年12月31日" in told[0]
    assert told[1] == f"{desk.role}{desk.person or ''}：电话：{'、'.join(desk.phones)} → 0551-7654321"
    assert told[2] == "通知里的 verdict 改了"
    assert len(told) == 3


@pytest.mark.parametrize(
    ("section", "said"), [("windows", "去掉了时间“"), ("contacts", "去掉了联系人"), ("cohorts", "去掉了一类毕业生“")]
)
def test_a_row_that_is_gone_is_told(section: str, said: str) -> None:
    told = changes(**{section: lambda rows: rows[1:]})
    assert told[0].startswith(said)
    assert len(told) == 1


def test_without_a_change_nothing_is_told_but_the_file() -> None:
    assert changes(links=lambda rows: rows) == ["文件 notices/a.yaml 改了"]


def test_closed_days_and_the_rule_for_the_late_are_told_too() -> None:
    (told,) = changes(windows=lambda rows: first(rows, closed=["weekends"]))
    assert "周末不办" in told
    (told,) = changes(windows=lambda rows: first(rows, quote="原文换了一句"))
    assert told.endswith("改了")


def test_a_second_notice_in_force_is_said() -> None:
    told = list_changes(only_another(), both_notices(), {"notices/a.yaml": "1"}, {"notices/b.yaml": "2"})
    (several,) = [title for kind, title, _ in told if kind == "notices_several"]
    assert several.count("、") == 1
