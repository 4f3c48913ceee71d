"""Content as files: a folder is read without what lies outside of it; changes are told entry by entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.files import Refused, decode_text, diff_names, read_folder, to_patch, write_files
from bot.content.yaml_source import MAX_BYTES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "content" / "faq").mkdir(parents=True)
    (tmp_path / "content" / "faq" / "own.yaml").write_text("own", "utf-8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.yaml").write_text("secret", "utf-8")
    return tmp_path / "content"


def test_a_link_to_a_file_outside_is_not_followed(folder: Path) -> None:
    (folder / "faq" / "linked.yaml").symlink_to(folder.parent / "outside" / "secret.yaml")
    (folder / "phrases.yaml").symlink_to(Path("..") / "outside" / "secret.yaml")
    assert read_folder(folder) == {"faq/own.yaml": "own"}


def test_a_linked_folder_outside_is_not_followed(folder: Path) -> None:
    (folder / "notices").symlink_to(folder.parent / "outside")
    assert read_folder(folder) == {"faq/own.yaml": "own"}


def test_a_link_within_the_folder_is_followed_also_where_the_folder_itself_is_a_link(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "real.yaml").write_text("real", "utf-8")
    (folder / "faq" / "linked.yaml").symlink_to(Path("..") / "data" / "real.yaml")
    (folder.parent / "link").symlink_to(folder)
    for path in (folder, folder.parent / "link"):
        assert read_folder(path) == {"faq/own.yaml": "own", "faq/linked.yaml": "real"}


def test_what_is_no_text_stays_bytes_and_no_folder_is_no_files(folder: Path) -> None:
    (folder / "faq" / "own.yaml").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    assert read_folder(folder) == {"faq/own.yaml": b"PK\x03\x04\xff\xfe\x00"}
    assert read_folder(None) == read_folder(folder / "nowhere") == {}


def test_a_file_is_written_whole_with_the_rights_that_it_had(folder: Path) -> None:
    file = folder / "faq" / "own.yaml"
    file.chmod(0o600)
    write_files({"faq/own.yaml": "new", "notices/a.yaml": "a"}, folder)
    assert read_folder(folder) == {"faq/own.yaml": "new", "notices/a.yaml": "a"}
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OSError, match="Is a directory"):
        write_files({"faq": "x"}, folder)
    assert [path.name for path in folder.rglob(".*")] == []


def test_files_that_are_too_large_or_no_text_are_refused() -> None:
    with pytest.raises(Refused, match="too_large"):
        decode_text(b"x" * (MAX_BYTES + 1))
    with pytest.raises(Refused, match="no_text") as refused:
        decode_text(b"a\nPK\x03\x04\xff\xfe\x00")
    assert refused.value.about["line"] == 2


def test_a_patch_names_added_changed_and_removed_files() -> None:
    own = {"faq/a.yaml": "one\n", "faq/b.yaml": "two\n"}
    new = {"faq/a.yaml": "one\n", "faq/b.yaml": "three", "faq/c.yaml": "four\n"}
    assert diff_names(own, new) == ["faq/b.yaml", "faq/c.yaml"]
    assert to_patch(own, own) == ""
    patch = to_patch(own, new)
    assert "-two\n+three\n\\ No newline at end of file\n" in patch
    assert "+++ b/faq/c.yaml" in patch
