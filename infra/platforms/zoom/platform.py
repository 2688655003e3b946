"""`zoom_create_meeting`: one effect, found again by the effect id at the top of the agenda.

Limits are the account's, shared by all its apps: 2 calls a second and 2,000 a day on a Free plan,
20 a second on Pro, 60 on Business; and for each host 100 creates a UTC day, on every plan.
Source: Zoom, "Rate limits", "Create a meeting".
"""

import json
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from domain.actions.outcome import JsonObject, Outcome, Rejected
from domain.actions.plan import Request, single
from domain.actions.retry import Guarantee, RetryPolicy
from infra.clock import utc_now
from infra.database import integrations
from infra.database.engine import Transaction
from infra.platform import ActionType, Call, EffectType, Limits, Platform, Preparation, Sent, Window
from infra.platforms.zoom import tokens
from infra.platforms.zoom.connecting import CONNECTING, oauth_url
from infra.platforms.zoom.drafting import body_of, starts
from infra.platforms.zoom.errors import read
from infra.platforms.zoom.finding import find, headers
from infra.platforms.zoom.meetings import created
from infra.redaction import redact
from infra.session import Session
from infra.settings import Settings

ME: Final = "me"
SETTLING: Final = timedelta(minutes=1)
LATE: Final = timedelta(hours=1)
"""How long after its start a meeting is still created: later nobody would come, nor find it."""
NAME_THE_HOST: Final = (
    "is required: an id or an email; a server-to-server app acts for the account, it is nobody's"
)


def prepare(preparation: Preparation) -> Call:
    """Freeze the call, with our mark in the agenda (everybody invited can read it: an id only)."""
    params = preparation.request.params
    host = str(params.get("host", ME))
    body = json.dumps(body_of(params, preparation.effect_id), ensure_ascii=False).encode()
    context = {"host": host, "starts": starts(params)}
    return Call("POST", f"/users/{quote(host, safe='@')}/meetings", body=body, context=context)


def perform(session: Session, sent: Sent) -> Outcome:
    """Create the meeting."""
    context = sent.call.context
    if context["host"] == ME and session.credentials.get("kind") == tokens.S2S:
        return Rejected("host_required", f"`host` {NAME_THE_HOST}")
    if context["starts"] and utc_now() > datetime.fromisoformat(context["starts"][-1]) + LATE:
        return Rejected("too_late", f"it was to start at {context['starts'][-1]}, which has passed")
    exchange = session.send("POST", sent.call.path, headers=headers(session), body=sent.call.body)
    answer = read(exchange)
    return created(answer, context) if isinstance(answer, dict) else answer


def check(tx: Transaction, request: Request) -> list[tuple[str, str]]:
    """Miss the host where nobody else could be meant."""
    integration = integrations.find(tx, request.integration_id)
    is_nobodys = integration is not None and integration.settings.get("kind") == tokens.S2S
    named = request.params.get("host", ME) != ME
    return [("params.host", NAME_THE_HOST)] if is_nobodys and not named else []


def kept(params: JsonObject) -> JsonObject:
    """Hide a passcode that was given though none may be: the refused request is stored."""
    hidden: JsonObject = redact(dict(params))
    return hidden


def scope(request: Request, _inputs: JsonObject) -> str:
    """Whose 100 a day it is: a host may be named by id or by email, and is then counted twice."""
    host = str(request.params.get("host", ME)).lower()
    return host if host != ME else f"{ME}-{request.integration_id}"


def _base_url(settings: Settings) -> str:
    return settings.zoom_api_url


CREATE: Final = EffectType(
    name="zoom.create_meeting",
    prepare=prepare,
    perform=perform,
    find=find,
    guarantee=Guarantee(can_find=True, settling=SETTLING),
    retry=RetryPolicy(attempts_max=8),
    limits=(Window("host_day", 100, 86_400, daily=True),),
    scope=scope,
    look_up_limits=(Window("look_ups", 60, 60),),
)

PLATFORM: Final = Platform(
    name="zoom",
    queues=("zoom",),
    base_url=_base_url,
    needs_refresh=tokens.needs_refresh,
    refresh=tokens.refresh,
    token_url=oauth_url,
    connecting=CONNECTING,
    limits=Limits(in_flight=5, windows=(Window("second", 2, 1), Window("day", 2_000, 86_400))),
    effects=(CREATE,),
    actions=(
        ActionType(
            name="zoom_create_meeting",
            params="infra.platforms.zoom.params:CreateMeeting",
            next_effect=single(CREATE.name),
            check=check,
            kept=kept,
            summary="Schedule a Zoom meeting, once or recurring",
            guarantee="found by look-up",
            effects=(CREATE.name,),
        ),
    ),
)
