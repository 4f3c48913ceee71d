"""Single sentences of notices: how days, duties and desks are put, and for what and for whom they are."""

from __future__ import annotations

from datetime import date

import pytest

from bot.notice_import.draft import draft_notice
from tests.notice_import.drafts import SIGNED, spans


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("核对时间：即日起至六月三十日，逾期不予受理。", {"from": "2026-06-03", "to": "2026-06-30"}),
        (
            "未采集的，于6月10日上午9:00到图书馆报告厅补照。",
            {"kind": "recapture", "to": "2026-06-10", "time_from": "09:00"},
        ),
        (
            "核对时间：2026年6月16日—19日8:00—17:00",
            {"from": "2026-06-16", "to": "2026-06-19", "daily": ["08:00-17:00"]},
        ),
        (
            "签过字的核对表6月20日下午2:30-5:00交回教学楼。",
            {"kind": "paper_check", "from": "2026-06-20", "time_from": "14:30", "time_to": "17:00"},
        ),
        ("核对：6月9日下午5点半前", {"to": "2026-06-09", "time_to": "17:30", "end_inclusive": True}),
        ("核对时间：6月9日至6月12日24:00", {"to": "2026-06-12", "time_to": "24:00"}),
        ("10月8日起：开放学籍核对\n10月25日24时前：完成核对", {"from": "2026-10-08", "to": "2026-10-25"}),
        ("请在7月上旬登录学信网核对。", {"kind": "check", "from": "2026-07-01", "to": "2026-07-10"}),
        ("核对于12月28日至1月5日进行。", {"from": "2026-12-28", "to": "2027-01-05"}),
        ("6.16-6.18登录学信网核对", {"from": "2026-06-16", "to": "2026-06-18"}),
        ("请各学院通知毕业生于6月30日前上网核对。", {"kind": "check", "to": "2026-06-30"}),
        ("每人须在202612月6日-15日内核对", {"from": "2026-12-06", "to": "2026-12-15"}),
    ],
)
def test_ways_in_which_days_are_put(words: str, parts: dict[str, object]) -> None:
    (window,) = draft_notice(f"关于核对学籍的通知\n{words}{SIGNED}").as_json["notice"]["windows"]
    assert {key: window.get(key) for key in parts} == parts


@pytest.mark.parametrize(
    "words",
    [
        "各系6月30日前将勘误表汇总后交教务处。",
        "辅导员务必于6月30日前收齐核对表。",
        "材料由各教学点于6月30日前统一报送。",
        "6月30日16:00前学院把核对情况报到学籍科。",
        "核对情况统计表6月30日前上报。",
    ],
)
def test_what_staff_has_to_do_is_no_window_of_graduates(words: str) -> None:
    assert spans(draft_notice(f"关于核对学籍的通知\n{words}{SIGNED}")) == [("staff", None, None, "2026-06-30")]


@pytest.mark.parametrize(
    "words",
    [
        "端午节6月19日至21日放假，期间不办公。",
        "根据2025年9月1日起施行的办法（教学〔2025〕3号），现通知如下。",
        "预计2026年12月31日前答辩的学生也要参加。",
        "学籍科电话0451-82190000，QQ群123456789，账号17031101040020819。",
        "发布时间：2026-06-20 点击：120",
    ],
)
def test_what_is_no_window(words: str) -> None:
    assert spans(draft_notice(f"关于核对学籍的通知\n{words}{SIGNED}")) == []


@pytest.mark.parametrize(
    ("words", "ways"),
    [
        ("电话（0592）6181234　传真（0592）6181235", {"phones": ["0592-6181234"]}),
        ("洽询：教务处注册组　林老师　电话0592-6181234", {"role": "教务处注册组", "person": "林老师"}),
        ("学籍科 电话：0451-82190000（周一至周五 8:30—16:30）", {"hours": "周一至周五 8:30—16:30"}),
        ("电话：0451-82190000\n微信公众号：江北继教", {"im": "微信公众号：江北继教"}),
        ("办公地址：继续教育学院办公楼312室\n电话：0451-82190000", {"room": "继续教育学院办公楼312室"}),
    ],
)
def test_ways_in_which_a_desk_is_put(words: str, ways: dict[str, object]) -> None:
    (desk,) = draft_notice(f"关于核对学籍的通知\n核对时间：6月9日前\n{words}{SIGNED}").notice["contacts"]
    assert {key: desk.get(key) for key in ways} == ways


@pytest.mark.parametrize(
    ("words", "day", "doubted"),
    [
        ("请于10月19日（星期六）前登录学信网核对。", "2024-10-19", "原文没有写年份"),
        ("请于2025年10月19日（星期六）前登录学信网核对。", "2025-10-19", "对不上"),
        ("请于2025年10月18日（星期六）前登录学信网核对。", "2025-10-18", ""),
    ],
)
def test_a_weekday_decides_the_year_or_is_a_doubt(words: str, day: str, doubted: str) -> None:
    made = draft_notice(f"关于2025届毕业生核对学籍的通知\n{words}\n某某学院教务处\n")
    assert [window["to"] for window in made.as_json["notice"]["windows"]] == [day]
    whys = [doubt.why for doubt in made.unsure if doubt.at == "windows.0.to"]
    assert bool(whys) == bool(doubted)
    assert all(doubted in why for why in whys)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "集中采集：6月9日上午东校区，6月10日西校区；12日补拍。",
            {("capture", "2026-06-09"), ("capture", "2026-06-10"), ("recapture", "2026-06-12")},
        ),
        ("网上核对6月9日至6月20日，6月21日起系统关闭。", {("check", "2026-06-20")}),
        ("不合格的由辅导员通知学生6月12日前重拍。", {("recapture", "2026-06-12")}),
        ("国庆节后10月10日至12日在体育馆补拍。", {("recapture", "2026-10-12")}),
        ("学历信息于7月1日后可以在学信网查询。", {("register_public", "2026-07-01")}),
        ("务必于6月13日（星期六）上午8：30到综合楼大厅补采。", {("recapture", "2026-06-13")}),
        (
            "采集安排：南湖教学点的图像采集时间为6月9日，其余教学点为6月10日。",
            {("capture", "2026-06-09"), ("capture", "2026-06-10")},
        ),
        ("毕业生信息校对：6月9日照相时，学生现场校对《信息校对表》并签字。", {("paper_check", "2026-06-09")}),
        ("网上核对6月9日至6月20日，如6月25日仍未显示，请致电采集公司。", {("check", "2026-06-20")}),
        (
            "阶段\t时间\t学生要做的事\n图像采集\t6月5日—6月9日\t自行到采集点采集\n学籍核对\t6月12日—6月16日\t登录学信网核对",
            {("capture", "2026-06-09"), ("check", "2026-06-16")},
        ),
        ("照片不是自己的，6月13号下午在阶梯教室重照。", {("recapture", "2026-06-13")}),
        (
            "1.核对\n6月1日至6月5日核对。\n2.图像采集\n时间见下表：\n日期 | 学院\n6月8日 | 机械学院\n6月9日 | 文学院",
            {("check", "2026-06-05"), ("capture", "2026-06-08"), ("capture", "2026-06-09")},
        ),
        ("登录学信网校对个人信息，有错的6月18日下午下班前到212室找胡老师。", {("report", "2026-06-18")}),
    ],
)
def test_a_clause_says_for_what_its_own_days_are(words: str, expected: set[tuple[str, str]]) -> None:
    made = draft_notice(f"关于毕业生图像采集和学籍核对的通知\n{words}{SIGNED}").as_json["notice"]["windows"]
    assert {(window["kind"], window["to"] or window["from"]) for window in made} == expected


def test_a_day_without_its_month_goes_on_after_the_one_before_and_is_in_doubt() -> None:
    made = draft_notice(
        f"采集通知\n学校定于6月9日至11日拍照，安排如下：\n9日上午 中文系、历史系\n10日下午 数学系\n11日 补照{SIGNED}"
    )
    days = [(row["kind"], row["from"]) for row in made.as_json["notice"]["windows"]]
    assert days == [("capture", "2026-06-09"), ("capture", "2026-06-10"), ("recapture", "2026-06-11")]
    assert {f"windows.{n}.to" for n in range(3)} <= {doubt.at for doubt in made.unsure}
    assert {"中文系", "历史系", "数学系"} <= {row["label"] for row in made.notice["cohorts"]}


def test_hours_of_each_day_are_those_of_all_days_of_the_sentence_above() -> None:
    words = "拍照：6月9日、10日在东校区，南校区的同学11日在图书馆拍。每天8:00—11:30，14:30—18:00。"
    rows = draft_notice(f"图像采集通知\n{words}{SIGNED}").as_json["notice"]["windows"]
    assert [row["daily"] for row in rows] == [["08:00-11:30", "14:30-18:00"]] * 2


@pytest.mark.parametrize(
    ("words", "device"),
    [
        ("在学信网App“学籍学历—在校信息”里核对。", "app"),
        ("登录学信网（www.chsi.com.cn）或学信网App核对。", None),
        ("采集码在学信网App里下载。登录学信网核对。", None),
    ],
)
def test_where_the_check_is_done(words: str, device: str | None) -> None:
    made = draft_notice(f"关于核对学籍的通知\n6月9日前{words}{SIGNED}").as_json["notice"]
    assert made["entry_paths"][0].get("device") == device


@pytest.mark.parametrize(
    ("words", "closed"),
    [
        ("6月9日至6月20日到教务处办理更正（周末、节假日除外）。", ["weekends", "holidays"]),
        ("更正材料6月9日至6月20日交教务处，双休日不办。", ["weekends"]),
        ("更正材料6月9日至6月20日交教务处，过期不办。", None),
    ],
)
def test_days_on_which_nothing_is_done(words: str, closed: list[str] | None) -> None:
    (window,) = draft_notice(f"关于核对学籍的通知\n{words}{SIGNED}").as_json["notice"]["windows"]
    assert window.get("closed") == closed


COUNTED = "一、采集时间：2026年9月7日至9月11日\n二、核对时间：2026年9月21日至9月25日\n"


@pytest.mark.parametrize(
    ("words", "to", "rule", "doubted"),
    [
        ("三、采集结束后10日内，没采集的自行补采。", "2026-09-21", {"after": "capture", "days": 10}, False),
        (
            "三、信息有误的，于核对结束后3个工作日内提交更正材料。",
            "2026-09-30",
            {"after": "check", "workdays": 3},
            True,
        ),
        ("三、自本通知发布之日起5个工作日内报名。", "2026-06-10", {"after": "issued", "workdays": 5}, False),
        ("三、更正申请自公布结果之日起三日内提交。复核结果于2026年10月12日公布。", "2026-10-15", None, True),
    ],
)
def test_a_day_is_counted_from_what_it_says(words: str, to: str, rule: object, doubted: bool) -> None:
    made = draft_notice(f"关于毕业生图像采集和核对的通知\n{COUNTED}{words}{SIGNED}")
    n, window = next((n, w) for n, w in enumerate(made.as_json["notice"]["windows"]) if w["to"] == to)
    assert window.get("counted") == rule
    assert made.notice["windows"][n]["to"] == (rule or date.fromisoformat(to))
    assert (f"windows.{n}.to" in {one.at for one in made.unsure}) is doubted


@pytest.mark.parametrize(
    "words", ["请在发现问题后3天内告诉班主任。", "收到通知之日起5日内登录学信网。", "采集后约30天照片上网。"]
)
def test_what_each_one_counts_for_themselves_is_no_day(words: str) -> None:
    assert len(draft_notice(f"关于毕业生图像采集和核对的通知\n{COUNTED}{words}{SIGNED}").notice["windows"]) == 2


@pytest.mark.parametrize(
    ("words", "kind", "days"),
    [
        ("比对结果为“未通过”的，须于6月20日前提交材料，由学校复核。", "correction", (None, "2026-06-20")),
        ("6月9日—6月12日，学生登录学信网→学籍查询→学历照片确认。", "confirm_capture", ("2026-06-09", "2026-06-12")),
        ("如果信息有问题，请早点说。请把材料在6月20日前寄到学院。", "correction", (None, "2026-06-20")),
        ("核对时间：6月9日至6月12日。超过6月12日系统就关了。", "check", ("2026-06-09", "2026-06-12")),
    ],
)
def test_what_words_beside_the_days_say_of_them(words: str, kind: str, days: tuple[str | None, str]) -> None:
    (window,) = draft_notice(f"关于毕业生信息的通知\n{words}{SIGNED}").as_json["notice"]["windows"]
    assert (window["kind"], window["from"], window["to"]) == (kind, *days)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "采集：三年制学生6月10日—12日，五年一贯制学生6月15日。",
            {("三年制", "2026-06-10", "2026-06-12"), ("五年一贯制", "2026-06-15", "2026-06-15")},
        ),
        (
            "采集时间：6月13日（周六）\n上午（8:00-11:30）：畜牧兽医、农村经济管理；\n下午（13:30-17:00）：园林技术、会计。",
            {("畜牧兽医、农村经济管理", "2026-06-13", "2026-06-13"), ("园林技术、会计", "2026-06-13", "2026-06-13")},
        ),
        (
            "一、图像采集\n（一）全日制研究生\n6月9日至10日\n（二）非全日制研究生\n6月13日至14日",
            {("全日制研究生", "2026-06-09", "2026-06-10"), ("非全日制研究生", "2026-06-13", "2026-06-14")},
        ),
    ],
)
def test_days_belong_to_those_who_are_named_beside_above_or_behind_them(
    words: str, told: set[tuple[str, str, str]]
) -> None:
    made = draft_notice(f"关于毕业生图像采集的通知\n{words}{SIGNED}")
    assert {(who, begins, ends) for _, who, begins, ends in spans(made)} == told


def test_a_campus_behind_a_day_is_a_doubt_for_whom_it_is() -> None:
    made = draft_notice(
        f"关于毕业生图像采集的通知\n采集：6月9日9:00-16:00，仙林校区学海楼；6月10日9:00-11:00，随园校区101。{SIGNED}"
    )
    assert {one.at for one in made.unsure} >= {"windows.0.cohorts", "windows.1.cohorts"}


def test_papers_are_asked_for_as_originals_or_copies_and_some_kinds_have_their_own() -> None:
    made = draft_notice(
        "关于核对学籍的通知\n信息有误的，6月20日前提交《勘误表》、身份证和户口簿的复印件。\n"
        f"前置学历未通过的，6月22日前提供《学历认证报告》。\n{SIGNED}"
    )
    own, general = made.notice["corrections"]
    assert (own["kind"], own["window"]) == ("前置学历", "correction-2")
    papers = {paper["name"]: paper["original"] for paper in general["documents"]}
    assert papers == {"勘误表": True, "身份证": False, "户口簿": False}
    assert general["window"] == "correction"


def test_a_draft_says_how_to_report_and_where_diplomas_are_handed_out() -> None:
    made = draft_notice(
        "关于核对学籍的通知\n1. 照片有误的，6月20日前联系辅导员。\n"
        f"2. 毕业证7月1日起发放，凭身份证到行政楼103领取，代领须持委托书。\n{SIGNED}"
    )
    assert made.notice["report"]["how"] == "照片有误的，6月20日前联系辅导员"
    collection = made.notice["collection"]
    assert (collection["where"], collection["proxy"]) == ("行政楼103", "代领须持委托书")
    assert collection["documents"] == [{"name": "身份证", "copies": 0}]
