"""What replaying needs: events by the time they were created, and published."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in ("created_at", "published_at"):
        name = op.f(f"ix_outbox_{column}")
        op.create_index(name, "outbox", [column], postgresql_using="brin")


def downgrade() -> None:
    """Take back."""
    for column in ("created_at", "published_at"):
        op.drop_index(op.f(f"ix_outbox_{column}"), table_name="outbox")
