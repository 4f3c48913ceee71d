"""The course that typed words mean, in the shipped notice and in those of other colleges."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.sounds import units
from flows.course_names import FULL, names_of, words_of
from flows.majors import SURE, CourseFound, find_course
from flows.notice import Cohort, Notice
from flows.words import LIMIT
from tests.conftest import another_notice, shipped

NOTICE = next(iter(shipped().notices.values()))


def find(text: str, notice: Notice = NOTICE, **within: str) -> CourseFound | None:
    return find_course(text, notice, units, within)


def values(text: str, notice: Notice = NOTICE, **within: str) -> str:
    """`cohort/major` as far as the words decide; `-` when nothing is named, a question is asked, or it is not sure."""
    found = find(text, notice, **within)
    if found is None or found.asked or found.chance < SURE:
        return "-"
    return f"{found.values.get('cohort', '')}/{found.values.get('major', '')}"


def college(*cohorts: Cohort) -> Notice:
    return another_notice().model_copy(update={"cohorts": cohorts})


@pytest.mark.parametrize(
    ("course", "texts"),
    {
        "zhuanke/会计电算化": (
            "会计电算化,电算化,会计电算,会计电算话,会计电算花,大专会计,大专会记,dazhuan kuaiji,"
            "专科學會計,我大专学的会计"
        ),
        "zhuanke/工程造价": "造价,工程造架,12级大专的造价,gongcheng zaojia,工程造价专业的学生,工程预算",
        "zhuanke/机电一体化技术": "机电,机电一体化,機電一體化,机电一体华技术,jidian,机店,大专学的机电,机错一体化技术",
        "zhuanke/建筑工程管理": "建工管理,建筑管理,建管,工程管理专科,我是建工管理班的",
        "zhuanke/建筑工程技术": "建筑技术,工民建,建筑工程错术,不是建筑工程管理，是建筑工程技术",
        "zhuanke/经济管理": "经管,经管系,经济管理大专12级的，现在在上海打工,我是经济管理的班长",
        "zhuanke/市场营销": "营销,市厂营销,市营,我就是一个学市场营销的老大姐,shichang yingxiao",
        "zhuanke/计算机信息管理": "信管,计算机管理,计算机 专科,计算机信息,大专计算机专业",
        "zhuanke/电力系统自动化技术": "电力,电力系统,电力自动化,電力系統自動化 專科",
        "zhuanke/机械设计与制造": "机械专科,机械设计制造,大专机制",
        "zhuanke/": "专科,大专,我不是专升本的 我是专科,我是大专的,函授大专,大转,zhuanke",
        "ancai/会计学": (
            "会计学,会计专升本,专升本会计 安财的,本科会计,财大会计,安才会计,zsb kuaiji,不是会计电算化，是会计学"
        ),
        "ancai/工商管理": "工商,安财的工商,gongshang guanli ancai,工商企业管理,不是会计学，是工商管理",
        "ancai/": "安财,安徽财大的,安徽财贸学院,安徽財經大學,ancai",
        "angong/土木工程": "土木,我读的是土木 安工专升本,不是安财的会计 是安工的土木,tumu,土建",
        "angong/计算机科学与技术": "计科,计算机专升本,计算机科学,jisuanji kexue yu jishu",
        "angong/机械设计制造及其自动化": (
            "机械自动化,专升本机械设计制造,安工大的 学机械的,机械设计制造及自动化,機械設計製造及其自動化"
        ),
        "angong/电气工程及其自动化": "电气,电气自动化,安徽工程大学学电气的,电气工程自动化",
        "angong/": "安工大,安徽工程大学的,安徽机电学院",
        "held-back/": "留级,往届生,往届的 留级了,我留级的,延期毕业,留级生",
        "/": "专升本,会计,12级会计,机械,自动化,管理,工程,计算机,kuaiji,本科,专生本",
    }.items(),
)
def test_a_course_is_found_as_people_type_it(course: str, texts: str) -> None:
    for text in texts.split(","):
        assert values(text) == course, text


NO_COURSE = """
护理专业的 我学的物流 幼儿教育 行政管理 人力资源管理 学计算机应用的 电子商务 经济困难没交学费 用手机还是计算机
几点 尽管 专升本学费 我朋友是专升本的 11级会计 不是会计 安大的 合肥工业大学 我是安徽的 没有我的专业 电工证
12月5日 你好 工地管理员 会计专业要核对吗 留级生要不要核对 大专能考公务员吗 市场菅销
"""


@pytest.mark.parametrize(
    "text",
    NO_COURSE.split(),
)
def test_what_names_no_course_for_sure_is_not_taken(text: str) -> None:
    assert values(text) == "-"


def test_a_short_name_with_a_wrong_character_is_only_offered() -> None:
    found = find("市场菅销")
    assert found
    assert (found.values["major"], found.chance < SURE) == ("市场营销", True)


@pytest.mark.parametrize(
    ("text", "parts", "asked"),
    [
        ("安财的工商管理 网站几点关", ["安财", "工商管理"], False),
        ("专科市场营销，能不能晚几天", ["专科", "市场营销"], False),
        ("ＺＳＢ 會計學", ["ＺＳＢ", "會計學"], False),
        ("专业叫什么来着哦对了计算机信息管理", ["计算机信息管理"], False),
        ("不是会计学，是工商管理", ["工商管理"], False),
        ("会计专业要核对吗", ["会计"], True),
        ("ancai kuaiji", ["ancai", "kuaiji"], False),
    ],
)
def test_the_parts_that_name_a_course_are_known(text: str, parts: list[str], asked: bool) -> None:
    found = find(text)
    assert found
    assert ([text[slice(*span)] for span in found.spans], found.asked) == (parts, asked)


def test_what_was_answered_before_narrows_the_candidates() -> None:
    assert values("会计", level="专科") == "zhuanke/会计电算化"
    assert values("会计", cohort="ancai") == "ancai/会计学"
    assert values("土木", level="专科") == "-"


def test_candidates_come_in_the_order_of_the_notice_with_their_level() -> None:
    found = find("机械")
    assert found
    assert [course.major for course in found.courses] == ["机械设计与制造", "机械设计制造及其自动化"]
    assert found.level is None
    level = find("专升本的")
    assert level
    assert (level.level, set(level.said), dict(level.values)) == ("专升本", {"level"}, {})


def test_a_contradiction_is_not_sure() -> None:
    found = find("大专会计学")
    assert found
    assert found.chance < SURE


def test_without_sounds_names_are_known_as_written() -> None:
    assert find_course("工程造架", NOTICE) != find("工程造架")
    assert find_course("造价", NOTICE) == find("造价")


EAST = Cohort(
    id="east",
    label="高起本（东校区）",
    level="高起本",
    grades=("2022级",),
    majors=("法学", "会计学"),
    sites=("东校区",),
)
SOUTH = Cohort(
    id="south",
    label="专升本（江南教学点）",
    level="专升本",
    grades=("2024级",),
    majors=("会计学", "护理学"),
    partner_school="江南医学院",
    sites=("江南教学点",),
    aliases={"护理学": ("高护",), "江南教学点": ("河西",)},
)
LATE = Cohort(id="late", label="延期毕业生", level="高起本")


@pytest.mark.parametrize(
    ("text", "course"),
    [
        ("会计", "/会计学"),
        ("高起本会计", "east/会计学"),
        ("专升本的会计", "south/会计学"),
        ("24级会计", "south/会计学"),
        ("东校区", "east/"),
        ("河西 会计", "south/会计学"),
        ("江南医的", "south/"),
        ("护理", "south/护理学"),
        ("高护", "south/护理学"),
        ("法律", "-"),
        ("本科", "/"),
        ("延期", "late/"),
        ("延期毕业生", "late/"),
        ("23级会计", "-"),
    ],
)
def test_another_college_needs_no_line_of_code(text: str, course: str) -> None:
    assert values(text, college(EAST, SOUTH, LATE)) == course


def test_every_course_of_another_notice_is_known_by_its_name() -> None:
    for notice in (another_notice(), NOTICE):
        for cohort in notice.cohorts:
            for major in cohort.majors:
                assert values(f"我学{major}的", notice) == f"{cohort.id}/{major}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("机械设计制造及其自动化", "机械 设计 制造 自动化"),
        ("计算机科学与技术", "计算机 科学 技术"),
        ("机电一体化技术", "机电 一体化 技术"),
        ("大数据与会计", "大数据 会计"),
        ("应用化学", "应用 化学"),
        ("安徽财经大学", "安徽 财经 大学"),
        ("会计学（注册会计师）", "会计 学 注册 会计 师"),
    ],
)
def test_a_name_is_cut_into_words(name: str, words: str) -> None:
    assert " ".join(words_of(name)) == words


NAMES = names_of(NOTICE.cohorts, units)


@given(
    form=st.sampled_from(sorted(NAMES.written)),
    before=st.sampled_from(["", "我是", "我学的是"]),
    after=st.sampled_from(["", "的", "专业的"]),
)
def test_every_form_of_a_name_leads_to_the_courses_that_it_names(form: str, before: str, after: str) -> None:
    name = NAMES.written[form]
    found = find(before + form + after)
    assert found
    assert set(found.courses) & {NAMES.courses[n] for n in name.courses | name.further} or name.near < FULL


WORDS_USED = """
会计 机电 造价 安财 安工 大专 专升本 本科 留级 工程 管理 自动化 12级 11级 不是 是 我学 的 吗 什么 专业 kuaiji
gong an a 1 ， ？ 會計 錯
"""

PIECES = st.sampled_from([*WORDS_USED.split(), " "])
MESSY = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))


@given(text=MESSY, notice=st.sampled_from([NOTICE, another_notice(), college(EAST, SOUTH, LATE)]))
def test_any_text_is_read_without_an_error_and_twice_alike(text: str, notice: Notice) -> None:
    found = find(text, notice)
    assert found == find(text, notice)
    if found:
        assert found.courses
        assert 0 < found.chance <= 1
        assert all(0 <= start < end <= len(text) for start, end in found.spans)
        assert list(found.spans) == sorted(found.spans)


@given(text=MESSY)
def test_the_order_of_the_cohorts_changes_no_candidate(text: str) -> None:
    turned = NOTICE.model_copy(update={"cohorts": NOTICE.cohorts[::-1]})
    here, there = find(text), find(text, turned)
    assert (here is None) == (there is None)
    assert here is None or there is None or set(here.courses) == set(there.courses)


def test_a_long_message_is_read_in_time() -> None:
    for text in ("会计", "大专", "我", "机械设计制造", "kuaiji ", "工程造价 "):
        long = text * (2 * LIMIT // len(text))
        find(long)
        began = time.perf_counter()
        find(long)
        assert time.perf_counter() - began < 0.1
