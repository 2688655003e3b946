"""Alembic's way in: runs on the connection that `infra.database.migrate` hands over."""

from alembic import context

from infra.database.tables import FleetTable

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=FleetTable.metadata)
with context.begin_transaction():
    context.run_migrations()
