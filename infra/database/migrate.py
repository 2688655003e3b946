"""Schema: Alembic migrations for the fleet's tables; the CRM's only on request."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from infra.database.engine import Database
from infra.database.tables import CrmTable

MIGRATION_LOCK = 0x666C_6565_74


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, *, with_crm_tables: bool = False) -> str:
    """Bring the schema to the newest revision and return it.

    Two at once are one: the second waits on an advisory lock and finds nothing to do. The `crm_*`
    tables are created only on request (demo and tests); elsewhere they are the CRM's.
    """
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        command.upgrade(_config(connection), "head")
        if with_crm_tables:
            CrmTable.metadata.create_all(connection)
        return current_revision(connection) or "none"


def current_revision(connection: Connection) -> str | None:
    """Return the revision the database is at, or None when it has never been migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the revision this code needs."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()
