"""What a record may say of values that came from outside: no secret, nothing huge, nothing that cannot be stored."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

HIDDEN: Final = "(hidden)"
TEXT: Final = 1_000
"""Longer texts are cut, in characters."""
ITEMS: Final = 100
"""Of a longer list, or a map with more members, the rest is counted."""
DEPTH: Final = 12
BYTES: Final = 32 * 1024
"""What is larger all in all is left out, with its size."""

_PARTS: Final = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "cookie",
    "credential",
    "apikey",
)
_ENDS: Final = ("key", "keys", "otp", "totp", "pwd")
_WORDS: Final = frozenset({"pass", "pin", "code", "codes", "recoverycode", "recoverycodes", "verifier"})
_HASHED: Final = frozenset({"cloudconfig", "networkconfig", "xenstoredata", "userdata"})
"""Contents that are long and may hold anything: only whether two of them are the same is told."""
_PUBLIC: Final = frozenset({"hostkey", "tokenid"})
_PLAIN: Final = re.compile(r"[^a-z0-9]")
_USER_INFO: Final = re.compile(r"://[^/?#\s@]*@")
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class Redactor:
    """`key` makes the hashes useless for guessing."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def clean(self, value: object) -> Any:
        """`value`, of JSON's kinds, as a record may hold it; what is too large all in all as its size."""
        found = self._clean(value, 0, ours=False)
        size = len(msgspec.json.encode(found))
        return found if size <= BYTES else {"leftOut": f"{size} bytes"}

    def known(self, value: object) -> Any:
        """As `clean`, for what our own code says: there a `code` is an error's and no secret."""
        return self._clean(value, 0, ours=True)

    def text(self, text: str, most: int = TEXT) -> str:
        """Without passwords in addresses and without tokens, as UTF-8 and PostgreSQL can hold it, and not too long."""
        text = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        text = _JWT.sub(HIDDEN, _USER_INFO.sub(f"://{HIDDEN}@", text))
        return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"

    def _clean(self, value: object, depth: int, *, ours: bool) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return value if -(2**63) <= value < 2**63 else self.text(str(value), 100)
        if isinstance(value, float):
            return value
        if depth >= DEPTH:
            return "…"
        if isinstance(value, Mapping):
            return self._members(value, depth, ours=ours)
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            found = [self._clean(one, depth + 1, ours=ours) for one in value[:ITEMS]]
            return found if len(value) <= ITEMS else [*found, f"… ({len(value)} items)"]
        return self.text(str(type(value).__name__))

    def _members(self, value: Mapping[Any, object], depth: int, *, ours: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, one in value.items():
            if len(found) == ITEMS:
                found["…"] = f"{len(value)} members"
                break
            text = self.text(str(name), 200)
            found[text] = self._clean(one, depth + 1, ours=True) if ours else self._member(text, one, depth)
        return found

    def _member(self, name: str, value: object, depth: int) -> Any:
        plain = _PLAIN.sub("", name.lower())
        if value is None or isinstance(value, bool):
            return value
        if plain in _HASHED:
            return self._hash(value)
        return HIDDEN if is_secret(plain) else self._clean(value, depth + 1, ours=False)

    def _hash(self, value: object) -> str:
        plain = self._clean(value, 0, ours=True)
        data = (
            value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(plain, order="sorted")
        )
        return f"hmac-sha256:{hmac.digest(self._key, data, hashlib.sha256).hex()} ({len(data)} bytes)"


def is_secret(plain: str) -> bool:
    """Whether a member of that name (lower case, letters and digits only) holds a secret."""
    if plain in _PUBLIC:
        return False
    return plain in _WORDS or plain.endswith(_ENDS) or any(part in plain for part in _PARTS)
