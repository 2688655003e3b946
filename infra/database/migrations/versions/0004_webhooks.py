"""What platforms tell by themselves; who is renewing a token."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

AWARE = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("event_at", AWARE, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("received_at", AWARE, nullable=False),
        sa.Column("ignored", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_events"),
        sa.UniqueConstraint(
            "platform",
            "tenant",
            "resource",
            "event_at",
            "event_type",
            "category",
            name="uq_webhook_events_told_once",
        ),
    )
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"])
    op.create_table(
        "stale_invoices",
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("platform_invoice_id", sa.Text(), nullable=False),
        sa.Column("changed_at", AWARE, nullable=False),
        sa.Column("noted_at", AWARE, nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "platform_invoice_id", name="pk_stale_invoices"),
    )
    op.create_index(
        "ix_integrations_platform_tenant_key", "integrations", ["platform", "tenant_key"]
    )
    op.create_index(
        "ix_actions_open_webhook",
        "actions",
        ["integration_id"],
        postgresql_where=sa.text("source = 'webhook' AND finished_at IS NULL"),
    )
    op.add_column("connections", sa.Column("refresh_owner", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("connections", "refresh_owner")
    op.drop_index("ix_actions_open_webhook", "actions")
    op.drop_index("ix_integrations_platform_tenant_key", "integrations")
    op.drop_table("stale_invoices")
    op.drop_table("webhook_events")
