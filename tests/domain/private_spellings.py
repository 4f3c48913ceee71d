"""Invented private things of every kind in the spellings that people give them, as strategies of hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from hypothesis import strategies as st

from tests.secrets import AREAS, compute_check_digit

SEPARATORS = (
    *(" ", "  ", " - ", "，  ", "\n", "\r\n", "\t", "\u3000", "\u200b", "\ufe0f\u20e3", "空格", "杠", "❤️"),
    *"-－—.·,，、/\\_~:()（）[【】*+=|#😀→…",
)
SCRIPTS = (
    *("0123456789",) * 3,
    *("０１２３４５６７８９", "零一二三四五六七八九", "〇幺二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"),
    *("𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⓪①②③④⑤⑥⑦⑧⑨", "O123456789", "o123456789", "0l23456789", "OI23456789"),
)
"""The ten digits in each script; every one has at least eight that nobody takes for letters."""
DIGITS = st.sampled_from("0123456789")
LATIN = st.sampled_from("abcdefghjkmnpqrstuvwxyz")
SURNAMES = st.sampled_from("王李张刘陈杨黄赵吴周徐孙马朱胡郭林罗郑梁谢宋唐许韩冯邓曹彭")
GIVEN = st.text(st.sampled_from("明红伟芳娜强磊洋勇艳杰娟涛超霞刚桂英玉兰文晓建国"), min_size=1, max_size=2)
NAMES = st.builds("{}{}".format, SURNAMES, GIVEN)


def make_digits(least: int, most: int) -> st.SearchStrategy[str]:
    """Return a strategy of so many digits that most scripts show as digits: neither a year nor zeros and ones alone."""
    return st.text(DIGITS, min_size=least, max_size=most).filter(lambda one: len(set(one) - set("01")) > 1)


@st.composite
def spell(draw: st.DrawFn, whole: str) -> str:
    """Return a number in one script, whole or in chunks with one separator between them, or with another each time."""
    script = str.maketrans("0123456789", draw(st.sampled_from(SCRIPTS)))
    size, one = draw(st.sampled_from((99, 1, 2, 3, 4, 5, 6))), draw(st.sampled_from(SEPARATORS))
    chunks = [whole[at : at + size].translate(script) for at in range(0, len(whole), size)]
    mixed = draw(st.booleans())
    gaps = [draw(st.sampled_from(SEPARATORS)) if mixed else one for _ in chunks[1:]]
    return chunks[0] + "".join(gap + chunk for gap, chunk in zip(gaps, chunks[1:], strict=True))


@st.composite
def _make_id(draw: st.DrawFn) -> str:
    birthday = draw(st.dates(min_value=date(1960, 1, 1), max_value=date(2003, 1, 1)))
    first = f"{draw(st.sampled_from(AREAS))}{birthday:%Y%m%d}{draw(make_digits(3, 3))}"
    return first + compute_check_digit(first)


MOBILES = st.builds("1{}{}".format, st.sampled_from("3456789"), make_digits(9, 9))
NUMBERS: Mapping[str, st.SearchStrategy[str]] = {
    "id18": _make_id(),
    "id15": st.builds("{}670401{}".format, st.sampled_from(AREAS), make_digits(3, 3)),
    "mobile": MOBILES,
    "code": make_digits(6, 6).filter(lambda one: one[:2] not in ("19", "20")),  # 2013-12 is a month
    "student number": make_digits(8, 12),
    "qq": make_digits(7, 10),
    "bank card": make_digits(16, 19),
    "phone": st.builds("0550{}".format, make_digits(7, 7)).filter(lambda one: one != "05503055417"),
}
FRAMES = (
    *("{}", "我的号码是{}，查不到", "老师你好{}", "打{}找我", "{}这个不对吗", "my number is {} thanks", "（{}）"),
    "收到了\n{}\n怎么办",
)

LABELS = (
    *(
        "学号",
        "考生号：",
        "准考证号是",
        "报名序号",
        "护照号 ",
        "军官证",
        "通行证：",
        "QQ",
        "qq号是",
        "后四位",
        "后六位是",
    ),
    *("身份证后4位：", "验证码"),
)
PASSPORTS = st.builds("{}{}".format, st.sampled_from(("E", "G", "EA", "H", "M", "e")), make_digits(7, 9))
PASSWORDS = st.builds("{}{}".format, st.text(LATIN, min_size=3, max_size=6), make_digits(2, 5))
PASSWORD_FRAMES = (
    *(
        "密码{}",
        "我的密码是{}，登不上",
        "密码：{}",
        "口令 {}",
        "password: {}",
        "password is {}",
        "mima shi {}",
        "pwd={}",
    ),
    "{}是我的密码",
)
WECHAT_FRAMES = ("微信{}", "微信号：{}", "加我微信 {}", "vx{}")
NAME_FRAMES = (
    *("我叫{}，查不到", "我叫{}", "姓名：{}。", "姓名是{}，学号忘了", "姓名{}", "你好，我是{}。", "{}，学号查不到"),
    "我的名字是{}",
)
ADDRESSES = st.builds("安徽省滁州市{}路{}号".format, st.sampled_from(("丰乐", "会峰", "中都")), make_digits(2, 3))
ADDRESS_FRAMES = ("住址{}", "家庭住址是{}", "住址：{}。", "家住{}")


AT_AND_DOT = (
    *(("@", "."), ("＠", "．"), (" @ ", " . "), (" at ", " dot "), ("艾特", "点"), ("[at]", "[dot]"), ("(at)", ".")),
    *(("@", "。"), (" AT ", "."), ("#", ".")),
)


@st.composite
def _make_mail(draw: st.DrawFn) -> str:
    local = draw(st.one_of(PASSWORDS, make_digits(6, 10), NAMES, st.text(LATIN, min_size=4, max_size=9)))
    host, top = draw(st.sampled_from((("qq", "com"), ("163", "com"), ("sina", "com.cn"), ("gmail", "com"))))
    at, dot = draw(st.sampled_from(AT_AND_DOT))
    return local + at + host + dot + top.replace(".", dot)


MAILS = _make_mail()
