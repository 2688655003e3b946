"""An economical sync: contacts whose past is unread, invoices with nothing left to promote."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.add_column(
        "contact_links", sa.Column("history_read_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_contact_links_unread",
        "contact_links",
        ["integration_id"],
        postgresql_where=sa.text("history_read_at IS NULL"),
    )
    op.add_column("invoices", sa.Column("promoted", sa.Text(), nullable=True))
    op.create_index(
        "ix_invoices_may_be_due",
        "invoices",
        ["integration_id"],
        postgresql_where=sa.text(
            "effect_id IS NOT NULL AND promoted IS DISTINCT FROM (status || '/' || cycle::text)"
        ),
    )
    op.create_index(
        "ix_actions_scheduled",
        "actions",
        ["integration_id", "created_at"],
        postgresql_where=sa.text("priority = 1"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_actions_scheduled", "actions")
    op.drop_index("ix_invoices_may_be_due", "invoices")
    op.drop_column("invoices", "promoted")
    op.drop_index("ix_contact_links_unread", "contact_links")
    op.drop_column("contact_links", "history_read_at")
