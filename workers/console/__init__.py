"""Pages for people, over the same application as the API.

`ROUTES` are served by the web process beside the API's. Sessions of people come with them: an
endpoint's `handle` takes a `Caller`, whoever made it.
"""

from starlette.routing import BaseRoute

ROUTES: tuple[BaseRoute, ...] = ()
