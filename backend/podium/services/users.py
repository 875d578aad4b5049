"""Users: who may sign in, kept in the database and shown in the cache."""

import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.user import UserRow
from podium.errors import Conflict, Forbidden, InvalidParameters, NameTaken, NotFound
from podium.model.user import User
from podium.services.access import Viewer
from podium.services.passwords import Passwords
from podium.services.people import People
from podium.services.rights.grant import Grant
from podium.services.rights.holding import require_administrator, require_held
from podium.services.sessions import Session, Sessions
from podium.services.tokens import Tokens

Permission = Literal["none", "admin"]

DEFAULT_ADMINISTRATOR: Final = "admin@podium.local"

_MAX_NAME: Final = 255
_MAX_KEY: Final = 1024


class UserChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a user; None: leave it."""

    name: str | None = None
    password: str | None = None
    permission: Permission | None = None
    preferences: Mapping[str, Any] | None = None


class Credentials(msgspec.Struct, frozen=True):
    """What a password is checked against; None: it is not ours to check, a provider vouches for the user."""

    user_id: str
    password_hash: str | None
    permission: str
    provider: str | None = None


class Users:
    """Every write is committed, then shown in the cache, then felt by the user's sessions."""

    def __init__(
        self, database: Database, objects: Objects, sessions: Sessions, tokens: Tokens, passwords: Passwords
    ) -> None:
        self._database = database
        self._objects = objects
        self._sessions = sessions
        self._tokens = tokens
        self._passwords = passwords
        self._people: People | None = None

    def use(self, people: People) -> None:
        """Groups and roles, from now on: who leaves leaves them, too."""
        self._people = people

    async def load(self) -> None:
        """Show all users in the cache. Once, at start."""
        async with self._database.read() as tx:
            shown = [self._shown(row) for row in await tx.scalars(select(UserRow))]
        self._objects.apply(None, shown)

    async def ensure_administrator(self, name: str, password: str | None) -> tuple[str, str] | None:
        """Make the first administrator when there is no user at all.

        His name and password are returned when the password was made up here: show them once.
        """
        async with self._database.read() as tx:
            if await tx.scalar(select(func.count()).select_from(UserRow)):
                return None
        chosen = password or secrets.token_urlsafe(12)
        try:
            # whoever sets the variable may choose what he likes: a start that fails helps nobody
            await self._create(name or DEFAULT_ADMINISTRATOR, chosen, "admin")
        except NameTaken:  # another process was faster
            return None
        return None if password else (name or DEFAULT_ADMINISTRATOR, chosen)

    def all(self) -> list[User]:
        """Every user, by id."""
        return [entry.object for entry in self._objects.ordered("user") if isinstance(entry.object, User)]

    def get(self, user_id: str) -> User:
        """Raises NotFound."""
        entry = self._objects.of_type("user").get(user_id)
        if entry is None:
            raise NotFound("user", user_id)
        assert isinstance(entry.object, User)  # noqa: S101
        return entry.object

    async def create(self, name: str, password: str, permission: Permission = "none") -> str:
        """Add a user. Raises NameTaken, InvalidParameters."""
        self._passwords.require_good(password, name=name)
        return await self._create(name, password, permission)

    async def _create(self, name: str, password: str, permission: Permission) -> str:
        row = UserRow(
            id=str(uuid4()),
            name=name,
            name_key=key_of(name),
            password_hash=await self._passwords.hash(password),
            permission=permission,
            created=datetime.now(UTC),
        )
        try:
            async with self._database.begin() as tx:
                tx.add(row)
        except IntegrityError as error:
            raise NameTaken(name) from error
        self._objects.put(self._shown(row))
        return row.id

    async def change(
        self,
        user_id: str,
        change: UserChange,
        *,
        by: Viewer,
        session: Session | None = None,
        proven: bool = False,
    ) -> None:
        """Change a user, as `by` asks. A new password signs the user's browsers out, but the one that asked.

        `proven`: `by` has just shown the password that he replaces. Everybody may replace his own then, and nobody may
        with a token alone: it may be stolen, and is not to become an account.
        Raises NotFound, MissingPrivileges, Forbidden (one's own permission, a provider's user), InvalidParameters,
        Conflict (the last administrator), NameTaken.
        """
        user = self.get(user_id)
        himself = user_id == by.user_id
        for field in ("name", "password", "permission", "preferences"):
            if getattr(change, field) is not None and not (field == "password" and himself and proven):
                by.require(f"update:{field}", "user", user)
        if change.permission is not None and himself:
            raise Forbidden("one's own permission cannot be changed")
        if change.permission not in (None, user.permission):
            require_administrator(by)
        if change.password is not None and not himself:
            self.require_over(user, by)
        if user.auth_providers and (change.name is not None or change.password is not None):
            raise Forbidden("the name and the password of this user are his provider's")
        if change.password is not None:
            if himself and not proven and session is not None and session.token_id is not None:
                raise InvalidParameters("say the password that is to be replaced as well (oldPassword)")
            self._passwords.require_good(change.password, name=change.name or user.name)
        hashed = None if change.password is None else await self._passwords.hash(change.password)
        await self.write(user_id, change, hashed)
        if hashed is not None:
            own = session.token_id if session is not None and session.viewer.user_id == user_id else None
            await self._tokens.revoke_sign_ins(user_id, but=own)
            self._sessions.end_password_logins(user_id)
        if change.permission is not None and change.permission != user.permission and self._people is None:
            self._sessions.end_user(user_id)

    def require_new(self, name: str, permission: Permission, *, by: Viewer) -> None:
        """Raises MissingPrivileges, CannotGrant: only administrators make administrators."""
        by.require("create", "user", {"name": name, "permission": permission})
        if permission == "admin":
            require_administrator(by)

    async def set_password(self, user_id: str, password: str) -> None:
        """For the operator's command line, where nobody is signed in."""
        user = self.get(user_id)
        if user.auth_providers:
            raise Forbidden("the password of this user is his provider's")
        self._passwords.require_good(password, name=user.name)
        hashed = await self._passwords.hash(password)
        await self.write(user_id, UserChange(), hashed)
        await self._tokens.revoke_sign_ins(user_id)

    async def delete(self, user_id: str, *, by: Viewer) -> None:
        """Remove a user with his tokens; his streams end. Raises NotFound, MissingPrivileges, Conflict."""
        by.require("delete", "user", self.get(user_id))
        if self._people is None:
            await self._remove(user_id)
        else:
            async with self._people.writing:  # a role that is being given to him is given, or is not
                await self._remove(user_id)
                self._people.forget_user(user_id)
        self._sessions.end_user(user_id)

    async def _remove(self, user_id: str) -> None:
        async with self._database.begin() as tx:
            row = await tx.get(UserRow, user_id)
            if row is None:
                raise NotFound("user", user_id)
            if row.permission == "admin":
                await self._require_other_administrator(tx, user_id)
            await tx.delete(row)
        self._objects.discard("user", user_id)

    async def credentials(self, name: str) -> Credentials | None:
        """What the password of the account `name` is checked against; None: no such account."""
        key = name_key(name)
        if not _storable(key):
            return None
        async with self._database.read() as tx:
            row = await tx.scalar(select(UserRow).where(UserRow.name_key == key))
        if row is not None:
            self._objects.put(self._shown(row))  # the command line may have added it; the same value is no change
        return None if row is None else _credentials(row)

    def show(self, row: UserRow) -> None:
        """A user that was written elsewhere."""
        self._objects.put(self._shown(row))

    async def refresh_hash(self, found: Credentials, password: str) -> None:
        """Hash a password, just proven, with today's parameters. A password changed meanwhile is left alone."""
        hashed = await self._passwords.hash(password)
        async with self._database.begin() as tx:
            row = await tx.get(UserRow, found.user_id)
            if row is not None and row.password_hash == found.password_hash:
                row.password_hash = hashed

    async def write(self, user_id: str, change: UserChange, hashed: str | None = None) -> None:
        """Commit a change that was decided upon, and show it. Raises NotFound, Conflict, NameTaken."""
        try:
            async with self._database.begin() as tx:
                row = await tx.get(UserRow, user_id)
                if row is None:
                    raise NotFound("user", user_id)
                if change.permission is not None and change.permission != row.permission:
                    if row.permission == "admin":
                        await self._require_other_administrator(tx, user_id)
                    row.permission = change.permission
                if change.name is not None:
                    row.name, row.name_key = change.name, key_of(change.name)
                if hashed is not None:
                    row.password_hash = hashed
                if change.preferences is not None:
                    row.preferences = dict(change.preferences)
        except IntegrityError as error:
            raise NameTaken(change.name or "") from error
        self._objects.put(self._shown(row))
        if self._people is not None:
            self._people.rights.refresh([user_id])

    def require_over(self, user: User, by: Viewer) -> None:
        """Whoever sets a password can sign in with it: he must hold all that its user does. Raises CannotGrant."""
        if user.permission == "admin":
            require_administrator(by)
        if self._people is not None:
            held = map(Grant.of, self._people.rights.privileges(user.id))
            require_held(by, [grant for grant in held if grant.effect == "allow"])

    def _shown(self, row: UserRow) -> User:
        user = _user(row)
        return user if self._people is None else msgspec.structs.replace(user, groups=self._people.groups_of(row.id))

    async def _require_other_administrator(self, tx: AsyncSession, user_id: str) -> None:
        """Somebody must be left who can let others in. The rows are locked: two may go at the same time."""
        admins = await tx.scalars(
            select(UserRow.id).where(UserRow.permission == "admin").order_by(UserRow.id).with_for_update()
        )
        if all(admin == user_id for admin in admins):
            raise Conflict("this is the last administrator")


def name_key(name: str) -> str:
    """The name as compared: without case and Unicode variants, so that no two accounts look alike by those alone."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def key_of(name: str) -> str:
    """`name_key`, for a name that can be stored. Raises InvalidParameters."""
    key = name_key(name)
    if len(name) > _MAX_NAME or not _storable(key):
        raise InvalidParameters("that name cannot be used")
    return key


def _storable(key: str) -> bool:
    """PostgreSQL takes no NUL, and no database takes lone surrogates."""
    return 0 < len(key) <= _MAX_KEY and "\0" not in key and not any("\ud800" <= char <= "\udfff" for char in key)


def _credentials(row: UserRow) -> Credentials:
    return Credentials(row.id, None if row.provider else row.password_hash, row.permission, row.provider)


def _user(row: UserRow) -> User:
    """The password's hash never leaves this room; the member is there because Xen Orchestra's clients know it."""
    return User(
        id=row.id,
        name=row.name,
        email=row.name,
        permission="admin" if row.permission == "admin" else "none",
        preferences=row.preferences,
        groups=(),
        pw_hash=UNSET if row.provider else "***obfuscated***",
        auth_providers={row.provider: {"id": row.provider_subject}} if row.provider else UNSET,
    )
