"""Slack: post a message. See README.md for limits, scopes and what is unproven."""

from infra.platforms.slack.platform import PLATFORM

__all__ = ["PLATFORM"]
