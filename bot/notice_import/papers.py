"""Finds the papers that a notice asks for, by kind of correction, and what may not be corrected. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.notice_import.dates import to_number
from bot.notice_import.sentences import Sentence

_PAPER = re.compile(
    r"(?:《[^《》\n]{2,30}(?:表|书|证明|报告)》|[《“]?[\u4e00-\u9fff]{2,24}?(?:证明(?!材料)|申请表|登记表|审批表"
    r"|情况表|情况说明"
    r"|备案表|申请书|承诺书|通知书|(?:勘误|更正|变更|核对|修正)表|录取名册|录取花名册|公证书|裁定书"
    r"|认证报告|登记卡)[》”]?"
    r"|(?:更正|变更|修改|本人|书面)申请(?![表书的者时人后更改变修办])"
    r"|户口[簿本薄]|居民身份证|身份证(?!号|件号|信息|照片(?![、和及交发]|$)|类|不|有)"
    r"|(?<![\u4e00-\u9fff])情况说明|学生证|准考证|毕业证书?(?!时"
    r"|的)|学位证书?|军官证|护照|近期照片|免冠照片)"
)
_FORM = re.compile("[表书]$|申请|说明")
"""A paper that is filled in: what stands behind the next one says nothing of it."""
_NEXT_PAPER = re.compile(rf"[》”、的]{{0,3}}(?:{_PAPER.pattern})")
_FORMS = re.compile(
    r"[》”、]{0,2}的?(?:[（(](?!复印)[^）)]{0,10}[）)])?[（(]?(?:正反面)?(原件)?(?:[及和与、加+]|以及)?(?:其)?(复印件|扫描件|影印件)?"
)
"""The original, a copy or both, behind the last paper of a list."""
_CARRY = re.compile(
    r"携带|携(?=[\u4e00-\u9fff])|持(?!有)|上传|扫描件|提交|提供|出具|备齐|准备|(?<!证明)材料|交|凭|附(?!件)|附上|[须另]带"
    r"|还[要须需]|需要|[需须](?=(?:户|身份|本人|所在|公安|派出所|学校|《)[^，。]{0,24}(?:证|户口|表))|带(?!领|来)"
    r"|填写|递交|上交|寄|发(?:到|至|给|辅导员|班主任|老师)|拿(?:到|给|来)|送(?:到|来|给)"
)
_HEADED = re.compile(r"(?:前置|材料|所需|携带|资料|手续)")
_ISSUED = re.compile(r"(公安(?:机关|局|部门)|派出所|户籍部门|医院|单位|学校)(?:出具|开具)的(?:书面|相关)?证明(?!材料)")
_COPIES = re.compile(r"(?:一式)?([一二两三四五六七八九\d])份")
_JOINED = re.compile(r"[、，,；;和及与]|以及|或(?:者)?")
_KINDS = (
    ("前置学历", re.compile(r"前置学历|待复查|专科(?:毕业证|学历)(?:核验|审核|认证)")),
    ("身份复核", re.compile(r"(?:身份|人像|人工|比对|图像)复核|(?:人像|图像|照片)比对|身份核验|非同一人")),
    ("改名", re.compile(r"姓名|更名|改名|名字")),
    ("身份证号", re.compile(r"身份证号码?|证件号码?|升位|换证")),
    ("出生日期", re.compile(r"出生(?:日期|年月)|生日")),
    ("民族", re.compile(r"民族")),
    ("性别", re.compile(r"性别")),
    ("专业和层次", re.compile(r"专业|层次")),
    ("照片", re.compile(r"照片|图像")),
)
_APART = frozenset(("前置学历", "身份复核"))
"""Kinds with papers of their own that say nothing of other corrections."""
_CHANGES = re.compile(
    r"有误|变更|更改|修改|更正|变动|错误|[有出]错|错[了的]|(?:有|发现)问题|不对|不符|改|更名|升位|误|纠正"
    r"|[未不]通过|复核"
)
_REFUSED = re.compile(
    r"不(?:得|予|能|可|再|允许|接受)(?:随意)?(?:更改|修改|变更|更正|改动|受理[^，。]{0,6}(?:更改"
    r"|修改|变更|更正))|无法(?:更改|修改|更正)|一律不改|概不更改"
)
_LATER = re.compile(
    r"注册后|上报|一经|逾期|截止后|毕业后|发放后|审核通过|确认后|提交后|学生本人不得随意|本人不得|私自|自行|擅自|代"
)
_STAFF_TURN = re.compile(
    r"[，；。]\s{0,9}(?:再|统一)?由|[，；。](?=(?:各?(?:班主任|辅导员|班长|教学点|学习中心|函授站|站点|系|学院"
    r"|分校|分部))[^，。；]{0,24}(?:报|交|寄|送|发))"
    r"|[，；。](?=[^，。；]{0,24}(?:审核|汇总|初审|统一)[^，。；]{0,16}(?:报|交|寄|送))"
)
"""The place of a sentence from which on staff act."""
_TOPIC = re.compile(
    r"(?:修改|更改|变更|更正)?(?:姓名|身份证号码?|证件号码?|出生日期|民族|性别|专业)[^，。；]{0,10}(?:修改|更改"
    r"|变更|更正|有误|错误|的)?(?:者|的)?[，]?(?:需|须|应|提供|提交|携带)"
)
_NOT_FOR_GRADUATES = re.compile(r"汇总|统计|名单|通知书》|学校[^，。]{0,4}出具")
_PHOTO_TIME = re.compile(r"采集|拍摄|拍照|报到|领取|领证|缴费|仪容|着装|上衣|[穿着]")


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper to bring; `original` unless a copy is enough. `copies` is None where no number of them is named."""

    name: str
    at: int
    original: bool = True
    copies: int | None = 0


@dataclass
class CorrectionRule:
    """A kind of correction (`*`: any other) with its papers; `refused`: it is not made."""

    kind: str
    papers: list[Paper] = field(default_factory=list)
    refused: bool = False
    at: list[int] = field(default_factory=list)


def find_corrections(body: Sequence[Sentence], staff: Container[int] = ()) -> list[CorrectionRule]:
    """Return the kinds of corrections with their papers; the general one (`*`) is always last.

    `staff` are the sentences that say what staff has to do.
    """
    rules: dict[str, CorrectionRule] = {"*": CorrectionRule("*")}
    seen, kinds = set[tuple[str, str]](), ["*"]
    listed, said = False, ""
    for one in body:
        question, said = said, one.plain if one.plain.endswith(("？", "?")) else ""
        listed = _is_listed(one, listed=listed)
        here = _find_kinds(one.plain)
        if one.n in staff:
            own = _split_off_staff(one.plain)
            if not own:
                continue
            one = replace(one, plain=own)
        for kind in _find_refused(one.plain):
            rule = rules.setdefault(kind, CorrectionRule(kind))
            rule.refused = True
            rule.at.append(one.n)
        about = _CHANGES.search("".join((question, one.plain, *one.heads))) or _HEADED.search(one.plain)
        if not listed and not (about and _CARRY.search(one.plain)):
            kinds = ["*"]
            continue
        for part in _split_topics(one):
            kinds = _find_kinds(part.plain) or here or (kinds if listed and not one.frame else ["*"])
            for kind, paper in ((kind, paper) for paper in _find_papers(part) for kind in kinds):
                if (kind, paper.name) not in seen and ("*", paper.name) not in seen:
                    seen.add((kind, paper.name))
                    rule = rules.setdefault(kind, CorrectionRule(kind))
                    rule.papers.append(paper)
                    rule.at.append(one.n)
    general = rules.pop("*")
    asked = [rule for rule in rules.values() if not rule.refused]
    if not general.papers and len(asked) > 1 and all(rule.papers == asked[0].papers for rule in asked):
        general.papers, general.at = asked[0].papers, asked[0].at
        rules = {kind: rule for kind, rule in rules.items() if rule.refused}
    if len(rules) == 1 and not general.papers and not rules.keys() & _APART and not next(iter(rules.values())).refused:
        (only,) = rules.values()
        general.papers, general.at = only.papers, only.at
        rules = {}
    return [*rules.values(), general]


def _is_listed(one: Sentence, *, listed: bool) -> bool:
    """Return whether the sentence stands in a list of papers: under a heading of such, or behind a colon."""
    if any(_HEADED.search(head) and not _PHOTO_TIME.search(head) for head in one.heads[:2]):
        return True
    paper = _PAPER.search(one.plain)
    continues = listed and paper is not None and len(one.plain) < 60
    opens = bool(
        _HEADED.search(one.plain) and re.search(r"[:：]\s{0,9}$", one.plain) and not _PHOTO_TIME.search(one.plain)
    )
    itemised = re.search(r"[:：]\s{0,9}(?:[（(]?[1一①]|《)", one.plain) and re.search(r"[；;]$", one.plain)
    return opens or continues or bool(itemised and paper and _CARRY.search(one.plain))


def _split_off_staff(text: str) -> str:
    """Return what graduates bring, of a sentence that goes on with what staff does with it; empty when nothing is."""
    m = _STAFF_TURN.search(text)
    return text[: m.start()] if m and _PAPER.search(text[: m.start()]) and _CARRY.search(text[: m.start()]) else ""


def _split_topics(one: Sentence) -> Iterator[Sentence]:
    """Yield the clauses of a sentence that each name a kind and its papers; the sentence itself when one does."""
    at = [m.start() + 1 for m in re.finditer(r"[，；]", one.plain) if _TOPIC.match(one.plain, m.start() + 1)]
    for start, end in zip([0, *at], [*at, len(one.plain)], strict=True):
        yield replace(one, plain=one.plain[start:end])


def _find_kinds(text: str) -> list[str]:
    """Return the kinds of corrections that a sentence speaks of: those in its topic, before the papers."""
    topic = re.split(r"须|需(?!要?改|要?更|修)|应|提供|提交|携带|出具|[:：]", text, maxsplit=1)[0] or text[:20]
    topic = topic if _CHANGES.search(topic) and len(topic) < 40 else ""
    found = [
        kind
        for kind, words in _KINDS
        if words.search(re.sub(r"[《“][^》”]{0,99}[》”]|身份证(?!号|件)|信息变更", "", topic))
    ]
    found = found[:1] if found and found[0] in _APART else found  # the photo is only what is compared
    return found if len(found) <= 2 else []


def _find_refused(text: str) -> Iterator[str]:
    if not _REFUSED.search(text) or _LATER.search(text):
        return
    for clause in re.split(r"[。；;]", text):
        m = _REFUSED.search(clause)
        if m:
            ahead = clause[max(0, m.start() - 40) : m.start()]
            yield from (
                kind
                for kind, words in _KINDS
                if kind != "照片" and words.search(ahead) and (_CHANGES.search(ahead) or len(ahead) < 16)
            )


def _find_papers(one: Sentence) -> Iterator[Paper]:
    if _PHOTO_TIME.search(one.plain) and not _CHANGES.search(one.plain):
        return
    wanted = re.split(r"逾期|否则|导致|后果|方可|即可|后再|才能|由学校|领取", one.plain, maxsplit=1)[0]
    wanted = _ISSUED.sub(r"\1证明", wanted)
    parts = _JOINED.split(wanted)
    for n, part in enumerate(parts):
        for m in _PAPER.finditer(part):
            name = re.sub(
                r"^.*(?:[需须把将]|携带?|持|提交|提供|出具|开具?(?!放)|填写|备齐|准备|本人|凭|附|交|还[要须需]|需要|[另须]?带"
                r"|的)(?=[\u4e00-\u9fff]{2})",
                "",
                m[0].strip("《》“”"),
            )
            name = re.sub(
                r"^(?:相关|有关|有效|以下|上述|把|将|或|新旧|原件?|其|因|并|将|到|至|在|为|需|须|应)+", "", name
            )
            if len(name) < 3 or _NOT_FOR_GRADUATES.search(part) or re.search(r"相关证明|有关证明|^证明", name):
                continue
            behind = part[m.end() :] + ("" if _FORM.search(name) else "、" + "、".join(parts[n + 1 :]))
            original, copied = _find_forms(behind)
            count = _COPIES.search(part, m.end()) if copied else None
            copies = to_number(count[1].replace("两", "二")) if count else None
            yield Paper(name, one.n, original, copies if copied else 0)


def _find_forms(behind: str) -> tuple[bool, bool]:
    """Return whether the original and a copy of a paper are asked for, by what stands behind the list that it is in."""
    while other := _NEXT_PAPER.match(behind):
        behind = behind[other.end() :]
    m = _FORMS.match(behind)
    copied = bool(m and m[2])
    return not copied or bool(m and m[1]), copied


def find_handed_out(one: Sentence) -> tuple[list[Paper], str]:
    """Return the papers that a sentence about the day of the diplomas asks for, and its clause about who else may come.

    Papers of who comes for another stay in that clause.
    """
    clauses = [clause.strip() for clause in re.split("[，。；,;]", one.plain)]
    proxy = next((clause for clause in clauses if re.search("代领|代取|委托|邮寄|快递|EMS", clause)), "")
    papers = list[Paper]()
    for clause in clauses:
        m = re.search("凭|携带?|持|带(?!领|来)|出示", clause)
        for found in _PAPER.finditer(clause, m.end()) if m and clause != proxy else ():
            name = re.sub("^(?:本人|有效|的)+", "", found[0].strip("《》“”"))
            papers += [Paper(name, one.n)] if name not in [paper.name for paper in papers] else []
    return papers, proxy
