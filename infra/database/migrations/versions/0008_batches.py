"""Calls of several effects."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
