"""Asking a platform something outside any action, for whoever waits for the answer.

Cached answer → budget → credentials → one exchange → log and cache. No transaction is open during
the exchange. What may be asked is declared by the platforms (`infra/reads.py`). When the platform
cannot be asked now, an old answer is given where the declaration allows it, and says why.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.actions.outcome import Blocks, Deferred, JsonObject, Outcome, Succeeded, Unknown
from infra.database import budgets, facts, integrations, log
from infra.envelope import Problem, Refused
from infra.exchange import Broken, TooLate
from infra.platform import Carrier, Limits
from infra.reads import Read
from infra.session import Session
from infra.settings import SettingsError
from infra.storable import storable
from workers.credentials import NotAuthorised, credentials, renew
from workers.fleet import Fleet
from workers.log_rows import read_rows


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer. `more`: the platform has more than fits; `stale`: why it is not a newer one."""

    items: tuple[JsonObject, ...]
    more: bool
    read_at: datetime
    stale: str | None = None


class NotReadable(Exception):  # noqa: N818 - named for what it is
    """The platform cannot be asked now, or refused; `until` is when it is worth asking again."""

    def __init__(self, message: str, until: datetime | None = None) -> None:
        when = "" if until is None else f"; ask again after {until:%H:%M:%S} UTC"
        super().__init__(message + when)
        self.until = until


def ask(  # noqa: PLR0913 - who asks, whom, and what
    fleet: Fleet,
    integration_id: UUID,
    name: str,
    params: Mapping[str, Any],
    *,
    asked_by: str,
    workspace_id: UUID | None = None,
) -> Reading:
    """Return the platform's answer to the question `name`, from the cache when it is young enough.

    Raises:
        Refused: the question, its params or the integration is wrong; every problem is named.
        NotReadable: it cannot be answered now.
    """
    declared, carrier, given = _checked(fleet, integration_id, name, params, workspace_id)
    asking = _Asking(fleet, carrier, declared, name, given, asked_by)
    known = asking.kept()
    now = fleet.now()
    if known is not None and now - known.read_at < declared.kept_for:
        return known
    try:
        return asking.go()
    except NotReadable as error:
        if known is None or now - known.read_at > declared.stale_for:
            raise
        return Reading(known.items, known.more, known.read_at, stale=str(error))


def _checked(
    fleet: Fleet,
    integration_id: UUID,
    name: str,
    params: Mapping[str, Any],
    workspace_id: UUID | None,
) -> tuple[Read, Carrier, dict[str, Any]]:
    from infra.wire import checked_params  # noqa: PLC0415 - loads pydantic

    if name not in fleet.catalogue.reads:
        known = ", ".join(sorted(fleet.catalogue.reads))
        raise Refused([Problem("read", f"unknown: {name!r}; known: {known}")])
    platform, declared = fleet.catalogue.reads[name]
    given = checked_params(declared.params, params)
    with fleet.database.reading() as tx:
        integration = integrations.find(tx, integration_id)
    if integration is None or workspace_id not in {None, integration.workspace_id}:
        raise Refused([Problem("integration_id", "no integration with this id in the workspace")])
    if integration.platform != platform.name:
        words = f"is a {integration.platform} integration; {name} needs {platform.name}"
        raise Refused([Problem("integration_id", words)])
    return declared, Carrier(platform, integration), given


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question under way."""

    fleet: Fleet
    carrier: Carrier
    declared: Read
    name: str
    given: JsonObject
    asked_by: str

    @property
    def _fact(self) -> str:
        """Its name in the cache; the params only as a hash, for they may be long."""
        if not self.given:
            return f"read {self.name}"
        canonical = json.dumps(self.given, sort_keys=True)
        return f"read {self.name} {hashlib.sha256(canonical.encode()).hexdigest()[:32]}"

    def kept(self) -> Reading | None:
        """Return the cached answer, however old."""
        with self.fleet.database.reading() as tx:
            found = facts.kept(tx, self.carrier.integration.id, self._fact)
        if found is None:
            return None
        return Reading(tuple(found.value["items"]), found.value["more"], found.read_at)

    def go(self) -> Reading:
        """Ask the platform."""
        integration = self.carrier.integration
        if integration.status != "active":
            words = f"the {integration.platform} integration is {integration.status}; reconnect it"
            raise NotReadable(words)
        outcome = self._once()
        is_refused = isinstance(outcome, Deferred) and outcome.blocks is Blocks.CONNECTION
        if is_refused and self._renewed(outcome):
            outcome = self._once()
        if isinstance(outcome, Succeeded):
            result = outcome.result
            return Reading(tuple(result["items"]), result["more"], self.fleet.now())
        raise NotReadable(outcome.message, getattr(outcome, "until", None))

    def _once(self) -> Outcome:
        holder = self._hold()
        session: Session | None = None
        outcome: Outcome = Unknown("interrupted", "it was interrupted")
        try:
            session, outcome = self._exchanged()
        finally:
            self._conclude(holder, session, outcome)
        return outcome

    @property
    def _limits(self) -> Limits:
        carrier = self.carrier
        return budgets.limits_for(carrier.platform.limits, carrier.integration.settings)

    def _hold(self) -> UUID:
        """Take one call from the tenant's budget."""
        holder, now, settings = uuid4(), self.fleet.now(), self.fleet.settings
        over_by = now + timedelta(seconds=settings.send_within_s + settings.call_timeout_s)
        with self.fleet.database.transaction() as tx:
            refused = budgets.hold(
                tx, self.carrier.budget_key, self._limits, holder,
                interactive=True, until=over_by, now=now,
            )  # fmt: skip
        if refused is not None:
            words = f"the budget of calls to this {self.carrier.platform.name} tenant is used up"
            raise NotReadable(words, refused)
        return holder

    def _exchanged(self) -> tuple[Session | None, Outcome]:
        fleet, integration, platform = self.fleet, self.carrier.integration, self.carrier.platform
        try:
            known = credentials(fleet, integration, platform)
        except NotAuthorised as refused:
            return None, Deferred("not_authorised", str(refused), refused.until)
        except SettingsError as error:
            return None, Deferred("credentials_unreadable", str(error))
        session = Session(
            transport=fleet.transport,
            base_url=platform.base_url(fleet.settings),
            tenant_key=integration.tenant_key,
            credentials=known,
            send_by=fleet.now() + timedelta(seconds=fleet.settings.send_within_s),
            send_by_monotonic=time.monotonic() + fleet.settings.send_within_s,
            call_timeout_s=fleet.settings.call_timeout_s,
        )
        try:
            outcome = self.declared.perform(session, self.given)
        except (Broken, TooLate) as error:
            outcome = session.not_whole(error)
        return session, outcome

    def _conclude(self, holder: UUID, session: Session | None, outcome: Outcome) -> None:
        """Write the log and the cache, and let go of the place in flight."""
        integration, now = self.carrier.integration, self.fleet.now()
        with self.fleet.database.transaction() as tx:
            if session is not None:
                rows = read_rows(integration.id, self.name, outcome, session, self.asked_by)
                log.write(tx, rows)
            if isinstance(outcome, Succeeded):
                facts.keep(tx, integration.id, self._fact, storable(dict(outcome.result)), now)
                age_max = max(self.declared.kept_for, self.declared.stale_for)
                facts.forget(tx, integration.id, f"read {self.name} ", now - age_max)
            elif isinstance(outcome, Deferred):
                until = outcome.until or now + self.declared.kept_for
                limits = self.carrier.platform.limits
                budgets.block(tx, self.carrier.budget_key, limits, outcome.blocks, until, now)
            headers = {} if session is None else session.last_headers
            budgets.release(tx, self.carrier.budget_key, self._limits, holder, headers, now)

    def _renewed(self, refusal: Outcome) -> bool:
        """Have refused credentials renewed; when they cannot be, the integration is paused."""
        integration = self.carrier.integration
        try:
            if renew(self.fleet, integration, self.carrier.platform):
                return True
        except NotAuthorised as refused:
            if refused.blocks is not Blocks.CONNECTION:
                return False
        with self.fleet.database.transaction() as tx:
            words = getattr(refusal, "message", "the credentials are refused")
            integrations.pause(tx, integration, words, self.fleet.now())
        return False
