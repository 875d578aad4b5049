"""Signing in and out, and telling who makes a request."""

import asyncio
import hashlib
import hmac
import secrets
from typing import Final

import msgspec
import structlog

from podium.errors import InvalidCredentials
from podium.services.access import viewer_of
from podium.services.passwords import Passwords
from podium.services.sessions import Session, Sessions
from podium.services.throttle import Throttle
from podium.services.tokens import Token, Tokens
from podium.services.users import Credentials, Users, name_key
from podium.settings import Settings

log = structlog.get_logger(__name__)

_PASSWORD_FRESH_S: Final = 300.0
_MAX_PASSWORD: Final = 4096
_WRONG: Final = "the name or the password is wrong"


class Password(msgspec.Struct, frozen=True):
    """HTTP Basic."""

    name: str
    password: str


class Bearer(msgspec.Struct, frozen=True):
    """A token, from a cookie or behind `Bearer`. Only a cookie is sent by a browser on another site's behalf."""

    token: str
    from_cookie: bool


class Auth:
    """The only way to a Session.

    A proven password is remembered for five minutes (as a keyed hash, in memory), for scripts send it with every
    request and Argon2 is slow on purpose.
    """

    def __init__(
        self,
        users: Users,
        tokens: Tokens,
        sessions: Sessions,
        passwords: Passwords,
        throttle: Throttle,
        settings: Settings,
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._sessions = sessions
        self._passwords = passwords
        self._throttle = throttle
        self._settings = settings
        self._cache_key = secrets.token_bytes(32)

    async def authenticate(self, credentials: Password | Bearer, *, address: str) -> Session:
        """Who is behind these credentials. Raises InvalidCredentials, TooManyAttempts."""
        if isinstance(credentials, Bearer):
            session = await self._tokens.verify(credentials.token)
            self._sessions.note_use(session, address)
            return session
        return await self._by_password(credentials.name, credentials.password, address)

    async def sign_in(self, name: str, password: str, *, address: str, remember: bool, agent: str) -> Token:
        """A token for a browser. `agent`: what it calls itself, shown in the list of sign-ins."""
        account = name_key(name)
        async with self._throttle.turn(account, address):
            found, hold_s = await self._check(name, password, account, address)
        await asyncio.sleep(hold_s)
        if found is None:
            raise InvalidCredentials(_WRONG)
        lifetime_s = self._settings.remembered_lifetime_s if remember else self._settings.session_lifetime_s
        return await self._tokens.create_session(found.user_id, lifetime_s=lifetime_s, description=agent[:200])

    async def sign_out(self, session: Session) -> None:
        """Revoke the token of the session. A password login has none: there is nothing to end."""
        if session.token_id is not None:
            await self._tokens.revoke(session.viewer.user_id, session.token_id)

    async def _by_password(self, name: str, password: str, address: str) -> Session:
        proof = self._proof(name, password)
        if (known := self._sessions.find(proof)) is not None:
            return known
        account = name_key(name)
        session = None
        async with self._throttle.turn(account, address):
            while session is None:
                if (known := self._sessions.find(proof)) is not None:  # a request beside this one proved it
                    return known
                generation = self._sessions.generation
                found, hold_s = await self._check(name, password, account, address)
                if found is None:
                    break
                session = Session(
                    viewer_of(found.user_id, found.permission),
                    token_id=None,
                    fresh_until=self._sessions.clock() + _PASSWORD_FRESH_S,
                    clock=self._sessions.clock,
                )
                if not self._sessions.keep(proof, session, generation):
                    session = None
        await asyncio.sleep(hold_s)
        if session is None:
            raise InvalidCredentials(_WRONG)
        return session

    async def _check(self, name: str, password: str, account: str, address: str) -> tuple[Credentials | None, float]:
        """The account, if the password is its own, and how long to hold the answer back.

        As slow for an account that does not exist.
        """
        found = await self._users.credentials(name)
        right = len(password) <= _MAX_PASSWORD and await self._passwords.verify(
            password, None if found is None else found.password_hash
        )
        hold_s = self._throttle.hold_s(account, address)
        if found is None or not right:
            self._throttle.failed(account, address)
            log.warning("sign-in failed", account=name[:100], address=address)
            return None, hold_s
        self._throttle.succeeded(account, address)
        if self._passwords.outdated(found.password_hash):
            await self._users.refresh_hash(found, password)
        return found, hold_s

    def _proof(self, name: str, password: str) -> bytes:
        text = f"{len(name)}:{name}{password}".encode(errors="surrogatepass")
        return hmac.digest(self._cache_key, text, hashlib.sha256)
