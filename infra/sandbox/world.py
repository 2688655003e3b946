"""Everything the sandbox holds. A platform is one line in `_platforms`."""

from pathlib import Path

from infra.sandbox.activecampaign.platform import ActiveCampaign
from infra.sandbox.calcom.platform import Calcom
from infra.sandbox.clock import Clock
from infra.sandbox.effects import Effects
from infra.sandbox.facebook.platform import Facebook
from infra.sandbox.faults import Faults
from infra.sandbox.platform import Platform
from infra.sandbox.portant.platform import Portant
from infra.sandbox.postmark.platform import Postmark
from infra.sandbox.recording import Recording
from infra.sandbox.slack.platform import Slack
from infra.sandbox.store import Shelf, Store
from infra.sandbox.traffic import Traffic
from infra.sandbox.xero.platform import Xero
from infra.sandbox.zoom.platform import Zoom


class World:
    """Clock, records, ledger of effects, traffic, faults and the platforms."""

    def __init__(self, file: Path | None = None) -> None:
        self.store = Store(file)
        self.faults = Faults()
        self.recording = Recording()
        self._open()

    def reset(self) -> None:
        """Begin again with the seeded world: no records, faults or traffic; the clock set right."""
        self.store.clear()
        self.store.commit()
        self.faults.release(None)
        self.faults.clear()
        self.recording = Recording()
        self._open()

    def keep_clock(self) -> None:
        """Keep the clock's offset over a restart."""
        self._settings.put("clock", {"offset_s": self.clock.offset_s})
        self.store.commit()

    def _open(self) -> None:
        self._settings = Shelf(self.store, "settings")
        kept = self._settings.get("clock")
        self.clock = Clock(float(kept["offset_s"]) if kept else 0.0)
        self.effects = Effects(self.store, self.clock)
        self.traffic = Traffic(self.clock)
        self.platforms: dict[str, Platform] = {
            platform.name: platform for platform in self._platforms()
        }
        self.store.commit()

    def _platforms(self) -> tuple[Platform, ...]:
        return (
            Xero(self.store, self.clock, self.effects),
            Slack(self.store, self.clock, self.effects),
            Postmark(self.store, self.clock, self.effects),
            ActiveCampaign(self.store, self.clock, self.effects),
            Portant(self.store, self.clock, self.effects),
            Facebook(self.store, self.clock, self.effects),
            Calcom(self.store, self.clock, self.effects),
            Zoom(self.store, self.clock, self.effects),
        )
