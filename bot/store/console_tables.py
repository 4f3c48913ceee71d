"""The tables of the console: links into it, second factors, sessions. Rules as in `tables`."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from bot.store.tables import Id, metadata

# One-time links into the console.
console_links = Table(
    "console_links",
    metadata,
    Column("id", Id, primary_key=True),
    # SHA-256 of the token.
    Column("hash", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

# Secrets of the apps that show people's codes (TOTP), sealed with a key that is not here.
console_keys = Table(
    "console_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("secret", Text, nullable=False),
    # Number of the last code's half minute: no code is taken twice.
    Column("last", Integer, nullable=False),
    UniqueConstraint("channel", "user_id"),
)

# Passkeys of people: public keys, of which nothing can be made.
console_passkeys = Table(
    "console_passkeys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    # Id and public key as the device made them, in base64.
    Column("credential", Text, nullable=False, unique=True),
    Column("key", Text, nullable=False),
    # How often it was used, as the device counts; many count nothing.
    Column("count", Integer, nullable=False),
    Column("since", Text, nullable=False),
    Index(None, "channel", "user_id"),
)

# Browsers in the console.
console_sessions = Table(
    "console_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    # Of the secret in the browser's cookie.
    Column("hash", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    # False until the code was right.
    Column("confirmed", Boolean, nullable=False),
    # Codes that were tried.
    Column("tries", Integer, nullable=False),
    Column("since", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("until", Text, nullable=False),
    # The name that the browser gives itself, shortened.
    Column("browser", Text, nullable=False),
    # A secret of which no code was right yet, sealed; NULL: none was shown.
    Column("new_key", Text),
    # What a passkey is to sign next; NULL: nothing was asked.
    Column("challenge", Text),
    Index(None, "channel", "user_id"),
)
