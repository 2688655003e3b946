"""Facebook: Meta's Conversions API. See README.md for the rules and what is unproven."""

from infra.platforms.facebook.platform import PLATFORM

__all__ = ["PLATFORM"]
