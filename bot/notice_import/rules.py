"""Finds the rules of a notice: buttons, path on CHSI, fields to compare, photo, account, consequences, links. Pure.

Each find is a value with the number of its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.notice_import.sentences import Sentence

_NAME = r"[“「‘【\[《\"']\s{0,9}([^”」’】\]》\"']{1,14})\s{0,9}[”」’】\]》\"']"
_BUTTON = re.compile(
    rf"(?:点击|点选|点一[下点]|选择|选|点|按|勾选|→\s{{0,3}}|(?<=[”」’】])\s{{0,9}}[或、/和])\s{{0,9}}{_NAME}"
)
_BARE_BUTTON = re.compile(
    r"(?:点击|点选|选择|勾选)\s{0,9}(?:按钮)?(信息无误|信息有误|照片正确|确认无误|核对无误|正确"
    r"|有误|错误|无误)(?!的|后|信息|，则)"
)
_CONFIRMS = re.compile(r"正确|无误|^确认(?:照片|图像|本人)?$|^是?本人$|^是本人|^是我|确认无|一致")
_NEUTRAL = re.compile(r"^(?:提交|确定|完成|保存|确认提交|提交确认)$")
"""The name of a button that confirms when the words before it say that all is right."""
_ALL_RIGHT = re.compile(r"正确|无误|没有?(?:问题|错)|都对|一致|进行确认")
_IF_WRONG = re.compile(r"(?:有误|不对|有错|错误|不符|有问题|不一致|不是本人|否则)[^。；“【「]{0,10}$")
_MENDS = re.compile(r"反馈|申请|更正|修改|有误|错|异议|不|问题")
"""The name of a button for what is wrong, where the words before it say that something is."""
_DENIED = re.compile(r"(?:不(?:能|得|要|可)|勿|别|严禁|切勿)(?:随意)?(?:点击|点选|选择|勾选|点|选|按)?\s{0,9}$")
_ARROWS = re.compile(r"\s{0,9}(?:→|-{1,2}>|—+>|=>|＞|>|à|➔|»|——|--)\s{0,9}")
_CHAIN = re.compile(
    r"[“【\[]?[\u4e00-\u9fffA-Za-z（）()]{2,16}[”】\]]?(?:\s{0,9}(?:→|-{1,2}>|—+>|=>|＞|>|à"
    r"|➔|»)\s{0,9}[“【\[]?[\u4e00-\u9fffA-Za-z（）()]{2,16}[”】\]]?){1,8}"
)
_QUOTED_CHAIN = re.compile(
    r"[“「‘【\[《\"'][^“”「」‘’【】\[\]《》\"'\n]{1,16}[”」’】\]》\"'](?:\s{0,9}(?:—{1,3}|-{1,3}|－{1,3}|～"
    r"|\.{2,6}|…{1,2}|、|，|再点?击?"
    r"|然后点?击?)?\s{0,9}[“「‘【\[《\"'][^“”「」‘’【】\[\]《》\"'\n]{1,16}[”」’】\]》\"']){1,8}"
)
"""Names in quotation marks that follow each other with nothing but a dash between them."""
_PLAIN_CHAIN = re.compile(r"[\u4e00-\u9fff]{2,12}(?:\s?(?:—{1,2}|-{1,2}|－)\s?[\u4e00-\u9fff]{2,12}){2,8}")
"""Bare names with dashes: at least three, as one dash may be a span."""
_CLICK = re.compile(
    rf"(?:点击|点选|选择|进入|打开|点|找到?|(?<=[”」』】])[里中下内]面?的?)(?:网?页?(?:首页)?[左右上下中侧方面的]{{0,6}})?\s{{0,9}}{_NAME}"
    r"|(?<![：:])[“「【](?P<menu>[^”」】]{2,12})[”」】](?:栏目?|模块|菜单|版块|入口)"
)
_URL = re.compile(r"(?:https?:?//|www\.)[A-Za-z0-9.-]{1,60}\.[A-Za-z]{2,}(?::\d+)?(?:/[!-~]{0,120})?")
_FIELDS = (
    "姓名", "性别", "出生日期", "出生年月", "民族", "身份证号", "身份证号码", "证件号码", "证件号",
    "学校名称", "院校名称", "毕业院校", "层次", "培养层次", "专业", "专业名称", "学制", "学历类别",
    "学习形式", "培养方式", "系所", "分院", "院系", "班级", "学号", "入学日期", "入学时间",
    "毕业日期", "预计毕业日期", "预计毕业时间", "毕业时间", "学籍状态", "考生号", "政治面貌", "曾用名", "籍贯",
    "学位类别", "学位类型", "证件类型", "姓名拼音", "拼音", "专业方向", "主考院校", "准考证号",
)  # fmt: skip
_FIELD = re.compile("|".join(sorted(_FIELDS, key=len, reverse=True)))
_FEE = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d)?\s{0,9}元(?:\s{0,9}[/每]?\s{0,9}[人生次])?")
_CODE = re.compile(r"采集码")
_GETS_CODE = re.compile(
    r"采集码[^。；]{0,16}(?:获取|下载|登[录陆]|查看|保存)|(?:获取|下载|查看|保存)[^。；]{0,16}采集码"
)
_ALREADY = re.compile(r"已(?:经)?(?:采集|有(?:学历)?照片|拍)[^。；]{0,20}(?:无需|不需|不用|不得|不必|不要)")
_FINAL = re.compile(
    r"(?:照片|图像)[^。；]{0,16}(?:不能更换|无法更[改换]|不得更换|不予更换|无法变更)"
    r"|一经(?:审核)?[^。；]{0,8}(?:无法更|不能更|不支持)"
)
_FEATURE = re.compile(r"特征码\s{0,9}(?:[:：]|为|是)?\s{0,9}[“\"]?\s{0,9}([A-Za-z0-9]{4,12})")
_PROGRAM = re.compile(
    r"[“\"]([\u4e00-\u9fff]{2,16})[”\"]\s{0,9}(?:微信)?小程序|小程序\s{0,9}[“\"]([\u4e00-\u9fff]{2,16})[”\"]"
)
_SHOWS = re.compile(
    r"(\d{1,2})(?:\s{0,9}[-—至到~～]\s{0,9}(\d{1,2}))?\s{0,9}(?:个?工作日|天|日(?=左右|后|内))(?:左右"
    r"|之?后|内)?[^。；]{0,20}(?:学信网)?[^。；]{0,12}(?:显示|查看|查到|可查|查询|核对|校对"
    r"|确认)"
)
_VENDOR = re.compile(
    r"(新华社(?:中国)?图片社|中国图片社|新华社[\u4e00-\u9fff]{2,4}分社(?:大学生图像采集中心)?"
    r"|新华图片社|[\u4e00-\u9fff]{2,12}(?<!委托)(?:科技|传媒|图像|影像)[\u4e00-\u9fff]{0,6}公司"
    r"|[\u4e00-\u9fff]{2,10}图像采集中心)"
)
_SPEC = re.compile(
    r"蓝底|白底|浅色|深色|背景|免冠|首饰|眼镜|眉毛|耳朵|美颜|修图|翻拍|着装|浓妆|淡妆|P图"
    r"|像素|化妆|衣领|有领|耳环|刘海|美瞳"
)
_AFTERMATH = re.compile(
    r"后果(?:由(?:学生)?本人)?(?:自负|承担)|责任(?:由(?:学生)?本人)?(?:自负|承担)|由(?:学生)?本人(?:自负"
    r"|承担)|无法(?:办理|注册|毕业|正常)|不能(?:办理|毕业|正常毕业|电子注册)|视为(?:自动)?(?:放弃"
    r"|信息无误|确认)|影响[^，。]{0,6}毕业|不予(?:办理|受理|注册)|逾期"
)


@dataclass(frozen=True, slots=True)
class FoundRule:
    """A value and the sentence where it stands (0: none)."""

    value: str = ""
    at: int = 0


def find_buttons(body: Sequence[Sentence]) -> tuple[FoundRule, FoundRule]:
    """Return the buttons for right and for wrong."""
    ok = wrong = FoundRule()
    for one in body:
        found = [(m.start(), m[1]) for m in _BUTTON.finditer(one.plain)] or [
            (m.start(), m[1]) for m in _BARE_BUTTON.finditer(one.plain)
        ]
        for at, name in sorted(found):
            name = re.sub(r"[√×✓✔✘\s]+", "", name)
            denied = _DENIED.search(one.plain[:at])
            if not name or len(name) > 12:
                continue
            ahead, neutral = one.plain[:at], _NEUTRAL.search(name)
            told = _IF_WRONG.search(ahead) and _MENDS.search(name)
            if told or re.search(r"有误|不正确|(?:有|反馈)问题|错误|有异议|纠错|不符|不是本人|非本人", name):
                wrong = wrong if wrong.at or denied else FoundRule(name, one.n)
            elif not ok.at and not denied and (_ALL_RIGHT.search(ahead[-40:]) if neutral else _CONFIRMS.search(name)):
                ok = FoundRule(name, one.n)
    return ok, wrong


def find_path(body: Sequence[Sentence], buttons: set[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the clicks on CHSI that lead to the check, and their sentences."""
    for one in body:
        plain = re.sub(r"[（(](?:网址[:：])?\s{0,9}(?:https?|www)[^）)]{0,80}[）)]", "", one.plain)
        chains = [[*_ARROWS.split(m[0])] for m in _CHAIN.finditer(plain)]
        chains += [re.findall(_NAME, m[0]) for m in _QUOTED_CHAIN.finditer(plain) if re.search("[-—－]", m[0])]
        chains += [re.split(r"\s?[-—－]{1,2}\s?", m[0]) for m in _PLAIN_CHAIN.finditer(plain)]
        for chain in chains:
            parts = [
                re.sub(r"^(?:学生)?(?:本人)?(?:自行)?(?:登[录陆]后?|点击|进入)|[“”【】\[\]]", "", part)
                for part in chain
            ]
            parts = [part for part in parts if part and part not in buttons]
            whole = " ".join(parts)
            if (
                len(parts) > 1
                and re.search(r"学信|学籍|档案|校对|高等教育", whole)
                and not re.search(r"采集码|付费|支付|缴费|拍照", whole)
            ):
                return tuple(parts), (one.n,)
    clicks, at = list[str](), list[int]()
    for one in body:
        if re.search(r"采集码|小程序|附件|教务系统|管理平台", one.plain) and not re.search(
            "学信网|学信档案|图像校对", one.plain
        ):
            continue
        for m in _CLICK.finditer(one.plain):
            name = re.sub(r"[√×\s]", "", m[1] or m["menu"])
            fits = re.search(
                r"学信|学籍|档案|校对|高等教育|查询|核验|学历|注册|登[录陆]|图像|信息(?!有误|无误)|毕业", name
            )
            if fits and name not in buttons and name not in clicks and not re.search(r"有误|无误|正确|表$|结论", name):
                clicks.append(name)
                at.append(one.n)
    return tuple(clicks[:8]), tuple(dict.fromkeys(at))


_APP = re.compile(r"学信网\s?[“”\"]?\s?(?:手机)?(?:APP|App|app|客户端)")
_IN_APP = re.compile(
    rf"{_APP.pattern}[^。]{{0,40}}(?:核对|校对|确认|核查|查看学籍)|(?:核对|校对|确认|核查)[^。]{{0,20}}{_APP.pattern}"
)


def names_app(body: Sequence[Sentence], path: Sequence[int]) -> bool:
    """Return whether the check is done in CHSI's App: so says the sentence of the path, or one about checking."""
    own = [one.plain for one in body if one.n in path]
    web = any(re.search("https?://|www|网站|网页|电脑", words) for words in own)
    return (not web and any(map(_APP.search, own))) or any(
        _IN_APP.search(one.plain) and not re.search("采集码|或|https?://|www|电脑", one.plain) for one in body
    )


def find_fields(body: Sequence[Sentence]) -> tuple[tuple[str, ...], int]:
    """Return the fields that the notice lists for comparing, and the sentence of the list."""
    best, at, most = tuple[str, ...](), 0, 2
    asked = ""
    for one in body:
        question, asked = asked, one.plain if one.plain.endswith(("？", "?")) else ""
        plain = re.sub(r"[《“][^》”]{0,99}[》”]", "", one.plain)
        names = [m[0] for m in _FIELD.finditer(plain)]
        names = list(dict.fromkeys(names))
        about = re.search(
            r"核对|校对|核实|确认|检查|看|包括|内容|自查|信息|是否(?:正确|准确|有误)",
            question + one.plain + "".join(one.heads[:1]),
        )
        corrects = re.search(r"材料|证明|户口|须携带|提交(?![。，；]|$)|变更的|修改姓名", plain)
        score = len(names) - 3 * bool(corrects and not re.search(r"学籍信息[（(：:]", one.plain))
        if about and score > most and re.search(r"[、，,/|｜]", one.plain):
            best, at, most = tuple(names), one.n, score
    return best[:30], at


def find_ignored(body: Sequence[Sentence]) -> tuple[tuple[str, ...], int]:
    """Return the fields that need not be compared."""
    for one in body:
        if m := re.search(
            r"((?:班级|分院|系所|院系|学号|政治面貌|[、，和及“”\"]){1,16})[^，。；]{0,10}(?:不作(?:要求"
            r"|更正|核对)|无需核对|不用核对|可不核对|可忽略|不影响|不需要?核对|暂不)",
            one.plain,
        ):
            return tuple(_FIELD.findall(m[1])), one.n
    return (), 0


def find_links(body: Sequence[Sentence]) -> Iterator[FoundRule]:
    """Yield the addresses that the notice names, well-formed, each once."""
    seen: set[str] = set()
    for one in body:
        for m in _URL.finditer(one.plain):
            host = re.sub(r"^https?:?//", "", m[0]).rstrip("/.,)]；;")
            if host not in seen:
                seen.add(host)
                scheme = "http://" if m[0].startswith(("http:", "http/")) and "chsi" not in host else "https://"
                yield FoundRule(scheme + host + ("/" if "/" not in host else ""), one.n)


def _read_fee(text: str) -> str | None:
    about = re.search(r"采集|拍摄|收费|费用|照片|每[人生]|/[人生]", text) and not re.search("办证费|学费|论文", text)
    m = _FEE.search(text) if about else None
    return re.sub(r"\s", "", m[0]) if m else None


def _rate_code(text: str) -> int:
    """Return how much a sentence says of the way to the 采集码, from 0: nothing, to 3."""
    if not _CODE.search(text):
        return 0
    ways = re.search(r"App|APP|微信|小程序|网站|www|→|>|[“「【][^”」】]{2,20}[-—]", text)
    return (_GETS_CODE.search(text) is not None) + (re.search("登[录陆]|进入|点击", text) is not None) + bool(ways)


def _read_code_how(text: str) -> str | None:
    return text[:300] if _CODE.search(text) else None


def _read_app(text: str) -> list[str] | None:
    m = _PROGRAM.search(text)
    return [m[1] or m[2]] if m else None


def _read_days(text: str) -> list[int] | None:
    m = _SHOWS.search(text) if re.search("照片|图像|采集|学历", text) else None
    days = [int(m[1]), int(m[2] or m[1])] if m else []
    return days if days and days[0] <= days[1] else None


def _read_vendor(text: str) -> str | None:
    m = _VENDOR.search(text)
    return re.sub(r"^.*(?:由|委托|与|经|到|的|联系|至|请)", "", m[1]) if m and "学信网" not in m[1] else None


_PHOTO: Mapping[str, Callable[[str], object]] = {
    "fee": _read_fee,
    "code_required": lambda text: _CODE.search(text) is not None or None,
    "code_how": _read_code_how,
    "feature_code": lambda text: (m := _FEATURE.search(text)) and m[1],
    "apps": _read_app,
    "shows_after_days": _read_days,
    "vendor": _read_vendor,
    "already_done_rule": lambda text: _ALREADY.search(text) and text[:300],
    "dislike_rule": lambda text: _FINAL.search(text) and text[:300],
}
"""What a sentence says of the photo, by the keys of `flows.notice.Photo`."""


def find_photo(body: Sequence[Sentence]) -> tuple[dict[str, object], dict[str, list[int]]]:
    """Return what the notice says about the way of the photo, keys as in `flows.notice.Photo`, and its sentences."""
    made, at = dict[str, object](), dict[str, list[int]]()
    spec: list[str] = []
    for one in body:
        for key, read in _PHOTO.items():
            better = key == "code_how" and key in made and _rate_code(one.plain) > _rate_code(str(made[key]))
            if (key not in made or better) and (value := read(one.plain)):
                made[key], at[key] = value, [one.n]
        if len({*_SPEC.findall(one.plain)}) >= 2 and len(spec) < 8:
            spec.append(one.text[:300])
            at.setdefault("spec", []).append(one.n)
    return made | ({"spec": spec} if spec else {}), at


def find_account(body: Sequence[Sentence]) -> tuple[dict[str, object], list[int]]:
    """Return what the notice says about the account on CHSI, keys as in `flows.notice.Account`, and its sentences."""
    username, unique, at = list[str](), list[str](), list[int]()
    words = (("email", "邮箱"), ("mobile", "手机号?码?"), ("id_no", "身份证号?码?"))
    for one in body:
        before = len(username) + len(unique)
        for key, word in words:
            if (
                re.search(
                    rf"{word}[^，。；]{{0,14}}(?:作为?|当|为|即为?|是)[^，。；]{{0,8}}(?:用户名|账号|帐号)"
                    rf"|用户名[^，。；]{{0,6}}(?:为|是|填|即)[^，。；]{{0,14}}{word}"
                    rf"|用[^，。；]{{0,4}}{word}[^，。；]{{0,6}}(?:注册"
                    rf"|登[录陆])",
                    one.plain,
                )
                and key not in username
            ):
                username.append(key)
            if (
                re.search(rf"{word}[^。；]{{0,24}}(?:只能(?:注册)?(?:使用)?一次|唯一|只能注册)", one.plain)
                and key not in unique
            ):
                unique.append(key)
        if len(username) + len(unique) > before:
            at.append(one.n)
    return {"username": username, **({"unique": unique} if unique else {})}, at


def find_consequences(body: Sequence[Sentence]) -> Iterator[tuple[str, str, int]]:
    """Yield what follows from being late or careless: the condition, what then, and the sentence."""
    for one in body:
        m = _AFTERMATH.search(one.plain)
        clauses = [
            part
            for part in re.split(r"[，,。；;！]", re.sub(r"^[\d一二三四五六七八九十（()）.、．\s]+", "", one.text))
            if part.strip()
        ]
        place = next((n for n, part in enumerate(clauses) if _AFTERMATH.search(part)), -1) if m else -1
        if place > 0 and len(one.text) < 160:
            yield "，".join(clauses[:place])[-120:], "，".join(clauses[place:])[:160], one.n
        elif place == 0 and clauses[0].startswith(("逾期", "过期")) and len(one.text) < 60:
            yield "逾期", "，".join(clauses)[:160], one.n
