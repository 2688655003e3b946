"""How fast each session in the console asks."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "console_sessions", sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("console_sessions", "paced_until")
