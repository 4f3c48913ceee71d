"""Deep links: each leads where it says, and a poster's QR code is a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.render.links import USERNAME, Link, draw, list_links
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
    assert draw(LINKS[0], "some_bot", tmp_path / "a" / "b").name == "bot.png"


@pytest.mark.parametrize("name", ["x", "a b", "https://t.me/some_bot", "机器人", "a" * 33])
def test_what_is_no_username(name: str) -> None:
    assert USERNAME.fullmatch(name) is None
