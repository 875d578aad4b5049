"""Tokens: JWTs that name a record, by which they are listed, found again by their client, and revoked."""

import asyncio
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from podium.cache.filter import parse_filter
from podium.db.base import Database
from podium.db.second_factor import SecondFactorRow
from podium.db.token import TokenRow
from podium.db.user import UserRow
from podium.errors import InvalidCredentials, InvalidParameters, NotFound
from podium.services.access import EVERYTHING
from podium.services.durations import parse_duration_s
from podium.services.jwts import opened, signed
from podium.services.narrow import narrowed
from podium.services.password_rules import totp_required
from podium.services.sessions import Session, Sessions
from podium.services.signing_keys import SigningKeys
from podium.services.token_view import Kind, Scope, Token, token_of
from podium.settings import Settings

log = structlog.get_logger(__name__)

_MIN_LIFETIME_S: Final = 60.0
_FLUSH_S: Final = 60.0

OPERATOR: Final = "operator"
"""Who made a token, where it was the command line."""


class Tokens:
    """Issues, verifies, lists and revokes. Verified tokens are kept in `Sessions`."""

    def __init__(self, database: Database, sessions: Sessions, settings: Settings, *, secret: str) -> None:
        self._database = database
        self._sessions = sessions
        self._settings = settings
        self.keys = SigningKeys(database, secret=secret)

    async def create(
        self,
        user_id: str,
        *,
        expires_in: str | float | None = None,
        client_id: str | None = None,
        description: str | None = None,
        scope: Scope = "all",
        filter: str | None = None,  # noqa: A002 -- the API's word
        created_by: str = OPERATOR,
        address: str = "",
    ) -> Token:
        """A token for scripts. A client that has an unexpired one gets that, with a new expiry, description and scope.

        Raises InvalidParameters when it would live less than a minute or longer than half a year, FilterSyntax.
        """
        lifetime_s = self._lifetime(expires_in)
        if filter is not None:
            parse_filter(filter)
        async with self._database.begin() as tx:
            await self._require_user(tx, user_id)
            row = None if client_id is None else await self._of_client(tx, user_id, client_id)
            if row is None:
                row = self._new(user_id, "api", created_by, address)
                tx.add(row)
            rescoped = (row.scope, row.filter) != (scope, filter)
            row.expires = _at(self._sessions.clock() + lifetime_s)
            row.client_id = client_id
            row.description = description if description is not None else row.description
            row.scope, row.filter = scope, filter
            key = await self.keys.current(tx)
        if rescoped:
            self._sessions.end_token(user_id, row.id)
        return self._made(row, key)

    async def create_session(self, user_id: str, *, lifetime_s: float, description: str, address: str = "") -> Token:
        """A token for a browser that signed in from `address`."""
        row = self._new(user_id, "session", user_id, address)
        row.expires = _at(self._sessions.clock() + lifetime_s)
        row.description = description
        row.last_use, row.last_address = row.created, address[:64]
        async with self._database.begin() as tx:
            await self._require_user(tx, user_id)
            tx.add(row)
            key = await self.keys.current(tx)
        return self._made(row, key)

    async def verify(self, token: str) -> Session:
        """The session behind a token. Asks the database once; then memory answers. Raises InvalidCredentials."""
        known = self._sessions.find(token)
        if known is not None:
            return known
        token_id, user_id, expires = await opened(token, self.keys, now=self._sessions.clock())
        while True:
            generation = self._sessions.generation
            async with self._database.read() as tx:
                found = (
                    await tx.execute(
                        select(
                            TokenRow.revoked,
                            TokenRow.expires,
                            TokenRow.kind,
                            TokenRow.scope,
                            TokenRow.filter,
                            UserRow.permission,
                            UserRow.provider,
                            SecondFactorRow.confirmed,
                        )
                        .join(UserRow, UserRow.id == TokenRow.user_id)
                        .outerjoin(SecondFactorRow, SecondFactorRow.user_id == UserRow.id)
                        .where(TokenRow.id == token_id, TokenRow.user_id == user_id)
                    )
                ).one_or_none()
            now = self._sessions.clock()
            if found is None or found.revoked is not None:
                raise InvalidCredentials("the token is not valid, or not any more")
            expires = min(expires, found.expires.timestamp())  # its client may have shortened its life meanwhile
            if expires <= now:
                raise InvalidCredentials("the token is not valid, or not any more")
            reads_only = found.scope != "all"
            session = Session(
                narrowed(self._sessions.viewer(user_id, found.permission), reads_only=reads_only, text=found.filter),
                token_id=token_id,
                expires=expires,
                clock=self._sessions.clock,
                reads_only=reads_only,
                is_narrow=reads_only or found.filter is not None,
                must_enrol=found.kind == "session"
                and found.confirmed is None
                and totp_required(self._settings, found.permission, found.provider),
            )
            if session.must_enrol or self._sessions.keep(token, session, generation):
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
            return [token_of(row, row.id, current=row.id == current) for row in rows]

    async def revoke(self, user_id: str, token_id: str, *, kind: Kind | None = None) -> None:
        """`kind`: only if it is of that kind. Raises NotFound."""
        async with self._database.begin() as tx:
            row = await tx.scalar(
                select(TokenRow).where(TokenRow.id == token_id, TokenRow.user_id == user_id, TokenRow.revoked.is_(None))
            )
            if row is None or (kind is not None and row.kind != kind):
                raise NotFound("token" if kind is None else kind, token_id)
            row.revoked = _at(self._sessions.clock())
        self._sessions.end_token(user_id, token_id)

    async def addresses(self) -> list[tuple[str, str]]:
        """Names and addresses of those who are signed in, the newest last: where each browser was used last."""
        async with self._database.read() as tx:
            found = await tx.execute(
                select(UserRow.name, TokenRow.last_address)
                .join(UserRow, UserRow.id == TokenRow.user_id)
                .where(TokenRow.kind == "session", TokenRow.last_address.is_not(None))
                .group_by(UserRow.name, TokenRow.last_address)
                .order_by(func.max(TokenRow.created).desc())
                .limit(10_000)
            )
            return [(name, address) for name, address in reversed(found.all()) if address]

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

    async def rotate_keys(self, *, at_once: bool = False) -> str:
        """A new key signs from now on; its kid. `at_once`: every token that was made until now ends."""
        kid = await self.keys.rotate(self._sessions.clock(), at_once=at_once)
        if at_once:
            self._sessions.end([session for session in self._sessions.held() if session.token_id is not None])
        return kid

    async def run(self) -> None:
        """Once a minute: write down last uses, notice what other processes did. Until cancelled; then flush."""
        try:
            while True:
                for turn in range(60):
                    await asyncio.sleep(_FLUSH_S)
                    try:
                        await self.flush()
                        await self.sweep()
                        await self.keys.reload(self._sessions.clock())
                        if turn == 0:
                            await self.prune()
                            rotation_s = self._settings.signing_key_rotation_days * 86400
                            await self.keys.tend(self._sessions.clock(), rotation_s=rotation_s)
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
            or (permissions[session.viewer.user_id] == "admin") != (session.viewer.rules is EVERYTHING)
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

    def _new(self, user_id: str, kind: Kind, created_by: str, address: str) -> TokenRow:
        now = _at(self._sessions.clock())
        return TokenRow(
            id=str(uuid4()),
            user_id=user_id,
            created=now,
            expires=now,
            kind=kind,
            created_by=created_by,
            created_address=address[:64] or None,
        )

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

    def _made(self, row: TokenRow, key: tuple[str, bytes]) -> Token:
        return token_of(row, signed(row, key, now=self._sessions.clock()))


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
