"""Tokens: JWTs that name a record, by which they are listed, found again by their client, and revoked."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec
import structlog
from jose import JWTError, jwt
from msgspec import UNSET, UnsetType
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from podium.db.base import Database
from podium.db.token import TokenRow
from podium.db.user import UserRow
from podium.errors import InvalidCredentials, InvalidParameters, NotFound
from podium.services.access import viewer_of
from podium.services.durations import parse_duration_s
from podium.services.secrets import derive_key
from podium.services.sessions import Session, Sessions
from podium.settings import Settings

log = structlog.get_logger(__name__)

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "podium"
_MIN_LIFETIME_S: Final = 60.0
_FLUSH_S: Final = 60.0
_MAX_JWT: Final = 2048

Kind = Literal["api", "session"]


class TokenClient(msgspec.Struct, frozen=True):
    id: str


class LastUse(msgspec.Struct, frozen=True):
    timestamp: int


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as clients see it (Xen Orchestra's names; times in milliseconds).

    `id`: when it was just made, what goes into the cookie or behind `Bearer`; in a list, where secrets have no place,
    the same as `token_id`, by which it is revoked.
    """

    id: str
    token_id: str
    user_id: str
    created_at: int
    expiration: int
    kind: Kind
    client: TokenClient | UnsetType = UNSET
    description: str | UnsetType = UNSET
    last_uses: dict[str, LastUse] | UnsetType = UNSET
    current: bool = False
    """Whether the request that asked was made with this very token."""


class Tokens:
    """Issues, verifies, lists and revokes. Verified tokens are kept in `Sessions`."""

    def __init__(self, database: Database, sessions: Sessions, settings: Settings, *, secret: str) -> None:
        self._database = database
        self._sessions = sessions
        self._settings = settings
        self._key = derive_key(secret, "podium token v1")

    async def create(
        self,
        user_id: str,
        *,
        expires_in: str | float | None = None,
        client_id: str | None = None,
        description: str | None = None,
    ) -> Token:
        """A token for scripts. A client that has an unexpired one gets that, with a new expiry and description.

        Raises InvalidParameters when it would live less than a minute or longer than half a year.
        """
        lifetime_s = self._lifetime(expires_in)
        async with self._database.begin() as tx:
            await self._require_user(tx, user_id)
            row = None if client_id is None else await self._of_client(tx, user_id, client_id)
            if row is None:
                row = self._new(user_id, "api")
                tx.add(row)
            row.expires = _at(self._sessions.clock() + lifetime_s)
            row.client_id = client_id
            row.description = description if description is not None else row.description
        return self._made(row)

    async def create_session(self, user_id: str, *, lifetime_s: float, description: str) -> Token:
        """A token for a browser that signed in."""
        row = self._new(user_id, "session")
        row.expires = _at(self._sessions.clock() + lifetime_s)
        row.description = description
        async with self._database.begin() as tx:
            await self._require_user(tx, user_id)
            tx.add(row)
        return self._made(row)

    async def verify(self, token: str) -> Session:
        """The session behind a token. Asks the database once; then memory answers. Raises InvalidCredentials."""
        known = self._sessions.find(token)
        if known is not None:
            return known
        token_id, user_id, expires = self._decode(token)
        while True:
            generation = self._sessions.generation
            async with self._database.read() as tx:
                found = (
                    await tx.execute(
                        select(TokenRow.revoked, TokenRow.expires, UserRow.permission)
                        .join(UserRow, UserRow.id == TokenRow.user_id)
                        .where(TokenRow.id == token_id, TokenRow.user_id == user_id)
                    )
                ).one_or_none()
            now = self._sessions.clock()
            if found is None or found.revoked is not None:
                raise InvalidCredentials("the token is not valid, or not any more")
            expires = min(expires, found.expires.timestamp())  # its client may have shortened its life meanwhile
            if expires <= now:
                raise InvalidCredentials("the token is not valid, or not any more")
            session = Session(
                viewer_of(user_id, found.permission), token_id=token_id, expires=expires, clock=self._sessions.clock
            )
            if self._sessions.keep(token, session, generation):
                return session

    async def of_user(self, user_id: str, *, current: str | None = None) -> list[Token]:
        """The user's valid tokens, newest first."""
        now = _at(self._sessions.clock())
        async with self._database.read() as tx:
            rows = await tx.scalars(
                select(TokenRow)
                .where(TokenRow.user_id == user_id, TokenRow.revoked.is_(None), TokenRow.expires > now)
                .order_by(TokenRow.created.desc(), TokenRow.id)
            )
            return [_token(row, row.id, current=row.id == current) for row in rows]

    async def revoke(self, user_id: str, token_id: str) -> None:
        """Raises NotFound."""
        async with self._database.begin() as tx:
            row = await tx.scalar(
                select(TokenRow).where(TokenRow.id == token_id, TokenRow.user_id == user_id, TokenRow.revoked.is_(None))
            )
            if row is None:
                raise NotFound("token", token_id)
            row.revoked = _at(self._sessions.clock())
        self._sessions.end_token(user_id, token_id)

    async def revoke_sign_ins(self, user_id: str, *, but: str | None = None) -> None:
        """Every browser signed in as that user is signed out, `but` the one of that token."""
        async with self._database.begin() as tx:
            revoked = await tx.scalars(
                update(TokenRow)
                .where(
                    TokenRow.user_id == user_id,
                    TokenRow.kind == "session",
                    TokenRow.revoked.is_(None),
                    TokenRow.id != (but or ""),
                )
                .values(revoked=_at(self._sessions.clock()))
                .returning(TokenRow.id)
            )
            token_ids = list(revoked)
        for token_id in token_ids:
            self._sessions.end_token(user_id, token_id)

    async def run(self) -> None:
        """Once a minute: write down last uses, notice what other processes did. Until cancelled; then flush."""
        try:
            while True:
                for turn in range(60):
                    await asyncio.sleep(_FLUSH_S)
                    try:
                        await self.flush()
                        await self.sweep()
                        if turn == 0:
                            await self.prune()
                    except SQLAlchemyError:
                        log.exception("the tokens' housekeeping failed; it is tried again in a minute")
        finally:
            await asyncio.shield(self.flush())

    async def sweep(self) -> None:
        """End the sessions whose token or user was changed by another process, such as `podium user passwd`."""
        held = self._sessions.held()
        token_ids = list({session.token_id for session in held if session.token_id is not None})
        valid: set[str] = set()
        async with self._database.read() as tx:
            permissions = {row.id: row.permission for row in await tx.execute(select(UserRow.id, UserRow.permission))}
            for start in range(0, len(token_ids), 500):
                some = token_ids[start : start + 500]
                valid.update(
                    await tx.scalars(select(TokenRow.id).where(TokenRow.id.in_(some), TokenRow.revoked.is_(None)))
                )
        over = [
            session
            for session in held
            if (session.token_id is not None and session.token_id not in valid)
            or session.viewer.user_id not in permissions
            or viewer_of(session.viewer.user_id, permissions[session.viewer.user_id]).key != session.viewer.key
        ]
        if over:
            self._sessions.end(over)

    async def flush(self) -> None:
        """Write down the last use of each token that was used since the last time."""
        uses = self._sessions.take_uses()
        if not uses:
            return
        async with self._database.begin() as tx:
            for token_id, (when, address) in uses.items():
                await tx.execute(
                    update(TokenRow)
                    .where(TokenRow.id == token_id)
                    .values(last_use=_at(when), last_address=address[:64])
                    .execution_options(synchronize_session=False)
                )

    async def prune(self) -> None:
        """Forget tokens that expired; a revoked one is kept until then."""
        async with self._database.begin() as tx:
            await tx.execute(delete(TokenRow).where(TokenRow.expires <= _at(self._sessions.clock())))

    def _lifetime(self, expires_in: str | float | None) -> float:
        if expires_in is None:
            return self._settings.token_lifetime_s
        lifetime_s = parse_duration_s(expires_in)
        if not _MIN_LIFETIME_S <= lifetime_s <= self._settings.token_max_lifetime_s:
            longest = round(self._settings.token_max_lifetime_s / 86400, 1)
            raise InvalidParameters(f"expiresIn must be between 60 seconds and {longest} days")
        return lifetime_s

    def _new(self, user_id: str, kind: Kind) -> TokenRow:
        now = _at(self._sessions.clock())
        return TokenRow(id=str(uuid4()), user_id=user_id, created=now, expires=now, kind=kind)

    async def _of_client(self, tx: AsyncSession, user_id: str, client_id: str) -> TokenRow | None:
        return await tx.scalar(
            select(TokenRow)
            .where(
                TokenRow.user_id == user_id,
                TokenRow.client_id == client_id,
                TokenRow.revoked.is_(None),
                TokenRow.expires > _at(self._sessions.clock()),
            )
            .order_by(TokenRow.expires.desc())
            .limit(1)
        )

    async def _require_user(self, tx: AsyncSession, user_id: str) -> None:
        """The user may have been deleted since the request was authenticated. The row is held until the commit."""
        if await tx.scalar(select(UserRow.id).where(UserRow.id == user_id).with_for_update(read=True)) is None:
            raise NotFound("user", user_id)

    def _made(self, row: TokenRow) -> Token:
        claims = {
            "iss": _ISSUER,
            "sub": row.user_id,
            "jti": row.id,
            "iat": int(self._sessions.clock()),
            "exp": int(row.expires.timestamp()),
        }
        return _token(row, str(jwt.encode(claims, self._key, algorithm=_ALGORITHM)))

    def _decode(self, token: str) -> tuple[str, str, float]:
        """Token id, user id, expiry of a token we signed. Only our algorithm and issuer are accepted."""
        if len(token) > _MAX_JWT:
            raise InvalidCredentials("the token is not valid")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={"require_exp": True, "require_sub": True, "require_jti": True, "verify_exp": False},
            )
            token_id, user_id, expires = claims["jti"], claims["sub"], claims["exp"]
        except (JWTError, KeyError, ValueError, TypeError) as error:
            raise InvalidCredentials("the token is not valid") from error
        if not (isinstance(token_id, str) and isinstance(user_id, str) and isinstance(expires, int)):
            raise InvalidCredentials("the token is not valid")
        if expires <= self._sessions.clock():
            raise InvalidCredentials("the token has expired")
        return token_id, user_id, float(expires)


def _token(row: TokenRow, secret: str, *, current: bool = False) -> Token:
    return Token(
        id=secret,
        token_id=row.id,
        user_id=row.user_id,
        created_at=_ms(row.created),
        expiration=_ms(row.expires),
        kind="session" if row.kind == "session" else "api",
        client=TokenClient(row.client_id) if row.client_id is not None else UNSET,
        description=row.description if row.description is not None else UNSET,
        last_uses={row.last_address or "": LastUse(_ms(row.last_use))} if row.last_use is not None else UNSET,
        current=current,
    )


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
