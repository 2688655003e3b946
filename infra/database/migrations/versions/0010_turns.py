"""When each tenant was last rung, so that they are rung in turn over time."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.create_table(
        "tenant_turns",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "queue", "integration_id", "priority", name=op.f("pk_tenant_turns")
        ),
    )
    # Written at every ring: room in each page for the next version of its rows.
    op.execute("ALTER TABLE tenant_turns SET (fillfactor = 50)")


def downgrade() -> None:
    """Take back."""
    op.drop_table("tenant_turns")
