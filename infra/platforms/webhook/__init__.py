"""Outgoing webhooks: an integration is one subscription, an action one delivery. See README.md."""

from infra.platforms.webhook.platform import PLATFORM

__all__ = ["PLATFORM"]
