"""What happened is counted for monitoring; an action's trace is kept, and told with its events."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

COUNTED = ("integration_log", "action_transitions")
# The transaction that wrote a row: rows of finished transactions are counted exactly once
# (docs/decisions/0038). Old rows have none, and are not counted.
TXID = "(pg_current_xact_id()::text::bigint)"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("actions", sa.Column("traceparent", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("traceparent", sa.Text(), nullable=True))
    for table in COUNTED:
        op.add_column(table, sa.Column("txid", sa.BigInteger(), nullable=True))
        op.execute(f"ALTER TABLE {table} ALTER txid SET DEFAULT {TXID}")
        op.create_index(
            op.f(f"ix_{table}_txid"),
            table,
            ["txid"],
            postgresql_where=sa.text("txid IS NOT NULL"),
        )
    op.create_index(
        "ix_actions_parked", "actions", ["platform"], postgresql_where=sa.text("status = 'parked'")
    )
    op.create_index(
        "ix_effects_unknown", "effects", ["platform"], postgresql_where=sa.text("state = 'unknown'")
    )
    op.create_table(
        "tallies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("latest", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", "labels", name=op.f("pk_tallies")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("tallies")
    op.drop_index("ix_effects_unknown", table_name="effects")
    op.drop_index("ix_actions_parked", table_name="actions")
    for table in COUNTED:
        op.drop_column(table, "txid")
    op.drop_column("outbox", "traceparent")
    op.drop_column("actions", "traceparent")
