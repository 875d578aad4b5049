"""The second factor: TOTP (RFC 6238, SHA-1, 6 digits, 30 s), and recovery codes for when the phone is lost."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import pyotp
import structlog
from msgspec import UNSET, UnsetType
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from podium.db.base import Database
from podium.db.second_factor import RecoveryCodeRow, SecondFactorRow
from podium.db.user import UserRow
from podium.errors import Conflict, NotFound, OtpInvalid, SecondFactorRequired
from podium.services.password_rules import totp_required
from podium.services.secrets import SecretBox, derive_key
from podium.settings import Settings

log = structlog.get_logger(__name__)

ISSUER: Final = "Podium"
RECOVERY_CODES: Final = 10

_STEP_S: Final = 30
_WINDOW: Final = 1
"""Steps that the phone's clock may be off, either way."""
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH: Final = 12
"""31 letters and digits, none easily mistaken for another, 12 times: 59 bits."""
_DIGITS: Final = re.compile(r"[0-9]{6}")


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether a user's sign-in asks for a code (`since`: in milliseconds), and whether it has to."""

    enabled: bool
    required: bool
    since: int | UnsetType = UNSET
    recovery_codes_left: int = 0


class Enrolment(msgspec.Struct, frozen=True):
    """What the phone must know, shown this once. `uri`: what a QR code holds (otpauth); `secret`: to type in."""

    uri: str
    secret: str


class RecoveryCodes(msgspec.Struct, frozen=True, rename="camel"):
    """Each is good once, in the place of a code from the phone. Shown this once."""

    recovery_codes: tuple[str, ...]


class SecondFactors:
    """Sets up, checks and removes. `clock`: Unix time, in seconds."""

    def __init__(self, database: Database, settings: Settings, *, secret: str, clock: Callable[[], float]) -> None:
        self._database = database
        self._settings = settings
        self._box = SecretBox(secret)
        self._key = derive_key(secret, "podium recovery codes v1")
        self._clock = clock

    def required(self, permission: str, provider: str | None) -> bool:
        """Whether such a user has to have one."""
        return totp_required(self._settings, permission, provider)

    async def active(self, user_id: str) -> bool:
        """Whether the user's sign-in asks for a code."""
        async with self._database.read() as tx:
            found = await tx.scalar(
                select(SecondFactorRow.user_id).where(
                    SecondFactorRow.user_id == user_id, SecondFactorRow.confirmed.is_not(None)
                )
            )
        return found is not None

    async def status(self, user_id: str) -> SecondFactor:
        """Raises NotFound."""
        async with self._database.read() as tx:
            user = await tx.get(UserRow, user_id)
            if user is None:
                raise NotFound("user", user_id)
            row = await tx.get(SecondFactorRow, user_id)
            left = await tx.scalar(
                select(func.count())
                .select_from(RecoveryCodeRow)
                .where(RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.used.is_(None))
            )
        required = self.required(user.permission, user.provider)
        if row is None or row.confirmed is None:
            return SecondFactor(enabled=False, required=required)
        since = int(row.confirmed.timestamp() * 1000)
        return SecondFactor(enabled=True, required=required, since=since, recovery_codes_left=left or 0)

    async def enrol(self, user_id: str) -> Enrolment:
        """Begin: a new secret, in the place of one that was never confirmed. Raises NotFound, Conflict."""
        secret = pyotp.random_base32(32)
        async with self._database.begin() as tx:
            user = await tx.scalar(select(UserRow).where(UserRow.id == user_id).with_for_update())
            if user is None:
                raise NotFound("user", user_id)
            if user.provider == "oidc":
                raise Conflict("whoever signs in through the provider has its second factor")
            row = await tx.get(SecondFactorRow, user_id)
            if row is not None and row.confirmed is not None:
                raise Conflict("there is a second factor already: disable it first")
            sealed = self._box.seal(secret, context=_context(user_id))
            if row is None:
                tx.add(SecondFactorRow(user_id=user_id, secret=sealed, created=self._now()))
            else:
                row.secret, row.created, row.last_step = sealed, self._now(), 0
        return Enrolment(pyotp.TOTP(secret).provisioning_uri(name=user.name, issuer_name=ISSUER), secret)

    async def confirm(self, user_id: str, code: str) -> RecoveryCodes:
        """The phone shows the right codes: from now on they are asked for. Raises Conflict, OtpInvalid."""
        async with self._database.begin() as tx:
            row = await tx.scalar(select(SecondFactorRow).where(SecondFactorRow.user_id == user_id).with_for_update())
            if row is None or row.confirmed is not None:
                raise Conflict("there is no second factor that waits to be confirmed")
            step = self._step_of(row, code)
            if step is None:
                raise OtpInvalid("the code is wrong: look at the clock of the phone")
            row.confirmed, row.last_step = self._now(), step
            codes = await self._new_codes(tx, user_id)
        log.info("second factor enabled", user=user_id)
        return codes

    async def check(self, user_id: str, code: str) -> bool:
        """Whether `code` is the phone's or a recovery code, and was never used. It is used up by this."""
        async with self._database.begin() as tx:
            row = await tx.scalar(select(SecondFactorRow).where(SecondFactorRow.user_id == user_id).with_for_update())
            if row is None or row.confirmed is None:
                return False
            step = self._step_of(row, code)
            if step is not None:
                row.last_step = step
                return True
            used = await tx.scalar(
                update(RecoveryCodeRow)
                .where(
                    RecoveryCodeRow.user_id == user_id,
                    RecoveryCodeRow.digest == self._digest(user_id, code),
                    RecoveryCodeRow.used.is_(None),
                )
                .values(used=self._now())
                .returning(RecoveryCodeRow.user_id)
            )
        if used is not None:
            log.warning("recovery code used", user=user_id)
        return used is not None

    async def regenerate(self, user_id: str) -> RecoveryCodes:
        """New recovery codes; the old ones are good for nothing. Raises Conflict."""
        async with self._database.begin() as tx:
            row = await tx.scalar(select(SecondFactorRow).where(SecondFactorRow.user_id == user_id).with_for_update())
            if row is None or row.confirmed is None:
                raise Conflict("there is no second factor")
            return await self._new_codes(tx, user_id)

    async def remove(self, user_id: str, *, by_himself: bool = False) -> None:
        """Sign in without a code again. Raises SecondFactorRequired when he may not do so himself."""
        async with self._database.begin() as tx:
            user = await tx.get(UserRow, user_id)
            if user is None:
                raise NotFound("user", user_id)
            if by_himself and self.required(user.permission, user.provider):
                raise SecondFactorRequired("a second factor is required here: it can be replaced by an administrator")
            await tx.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
            await tx.execute(delete(SecondFactorRow).where(SecondFactorRow.user_id == user_id))

    def _step_of(self, row: SecondFactorRow, code: str) -> int | None:
        """The step that `code` belongs to; None: to none near now, or to one that is used up.

        All steps are compared, whichever is right: how long it takes says nothing.
        """
        digits = re.sub(r"[\s-]", "", code)
        if not _DIGITS.fullmatch(digits):
            return None
        totp = pyotp.TOTP(self._box.open(row.secret, context=_context(row.user_id)))
        now = int(self._clock()) // _STEP_S
        found = None
        for step in range(now - _WINDOW, now + _WINDOW + 1):
            if hmac.compare_digest(totp.generate_otp(step), digits) and step > row.last_step:
                found = step
        return found

    async def _new_codes(self, tx: AsyncSession, user_id: str) -> RecoveryCodes:
        codes = tuple(_code() for _ in range(RECOVERY_CODES))
        await tx.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
        tx.add_all(RecoveryCodeRow(user_id=user_id, digest=self._digest(user_id, code)) for code in codes)
        return RecoveryCodes(codes)

    def _digest(self, user_id: str, code: str) -> bytes:
        """A keyed hash is enough: nobody tries 59 bits, and without the key there is nothing to try."""
        plain = re.sub(r"[\s-]", "", code).lower()
        return hmac.digest(self._key, f"{user_id}:{plain}".encode(errors="surrogatepass"), hashlib.sha256)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _context(user_id: str) -> str:
    return f"second factor of {user_id}"


def _code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, _LENGTH, 4))
