"""The control API under `/_sandbox`: what a test orders and what it asks. JSON in and out."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Mount, Route

from infra.sandbox.clock import iso
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.wire import Document, decode_object, encode
from infra.sandbox.world import World

Order = Callable[[World, Document], Document | Awaitable[Document]]
"""A control call: takes the JSON body (for GET the query) and returns the JSON answer."""


def control_routes(world: World) -> list[Mount]:
    """Return the routes under `/_sandbox`: the common ones, then each platform's own."""
    common = [
        Route(path, _endpoint(world, _always(order)), methods=[method])
        for method, path, order in _CALLS
    ]
    own = Route("/{platform}/{call:path}", _endpoint(world, _of_platform), methods=["GET", "POST"])
    return [Mount("/_sandbox", routes=[*common, own])]


def _endpoint(
    world: World, choose: Callable[[HttpRequest], Order]
) -> Callable[[HttpRequest], Awaitable[Response]]:
    async def call(http: HttpRequest) -> Response:
        try:
            body = await http.body() if http.method == "POST" else b""
            wish = {**http.query_params, **decode_object(body)}
            ordered = choose(http)(world, wish)
            answer = await ordered if isinstance(ordered, Awaitable) else ordered
        except NoSuchCall as error:
            return _json({"error": f"not found: {error.args[0]}"}, 404)
        except (ValueError, TypeError) as error:
            return _json({"error": str(error)}, 400)
        world.store.commit()
        return _json(answer)

    return call


def _always(order: Order) -> Callable[[HttpRequest], Order]:
    return lambda _http: order


def _of_platform(http: HttpRequest) -> Order:
    name, call = http.path_params["platform"], http.path_params["call"]

    def order(world: World, wish: Document) -> Document | Awaitable[Document]:
        if name not in world.platforms:
            raise NoSuchCall(name)
        return world.platforms[name].control(http.method, call, wish)

    return order


def _json(document: Document, status: int = 200) -> Response:
    return Response(encode(document), status, media_type="application/json")


def _health(world: World, _wish: Document) -> Document:
    return {"ok": True, "platforms": sorted(world.platforms), "now": iso(world.clock.now())}


def _order_fault(world: World, wish: Document) -> Document:
    if wish.get("platform") not in world.platforms:
        raise ValueError(f"`platform` must be one of: {', '.join(sorted(world.platforms))}")
    return {"id": world.faults.order(wish)}


def _faults(world: World, _wish: Document) -> Document:
    return {"faults": world.faults.orders()}


def _clear_faults(world: World, _wish: Document) -> Document:
    world.faults.clear()
    return {"ok": True}


def _held(world: World, _wish: Document) -> Document:
    return {"held": world.faults.held()}


def _release(world: World, wish: Document) -> Document:
    return {"released": world.faults.release(wish.get("id"))}


def _effects(world: World, wish: Document) -> Document:
    since = int(wish.get("since", 0))
    return world.effects.report(wish.get("platform"), wish.get("kind"), since)


def _requests(world: World, wish: Document) -> Document:
    return world.traffic.report(wish.get("platform"))


def _recording(world: World, wish: Document) -> Document:
    return world.recording.report(wish.get("platform"))


def _switch_recording(world: World, wish: Document) -> Document:
    world.recording.switch(on=bool(wish.get("on", True)))
    return {"on": bool(wish.get("on", True))}


def _clock(world: World, _wish: Document) -> Document:
    return {"now": iso(world.clock.now()), "offset_seconds": world.clock.offset_s}


def _set_clock(world: World, wish: Document) -> Document:
    if "set" in wish:
        moment = datetime.fromisoformat(wish["set"])
        world.clock.set(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    elif "advance_seconds" in wish:
        world.clock.advance(float(wish["advance_seconds"]))
    else:
        raise ValueError('say {"advance_seconds": n} or {"set": ISO}')
    world.keep_clock()
    return _clock(world, wish)


def _reset(world: World, _wish: Document) -> Document:
    world.reset()
    return {"ok": True}


def _set_limits(world: World, wish: Document) -> Document:
    name = wish.pop("platform", None)
    if name not in world.platforms:
        raise ValueError(f"`platform` must be one of: {', '.join(sorted(world.platforms))}")
    return world.platforms[name].set_limits(wish)


def _restore_tokens(world: World, wish: Document) -> Document:
    return {
        name: platform.restore_tokens()
        for name, platform in world.platforms.items()
        if wish.get("platform") in (None, name)
    }


_CALLS: tuple[tuple[str, str, Order], ...] = (
    ("GET", "/health", _health),
    ("POST", "/faults", _order_fault),
    ("GET", "/faults", _faults),
    ("DELETE", "/faults", _clear_faults),
    ("GET", "/held", _held),
    ("POST", "/held/release", _release),
    ("GET", "/effects", _effects),
    ("GET", "/requests", _requests),
    ("GET", "/recording", _recording),
    ("POST", "/recording", _switch_recording),
    ("GET", "/clock", _clock),
    ("POST", "/clock", _set_clock),
    ("POST", "/reset", _reset),
    ("POST", "/limits", _set_limits),
    ("POST", "/tokens/restore", _restore_tokens),
)
