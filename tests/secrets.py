"""Invented secrets in sentences of graduates, for the tests of privacy, the database and the logs.

Area codes are real ones, everything after them is random: no value was copied from a person or a document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from bot.domain.privacy import Kind

AREAS = (
    "110105",
    "120103",
    "130503",
    "140107",
    "150102",
    "210202",
    "220104",
    "230103",
    "310110",
    "320106",
    "330108",
    "340103",
    "341102",
    "341103",
    "341122",
    "341124",
    "341181",
    "350203",
    "360111",
    "370203",
    "410105",
    "420106",
    "430104",
    "440106",
    "450107",
    "460105",
    "500103",
    "510107",
    "520103",
    "530102",
    "540102",
    "610113",
    "620102",
    "630103",
    "640104",
    "650102",
)
SENTENCES: dict[Kind, tuple[str, ...]] = {
    Kind.ID18: (
        "我的身份证号是{}，帮我查一下学籍",
        "身份证{}提示已经被注册了怎么办",
        "{}",
        "张三，{}，12级会计电算化，查不到学籍",
        "老师你好！我叫王小明 {} 麻烦看看照片传上去没有",
        "证件号：{}。学信网说不匹配",
        "2013年12月20日前要核对吗？我身份证{}",
        "id card {} cannot register",
        "报名时填的是({})，现在这个对不对",
        "出生日期不对，应该是{}才对",
    ),
    Kind.ID15: (
        "老身份证是15位的：{}",
        "我当年报名用的{}，现在换成二代证了",
        "一代证号码{}还能注册吗",
        "{}这个15位的能查到学籍不",
        "身份证 {} 查不到",
    ),
    Kind.MOBILE: (
        "我的手机号是{}，收不到短信",
        "电话{}",
        "张老师请打{}找我",
        "{} 这个号已经不用了，怎么换",
        "手机{}收不到验证码10分钟了",
        "联系方式:{},谢谢",
        "my phone is {} thanks",
        "旧号{}停机了怎么找回密码",
    ),
    Kind.MAIL: (
        "我的邮箱是{}",
        "用户名{}登录不了",
        "发到{}可以吗？",
        "{} 收不到校验码",
        "邮箱（{}）填错了怎么改",
        "注册用的{}，现在想换",
    ),
    Kind.CODE: (
        "验证码是{}",
        "我收到的校验码：{}，填哪里",
        "【学信网】您的校验码为{}，10分钟内有效",
        "动态码{}对吗",
        "短信码 {}",
        "{}是我的验证码，帮我填一下",
        "验证码收到了，是{}",
        "my code is {}",
        "验证码{}提示错误",
    ),
    Kind.PASSWORD: (
        "我的密码是{}，登不上",
        "密码：{}",
        "登录密码 {} 提示错误怎么办",
        "用户名是我邮箱，密码{}",
        "password: {}",
        "pwd={}",
        "口令：{}",
        "mima shi {}",
        "密码设成了{}，对不对",
        "学信网密码是“{}”",
        "{}是我的密码",
    ),
    Kind.LONG_NUMBER: (
        "我的号码是{}",
        "证书编号{}查不到",
        "{}",
        "身份证{}说不正确",
        "银行卡{}能退费吗",
        "毕业证编号：{}，填哪个",
    ),
}
PHOTO_CODES = ("采集码是{}", "我的采集码：{}", "采集码{}给你", "在线验证码：{}", "在线验证码 {} 单位能看吗")
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
NUMERALS = str.maketrans("0123456789", "零一二三四五六七八九")
LETTERS = "abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Secret:
    """One `sentence` that carries one `secret`, written as it stands in the sentence."""

    kind: Kind
    secret: str
    sentence: str


def make_secrets(n: int, seed: int) -> list[Secret]:
    """Return `n` secrets, the kinds in turn; the same ones for the same seed."""
    random = Random(seed)
    kinds = list(Kind)
    return [_make_secret(random, kinds[at % len(kinds)]) for at in range(n)]


def compute_check_digit(first17: str) -> str:
    """Return the eighteenth character of an ID (ISO 7064 MOD 11-2, weights of GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first17, weights, strict=True)) % 11]


def _make_secret(random: Random, kind: Kind) -> Secret:
    secret = _MAKERS[kind](random)
    photo = kind is Kind.CODE and any(char.isalpha() for char in secret)
    return Secret(kind, secret, random.choice(PHOTO_CODES if photo else SENTENCES[kind]).format(secret))


def _make_digits(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))


def _make_birthday(random: Random) -> str:
    return f"{date(1960, 1, 1) + timedelta(days=random.randrange(14_000)):%Y%m%d}"


def _make_id18(random: Random) -> str:
    area, birthday, serial = random.choice(AREAS), _make_birthday(random), _make_digits(random, 3)
    last = compute_check_digit(area + birthday + serial)
    return _vary(random, (area, birthday, serial + random.choice((last, last.lower()))))


def _make_id15(random: Random) -> str:
    return _vary(random, (random.choice(AREAS), _make_birthday(random)[2:], _make_digits(random, 3)))


def _make_mobile(random: Random) -> str:
    chunks = (
        "1" + random.choice("3456789") + _make_digits(random, 1),
        _make_digits(random, 4),
        _make_digits(random, 4),
    )
    return random.choice(("", "", "", "+86", "86", "+86 ", "0086", "+86-")) + _vary(random, chunks)


def _make_mail(random: Random) -> str:
    name = random.choice(
        (
            _make_digits(random, random.randint(6, 10)),
            "".join(random.choices(LETTERS, k=6)) + _make_digits(random, 3),
            "".join(random.choices(LETTERS, k=4)) + random.choice("._-") + "".join(random.choices(LETTERS, k=4)),
        )
    )
    host = random.choice(
        ("qq.com", "163.com", "126.com", "sina.com.cn", "gmail.com", "stu.example.edu.cn", "vip.qq.com")
    )
    at = random.choice(("@", "@", "@", "＠", " @ "))
    return name + at + host


def _make_code(random: Random) -> str:
    if random.random() < 0.3:
        return "".join(random.choices(LETTERS.upper(), k=3)) + _make_digits(random, random.randint(1, 5))
    digits = random.choice("345678") + _make_digits(random, random.choice((3, 5, 5, 5, 7)))
    return random.choice((digits, digits, digits.translate(FULL_WIDTH)))


def _make_password(random: Random) -> str:
    word = "".join(random.choices(LETTERS, k=random.randint(2, 6)))
    return random.choice(
        (
            word.capitalize() + _make_digits(random, random.randint(3, 6)),
            word + random.choice("!@#$%&*.") + _make_digits(random, 4),
            random.choice("3456789") + _make_digits(random, random.randint(5, 9)),
            _make_digits(random, 3) + word.upper() + random.choice("!?_-+") + _make_digits(random, 2),
        )
    )


def _make_long_number(random: Random) -> str:
    area, birthday, serial = random.choice(AREAS), _make_birthday(random), _make_digits(random, 3)
    wrong = random.choice([char for char in "0123456789X" if char != compute_check_digit(area + birthday + serial)])
    mistyped = _vary(random, (area, birthday, serial + wrong))
    certificate = (
        f"1{_make_digits(random, 4)}{random.choice('15')}{random.randint(2001, 2014)}{random.choice(('05', '06'))}"
    )
    return random.choice(
        (mistyped, certificate + _make_digits(random, random.choice((5, 6))), "6" + _make_digits(random, 15))
    )


def _vary(random: Random, chunks: tuple[str, ...]) -> str:
    """Return the number as people write it: unbroken, in chunks, apart, in full width or in numerals."""
    whole = "".join(chunks)
    spaced = (
        " ".join(chunks),
        "-".join(chunks),
        ".".join(chunks),
        "－".join(chunks),
        "\u3000".join(chunks),
        " ".join(whole),
        "\u200b".join(whole),
    )
    return random.choice((whole, whole, whole, whole.translate(FULL_WIDTH), whole.translate(NUMERALS), *spaced))


_MAKERS: dict[Kind, Callable[[Random], str]] = {
    Kind.ID18: _make_id18,
    Kind.ID15: _make_id15,
    Kind.MOBILE: _make_mobile,
    Kind.MAIL: _make_mail,
    Kind.CODE: _make_code,
    Kind.PASSWORD: _make_password,
    Kind.LONG_NUMBER: _make_long_number,
}
