"""`gradbot init FOLDER`: six questions become the content folder of a college, its notice drafted from the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NEXT = """接下来做什么

1. 打开 notices 里的 {name}：一行行对着学校的通知看，unsure 里的每一行看过、改好就删掉；
   也可以在命令行里一处一处看：gradbot notice draft 通知.docx --review --out {name}
2. 一行都不剩以后，把 status 改成 published，再检查：gradbot check --content .
3. 打开 faq/our-answers.yaml：里面两条问答（毕业证什么时候发、毕业典礼）照自带的写着，换成你们学校自己的说法，
   source 改成 office（学校自己的说法）；别的问答不用抄，自带的都在。想再加，就照着这两条往下写。
4. 换一天试走一遍：GRADBOT_CONTENT=. gradbot chat --today {day}
5. 有了 Telegram 的令牌，写进 .env，再启动：gradbot run
"""
ENV = """# gradbot 的设置；令牌问 Telegram 的 @BotFather 要，不要给别人看
GRADBOT_CONTENT={folder}
# GRADBOT_TELEGRAM_TOKEN=
"""
OWN_ENTRIES = ("diploma-when", "ceremony")
"""Shipped entries that only the school can answer: its folder begins with them."""
OWN_HEAD = "# 这两条只有学校自己知道怎么答。改 answer；是学校自己的说法，就把 source 改成 office，checked_on 删掉。\n"
QUESTIONS = (
    ("school", "学校和部门（如 某某学院教务处）"),
    ("task", "做什么：1 核对  2 采集  3 采集和核对"),
    ("batch", "哪一届（如 2031届夏季）"),
    ("cohorts", "哪些毕业生（如 专科：会计、护理；专升本：护理学）"),
    ("dates", "起止日期（如 2031年5月6日至5月20日；先采集后核对的，用分号隔开）"),
    ("contact", "有错找谁（如 学籍科 张老师 0550-1234567）"),
)
TEMPLATES = {"check": "核对", "capture-check": "采集、确认、核对"}
"""Ready notices of today, by the name of their file."""
TASKS = {"1": ("信息核对", ("核对",)), "2": ("图像采集", ("采集",)), "3": ("图像采集和信息核对", ("采集", "核对"))}


def init(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="新的内容文件夹。A new content folder.")],
    source: Annotated[
        Path | None, typer.Option("--from", exists=True, dir_okay=False, help="学校的通知。The school's notice.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template", help="现成的通知 / a ready notice: check（核对）, capture-check（采集、确认、核对）"
        ),
    ] = None,
) -> None:
    """问六个问题，写好一个学校的内容文件夹。Write the content folder of a college."""
    from bot.commands.input_file import read_document_file
    from bot.content.files import write_files
    from bot.notice_import.draft import draft_notice
    from bot.notice_import.review import read_draft

    if folder.exists() and any(folder.iterdir()):
        raise typer.BadParameter(f"文件夹里已经有东西 / not empty: {folder}")
    if template is not None and template not in TEMPLATES:
        known = "、".join(f"{name}（{title}）" for name, title in TEMPLATES.items())
        raise typer.BadParameter(f"没有这个现成的通知 / no such template: {template}. {known}")
    if template:
        text = load_template(template)
        head = read_draft(text)["notice"]
    else:
        words = read_document_file(source) if source else ""
        draft = draft_notice(words or compose({key: typer.prompt(asked, err=True) for key, asked in QUESTIONS}))
        text, head = draft.yaml, draft.notice["notice"]
    name, day = f"{head['id']}.yaml", head["issued_on"] or "2031-05-06"
    files = {
        f"notices/{name}": text,
        "faq/our-answers.yaml": OWN_HEAD + _copy_entries(),
        ".env": ENV.format(folder=folder),
        "接下来做什么.txt": NEXT.format(name=f"notices/{name}", day=day),
    }
    try:
        write_files(files, folder)
    except OSError as trouble:
        raise typer.BadParameter(f"写不了 / cannot write: {folder}: {trouble.strerror}") from None
    typer.echo(f"{folder}: {'、'.join(files)}")


def load_template(name: str) -> str:
    """Return the text of a ready notice, by its key in TEMPLATES."""
    import flows

    return (Path(flows.__file__).parent / "templates" / f"{name}.yaml").read_text("utf-8")


def _copy_entries() -> str:
    """Return the shipped text of OWN_ENTRIES."""
    from bot.content.files import load_shipped
    from bot.content.merging import block_of

    blocks = (block_of(text, topic) for topic in OWN_ENTRIES for text in load_shipped("faq").values())
    return "".join("\n".join(block).strip("\n") + "\n" for block in blocks if block)


def compose(answers: dict[str, str]) -> str:
    """Return a notice in words from the answers to QUESTIONS."""
    title, kinds = TASKS.get(answers["task"].strip(), TASKS["1"])
    spans = answers["dates"].replace("；", ";").split(";")
    times = "\n".join(f"{kind}时间：{spans[min(n, len(spans) - 1)].strip()}" for n, kind in enumerate(kinds))
    cohorts = answers["cohorts"].replace("；", "\n")
    head = f"关于{answers['batch']}毕业生{title}的通知"
    return "\n".join((head, "一、对象：", cohorts, times, f"联系：{answers['contact']}", answers["school"], ""))
