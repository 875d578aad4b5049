"""The one secret of an installation, and what is derived from it: a box for stored passwords, a key for tokens."""

import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from podium.errors import Unavailable
from podium.settings import Settings

log = structlog.get_logger(__name__)

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


class SecretBox:
    """AES-256-GCM. A sealed value opens only in the context it was sealed for: no row can pose as another."""

    def __init__(self, secret: str) -> None:
        self._aes = AESGCM(derive_key(secret, "podium secret box v1"))

    def seal(self, text: str, *, context: str) -> bytes:
        """`text` as bytes that say nothing: version, nonce, ciphertext with tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._aes.encrypt(nonce, text.encode(), context.encode())

    def open(self, sealed: bytes, *, context: str) -> str:
        """What was sealed. Raises Unavailable when it was sealed with another secret, or altered."""
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
            return self._aes.decrypt(nonce, cipher, context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unavailable("a stored password cannot be read: PODIUM_SECRET_KEY has changed") from error


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256, RFC 5869): knowing one key tells nothing of another."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())


def load_secret(settings: Settings) -> str:
    """The secret from the settings, else from `secret.key` in the data directory, made (mode 0600) at first start."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / "secret.key"
    if not path.exists():
        _make(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        log.warning("the secret key can be read by others: chmod 600 it", path=str(path))
    return path.read_text().strip()


def _make(path: Path) -> None:
    """Whole or not at all, and never over another's: two processes may start at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret.")  # mkstemp makes it mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        try:
            path.hardlink_to(name)
        except FileExistsError:
            log.debug("another process made the secret key first", path=str(path))
    finally:
        Path(name).unlink()
