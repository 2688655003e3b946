"""How an integration whose credentials are refused is connected again."""

from collections.abc import Mapping
from uuid import UUID

_HOW: Mapping[str, str] = {"xero": "Somebody who may signs in to Xero again"}
_NEW_KEYS = "Give new credentials, on a machine that reaches the fleet"


def how(platform: str) -> str:
    """Return what to do, in a sentence."""
    return f"{_HOW.get(platform, _NEW_KEYS)}: what waits then goes on by itself."


def command(platform: str, workspace_id: UUID) -> str:
    """Return what a person types."""
    return f"fleet connect {platform} --workspace {workspace_id}"
