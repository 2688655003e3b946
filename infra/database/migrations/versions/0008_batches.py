"""Calls of several effects."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("effects", sa.Column("batch_max", sa.Integer(), nullable=True))
    op.create_index(
        op.f("ix_effects_call_id"),
        "effects",
        ["call_id"],
        postgresql_where=sa.text("call_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_effects_call_id"), table_name="effects")
    op.drop_column("effects", "batch_max")
