"""Users, sessions, messages with versions, reactions, usage, and the full-text index of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# `owner` narrows a search to one user inside the index: the user's id in hexadecimal is one token, whatever
# characters it has. Triggers keep the index in step within the transaction of each change, cascades included.
_SQLITE_SEARCH = (
    """
    CREATE VIRTUAL TABLE message_search
    USING fts5(owner, content, tokenize = 'unicode61 remove_diacritics 2')
    """,
    """
    CREATE TRIGGER message_search_added AFTER INSERT ON versions
    WHEN new.number = (SELECT current_version FROM messages WHERE id = new.message_id)
    BEGIN
        INSERT INTO message_search (rowid, owner, content)
        SELECT m.search_key, 'u' || hex(s.user_id), new.content
        FROM messages AS m JOIN sessions AS s ON s.id = m.session_id
        WHERE m.id = new.message_id;
    END
    """,
    """
    CREATE TRIGGER message_search_switched AFTER UPDATE OF current_version ON messages
    BEGIN
        DELETE FROM message_search WHERE rowid = old.search_key;
        INSERT INTO message_search (rowid, owner, content)
        SELECT new.search_key, 'u' || hex(s.user_id), v.content
        FROM versions AS v JOIN sessions AS s ON s.id = new.session_id
        WHERE v.message_id = new.id AND v.number = new.current_version;
    END
    """,
    """
    CREATE TRIGGER message_search_removed AFTER DELETE ON messages
    BEGIN
        DELETE FROM message_search WHERE rowid = old.search_key;
    END
    """,
)

# A tsvector holds at most 1 MiB; the start of a longer text is what can be found. It is stored, because ranking by
# it would otherwise read every text that matches again.
_POSTGRESQL_SEARCH = (
    """
    ALTER TABLE versions ADD COLUMN search tsvector
    GENERATED ALWAYS AS (to_tsvector('simple', left(content, 200000))) STORED
    """,
    "CREATE INDEX ix_versions_search ON versions USING gin (search)",
)


def upgrade() -> None:
    """Create everything."""
    _create_people()
    _create_conversations()
    _create_usage()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE_SEARCH if is_sqlite else _POSTGRESQL_SEARCH:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("added", "switched", "removed"):
            op.execute(f"DROP TRIGGER message_search_{trigger}")
        op.drop_table("message_search")
    for table in ("usage", "reactions", "versions", "messages", "sessions", "credentials", "users"):
        op.drop_table(table)


def _create_people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_table(
        "credentials",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_credentials"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_credentials_user_id", ondelete="CASCADE"),
        sa.UniqueConstraint("email", name="uq_credentials_email"),
    )


def _create_conversations() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_id_updated_at_id", "sessions", ["user_id", "updated_at", "id"])
    op.create_table(
        "messages",
        sa.Column(
            "search_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("version_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("search_key", name="pk_messages"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_messages_session_id", ondelete="CASCADE"),
        sa.UniqueConstraint("id", name="uq_messages_id"),
        sa.UniqueConstraint("session_id", "position", name="uq_messages_session_id_position"),
    )
    op.create_table(
        "versions",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Text()),
        sa.Column("metadata", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("message_id", "number", name="pk_versions"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_versions_message_id", ondelete="CASCADE"),
    )
    op.create_table(
        "reactions",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "name", name="pk_reactions"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_reactions_message_id", ondelete="CASCADE"),
    )


def _create_usage() -> None:
    op.create_table(
        "usage",
        sa.Column("turn_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text()),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger()),
        sa.Column("cached_tokens", sa.BigInteger()),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.Double()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name="pk_usage"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_usage_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_usage_session_id", ondelete="SET NULL"),
    )
    op.create_index("ix_usage_user_id_created_at", "usage", ["user_id", "created_at"])
    op.create_index("ix_usage_session_id", "usage", ["session_id"])
