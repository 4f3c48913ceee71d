"""Effects: what a turn changes beyond the person's own session. Decided by pure code, applied by `bot.store`.

All effects of a turn are applied in its transaction, in order. Times are aware. Each subject has its effects in its own
module of this package.
"""

from __future__ import annotations

from bot.domain.accounts import InvitationOffered
from bot.domain.broadcast import Answered, Cancelled, Moved, Rewritten, Started
from bot.domain.console import ConsoleKeyDropped, ConsoleLinked
from bot.domain.join_codes import Called, CodeClaimed, CodeDropped, CodeFreed
from bot.domain.outbox import Queued, Swept
from bot.domain.questions import AnswerTold, AnswerWanted, Assigned, Explained, Picked, Settled, Unsettled, Voted
from bot.domain.reminders import Remind, Reminded, Resaved
from bot.domain.revisions import Drafted, Once, Revised, TrialContinued, TrialEnded, TrialStarted, Undrafted
from bot.domain.roles import Audited, Enlisted, Invited, Joined, OwnersNamed, Removed
from bot.domain.saved_texts import TextDropped, TextSaved
from bot.domain.session import SetAside
from bot.domain.tickets import Changed, Opened, TicketFile, TicketWords

TicketEffect = Opened | Changed | Queued | Swept | TicketWords | TicketFile
RoleEffect = OwnersNamed | Invited | Joined | Removed | Audited | Enlisted | ConsoleLinked | ConsoleKeyDropped
SavedTextEffect = TextSaved | TextDropped
CodeEffect = CodeClaimed | CodeDropped | CodeFreed | Called
KnowledgeEffect = Revised | Drafted | Undrafted | TrialStarted | TrialContinued | TrialEnded | Once
QuestionEffect = Settled | Assigned | Unsettled | Explained | Picked | Voted | AnswerWanted | AnswerTold
BroadcastEffect = Rewritten | Moved | Started | Cancelled | Answered
ReminderEffect = Remind | Reminded
SessionEffect = Resaved | SetAside
PersonEffect = CodeEffect | ReminderEffect | SessionEffect | InvitationOffered
Effect = TicketEffect | RoleEffect | SavedTextEffect | KnowledgeEffect | QuestionEffect | BroadcastEffect | PersonEffect


class Outdated(Exception):
    """Somebody else changed first what an effect changes, so nothing was changed. Decide again."""
