"""The documents in which schools publish: their text is read, or it is said why not."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.content.documents import UnreadableDocument, read_document
from bot.notice_import.draft import draft_notice
from tests.notice_import.drafts import SIGNED, spans


def test_a_document_gives_its_text() -> None:
    word = io.BytesIO()
    row = "<w:tr>{}</w:tr>".format(
        "".join(f"<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>" for cell in ("专科", "2023级"))
    )
    body = f"<w:p><w:r><w:t>关于核对</w:t></w:r><w:r><w:t>的通知</w:t></w:r></w:p><w:tbl>{row}</w:tbl>"
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(word, "w") as archive:
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>')
    assert read_document(word.getvalue()) == "关于核对的通知\n专科\t2023级"
    page = "<html><head><meta charset=gbk><script>no()</script></head><p>关于核对</p><tr><td>专科<td>2023级</tr></html>"
    assert read_document(page.encode("gbk")) == "关于核对\n专科\t2023级"
    assert read_document("关于核对的通知".encode("gb18030")) == "关于核对的通知"
    saved = EmailMessage()
    saved["Snapshot-Content-Location"] = "https://example.edu.cn/notice"
    saved.add_related("<html><p>关于核对的通知</p></html>", subtype="html")
    saved.add_related(b"\x89PNG", "image", "png")
    assert read_document(b"Subject: x\n" + saved.as_bytes()) == "关于核对的通知"


def test_an_old_word_document_is_read_where_antiword_is_and_refused_in_plain_words_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreadableDocument, match="document_old_word"):
        read_document(old)
    program = tmp_path / "antiword"
    program.write_text("#!/bin/sh\n/bin/cat >/dev/null\necho 关于核对的通知\n", "utf-8")
    program.chmod(0o755)
    assert read_document(old).strip() == "关于核对的通知"


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"PK\x03\x04\xff\xfe\x00", "document_broken"),
        (b"%PDF-1.4\nnothing", "document_broken"),
        (b"\x00\x01\x02", "document_no_text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "document_picture"),
        (b"MIME-Version: 1.0\nContent-Type: image/png\n\nAAAA", "document_no_text"),
        (b"x" * 8_000_001, "document_too_large"),
    ],
)
def test_a_document_without_text_is_refused(raw: bytes, rule: str) -> None:
    with pytest.raises(UnreadableDocument, match=rule):
        read_document(raw)


TABLE = (("阶段", "时间", "对象"), ("核对学籍", "2026年6月5日至6月9日", "全体"), ("领取证书", "2026年7月1日", "全体"))
SITE = "<div>上一篇：关于缴费的通知</div><div>缴费截止2026年3月1日</div>"


def test_a_table_is_the_same_however_it_was_pasted() -> None:
    cells = "".join(f"<tr>{''.join(f'<td><p>{cell}</p></td>' for cell in row)}</tr>" for row in TABLE)
    page = f"<html><p>关于核对学籍的通知</p><table>{cells}</table><p>某某学院教务处</p><p>2026年6月3日</p>{SITE}</html>"
    pasted = "关于核对学籍的通知\n" + "\n".join(cell for row in TABLE for cell in row) + SIGNED
    expected = [("check", None, "2026-06-05", "2026-06-09"), ("collection", None, "2026-07-01", "2026-07-01")]
    assert [spans(draft_notice(text)) for text in (read_document(page.encode()), pasted)] == [expected, expected]
