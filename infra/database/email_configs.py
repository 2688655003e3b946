"""Statements over email configs: a workspace's sender identities for branded email."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from infra.database.engine import Transaction
from infra.database.tables import EmailConfigRow


@dataclass(frozen=True, slots=True)
class EmailConfig:
    """One sender identity; `integration_id` is the Postmark integration that sends for it.

    `settings`: `from_email`, `from_name`, `company_name`, `reply_to`, `logo_url`, `colour`
    (`#rrggbb`), `footer`, `message_stream`; only the first is needed.
    """

    id: UUID
    workspace_id: UUID
    integration_id: UUID
    settings: Mapping[str, Any]

    @property
    def company(self) -> str:
        """Whose invoice it is, as its recipient knows them."""
        named = (self.settings.get(name) for name in ("company_name", "from_name", "from_email"))
        return next((str(name) for name in named if name), "")


_LIST = select(
    EmailConfigRow.id,
    EmailConfigRow.workspace_id,
    EmailConfigRow.integration_id,
    EmailConfigRow.settings,
).where(EmailConfigRow.integration_id.is_not(None))


def default(tx: Transaction, workspace_id: UUID) -> EmailConfig | None:
    """Return the workspace's default sender identity, or None."""
    where = (EmailConfigRow.workspace_id == workspace_id, EmailConfigRow.is_default)
    row = tx.execute(_LIST.where(*where)).one_or_none()
    return None if row is None else EmailConfig(*row)


def find(tx: Transaction, workspace_id: UUID, config_id: UUID) -> EmailConfig | None:
    """Return a sender identity of the workspace, or None."""
    where = (EmailConfigRow.workspace_id == workspace_id, EmailConfigRow.id == config_id)
    row = tx.execute(_LIST.where(*where)).one_or_none()
    return None if row is None else EmailConfig(*row)


def put(
    tx: Transaction, workspace_id: UUID, integration_id: UUID, settings: Mapping[str, Any]
) -> UUID:
    """Store the sender identity of an integration; the default one if the workspace has none.

    The default is taken too when it belongs to no integration any more.
    """
    held = tx.execute(
        select(EmailConfigRow.id, EmailConfigRow.integration_id)
        .where(EmailConfigRow.workspace_id == workspace_id, EmailConfigRow.is_default)
        .with_for_update()
    ).one_or_none()
    if held is not None and held.integration_id is None:
        tx.execute(
            update(EmailConfigRow).where(EmailConfigRow.id == held.id).values(is_default=False)
        )
        held = None
    own = tx.execute(
        update(EmailConfigRow)
        .where(
            EmailConfigRow.workspace_id == workspace_id,
            EmailConfigRow.integration_id == integration_id,
        )
        .values(settings=dict(settings), **({"is_default": True} if held is None else {}))
        .returning(EmailConfigRow.id)
    ).scalar_one_or_none()
    if own is not None:
        return UUID(str(own))
    config_id = uuid4()
    tx.execute(
        insert(EmailConfigRow).values(
            id=config_id,
            workspace_id=workspace_id,
            integration_id=integration_id,
            is_default=held is None,
            settings=dict(settings),
        )
    )
    return config_id
