"""Tables and timetables as they are pasted from pages: who has to do what on which days."""

from __future__ import annotations

import pytest

from bot.notice_import.draft import draft_notice
from bot.notice_import.sentences import cut
from bot.notice_import.tables import RowSentence, spell_out

HEAD = "某某学院关于2027届毕业生图像采集和学籍核对的通知\n各位同学：\n"
SIGNED = "\n某某学院教务处\n2026年9月1日"
Told = list[tuple[str, str | None, str | None, str | None]]


def tell(body: str) -> Told:
    """Windows and duties of a drafted notice: kind, audience, first and last day."""
    notice = draft_notice(HEAD + body + SIGNED).as_json["notice"]
    labels = {row["id"]: row["label"] for row in notice["cohorts"]}
    duties = [("staff", None, row["from"], row["to"]) for row in notice.get("staff", {}).get("duties", ())]
    return [
        (row["kind"], row["audience"] and "、".join(labels[one] for one in row["audience"]), row["from"], row["to"])
        for row in notice["windows"]
    ] + duties


BY_ROW: Told = [
    ("capture", "东校区", "2026-10-12", "2026-10-13"),
    ("capture", "西校区", "2026-10-14", "2026-10-14"),
]
BY_CELL: Told = [
    ("capture", "东校区", "2026-10-12", "2026-10-12"),
    ("capture", "西校区", "2026-10-14", "2026-10-14"),
    ("check", "东校区", "2026-11-02", "2026-11-06"),
    ("check", "西校区", "2026-11-09", "2026-11-13"),
]
BY_WHO: Told = [
    ("capture", None, "2026-10-12", "2026-10-16"),
    ("check", None, "2026-11-02", "2026-11-20"),
    ("staff", None, None, "2026-11-25"),
]


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("校区\t采集日期\t地点\n东校区\t2026年10月12日-13日\t礼堂\n西校区\t2026年10月14日\t体育馆", BY_ROW),
        ("校区\n采集日期\n地点\n东校区\n2026年10月12日-13日\n礼堂\n西校区\n2026年10月14日\n体育馆", BY_ROW),
        ("东校区：2026年10月12日-13日图像采集\n西校区：2026年10月14日图像采集", BY_ROW),
        ("图像采集：2026年10月12日-13日 东校区；2026年10月14日 西校区。", BY_ROW),
        (
            (
                "| 事项 | 东校区 | 西校区 |\n| --- | --- | --- |\n| 图像采集 | 2026年10月12日 | 2026年10月14日 |\n"
                "| 学信网核对 | 2026年11月2日-6日 | 2026年11月9日-13日 |"
            ),
            BY_CELL,
        ),
        (
            (
                "校区\t图像采集\t学信网核对\n东校区\t2026年10月12日\t2026年11月2日-6日\n"
                "西校区\t2026年10月14日\t2026年11月9日-13日"
            ),
            BY_CELL,
        ),
        (
            (
                "时间\t工作\t责任人\n2026.10.12—10.16\t图像采集\t学生处、各系\n2026.11.2—11.20\t网上核对\t学生\n"
                "2026.11.25前\t汇总核对情况报教务处\t各系"
            ),
            BY_WHO,
        ),
    ],
    ids=["tabs", "a cell a line", "place first", "place behind", "matrix", "matrix turned round", "who does it"],
)
def test_a_table_says_who_has_to_do_what_on_which_days(pasted: str, expected: Told) -> None:
    assert sorted(tell(pasted), key=str) == sorted(expected, key=str)


def test_what_happened_to_somebody_is_no_group_and_a_cell_above_is_carried_down() -> None:
    told = tell(
        "阶段\t时间\t对象\n图像采集\t2026年10月12日\t全体毕业生\n补采集\t2026年10月20日\t漏采学生\n提交更正材料\t2026年11月23日前\t信息有误者"
    )
    assert [(kind, audience) for kind, audience, *_ in told] == [
        ("capture", None), ("recapture", None), ("correction", None),
    ]  # fmt: skip
    rows = spell_out(cut(HEAD + "校区\t采集时间\n东校区\t10月12日8:00-12:00\n\t10月13日8:00-12:00" + SIGNED).body)
    assert [one.audience for one in rows if isinstance(one, RowSentence)][:1] == [("东校区",)]


def test_words_about_the_next_days_do_not_colour_these_and_a_subject_goes_on() -> None:
    told = tell(
        "学生请于11月20日前完成核对，照片有误的于11月24日前报告班主任。\n"
        "各学院11月9日前反馈采集情况，11月26日前将更正材料寄到学校。\n"
        "11月20日24:00系统自动停止后无法校对。\n"
        "截至9月1日，仍有20名学生未登录学信网核对。\n"
        "图像校对时间由原来的10月2日至10月9日，调整为11月2日至11月20日。"
    )
    assert ("check", None, "2026-11-02", "2026-11-20") in told
    assert [row for row in told if row[0] == "report"] == [("report", None, None, "2026-11-24")]
    assert [row[3] for row in told if row[0] == "staff"] == ["2026-11-09", "2026-11-26"]
    assert not [row for row in told if row[3] in ("2026-09-01", "2026-10-09")]


def test_nothing_begins_at_midnight() -> None:
    notice = draft_notice(HEAD + "学信网核对：11月20日24:00系统停止，请及时核对。" + SIGNED).notice
    assert [(row["to"].isoformat(), row.get("time_to"), row.get("time_from")) for row in notice["windows"]] == [
        ("2026-11-20", "24:00", None)
    ]


def test_departments_alone_behind_a_day_have_days_of_their_own() -> None:
    told = tell("图像采集\n2026年10月12日：电力系；10月13日：机电系、信息系；10月14日上午：管理系。")
    assert told == [
        ("capture", "电力系", "2026-10-12", "2026-10-12"),
        ("capture", "机电系、信息系", "2026-10-13", "2026-10-13"),
        ("capture", "管理系", "2026-10-14", "2026-10-14"),
    ]
