"""Editing and paying invoices."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
