"""Portant: make documents from templates. See README.md for how a workflow must be set up."""

from infra.platforms.portant.platform import PLATFORM

__all__ = ["PLATFORM"]
