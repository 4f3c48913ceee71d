"""An admin sends the school's notice into the chat, settles its doubts, looks at it and publishes it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from bot.domain.messages import Incoming, Sent
from tests.admin.admin_area import OWNER, Newsroom, said
from tests.conftest import NOTICES

WORDS = (NOTICES / "words" / "mingde.txt").read_text("utf-8")
PAGE = f"<html><body>{''.join(f'<p>{line}</p>' for line in WORDS.splitlines())}</body></html>"


async def test_it_is_seen_as_graduates_will_see_it_and_what_else_is_in_force_is_said(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    answer = await room.sends("通知.html", PAGE)
    while "对" in (labels := {button.text for reply in answer.replies for row in reply.buttons for button in row}):
        answer = await room.presses(answer, "都对" if any("都对" in label for label in labels) else "对")
    shown = await room.presses(answer, "看学生会看到什么")
    (page,) = [reply.attachment for reply in shown.replies if reply.attachment]
    assert page.name == "预览-2031-summer.html"
    assert "<h1>" in page.content
    assert "明德大学" in page.content
    done = await room.presses(answer, "发布")
    assert "加了通知《" in said(done)
    assert "几份通知同时在办" in said(done)
    both = await room.presses(done, "看学生会看到什么")
    assert len([reply for reply in both.replies if reply.attachment]) == 2
    history = said(await room.says("发布历史"))
    assert "加了通知" in history or "2031-summer" in history
    await room.close()


@pytest.mark.parametrize(
    ("kind", "name", "raw", "told"),
    [
        ("document", "通知.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "旧式的 Word"),
        ("document", "通知.docx", b"\x89PNG\r\n\x1a\n", "图片"),
        ("document", "通知.pdf", b"%PDF-1.4\nbroken", "请"),
        ("photo", "", b"\xff\xd8\xff", "图"),
    ],
)
async def test_what_cannot_be_read_is_answered_in_plain_words(
    kind: Literal["photo", "document"],
    name: str,
    raw: bytes,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    room = await Newsroom.open(tmp_path / "gradbot.db")
    room.files["1"] = raw
    sent = Incoming("test", OWNER, "", other=kind, update_id="900", file=Sent(kind, "1", name, len(raw)))
    assert told in said(await room._does(sent))
    await room.close()
