"""Which protocol a turn came from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Room for it."""
    op.add_column("usage", sa.Column("origin", sa.Text()))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("usage", "origin")
