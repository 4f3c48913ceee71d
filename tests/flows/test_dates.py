"""The day that typed words name."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.date_rules import read_number, read_year
from flows.dates import MOST, find_day
from flows.words import LIMIT
from tests.conftest import shipped

TODAY = date(2013, 12, 12)  # a Thursday
WORDS = shipped().phrases.facts


def days(text: str, today: date = TODAY) -> list[str]:
    found = find_day(text, today)
    return [str(day) for day in found.days] if found else []


@pytest.mark.parametrize(
    ("day", "texts"),
    {
        "2013-12-12": (
            "今天 今日 今儿 今早 今天早上 刚刚 刚才 刚点的 才弄好 上午点的 现在 jin'tian gangcai today 金天"
        ),
        "2013-12-11": (
            "昨天 昨晚 昨儿上午 昨天夜里11点多 我昨天点的 座天 zuotian ZUO'TIAN yesterday "
            "昨晚吃完饭点的 周三 星期三 礼拜三"
        ),
        "2013-12-10": "前天 前晚 前天晚上八点半 qiantian 这个星期二 本周二上午 12月10日20:30 十号 12/10",
        "2013-12-09": "大前天 三天前 3天前 daqiantian 那就是9号 周一 monday 12.9",
        "2013-12-08": "四天前 十二月八号夜里弄的 星期天 礼拜天 上个礼拜天",
        "2013-12-06": "上周五 上星期五 周五晚上 上个星期五 上周的周五 xingqiwu 不是5号是6号 5号，不对，6号",
        "2013-12-05": (
            "12月5日 12月5号上午 十二月五日 十二月五号 十二月5号 12月份5号 12月5 五号 5号 5日 "
            "20131205 2013年12月5日 13年12月5日 二〇一三年十二月五日 一三年十二月五号 2013/12/5 "
            "2013-12-05 2013.12.5 13.12.5 12.5 12-5 12/5 12。5 12.05 1205 131205 １２月５日 "
            "十二月五號 12月5日（星期四） 周四12月5号 周四（12月5日） 一个星期前 一周前 "
            "好像是12月5号吧 我12月5号和老师说的 应该是5号吧,记不太清 今天才想起来,是5号点的 "
            "shieryuewuhao 12yue5hao dec5"
        ),
        "2013-12-04": "上周三 上週三 上个星期三 上禮拜三 shangzhousan 没忘，是12月4号",
        "2013-11-28": "上个月28号 上月28日 28号 上个月的28号 11.28",
        "2012-12-28": "去年12月28号 12年12月28日",
    }.items(),
)
def test_a_day_is_found_as_people_type_it(day: str, texts: str) -> None:
    for text in texts.split():
        for typed in (text, text.replace(",", " ")):
            assert days(typed) == [day], typed


@pytest.mark.parametrize("text", ["dec 5", "Dec. 5", "5th of December", "december 5th", "wo shi 12 yue 5 hao dian de"])
def test_a_day_is_found_in_letters(text: str) -> None:
    assert days(text) == ["2013-12-05"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("昨天还是前天来着", ["2013-12-11", "2013-12-10"]),
        ("好像10号还是11号", ["2013-12-10", "2013-12-11"]),
        ("5、6号", ["2013-12-05", "2013-12-06"]),
        ("五六号", ["2013-12-05", "2013-12-06"]),
        ("12月5、6号", ["2013-12-05", "2013-12-06"]),
        ("周末", ["2013-12-07", "2013-12-08"]),
        ("周四", ["2013-12-12", "2013-12-05"]),
        ("晚上点的", ["2013-12-12", "2013-12-11"]),
    ],
)
def test_what_is_open_is_left_open(text: str, named: list[str]) -> None:
    found = find_day(text, TODAY)
    assert found
    assert (found.kind, [str(day) for day in found.days]) == ("open", named)


FORGOTTEN = """
记不清 记不清了 记不得了 不记得咯 忘了 忘啦 早忘了 搞忘了 忘了哪天 忘了是哪天点的 想不起来了 我现在记不清了
没注意看日期 没印象 不知道哪天 时间太久了我记不清是哪天了 谁还记得 忘記了 唔记得咗 jibuqing wangle forgot
记不青了 日期忘了
"""


@pytest.mark.parametrize(
    "text",
    FORGOTTEN.split(),
)
def test_whoever_cannot_remember_is_understood(text: str) -> None:
    found = find_day(text, TODAY)
    assert found
    assert (found.kind, found.days) == ("forgotten", ())


@pytest.mark.parametrize("text", ["2月30日", "13月1日", "0月0日", "32号", "2013-02-29", "二月三十号", "13.32"])
def test_a_day_that_the_calendar_has_not_is_impossible(text: str) -> None:
    found = find_day(text, TODAY)
    assert found
    assert found.kind == "impossible"


NO_DAY = """
月初 月底 十一月底 12月 十二月初 上周 上个月 几天前 两三天前 半个月前 明天 5 12 忘了密码 密码忘了 不知道怎么点
3点 5号楼 第5号 2号窗口 照片3.5寸 费用12.5元 IE8.0 2012级 12级会计 目前天气 0550-3055417 13812345678
34112005001234567 341181199001011234 20131305 123456 847291 9999 12月20号之前 20号截止 5号以后 早上好 上午好老师
不是昨天 今天还没点 192.168.1.5 什么时候截止 。
"""


@pytest.mark.parametrize(
    "text",
    NO_DAY.split(),
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert find_day(text, TODAY) is None


@pytest.mark.parametrize(
    ("text", "asked", "planned"),
    [
        ("昨天", False, False),
        ("昨天点的算不算", False, False),
        ("前天晚上 那老师能看到吗", False, False),
        ("今天能不能点", True, False),
        ("5号可以吗", True, False),
        ("是不是昨天", True, False),
        ("我今天准备点", False, True),
        ("今天晚上再点", False, True),
    ],
)
def test_a_question_and_a_plan_are_told_from_a_statement(text: str, asked: bool, planned: bool) -> None:
    found = find_day(text, TODAY)
    assert found
    assert (found.asked, found.planned) == (asked, planned)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("昨天 不算晚吧", ["昨天"]),
        ("前天晚上 那老师能看到吗", ["前天晚上"]),
        ("ｗｏ　１２月５號（星期四）上午點的", ["１２月５號（星期四）上午"]),
        ("忘了是哪天了 照片在哪看", ["忘了是哪天了"]),
        ("昨天还是前天", ["昨天", "前天"]),
        ("不是昨天 是前天", ["前天"]),
    ],
)
def test_the_part_that_names_the_day_is_known(text: str, parts: list[str]) -> None:
    found = find_day(text, TODAY)
    assert found
    assert [text[slice(*span)] for span in found.spans] == parts


@pytest.mark.parametrize(
    ("text", "today", "day"),
    [
        ("12月20日", date(2014, 1, 3), "2013-12-20"),
        ("1月9日", date(2014, 1, 3), "2014-01-09"),
        ("28号", date(2014, 1, 3), "2013-12-28"),
        ("5号", date(2014, 1, 3), "2014-01-05"),
        ("上个月30号", date(2014, 1, 3), "2013-12-30"),
        ("上上个月30号", date(2014, 1, 3), "2013-11-30"),
        ("周日", date(2013, 12, 9), "2013-12-08"),
        ("上周日", date(2013, 12, 9), "2013-12-08"),
        ("这周五", date(2013, 12, 9), "2013-12-13"),
    ],
)
def test_the_past_reading_wins_unless_it_is_far(text: str, today: date, day: str) -> None:
    assert days(text, today) == [day]


HAN = "零一二三四五六七八九"


def han(n: int) -> str:
    """A number below 100 in characters."""
    tens, ones = divmod(n, 10)
    return (HAN[tens] if tens > 1 else "") + ("十" if tens else "") + (HAN[ones] if ones or not tens else "")


WITHOUT_YEAR = (
    "{m}月{d}日",
    "{m}月{d}号",
    "{M}月{D}日",
    "{M}月{D}號",
    "{m}.{d}",
    "{m}/{d}",
    "{m}-{d}",
    "我是{m}月{d}号点的",
)
WITH_YEAR = (
    *(
        "{y}-{m}-{d}",
        "{y}/{m:02}/{d:02}",
        "{y}年{m}月{d}日",
        "{y}{m:02}{d:02}",
        "{s:02}年{m}月{d}号",
        "{Y}年{M}月{D}日",
    ),
    *("{y}.{m}.{d}", "好像是{y}年{m}月{d}日吧"),
)
ANY_DAY = st.dates(date(2003, 1, 1), date(2090, 1, 1))


def written(form: str, day: date) -> str:
    year = "".join(HAN[int(c)] for c in str(day.year))
    return form.format(y=day.year, s=day.year % 100, m=day.month, d=day.day, M=han(day.month), D=han(day.day), Y=year)


@given(day=ANY_DAY, back=st.integers(0, 180), form=st.sampled_from(WITHOUT_YEAR))
def test_a_day_written_without_its_year_comes_back(day: date, back: int, form: str) -> None:
    assert days(written(form, day), day + timedelta(days=back)) == [str(day)]


@given(day=ANY_DAY, today=ANY_DAY, form=st.sampled_from(WITH_YEAR))
def test_a_day_written_in_full_comes_back_on_any_day(day: date, today: date, form: str) -> None:
    assert days(written(form, day), today) == [str(day)]


@given(day=ANY_DAY, today=ANY_DAY)
def test_the_day_as_the_bot_writes_it_comes_back(day: date, today: date) -> None:
    text = WORDS.day.format(year=day.year, month=day.month, day=day.day, weekday=WORDS.weekdays[day.weekday()])
    found = find_day(text, today)
    assert found
    assert (found.days, found.spans) == ((day,), ((0, len(text)),))


@given(n=st.integers(1, 31))
def test_a_number_in_characters_is_read(n: int) -> None:
    assert read_number(han(n)) == read_number(str(n)) == n


def test_years_and_odd_numbers_are_read() -> None:
    assert [read_year(y) for y in ("2013", "13", "二〇一三", "一三")] == [2013] * 4
    assert [read_number(n) for n in ("廿八", "卅", "两", "二三", "十十", "零")] == [28, 30, 2, -1, -1, 0]


WORDS_USED = """
昨 天 前 大 上 周 三 月 号 日 十 二 1 2 5 . - / 年 个 礼拜 星期 刚 不是 记不清 忘了 zuo tian yue hao ( ) 点 的
吗 ？ ，
"""

PIECES = st.sampled_from([*WORDS_USED.split(), " "])
MESSY = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


@given(text=MESSY, today=st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_any_text_on_any_day_is_read_without_an_error(text: str, today: date) -> None:
    found = find_day(text, today)
    if found:
        assert (len(found.days) == 1) == (found.kind == "day")
        assert all(0 <= start < end <= len(text) for start, end in found.spans)
        assert list(found.spans) == sorted(found.spans)


@given(text=MESSY)
def test_reading_twice_is_reading_once(text: str) -> None:
    assert find_day(text, TODAY) == find_day(text, TODAY)


def test_a_long_message_is_read_in_time() -> None:
    for text in ("昨天", "周一", "十二月", "12.", "zuotian", "不记得", "wo ji bu ", "a b "):
        long = text * (2 * LIMIT // len(text))
        find_day(long, TODAY)
        began = time.perf_counter()
        found = find_day(long, TODAY)
        assert time.perf_counter() - began < 0.1
        assert found is None or len(found.spans) <= MOST
