"""Credentials at rest: Fernet (AES-128-CBC + HMAC), several keys for rotation, newest first.

Keys come from FLEET_SECRET_KEYS, else from the file FLEET_SECRET_KEYS_FILE names. The file is read
again whenever it has changed, so that a key added to it is known to processes that already run.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

from infra.settings import Settings, SettingsError, comma_separated


class Vault:
    """Encrypts and decrypts credentials (plain JSON objects).

    The cryptography library is loaded by whoever opens something: a relay never does.
    """

    def __init__(self, settings: Settings) -> None:
        self._given = settings.secret_keys
        self.file = Path(settings.secret_keys_file) if settings.secret_keys_file else None
        if self._given:
            self.file = None
        self._loaded: tuple[object, MultiFernet, Fernet] | None = None

    @property
    def keys(self) -> list[str]:
        """The keys, newest first.

        Raises:
            SettingsError: the file that should hold them cannot be read.
        """
        try:
            held = self._given if self.file is None else self.file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"FLEET_SECRET_KEYS_FILE cannot be read: {error}") from error
        return comma_separated(held)

    def _fernets(self) -> "tuple[MultiFernet, Fernet]":
        """Return all keys as one, and the newest alone."""
        stamp = self._stamp()
        if self._loaded is None or self._loaded[0] != stamp:
            self._loaded = (stamp, *_made(self.keys))
        return self._loaded[1], self._loaded[2]

    def _stamp(self) -> object:
        if self.file is None:
            return None
        try:
            now = self.file.stat()
        except OSError as error:
            raise SettingsError(f"FLEET_SECRET_KEYS_FILE cannot be read: {error}") from error
        return now.st_mtime_ns, now.st_ino, now.st_size

    def lock(self, credentials: Mapping[str, Any]) -> bytes:
        """Encrypt under the newest key.

        Raises:
            SettingsError: there are no usable keys.
        """
        return self._fernets()[1].encrypt(json.dumps(dict(credentials)).encode())

    def unlock(self, sealed: bytes) -> dict[str, Any]:
        """Decrypt with any of the keys.

        Raises:
            SettingsError: there are no usable keys, or none of them fits.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            opened: dict[str, Any] = json.loads(self._fernets()[0].decrypt(sealed))
        except InvalidToken as error:
            raise SettingsError("none of FLEET_SECRET_KEYS opens these credentials") from error
        return opened

    def is_newest(self, sealed: bytes) -> bool:
        """Is it encrypted under the newest key?

        Raises:
            SettingsError: there are no usable keys.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            self._fernets()[1].decrypt(sealed)
        except InvalidToken:
            return False
        return True

    @staticmethod
    def new_key() -> str:
        """Make a key for FLEET_SECRET_KEYS."""
        from cryptography.fernet import Fernet  # noqa: PLC0415

        return Fernet.generate_key().decode()


def _made(keys: list[str]) -> "tuple[MultiFernet, Fernet]":
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

    if not keys:
        words = "FLEET_SECRET_KEYS is not set (one or more Fernet keys, newest first)"
        raise SettingsError(words)
    try:
        fernets = [Fernet(key) for key in keys]
    except ValueError as error:
        raise SettingsError("FLEET_SECRET_KEYS holds a key that is not a Fernet key") from error
    return MultiFernet(fernets), fernets[0]
