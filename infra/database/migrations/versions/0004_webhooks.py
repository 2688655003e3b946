"""What platforms tell by themselves."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""


def downgrade() -> None:
    """Take back."""
