"""A notice in words becomes data: what stands in it is found, nothing else is, and doubts are said."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.notice_import.draft import draft_notice
from bot.notice_import.review import value_at
from tests.notice_import.drafts import WORDS, drafted, spans

WRITTEN = {
    "linhai": {
        "dates": {"2026-09-28", "2026-10-12", "2026-10-16", "2026-11-05", "2026-12-01", "2026-12-15", "2026-12-18",
                  "2027-01-08"},
        "contacts": {"0576-85137722", "0576-85137733", "xjk@linhai.example.cn", "482910337", "赵老师", "钱老师"},
        "majors": {"大数据与会计", "机电一体化技术", "工商企业管理", "护理", "会计学", "护理学", "人力资源管理",
                   "土木工程", "法学", "汉语言文学"},
        "papers": {"户口本", "身份证", "户籍证明", "学生信息更正申请表"},
        "buttons": {"信息无误", "信息有误"},
    },
    "beishan": {
        "dates": {"2027-02-26", "2027-03-20", "2027-03-10", "2027-04-02", "2027-04-09"},
        "contacts": {"13900001234", "0312-7523388", "jiaowu@beishan.example", "孙晓梅"},
        "majors": {"工程管理", "电气工程及其自动化", "学前教育", "旅游管理", "计算机应用技术", "市场营销"},
        "papers": {"身份证", "户口簿", "公安机关证明", "公证书"},
        "buttons": {"确认"},
    },
    "heze": {
        "dates": {"2025-05-20", "2025-06-03", "2025-06-20", "2025-06-25", "2025-07-05"},
        "contacts": {"0530-5525678", "400-888-1234", "李主任", "hzxj@heze.example.cn"},
        "majors": {"汉语言文学", "小学教育", "英语"},
        "papers": {"学生证", "居民身份证", "变更申请表", "户籍证明"},
        "buttons": {"核对无误", "信息有误"},
    },
    "jiangzhou": {
        "dates": {"2026-02-25", "2026-03-02", "2026-03-13", "2026-06-01", "2026-06-15", "2026-06-10", "2026-07-06"},
        "contacts": {"0571-86543210-8012", "0571-86543219", "0571-86543225", "0571-86543226", "010-67410388", "刘老师",
                     "陈老师", "xueji@jzou.example.edu.cn", "kefu@chsi.com.cn", "738291045"},
        "majors": {"大数据与会计", "工商企业管理", "学前教育", "会计学", "汉语言文学", "小学教育", "法学", "工程管理"},
        "papers": {"学籍信息更正申请表", "户口簿", "居民身份证", "变更证明", "免冠照片"},
        "buttons": {"确认无误", "信息错误"},
    },
    "xiangnan": {
        "dates": {"2026-11-12", "2026-12-31", "2026-12-20", "2026-11-16", "2026-12-25", "2027-01-15"},
        "contacts": {"0731-88776655", "13800138000", "张老师", "李老师", "cjxy_xj@hnvc.example.cn",
                     "zs@hnvc.example.cn"},
        "majors": {"行政管理", "机械制造与自动化", "旅游管理", "护理学", "计算机科学与技术"},
        "papers": {"身份证", "户口本", "户籍所在地派出所证明"},
        "buttons": {"正确", "有错误"},
    },
    "dongling": {
        "dates": {"2025-03-03", "2025-03-10", "2025-03-21", "2025-03-24", "2025-03-28", "2025-04-07", "2025-04-11",
                  "2025-03-15", "2025-03-16"},
        "contacts": {"周敏", "吴刚", "024-31234567", "024-31234568", "15912345678", "xsk@dldx.example.edu.cn"},
        "majors": {"工商管理", "物流管理", "市场营销", "金融学", "人力资源管理", "药学", "护理学"},
        "papers": {"学生基本信息变更审批表", "身份证", "户口本", "学生证", "公证书", "公安局证明"},
        "buttons": {"核对无误"},
    },
    "xiangheng": {
        "dates": {"2026-03-16", "2026-03-27", "2026-03-31", "2026-04-03", "2026-03-09"},
        "contacts": {"0734-8591234", "0734-8591301", "0734-8591302", "吴老师", "刘老师", "彭老师"},
        "majors": {"数控技术", "汽车检测与维修技术", "电子商务", "软件工程", "学前教育"},
        "papers": {"学生信息更正审批表", "身份证", "户口簿", "户籍证明"},
        "buttons": {"确认无误", "信息有误"},
    },
}  # fmt: skip

WINDOWS: dict[str, list[tuple[str, str | None, str | None, str | None]]] = {
    "yunze": [
        ("check", None, "2033-05-12", "2033-05-18"),
        ("staff", None, None, "2033-05-19"),
    ],
    "huayuan": [
        ("staff", None, None, "2025-01-09"),
        ("capture", None, None, "2025-03-05"),
        ("check", None, None, "2025-03-05"),
    ],
    "jingnan": [("check", None, None, None), ("staff", None, None, "2030-04-24")],
    "hongxing": [
        ("capture", None, "2034-03-16", "2034-03-17"),
        ("staff", None, None, "2034-03-15"),
        ("check", None, "2034-04-21", "2034-04-30"),
        ("report", None, None, "2034-05-06"),
        ("staff", None, None, "2034-05-10"),
    ],
    "jiangnan": [
        ("check", "第一批", "2032-11-01", "2032-11-10"),
        ("check", "第二批", "2032-12-05", "2032-12-12"),
        ("capture", None, None, "2032-11-20"),
        ("staff", None, None, "2032-12-20"),
    ],
    "qingshan": [
        ("check", None, "2036-03-04", "2036-03-15"),
        ("paper_check", None, "2036-03-18", "2036-03-20"),
        ("correction", None, None, "2036-03-22"),
        ("staff", None, None, "2036-03-25"),
        ("recheck", None, "2036-04-08", "2036-04-10"),
        ("collection", None, "2036-06-18", "2036-06-18"),
        ("collection", None, "2036-06-17", "2036-06-17"),
    ],
    "mingde": [
        ("capture", "校本部本科、校本部专科", "2031-03-14", "2031-03-14"),
        ("capture", "函授站本科、函授站专科", "2031-03-17", "2031-03-28"),
        ("check", "校本部本科、函授站本科", "2031-05-05", "2031-05-12"),
        ("check", "校本部专科、函授站专科", "2031-05-13", "2031-05-20"),
        ("correction", None, None, "2031-05-22"),
        ("prepare", None, None, "2031-04-30"),
        ("staff", None, None, "2031-06-01"),
        ("collection", None, "2031-07-10", None),
    ],
    "jiangzhou": [
        ("capture", None, "2026-03-02", "2026-03-13"),
        ("check", None, "2026-06-01", "2026-06-15"),
        ("correction", None, "2026-02-25", "2026-06-10"),
        ("collection", None, "2026-07-06", None),
        ("report", None, None, "2026-06-10"),
    ],
    "xiangnan": [
        ("check", None, "2026-11-16", "2026-12-31"),
        ("recapture", None, None, "2026-12-20"),
        ("correction", None, None, "2026-12-25"),
        ("register_public", None, "2027-01-15", "2027-01-15"),
    ],
    "dongling": [
        ("check", None, "2025-03-10", "2025-03-21"),
        ("staff", None, "2025-03-24", "2025-03-28"),
        ("recheck", None, "2025-04-07", "2025-04-11"),
        ("recapture", None, "2025-03-15", "2025-03-16"),
    ],
    "haizhou": [
        ("capture", None, "2026-09-14", "2026-09-20"),
        ("capture", None, "2026-09-21", "2026-10-12"),
        ("confirm_capture", None, "2026-11-09", "2026-11-20"),
        ("recapture", None, "2026-11-23", "2026-11-27"),
        ("check", None, "2027-03-01", "2027-03-15"),
        ("correction", None, "2027-03-16", "2027-03-19"),
        ("staff", None, "2026-10-13", "2026-10-16"),
        ("staff", None, None, "2026-12-04"),
    ],
    "wujiang": [
        ("capture", "机电工程系", "2017-11-06", "2017-11-06"),
        ("capture", "信息工程系", "2017-11-06", "2017-11-06"),
        ("capture", "经济管理系", "2017-11-07", "2017-11-07"),
        ("capture", "建筑工程系", "2017-11-07", "2017-11-07"),
        ("capture", None, "2017-11-20", "2017-12-01"),
        ("check", None, "2018-03-11", "2018-03-31"),
        ("staff", None, None, "2017-10-30"),
        ("staff", None, None, "2017-10-27"),
    ],
    "wuyuan": [
        ("capture", None, "2023-11-27", "2023-12-01"),
        ("capture", "南校区", "2023-12-04", "2023-12-06"),
        ("capture", "北校区", "2023-12-07", "2023-12-08"),
        ("recapture", None, "2024-03-04", "2024-03-08"),
        ("check", None, "2024-04-01", "2024-04-15"),
        ("correction", None, "2024-04-16", "2024-04-18"),
        ("register_public", None, "2024-05-06", "2024-05-10"),
        ("staff", None, None, "2023-11-24"),
        ("staff", None, None, "2024-04-19"),
    ],
    "huaibei": [
        ("capture", None, None, "2026-09-30"),
        ("check", None, "2026-10-08", "2026-10-18"),
        ("correction", None, None, "2026-10-20"),
        ("check", None, "2026-11-16", "2026-11-30"),
        ("report", None, None, "2026-12-02"),
        ("prepare", None, "2026-10-12", "2026-10-23"),
        ("staff", None, None, "2026-12-04"),
    ],
    "huaichu": [
        ("capture", "A类专升本、A类专科、A类高起本", "2026-05-16", "2026-05-16"),
        ("capture", "B类专升本、B类专科、B类高起本", "2026-05-18", "2026-06-15"),
        ("check", None, "2026-07-20", None),
        ("report", None, None, "2026-08-10"),
        ("staff", None, None, "2026-07-31"),
    ],
    "shaping": [
        ("check", None, "2022-02-21", "2022-03-04"),
        ("report", None, None, "2022-03-02"),
        ("recapture", None, "2022-03-19", "2022-03-20"),
        ("correction", None, None, "2022-03-09"),
        ("staff", None, None, "2022-02-18"),
        ("staff", None, None, "2022-03-07"),
    ],
    "dongjiang": [
        ("capture", None, "2023-10-09", "2023-10-20"),
        ("capture", "机械学院", "2023-10-09", "2023-10-10"),
        ("capture", "商学院", "2023-10-11", "2023-10-12"),
        ("capture", "外国语学院、艺术学院", "2023-10-13", "2023-10-13"),
        ("recapture", None, "2023-10-16", "2023-10-20"),
        ("check", None, "2023-11-27", "2023-12-08"),
        ("correction", None, None, "2023-12-11"),
        ("recheck", None, "2023-12-25", "2023-12-29"),
        ("staff", None, None, "2023-12-13"),
    ],
    "liaozhong": [
        ("check", None, None, "2028-05-17"),
        ("correction", None, "2028-05-18", "2028-05-20"),
        ("register_public", None, "2028-06-20", "2028-06-20"),
        ("collection", None, "2028-06-28", "2028-06-28"),
    ],
}
"""Kind, cohorts by label (None: everybody), from, to; `staff` is a duty of the school's staff."""


@pytest.mark.parametrize("name", sorted(WINDOWS))
def test_every_day_is_found_for_what_and_for_whom_it_is(name: str) -> None:
    assert sorted(spans(drafted(name)), key=str) == sorted(WINDOWS[name], key=str)


def found(name: str) -> dict[str, set[str]]:
    tree = drafted(name).as_json["notice"]
    spans = [*tree["windows"], *tree.get("staff", {}).get("duties", ())]
    days = [day for row in spans for day in (row.get("from"), row.get("to"))]
    contacts = [
        part
        for row in tree["contacts"]
        for part in (*row.get("phones", ()), row.get("email", ""), row.get("person", ""), row.get("im", ""))
    ]
    return {
        "dates": {day for day in (*days, tree["notice"]["issued_on"]) if day},
        "contacts": {re.sub(r"^\D*QQ群?[：:]", "", part) for part in contacts if part},
        "majors": {major for row in tree["cohorts"] for major in row.get("majors", ())},
        "papers": {paper["name"] for row in tree["corrections"] for paper in row.get("documents", ())},
        "buttons": {b for b in (tree["verdict"]["ok_button"], tree["verdict"]["wrong_button"]) if b},
    }


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_four_fifths_are_found_and_nothing_is_invented(name: str) -> None:
    seen = found(name)
    for what, written in WRITTEN[name].items():
        assert seen[what] <= written, (what, seen[what] - written)
        assert len(seen[what]) >= 0.8 * len(written), (what, written - seen[what])


@pytest.mark.parametrize("path", sorted(WORDS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_sentence_is_accounted_for_and_every_find_has_its_own(path: Path) -> None:
    text = path.read_text("utf-8")
    told = draft_notice(text).as_json
    plain = re.sub(r"\s|[（(][a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü]+[）)]", "", text)
    assert re.sub(r"\s", "", "".join(one["text"] for one in told["sentences"])) == plain
    assert [one["n"] for one in told["sentences"]] == list(range(1, len(told["sentences"]) + 1))
    facts = {fact for one in told["sentences"] for fact in one["facts"]}
    for n, window in enumerate(told["notice"].get("windows", ())):
        ends = {f"windows.{n}.{key}" for key in ("from", "to") if window[key]} or {f"windows.{n}.to"}
        assert ends <= facts
    assert {one["use"] for one in told["sentences"]} <= {"fact", "staff", "title", "page", "signature", "unused"}
    assert all(one["sentence"] is None or one["sentence"] <= len(told["sentences"]) for one in told["unsure"])


@pytest.mark.parametrize("name", ["jiangzhou", "mingde", "wujiang"])
def test_the_json_has_the_form_that_scripts_rely_on(name: str) -> None:
    told = json.loads(json.dumps(drafted(name).as_json))
    assert told.keys() == {"notice", "unsure", "sentences"}
    assert all(one.keys() == {"at", "why", "sentence"} for one in told["unsure"])
    assert all(one.keys() == {"n", "text", "use", "facts"} for one in told["sentences"])
    known = {cohort["id"] for cohort in told["notice"]["cohorts"]}
    for window in told["notice"]["windows"]:
        assert window.keys() >= {"kind", "audience", "from", "to", "daily"}
        assert window["audience"] is None or {*window["audience"]} <= known
        assert all(day is None or date.fromisoformat(day) for day in (window["from"], window["to"]))
    facts = [fact for one in told["sentences"] for fact in one["facts"]]
    assert facts
    assert all(value_at(told["notice"], fact.rpartition(".")[0] or fact) is not None for fact in facts)


def test_an_inferred_year_is_a_doubt_and_a_written_one_is_none() -> None:
    doubts = {one["at"] for one in drafted("jiangzhou").as_json["unsure"]}
    assert {"windows.0.from", "windows.0.to", "windows.2.from", "windows.4.to"} <= doubts
    assert {one["at"] for one in drafted("heze").as_json["unsure"]}.isdisjoint({"windows.0.from", "windows.0.to"})


def test_a_damaged_day_is_said_not_guessed() -> None:
    made = drafted("jingnan")
    (why,) = [doubt.why for doubt in made.unsure if doubt.at == "windows.0.to"]
    assert "4 16日" in why
    assert spans(made)[0] == ("check", None, None, None)


def test_what_may_not_be_changed_and_papers_by_kind() -> None:
    rows = {row["kind"]: row for row in drafted("jiangnan").notice["corrections"]}
    assert {kind for kind, row in rows.items() if row["allowed"] == "no"} == {"出生日期", "民族"}
    assert [paper["name"] for paper in rows["改名"]["documents"]] == ["曾用名证明"]
    assert [paper["name"] for paper in rows["*"]["documents"]] == ["信息更正申请表", "身份证", "户口本"]


def test_a_photo_company_and_chsi_are_not_the_office() -> None:
    told = drafted("mingde").notice
    assert {row["id"]: row["role"] for row in told["contacts"]} == {
        "office": "继续教育学院学籍办",
        "photo": "新华社分社",
    }
    assert (told["routing"]["record"], told["routing"]["photo"]) == ("office", "photo")


def test_the_time_grows_no_faster_than_the_text() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(WORDS.glob("*.txt"))) * 20

    def measure(size: int) -> float:
        begun = time.thread_time()
        draft_notice(text[:size])
        return time.thread_time() - begun

    assert min(measure(66_000) for _ in range(2)) < 12 * min(measure(16_500) for _ in range(2))


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet="2013年月日至前、：；（）12级专科本学院老师 \n电话0550-3.@a“”点击正确携带身份证旬", max_size=200)
)
def test_any_text_becomes_yaml(text: str) -> None:
    assert yaml.load(draft_notice(text).yaml, yaml.BaseLoader)["notice"]["status"] == "draft"
