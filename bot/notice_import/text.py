"""Extracts from a school's notice as published: days, contacts, groups of graduates, papers, links, buttons. Pure.

Finds only what is written; each find has the sentence it came from, and `sure` is False for what was inferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.notice_import.days import ONE, Span, find_spans, parse_day, to_number

_FULL = str.maketrans("０１２３４５６７８９－：．＠", "0123456789-:.@")
_PHONE = re.compile(
    r"(?<![\d-])(?:\+86-?)?(?:[（(]?0\d{2,3}\s*[-—－)）]\s*\d{3,4}\s?\d{4}(?:\s*(?:-|转)\s*\d{1,6})?"
    r"(?:\s*[、/，,]\s*\d{7,8}(?![\d-]))*|0\d{2,3}\d{7,8}|1[3-9]\d{9}|400-?\d{3}-?\d{4})(?![\d-])"
    r"|(?:(?<=电话)|(?<=电话[:：])|(?<=电话[:：]\s)|(?<=内线[:：]))\d{5,8}(?!\d)"
)
_FAX = re.compile(r"传真\s*[:：]?\s*[（(]?$")
_MAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", re.ASCII)
_URL = re.compile(r"(?:https?:?//|www\.)[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?::\d+)?(?:/[!-~]*)?", re.ASCII)
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦马苗凤方俞任袁柳鲍史唐费廉岑薛雷"
    "贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季"
    "麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉龚程嵇邢裴陆荣翁荀羊惠曲家"
    "封储靳段富巫乌焦巴弓车侯全班仰秋仲伊宫宁仇栾甘厉武符刘景詹束龙叶幸司韶黎白蒲覃肖温庄晏柴瞿阎连习艾容向古易廖聂曾关游权商邸"
    "申佘佟冉卓岳尚屠栗桂桑楚牟牛佴盖祖索胥苑莘谌谭赖隋鞠晁阚仝占涂辛丛佐闻"
)
_PERSON = re.compile(
    rf"(?:联系人|负责人)\s*[:：]\s*([{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?:老师|主任)?)|([{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?(?:老师|主任|科长))"
    rf"|(?:科|处|办|室|中心|部|站)\s+([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=\s+[（(]?[01])"
)
_ROOM = re.compile(
    r"[\u4e00-\u9fffA-Z0-9]{0,10}(?:楼|馆|大厅|校区)[\u4e00-\u9fffA-Z0-9-]{0,8}?(?:\d{2,4}(?:室|办公室)?|办公室|大厅|窗口)"
)
_ADDRESS = re.compile(r"(?:办公|联系)?(?:地址|地点)\s*[:：]\s*([^，。；\s]{4,60})")
_TO_ROOM = re.compile(r"^.*(?:前往|[到至在于往])|^\d+前?")
_ROLE = re.compile(
    r"^(?:[（(]?[\d一二三四五六七八九十]+[）)、.]\s*)?(?:[咨洽]询[:：]\s*)?([\u4e00-\u9fff]{1,10}(?:科|处|办|办公室|中心|部|站|系|组|学院))(?=\s|[:：])"
)
_HOURS = re.compile(
    r"(?:每?周|星期)[一二三四五六日天](?:[至到—－~-]+(?:周|星期)?[一二三四五六日天])?[^（）()，,。；;]{0,8}?"
    r"\d{1,2}[:：]\d\d\s*[至到—－~-]+\s*\d{1,2}[:：]\d\d(?:[，,、]?\s*[上下]午\s*\d{1,2}[:：]\d\d\s*[至到—－~-]+\s*\d{1,2}[:：]\d\d)?"
)
_IM = re.compile(r"(?:QQ群?|微信群?|企业微信|(?:微信)?公众号)\s*[号]?[:：]\s*[\w（）()\u4e00-\u9fff-]{2,20}", re.ASCII)
_LEVELS = {
    "专升本科": "专升本", "专升本": "专升本", "高起专": "专科", "高职": "专科", "专科": "专科", "高起本": "高起本",
    "本科": "本科", "研究生": "研究生",
}  # fmt: skip
_LEVEL = re.compile(rf"({'|'.join(_LEVELS)})(?:层次|科|生|毕业生)?\s*[：:（(]?")
_ANY_LEVEL = "|".join(_LEVELS)
_GROUP = re.compile(
    rf"(?:{_ANY_LEVEL})(?:层次|毕业生|学生|科|生)?(?:[（(][^）)：:、]{{2,20}}[）)])?\s*[：:]"
    rf"|(?:{_ANY_LEVEL})(?:层次)?\s*[（(](?=[^）)]*、)"
)
_SCHOOL = re.compile(r"([\u4e00-\u9fff]{2,16}(?:大学|学院|学校))\s*[：:]")
_ROW = re.compile(rf"^({_ANY_LEVEL})(?:层次)?\s*(?:[\t|｜]|\s{{2,}})(.+)$", re.MULTILINE)
_HEADS = re.compile(
    r"序号|(?:学历|培养)?层次|专业(?:名称)?|年级|人数|学制|(?:学习)?形式|备注|院系|系部|学院|教学点|函授站"
)
"""Heads of a table's columns; a table pasted as text often has one cell a line."""
_MAJORS = re.compile(r"专业(?:名称)?\s*[：:]\s*([^。；\n]+)")
"""Majors without a level before them."""
_NO_MAJOR = re.compile(r"留级|级$|(?:研究生|本科生|专科生|毕业生|学生)$")
_LEADING = re.compile(r"^(?:专业)?(?:包括|包含|涉及|分别为|有|为)[:：]?")
_GRADE = re.compile(r"((?:20)?\d{2})级")
_PAPER = re.compile(
    r"(?:[《“]?[\u4e00-\u9fff]{2,20}?(?:证明|申请表|登记表|审批表|情况表|备案表|承诺书|通知书|(?:勘误|更正|变更|核对)表|录取名册|录取花名册|公证书|裁定书)[》”]?"
    r"|户口[簿本]|居民身份证|身份证(?!号)|学生证|准考证|毕业证书?|学位证书?|军官证|护照|近期照片|免冠照片)"
)
_CARRY = re.compile(r"携带|持|提交|提供|出具|备齐|准备|材料|交|凭|附|带")
_HEADED = re.compile(r"^[（(]?[\d一二三四五六七八九十]+[）)、.．]\s*[^，。；：]{0,8}(?:材料|所需)[^，。；]{0,6}[：:]?$")
_SECTION = re.compile(r"[一二三四五六七八九十]+、")
_COPIES = re.compile(r"(?:一式)?([一二两三四五六七八九\d])份")
_LISTED = re.compile(r"^[（(]?[\d一二三四五六七八九十①-⑩]+[）)、.．]?\s*(?=[《\u4e00-\u9fff])")
_JOINED = re.compile(r"[、，,；;和及与以及]")
MOST_LINE = 1500
"""Characters of a line; longer ones are cut, as the time of several patterns grows with the square of a line."""
SHORT = 30
"""Characters of a line that is nothing but a paper in a list without numbers."""
_BUTTON = re.compile(r"(?:点击|点选|选择|点|按|勾选|(?<=[”」’】])[或、/])\s*[“「‘【]([^”」’】]{1,12})[”」’】]")
_UNIT = re.compile(r"^[\u4e00-\u9fff（）()]{4,30}(?:学院|大学|学校|处|部|院|办公室|中心|科)$")


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact, with the sentence that names it."""

    sentence: str
    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    person: str = ""
    room: str = ""
    im: str = ""
    role: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class GraduateGroup:
    """A group of graduates, with the sentence that names it."""

    level: str
    majors: tuple[str, ...]
    sentence: str
    grades: tuple[str, ...] = ()
    partner: str = ""
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper to bring; `copied` when a copy is enough. `copies` is None when the notice names no number."""

    name: str
    sentence: str
    copied: bool = False
    copies: int | None = None


@dataclass(frozen=True, slots=True)
class NoticeFindings:
    """Everything found in a notice, in the order of the text."""

    title: str = ""
    school: str = ""
    issued: date | None = None
    spans: tuple[Span, ...] = ()
    desks: tuple[ContactLine, ...] = ()
    people: tuple[GraduateGroup, ...] = ()
    papers: tuple[Paper, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    ok_button: tuple[str, str] = ("", "")
    wrong_button: tuple[str, str] = ("", "")
    where: tuple[str, str] = ("", "")


def extract(text: str) -> NoticeFindings:
    """Return everything that is found in the text of a notice."""
    text = text.translate(_FULL).replace("\r", "")
    text = "\n".join(
        line[at : at + MOST_LINE] for line in text.split("\n") for at in range(0, len(line) or 1, MOST_LINE)
    )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    body = [sentence for line in lines for sentence in _split_sentences(line)]
    issued, school = _find_signature(lines)
    title = next((line for line in lines[:6] if "通知" in line and len(line) < 80), lines[0] if lines else "")[:300]
    ok, wrong = _find_buttons(body)
    return NoticeFindings(
        title=title,
        school=school,
        issued=issued,
        spans=tuple(find_spans(body, issued)),
        desks=tuple(_find_desks(body)),
        people=tuple(_mark_held_back([*_find_groups(text)], text)),
        papers=tuple(_find_papers(body)),
        links=tuple(_find_links(body)),
        ok_button=ok,
        wrong_button=wrong,
        where=next(((room, one) for one in body if _CARRY.search(one) and (room := _find_room(one))), ("", "")),
    )


def _find_room(sentence: str) -> str:
    if m := _ADDRESS.search(sentence):
        return m[1]
    m = _ROOM.search(sentence)
    return _TO_ROOM.sub("", m[0]) if m else ""


def _split_sentences(line: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[。；;！])", line) if part.strip()]


def _find_signature(lines: Sequence[str]) -> tuple[date | None, str]:
    """Return the date and the unit under the notice: the last line that is only a date, and the line before it."""
    alone = re.compile(rf"^{ONE('a')}$")
    lines = [re.sub(r"[\s（(]{0,40}(?:启|印发|盖?章|公章)[）)]?$", "", line) for line in lines]
    for n in range(len(lines) - 1, -1, -1):
        m = alone.match(lines[n].replace(" ", ""))
        if m and m["ay"]:
            return parse_day(m, "a", None), next(
                (line.strip() for line in reversed(lines[max(0, n - 3) : n]) if _UNIT.match(line.replace(" ", ""))), ""
            )
    units = [line for line in lines[-4:] if _UNIT.match(line)]
    return None, units[-1] if units else ""


def _find_desks(body: Sequence[str]) -> Iterator[ContactLine]:
    seen: set[str] = set()
    for sentence in body:
        dialled = [m[0] for m in _PHONE.finditer(sentence) if not _FAX.search(sentence[: m.start()])]
        phones = [phone for numbers in dialled for phone in _find_phones(numbers) if phone not in seen]
        mails = [m for m in _MAIL.finditer(sentence) if m[0] not in seen]
        im, room = _IM.search(sentence), _find_room(sentence)
        chats = im[0] if im and im[0] not in seen else ""
        if not phones and not mails and not chats:
            if room and re.match(r".{0,6}(?:地址|地点)", sentence):
                yield ContactLine(sentence, room=room)
            continue
        seen.update(phones, (m[0] for m in mails), [chats])
        people = [name for found in _PERSON.findall(sentence) if (name := next(filter(None, found), ""))]
        role = m[1] if (m := _ROLE.match(sentence)) else ""
        if len(people) == len(phones) > 1:
            yield from (
                ContactLine(sentence, (phone,), (), name, role=role) for name, phone in zip(people, phones, strict=True)
            )
            phones, people = [], []
        first = next(iter(mails), None)
        if phones or first or chats:
            own = (first[0],) if first else ()
            name = _name_behind(sentence, first) if first and not phones else ""
            hours = h[0] if (h := _HOURS.search(sentence)) else ""
            yield ContactLine(sentence, tuple(phones), own, name or next(iter(people), ""), room, chats, role, hours)
        yield from (ContactLine(sentence, (), (mail[0],), _name_behind(sentence, mail)) for mail in mails[1:])


def _name_behind(sentence: str, mail: re.Match[str]) -> str:
    """Return the name in brackets behind a mail; empty when there is none."""
    m = re.match(rf"\s*[（(]([{_SURNAMES}][\u4e00-\u9fff]{{1,3}})[）)]", sentence[mail.end() :])
    return m[1] if m else ""


def _find_phones(numbers: str) -> Iterator[str]:
    """Yield telephones in the schema's form: `（0530）5525678、5525679` is 0530-5525678 and 0530-5525679."""
    first, *others = re.split(r"[、/，,]", re.sub(r"[—－)）转]+", "-", re.sub(r"[\s（(]", "", numbers)))
    yield first
    yield from (f"{first.split('-')[0]}-{other}" for other in others)


def _find_groups(text: str) -> Iterator[GraduateGroup]:
    """Yield the lists of majors behind a level: `专科：…；专升本：…`, in one sentence or a line each."""
    text, written = _join_table_cells(text)
    rows = {_row_to_list(row): written.get(row[0], row[0]) for row in _ROW.finditer(text)}
    text = _ROW.sub(_row_to_list, text)
    marks = list(_GROUP.finditer(text))
    if not marks:
        levels = {_LEVELS[level] for level in re.findall(_ANY_LEVEL, text)}
        for m in _MAJORS.finditer(text):
            majors = [re.sub(r"[（(].*", "", name).strip() for name in re.split("[、，,；;]", m[1])]
            kept = tuple(major for major in majors if 2 <= len(major) <= 20)
            yield GraduateGroup(levels.pop() if len(levels) == 1 else "other", kept, m[0])
    for n, mark in enumerate(marks):
        level = _LEVELS[_LEVEL.match(mark[0])[1]]  # type: ignore[index]
        end = marks[n + 1].start() if n + 1 < len(marks) else len(text)
        part = re.split(r"[。\n]|各专业|[）)]\s*的", text[mark.end() : end], maxsplit=1)[0]
        if mark[0][-1] in "（(":
            part = re.split(r"[）)]", part, maxsplit=1)[0]
        sentence = (mark[0] + part).strip().strip("；;（(")
        sentence = rows.get(sentence, sentence)
        partners = list(_SCHOOL.finditer(part))
        pieces = [("", part)]
        if partners:
            ends = [p.start() for p in partners[1:]] + [len(part)]
            pieces = [(p[1], part[p.end() : stop]) for p, stop in zip(partners, ends, strict=True)]
        for partner, piece in pieces:
            piece = re.sub(r"[（(]限?(?:20)?\d{2}级[）)]", "", piece)
            names = [name.strip(" （()）；;，,.") for name in re.split(r"[、；;，,]|和(?=[\u4e00-\u9fff]{2})", piece)]
            majors = [_LEADING.sub("", re.sub(r"^(?:20)?\d{2}级", "", name)).strip() for name in names]
            held = any("留级" in name for name in majors)
            kept = tuple(dict.fromkeys(m for m in majors if 2 <= len(m) <= 20 and not _NO_MAJOR.search(m)))
            grades = tuple(dict.fromkeys(f"20{g[-2:]}级" for g in _GRADE.findall(piece if partner else mark[0] + part)))
            if kept or held:
                yield GraduateGroup(level, kept, sentence, grades, partner, held)


def _mark_held_back(people: Sequence[GraduateGroup], text: str) -> Iterator[GraduateGroup]:
    """Yield the groups, all marked as including repeaters where a sentence of its own names these."""
    alone = "留级" in text and not any(group.held_back for group in people)
    yield from (replace(group, held_back=True) if alone else group for group in people)


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
        rows = {"  ".join((name, *cells)): " ".join(cells_of[name]) for name, cells in found.items()}
        written |= rows
        out += rows or lines[n : n + max(1, heads)]
        n = at if found else n + max(1, heads)
    return "\n".join(out), written


def _row_to_list(row: re.Match[str]) -> str:
    """Return a row of a table (level, then cells) as a list behind its level; cells without a grade are majors."""
    cells = [cell.strip() for cell in re.split(r"[\t|｜]|\s{2,}", row[2]) if cell.strip()]
    grades = "".join(f"（{cell}）" for cell in cells if re.fullmatch(r"(?:20)?\d{2}级", cell))
    majors = [cell for cell in cells if not re.search(r"\d", cell)]
    return f"{row[1]}：{'、'.join(majors)}{grades}" if majors else row[0]


def _find_papers(body: Sequence[str]) -> Iterator[Paper]:
    seen, listed, headed = set[str](), False, False
    for sentence in body:
        headed = bool(_HEADED.match(sentence)) or (headed and not _SECTION.match(sentence))
        alone = _PAPER.match(sentence) and len(sentence) < SHORT and not sentence.endswith("。")
        listed = headed or (listed and bool(_LISTED.match(sentence) or alone))
        if not listed and not _CARRY.search(sentence):
            continue
        listed = listed or (sentence.endswith((":", "：")) or bool(re.search(r"[:：][^:：]*$", sentence[-14:])))
        wanted = re.split(r"逾期|否则|导致|后果|方可|即可|后再|才能", sentence, maxsplit=1)[0]
        for part in _JOINED.split(wanted):
            for m in _PAPER.finditer(part):
                name = re.sub(
                    r"^.*(?:携带|持|提交|提供|出具|填写|备齐|准备|本人|凭|交|带|的)", "", m[0].strip("《》“”")
                )
                if len(name) >= 3 and name not in seen:
                    seen.add(name)
                    copied = re.match(r"[》”]?的?复印件", part[m.end() :])
                    count = _COPIES.search(part, m.end()) if copied else None
                    yield Paper(
                        name, sentence, bool(copied), to_number(count[1].replace("两", "二")) if count else None
                    )


def _find_links(body: Sequence[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for sentence in body:
        for m in _URL.finditer(sentence):
            host = re.sub(r"^https?:?//", "", m[0]).rstrip("/.,)")
            if host not in seen:
                seen.add(host)
                scheme = "http://" if m[0].startswith(("http:", "http/")) and "chsi" not in host else "https://"
                yield scheme + host + ("/" if "/" not in host else ""), sentence


def _find_buttons(body: Sequence[str]) -> tuple[tuple[str, str], tuple[str, str]]:
    ok = wrong = ("", "")
    for sentence in body:
        for m in _BUTTON.finditer(sentence):
            name = m[1]
            denied = re.search(
                r"(?:不(?:能|得|要|可)|勿|别|严禁)(?:点击|点选|选择|勾选|点|选|按)?\s*$", sentence[: m.start()]
            )
            if re.search(r"有误|不正确|错误|有异议|纠错|不符", name):
                wrong = wrong if wrong[0] or denied else (name, sentence)
            elif re.search(r"正确|无误|确认|一致", name) and not ok[0] and not denied:
                ok = (name, sentence)
    return ok, wrong
