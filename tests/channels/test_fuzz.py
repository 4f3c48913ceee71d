"""No update of any kind in the Bot API, whole or broken, keeps the bot from answering what comes next."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.updates import Unreadable, parse, read
from tests.channels.fuzzing import GROUPS, PEOPLE, storm
from tests.channels.test_desk import STAFF
from tests.updates import UpdateDrawer

ME = telegram.User(99, "gradbot", is_bot=True, username="gradbot_test_bot")

pytestmark = pytest.mark.filterwarnings(
    "ignore::telegram.warnings.PTBDeprecationWarning"  # fields of older servers are drawn too
)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_comes_everybody_is_answered(tmp_path: Path, seed: int) -> None:
    found = await storm(tmp_path / "gradbot.db", 250, seed)
    assert found.problems == []
    assert len(found.counts) >= 20


@given(st.integers(0, 2**32))
def test_what_is_whole_is_read_and_what_is_broken_is_left_unread(seed: int) -> None:
    draws = UpdateDrawer(Random(seed), PEOPLE, GROUPS)
    update = draws.draw(1)
    read(parse(update, None), ME, STAFF)
    with suppress(Unreadable):
        read(parse(draws.corrupt(update), None), ME, STAFF)


def test_every_kind_of_update_is_drawn_and_the_library_takes_it() -> None:
    draws, kinds = UpdateDrawer(Random(1), PEOPLE, GROUPS), set[str]()
    for number in range(600):
        update = draws.draw(number)
        kinds |= set(update) - {"update_id"}
        assert telegram.Update.de_json(update, None).update_id == number
    assert set(telegram.Update.ALL_TYPES) <= kinds
