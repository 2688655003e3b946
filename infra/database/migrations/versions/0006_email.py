"""Branded email."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
