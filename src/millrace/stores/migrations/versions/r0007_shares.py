"""Links by which others may read a conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "shares",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_shares_session_id", ondelete="CASCADE"),
        sa.UniqueConstraint("digest", name="uq_shares_digest"),
    )
    op.create_index("ix_shares_session_id_created_at_id", "shares", ["session_id", "created_at", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("shares")
