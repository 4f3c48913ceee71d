"""A teacher draws join codes in chat, prints them, and a graduate scans one."""

from __future__ import annotations

import re
from pathlib import Path

from bot.content.sheets import load_sheets
from bot.domain.join_codes import parse_code
from tests.broadcast.harness import FIRST, session
from tests.broadcast.test_chat import office

SLIP = re.compile(r"<strong>([A-Z]{4}-[A-Z]{4})</strong>")


async def test_codes_are_drawn_printed_and_scanned(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")]) as at:
        at.areas[0].addresses = {"telegram": lambda: "https://t.me/some_bot"}
        assert "一次最多 200 个" in await at.says(at.owner, "编号")
        assert "一次最多 200 个" in await at.says(at.owner, "编号 5000 会计学")
        assert "抽好了 3 个编号（会计学<一班>）" in await at.says(at.owner, "编号 3 会计学<一班>")
        (page,), (table,) = (call.files.values() for call in at.harness.telegram.made("sendDocument"))
        html = page[1].decode()
        codes = SLIP.findall(html)
        assert len({parse_code(code) for code in codes} - {None}) == 3
        assert html.count("<svg") == 3
        assert "会计学&lt;一班&gt;" in html
        (sheet,) = load_sheets(table[1])
        assert [row[0] for row in sheet.rows[1:]] == codes
        graduate = at.harness.telegram.users[FIRST]
        code = codes[0].replace("-", "")
        assert f"编号 {codes[0]} 记下了" in await at.says(graduate, f"/start join-{code}")
        assert "抽好了" not in await at.says(graduate, "编号 3")
