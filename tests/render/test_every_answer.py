"""Every answer of the FAQ, rendered under the notice that ships."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.domain.session import Session
from bot.render.answers import render_answer
from bot.render.reply import Voice
from tests.conftest import shipped


@pytest.mark.parametrize("day", ["2013-11-20", "2013-12-05", "2013-12-25", "2014-03-19", "2026-11-24"])
def test_every_answer_can_be_said_on_every_day(day: str) -> None:
    content = shipped()
    voice = Voice(content, Session("2014-autumn"), datetime.fromisoformat(f"{day}T09:00"))
    for entry in content.entries.values():
        text = "".join(reply.text for reply in render_answer(voice, entry))
        assert "{" not in text, entry.id
        assert len(text) <= 600, (entry.id, len(text))
