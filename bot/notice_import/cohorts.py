"""Finds the groups of graduates that a notice is for: by level and major, by level and grade, by place. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.notice_import.named_days import find_named_days
from bot.notice_import.sentences import FramedNotice, Sentence
from bot.notice_import.slots import find_slots
from bot.notice_import.tables import find_names, spell_out

_LEVELS = {
    "专升本科": "专升本", "专升本": "专升本", "专接本": "专升本", "专续本": "专升本",
    "高起专": "专科", "高职": "专科", "高达专": "专科", "大专": "专科", "专科": "专科",
    "高起本": "高起本", "高达本": "高起本",
    "本科": "本科",
    "硕士研究生": "研究生", "博士研究生": "研究生", "研究生": "研究生", "硕士": "研究生", "博士": "研究生",
}  # fmt: skip
_ANY_LEVEL = "|".join(_LEVELS)
_LEVEL = re.compile(rf"({_ANY_LEVEL})(?:层次|科|生|毕业生)?\s{{0,9}}[：:（(]?")
_GROUP = re.compile(
    rf"(?:{_ANY_LEVEL})(?:层次|毕业生|学生|科|生)?(?:[（(][^）)：:、]{{2,20}}[）)])?\s{{0,9}}[：:]"
    rf"|(?:{_ANY_LEVEL})(?:层次)?\s{{0,9}}[（(](?=[^）)]{{0,99}}、)"
)
_SCHOOL = re.compile(r"([\u4e00-\u9fff]{2,16}(?:大学|学院|学校))\s{0,9}[：:]")
_LEVEL_ROW = re.compile(rf"^({_ANY_LEVEL})(?:层次)?\s{{0,9}}(?:[\t|｜]|\s{{2,}})(.+)$", re.MULTILINE)
_HEADS = re.compile(
    r"序号|(?:学历|培养)?层次|专业(?:名称)?|年级|人数|学制|(?:学习)?形式|备注|院系|系部|学院|教学点|函授站"
)
"""Heads of a table's columns; a table pasted as text often has one cell a line."""
_MAJORS = re.compile(r"专业(?:名称)?\s{0,9}[：:]\s{0,9}([^。；\n]+)|专业(?:包括|有|为)([^。；\n]+)")
_NO_MAJOR = re.compile(
    r"留级|级$|(?:研究生|本科生|专科生|毕业生|学生|学员|在校生)$|\d|时间|核对|采集|拍摄"
    r"|照片|点击|登录|身份证|姓名|学号|以下|请|必须|材料|元|[“”《》【】]|上午|下午|电话"
    r"|联系|网站|附件|老师|所有|全体|不[含包]|均"
)
_LEADING = re.compile(r"^(?:专业)?(?:包括|包含|涉及|分别为|有|为)[:：]?")
_GRADE = re.compile(r"((?:20)?\d{2})级")
_BY_GRADE = re.compile(
    rf"(?P<grades>20\d\d级?(?:[、和及]20\d\d级?)*|(?<!\d)\d\d级(?:[、和及]\d\d级)*)(?:级)?(?:全日制"
    rf"|统招|普通|非全日制|函授|业余|成人|开放教育|网络教育|[一二三四五两]年制|校本部)*\s{{0,9}}"
    rf"(?P<levels>(?:{_ANY_LEVEL}|三二连读|五年一贯制)(?:生|学生|层次|毕业生)?(?:[、和及](?:{_ANY_LEVEL})(?:生"
    rf"|学生|层次|毕业生)?)*)"
)
_LEVEL_LIST = re.compile(
    rf"(?:{_ANY_LEVEL})(?:层次|学生|毕业生|生)?(?:(?:[、和及]|以及)(?:{_ANY_LEVEL})(?:层次|学生|毕业生|生)?)+"
)
_FORM = re.compile(r"函授|业余|脱产|开放教育|网络教育|全日制")
_NO_SITE = re.compile("[A-E]|第|[一二三四五]年|非?全日制|函授|业余|脱产|.{0,20}(?:班|系|学院)$")
"""Names of graduates beside days that are no place."""
_ABOUT_PEOPLE = re.compile(r"对象|范围|主体|面向|适用|人员")
_ONLY_GRADES = re.compile(r"(?:20)?\d\d级(?:[、和及](?:20)?\d\d级){0,4}的?(?:全体)?(?:同学|学生|学员|毕业生)")
"""Graduates who are named by their grades alone."""
_PEOPLE = re.compile(
    r"(?:20\d\d|二[零〇○]\S\S)\s{0,9}(?:年\s{0,9}(?:(?:1[0-2]|[1-9])\s{0,9}月份?|[春夏秋冬]季)?"
    r"|届)?(?:第[一二三]批)?(?:[春夏秋冬]季)?(?:[（(][^）)]{0,10}[）)])?"
    r"(?:批次)?的?(?:全体|普通|全日制|统招|成人高等教育|成人教育|高等学历继续教育|继续教育"
    r"|函授|开放教育|网络教育|中专|大专|、|春季|秋季|专科|本科|高职|本专科|在籍|应届|可能|拟|级|届)*(?:（?预计?）?"
    r"|[（(]预[）)]|预)?毕[（(]?结?[）)]?业(?:研究)?生?(?:的)?(?:全体学员|学生|研究生|学员"
    r"|同学)?"
)
_PLACE = re.compile(
    r"^(?:[（(]?\d{1,2}[）)、.．]|[（(][一二三四五六七八九十]+[）)]|[一二三四五六七八九十]+、)?\s{0,9}"
    r"(?P<place>校本部|本部|(?:校外|各)?(?:教学点|函授站|学习中心)|[\u4e00-\u9fff]{1,8}?(?:校区"
    r"|学习中心|教学点|函授站|分校|工作站|校本部)|[A-E]类(?:学生|毕业生|人员)?|第[一二三四]批(?:次)?(?:毕业生"
    r"|学生)?|[一二三四五]年制|非?全日制(?:毕业)?(?:研究生|学生|硕士生?|博士生?|本科生)?)"
    r"(?:[（(][^）)]{0,24}[）)])?(?:学生|毕业生)?(?:[\u4e00-\u9fff]{0,6}时间)?\s{0,9}(?:[:：\t ]|$)"
)
_PLACE_IN_ROW = re.compile(
    r"^[\u4e00-\u9fff]{2,10}[（(]"
    r"(?P<place>[\u4e00-\u9fff]{1,8}?(?:校区|学习中心|教学点|函授站|分校)|校?本部|[A-E]类)[）)]\s{0,9}[:：\t ]"
)
"""A line of a timetable that names what is done, and the place in brackets."""
_DEPARTMENT = r"(?:[\u4e00-\u9fff]{1,12}(?:学院|系|专业|班)|(?:20)?\d\d级\d(?:、?\d){0,4}班)"
_SEVERAL = rf"(?:[\u4e00-\u9fff]{{2,12}}[、，和]){{0,5}}{_DEPARTMENT}"
DEPARTMENTS = re.compile(rf"\s{{0,9}}[:：，]?\s{{0,9}}(?P<names>{_SEVERAL})\s{{0,9}}(?=$|[\t （(。；])")
"""Departments at a place of a line of a timetable."""
_ROW = re.compile(
    rf"^(?:\d{{1,2}}\s{{1,4}})?(?P<ahead>{_SEVERAL})\s{{0,4}}[\t :：]\s{{0,4}}"
    r"(?=(?:20\d\d年)?\d{1,2}月|[上下]午|\d{1,2}[:：]\d)"
    rf"|^.{{0,40}}(?:\d日|[)）]|[:：]\d\d|[上下]午)[\t :：]{{1,9}}(?P<behind>{_SEVERAL})\s{{0,9}}(?:$|[\t ])"
)
"""A line of a timetable that names departments before or behind its day or hours."""
_TIMETABLE = re.compile(r"采集|拍摄|拍照|照相|现场|领取|发放")
MOST_DEPARTMENTS = 24
_NO_PLACE = re.compile(r"^(?:各|所在|所属|我|学校|在)")


@dataclass(frozen=True, slots=True)
class GraduateGroup:
    """A group of graduates, with the sentence that names it; `label` where the notice has a name of its own for it."""

    level: str
    majors: tuple[str, ...]
    sentence: str
    grades: tuple[str, ...] = ()
    partner: str = ""
    held_back: bool = False
    label: str = ""
    form: str = ""
    sites: tuple[str, ...] = ()
    at: int = 0
    sure: bool = True
    excluded: tuple[str, ...] = field(default=())


def find_groups(notice: FramedNotice) -> list[GraduateGroup]:
    """Return the groups that the notice tells apart, else one group for all; none where they have no name."""
    body = notice.body
    text = "\n".join(_join_lines(body))
    groups = [group for group in _find_by_major(text) if group.majors or group.held_back]
    dated = _find_by_days(body)
    both = [group for group in dated if group.label and group.level != "other"]
    of_level = [group for group in dated if group.level != "other"]
    groups = groups or _find_by_grade(body) or _find_by_level(body) or (dated if both else of_level)
    places = (
        []
        if both and groups == dated
        else _find_by_table(body, alone=not groups) or _find_by_place(body) or _find_by_row(notice)
    )
    more = [one for one in dated if one.level == "other" and not both]
    known = "，".join(place.label for place in places)
    places += [one for one in more if one.label not in known] if not places or places[0].sites else []
    slots = ((names, tuple(re.split("[、，和]", names)), one) for names, one in find_slots(body))
    apart = [GraduateGroup("other", majors, one.text, label=names[:30]) for names, majors, one in slots]
    groups = _cross(groups, places) or apart or _find_all(notice)
    groups = _mark_held_back(groups, text)
    excluded = tuple(
        name for m in re.finditer(r"不[含包]括?([^；;。）)]{2,40})", text[:1200])
        for name in re.split("[、，,]|[和及]", m[1]) if 2 <= len(name) <= 12 and re.search("生|学|班|人", name)
    )  # fmt: skip
    return [replace(one, at=_find_sentence(body, one.sentence), excluded=excluded[:6]) for one in groups]


def _join_lines(body: Sequence[Sentence]) -> Iterator[str]:
    """Yield the lines of the sentences, as they stood."""
    line, parts = -1, list[str]()
    for one in body:
        if one.line != line and parts:
            yield "".join(parts)
            parts = []
        line = one.line
        parts.append(one.text)
    yield "".join(parts)


def _find_sentence(body: Sequence[Sentence], words: str) -> int:
    first = next((line for line in re.split(r"[\n]|\s{2,}", words.strip()) if line.strip()), "")
    return next(
        (
            one.n
            for one in body
            if first and (first in one.text or first in one.plain or (len(one.text) > 6 and one.text in words))
        ),
        0,
    )


def _find_by_major(text: str) -> Iterator[GraduateGroup]:
    """Yield the lists of majors behind a level: `专科：…；专升本：…`, in one sentence or a line each."""
    text, written = _join_table_cells(text)
    rows = {_row_to_list(row): written.get(row[0], row[0]) for row in _LEVEL_ROW.finditer(text)}
    text = _LEVEL_ROW.sub(_row_to_list, text)
    marks = list(_GROUP.finditer(text))
    if not marks:
        levels = {_LEVELS[level] for level in re.findall(_ANY_LEVEL, text)}
        for m in _MAJORS.finditer(text):
            majors = [re.sub(r"[（(].*", "", name).strip() for name in re.split("[、，,；;]", m[1] or m[2])]
            kept = _keep_majors(majors)
            if len(kept) > 1:
                yield GraduateGroup(next(iter(levels)) if len(levels) == 1 else "other", kept, m[0])
    for n, mark in enumerate(marks):
        end = marks[n + 1].start() if n + 1 < len(marks) else len(text)
        yield from _read_group(mark, text[mark.end() : end], rows)


def _keep_majors(names: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(name for name in names if 2 <= len(name) <= 16 and not _NO_MAJOR.search(name)))
    return kept if 2 * len(kept) >= len([name for name in names if name and not _GRADE.search(name)]) else ()


def _read_group(mark: re.Match[str], part: str, rows: dict[str, str]) -> Iterator[GraduateGroup]:
    level = _LEVELS[_LEVEL.match(mark[0])[1]]  # type: ignore[index]
    part = re.split(r"[。\n]|各专业|[）)]\s{0,9}的", part, maxsplit=1)[0]
    if mark[0][-1] in "（(":
        part = re.split(r"[）)]", part, maxsplit=1)[0]
    sentence = (mark[0] + part).strip().strip("；;（(")
    sentence = rows.get(sentence, sentence)
    partners = list(_SCHOOL.finditer(part))
    pieces = [("", part)]
    if partners:
        ends = [p.start() for p in partners[1:]] + [len(part)]
        pieces = [(p[1], part[p.end() : stop]) for p, stop in zip(partners, ends, strict=True)]
    if aside := re.search(r"[（(]([\u4e00-\u9fff]{2,16}(?:大学|学院|学校))[）)]", mark[0]):
        pieces = [(aside[1], piece) for _, piece in pieces]
    for partner, piece in pieces:
        plain = re.sub(r"[（(]限?(?:20)?\d{2}级[）)]", "", piece)
        names = [name.strip(" （()）；;，,.") for name in re.split(r"[、；;，,]|和(?=[\u4e00-\u9fff]{2})", plain)]
        names = [re.sub(r"[（(](?:函授|业余|脱产|[^（）()]{0,6}[级年制])$", "", name) for name in names]
        majors = [_LEADING.sub("", re.sub(r"^(?:20)?\d{2}级", "", name)).strip() for name in names]
        held = any("留级" in name for name in majors)
        kept = _keep_majors(majors)
        grades = tuple(dict.fromkeys(f"20{g[-2:]}级" for g in _GRADE.findall(piece if partner else mark[0] + part)))
        if kept or held:
            yield GraduateGroup(level, kept, sentence, grades, partner, held)


def _find_by_grade(body: Sequence[Sentence]) -> list[GraduateGroup]:
    """Return a group for each level with its grades (`2019级本科生、2021级专升本学生`), of one sentence."""
    for one in sorted(body, key=lambda s: not _ABOUT_PEOPLE.search(s.plain + "".join(s.heads))):
        groups: dict[str, GraduateGroup] = {}
        for m in _BY_GRADE.finditer(one.plain):
            grades = tuple(f"20{year[-2:]}级" for year in re.findall(r"20\d\d|\d\d", m["grades"]))
            form = next(iter(_FORM.findall(m[0])), "")
            for word in re.findall(rf"{_ANY_LEVEL}|三二连读|五年一贯制", m["levels"]):
                level = _LEVELS.get(word, "专科" if word == "五年一贯制" else "other")
                key = word if level == "other" else level
                known = groups.get(key)
                both = tuple(dict.fromkeys((*(known.grades if known else ()), *grades)))
                groups[key] = GraduateGroup(
                    level, (), one.text, both, label=word if level == "other" else "", form=form
                )
        if len(groups) > 1 or (groups and _ABOUT_PEOPLE.search(one.plain + "".join(one.heads))):
            return list(groups.values())
    return []


def _find_by_level(body: Sequence[Sentence]) -> list[GraduateGroup]:
    """Return a group for each level of a list of levels in a sentence about who is meant."""
    for one in body:
        if _ABOUT_PEOPLE.search(one.plain + "".join(one.heads[:1])) and (m := _LEVEL_LIST.search(one.plain)):
            levels = dict.fromkeys(_LEVELS[word] for word in re.findall(_ANY_LEVEL, m[0]))
            if len(levels) > 1:
                return [GraduateGroup(level, (), one.text) for level in levels]
    return []


def _find_by_days(body: Sequence[Sentence]) -> list[GraduateGroup]:
    """Return a group for each level, place or both that has days of its own (`本科：5月5日至12日；专科：…`)."""
    found: dict[tuple[str, str], str] = {}
    for place, level, one in find_named_days(body):
        found.setdefault((place, level), one.text)
    if len({bool(level) for _, level in found}) == 2:
        found = {key: text for key, text in found.items() if key[1] or not any(key[0] == p and v for p, v in found)}
    several = {kind for kind in (0, 1) if len({key[kind] for key in found if key[kind]}) > 1}
    if not several:
        return []
    same = {_LEVELS[level] for _, level in found if level}
    return [
        GraduateGroup(
            _LEVELS.get(level, "other"), (), text,
            label=place + level if place or (level and len(same) == 1) else "",
            sites=(place,) if place and not _NO_SITE.match(place) else (),
        )
        for (place, level), text in found.items()
        if (place and 0 in several) or (level and 1 in several)
    ]  # fmt: skip


def _cross(groups: list[GraduateGroup], places: list[GraduateGroup]) -> list[GraduateGroup]:
    """Return the groups at each of the places, where the notice tells apart both."""
    if not groups or not places or len(groups) * len(places) > 8:
        return groups or places
    return [
        replace(group, sites=place.sites or (place.label,), label=f"{place.label}{group.label or group.level}")
        for place in places
        for group in groups
    ]


def _find_by_place(body: Sequence[Sentence]) -> list[GraduateGroup]:
    """Return a group for each place or class that has days of its own."""
    found: dict[str, Sentence] = {}
    for n, one in enumerate(body):
        m = _PLACE.match(one.plain) or _PLACE_IN_ROW.match(one.plain)
        follows = "".join(other.plain for other in body[n : n + 2])
        if (
            m
            and not _NO_PLACE.match(m["place"])
            and re.search(r"\d\s{0,9}[月日.]", follows)
            and not re.search("电话", one.plain)
        ):
            found.setdefault(m["place"], one)
    if len(found) < 2:
        return []
    return [
        GraduateGroup("other", (), one.text, label=place, sites=() if _NO_SITE.match(place) else (place,))
        for place, one in found.items()
    ]


def _find_by_table(body: Sequence[Sentence], *, alone: bool) -> list[GraduateGroup]:
    """Return a group for each name that a table of days has for graduates; levels and grades only when `alone`."""
    found = find_names(spell_out(body))
    lines = {one.n: one.text for one in body}
    levels = [name for name in found if name in _LEVELS or re.search("级$", name)]
    if not 2 <= len(found) <= MOST_DEPARTMENTS or (levels and not alone):
        return []
    return [
        GraduateGroup(_LEVELS.get(name, "other"), (), lines[one.n], label="" if name in _LEVELS else name)
        for name, one in found.items()
    ]


def _find_by_row(notice: FramedNotice) -> list[GraduateGroup]:
    """Return a group for each department that a timetable of the capture or of handing out gives a time of its own."""
    found: dict[str, Sentence] = {}
    for one in notice.body:
        m = _ROW.match(one.plain)
        if (
            m
            and _TIMETABLE.search("".join((one.plain, notice.title, *one.heads)))
            and not re.search("汇总|报", one.plain)
        ):
            for name in re.split("[、，和]", m["ahead"] or m["behind"]):
                found.setdefault(name, one)
    if not 2 <= len(found) <= MOST_DEPARTMENTS or any(_NO_PLACE.match(name) for name in found):
        return []
    return [GraduateGroup("other", (), one.text, label=name) for name, one in found.items()]


def _find_all(notice: FramedNotice) -> list[GraduateGroup]:
    """Return the one group of everybody, by the name that the notice has for them."""
    ordered = sorted(notice.body, key=lambda s: not _ABOUT_PEOPLE.search(s.plain[:20] + "".join(s.heads[:1])))
    for one in notice.body[:4]:
        if m := _ONLY_GRADES.search(one.plain):
            return [
                GraduateGroup("other", (), one.text, tuple(f"20{g[-2:]}级" for g in _GRADE.findall(m[0])), label=m[0])
            ]
    title = next((one for one in notice.sentences if one.n == notice.title_at), None)
    for one in [*([title] if title else []), *ordered]:
        if m := _PEOPLE.search(one.plain):
            words = re.findall(_ANY_LEVEL, m[0])
            level = (
                _LEVELS[words[0]]
                if len(words) == 1 and "本专科" not in m[0]
                else "研究生"
                if "研究" in m[0]
                else "other"
            )
            return [
                GraduateGroup(
                    level, (), one.text, label=re.sub(r"毕业的$", "毕业生", re.sub(r"的?通知.*", "", m[0]))[:30]
                )
            ]
    return []


def _mark_held_back(groups: Sequence[GraduateGroup], text: str) -> list[GraduateGroup]:
    """Return the groups, all marked as including repeaters where a sentence of its own names these."""
    said = re.search(r"留级|往届(?:未|没)|延期(?:至本|毕业的)|延长学制|结业(?:换|生)", text[:2500])
    alone = bool(said) and not any(group.held_back for group in groups)
    return [replace(group, held_back=True) if alone else group for group in groups]


def _join_table_cells(text: str) -> tuple[str, dict[str, str]]:
    """Return the text with tables pasted one cell a line as one line a level (level, majors, grades).

    The second value gives the original words of each such line.
    """
    lines, out, written = text.split("\n"), list[str](), dict[str, str]()
    n = 0
    while n < len(lines):
        heads = 0
        while n + heads < len(lines) and _HEADS.fullmatch(lines[n + heads].strip()):
            heads += 1
        found, rows, at = _read_cells(lines, n, heads)
        written |= rows
        out += rows or lines[n : n + max(1, heads)]
        n = at if found else n + max(1, heads)
    return "\n".join(out), written


def _read_cells(lines: Sequence[str], n: int, heads: int) -> tuple[bool, dict[str, str], int]:
    """Return whether a table stands at these lines, its rows as lines with their words, and the line behind it."""
    names = [line.strip() for line in lines[n : n + heads]]
    level, major = (next((i for i, name in enumerate(names) if word in name), -1) for word in ("层次", "专业"))
    found, cells_of = dict[str, list[str]](), dict[str, list[str]]()
    at = n + heads
    while min(level, major) >= 0 and (row := [line.strip() for line in lines[at : at + heads]])[level:]:
        if row[level] not in _LEVELS or len(row) < heads:
            break
        grades = [cell for cell in row if _GRADE.fullmatch(cell)]
        cells = found.setdefault(row[level], [])
        cells += [cell for cell in (row[major], *grades) if cell not in cells]
        cells_of.setdefault(row[level], []).extend(row)
        at += heads
    return bool(found), {"  ".join((name, *cells)): " ".join(cells_of[name]) for name, cells in found.items()}, at


def _row_to_list(row: re.Match[str]) -> str:
    """Return a row of a table (level, then cells) as a list behind its level; cells without a grade are majors."""
    cells = [cell.strip() for cell in re.split(r"[\t|｜]|\s{2,}", row[2]) if cell.strip()]
    grades = "".join(f"（{cell}）" for cell in cells if re.fullmatch(r"(?:20)?\d{2}级", cell))
    majors = [cell for cell in cells if not re.search(r"\d", cell)]
    return f"{row[1]}：{'、'.join(majors)}{grades}" if majors else row[0]
