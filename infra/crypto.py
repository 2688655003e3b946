"""Credentials at rest: Fernet (AES-128-CBC + HMAC), several keys for rotation, newest first."""

import json
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from infra.settings import Settings, SettingsError


class Vault:
    """Encrypts and decrypts credentials (plain JSON objects)."""

    def __init__(self, settings: Settings) -> None:
        keys = [key.strip() for key in settings.secret_keys.split(",") if key.strip()]
        if not keys:
            raise SettingsError(
                "FLEET_SECRET_KEYS is not set (one or more Fernet keys, newest first)"
            )
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SettingsError("FLEET_SECRET_KEYS holds a key that is not a Fernet key") from error

    def lock(self, credentials: Mapping[str, Any]) -> bytes:
        """Encrypt under the newest key."""
        return self._fernet.encrypt(json.dumps(dict(credentials)).encode())

    def unlock(self, sealed: bytes) -> dict[str, Any]:
        """Decrypt with any of the keys.

        Raises:
            SettingsError: none of the keys fits.
        """
        try:
            opened: dict[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise SettingsError("none of FLEET_SECRET_KEYS opens these credentials") from error
        return opened

    @staticmethod
    def new_key() -> str:
        """Make a key for FLEET_SECRET_KEYS."""
        return Fernet.generate_key().decode()
