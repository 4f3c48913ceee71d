from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.reading import hollow, read
from faq.sounds import cut, fuzzy
from faq.text import fold


@given(st.text())
def test_any_text_folds_and_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@given(st.text(alphabet="请问一下麻烦谢啊呢老师 怎么办乾著後裡aAāＡ１1'’!？\ud800\x00😀", max_size=60))
def test_what_politeness_leaves_behind_is_folded_too(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@given(st.text())
def test_any_text_is_read_in_parallel_views(text: str) -> None:
    reading = read(text)
    assert len(reading.chars) == len(reading.sounds)
    assert all(0 < weight <= 1 for weight in reading.concepts.values())


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("请问，忘记密码了怎么办啊？？？", "忘记密码了怎么办"),
        ("我的密碼不記得了", "我的密码不记得了"),
        ("ＩＥ８　浏览器", "ie8 浏览器"),
        ("登陆不了，帐号", "登录不了 账号"),
        ("谢谢老师!!!", ""),
        ("🙏🙏", ""),
        ("老师，我查不到学籍", "我查不到学籍"),
        ("can't log in, please", "cant log in"),
        ("mìmǎ wàng le", "mima wang le"),
        ("啊啊啊啊啊", ""),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_very_long_message_is_cut_not_refused() -> None:
    assert len(fold("学" + "籍档" * 100_000)) <= 4_000


def test_sounds_that_are_confused_are_one() -> None:
    assert fuzzy("zhang") == fuzzy("zan")
    assert fuzzy("nin") == fuzzy("ling")
    assert fuzzy("hui") == fuzzy("fui")
    assert fuzzy("shi") != fuzzy("xi")


def test_typed_pinyin_is_cut_and_english_is_not() -> None:
    assert cut("zhengshu") == ("zheng", "shu")
    assert cut("browser") == ()
    assert read("wangji mima le").sounds == read("忘记密码了").sounds
    assert read("can I change my name").chars == ("can", "i", "change", "my", "name")


def test_homophones_and_typed_pinyin_name_the_same_concepts() -> None:
    assert "password" in read("mima wang le").concepts
    assert read("学信挡案").concepts.keys() >= {"archive"}


@pytest.mark.parametrize(
    "text", ["怎么办", "怎么办啊", "请问一下", "", "12345", "！！！", "what", "我", "老师怎么办", "how can i"]
)
def test_what_names_no_subject_is_hollow(text: str) -> None:
    assert hollow(read(text))


@pytest.mark.parametrize("text", ["电话", "截止", "密码忘了", "cost"])
def test_what_names_a_subject_is_not(text: str) -> None:
    assert not hollow(read(text))
