"""SQLAlchemy's asyncio package without its object mapper, which it imports at once and which no statement of ours uses:
a twentieth of a start, and seven megabytes. To import this module is all; `bot.store` does so first.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

PACKAGE = "sqlalchemy.ext.asyncio"
MAPPED = (f"{PACKAGE}.session", f"{PACKAGE}.scoping")
"""The modules of the package that import the mapper. Whoever wants a session imports it from them."""


def leave_mapper_out() -> None:
    """Import the package with nothing in the place of those modules; as it is where somebody imported it before."""
    if PACKAGE in sys.modules:
        return
    for name in MAPPED:
        sys.modules[name] = nothing = ModuleType(name)
        nothing.__dict__["__getattr__"] = lambda _: None  # each name that is asked of it
    try:
        import_module(PACKAGE)
    finally:
        for name in MAPPED:
            del sys.modules[name]


leave_mapper_out()
