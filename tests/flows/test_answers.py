"""What the readers make of typed words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from faq.sounds import units
from flows.answers import READERS, Scene, ValueReading, plain
from flows.date_words import UNDATED
from flows.model import Reads
from flows.notice import Notice
from tests.conftest import another_notice, shipped

NOTICE = next(iter(shipped().notices.values()))
TODAY = date(2013, 12, 5)
MAJORS = [(major, c.id) for c in NOTICE.cohorts for major in c.majors]


def read(
    reader: str,
    text: str,
    *,
    today: date = TODAY,
    notice: Notice = NOTICE,
    offer: tuple[str, ...] = ("今天", "昨天", "前天"),
    **answers: str,
) -> ValueReading | None:
    scene = Scene(Reads(reader=reader, into="clicked", offer=offer), notice, answers, today)
    return READERS[reader].read(text, scene, READERS[reader].options(scene))


def day(text: str, today: date = TODAY) -> str | None:
    reading = read("day", text, today=today)
    return (reading.refused or reading.answers.get("clicked")) if reading else None


@pytest.mark.parametrize(
    ("text", "clicked"),
    [
        ("今天", "2013-12-05"),
        ("今天点的", "2013-12-05"),
        ("刚才", "2013-12-05"),
        (" 昨天。", "2013-12-04"),
        ("昨晚", "2013-12-04"),
        ("前天", "2013-12-03"),
        ("大前天", "2013-12-02"),
        ("TODAY", "2013-12-05"),
        ("12月5日", "2013-12-05"),
        ("12月1号", "2013-12-01"),
        ("12.5", "2013-12-05"),
        ("12/3", "2013-12-03"),
        ("12-4", "2013-12-04"),
        ("１２月４日", "2013-12-04"),
        ("2013-12-05", "2013-12-05"),
        ("2013年12月5日", "2013-12-05"),
        ("2013/12/5", "2013-12-05"),
        ("2013.12.5", "2013-12-05"),
        ("5号", "2013-12-05"),
        ("3日", "2013-12-03"),
    ],
)
def test_a_date_is_read_as_people_type_it(text: str, clicked: str) -> None:
    assert day(text) == clicked


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2月30日", "no_such_day"),
        ("13月1日", "no_such_day"),
        ("0月0日", "no_such_day"),
        ("32号", "no_such_day"),
        ("2013-02-29", "no_such_day"),
        ("6号", "day_to_come"),
        ("12月6日", "day_to_come"),
        ("2014-01-01", "day_to_come"),
        ("2012-05-01", "day_long_ago"),
        ("1912-12-05", "day_long_ago"),
    ],
)
def test_a_date_that_cannot_be_is_refused(text: str, why: str) -> None:
    assert day(text) == why


@pytest.mark.parametrize("text", ["5", "12", "", "。", "什么时候截止", "12月", "明天", "0550-3055417"])
def test_what_is_no_date_is_left_to_others(text: str) -> None:
    assert day(text) is None


@pytest.mark.parametrize(
    ("text", "today", "clicked"),
    [
        ("12月20日", date(2014, 1, 3), "2013-12-20"),
        ("12.5", date(2014, 3, 1), "2013-12-05"),
        ("1月3日", date(2014, 1, 3), "2014-01-03"),
        ("1月9日", date(2014, 1, 3), "day_to_come"),
        ("2月29日", date(2014, 1, 3), "no_such_day"),
        ("2013年12月31日", date(2014, 1, 3), "2013-12-31"),
    ],
)
def test_after_new_year_december_is_last_years(text: str, today: date, clicked: str) -> None:
    assert day(text, today) == clicked


@pytest.mark.parametrize("text", ["记不清了", "忘了是哪天", "想不起来"])
def test_whoever_cannot_remember_the_day_goes_on_without(text: str) -> None:
    assert day(text) == UNDATED


@pytest.mark.parametrize("text", ["今天能点吗", "我今天准备点", "20号截止"])
def test_a_question_a_plan_and_a_deadline_are_no_day(text: str) -> None:
    assert day(text) is None


def test_days_between_which_the_words_do_not_decide_are_offered_without_those_to_come() -> None:
    reading = read("day", "4号还是5号还是6号")
    assert reading
    assert [option.text for option in reading.offered] == ["2013-12-04", "2013-12-05"]
    assert not reading.answers


def test_of_two_days_the_one_that_can_be_is_taken() -> None:
    assert day("5号6号") == "2013-12-05"


def test_the_parts_that_were_read_are_known() -> None:
    reading = read("day", "昨天晚上点的，照片呢")
    assert reading
    assert reading.spans == ((0, 4),)
    level = read("level", "安财会计，照片呢")
    assert level
    assert (level.spans, level.answers["cohort"]) == (((0, 2), (2, 4)), "ancai")


def test_majors_between_which_the_words_do_not_decide_are_offered() -> None:
    reading = read("level", "会计")
    assert reading
    assert [option.text for option in reading.offered] == ["会计电算化", "会计学（安徽财经大学）"]
    assert read("major", "会计", level="专科") == ValueReading(
        {"level": "专科", "cohort": "zhuanke", "major": "会计电算化"}, spans=((0, 2),)
    )


def test_a_school_alone_is_kept_and_leaves_its_majors_to_choose_from() -> None:
    reading = read("level", "在安财读的升本 课早上完了")
    assert reading
    assert reading.answers == {"level": "专升本", "cohort": "ancai", "major": ""}
    scene = Scene(Reads(reader="major", into="clicked", offer=()), NOTICE, reading.answers, TODAY)
    majors = READERS["major"].options(scene)
    assert [option.answers["major"] for option in majors] == ["会计学", "工商管理"]
    assert READERS["major"].read("会计", scene, majors) == ValueReading(majors[0].answers, spans=((0, 2),))
    other = READERS["major"].read("土木工程", scene, majors)  # whoever was wrong about the school
    assert other
    assert other.answers["cohort"] == "angong"


@pytest.mark.parametrize(
    ("text", "answer"),
    [("额是大专 刚才点岔了", "专科"), ("我是上一届挂科掉下来的", "往届留级生"), ("不是升本的 就普通大专", "专科")],
)
def test_what_is_asked_for_is_found_among_other_words(text: str, answer: str) -> None:
    reading = read("level", text)
    assert reading
    assert answer in (reading.answers["level"], reading.answers["major"])


def test_what_stands_among_unknown_words_is_offered_where_a_major_is_asked_for() -> None:
    reading = read("major", "搞建筑技术的工地 天天蹲", level="专科")
    assert reading
    assert [option.answers["major"] for option in reading.offered] == ["建筑工程技术"]


def test_a_major_is_known_by_its_sound_where_sounds_are_given() -> None:
    scene = Scene(Reads(reader="level"), NOTICE, {}, TODAY)
    options = READERS["level"].options(scene)
    assert READERS["level"].read("gongcheng zaojia", scene, options) is None
    heard = READERS["level"].read("gongcheng zaojia", replace(scene, sounds=units), options)
    assert heard
    assert heard.answers["major"] == "工程造价"


def test_the_offered_days_count_back_from_today() -> None:
    scene = Scene(Reads(reader="day", into="clicked", offer=("今天", "昨天")), NOTICE, {}, date(2014, 1, 1))
    offered = [(option.text, option.answers["clicked"]) for option in READERS["day"].options(scene)]
    assert offered == [("今天", "2014-01-01"), ("昨天", "2013-12-31")]


@pytest.mark.parametrize(("major", "cohort"), MAJORS)
def test_every_major_is_known_by_its_name(major: str, cohort: str) -> None:
    reading = read("level", f"我是{major}专业的")
    assert reading
    assert (reading.answers["major"], reading.answers["cohort"]) == (major, cohort)


@pytest.mark.parametrize(("major", "cohort"), [m for m in MAJORS if len(m[0]) >= 5])
def test_every_longer_major_survives_one_wrong_letter(major: str, cohort: str) -> None:
    for n in range(len(major)):
        for slip in (major[:n] + "错" + major[n + 1 :], major[:n] + major[n + 1 :]):
            reading = read("level", slip)
            assert reading is None or reading.answers["major"] == major, slip
        assert read("level", major[:n] + "错" + major[n + 1 :]) or n in (4, 5), (major, n)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("专科", {"level": "专科", "cohort": "", "major": ""}),
        ("专科的", {"level": "专科", "cohort": "", "major": ""}),
        ("我是专升本的", {"level": "专升本", "cohort": "", "major": ""}),
        ("往届留级生", {"level": "专科", "cohort": "held-back", "major": "往届留级生"}),
        ("会计电算", {"level": "专科", "cohort": "zhuanke", "major": "会计电算化"}),
        ("2012级会计学", {"level": "专升本", "cohort": "ancai", "major": "会计学"}),
        ("土木工程(安徽工程大学)", {"level": "专升本", "cohort": "angong", "major": "土木工程"}),
    ],
)
def test_a_level_or_a_major_is_understood(text: str, answers: dict[str, str]) -> None:
    reading = read("level", text)
    assert reading
    assert reading.answers == answers


@pytest.mark.parametrize(
    "text", ["幼儿教育", "机械", "自动化", "工程", "会计", "", "？", "哪些专业要核对", "留级生要不要核对"]
)
def test_an_unknown_or_doubtful_major_is_never_guessed(text: str) -> None:
    for reader in ("level", "major"):
        reading = read(reader, text)
        assert reading is None or (not reading.answers and len(reading.offered) > 1)


def test_a_major_of_another_level_is_not_taken_at_the_major_step() -> None:
    assert read("major", "土木工程", level="专科") is None
    assert read("major", "土木工程", level="专升本")


def test_the_same_major_in_two_cohorts_is_told_apart() -> None:
    rows = [cohort.model_copy(update={"majors": ("会计学",)}) for cohort in NOTICE.cohorts if cohort.majors]
    notice = NOTICE.model_copy(update={"cohorts": tuple(rows)})
    scene = Scene(Reads(reader="major"), notice, {}, TODAY)
    texts = [option.text for option in READERS["major"].options(scene)]
    assert len(set(texts)) == len(texts) == 3
    reading = read("major", "会计学", notice=notice)
    assert reading
    assert ([option.text for option in reading.offered], reading.answers) == (texts, {})
    assert read("major", texts[0], notice=notice)


def test_levels_come_once_each_and_a_cohort_without_majors_by_its_label() -> None:
    scene = Scene(Reads(reader="level"), NOTICE, {}, TODAY)
    assert [option.text for option in READERS["level"].options(scene)] == ["专科", "往届留级生", "专升本"]
    assert [o.text for o in READERS["level"].options(Scene(Reads(reader="level"), another_notice(), {}, TODAY))] == [
        "本科",
        "专科",
    ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("NO.00298959", ["00298959", "298959"]),
        ("no00298959", ["00298959", "298959"]),
        ("ＮＯ．００２９８９５９", ["00298959", "298959"]),
        ("编号是 00298959 吗", ["00298959", "298959"]),
        ("0029 8959", ["00298959", "298959"]),
        ("0029-8959", ["00298959", "298959"]),
        ("982456", ["982456"]),
        ("982456和NO.00298959", ["982456", "00298959", "298959"]),
        ("00000", ["00000"]),
    ],
)
def test_an_old_certificate_number_has_these_ways(text: str, numbers: list[str]) -> None:
    reading = read("certificate", text)
    assert reading
    assert reading.heard == "old"
    assert reading.facts["heard.numbers"].split("\n") == numbers
    assert not reading.answers


@pytest.mark.parametrize(
    ("text", "heard", "refused"),
    [
        ("34112005001234567", "new", None),
        ("341120050012345678", "new", None),
        ("3411 2005 0012 3456 78", "new", None),
        ("1234567890123456", "old", None),
        ("3411200500123456789", None, "no_such_number"),
        ("1" * 300, None, "no_such_number"),
    ],
)
def test_a_long_certificate_number_is_new_or_too_long(text: str, heard: str | None, refused: str | None) -> None:
    reading = read("certificate", text)
    assert reading
    assert (reading.heard, reading.refused) == (heard, refused)


@pytest.mark.parametrize("text", ["两个编号填哪个", "1234", "2001年", "", "NO."])
def test_no_number_is_a_question(text: str) -> None:
    assert read("certificate", text) is None


def test_plain_words_are_bare_of_width_case_and_signs() -> None:
    assert plain("　Ｏ Ｋ！，好的。👍") == "ok好的"
