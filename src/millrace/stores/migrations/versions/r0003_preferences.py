"""What users have chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Room for it."""
    op.add_column("users", sa.Column("preferences", sa.Text()))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("users", "preferences")
