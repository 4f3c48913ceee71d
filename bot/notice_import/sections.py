"""Writes the parts of a draft that say who and when: head, school, cohorts, windows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.notice_import.cohorts import GraduateGroup
from bot.notice_import.found_days import DraftWindow, FoundDays
from bot.notice_import.sentences import FramedNotice
from flows.windows import overlap

_SLUGS = {"专科": "zhuanke", "专升本": "zhuanshengben", "高起本": "gaoqiben", "本科": "benke", "研究生": "yanjiusheng"}
_SCHOOL = re.compile(r"[\u4e00-\u9fff]{2,18}?(?:大学|学院|学校)(?:[（(][\u4e00-\u9fff]{2,4}[）)])?")
_NO_SCHOOL = re.compile(
    r"^日|统一|交学校|^(?:各|所在|本|我|二级|研究生|继续教育|成人教育|成人|远程|网络|国际|专业|普通高等"
    r"|高等|全国|教学|其他|培养|在|到|由|请)|继续教育学院$|成人教育学院$|二级学院|普通高等学校"
    r"|高等学校|^函授|网络教育学院$"
)
_LONG_UNIT = re.compile(r"^(?!学校|我|本)[\u4e00-\u9fff]{2,}(?:继续|成人|网络|远程)教育学院$")
"""A unit with the name of a place before it, which may be a school of its own."""
_UNIT_BEHIND = re.compile(
    r"[\u4e00-\u9fff]{0,12}?(?:学院(?:学籍[办科室])?|教务处|学籍[办科室]|成教[部处院]|研究生院|办公室)"
)
"""The unit behind the name of a school."""
_COLLEGE = re.compile(r"[\u4e00-\u9fff]{2,6}学院(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that a person has to look at: its path in the notice, the reason, and the sentence (0: none)."""

    at: str
    why: str
    sentence: int


@dataclass
class DraftWork:
    """The draft in the making."""

    frame: FramedNotice
    groups: list[GraduateGroup]
    days: FoundDays
    doubts: list[Doubt] = field(default_factory=list)
    facts: dict[int, list[str]] = field(default_factory=dict)

    def doubt(self, at: str, why: str, sentence: int = 0) -> None:
        self.doubts.append(Doubt(at, why, sentence))

    def use(self, sentence: int, *paths: str) -> None:
        if sentence:
            known = self.facts.setdefault(sentence, [])
            known.extend(path for path in paths if path not in known)

    def quote(self, sentences: Sequence[int]) -> dict[str, str]:
        texts = {one.n: one.text for one in self.frame.sentences}
        quote = "\n".join(dict.fromkeys(texts[n] for n in sentences if n))[:590]
        return {"quote": quote} if quote else {}


def make_id(frame: FramedNotice) -> str:
    """Return an id such as `2014-autumn`: the year and season of graduation in the title."""
    year = re.search(r"(20\d\d)", frame.title)
    season = next((name for word, name in (("春", "spring"), ("夏", "summer"), ("秋", "autumn"), ("冬", "winter"))
                   if word in frame.title), "notice")  # fmt: skip
    number = year[1] if year else str(frame.issued.year) if frame.issued else "new"
    return f"{number}-{season}"


def write_head(work: DraftWork, name: str) -> dict[str, Any]:
    frame = work.frame
    who = re.search(r"20\d\d年?届?(?:\d{1,2}月|[春夏秋冬]季)?", frame.title)
    task = "采集" if "采集" in frame.title and not re.search("核对|校对", frame.title) else "核对"
    short = (
        f"{who[0].removesuffix('年')}{'' if who[0].endswith(('月', '季', '届')) else '年'}毕业生{task}"
        if who
        else f"毕业生{task}"
    )
    if frame.title:
        work.use(frame.title_at, "notice.title")
    else:
        work.doubt("notice.title", "没有找到标题")
    if frame.issued is None:
        work.doubt("notice.issued_on", "没有找到落款日期")
    elif frame.issued_on_page:
        work.doubt("notice.issued_on", "落款没有日期，用的是网页的发布日期", frame.issued_at)
    work.use(frame.issued_at, "notice.issued_on")
    return {
        "id": name,
        "status": "draft",
        "title": (frame.title or f"毕业生{task}通知")[:290],
        "short": short[:20],
        "issued_on": frame.issued,
        **({"doc_no": frame.doc_no} if frame.doc_no else {}),
        **({"signed_by": frame.signed_by} if frame.signed_by else {}),
    }


def _find_school(text: str) -> tuple[str, str]:
    """Return the school in front of a text, and the unit behind it."""
    for m in _SCHOOL.finditer(text):
        name = re.sub(r"^.*(?:关于|按照|按|经|我们|通过|登录|根据|来到|前往|回到)", "", m[0])
        if name and not _NO_SCHOOL.search(name) and len(name) > 2 and not re.search("信息网|教育部", name):
            rest = text[m.end() :]
            college = _COLLEGE.match(rest)
            if college and not _NO_SCHOOL.search(college[0]) and "教育" not in college[0]:
                return name + college[0], rest[college.end() :]
            return name, rest
    return "", ""


def write_school(work: DraftWork) -> dict[str, Any]:
    frame = work.frame
    heads = [one.plain.replace(" ", "") for one in frame.sentences if one.frame == "title"]
    for text in filter(None, (frame.signed_by, *heads, frame.title)):
        name, rest = _find_school(text)
        if name:
            unit = rest if text == frame.signed_by else frame.signed_by.removeprefix(name)
            return {"name": name, "unit": unit or name}
    for one in sorted(frame.sentences, key=lambda one: one.frame != "page"):  # the source line knows it best
        name, rest = _find_school(one.plain)
        ahead = one.plain[: max(20, one.plain.find(name))] if one.plain.find(name) else ""
        listed = re.search(rf"{re.escape(name)}、|、{re.escape(name)}", one.plain) if name else None
        if name and not listed and one.frame in ("", "page") and not re.search("登[录陆]|电话|地址", ahead):
            work.doubt("school.name", "落款没有写学校，这是正文里提到的", one.n)
            behind = _UNIT_BEHIND.match(rest)
            return {"name": name, "unit": frame.signed_by or (behind[0] if behind else name)}
    if _LONG_UNIT.search(frame.signed_by):
        work.doubt("school.name", "落款只写了这个单位，请看这是不是学校的全名")
        return {"name": frame.signed_by, "unit": frame.signed_by}
    work.doubt("school.name", "通知里没有写学校的名字，请填写")
    return {"name": None, "unit": frame.signed_by or None}


def write_cohorts(work: DraftWork) -> tuple[list[dict[str, Any]], list[str]]:
    rows, ids = list[dict[str, Any]](), list[str]()
    if not work.groups:
        work.doubt("cohorts", "没有找到通知写给哪些毕业生")
        return [{"id": "everyone", "label": "本届毕业生", "level": "other"}], ["everyone"]
    labels = set[str]()
    for n, group in enumerate(work.groups):
        slug = _SLUGS.get(group.level, "everyone" if len(work.groups) == 1 else "group")
        slug = f"{slug}-{n + 1}" if slug in ids or slug == "group" else slug
        label = group.label or "".join(
            (*group.grades[:1] * (len(group.grades) == 1), group.level if group.level != "other" else "毕业生")
        )
        label += f"（{group.partner}）" if group.partner else ""
        label = label if group.majors or not group.held_back or group.label or group.grades else f"{label}往届留级生"
        label = f"{label}（{n + 1}）" if label in labels else label
        ids.append(slug)
        labels.add(label)
        rows.append(
            {
                "id": slug,
                "label": label,
                "level": group.level,
                **({"form": group.form} if group.form else {}),
                **({"grades": list(group.grades)} if group.grades else {}),
                **({"majors": list(group.majors)} if group.majors else {}),
                **({"partner_school": group.partner} if group.partner else {}),
                **({"sites": list(group.sites)} if group.sites else {}),
                **({"includes_held_back": True} if group.held_back else {}),
                **({"excluded": list(group.excluded)} if group.excluded else {}),
                **work.quote([group.at]),
            }
        )
        work.use(group.at, f"cohorts.{n}")
    return rows, ids


def name_windows(work: DraftWork) -> Iterator[tuple[str, DraftWindow]]:
    """Yield each window with its id: its kind, from the second one on with a number."""
    used = dict[str, int]()
    for window in work.days.windows:
        used[window.kind] = used.get(window.kind, 0) + 1
        number = f"-{used[window.kind]}" if used[window.kind] > 1 else ""
        yield f"{window.kind.replace('_', '-')}{number}", window


def write_windows(work: DraftWork, ids: list[str]) -> list[dict[str, Any]]:
    if not work.days.windows:
        work.doubt("windows", "没有找到写给毕业生的时间")
    rows, labels = list[dict[str, Any]](), list[tuple[str, list[str]]]()
    for n, (name, window) in enumerate(name_windows(work)):
        for key, (why, sentence) in window.doubts.items():
            work.doubt(f"windows.{n}.{key}", why, sentence)
        row = _write_window(window, name, ids) | work.quote(window.at)
        if window.counted:
            after, unit, number = window.counted
            names = [other for other, one in name_windows(work) if one is after]
            row["to"] = (
                {"after": names[0] if names else "issued", unit: number} if names or not after else window.closes
            )
        if closed := _find_closed(work, window):
            row["closed"] = closed
        if window.kind == "collection":
            row["label"] = "毕业典礼" if "典礼" in row["quote"].split("，")[-1] else "领取毕业证书"
        alike = sum(label == row["label"] and overlap(cohorts, row["cohorts"]) for label, cohorts in labels)
        labels.append((row["label"], row["cohorts"]))
        row["label"] += f"（{alike + 1}）" if alike else ""
        rows.append(row)
    return rows


def _find_closed(work: DraftWork, window: DraftWindow) -> list[str]:
    """Return `weekends` and `holidays` where the sentences of a window say that nothing is done on them."""
    said = "".join(one.plain for one in work.frame.body if one.n in window.at)
    m = re.search(
        r"([双公节假末周法定日休、和及与]{2,14})[^，。；）)]{0,3}(?:除外|不办|休息|不受理|不开放|不接待|停办)", said
    )
    words = m[1] if m else ""
    names = {"weekends": "周末|双休|公休", "holidays": "节假日|法定假"}
    return [name for name, pattern in names.items() if re.search(pattern, words)]


def _write_window(window: DraftWindow, name: str, ids: list[str]) -> dict[str, Any]:
    return {
        "id": name,
        "kind": window.kind,
        "label": window.label,
        "from": window.opens,
        "to": window.closes,
        **({"time_from": window.time_from} if window.time_from else {}),
        **({"time_to": window.time_to} if window.time_to else {}),
        **({"hours": list(window.hours)} if window.hours else {}),
        "end_inclusive": True if window.inclusive else "unknown",
        "cohorts": ["all"] if window.audience is None else [ids[n] for n in window.audience],
        **({"late": {"policy": "none", "text": window.late}} if window.late else {}),
    }
