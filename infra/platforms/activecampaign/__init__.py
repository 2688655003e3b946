"""ActiveCampaign: add a contact to an automation. See README.md for limits and what is unproven."""

from infra.platforms.activecampaign.platform import PLATFORM

__all__ = ["PLATFORM"]
