"""Postmark: an invoice's branded email. See README.md for limits and what is unproven."""

from infra.platforms.postmark.platform import PLATFORM

__all__ = ["PLATFORM"]
