"""Cal.com: book a meeting, add guests. See README.md for limits, keys and what is unproven."""

from infra.platforms.calcom.platform import PLATFORM

__all__ = ["PLATFORM"]
