"""The bot is killed with -9 while people walk: nobody is left without an answer, nobody moves twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.channels.slaughter import Slaughter
from tests.conftest import effort


@pytest.mark.parametrize(
    "webhook", [pytest.param(False, id="polling", marks=pytest.mark.slow), pytest.param(True, id="webhook")]
)
async def test_a_crowd_reaches_the_end_though_the_bot_is_killed(tmp_path: Path, *, webhook: bool) -> None:
    await Slaughter(tmp_path, webhook, people=effort(6, 12), kills=effort(1, 3), seed=3).run()
