"""The sentence for each reason why something that an admin asked for was not done: in the chat and on the command line.

Pure.
"""

from __future__ import annotations

import errno

from bot.content.add_line import NoSuchList
from bot.content.content import Content
from bot.content.files import Refused
from bot.store import StoreProblem

REFUSALS = (Refused, NoSuchList, OSError)
"""What the use cases of the knowledge raise; TimeoutError and ChildProcessError are kinds of OSError."""


_PLACE = (errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EEXIST)
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)


def describe_refusal(content: Content, trouble: Exception) -> str:
    """Return the sentence for one of REFUSALS, or a StoreProblem."""
    words = content.phrases.admin
    match trouble:
        case Refused(rule="nothing_changed" | "gone" | "own_draft" as rule):
            sentence: str = getattr(words, rule)
            return sentence
        case Refused():
            return words.refused[trouble.rule].format(**trouble.about)  # type: ignore[index]
        case NoSuchList():
            return words.gone
        case TimeoutError() | ChildProcessError():
            return words.took_too_long
        case OSError():
            sentence = words.disk_full if trouble.errno in _DISK else words.not_done
            sentence = words.not_written if trouble.errno in _PLACE else sentence
            return sentence.format(why=trouble.strerror or type(trouble).__name__)
        case StoreProblem():
            return content.phrases.store_trouble[trouble.code]
    raise trouble


def name_refusal(trouble: Exception) -> str:
    """Return a short name of it for scripts."""
    match trouble:
        case Refused():
            return trouble.rule
        case StoreProblem():
            return trouble.code
        case OSError():
            return trouble.strerror or type(trouble).__name__
    return type(trouble).__name__
