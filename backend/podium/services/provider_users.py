"""Users whom a provider vouches for: found by its id for them, made at their first sign-in, kept in step with it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from podium.db.base import Database
from podium.db.user import UserRow
from podium.errors import Conflict, SignInRefused
from podium.services.sessions import Sessions
from podium.services.users import Credentials, Permission, UserChange, Users, key_of

log = structlog.get_logger(__name__)

_MAX_SUBJECT: Final = 512


class ProviderUsers:
    """`create`: whether who has no account gets one.

    Nobody is merged with an account that is here already: a provider that lets people choose their name or e-mail
    address would let them choose whose account they get.
    """

    def __init__(self, database: Database, users: Users, sessions: Sessions, *, create: bool) -> None:
        self._database = database
        self._users = users
        self._sessions = sessions
        self._create = create

    async def arrive(self, provider: str, subject: str, name: str, *, admin: bool | None = None) -> Credentials:
        """The account of whom `provider` knows as `subject`. `admin`: what it says of his permission; None: nothing.

        Raises SignInRefused.
        """
        if not subject or len(subject) > _MAX_SUBJECT:
            raise SignInRefused("the provider's name for this user cannot be stored")
        async with self._database.read() as tx:
            row = await tx.scalar(
                select(UserRow).where(UserRow.provider == provider, UserRow.provider_subject == subject)
            )
        if row is None:
            row = await self._made(provider, subject, name, "admin" if admin else "none")
        elif admin is not None and (row.permission == "admin") != admin:
            await self._set_permission(row, "admin" if admin else "none")
        return Credentials(row.id, None, row.permission, provider)

    async def _made(self, provider: str, subject: str, name: str, permission: Permission) -> UserRow:
        if not self._create:
            raise SignInRefused("the provider vouches for you, but you have no account here: ask an administrator")
        row = UserRow(
            id=str(uuid4()),
            name=name,
            name_key=key_of(name),
            password_hash="",
            permission=permission,
            created=datetime.now(UTC),
            provider=provider,
            provider_subject=subject,
        )
        try:
            async with self._database.begin() as tx:
                tx.add(row)
        except IntegrityError as error:
            raise SignInRefused(f"there is another account named {name}: ask an administrator") from error
        self._users.show(row)
        log.info("user made at first sign-in", user=row.id, provider=provider)
        return row

    async def _set_permission(self, row: UserRow, permission: Permission) -> None:
        try:
            await self._users.write(row.id, UserChange(permission=permission))
        except Conflict:
            log.warning("the last administrator stays one, whatever the provider says", user=row.id)
            return
        row.permission = permission
        self._sessions.end_user(row.id)
        log.info("permission changed by the provider", user=row.id, permission=permission)


def is_admin(groups: Sequence[str] | None, admin_group: str) -> bool | None:
    """What membership says of the permission; None: nothing, for no group makes administrators."""
    return None if not admin_group else admin_group in (groups or ())
