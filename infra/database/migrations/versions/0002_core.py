"""Effects of another integration."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
