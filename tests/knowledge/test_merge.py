"""Two admins work on one file: nobody's work is undone, what both changed is decided by a tap."""

from __future__ import annotations

from pathlib import Path

from tests.admin.admin_area import Newsroom, said

OWN = """\
- id: red-pork
  title: 食堂的红烧肉
  source: notice
  phrasings: [食堂的红烧肉几点开始卖, 红烧肉几点卖, 食堂红烧肉什么时候有, 几点能买到红烧肉, 红烧肉卖到几点]
  answer: 红烧肉十一点开卖。

- id: gym-key
  title: 体育馆的钥匙
  source: notice
  phrasings: [体育馆的钥匙找谁拿, 体育馆钥匙在哪借, 借体育馆钥匙找谁, 体育馆锁了找谁开, 体育馆开门找哪位]
  answer: 体育馆的钥匙找王师傅。
"""


async def test_what_two_admins_changed_apart_both_stays_and_what_both_changed_is_asked(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    await room.sends("canteen.yaml", OWN, "/faq")
    link = (await room.says("/invite admin 小王")).replies[0].link
    await room.says(f"/start {link}", "7")
    await room.sends("canteen.yaml", OWN.replace("十一点开卖", "十二点开卖"), "/faq", "7")
    told = said(await room.sends("canteen.yaml", OWN.replace("王师傅", "李师傅"), "/faq", "7"))
    assert "体育馆" in told
    assert "红烧肉" not in told, "the receipt names one's own changes"
    assert "十二点开卖" in await room.asks("红烧肉几点卖")
    assert "李师傅" in await room.asks("体育馆的钥匙找谁拿")
    number = room.knowledge.number
    stale = OWN.replace("王师傅", "赵师傅").replace("十一点开卖", "十二点开卖")
    asked = await room.sends("canteen.yaml", stale, "/faq")
    assert "体育馆的钥匙\n你写的" in said(asked), "the entry has a title that people know"
    assert "李师傅" in said(asked)
    assert "赵师傅" in said(asked)
    assert "小王" in said(asked)
    assert room.knowledge.number == number, "nothing is in force before it is decided"
    await room.presses(asked, "用我写的")
    assert "赵师傅" in await room.asks("体育馆的钥匙找谁拿")
    await room.close()
