"""An economical sync."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
