"""The platforms. Adding one is its folder and its line here."""

from infra.catalogue import Catalogue
from infra.platforms import slack, xero

PLATFORMS = tuple(p.PLATFORM for p in (slack, xero) if hasattr(p, "PLATFORM"))

CATALOGUE = Catalogue(PLATFORMS)

__all__ = ["CATALOGUE", "PLATFORMS", "Catalogue"]
