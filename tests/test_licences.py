"""Whatever is installed has its licence in the list, and nothing else has."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_has_its_licence_in_the_list() -> None:
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    listed = re.findall(r"^\| ([a-z0-9-]+) \| \S.*\|$", (ROOT / "LICENSES.md").read_text("utf-8"), re.MULTILINE)
    assert len(pinned) > 40
    assert sorted(set(listed) - {"package"}) == sorted(pinned)
