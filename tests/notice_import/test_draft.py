"""A notice in words becomes YAML: what stands in it is found, nothing else is, and the finished draft is walked."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.content import Content
from bot.content.loading import load
from bot.conversation.decide import decide
from bot.domain.messages import Incoming
from bot.notice_import.draft import MARK, draft_notice
from tests.conftest import NOTICES

WORDS = NOTICES / "words"
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
KINDS = {
    "jiangzhou": {"2026-06-15": "check", "2026-07-06": "prepare", "2026-03-13": "capture"},
    "xiangnan": {"2026-12-31": "check", "2026-12-20": "recapture", "2026-12-25": "correction"},
    "dongling": {"2025-03-21": "check", "2025-04-11": "recheck", "2025-03-16": "recapture"},
}
"""What the days are for, where another word stands near or the word is another."""


def found(name: str) -> dict[str, set[str]]:
    tree = yaml.load(draft_notice((WORDS / f"{name}.txt").read_text("utf-8")).yaml, yaml.BaseLoader)
    windows = [day for row in tree["windows"] for day in (row.get("from"), row.get("to"))]
    contacts = [
        part
        for row in tree["contacts"]
        for part in (*row.get("phones", ()), row.get("email", ""), row.get("person", ""), row.get("im", ""))
    ]
    documents = tree["corrections"][0].get("documents", ())
    return {
        "dates": {day for day in (*windows, tree["notice"]["issued_on"]) if day and day != "null"},
        "contacts": {re.sub(r"^QQ群?[：:]", "", part) for part in contacts if part},
        "majors": {major for row in tree["cohorts"] for major in row.get("majors", ())},
        "papers": {row["name"] for row in documents},
        "buttons": {b for b in (tree["verdict"]["ok_button"], tree["verdict"]["wrong_button"]) if b != "null"},
    }


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_four_fifths_are_found_and_nothing_is_invented(name: str) -> None:
    seen = found(name)
    for what, written in WRITTEN[name].items():
        assert seen[what] <= written, (what, seen[what] - written)
        assert len(seen[what]) >= 0.8 * len(written), (what, written - seen[what])


@pytest.mark.parametrize("name", sorted(KINDS))
def test_days_are_for_what_is_said(name: str) -> None:
    tree = yaml.load(draft_notice((WORDS / f"{name}.txt").read_text("utf-8")).yaml, yaml.BaseLoader)
    kinds = {row["to"] if row["to"] != "null" else row["from"]: row["kind"] for row in tree["windows"]}
    assert KINDS[name].items() <= kinds.items()


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_every_find_has_its_sentence_and_doubts_are_marked(name: str) -> None:
    text = (WORDS / f"{name}.txt").read_text("utf-8")
    made = draft_notice(text)
    told = re.findall(r"# 原文：(.+)", made.yaml)
    plain = re.sub(r"\s|[：:]", "", text)
    assert len(told) >= 5
    for sentence in told:
        assert re.sub(r"\s|[：:]", "", sentence) in plain
    assert made.unsure == made.yaml.count(MARK) > 5
    assert "status: draft" in made.yaml


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_the_finished_draft_is_walked_to_its_end(name: str, tmp_path: Path) -> None:
    made = draft_notice((WORDS / f"{name}.txt").read_text("utf-8"))
    (tmp_path / "notices").mkdir()
    finished = made.yaml.replace("status: draft", "status: published")
    (tmp_path / "notices" / f"{made.id}.yaml").write_text(finished, "utf-8")
    content = load(tmp_path)
    assert walked(content) == "done"


SIGNED = "\n某某学院教务处　启\n2026年6月3日\n"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            "核对时间：即日起至六月三十日，逾期不予受理。",
            ["from: 2026-06-03  # 请核对", "to: 2026-06-30", "逾期不予受理"],
        ),
        (
            "未采集的，于6月10日上午9:00到图书馆报告厅补照。",
            ["kind: recapture", "to: 2026-06-10", 'time_from: "09:00"'],
        ),
        ("电话（0592）6181234　传真（0592）6181235", ['phones: ["0592-6181234"]']),
        ("洽询：教务处注册组　林老师　电话0592-6181234", ['role: "教务处注册组"', 'person: "林老师"']),
        ("学籍科 电话：0451-82190000（周一至周五 8:30—16:30）", ['hours: "周一至周五 8:30—16:30"']),
        ("电话：0451-82190000\n微信公众号：江北继教", ['im: "微信公众号:江北继教"']),
        (
            "请将以下材料交来：\n身份证复印件一式两份\n《学籍勘误表》",
            ['身份证", original: false, copies: 2', "学籍勘误表"],
        ),
        ("研究生：2023级全日制硕士研究生，专业包括应用经济学、公共管理。", ['majors: ["应用经济学", "公共管理"]']),
        (
            "10月8日起：开放学籍核对\n10月25日24时前：完成核对",
            ["from: 2026-10-08  # 请核对", "to: 2026-10-25  # 请核对"],
        ),
        ("核对：6月9日下午5点半前", ["to: 2026-06-09", 'time_to: "17:30"', "end_inclusive: true"]),
        ("专升本（2024级）：工程管理、小学教育", ['grades: ["2024级"]']),
        ("四、纠错所需\n姓名、身份证号有误：户口本、更名证明；\n五、其他", ['name: "户口本"', 'name: "更名证明"']),
        ("2、专业：软件技术、电子商务（均为三年制专科）；", ["level: 专科", 'majors: ["软件技术", "电子商务"]']),
        ("办公地址：继续教育学院办公楼312室\n电话：0451-82190000", ['room: "继续教育学院办公楼312室"']),
    ],
)
def test_ways_in_which_a_notice_is_put(words: str, lines: list[str]) -> None:
    made = draft_notice(f"关于核对学籍的通知\n{words}{SIGNED}").yaml
    assert [line for line in lines if line not in made] == []
    assert made.count("phones:") == len(re.findall("电话", words))
    assert "6181235" not in re.sub("# 原文.*", "", made)
    assert 'name: "某某学院"' in made


def walked(content: Content) -> str:
    window = next(w for n in content.notices.values() for w in n.windows if w.kind == "check" and w.closes)
    assert window.closes
    now = datetime.combine(window.closes, datetime.min.time()).replace(hour=10)
    turn = decide(content, None, Incoming("test", "somebody"), now)
    for _ in range(60):
        if turn.state == "done":
            break
        buttons = [button for row in turn.replies[-1].buttons for button in row]
        turn = decide(content, turn.session, Incoming("test", "somebody", press=buttons[0].id), now)
    return turn.state


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="2013年月日至前、：；（）12级专科本学院老师 \n电话0550-3.@a“”点击正确携带身份证", max_size=200))
def test_any_text_becomes_yaml(text: str) -> None:
    assert yaml.load(draft_notice(text).yaml, yaml.BaseLoader)["notice"]["status"] == "draft"
