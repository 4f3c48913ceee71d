"""The time to publish a file of 10,000 entries with 10 phrasings each, and people's waits for an answer meanwhile.

    python -m bench.publish [--entries 10000] [--people 20]

Everything is real but the channel: database, knowledge, the child process. Publishing lasts from the arrival of the
file to the moment when questions are answered from it. A question is asked every 20 ms throughout.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import re
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bot.app.http import loop_factory
from bot.content.files import Files, place_file, with_shipped
from bot.domain.messages import Incoming
from bot.knowledge.publish import prepare
from bot.knowledge.publish import publish as put_in_force
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store

ASKED = (
    "{}在几楼领", "去哪个窗口办{}", "{}收费标准", "{}开放到晚上几点", "{}周末营业吗", "预约{}", "{}的管理员是哪位",
    "{}坏了报修", "{}押金退还", "借用{}的流程",
)  # fmt: skip
"""Phrasings for each thing: subjects of none of our own entries, so that these still match their own phrasings."""


NAMES = (
    "东西南北春夏秋冬梅兰竹菊松柏桃李杏梨枣桂荷莲菱芦苇柳杨榆槐桐枫杉樟茶麦稻谷豆瓜葫茄葱姜蒜韭芹菠蕉橙柚桔柿栗核椰榴莓樱葡"
    "虎豹狮象猴鹿马牛羊狗猫兔鼠鸡鸭鹅鹤雁燕鹰雀鸽蜂蝶蚕蛙龟蛇鱼虾蟹贝珠玉金银铜铁锡铝钢石沙泥砖瓦布丝棉麻皮毛纸墨笔砚琴棋书画"
)


def write_entries(entries: int) -> str:
    """Return the YAML of so many entries (at most 15,000) of ten phrasings each, about things with invented names."""
    rows = []
    for n in range(entries):
        thing = f"{NAMES[n % len(NAMES)]}{NAMES[n // len(NAMES)]}牌"
        lines = "".join(f"    - {asked.format(thing)}\n" for asked in ASKED)
        rows.append(
            f"- id: thing-{n}\n  title: {thing}的事\n  source: notice\n  phrasings:\n{lines}"
            f"  answer: {thing}的事请打电话问{{{{ contact.name }}}}。\n"
        )
    return "".join(rows)


def drop_lost(files: Files) -> Files:
    """Return the files without the two phrasings that do not match among so many foreign ones."""
    lost = re.compile("    - (?:有人冒用我的身份证注册了|用户名密码全都忘了)\n")
    return {name: lost.sub("", text) for name, text in with_shipped(files).items()}


async def publish(entries: int, people: int, database: Path) -> None:
    """Publish once while people ask, and print the times."""
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    knowledge = await Knowledge.open(store, None, lambda: datetime.now(UTC))
    service = Service(knowledge.content, store, lambda: datetime.now(UTC))
    knowledge.take = service.take
    gc.freeze()  # as a server does
    text, numbers, waits = write_entries(entries), itertools.count(), list[tuple[float, float]]()
    asking = True

    async def ask_all() -> None:
        """Ask every 20 ms, whether or not earlier questions are answered."""
        async with asyncio.TaskGroup() as turns:
            due = time.perf_counter()
            while asking:
                turns.create_task(ask(due, next(numbers)))
                due += 0.02
                await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def ask(due: float, number: int) -> None:
        asked = Incoming("bench", f"p{number % people}", f"密码忘了怎么办{number}", update_id=str(number))
        await service.receive(asked)
        waits.append((due, time.perf_counter() - due))

    task = asyncio.create_task(ask_all())
    await asyncio.sleep(1.0)
    start = time.perf_counter()
    publication = await put_in_force(
        knowledge, lambda: prepare(knowledge, lambda old: place_file(drop_lost(old), "many.yaml", text), "bench")
    )
    took = time.perf_counter() - start
    await asyncio.sleep(1.0)
    asking = False
    await task
    await store.close()
    report = publication.report
    assert not publication.is_refused, (report.problems[:3], report.errors[:3])
    assert len(service.content.entries) > entries
    during = sorted(wait for due, wait in waits if start <= due <= start + took)
    print(f"{entries:,} entries ({len(text.encode()) / 1e6:.1f} MB) in force after {took:.1f} s")
    print(f"{len(during)} turns meanwhile: p50 {during[len(during) // 2] * 1000:.0f} ms, ", end="")
    print(f"p99 {during[int(len(during) * 0.99)] * 1000:.0f} ms, longest {during[-1] * 1000:.0f} ms")


def main() -> None:
    """Measure, in a folder that is gone afterwards."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--entries", type=int, default=10_000)
    words.add_argument("--people", type=int, default=20)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(publish(chosen.entries, chosen.people, Path(folder) / "gradbot.db"))


if __name__ == "__main__":
    main()
