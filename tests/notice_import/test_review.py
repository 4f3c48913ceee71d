"""The doubts of a draft are settled one by one; with one left, nothing is published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.content.loading import load
from bot.content.problem import ContentProblem
from bot.notice_import.draft import draft_notice
from bot.notice_import.review import WrongAnswer, list_doubts, read_draft, settle, settle_at, value_at, write_draft
from tests.admin.admin_area import Newsroom, said
from tests.conftest import NOTICES

TEXT = """关于2031届毕业生核对学籍的通知
核对时间：2031年5月6日—5月12日。没有错点“正确”，有错点“有误”。
5月20日前带身份证到教务处更正信息。
某某学院教务处
2031年4月2日
"""


def test_each_doubt_is_right_changed_or_absent() -> None:
    data = read_draft(draft_notice(TEXT).yaml)
    assert [doubt["at"] for doubt in list_doubts(data)] == ["windows.1.to", "contacts"]
    with pytest.raises(WrongAnswer, match="review_day"):
        settle(data, "change", "下周")
    with pytest.raises(WrongAnswer, match="review_needed"):
        settle(data, "absent")
    data = settle(data, "change", "5月21日")
    assert value_at(data, "windows.1.to") == date(2031, 5, 21)
    with pytest.raises(WrongAnswer, match="review_needed"):
        settle(data, "right")
    with pytest.raises(WrongAnswer, match="review_contact"):
        settle(data, "change", "教务处的老师")
    data = settle(data, "change", "教务处学籍科 张老师 0550-1234567")
    (office,) = [row for row in data["contacts"] if row["id"] == data["routing"]["record"]]
    assert (office["role"], office["person"], office["phones"]) == ("教务处学籍科", "张老师", ["0550-1234567"])
    assert list_doubts(data) == []
    assert data["notice"]["status"] == "published"


def test_what_graduates_hear_is_changed_said_or_taken_back_whether_it_is_in_doubt_or_not() -> None:
    data = read_draft(draft_notice((NOTICES / "words" / "xiangnan.txt").read_text("utf-8")).yaml)
    while doubts := list_doubts(data):
        words = {"to": "2031-06-01", "contacts": "教务处 张老师 0550-1234567"}.get(doubts[0]["at"].split(".")[-1])
        data = settle(data, "change", words) if words else settle(data, "right")
    majors = next(n for n, row in enumerate(data["cohorts"]) if len(row.get("majors") or ()) > 1)
    before = data["cohorts"][majors]["majors"]
    data = settle_at(data, f"cohorts.{majors}.majors.0", "absent")
    assert data["cohorts"][majors]["majors"] == before[1:]
    data = settle_at(data, "contacts.0.room", "change", "行政楼 203")
    assert data["contacts"][0]["room"] == "行政楼 203"
    for path in ("contacts.0.role", "cohorts.0.label", "links.0.url"):
        with pytest.raises(WrongAnswer, match="review_needed"):
            settle_at(data, path, "absent")
    load({"notices/notice.yaml": write_draft(data)})


def test_all_values_that_are_in_doubt_for_one_reason_are_right_by_one_tap() -> None:
    data = read_draft(draft_notice((NOTICES / "words" / "jiangzhou.txt").read_text("utf-8")).yaml)
    data = settle(data, "same")
    assert [doubt["at"] for doubt in list_doubts(data)] == ["windows.2.from"]


@pytest.mark.parametrize("name", ["huayuan", "jingnan", "mingde", "xiangnan"])
def test_a_draft_is_refused_until_it_is_reviewed_and_passes_the_check_after(name: str) -> None:
    data = read_draft(draft_notice((NOTICES / "words" / f"{name}.txt").read_text("utf-8")).yaml)
    if list_doubts(data):
        hasty = write_draft(data | {"notice": data["notice"] | {"status": "published"}})
        with pytest.raises(ContentProblem, match="还有没看过的") as told:
            load({"notices/notice.yaml": hasty})
        assert sum("还有没看过的" in fault.text for fault in told.value.problems) == len(list_doubts(data))
    while doubts := list_doubts(data):
        try:
            data = settle(data, "same")
        except WrongAnswer:
            at = doubts[0]["at"]
            words = {"school.name": "某某学院", "contacts": "教务处 0550-1234567"}.get(at, f"{date(2031, 3, 20)}")
            data = settle(data, "change", words)
    data["school"]["unit"] = data["school"]["unit"] or "教务处"
    data["photo"] = {key: value for key, value in data.get("photo", {}).items() if key != "shows_after_days"}
    assert yaml.safe_load(write_draft(data)) == data
    load({"notices/notice.yaml": write_draft(data)})


async def test_in_the_chat_a_draft_is_walked_tap_by_tap_and_then_published(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    try:
        asked = await room.sends("通知.txt", TEXT)
        assert "还有 2 处要看" in said(asked)
        assert "原文：“5月20日前带身份证到教务处更正信息。”" in said(asked)
        draft = next(reply.attachment.content for reply in asked.replies if reply.attachment)
        assert "还有没看过的" in said(await room.sends("n.yaml", str(draft).replace("draft", "published"), "/faq"))
        assert "不能空着" in said(await room.presses(asked, "通知没写"))
        then = await room.presses(asked, "对")
        assert "还有 1 处要看" in said(then)
        assert "还有 1 处要看" in said(await room.presses(asked, "对")), "a button of an older question settles nothing"
        checked = await room.says("/faq set 教务处 张老师 0550-1234567")
        assert "检查通过" in said(checked)
        assert "已发布" in said(await room.presses(checked, "发布"))
        assert any(notice.school.name == "某某学院" for notice in room.knowledge.content.notices.values())
    finally:
        await room.close()
