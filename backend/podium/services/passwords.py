"""Passwords: Argon2id, hashed beside the event loop and a few at a time."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from podium.errors import TooManyAttempts
from podium.services.password_rules import require_good
from podium.settings import Settings

_MAX_WAITING = 64


class Passwords:
    """One hash costs tens of MiB and milliseconds by design: more than `_MAX_WAITING` in line are turned away."""

    def __init__(self, settings: Settings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.password_time_cost,
            memory_cost=settings.password_memory_kib,
            parallelism=settings.password_parallelism,
        )
        self._settings = settings
        self._turn = asyncio.Semaphore(settings.password_workers)
        self._waiting = 0
        self._decoy: str | None = None

    def require_good(self, password: str, *, name: str) -> None:
        """Raises InvalidParameters when the account `name` may not choose it."""
        require_good(password, name=name, settings=self._settings)

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether `hashed` was made from `password`. None (no such account) takes as long as a wrong password.

        Raises TooManyAttempts when too many are in line.
        """
        if self._waiting >= _MAX_WAITING:
            raise TooManyAttempts("too many sign-ins at this moment", retry_after_s=1)
        self._waiting += 1
        try:
            async with self._turn:
                if self._decoy is None:
                    self._decoy = await asyncio.to_thread(self._hasher.hash, secrets.token_urlsafe())
                return await asyncio.to_thread(self._check, password, hashed, self._decoy)
        finally:
            self._waiting -= 1

    def outdated(self, hashed: str) -> bool:
        """Whether `hashed` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _check(self, password: str, hashed: str | None, decoy: str) -> bool:
        try:
            self._hasher.verify(hashed or decoy, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
        return hashed is not None
