"""The account a sandbox starts with."""

from typing import Final

from infra.sandbox.wire import Document

API_KEY: Final = "sandbox-activecampaign-key"
ACCOUNT: Final = "tidewater"
USER: Final[Document] = {
    "id": "1",
    "username": "admin",
    "firstName": "Robin",
    "lastName": "Tide",
    "email": "robin@tidewater.test",
}
CONTACT: Final = "1"
CONTACT_EMAIL: Final = "sam@tidewater.test"

WELCOME: Final = "1"  # each contact once
NEWSLETTER: Final = "2"  # again and again
RETIRED: Final = "3"  # not active
AUTOMATIONS: Final[tuple[Document, ...]] = (
    {"id": WELCOME, "name": "Welcome", "active": True, "multiple": False},
    {"id": NEWSLETTER, "name": "Newsletter", "active": True, "multiple": True},
    {"id": RETIRED, "name": "Retired", "active": False, "multiple": True},
    {"id": "4", "name": "Follow up", "active": True, "multiple": False},
    {"id": "5", "name": "Follow Up", "active": True, "multiple": False},
)
FIELDS: Final = ("1", "2")
"""Ids of the custom fields of contacts."""
