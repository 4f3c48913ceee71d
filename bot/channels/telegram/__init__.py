"""The Telegram channel on python-telegram-bot: connections and rate limiter below, intake beside, replies on top."""

from __future__ import annotations

import os

# python-telegram-bot then gives spans of time as timedelta, as its next version does, and warns of nothing.
os.environ["PTB_TIMEDELTA"] = "true"
