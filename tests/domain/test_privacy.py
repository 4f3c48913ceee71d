"""What counts as a secret, what must pass, and that a masked text holds nothing of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.privacy import Finding, Kind, find, mask
from tests.secrets import Secret, compute_check_digit, make_secrets

WORDS = ("证号", "老证号", "手机号", "邮箱", "验证码", "密码", "长号码")
MARKS = {kind: f"〔{word}〕" for kind, word in zip(Kind, WORDS, strict=True)}
ENTRIES = Path(__file__).parents[2] / "faq" / "entries"
SYNTHETIC = make_secrets(1000, seed=2014)

FOUND = [
    (Kind.ID18, "11010519491231002X", "我的身份证是{}"),
    (Kind.ID18, "11010519491231002x", "{}查不到"),
    (Kind.ID18, "110105 19491231 002X", "{}"),
    (Kind.ID18, "110105.1949.12.31.002X", "{}"),
    (Kind.ID18, "１１０１０５１９４９１２３１００２Ｘ", "号码{}。"),
    (Kind.ID18, "1\u200b10105\u200b19491231002X", "{}"),
    (Kind.ID18, "一一零一零五一九四九一二三一零零二X", "{}"),
    (Kind.ID18, "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "{}"),
    (Kind.ID18, "110105\n19491231\n002X", "号码是{}"),
    (Kind.ID18, "110105，19491231，002X", "{}"),
    (Kind.ID18, "1、1、0、1、0、5、1、9、4、9、1、2、3、1、0、0、2、X", "{}"),
    (Kind.ID15, "130503670401001", "老证{}"),
    (Kind.ID15, "130503 670401 001", "{}"),
    (Kind.ID15, "一三零五零三六七零四零一零零一", "{}"),
    (Kind.MOBILE, "13812345678", "打{}"),
    (Kind.MOBILE, "138-1234-5678", "{}"),
    (Kind.MOBILE, "138 1234 5678", "2013-12-20 {} 0550-3055417"),
    (Kind.MOBILE, "+86 138 1234 5678", "{}"),
    (Kind.MOBILE, "8613812345678", "{}"),
    (Kind.MOBILE, "138/1234/5678", "{}"),
    (Kind.MOBILE, "138_1234_5678", "tel {}"),
    (Kind.MOBILE, "𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖", "{}"),
    (Kind.MOBILE, "１３８１２３４５６７８", "{}"),
    (Kind.MOBILE, "一三八一二三四五六七八", "我电话{}"),
    (Kind.MOBILE, "13.81.23.45.67.8", "{}"),
    (Kind.MOBILE, "1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8", "{}"),
    (Kind.MAIL, "zhang.san@163.com", "邮箱{}登不上"),
    (Kind.MAIL, "12345678＠ｑｑ．ｃｏｍ", "{}"),
    (Kind.CODE, "382910", "验证码是{}"),
    (Kind.CODE, "3829", "校验码：{}"),
    (Kind.CODE, "38291047", "动态码{}"),
    (Kind.CODE, "382 910", "短信码 {}"),
    (Kind.CODE, "382910", "{}是验证码"),
    (Kind.CODE, "382910", "【学信网】{}（登录验证码），10分钟内有效"),
    (Kind.CODE, "382910", "收不到验证码，后来又来了{}"),
    (Kind.CODE, "382910", "my code is {}"),
    (Kind.CODE, "AB12CD34", "采集码是{}"),
    (Kind.CODE, "A1B2C3D4E5F6G7H8", "在线验证码：{}"),
    (Kind.CODE, "三八二九一零", "驗證碼是{}"),
    (Kind.PASSWORD, "Abc12345", "密码是{}"),
    (Kind.PASSWORD, "qwerty", "密码：{}"),
    (Kind.PASSWORD, "qwerty12", "密码 {}"),
    (Kind.PASSWORD, "P@ss.word1!", "口令：{}"),
    (Kind.PASSWORD, "hello123", "pwd={}"),
    (Kind.PASSWORD, "hello123", "PSW: {}"),
    (Kind.PASSWORD, "123 456", "密码：{}"),
    (Kind.PASSWORD, "Aa123!", "password: {}"),
    (Kind.PASSWORD, "abc123", "mima shi {}"),
    (Kind.PASSWORD, "13812345678", "密码是{}"),
    (Kind.PASSWORD, "19900101", "密码是我生日{}"),
    (Kind.PASSWORD, "Abc 12345", "我的密码是 {}"),
    (Kind.PASSWORD, "zhangsan Abc12345", "账号密码 {}"),
    (Kind.PASSWORD, "Abc12345", "{}是我的密码"),
    (Kind.LONG_NUMBER, "110105194912310021", "身份证{}"),
    (Kind.LONG_NUMBER, "110105-1949-1231-0021", "{}"),
    (Kind.LONG_NUMBER, "103571201306000123", "号码{}"),
    (Kind.LONG_NUMBER, "110105194912310021", "身份证编号{}"),
    (Kind.ID18, "11010519491231002X", "证件编号：{}"),
    (Kind.LONG_NUMBER, "6222021234567890", "{}"),
]

PASSES = """
2013年12月20日
二0一三年六月十五日
2013-12-20
2013.12.01-2013.12.20
2013-12-01 2013-12-20
2013/12/20
2013/2014学年
http://www.chsi.com.cn/xlcx/bgcx.jsp
QQ群123456789 验证码
20131201-20140320
0550-3055417
0550-3055417 010-67410388
0550-3055417 2013
010-67410388
01067410388
982456
00298959
298959
NO.00298959
学校编号982456，序列号NO.00298959
982456收不到验证码
证书编号982456，收不到验证码
验证码要输几位
验证码是6位还是4位
收不到验证码10分钟了
验证码错误代码1001
2014届
2014届收不到校验码
12级
15位还是18位
1991-2001
1991年以前
1991-2001-123
收不到验证码打010-67410388
2013 验证码收不到
验证码12月20日还没来
采集码是什么
采集码在哪
密码怎么改
密码6位可以吗
密码要8位吗
密码8-16位可以吗
密码忘了
密码：******
忘记密码 2013-12-20 前能弄好吗
忘记密码 0550-3055417
忘记密码 www.chsi.com.cn
密码 reset
my password is wrong how to reset
mima wangle zenme ban
mima shi 8wei ma
error code 1001
Chrome 131.0.6778.205打不开
IE8.0 能用吗
以edu.cn结尾的邮箱
第一步至第四步
12级会计学专升本 2012年入学 还要核对吗
学号2012010123查不到照片
一二三四五
12345
等了15-50天
照片480*640像素
交12-60元吗
证书编号103571201306000123查不到
证书编号103571201306000123
毕业证编号：1035 7120 1306 0001 23，填哪个
证书号码是10357120130600123
103571201306000123这个证书编号不对吗
毕业证书103571201306150124查不到
编号130503670401001
""".strip().splitlines()


@pytest.mark.parametrize(("kind", "secret", "sentence"), FOUND)
def test_finds_the_secret_whole_and_as_what_it_is(kind: Kind, secret: str, sentence: str) -> None:
    start = sentence.index("{}")
    assert find(sentence.format(secret)) == (Finding(kind, start, start + len(secret)),)


@pytest.mark.parametrize("text", PASSES)
def test_passes_what_anybody_may_write(text: str) -> None:
    assert find(text) == ()


def test_no_phrasing_of_the_faq_is_taken_for_a_secret() -> None:
    files = sorted(ENTRIES.glob("*.yaml"))
    lines = [line for file in files for line in _strings(yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader))]
    lines += [
        line for path in (ENTRIES.parent / "phrasings").glob("*.txt") for line in path.read_text("utf-8").splitlines()
    ]
    assert len(lines) >= len(files)
    assert [line for line in lines if find(line, ("kefu@chsi.com.cn",))] == []


def _strings(node: object) -> list[str]:
    if isinstance(node, dict):
        return [line for key, value in node.items() if key != "references" for line in _strings(value)]
    if isinstance(node, list):
        return [line for value in node for line in _strings(value)]
    return node.splitlines() if isinstance(node, str) else []


@pytest.mark.parametrize("text", ["kefu@chsi.com.cn", "发到 ＫＥＦＵ＠chsi．com．cn 吗", "忘记密码 kefu@chsi.com.cn"])
def test_an_allowed_mail_passes_in_any_width(text: str) -> None:
    assert find(text, ("kefu@chsi.com.cn",)) == ()
    assert "mykefu@chsi.com.cn" not in mask(f"my{text}", find("mykefu@chsi.com.cn"), MARKS)


@pytest.mark.parametrize("text", ["13900001111", "139 0000 1111", "+86-139-0000-1111", "１３９００００１１１１"])
def test_an_allowed_mobile_passes_with_any_separator(text: str) -> None:
    assert find(text)
    assert find(text, ["139-0000-1111"]) == ()
    assert find(text + "，13812345678", ["13900001111"]) == (Finding(Kind.MOBILE, len(text) + 1, len(text) + 12),)


@pytest.mark.parametrize("before", ["老是提示密码错误", "证书编号", "老师电话"])
def test_what_names_a_number_says_nothing_of_the_next_line(before: str) -> None:
    assert [finding.kind for finding in find(f"{before}\n865166是我的验证码")] == [Kind.CODE]


def test_two_secrets_side_by_side_are_both_found() -> None:
    text = "11010519491231002X 13812345678 密码：Abc12345"
    assert [finding.kind for finding in find(text)] == [Kind.ID18, Kind.MOBILE, Kind.PASSWORD]
    assert mask(text, find(text), MARKS) == "〔证号〕 〔手机号〕 密码：〔密码〕"


def test_a_synthetic_secret_is_covered_and_gone_when_masked() -> None:
    """All of them at once; the sentences that fail are named."""
    assert len(SYNTHETIC) == 1000
    assert [secret.sentence for secret in SYNTHETIC if not _is_hidden(secret)] == []


def _is_hidden(secret: Secret) -> bool:
    """Whether the secret is covered by one finding, and masking removes it and no other digit."""
    start = secret.sentence.index(secret.secret)
    findings = find(secret.sentence)
    covered = any(found.start <= start and start + len(secret.secret) <= found.end for found in findings)
    masked = mask(secret.sentence, findings, MARKS)
    rest = secret.sentence.replace(secret.secret, "")
    return covered and secret.secret not in masked and _digits(masked) == _digits(rest)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def test_synthetic_secrets_are_of_every_kind_and_the_same_for_the_same_seed() -> None:
    assert {secret.kind for secret in SYNTHETIC} == set(Kind)
    assert make_secrets(50, seed=1) == make_secrets(50, seed=1) != make_secrets(50, seed=2)
    assert len({secret.sentence for secret in SYNTHETIC}) > 950


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert compute_check_digit("11010519491231002") == "X"
    assert compute_check_digit("44052418800101001") == "4"


PIECES = st.sampled_from(
    [
        *(
            "验证码",
            "校验码",
            "采集码",
            "code",
            "密码",
            "口令",
            "password",
            "mima",
            "是",
            "：",
            ":",
            "〔",
            "〕",
            "吗",
            "年",
        ),
        *("2013-12-20", "0550-3055417", "138", "1234", "5678", "13812345678", "11010519491231002X", "382910", "Ab1!"),
        *(
            "收不到",
            "@163.com",
            "abc",
            "一三八",
            "１２",
            "x",
            "86",
            "+",
            "-",
            ".",
            "\u200b",
            "，",
            " ",
            "\n",
            "\ufe0f\u20e3",
        ),
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))


@given(TEXTS)
def test_findings_of_any_text_are_in_order_and_apart(text: str) -> None:
    edges = [edge for finding in find(text) for edge in (finding.start, finding.end)]
    assert edges == sorted(edges)
    assert all(0 <= finding.start < finding.end <= len(text) for finding in find(text))


@given(TEXTS)
def test_masking_twice_is_masking_once(text: str) -> None:
    masked = mask(text, find(text), MARKS)
    assert mask(masked, find(masked), MARKS) == masked


@pytest.mark.parametrize(
    "piece",
    ["1 ", "1", "1 9 1 9 9 0 0 1 ", "a", "a@", "a.", "一", "验证码", "验证码是", "密码", "密码a", " ", "１", "2013 "],
)
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text, times = (piece * length)[:length], []
        for _ in range(5):
            began = time.thread_time()
            find(text)
            times.append(time.thread_time() - began)
        return min(times)

    assert seconds(16_384) < 40 * seconds(1_024)  # linear is 16, quadratic 256
