"""What people did, and what the operators' console looks for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_workspace_id_id"), "audit", ["workspace_id", "id"])
    op.create_index(op.f("ix_audit_subject_id"), "audit", ["subject_id"])
    op.create_index(op.f("ix_actions_created_at_id"), "actions", ["created_at", "id"])
    op.create_index(
        "ix_actions_of_invoice",
        "actions",
        [sa.text("(params ->> 'invoice_id')")],
        postgresql_where=sa.text("(params ->> 'invoice_id') IS NOT NULL"),
    )
    op.create_index(op.f("ix_invoices_number"), "invoices", ["number"])
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["at"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_dead_letters_open", table_name="dead_letters")
    op.drop_index(op.f("ix_invoices_number"), table_name="invoices")
    op.drop_index("ix_actions_of_invoice", table_name="actions")
    op.drop_index(op.f("ix_actions_created_at_id"), table_name="actions")
    op.drop_table("audit")
