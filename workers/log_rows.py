"""Rows of the integration log, from what an attempt's session recorded."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actions.outcome import Succeeded
from domain.actions.retry import AnyOutcome
from infra.database.actions import ActionRecord
from infra.database.effect_record import EffectRecord
from infra.exchange import Exchange
from infra.platform import EffectType
from infra.redaction import redact, redact_body, redact_text, redact_url
from infra.session import Session
from infra.storable import storable
from workers.attempt import Attempt, name_of


def log_rows(
    attempt: Attempt, outcome: AnyOutcome, session: Session | None, now: datetime
) -> list[dict[str, Any]]:
    """One row per exchange; one without an exchange when nothing was tried on the wire."""
    words = getattr(outcome, "message", None)
    row = {
        "integration_id": attempt.carrier.integration.id,
        "action_id": attempt.action.request.action_id,
        "effect_id": attempt.sent.effect_id,
        "attempt": attempt.number,
        "step": attempt.step,
        "outcome": name_of(outcome),
        "words": None if words is None else redact_text(words),
        "external_id": outcome.external_id if isinstance(outcome, Succeeded) else None,
        "requested_by": attempt.action.requested_by,
    }
    exchanges = session.exchanges if session is not None else []
    if not exchanges:
        return [row | _nothing(now)]
    of = attempt.sent.of if attempt.step != "look_up" else 1
    place = _place(attempt.sent.place, of)
    return [row | storable(_exchange(exchange, **place)) for exchange in exchanges]


def _place(place: int, of: int) -> dict[str, str]:
    """Say which element of a shared call this was."""
    return {} if of == 1 else {"place": f"{place + 1} of {of}"}


def _nothing(now: datetime) -> dict[str, Any]:
    return {
        "method": None,
        "url": None,
        "request": None,
        "status": None,
        "response": None,
        "seconds": 0.0,
        "at": now,
    }


def _exchange(exchange: Exchange, **place: str) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "url": redact_url(exchange.url),
        "request": {
            "headers": redact(dict(exchange.headers)),
            "body": redact_body(exchange.body, exchange.headers),
            **place,
        },
        "status": exchange.status,
        "response": None
        if exchange.status is None
        else {
            "headers": redact(dict(exchange.answer_headers)),
            "body": redact_body(exchange.answer, exchange.answer_headers),
        },
        "seconds": exchange.seconds,
        "at": exchange.started_at,
    }


def read_rows(
    integration_id: UUID, name: str, outcome: AnyOutcome, session: Session, requested_by: str
) -> list[dict[str, Any]]:
    """One row per exchange of a question asked outside any action."""
    words = getattr(outcome, "message", None)
    row = {
        "integration_id": integration_id,
        "action_id": None,
        "effect_id": None,
        "attempt": 1,
        "step": name,
        "outcome": name_of(outcome),
        "words": None if words is None else redact_text(words),
        "external_id": None,
        "requested_by": requested_by,
    }
    return [row | storable(_exchange(exchange)) for exchange in session.exchanges]


def interrupted_row(
    action: ActionRecord, effect: EffectRecord, kind: EffectType, words: str, now: datetime
) -> dict[str, Any]:
    """Return the row of an attempt whose process died: what was to go out, and no answer."""
    call, place = effect.call, {}
    body = None if call is None else call.body
    if body is not None and kind.batch is not None and effect.shares_its_call:
        number = effect.members.index(effect.id)
        place = _place(number, len(effect.members))
        body = kind.batch.own_parts(body, {effect.id: number}).get(effect.id)
    return _nothing(now) | {
        "integration_id": effect.integration_id or action.integration.id,
        "action_id": action.request.action_id,
        "effect_id": effect.id,
        "attempt": effect.attempt,
        "step": "send",
        "method": None if call is None else call.method,
        "url": None if call is None else call.path,
        "request": None if call is None else {"body": redact_body(body, {}), **place},
        "outcome": "unknown",
        "words": words,
        "external_id": None,
        "requested_by": action.requested_by,
    }


def revealed_row(action_id: UUID, effect_id: UUID, who: str, now: datetime) -> dict[str, Any]:
    """Return the row of a secret of an effect's having been shown to somebody."""
    return _nothing(now) | {
        "integration_id": None,
        "action_id": action_id,
        "effect_id": effect_id,
        "attempt": 0,
        "step": "revealed",
        "outcome": "shown",
        "words": f"its secrets were shown to {who}",
        "external_id": None,
        "requested_by": who,
    }
