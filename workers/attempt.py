"""One attempt: no transaction open, one exchange with the platform, always an outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from domain.actions.outcome import Absent, Blocks, Deferred, Rejected, Succeeded, Unknown
from domain.actions.retry import AnyOutcome
from infra.database import budgets
from infra.database.actions import ActionRecord
from infra.database.effect_record import EffectRecord
from infra.database.engine import PASSING
from infra.exchange import Broken, TooLate
from infra.logging import bind_contextvars, logger
from infra.platform import Carrier, EffectType, Limits, Sent, stated
from infra.session import NoMoreCalls, Session
from infra.settings import SettingsError
from infra.storable import storable
from workers import traced
from workers.credentials import NotAuthorised, credentials, renew
from workers.fleet import Fleet

NO_TOKEN = "no_token"  # noqa: S105 - a code
"""Nothing was sent for want of credentials: no attempt of the effect's own."""
TOKEN_RENEWED = "token_renewed"  # noqa: S105
"""The code of a deferral after which newer credentials are tried."""
KEY_MISSING_WAIT = timedelta(minutes=1)
REFUSED_TOGETHER = "refused_together"
"""The code of a deferral after which a call's members go out again in smaller calls."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that has been committed as started. `step`: send, repeat or look_up."""

    action: ActionRecord
    token: int
    effects: tuple[EffectRecord, ...]  # of the action, as this attempt's start left them
    kind: EffectType
    carrier: Carrier
    step: str
    number: int
    sent: Sent
    send_by: datetime
    send_by_monotonic: float
    started_at: datetime

    @property
    def limits(self) -> Limits:
        """What its calls are limited by."""
        carrier = self.carrier
        of_kind, scope = self.kind.limits_of(
            self.sent.request, self.sent.inputs, looking_up=self.step == "look_up"
        )
        own = carrier.integration.settings
        return budgets.limits_for(carrier.platform.limits, own, of_kind, scope)


Performed = tuple[AnyOutcome, Session | None]
"""What became of an attempt, and what was said on the way."""


def perform(fleet: Fleet, attempts: Sequence[Attempt]) -> list[Performed]:
    """Carry out one call and return what became of each attempt in it.

    Never raises for what a platform does.
    """
    leader = attempts[0]
    bind_contextvars(
        effect=leader.kind.name, attempt=leader.number, step=leader.step, together=len(attempts)
    )
    answer, session = _answered(fleet, attempts)
    outcomes = [_clean(outcome) for outcome in _each(answer, attempts)]
    sessions = [session] if len(attempts) == 1 else _shares(attempts, session)
    performed = list(zip(outcomes, sessions, strict=True))
    for attempt, one in zip(attempts, performed, strict=True):
        _log(attempt, *one)
    traced.called(attempts, performed)
    return performed


def _answered(
    fleet: Fleet, attempts: Sequence[Attempt]
) -> tuple[Sequence[AnyOutcome] | AnyOutcome, Session | None]:
    """Return each attempt's outcome, or the one of the whole call."""
    attempt = attempts[0]
    platform, integration = attempt.carrier.platform, attempt.carrier.integration
    try:
        known = credentials(fleet, integration, platform)
    except NotAuthorised as refused:
        return Deferred(NO_TOKEN, str(refused), refused.until, refused.blocks), None
    except SettingsError as error:  # this process lacks the key: nobody need reconnect anything
        return Deferred(NO_TOKEN, str(error), fleet.now() + KEY_MISSING_WAIT), None
    except PASSING as error:
        words = f"the database went away before anything was sent: {type(error).__name__}"
        return Deferred(NO_TOKEN, words, fleet.now()), None
    session = Session(
        transport=fleet.transport,
        base_url=platform.base_url(fleet.settings),
        tenant_key=integration.tenant_key,
        credentials=known,
        send_by=attempt.send_by,
        send_by_monotonic=attempt.send_by_monotonic,
        call_timeout_s=fleet.settings.call_timeout_s,
        more=partial(_one_more, fleet, attempt),
    )
    if fleet.incarnation.id is None:
        return Deferred("not_registered", "this process lost its registration; not sent"), session
    answer = _carry_out(attempts, session)
    if isinstance(answer, Sequence):
        return answer, session
    return _with_newer_credentials(fleet, attempt, answer), session


def _each(
    answer: Sequence[AnyOutcome] | AnyOutcome, attempts: Sequence[Attempt]
) -> Sequence[AnyOutcome]:
    """Return every attempt's outcome.

    A call of several that is refused as a whole did nothing, and says nothing of any one of them:
    they go out again, in smaller calls. (Not so a repeat: what was sent before may have happened.)
    """
    if isinstance(answer, Sequence):
        return answer
    if isinstance(answer, Rejected) and attempts[0].step == "send" and len(attempts) > 1:
        words = f"{len(attempts)} refused together: {answer.message}"
        answer = Deferred(REFUSED_TOGETHER, words, attempts[0].started_at)
    return [answer] * len(attempts)


def _shares(attempts: Sequence[Attempt], session: Session | None) -> Sequence[Session | None]:
    """Give every attempt a session that shows its own part of what was said."""
    batch = attempts[0].kind.batch
    if session is None or batch is None:
        return [session] * len(attempts)
    places = {attempt.sent.effect_id: attempt.sent.place for attempt in attempts}
    cut = [
        (
            exchange,
            batch.own_parts(exchange.body or b"", places),
            batch.own_parts(exchange.answer, places),
        )
        for exchange in session.exchanges
    ]
    return [
        replace(
            session,
            exchanges=[
                replace(exchange, body=asked.get(one), answer=told.get(one, b""))
                for exchange, asked, told in cut
            ],
        )
        for one in places
    ]


def _with_newer_credentials(fleet: Fleet, attempt: Attempt, outcome: AnyOutcome) -> AnyOutcome:
    """Have refused credentials renewed; when they cannot be, the connection is blocked.

    So it is when newer ones are refused too: what is wrong is not their age.
    """
    if not isinstance(outcome, Deferred) or outcome.blocks is not Blocks.CONNECTION:
        return outcome
    if attempt.action.last_code == TOKEN_RENEWED:
        return outcome
    try:
        renewed = renew(fleet, attempt.carrier.integration, attempt.carrier.platform)
    except NotAuthorised as refused:
        words = f"{outcome.message}; {refused}"
        return replace(outcome, message=words, until=refused.until, blocks=refused.blocks)
    except (SettingsError, *PASSING) as error:
        logger().warning("token not renewed", error=type(error).__name__)
        return replace(outcome, blocks=Blocks.EFFECT)  # another attempt will see
    return replace(outcome, code=TOKEN_RENEWED, blocks=Blocks.EFFECT) if renewed else outcome


def _one_more(fleet: Fleet, attempt: Attempt) -> None:
    """Take another call from the budget: a look-up may need several pages.

    Raises:
        NoMoreCalls: not now.
    """
    with fleet.database.transaction() as tx:
        until = budgets.take(
            tx,
            attempt.carrier.budget_key,
            attempt.limits,
            interactive=attempt.action.priority == 0,
            besides=attempt.sent.effect_id,
            now=fleet.now(),
        )
    if until is not None:
        raise NoMoreCalls(until)


def _clean(outcome: AnyOutcome) -> AnyOutcome:
    """Write as an escape what a platform may say and the database cannot store."""
    match outcome:
        case Succeeded():
            result = storable(dict(outcome.result))
            return replace(outcome, result=result, external_id=storable(outcome.external_id))
        case Rejected():
            details = storable(dict(outcome.details))
            return Rejected(storable(outcome.code), storable(outcome.message), details)
        case Deferred() | Unknown():
            code, message = storable(outcome.code), storable(outcome.message)
            return replace(outcome, code=code, message=message)
        case Absent():
            return outcome


def _carry_out(attempts: Sequence[Attempt], session: Session) -> Sequence[AnyOutcome] | AnyOutcome:
    kind, sents = attempts[0].kind, [attempt.sent for attempt in attempts]
    looks_up = attempts[0].step == "look_up"
    try:
        if kind.batch is not None:
            together = kind.batch.find_each if looks_up else kind.batch.perform
            return together(session, sents)
        return (
            (kind.find or stated)(session, sents[0])
            if looks_up
            else kind.perform(session, sents[0])
        )
    except (Broken, TooLate, NoMoreCalls) as error:
        return session.not_whole(error)
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises, the outcome is a fact
        logger().exception("the adapter failed")
        words = f"the adapter failed: {type(error).__name__}"
        if session.sent:
            return Unknown("adapter_failed", words)
        return Deferred("adapter_failed", f"{words}; nothing was sent")


def _log(attempt: Attempt, outcome: AnyOutcome, session: Session | None) -> None:
    exchanges = session.exchanges if session is not None else ()
    seconds = round(sum(exchange.seconds for exchange in exchanges), 3)
    words = getattr(outcome, "message", None)
    level = logger().info if isinstance(outcome, Succeeded) else logger().warning
    level(
        "attempted",
        action_id=str(attempt.action.request.action_id),
        outcome=name_of(outcome),
        words=words,
        seconds=seconds,
    )


def name_of(outcome: AnyOutcome) -> str:
    """Return an outcome's name, as the integration log shows it."""
    return type(outcome).__name__.lower()
