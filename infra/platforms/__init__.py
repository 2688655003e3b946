"""The platforms. Adding one is its folder and its line here."""

from infra.catalogue import Catalogue
from infra.platforms import (
    activecampaign,
    calcom,
    facebook,
    portant,
    postmark,
    slack,
    webhook,
    xero,
    zoom,
)

PLATFORMS = (
    activecampaign.PLATFORM,
    calcom.PLATFORM,
    facebook.PLATFORM,
    portant.PLATFORM,
    postmark.PLATFORM,
    slack.PLATFORM,
    webhook.PLATFORM,
    xero.PLATFORM,
    zoom.PLATFORM,
)

CATALOGUE = Catalogue(PLATFORMS)

__all__ = ["CATALOGUE", "PLATFORMS", "Catalogue"]
