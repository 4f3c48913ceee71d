"""A college's own folder: its entries stand beside the shipped ones, and nothing in it is passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.files import load_shipped, read_folder
from bot.content.loading import load
from bot.content.own_folder import EntryCounts, add_shipped, count_entries, find_ids, insert_saved, load_folder
from bot.content.problem import ContentProblem
from tests.conftest import Here

OWN = """\
- id: {id}
  title: {title}
  answer: {answer}
  source: beyond
  checked_on: 2026-09-01
  phrasings: [{words}领证书在几号楼, {words}证书去哪个窗口拿, {words}拿证要去哪一层]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own" / "faq").mkdir(parents=True)
    return tmp_path / "own"


def write(folder: Path, name: str, **row: str) -> None:
    row = {"id": "our-window", "title": "本校的窗口", "answer": "到一号楼。", "words": "本校", **row}
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(OWN.format(**row), "utf-8")


def test_own_entries_add_and_take_the_place_of_those_with_their_id(folder: Path, here: Here) -> None:
    write(folder, "faq/a-ours.yaml")
    write(folder, "faq/YOURS.YML", id="cost", title="本校要不要钱", answer="本校不收钱。", words="学费和")
    content, shipped = load_folder(folder), load()
    assert {*content.entries} == {*shipped.entries, "our-window"}
    assert content.entries["cost"].answer == "本校不收钱。"
    assert count_entries(folder) == EntryCounts(len(find_ids(load_shipped("faq"))), 2, 1)
    code, told, error = here("check", "--content", str(folder))
    assert code == 0, error
    assert f"{len(find_ids(load_shipped('faq')))} 条自带 + 2 条你的，其中 1 条换掉了自带的" in told


def test_a_folder_may_have_its_own_entries_alone(folder: Path) -> None:
    write(folder, "faq/ours.yaml")
    (folder / "content.yaml").write_text("faq: replace   # 只要自己的\n", "utf-8")
    assert find_ids(add_shipped(read_folder(folder))) == {"our-window"}
    assert count_entries(folder) is None


def test_a_folder_with_a_script_of_its_own_says_whether_the_shipped_entries_stand_beside_its_own(folder: Path) -> None:
    write(folder, "faq/ours.yaml")
    for name, text in load_shipped("scripts").items():
        (folder / "scripts").mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    assert find_ids(add_shipped(read_folder(folder))) == {"our-window"}
    (folder / "content.yaml").write_text("faq: add\n", "utf-8")
    assert {*load_folder(folder).entries} == {*load().entries, "our-window"}


def test_what_an_own_file_and_a_shipped_one_both_say_is_told_of_the_own_one(folder: Path) -> None:
    taken = next(iter(load().entries.values())).phrasings[0]
    write(folder, "faq/a-first.yaml", words="本校")
    file = folder / "faq" / "a-first.yaml"
    file.write_text(file.read_text("utf-8").replace("本校领证书在几号楼", taken), "utf-8")
    with pytest.raises(ContentProblem) as told:
        load_folder(folder)
    assert {fault.file for fault in told.value.problems} == {"faq/a-first.yaml"}


def test_what_is_not_read_is_named_with_a_better_name(folder: Path, here: Here) -> None:
    write(folder, "faq/ours.yaml")
    for name in ("entries/x.yaml", "notice/y.yaml", "faq/~$ours.yaml", "faq/more.yaml.txt", "faq/deep/z.yaml"):
        write(folder, name, id="other")
    code, told, error = here("check", "--content", str(folder))
    assert code == 0, error
    for words in (
        "entries：文件夹要叫 faq",
        "notice：文件夹要叫 notices",
        "~$ours.yaml",
        "多了“.txt”",
        "faq/deep/z.yaml",
    ):
        assert words in told
    write(folder, "faq/ours - 副本.yaml")
    code, told, error = here("check", "--content", str(folder))
    assert code == 1
    assert "faq/ours - 副本.yaml 像是 ours.yaml 的副本" in told
    assert "our-window" in told + error


def test_a_saved_own_file_takes_an_entry_from_the_revision_and_gives_it_back() -> None:
    name = next(name for name, text in load_shipped("faq").items() if "- id: cost\n" in text)
    edited = {**load_shipped("faq"), name: load_shipped("faq")[name].replace("title: ", "title: 改过的", 1)}
    own = OWN.format(id="cost", title="本校要不要钱", answer="本校不收钱。", words="学费和")
    files = insert_saved(edited, {"faq/ours.yaml": own})
    assert sum("- id: cost\n" in str(text) for text in files.values()) == 1
    assert "改过的" in str(files[name])
    left = {key: str(text) for key, text in files.items() if key != "faq/ours.yaml"}
    assert find_ids(insert_saved(left, {})) == find_ids(load_shipped("faq"))
