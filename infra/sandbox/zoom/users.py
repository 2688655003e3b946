"""The users of the account: who can host a meeting, by id, by email or as `me`."""

from typing import Final

from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document
from infra.sandbox.zoom import seed
from infra.sandbox.zoom.refusals import NO_USER, ZoomError

_OWN: Final = frozenset({"id", "email", "first_name", "last_name", "timezone", "type"})


class Users:
    """Users by id."""

    def __init__(self, store: Store) -> None:
        self._users = Shelf(store, "zoom.users")
        if not len(self._users):
            for user in seed.USERS:
                self._users.put(user["id"], user)

    def named(self, name: str, me: str) -> Document:
        """Return the user of that id or email; `me` is whose token it is.

        Raises:
            ZoomError: 1001, there is none.
        """
        wanted = me if name == "me" else name
        found = self._users.get(wanted) or next(
            (user for user in self._users.records() if user["email"] == wanted.lower()), None
        )
        if found is None:
            raise ZoomError(NO_USER, f"User does not exist: {name}.")
        return found

    def add(self, wish: Document) -> Document:
        """Add a user (`email`, and what else is to differ)."""
        if unknown := set(wish) - _OWN:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        email = wish.get("email")
        if not isinstance(email, str) or "@" not in email:
            raise ValueError("`email` is missing")
        identity = f"SbxUser{len(self._users) + 1:015d}"
        user = {"id": identity, "timezone": "UTC", "type": 2, **wish, "email": email.lower()}
        user["display_name"] = f"{user.get('first_name', '')} {user.get('last_name', '')}".strip()
        self._users.put(user["id"], user)
        return user

    def all(self) -> list[Document]:
        """Return every user."""
        return self._users.records()


def shown(user: Document) -> Document:
    """Return what `GET /users/{id}` tells."""
    return {
        **user,
        "account_id": seed.ACCOUNT,
        "status": "active",
        "verified": 1,
        "role_name": "Owner" if user["id"] == seed.OWNER else "Member",
        "created_at": "2026-01-05T00:00:00Z",
    }
