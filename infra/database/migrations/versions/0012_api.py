"""What the HTTP API needs: pace and last use of a key, request ids, events in a settled order."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

# Waiting callers and event streams are woken like the relay, by the same word: within one
# transaction PostgreSQL tells it once.
NEWS_TRIGGER = """
CREATE FUNCTION tell_news() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('fleet', '');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_news AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION tell_news();
"""


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_keys", sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("actions", sa.Column("request_id", sa.Text(), nullable=True))
    # A constant first, so that no row is written anew; rows from before count as the oldest.
    op.add_column("outbox", sa.Column("txid", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column(
        "outbox", "txid", server_default=sa.text("(pg_current_xact_id())::text::bigint")
    )
    op.create_index(
        op.f("ix_outbox_workspace_id_txid_id"), "outbox", ["workspace_id", "txid", "id"]
    )
    op.execute(NEWS_TRIGGER)


def downgrade() -> None:
    """Take back."""
    op.execute("DROP TRIGGER tell_news ON outbox")
    op.execute("DROP FUNCTION tell_news")
    op.drop_index(op.f("ix_outbox_workspace_id_txid_id"), table_name="outbox")
    op.drop_column("outbox", "txid")
    op.drop_column("actions", "request_id")
    op.drop_column("api_keys", "last_used_at")
    op.drop_column("api_keys", "paced_until")
