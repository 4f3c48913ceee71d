"""The parts of the bot that the console uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.admin.area import AdminArea
from bot.broadcast.forms import BroadcastForms
from bot.channels.web.site import Site
from bot.console.oidc import SchoolAccounts
from bot.console.sealing import Seal
from bot.content.content import Content
from bot.domain.zone import local
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store

FOLDER = "/console"
"""The path of the console, below that of the site."""


@dataclass(frozen=True)
class Parts:
    """The parts that pages use. `channel` is the one whose staff come here; `seal` seals their
    second factors; `present` is the moment in UTC, `today`,
    when set, is rehearsed instead.
    """

    service: Service
    knowledge: Knowledge
    broadcasts: BroadcastForms
    admin: AdminArea
    site: Site
    channel: str
    owners: tuple[str, ...]
    present: Callable[[], datetime]
    seal: Seal
    today: datetime | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """The settings in force by name, without secrets."""

    accounts: SchoolAccounts | None = None
    """Where the school's accounts are; None: nowhere."""

    @property
    def store(self) -> Store:
        return self.service.store

    @property
    def content(self) -> Content:
        return self.service.content

    @property
    def base(self) -> str:
        """The path of the console as browsers see it, without a slash at its end."""
        return self.site.path.rstrip("/") + FOLDER

    def local(self, at: datetime) -> datetime:
        """Return the notice's time of a moment, or the rehearsed one."""
        return local(at, self.today)

    async def names(self) -> Mapping[str, str]:
        """Return the names of everybody with a role, by id."""
        members = await self.store.roles.members(self.channel)
        return {owner: owner for owner in self.owners} | {one.user: one.label or one.user for one in members}
