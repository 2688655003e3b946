"""What platforms say of their limits."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
