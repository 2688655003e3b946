"""Which fleet a command talks to: the environment's, else the one running on a state folder."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.settings import Settings, read_settings
from workers.cli.say import Failed
from workers.sandbox_addresses import sandbox_addresses

if TYPE_CHECKING:
    from infra.database.engine import Database
    from workers.fleet import Fleet

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_STATE = CHECKOUT / ".run"
STATE_VARIABLE = "FLEET_STATE_DIR"


def state_folder() -> Path:
    """Return the state folder commands look at: FLEET_STATE_DIR, else `.run` of the checkout."""
    return Path(os.environ.get(STATE_VARIABLE) or DEFAULT_STATE).absolute()


def told(state: Path) -> dict[str, Any]:
    """Return what the fleet running on a state folder says of itself; empty when none runs."""
    try:
        found = json.loads((state / "fleet.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def environment() -> dict[str, str]:
    """Return this process's environment, completed by the local fleet unless it names another."""
    given = dict(os.environ)
    state = state_folder()
    local = told(state)
    if not local or given.get("DATABASE_URL") not in {None, "", local["database_url"]}:
        return given
    found = {
        "DATABASE_URL": local["database_url"],
        "BROKER_URL": local["broker_url"],
        STATE_VARIABLE: str(state),
    }
    if (state / "secret_keys").exists():
        found["FLEET_SECRET_KEYS_FILE"] = str(state / "secret_keys")
    if port := urlsplit(local.get("webhooks_url") or "").port:
        found["FLEET_WEBHOOKS_PORT"] = str(port)
    if (state / "console_link_key").exists():
        found["FLEET_CONSOLE_LINK_KEY"] = (state / "console_link_key").read_text(encoding="ascii")
    if local.get("web_url"):
        found["FLEET_CONSOLE_URL"] = f"{local['web_url']}/console"
    if local.get("sandbox_url"):
        found |= sandbox_addresses(local["sandbox_url"])
    return found | {name: value for name, value in given.items() if value}


def settings(given: Mapping[str, str] | None = None) -> Settings:
    """Return the settings commands work with.

    Raises:
        Failed: no database is named and no fleet runs here.
    """
    chosen = read_settings(dict(given or environment()))
    if not chosen.database_url:
        raise Failed(
            f"no fleet runs on {shown_path(state_folder())}, and DATABASE_URL is not set",
            [
                "Start one in another terminal: fleet up",
                "or name its folder: fleet --state DIR …, or set DATABASE_URL and BROKER_URL",
            ],
        )
    return chosen


def console_url(chosen: Settings) -> str:
    """Return where people reach the console, without a slash at the end."""
    own = f"http://{chosen.web_host}:{chosen.web_port}/console"
    return chosen.console_url.rstrip("/") or own


def shown_path(path: Path) -> str:
    """Return a path as seen from where the person stands, if it lies below that."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@contextmanager
def database() -> Iterator["Database"]:
    """Open the database alone: for commands that only read."""
    chosen = settings()
    from infra.database.engine import Database  # noqa: PLC0415 - kept out of `--help`

    opened = Database(chosen)
    try:
        yield opened
    finally:
        opened.dispose()


@contextmanager
def fleet() -> Iterator["Fleet"]:
    """Compose the fleet's parts: for commands that change something."""
    chosen = settings()
    from workers.fleet import compose  # noqa: PLC0415 - a second's worth of platforms

    made = compose("cli", chosen)
    try:
        yield made
    finally:
        made.database.dispose()


def who() -> str:
    """Return who types, for the record."""
    import getpass  # noqa: PLC0415

    try:
        return f"{getpass.getuser()} (cli)"
    except (KeyError, OSError):
        return "somebody (cli)"
