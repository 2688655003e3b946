"""The ASGI application: each platform behind its gate, the control API beside them."""

from starlette.applications import Starlette
from starlette.routing import Mount

from infra.sandbox.control import control_routes
from infra.sandbox.gate import Gate
from infra.sandbox.world import World


def create_app(state: World | None = None) -> Starlette:
    """Return the application over a world (default: a fresh one in memory)."""
    world = state or World()
    mounts = [Mount(f"/{name}", app=Gate(world, name)) for name in world.platforms]
    return Starlette(routes=[*mounts, *control_routes(world)])
