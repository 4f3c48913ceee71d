"""The file that spares the next start the building."""

from __future__ import annotations

from pathlib import Path

from bot.content.built import load_or_build
from bot.reading.place import MENU
from bot.reading.reader import MessageReader
from faq.matcher import Matcher
from tests.conftest import shipped

SCRIPT = shipped().script.model_copy(update={"steps": shipped().script.steps[:2]})
ENTRIES = list(shipped().entries.values())[:12]
TYPED = ["忘记密码了怎么办", "zhaopian zai na kan", "我弄好了，但是照片在哪看", "好", "重新开始"]


def read(folder: Path, revision: str = "one") -> list[object]:
    """Read messages with what is kept in a folder."""
    built = load_or_build(folder, revision, ENTRIES, SCRIPT)
    reader = MessageReader(SCRIPT, Matcher(ENTRIES, index=built.faq), (), built.model, built.book)
    return [reader.read(text, MENU) for text in TYPED]


def test_what_was_kept_reads_as_what_was_built(tmp_path: Path) -> None:
    built = read(tmp_path)
    (file,) = tmp_path.iterdir()
    made = file.stat().st_mtime_ns
    assert read(tmp_path) == built
    assert file.stat().st_mtime_ns == made


def test_a_file_that_is_broken_or_of_another_content_is_replaced(tmp_path: Path) -> None:
    built = read(tmp_path)
    (old,) = tmp_path.iterdir()
    whole = old.read_bytes()
    old.write_bytes(whole[:1000])
    assert read(tmp_path) == built
    assert len(old.read_bytes()) == len(whole)
    assert read(tmp_path, "two") == built
    (new,) = tmp_path.iterdir()
    assert new != old


def test_where_nothing_can_be_kept_it_is_built_all_the_same(tmp_path: Path) -> None:
    nowhere = tmp_path / "gone"
    assert load_or_build(nowhere, "one", ENTRIES[:1], SCRIPT)
    assert not nowhere.exists()
