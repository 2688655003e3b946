"""The process that serves the HTTP API."""

from workers import process
from workers.api.application import application
from workers.listening import listen, serve

GRACE_S = 20
"""For calls under way when the process is told to stop."""


def main() -> None:
    """Run the web process."""
    fleet, _ = process.start("web")
    listener = listen(fleet.settings.web_host, fleet.settings.web_port)
    fleet.incarnation.start()
    made, service = application(fleet)
    serve(
        "web",
        made,
        listener,
        stopping=service.watch.stop,  # everybody who waits is let go first
        limit_concurrency=fleet.settings.web_connections_max,
        timeout_graceful_shutdown=GRACE_S,
    )
    fleet.incarnation.stop()


if __name__ == "__main__":
    main()
