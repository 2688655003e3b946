"""Every setting, read once from the environment. Each name carries its unit."""

import os
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache

XERO_API_URL = "https://api.xero.com"
XERO_IDENTITY_URL = "https://identity.xero.com"
XERO_LOGIN_URL = "https://login.xero.com/identity"
SLACK_API_URL = "https://slack.com/api"
POSTMARK_API_URL = "https://api.postmarkapp.com"
FACEBOOK_API_URL = "https://graph.facebook.com"
CALCOM_API_URL = "https://api.cal.com"
ZOOM_API_URL = "https://api.zoom.us/v2"
ZOOM_OAUTH_URL = "https://zoom.us/oauth"


class SettingsError(Exception):
    """A setting is missing or unusable; the message names the variable and the cure."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The fleet's configuration. Environment variable names are in `ENVIRONMENT`."""

    database_url: str = field(default="", repr=False)
    broker_url: str = field(default="", repr=False)
    secret_keys: str = field(default="", repr=False)  # Fernet keys, newest first, comma separated
    secret_keys_file: str = ""  # read where secret_keys is not set, and again when it changes
    xero_webhook_key: str = field(default="", repr=False)  # several, comma separated, to rotate
    public_url: str = (
        "https://fleet.invalid"  # base of the mark put on invoices: <base>/i/<effect id>
    )
    xero_api_url: str = XERO_API_URL
    xero_identity_url: str = XERO_IDENTITY_URL
    xero_login_url: str = XERO_LOGIN_URL
    slack_api_url: str = SLACK_API_URL
    postmark_api_url: str = POSTMARK_API_URL
    facebook_api_url: str = FACEBOOK_API_URL
    calcom_api_url: str = CALCOM_API_URL
    zoom_api_url: str = ZOOM_API_URL
    zoom_oauth_url: str = ZOOM_OAUTH_URL
    log_format: str = "json"
    log_level: str = "INFO"
    state_dir: str = ".run"
    task_events: bool = False

    connect_timeout_s: float = 3.05
    read_timeout_s: float = 20.0
    call_timeout_s: float = 30.0  # whole exchange, kept by the watchdog
    send_within_s: float = 15.0  # from claiming an effect to its first byte
    lease_s: float = 120.0  # outlives send_within + call_timeout with room

    request_bytes_max: int = 256 * 1024
    request_depth_max: int = 24
    intake_batch_max: int = 100
    ring_again_s: float = 10.0  # a doorbell unanswered for so long is rung again
    backlog_per_queue_max: int = 40  # rung and not yet begun, per queue, on all hosts together
    sweep_every_s: float = 2.0
    sync_every_s: float = 900.0
    republish_after_s: float = 30.0
    keep_published_for_s: float = 7 * 86400.0
    keep_log_for_s: float = 90 * 86400.0
    keep_attachments_for_s: float = 7 * 86400.0  # fetched PDFs, for an email not yet sent
    keep_actions_for_s: float = 400 * 86400.0  # a repeated request is recognised for so long
    database_pool_max: int = 12

    webhooks_host: str = "127.0.0.1"  # behind whatever ends TLS
    webhooks_port: int = 8090
    webhook_body_bytes_max: int = 1024 * 1024
    webhook_answer_within_s: float = 4.0  # Xero gives up after 5 s
    webhook_gather_s: float = 0.1  # what is told meanwhile is read in one go
    keep_webhook_events_for_s: float = 35 * 86400.0  # Xero repeats them for 31 days

    web_host: str = "127.0.0.1"  # behind whatever ends TLS
    web_port: int = 8080
    web_calls_per_minute: int = 600  # of each API key, and so many at once
    console_calls_per_minute: int = 600  # of each session, and so many at once
    web_body_within_s: float = 10.0
    web_wait_max_s: float = 60.0  # of `Prefer: wait`
    web_waiting_max: int = 500  # callers who wait for an outcome; more are answered 202
    web_streams_max: int = 200  # open streams of events
    web_streams_per_key_max: int = 20
    web_heartbeat_s: float = 15.0  # into a stream that has nothing to tell
    web_connections_max: int = 1000
    deliver_to_private_addresses: bool = False  # our webhooks, to this machine and its network
    keep_deliveries_for_s: float = 30 * 86400.0  # of our webhooks, with their attempts
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9464
    metrics_every_s: float = 5.0  # asked more often, the same is told again

    console_url: str = ""  # where people reach the console, https://…/console; default: its own
    console_link_key: str = field(default="", repr=False)  # several, comma separated, to rotate
    console_link_s: float = 300.0  # how old a signed link may be
    console_session_s: float = 12 * 3600.0
    console_fields_max: int = 1000  # of one form

    @property
    def call_timeout(self) -> timedelta:
        """Longest an exchange may take in all."""
        return timedelta(seconds=self.call_timeout_s)


def variable_of(name: str) -> str:
    """Return the environment variable of a setting; others' addresses bear their usual names."""
    theirs = name.endswith("_url") and name not in {"public_url", "console_url"}
    return name.upper() if theirs else f"FLEET_{name.upper()}"


def read_settings(environment: dict[str, str] | None = None) -> Settings:
    """Build settings from the environment (or a dict of it).

    Raises:
        SettingsError: every unusable variable, with what would be right.
    """
    source = os.environ if environment is None else environment
    values: dict[str, object] = {}
    problems: list[str] = []
    for setting in fields(Settings):
        raw = source.get(variable_of(setting.name))
        if raw is None or raw == "":
            continue
        try:
            values[setting.name] = _convert(raw, setting.type)
        except ValueError:
            problems.append(f"{variable_of(setting.name)} must be {setting.type}, not {raw!r}")
    if problems:
        raise SettingsError("; ".join(problems))
    return Settings(**values)  # type: ignore[arg-type]  # converted by the field's own type


def _convert(raw: str, kind: object) -> object:
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", "str")
    if name == "bool":
        return raw.strip().lower() in {"1", "true", "yes", "on"}
    if name == "int":
        return int(raw)
    if name == "float":
        return float(raw)
    return raw


@cache
def settings() -> Settings:
    """Return this process's settings."""
    return read_settings()


def plain_database_url(url: str) -> str:
    """Return the URL as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def comma_separated(setting: str) -> list[str]:
    """Return the values of a comma-separated setting, in order."""
    return [one.strip() for one in setting.split(",") if one.strip()]


def normal_database_url(url: str) -> str:
    """Name the psycopg 3 driver in a plain PostgreSQL URL."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
