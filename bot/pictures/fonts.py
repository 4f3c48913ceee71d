"""Finds a font of the system that can show Chinese. Needs matplotlib (extra `charts`), and a second."""

from __future__ import annotations

from pathlib import Path


def find_font(text: str) -> Path | None:
    """Find a font of the system that has all of these characters; a regular sans where there are several."""
    from matplotlib import font_manager, ft2font  # noqa: PLC0415 - it takes a second

    wanted = {ord(character) for character in text if character > "\u2e80"}
    fit = []
    for name in font_manager.findSystemFonts():
        try:
            known = ft2font.FT2Font(name).get_charmap().keys()
        except (OSError, RuntimeError):  # no font after all
            continue
        if wanted <= known:
            fit.append(Path(name))
    return min(
        fit, key=lambda path: (not {"regular", "sans"} & {*path.stem.lower().split("-")}, path.name), default=None
    )
