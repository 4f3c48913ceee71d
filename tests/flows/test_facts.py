"""What a notice says, in words."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from flows.facts import facts, fill, placeholders
from flows.notice import Notice
from flows.scars import find_scars
from flows.windows import Window
from tests.conftest import another_notice, shipped
from tests.person import at

NOTICE = next(iter(shipped().notices.values()))
WORDS = shipped().phrases.facts


def told(
    notice: Notice = NOTICE,
    day: str = "2013-12-05",
    answers: Mapping[str, str] | None = None,
    wrong: Sequence[str] = (),
) -> dict[str, str]:
    return facts(notice, WORDS, answers or {}, wrong, at(day)).whole()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notice.issued_on", "2013年6月15日（周六）"),
        ("school.units", "成教院、成教部、成教部学籍管理办公室"),
        ("check.span", "2013年12月1日（周日）到2013年12月20日（周五）"),
        ("check.safe", "2013年12月19日（周四）"),
        ("correction.to", "2014年3月20日（周四）"),
        ("correction.safe", "2014年3月19日（周三）"),
        ("correction.from", "通知里没有写"),
        ("contact.name", "成教部学籍管理办公室张老师"),
        ("contact.phone", "0550-3055417"),
        ("contact.room", "通知里没有写"),
        ("contact.hours", "通知里没有写"),
        ("chsi.email", "kefu@chsi.com.cn"),
        ("account.unique", "邮箱、身份证号、手机号"),
        ("verdict.ok", "正确"),
        ("verdict.wrong", "通知里没有写"),
        ("verdict.proxy", "必须本人"),
        ("papers", "公安部门证明（原件、复印件）\n户口本（原件、复印件）\n身份证（原件、复印件）"),
        ("correction.working_days", "71"),
        ("me.major", "本届毕业生"),
        ("me.wrong", "学籍信息或照片"),
        ("me.clicked", "日期没有记下"),
        ("today", "2013年12月5日（周四）"),
    ],
)
def test_a_fact_of_the_shipped_notice(name: str, value: str) -> None:
    assert told()[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notice.attachments", "通知里没有写"),
        ("browser", "通知里没有写"),
        ("contact.name", "教务处李老师"),
        ("photo_contact.name", "摄影室王老师"),
        ("photo_contact.phone", "photo@example.edu.cn"),
        ("photo_contact.email", "photo@example.edu.cn"),
        ("verdict.on_mismatch", "按通知，先点“信息有误”，再向学校报告。"),
        ("photo.days", "采集以后15到30天才看得到照片。"),
        ("account.username", "手机号"),
        ("corrections.no_go", "通知里没有写"),
        ("conflicts", "通知里没有写"),
    ],
)
def test_a_fact_of_another_notice(name: str, value: str) -> None:
    assert told(another_notice())[name] == value


def test_both_notices_have_the_same_names() -> None:
    assert set(told()) == set(told(another_notice()))
    assert all(value for name, value in (told() | told(another_notice())).items() if not name.startswith("me."))


def test_a_cohort_without_grades_or_majors_has_no_empty_brackets() -> None:
    assert any(line.startswith("往届留级生") for line in told()["cohorts.list"].split("\n"))
    assert "（）" not in told()["cohorts.list"]
    assert "专科（2012级）：建筑工程管理、" in told()["cohorts.list"]


@pytest.mark.parametrize(
    ("answers", "wrong", "words"),
    [
        ({"field:姓名": "wrong"}, ["姓名"], "姓名"),
        ({"field:姓名": "wrong", "field:专业": "unsure"}, ["姓名", "专业"], "姓名、专业（拿不准）"),
        ({"photo": "wrong"}, ["photo"], "照片"),
        ({"photo": "missing"}, ["photo"], "照片（没有显示）"),
        ({"record": "missing"}, [], "学籍档案里看不到自己的学籍"),
        ({"record": "missing", "field:姓名": "wrong"}, ["姓名"], "姓名"),
        ({"record": "found"}, [], "学籍信息或照片"),
    ],
)
def test_what_is_wrong_is_named(answers: Mapping[str, str], wrong: Sequence[str], words: str) -> None:
    assert told(answers=answers, wrong=wrong)["me.wrong"] == words


def test_the_papers_and_refusals_are_those_of_what_is_wrong() -> None:
    birth = told(wrong=["出生日期"])
    assert birth["corrections.list"].startswith("出生日期变动：不得更改")
    assert "出生日期" not in told(wrong=["民族"])["corrections.list"]
    assert "户口本（原件、复印件2份）" in told(another_notice(), wrong=["姓名"])["papers"]
    assert "信息勘误表（表格）" in told(another_notice())["papers"]


def test_a_doubt_about_corrections_stands_with_the_refusals_and_others_do_not() -> None:
    refused = told()["corrections.no_go"]
    assert "两种读法" in refused
    assert "20日当天" not in refused
    assert "没有提到成教在校生" in told()["conflicts"]


def test_a_cohort_sees_its_own_window() -> None:
    notice = another_notice()
    law = told(notice, "2014-12-01", {"cohort": "law"})
    nurse = told(notice, "2014-12-01", {"cohort": "nurse"})
    assert law["check.span"] == "2014年12月1日（周一）08:00到2014年12月10日（周三）17:30"
    assert nurse["check.to"] == "2014年12月20日（周六）"
    assert nurse["check.safe"] == "2014年12月19日（周五）"
    assert "本科网上校对" not in nurse["windows.list"]
    assert told(notice, "2014-12-01", {"cohort": ""})["windows.list"].count("校对") == 2


def test_where_the_end_does_not_count_the_day_before_is_told_as_the_last() -> None:
    nurse = told(another_notice(), "2014-12-19", {"cohort": "nurse"})
    assert "今天（2014年12月19日（周五））是网上核对的最后一天" in nurse["clock"]
    assert (nurse["deadline"], nurse["days_left"]) == ("2014年12月19日（周五）", "0")


def test_a_second_look_without_an_end_is_told_as_such() -> None:
    *others, recheck, correction = another_notice().windows
    windows = (*others, recheck.model_copy(update={"closes": None}), correction)
    said = told(another_notice().model_copy(update={"windows": windows}), "2015-01-06")
    assert "到哪天为止通知里没有写" in said["clock"]
    assert "哪天截止通知里没有写" in said["clock.short"]
    assert not any("None" in value for value in said.values())


@pytest.mark.parametrize(
    ("day", "said", "short"),
    [
        ("2015-01-06", "到2015年1月9日（周五）为止，还有3天。报告过有误的", "改后复核进行中，还有3天"),
        ("2015-01-09", "是改后复核的最后一天", "今天是改后复核的最后一天"),
    ],
)
def test_a_second_look_is_for_those_who_reported_and_whoever_missed_the_first_is_late(
    day: str, said: str, short: str
) -> None:
    known = told(another_notice(), day)
    assert said in known["clock"]
    assert "还没有核对的" in known["clock"]
    assert short in known["clock.short"]


def test_the_days_left_to_correct_are_not_those_of_the_check() -> None:
    nurse = told(another_notice(), "2014-12-19", {"cohort": "nurse"})
    assert nurse["correction.days_left"] == "93"


@pytest.mark.parametrize(
    ("day", "left", "doubt"),
    [
        ("2013-12-19", "还有1天", "稳妥起见"),
        ("2013-12-20", "最后一天", "今天算不算在内"),
        ("2014-03-20", "最后一天", "今天算不算在内"),
    ],
)
def test_the_last_day_is_told_as_such(day: str, left: str, doubt: str) -> None:
    assert left in told(day=day)["clock"]
    assert doubt in told(day=day)["clock"]
    assert "还有0天" not in told(day=day)["clock"] + told(day=day)["clock.short"]


def test_where_the_end_is_certain_there_is_no_doubt() -> None:
    assert "稳妥起见" not in told(another_notice(), "2014-12-05", {"cohort": "law"})["clock"]


def test_working_days_run_to_the_end_of_the_correction() -> None:
    assert told(day="2014-03-14")["correction.working_days"] == "4"
    assert told(day="2014-03-20")["correction.working_days"] == "0"
    assert told(day="2026-11-24")["correction.working_days"] == "0"


def test_placeholders_are_found_and_filled() -> None:
    assert placeholders("{{ a.b }}和{{c}}，{d}") == ("a.b", "c")
    assert fill("{{ a.b }}和{{c}}，{d}\n", {"a.b": "甲", "c": "乙"}) == "甲和乙，{d}"
    with pytest.raises(KeyError, match="missing"):
        fill("{{ missing }}", {})


def test_a_fact_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    assert fill("{{ a }}", {"a": "{{ b }}", "b": "没有填进去"}) == "{{ b }}"


def test_a_clause_stands_or_falls_with_its_facts() -> None:
    known = ChainMap({"item.name": "姓名", "sentence": ""}, facts(NOTICE, WORDS, {}, (), at("2013-12-05")))
    assert fill("[[拍照费{{ photo.fee }}。]]核对[[{{ item.name }}]]", known) == "核对姓名"
    assert fill("[[带{{ photo.fee }}|问{{ contact.person }}]]。", known) == "问张老师。"
    assert fill("[[念：{{ sentence }}|没有话]]", known) == "没有话"
    with pytest.raises(KeyError):
        fill("[[{{ photo.fe }}]]", known)


@pytest.mark.parametrize(
    ("text", "scars"),
    [
        ("按⌀，上网核对。", 1),
        ("费用：⌀。", 0),
        ("记下了：，2013年", 1),
        ("30到30天以后", 1),
        ("点“”。", 1),
        ("等一等……再看。好，走吧！", 0),
        ("还剩{{ photo.fee }}", 1),
    ],
)
def test_scars_are_found(text: str, scars: int) -> None:
    assert bool(list(find_scars(text, "⌀"))) == bool(scars)


CAPTURE_FIRST = NOTICE.model_copy(
    update={
        "windows": tuple(
            Window.model_validate(row)
            for row in (
                {"id": "capture", "kind": "capture", "label": "图像采集", "from": "2030-03-01", "to": "2030-03-10"},
                {"id": "check", "kind": "check", "label": "网上核对", "from": "2030-05-01", "to": "2030-05-20"},
                {"id": "fetch", "kind": "collection", "label": "领证", "from": "2030-07-01", "to": "2030-07-01",
                 "time_from": "10:00"},
            )
        )
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "told_first"),
    [
        ("2030-02-20", "图像采集：2030年3月1日（周五）开始，还有9天。"),
        ("2030-03-01", "图像采集：2030年3月10日（周日）截止，还有9天。"),
        ("2030-03-10", "图像采集：今天（2030年3月10日（周日））是最后一天。"),
        ("2030-03-11", "网上核对还没开始"),
        ("2030-05-20", "今天（2030年5月20日（周一））是网上核对的最后一天"),
        ("2030-06-21", "领证：2030年7月1日（周一），还有10天。当天10:00开始。"),
    ],
)
def test_the_nearest_thing_leads_the_clock(day: str, told_first: str) -> None:
    assert told(CAPTURE_FIRST, day)["clock"].startswith(told_first)


def test_a_notice_without_a_check_runs_on_its_capture() -> None:
    notice = CAPTURE_FIRST.model_copy(update={"windows": CAPTURE_FIRST.windows[:1]})
    assert "图像采集的时间，2030年3月10日（周日）前要完成" in told(notice, "2030-03-05")["clock"]
    assert told(notice, "2030-03-05")["clock.short"] == "图像采集还有5天，最迟3月9日（周六）做完"
    assert "都已经截止" in told(notice, "2030-04-05")["clock"]


def test_who_has_not_chosen_yet_is_told_all_times_apart() -> None:
    first, second = (cohort.id for cohort in NOTICE.cohorts[:2])
    check = CAPTURE_FIRST.windows[1]
    later = check.model_copy(update={"id": "later", "cohorts": (second,), "closes": date(2030, 6, 1)})
    notice = CAPTURE_FIRST.model_copy(update={"windows": (check.model_copy(update={"cohorts": (first,)}), later)})
    said = told(notice, "2030-05-05")["clock"]
    assert "2030年5月20日" in said
    assert "2030年6月1日" in said
    assert "2030年6月1日" not in told(notice, "2030-05-05", {"cohort": first})["clock"]
