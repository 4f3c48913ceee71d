"""Deep links: each leads where it says, and a poster's QR code is a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.telegram.links import USERNAME
from bot.render.links import Link, draw, list_links
from tests.commands.test_command_line import gradbot
from tests.conftest import Meets, shipped
from tests.person import at

LINKS = list(list_links(shipped(), at("2013-12-05")))


def test_there_is_a_link_for_everything() -> None:
    content = shipped()
    payloads = [link.payload for link in LINKS]
    assert len(payloads) == len({*payloads}) == 1 + len(content.notices) + 11 + len(content.entries)


@pytest.mark.parametrize("link", LINKS[1:], ids=lambda link: link.payload)
def test_it_leads_there(link: Link, meets: Meets) -> None:
    ann = meets()
    ann.says("开始核对")
    turn = ann.says(f"/start {link.payload}")
    kind, name = link.payload.split("-", 1)
    if kind == "faq":
        assert turn.replies[0].topic == name
    if kind == "step":
        assert ann.position
        assert turn.replies


def test_the_command_prints_them_and_draws_them(tmp_path: Path) -> None:
    done = gradbot(tmp_path, "links", "--bot", "@some_bot", "--png", str(tmp_path / "qr"))
    lines = done.stdout.splitlines()
    assert len(lines) == len(LINKS)
    assert lines[0].startswith("https://t.me/some_bot\t")
    drawn = sorted((tmp_path / "qr").iterdir())
    assert len(drawn) == len(LINKS)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_the_folder_is_made(tmp_path: Path) -> None:
    (drawn,) = draw(LINKS[0], {"web": "https://www.example.edu/"}, tmp_path / "a" / "b")
    assert drawn.name == "bot.png"


def test_the_page_has_links_and_posters_beside_those_of_telegram(tmp_path: Path) -> None:
    address = "https://www.example.edu/check"
    args = ("links", "--bot", "some_bot", "--posters", str(tmp_path / "posters"))
    lines = gradbot(tmp_path, *args, GRADBOT_WEB_URL=address).stdout.splitlines()
    assert lines[0].split("\t")[:2] == [f"{address}/", "https://t.me/some_bot"]
    assert all(line.startswith(f"{address}/") for line in lines)
    alone = gradbot(tmp_path, "links", GRADBOT_WEB_URL=address).stdout
    assert "t.me" not in alone
    assert f"{address}/?start=faq-cost\t" in alone
    poster = (tmp_path / "posters" / "faq-cost.html").read_text("utf-8")
    assert next(iter(shipped().notices.values())).school.name in poster
    assert shipped().entries["cost"].title in poster
    assert poster.count("<svg") == 2
    assert len(list((tmp_path / "posters").iterdir())) == len(LINKS)


@pytest.mark.parametrize("name", ["x", "a b", "https://t.me/some_bot", "机器人", "a" * 33])
def test_what_is_no_username(name: str) -> None:
    assert USERNAME.fullmatch(name) is None
