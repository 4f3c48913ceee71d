"""`gradbot console-link ROLE NAME`: a one-time link into the console, for whoever has the machine."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

import typer

from bot.app import build
from bot.app.build import Workspace
from bot.app.settings import Settings
from bot.domain.classes import UnknownClass
from bot.domain.console import LINK_FOR, ConsoleKeyDropped
from bot.domain.effects import Effect
from bot.domain.roles import Audited, Enlisted
from bot.tickets.roles import MAX_CLASSES, find_classes
from bot.tickets.roles import link_console as make_link


def link_console(
    role: Annotated[Literal["staff", "admin", "owner"], typer.Argument(help="工作人员、管理员或所有者。The role.")],
    name: Annotated[str, typer.Argument(help="名字，同名就是同一个人。The name.")],
    classes: Annotated[
        str, typer.Option("--classes", help="班主任：只管这几个班，用顿号隔开。Only these classes.")
    ] = "",
    new_code: Annotated[bool, typer.Option("--new-code", help="换手机了，重新设验证码。A new second factor.")] = False,
) -> None:
    """打印进控制台的链接，10 分钟内有效，只能用一次。Print a one-time link into the console."""
    from bot.commands.workspace import author, content_in_force, refuse_secrets, run

    chosen = build.settings()
    words = content_in_force().phrases.staff
    refuse_secrets(content_in_force(), name)
    if not (label := name.strip()[:20]):
        raise typer.BadParameter("名字不能是空的 / the name is empty")
    if classes and role != "staff":
        raise typer.BadParameter("只有 staff 能限定班级 / only staff can be confined to classes")

    async def work(workspace: Workspace) -> str | None:
        confined = find_classes(workspace.content, classes, workspace.local()) if classes else None
        if isinstance(confined, UnknownClass):
            known = "、".join(confined.known[:MAX_CLASSES])
            raise typer.TyperException(words.no_such_class.format(words=confined.words, known=known))
        members = await workspace.store.roles.members(build.find_staffed(chosen), workspace.at)
        there = next((one for one in members if one.label == label), None)
        if there and (there.role != role or (confined and there.classes != confined)):
            return None
        token, user = secrets.token_urlsafe(24), there.user if there else f"console:{secrets.token_hex(4)}"
        effects: list[Effect] = [] if there else [Enlisted(user, role, label, confined)]
        effects += [ConsoleKeyDropped(user)] if new_code else []
        effects += [make_link(token, workspace.at, user), Audited("console-link", f"{role} {user}")]
        await workspace.store.apply(effects, build.find_staffed(chosen), workspace.at, author())
        return f"{_find_address(chosen)}/console/in/{token}"

    address = run(work)
    if address is None:
        raise typer.TyperException(words.console_other_role.format(name=label))
    print(words.console.format(address=address, minutes=LINK_FOR.seconds // 60))


def _find_address(chosen: Settings) -> str:
    """Return where browsers find the page. SettingsProblem when it is served nowhere."""
    from bot.app.settings import SettingFault, SettingsProblem

    page = chosen.page
    if page is None:
        raise SettingsProblem([SettingFault("GRADBOT_WEB", "missing", "console-link")])
    return chosen.web_url or f"http://{page.host}:{page.port}"
