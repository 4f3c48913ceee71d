"""Publishes what is saved in the content folder of a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bot.content.files import Files, Refused, read_folder
from bot.content.own_folder import insert_saved
from bot.domain.effects import Effect
from bot.knowledge.examine import Report
from bot.knowledge.folder import find_new_files
from bot.knowledge.publish import Edit, Publication, prepare, publish
from bot.knowledge.revisions import FOLDER, Knowledge, describe_trouble
from bot.runtime.log import LazyLogger
from bot.store import StoreProblem

DEBOUNCE_MS, STEP_MS = 300, 50
"""Time without changes after which a folder is read, and time between two looks at it."""
AFTER_YOU_S = 3.0
"""Seconds that a worker leaves to the one that leads."""

_log = LazyLogger()


class FolderWatcher:
    """Publishes what is saved in the content folder, or asks for a second person's consent.

    `on_refusal` is called when it cannot come into force; `accompany` returns what is written with it, on `channel`.
    Of several workers, whoever `leads` goes first.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        on_refusal: Callable[[Report], Awaitable[None]],
        accompany: Callable[[Publication], Awaitable[Sequence[Effect]]] | None = None,
        channel: str = "",
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._knowledge = knowledge
        self._on_refusal = on_refusal
        self._accompany = accompany
        self._channel = channel
        self._leads = leads

    async def watch(self) -> None:
        """Publish new files at the start and whenever one is saved, until cancelled; return if there is no folder."""
        from watchfiles import awatch  # noqa: PLC0415 - only a server watches

        folder = self._knowledge.folder
        if folder is None:
            return
        await self._knowledge.keep_first()
        await self._publish(partial(_replace, await find_new_files(self._knowledge.store.knowledge, folder), set()))
        root, seen = folder.resolve(), read_folder(folder)
        async for events in awatch(root, debounce=DEBOUNCE_MS, step=STEP_MS):
            files = read_folder(folder)
            # A folder that is swapped behind a link (a ConfigMap) changes without an event of its files.
            names = {str(Path(path).relative_to(root)) for _, path in events}
            names |= {name for name in {*seen, *files} if seen.get(name) != files.get(name)}
            saved = {name: text for name, text in files.items() if name in names}
            seen = files
            edit = partial(_replace, saved, names - files.keys())
            if not self._leads():  # of a folder that all have, one publishes, and the others find nothing new then
                await self._knowledge.foresee(edit, AFTER_YOU_S)
            await self._publish(edit)

    async def _publish(self, edit: Edit) -> None:
        try:
            publication = await publish(
                self._knowledge,
                lambda: prepare(self._knowledge, edit, FOLDER),
                self._accompany,
                channel=self._channel,
                by=FOLDER,
            )
        except Refused:
            return  # nothing changed
        except (StoreProblem, OSError, TimeoutError) as trouble:
            _log.error("folder_not_published", why=describe_trouble(trouble))
            return
        if publication.is_refused:
            report = publication.report
            _log.error("folder_refused", problems=len(report.problems) + len(report.errors))
            await self._on_refusal(replace(report, packed=b""))


def _replace(saved: Mapping[str, str | bytes], removed: set[str], old: Files) -> Mapping[str, str | bytes]:
    return insert_saved({name: text for name, text in old.items() if name not in removed}, saved)
