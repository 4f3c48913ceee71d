"""What a reading costs, beside what this machine does in the same moment: a slow one is no fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from time import process_time

import pytest

from bot.reading.place import Parsed
from bot.reading.reader import READ_SIZE, MessageReader
from tests.reading.test_reader import content, place, reader

TYPED = ("忘记密码了怎么办", "完成了，但是照片在哪看", "名字和民族都错了", "我昨天点的", "专业写错了要找谁改啊", "好了")
AT = ("m1-mailbox", "m5-login", "m6-compare", "m9-clicked")
PEER = 45
"""Times what a reading may cost of 1,000 additions to a dictionary by words; it costs under half of that."""


def cpu(work: Callable[[], object]) -> float:
    began = process_time()
    work()
    return process_time() - began


def add_up() -> dict[str, int]:
    sums: dict[str, int] = {}
    for number in range(1000):
        word = str(number & 63)
        sums[word] = sums.get(word, 0) + number
    return sums


def test_a_reading_costs_no_more_than_its_share() -> None:
    places = [place(step) for step in AT]
    reader().read("zhaopian", places[0])  # what the first message builds
    costs, peers = list[float](), list[float]()
    for round_, text in enumerate((*TYPED, *TYPED)):
        peers.append(cpu(add_up))
        costs.append(cpu(partial(reader().read, f"{text}{round_}", places[round_ % len(places)])))
    assert median(costs) < PEER * median(peers)


def test_what_is_typed_again_is_read_once_and_as_before() -> None:
    whole = MessageReader(content().script, content().matcher, book=reader().book)
    here = place(content().script.start)
    first = whole.read("照片在哪看", here)
    assert whole.read("照片在哪看", here) is first
    assert whole.read("照片在哪看", replace(here, parse=lambda text: Parsed({"cohort": "x"}, (0, 5)))) is not first
    assert whole.with_weights(whole._model).read("照片在哪看", here) == first
    assert len(whole._readings) == 2


def test_readings_that_are_kept_are_few_and_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.reading.reader.READ", 50)
    whole = MessageReader(content().script, content().matcher, book=reader().book)
    here = place(content().script.start)
    whole.read("好" * (READ_SIZE + 1), here)
    assert not whole._readings
    first = whole.read("好", here)
    for item in range(50):
        whole.read("好", replace(here, item=item + 1))
        if item == 25:
            whole.read("好", here)  # the newest again
    assert len(whole._readings) == 50
    assert whole.read("好", here) is first
