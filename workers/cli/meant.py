"""Which row a person means by an id, its beginning, or words of a name."""

from typing import TYPE_CHECKING
from uuid import UUID

from workers.cli.say import Failed

if TYPE_CHECKING:
    from infra.database.engine import Transaction


def the_integration(
    tx: "Transaction", platform: str, said: str, workspace_id: UUID | None = None
) -> UUID:
    """Return the integration a person means: the one named, else the only one there is.

    Raises:
        Failed: none fits, or several do.
    """
    from infra.database import integrations  # noqa: PLC0415 - kept out of `--help`

    found = integrations.meant(tx, platform, said, workspace_id)
    if len(found) == 1:
        return next(iter(found))
    if not found and not said:
        raise Failed(f"there is no {platform} integration", ["Connect one first."])
    if not found:
        raise Failed(f"no {platform} integration is called {said!r}", ["Give its id, or its name."])
    words = [f"--integration {identity}  {name}" for identity, name in found.items()]
    raise Failed(f"there are several {platform} integrations; name one", words)
