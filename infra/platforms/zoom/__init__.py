"""Zoom: create a meeting. See README.md for limits, scopes and what is unproven."""

from infra.platforms.zoom.platform import PLATFORM

__all__ = ["PLATFORM"]
