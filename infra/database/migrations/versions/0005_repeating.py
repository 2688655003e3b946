"""Repeating invoices."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
