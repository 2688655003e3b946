"""Repeating invoices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.create_table(
        "repeating_invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("effect_id", sa.Uuid(), nullable=False),
        sa.Column("platform_template_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("schedule_period", sa.Integer(), nullable=False),
        sa.Column("schedule_unit", sa.Text(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("next_date", sa.Date(), nullable=True),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("due_date_type", sa.Text(), nullable=False),
        sa.Column("approved_for_sending", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("line_amount_types", sa.Text(), nullable=False),
        sa.Column("subtotal", sa.Numeric(24, 8), nullable=False),
        sa.Column("total", sa.Numeric(24, 8), nullable=True),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integrations.id"],
            name=op.f("fk_repeating_invoices_integration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repeating_invoices")),
        sa.UniqueConstraint("effect_id", name=op.f("uq_repeating_invoices_effect_id")),
        sa.UniqueConstraint(
            "integration_id",
            "platform_template_id",
            name=op.f("uq_repeating_invoices_integration_id_platform_template_id"),
        ),
    )
    op.create_index(op.f("ix_repeating_invoices_deal_id"), "repeating_invoices", ["deal_id"])
    op.create_table(
        "repeating_claims",
        sa.Column("tenant_key", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_key", "contact_id", name=op.f("pk_repeating_claims")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("repeating_claims")
    op.drop_table("repeating_invoices")
