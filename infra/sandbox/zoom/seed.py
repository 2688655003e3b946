"""Zoom's part of the world a sandbox starts with: one account, two apps, three users.

The seeded access tokens never expire; those given out later live an hour.
"""

from typing import Final

from infra.sandbox.wire import Document

ACCOUNT: Final = "SbxAccount000000000000"

S2S_CLIENT_ID: Final = "SbxServerToServer00001"
S2S_CLIENT_SECRET: Final = "sandbox-zoom-server-to-server-secret"  # noqa: S105 - it opens a simulation
S2S_ACCESS_TOKEN: Final = "sandbox-zoom-server-to-server-token"  # noqa: S105

CLIENT_ID: Final = "SbxGeneralApp000000001"
CLIENT_SECRET: Final = "sandbox-zoom-general-app-secret"  # noqa: S105
ACCESS_TOKEN: Final = "sandbox-zoom-user-access-token"  # noqa: S105
REFRESH_TOKEN: Final = "sandbox-zoom-user-refresh-token"  # noqa: S105

OWNER: Final = "SbxUserJo0000000000001"
"""Whose the seeded user tokens are, and whom `me` means to a server-to-server token."""
SECOND: Final = "SbxUserSam000000000002"
OWNER_EMAIL: Final = "jo@tidewater.test"
SECOND_EMAIL: Final = "sam@tidewater.test"

USERS: Final[tuple[Document, ...]] = (
    {
        "id": OWNER,
        "email": OWNER_EMAIL,
        "first_name": "Jo",
        "last_name": "Marsh",
        "display_name": "Jo Marsh",
        "timezone": "Australia/Sydney",
        "type": 2,
    },
    {
        "id": SECOND,
        "email": SECOND_EMAIL,
        "first_name": "Sam",
        "last_name": "Okafor",
        "display_name": "Sam Okafor",
        "timezone": "Europe/Berlin",
        "type": 2,
    },
    {
        "id": "SbxUserKit000000000003",
        "email": "kit@tidewater.test",
        "first_name": "Kit",
        "last_name": "Lund",
        "display_name": "Kit Lund",
        "timezone": "America/New_York",
        "type": 1,
    },
)

S2S_SCOPES: Final = (
    "meeting:write:meeting:admin",
    "meeting:read:meeting:admin",
    "meeting:read:list_meetings:admin",
    "user:read:user:admin",
)
USER_SCOPES: Final = tuple(scope.removesuffix(":admin") for scope in S2S_SCOPES)
