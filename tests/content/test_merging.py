"""Two people edit one file: what one of them changed stays, what both changed is shown, comments are kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.content.loading import SHIPPED
from bot.content.merging import choose_base, merge

BASE = """\
# 食堂的问答
- id: card
  title: 饭卡
  answer: 一楼   # 周三不开

# 图书馆的
- id: books
  title: 书
  answer: |
    三楼
    四楼

- id: keys
  title: 钥匙
  answer: 宿管
"""
WORDS = """\
greeting: 你好   # 第一句
admin:
  # 管理员的
  buttons:
    new: 新的
    old: 旧的
  good: 好
last: [一, 二]
"""


def test_changes_of_different_entries_both_stay() -> None:
    mine, theirs = BASE.replace("宿管", "值班室"), BASE.replace("    四楼\n", "    五楼\n")
    merged = merge(BASE, mine, theirs)
    assert merged.text == BASE.replace("宿管", "值班室").replace("    四楼\n", "    五楼\n")
    assert not merged.conflicts


def test_new_and_deleted_entries_both_stay() -> None:
    new = "- id: gate\n  title: 门\n  answer: 南门\n"
    mine = BASE.replace("- id: keys", f"{new}\n- id: keys")
    theirs = BASE.replace("# 食堂的问答\n- id: card\n  title: 饭卡\n  answer: 一楼   # 周三不开\n\n", "")
    assert merge(BASE, mine, theirs).text == theirs.replace("- id: keys", f"{new}\n- id: keys").replace(
        "\n\n\n", "\n\n"
    )


def test_the_same_key_of_an_entry_is_a_conflict_and_decided_for_one_side() -> None:
    mine, theirs = BASE.replace("宿管", "值班室"), BASE.replace("宿管", "后勤处")
    merged = merge(BASE, mine, theirs)
    (conflict,) = merged.conflicts
    assert (conflict.path, conflict.line) == (("keys", "answer"), 15)
    assert "值班室" in conflict.mine
    assert "后勤处" in conflict.theirs
    assert merged.text == mine
    assert merge(BASE, mine, theirs, "theirs").text == theirs
    decided = merge(BASE, mine, theirs, decided={"answer": "theirs"})
    assert (decided.text, decided.conflicts) == (theirs, ())


def test_different_keys_of_an_entry_and_different_lines_of_a_list_all_stay() -> None:
    base = "- id: gate\n  title: 门\n  # 常问\n  phrasings:\n    - 几点关门\n    - 门在哪  # 新生\n  answer: 十点\n"
    mine = base.replace("门在哪  # 新生\n", "门在哪  # 新生\n    - 南门几点开\n").replace("title: 门", "title: 校门")
    theirs = base.replace("    - 几点关门\n", "").replace("answer: 十点", "answer: 十一点")
    merged = merge(base, mine, theirs)
    assert not merged.conflicts
    assert merged.text == mine.replace("    - 几点关门\n", "").replace("answer: 十点", "answer: 十一点")


def test_keys_of_one_section_are_merged_key_by_key() -> None:
    mine, theirs = WORDS.replace("新的", "写新的"), WORDS.replace("good: 好", "good: 很好").replace("旧的", "老的")
    merged = merge(WORDS, mine, theirs)
    assert merged.text == theirs.replace("新的", "写新的")
    assert not merged.conflicts
    (conflict,) = merge(WORDS, mine, WORDS.replace("新的", "全新")).conflicts
    assert conflict.path == ("admin", "buttons", "new")
    assert conflict.line == 5


def test_a_deleted_entry_that_the_other_changed_is_a_conflict() -> None:
    mine, theirs = BASE[: BASE.index("\n- id: keys")] + "\n", BASE.replace("宿管", "后勤处")
    assert [conflict.path for conflict in merge(BASE, mine, theirs).conflicts] == [("keys",)]


def test_the_version_that_somebody_edited_is_found() -> None:
    newer = BASE.replace("    四楼\n", "    五楼\n")
    newest = newer.replace("饭卡\n", "饭卡余额\n")
    assert choose_base(BASE.replace("宿管", "值班室"), [newest, newer, BASE]) == 2
    assert choose_base(newest.replace("宿管", "值班室"), [newest, newer, BASE]) == 0


def test_the_shipped_files_are_cut_and_put_together_byte_for_byte() -> None:
    files = [*SHIPPED["faq"].glob("*.yaml"), *SHIPPED["notices"].glob("*.yaml"), SHIPPED["phrases.yaml"]]
    for file in files:
        text = file.read_text("utf-8")
        assert merge(text, text, text + "# 末尾\n").text == text + "# 末尾\n"
        assert merge("", text, text).text == text


LINES = st.lists(
    st.sampled_from(["- id: a", "- id: b", "  x: 1", "  x: 2", "k:", "k: 1", "  y:", "    z: 1", "", "# c", "- w"]),
    max_size=8,
).map("\n".join)


@given(LINES, LINES)
def test_an_edit_of_one_side_alone_is_taken_whole(base: str, edited: str) -> None:
    whole = "".join(f"{line}\n" for line in edited.splitlines())
    for merged in (merge(base, edited, base), merge(base, base, edited)):
        assert not merged.conflicts
        assert sorted(merged.text.splitlines()) == sorted(whole.splitlines())
