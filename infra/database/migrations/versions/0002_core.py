"""Effects of another integration."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("effects", sa.Column("integration_id", sa.Uuid(), nullable=True))
    op.create_index(
        op.f("ix_effects_integration_id"),
        "effects",
        ["integration_id"],
        postgresql_where=sa.text("integration_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_effects_integration_id"), table_name="effects")
    op.drop_column("effects", "integration_id")
