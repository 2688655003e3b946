"""Xero: invoices and contacts of deals. See README.md for limits, scopes and what is unproven."""

from infra.platforms.xero.platform import PLATFORM

__all__ = ["PLATFORM"]
