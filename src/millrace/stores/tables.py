"""The tables, as the newest migration leaves them (a test compares the two).

Times are Unix milliseconds (UTC), structured values are JSON as text, so that every backend keeps the same.
The full-text index of messages is no table of this kind: each backend has its own, see `search` and the
migrations.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _parent(column: str, ondelete: str = "CASCADE") -> ForeignKey:
    return ForeignKey(column, ondelete=ondelete)


USERS: Final = Table(
    "users",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("created_at", BigInteger, nullable=False),
    # What the user has chosen, as JSON; none where nothing was.
    Column("preferences", Text),
)

CREDENTIALS: Final = Table(
    "credentials",
    METADATA,
    Column("user_id", Text, _parent("users.id"), primary_key=True),
    # The address as it is compared: casefolded. As it was written, it is in users.
    Column("email", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    UniqueConstraint("email"),
)

API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, _parent("users.id"), nullable=False),
    Column("name", Text, nullable=False),
    # SHA-256 of the secret, in hexadecimal; the secret itself is kept nowhere.
    Column("digest", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index(None, "user_id", "revoked_at", "created_at", "id"),
    Index(None, "revoked_at", "created_at", "id"),
)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, _parent("users.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # Messages are never deleted singly, so this is also the position of the next one.
    Column("message_count", Integer, nullable=False),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Index(None, "user_id", "updated_at", "id"),
)

SHARES: Final = Table(
    "shares",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("session_id", Text, _parent("sessions.id"), nullable=False),
    # SHA-256 of the link's secret, in hexadecimal; the secret itself is kept nowhere.
    Column("digest", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("digest"),
    Index(None, "session_id", "created_at", "id"),
)

MESSAGES: Final = Table(
    "messages",
    METADATA,
    # What the full-text index of SQLite refers to; a row number of its own making could change.
    Column("search_key", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("session_id", Text, _parent("sessions.id"), nullable=False),
    # 0, 1, 2, ... within the session: the order of the conversation, whatever the clocks said.
    Column("position", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("current_version", Integer, nullable=False),
    Column("version_count", Integer, nullable=False),
    UniqueConstraint("id"),
    UniqueConstraint("session_id", "position"),
)

VERSIONS: Final = Table(
    "versions",
    METADATA,
    Column("message_id", Text, _parent("messages.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("turn_id", Text, nullable=False),
    Column("reasoning", Text),
    Column("metadata", Text),
    Column("error", Text),
)

REACTIONS: Final = Table(
    "reactions",
    METADATA,
    Column("message_id", Text, _parent("messages.id"), primary_key=True),
    Column("name", Text, primary_key=True),
)

USAGE: Final = Table(
    "usage",
    METADATA,
    Column("turn_id", Text, primary_key=True),
    Column("user_id", Text, _parent("users.id"), nullable=False),
    # What was used stays used when the conversation is deleted.
    Column("session_id", Text, _parent("sessions.id", "SET NULL")),
    Column("model", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("estimated", Boolean, nullable=False),
    Column("cost", Double),
    Column("created_at", BigInteger, nullable=False),
    # The protocol that asked, where that matters: the turns of some count toward a quota.
    Column("origin", Text),
    Index(None, "user_id", "created_at"),
    Index(None, "session_id"),
)

SIDE_USAGE: Final = Table(
    "side_usage",
    METADATA,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("turn_id", Text, nullable=False),
    Column("user_id", Text, _parent("users.id"), nullable=False),
    # What was used stays used when the conversation is deleted.
    Column("session_id", Text, _parent("sessions.id", "SET NULL")),
    # What for: `suggestions` or `title`.
    Column("purpose", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("estimated", Boolean, nullable=False),
    Column("cost", Double),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "user_id", "created_at"),
    Index(None, "session_id"),
)
