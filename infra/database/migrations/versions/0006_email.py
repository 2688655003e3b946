"""Branded email."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column("email_configs", "credentials", nullable=True)
    op.add_column("email_configs", sa.Column("integration_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_email_configs_integration_id"),
        "email_configs",
        "integrations",
        ["integration_id"],
        ["id"],
    )
    op.create_table(
        "attachments",
        sa.Column("effect_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("effect_id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_created_at"), "attachments", ["created_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_attachments_created_at"), table_name="attachments")
    op.drop_table("attachments")
    op.drop_constraint(op.f("fk_email_configs_integration_id"), "email_configs")
    op.drop_column("email_configs", "integration_id")
    op.execute("DELETE FROM email_configs WHERE credentials IS NULL")
    op.alter_column("email_configs", "credentials", nullable=False)
