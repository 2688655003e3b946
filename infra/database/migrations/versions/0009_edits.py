"""Editing and paying invoices: one payment of an invoice at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_effects_open_payments",
        "effects",
        [sa.text("(inputs ->> 'invoice_id')")],
        postgresql_where=sa.text(
            "name = 'xero.record_payment' AND state IN ('pending', 'started', 'unknown')"
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_effects_open_payments", table_name="effects")
