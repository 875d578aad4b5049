"""The keys that sign tokens: one signs at a time; those before it are believed until the last of their tokens ends."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from podium.db.base import Database
from podium.db.signing_key import SigningKeyRow
from podium.db.token import TokenRow
from podium.errors import Unavailable
from podium.services.secrets import SecretBox, derive_key

log = structlog.get_logger(__name__)

FIRST: Final = "0"
"""The kid of the key that is derived from the secret; the migration put it there. Tokens of before name none."""

_RELOAD_S: Final = 5.0
_TRIES: Final = 100


class SigningKeys:
    """Keys by kid, kept in memory. Another process may rotate: an unknown kid makes us look again, now and then."""

    def __init__(self, database: Database, *, secret: str) -> None:
        self._database = database
        self._box = SecretBox(secret)
        self._derived = derive_key(secret, "podium token v1")
        self._known: dict[str, tuple[bytes, float | None]] = {}
        self._loaded: float | None = None

    async def find(self, kid: str, now: float) -> bytes | None:
        """The key that `kid` names, while it is believed. `now`: Unix time, in seconds."""
        if self._loaded is None or (kid not in self._known and not 0 <= now - self._loaded < _RELOAD_S):
            await self.reload(now)
        key, valid_until = self._known.get(kid, (None, None))
        return key if valid_until is None or now < valid_until else None

    async def reload(self, now: float) -> None:
        """What the database says."""
        async with self._database.read() as tx:
            rows = list(await tx.scalars(select(SigningKeyRow)))
        self._known = {row.kid: (self._key(row), _seconds(row.valid_until)) for row in rows}
        self._loaded = now

    async def current(self, tx: AsyncSession) -> tuple[str, bytes]:
        """The kid and key to sign with, held until the end of the transaction in which the token is written."""
        row = await _signing(tx, read=True)
        key = self._key(row)
        self._known[row.kid] = (key, None)
        return row.kid, key

    async def rotate(self, now: float, *, at_once: bool = False) -> str:
        """A new key signs from now on; its kid. `at_once`: the old ones are believed no more, for one may be stolen."""
        new = SigningKeyRow(kid=str(uuid4()), created=_at(now))
        new.key = self._box.seal(secrets.token_hex(32), context=_context(new.kid))
        async with self._database.begin() as tx:
            old = await _signing(tx, read=False)
            last = await tx.scalar(select(func.max(TokenRow.expires)))
            old.valid_until = _at(now) if at_once or last is None else max(_at(now), last)
            if at_once:
                still = SigningKeyRow.valid_until > _at(now)
                await tx.execute(update(SigningKeyRow).where(still).values(valid_until=_at(now)))
                await tx.execute(update(TokenRow).where(TokenRow.revoked.is_(None)).values(revoked=_at(now)))
            tx.add(new)
        await self.reload(now)
        return new.kid

    async def tend(self, now: float, *, rotation_s: float) -> None:
        """Forget keys whose last token ended; rotate when the one that signs is older than `rotation_s` (0: never)."""
        async with self._database.begin() as tx:
            await tx.execute(delete(SigningKeyRow).where(SigningKeyRow.valid_until <= _at(now)))
            created = await tx.scalar(select(func.max(SigningKeyRow.created)))
        if rotation_s and created is not None and created <= _at(now) - timedelta(seconds=rotation_s):
            log.info("signing key rotated", kid=await self.rotate(now))
        else:
            await self.reload(now)

    def kids(self) -> Mapping[str, float | None]:
        """The kids known, and until when each is believed; None: it signs."""
        return {kid: valid_until for kid, (_, valid_until) in self._known.items()}

    def _key(self, row: SigningKeyRow) -> bytes:
        if row.key is None:
            return self._derived
        return bytes.fromhex(self._box.open(row.key, context=_context(row.kid)))


async def _signing(tx: AsyncSession, *, read: bool) -> SigningKeyRow:
    """The key that signs, locked: shared by those who `read` it, alone for who replaces it.

    Who waited for another's rotation finds the old one retired, and so nothing: by looking again he sees the new one.
    """
    for _ in range(_TRIES):
        found = select(SigningKeyRow).where(SigningKeyRow.valid_until.is_(None)).with_for_update(read=read)
        row: SigningKeyRow | None = await tx.scalar(found)
        if row is not None:
            return row
    raise Unavailable("there is no key that signs tokens")


def _context(kid: str) -> str:
    return f"signing key {kid}"


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
