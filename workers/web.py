"""The process that serves the HTTP API."""

import socket

import uvicorn

from infra.logging import logger
from workers import process
from workers.api.application import application
from workers.api.serving import Service

GRACE_S = 20
"""For calls under way when the process is told to stop."""


class _Server(uvicorn.Server):
    """Says when it takes calls, and lets everybody who waits go before it stops."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            process.ready("web")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.watch.stop()
        await super().shutdown(sockets)


def main() -> None:
    """Run the web process."""
    fleet, _ = process.start("web")
    host, port = fleet.settings.web_host, fleet.settings.web_port
    try:
        listener = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        logger().error("cannot listen", host=host, port=port, error=str(error))
        raise SystemExit(1) from error
    fleet.incarnation.start()
    made, service = application(fleet)
    config = uvicorn.Config(
        made,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        limit_concurrency=fleet.settings.web_connections_max,
        timeout_graceful_shutdown=GRACE_S,
    )
    _Server(config, service).run(sockets=[listener])
    fleet.incarnation.stop()


if __name__ == "__main__":
    main()
