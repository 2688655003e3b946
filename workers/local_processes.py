"""What runs on one machine: the table of processes and the environment they share."""

import base64
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.embedded.claim import CHECKOUT
from infra.embedded.ledger import write_private
from infra.embedded.ports import remembered_port
from infra.embedded.program import Program
from workers.sandbox_addresses import sandbox_addresses

READY = r"\bready\b"
"""Every process of ours logs a line with this word once it takes work."""
WORKER_STOP_SECONDS = 30.0
"""For a warm shutdown: longer than a worker's soft shutdown of 20 s."""
CONCURRENCY = "10"

XERO_QUEUES = "xero,xero.sync"
SMALL_QUEUES = "slack,facebook,portant,activecampaign,calcom,zoom,postmark,webhook"
"""Platforms with little traffic share a worker here; in production each has its own."""


def local_environment(given: Mapping[str, str], state: Path, *, sandbox: bool) -> dict[str, str]:
    """Complete an environment with what the processes of a local fleet need.

    What is given stays, but for the platforms' addresses when the sandbox runs: a test mode that
    a forgotten variable sends to a real platform would be none. Secrets and ports are made once
    and kept in the state folder.
    """
    made = {
        "MALLOC_ARENA_MAX": "2",  # glibc otherwise keeps an arena per thread: twice the memory
        "PYTHONUNBUFFERED": "1",
        "PYTHONOPTIMIZE": "2",  # no docstrings in memory: a tenth of each process
        "FLEET_TASK_EVENTS": "1",
        "WORKER_CONCURRENCY": CONCURRENCY,
        "FLEET_STATE_DIR": str(state),
    }
    env = made | dict(given) | {"FLEET_STATE_DIR": str(state)}
    if not env.get("FLEET_SECRET_KEYS") and not env.get("FLEET_SECRET_KEYS_FILE"):
        _kept(state / "secret_keys", _fernet_key)
        env["FLEET_SECRET_KEYS_FILE"] = str(state / "secret_keys")
    if not env.get("FLOWER_BASIC_AUTH"):
        env["FLOWER_BASIC_AUTH"] = f"fleet:{_kept(state / 'flower_password', _password)}"
    if not env.get("FLOWER_PORT"):
        env["FLOWER_PORT"] = str(remembered_port(state / "flower_port"))
    if not env.get("FLEET_XERO_WEBHOOK_KEY"):
        env["FLEET_XERO_WEBHOOK_KEY"] = _kept(state / "xero_webhook_key", _password)
    if not env.get("FLEET_WEBHOOKS_PORT"):
        env["FLEET_WEBHOOKS_PORT"] = str(remembered_port(state / "webhooks_port"))
    if not env.get("FLEET_WEB_PORT"):
        env["FLEET_WEB_PORT"] = str(remembered_port(state / "web_port"))
    if not env.get("FLEET_METRICS_PORT"):
        env["FLEET_METRICS_PORT"] = str(remembered_port(state / "metrics_port"))
    if not env.get("FLEET_CONSOLE_LINK_KEY"):
        env["FLEET_CONSOLE_LINK_KEY"] = _kept(state / "console_link_key", _password)
    if sandbox:
        port = str(remembered_port(state / "sandbox_port"))
        url = f"http://127.0.0.1:{port}"
        env |= sandbox_addresses(url) | {"SANDBOX_PORT": port}
    return env


def local_processes(env: Mapping[str, str], state: Path) -> tuple[Program, ...]:
    """List the fleet's processes, in the order they start; the sandbox first if `env` names it."""
    python = sys.executable
    sandbox = env.get("SANDBOX_PORT")
    sandbox_state = str(state / "sandbox.json")
    flower = int(env["FLOWER_PORT"])
    rows: list[Program] = []

    def add(name: str, *argv: str, ready: str | int = READY, server: bool = False) -> None:
        log = state / "logs" / f"{name}.log"
        stop = 10.0 if server else WORKER_STOP_SECONDS
        rows.append(
            Program(name, argv, env, CHECKOUT, log, ready, stop_seconds=stop, server=server)
        )

    if sandbox:
        words = ("--port", sandbox, "--state", sandbox_state)
        add("sandbox", python, "-m", "infra.sandbox", *words, ready="sandbox ready on", server=True)
    add("intake", python, "-m", "workers.intake")
    add("worker-xero", *_worker("xero", XERO_QUEUES, env))
    add("worker-small", *_worker("small", SMALL_QUEUES, env))
    add("events", python, "-m", "workers.payment_status")
    add("relay", python, "-m", "workers.relay")
    add("beat", python, "-m", "workers.beat")
    add("web", python, "-m", "workers.web")
    add("webhooks", python, "-m", "workers.webhooks")
    add("metrics", python, "-m", "workers.metrics")
    add("flower", python, "-m", "workers.flower", ready=flower)
    return tuple(rows)


def _worker(name: str, queues: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Build a Celery worker's command.

    Through a shell only for its `$$`: a node name must be new at every start, since RabbitMQ keeps
    the dead one's control queue locked for a while.
    """
    celery = (sys.executable, "-m", "celery", "-q", "-A", "workers.app", "worker")
    pool = ("-P", "threads", "-c", env["WORKER_CONCURRENCY"], "-Q", queues)
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    script = f'exec "$@" -n "{name}-$$@%h"'
    return ("/bin/sh", "-c", script, "sh", *celery, *pool, *quiet)


def _kept(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        write_private(file, make())
    return file.read_text(encoding="ascii")


def _password() -> str:
    return secrets.token_urlsafe(18)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode("ascii")
