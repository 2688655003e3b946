"""Credentials at rest: Fernet (AES-128-CBC + HMAC), several keys for rotation, newest first."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

from infra.settings import Settings, SettingsError


class Vault:
    """Encrypts and decrypts credentials (plain JSON objects).

    The cryptography library is loaded by whoever opens something: a relay never does.
    """

    def __init__(self, settings: Settings) -> None:
        self._keys = [key.strip() for key in settings.secret_keys.split(",") if key.strip()]

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        if not self._keys:
            words = "FLEET_SECRET_KEYS is not set (one or more Fernet keys, newest first)"
            raise SettingsError(words)
        try:
            return MultiFernet([Fernet(key) for key in self._keys])
        except ValueError as error:
            raise SettingsError("FLEET_SECRET_KEYS holds a key that is not a Fernet key") from error

    def lock(self, credentials: Mapping[str, Any]) -> bytes:
        """Encrypt under the newest key.

        Raises:
            SettingsError: there are no usable keys.
        """
        return self._fernet.encrypt(json.dumps(dict(credentials)).encode())

    def unlock(self, sealed: bytes) -> dict[str, Any]:
        """Decrypt with any of the keys.

        Raises:
            SettingsError: there are no usable keys, or none of them fits.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            opened: dict[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise SettingsError("none of FLEET_SECRET_KEYS opens these credentials") from error
        return opened

    @staticmethod
    def new_key() -> str:
        """Make a key for FLEET_SECRET_KEYS."""
        from cryptography.fernet import Fernet  # noqa: PLC0415

        return Fernet.generate_key().decode()
