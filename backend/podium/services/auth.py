"""Signing in and out, and telling who makes a request."""

import asyncio
import hashlib
import hmac
import secrets
from typing import Final, Protocol

import msgspec
import structlog

from podium.errors import (
    InvalidCredentials,
    OtpInvalid,
    OtpRequired,
    PodiumError,
    SecondFactorRequired,
    WrongPassword,
)
from podium.services.passwords import Passwords
from podium.services.second_factor import SecondFactors
from podium.services.sessions import Session, Sessions
from podium.services.throttle import Throttle
from podium.services.token_view import Token
from podium.services.tokens import Tokens
from podium.services.users import Credentials, Users, name_key
from podium.settings import Settings

log = structlog.get_logger(__name__)

_PASSWORD_FRESH_S: Final = 300.0
_MAX_PASSWORD: Final = 4096
_WRONG: Final = "the name or the password is wrong"


class Password(msgspec.Struct, frozen=True):
    """HTTP Basic. `otp`: the code of the second factor, from the query."""

    name: str
    password: str
    otp: str | None = None


class Bearer(msgspec.Struct, frozen=True):
    """A token, from a cookie or behind `Bearer`. Only a cookie is sent by a browser on another site's behalf."""

    token: str
    from_cookie: bool


class Directory(Protocol):
    """Whoever checks the passwords of accounts that have none here (LDAP)."""

    async def check(self, name: str, password: str, known: Credentials | None) -> Credentials | None:
        """The account, if the password is right; made now if it is the first time. Raises ProviderUnavailable."""


class Auth:
    """The only way to a Session.

    A proven password is remembered for five minutes (as a keyed hash, in memory), for scripts send it with every
    request and Argon2 is slow on purpose. One that takes a code as well is not: a code is good once.
    """

    def __init__(
        self,
        users: Users,
        tokens: Tokens,
        sessions: Sessions,
        passwords: Passwords,
        throttle: Throttle,
        settings: Settings,
        *,
        factors: SecondFactors,
        directory: Directory | None = None,
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._sessions = sessions
        self._passwords = passwords
        self._throttle = throttle
        self._settings = settings
        self._factors = factors
        self._directory = directory
        self._cache_key = secrets.token_bytes(32)

    async def load(self) -> None:
        """Remember from where accounts were signed in to, so that a restart does not make them strangers there."""
        for name, address in await self._tokens.addresses():
            self._throttle.remember(name_key(name), address)

    async def authenticate(self, credentials: Password | Bearer, *, address: str, enrolling: bool = False) -> Session:
        """Who is behind these credentials. `enrolling`: also one who has yet to set up the second factor he must have.

        Raises InvalidCredentials, OtpRequired, OtpInvalid, TooManyAttempts, SecondFactorRequired.
        """
        if isinstance(credentials, Bearer):
            session = await self._tokens.verify(credentials.token)
        else:
            session = await self._by_password(credentials, address)
        if session.must_enrol and not enrolling:
            raise SecondFactorRequired("this account needs a second factor: set it up first")
        if session.token_id is not None:
            self._sessions.note_use(session, address)
        return session

    async def sign_in(
        self, name: str, password: str, *, address: str, remember: bool, agent: str, otp: str | None = None
    ) -> Token:
        """A token for a browser. `agent`: what it calls itself, shown in the list of sign-ins.

        Raises InvalidCredentials, OtpRequired (the password is right), OtpInvalid, TooManyAttempts.
        """
        found, _ = await self._prove(Password(name, password, otp), address)
        assert isinstance(found, Credentials)  # noqa: S101 -- a Session comes for a proof alone
        return await self.open_session(found.user_id, address=address, remember=remember, agent=agent)

    async def open_session(self, user_id: str, *, address: str, remember: bool, agent: str, how: str = "") -> Token:
        """A token for the browser of a user who has proven himself: here, or to a provider (`how`)."""
        lifetime_s = self._settings.remembered_lifetime_s if remember else self._settings.session_lifetime_s
        token = await self._tokens.create_session(
            user_id, lifetime_s=lifetime_s, description=agent[:200], address=address
        )
        log.info("signed in", user=user_id, address=address, token=token.token_id, how=how or "password")
        return token

    async def sign_out(self, session: Session) -> None:
        """Revoke the token of the session. A password login has none: there is nothing to end."""
        if session.token_id is not None:
            await self._tokens.revoke(session.viewer.user_id, session.token_id)
            log.info("signed out", user=session.viewer.user_id, token=session.token_id)

    async def reprove(self, user_id: str, *, password: str | None, code: str | None = None, address: str) -> None:
        """Whoever is signed in proves once more that it is he, by password or code, before something of his changes.

        A stolen session is no way to guess on: failures count as at the door. Raises WrongPassword, OtpInvalid,
        TooManyAttempts.
        """
        name = self._users.get(user_id).name
        account = name_key(name)
        async with self._throttle.turn(account, address):
            if password is not None:
                found = await self._credentials(name, password)
                if found is None or found.user_id != user_id:
                    self._throttle.failed(account, address)
                    raise WrongPassword("the password is not right")
                return
            self._throttle.code_turn(account, address)
            if code is None or not await self._factors.check(user_id, code):
                self._throttle.code_failed(account, address)
                raise WrongPassword("the code is not right")

    async def _by_password(self, sent: Password, address: str) -> Session:
        proof = self._proof(sent)
        if (known := self._sessions.find(proof)) is not None:
            return known
        while True:
            generation = self._sessions.generation
            found, coded = await self._prove(sent, address, proof)
            if isinstance(found, Session):
                return found
            session = Session(
                self._sessions.viewer(found.user_id, found.permission),
                token_id=None,
                fresh_until=self._sessions.clock() + _PASSWORD_FRESH_S,
                clock=self._sessions.clock,
                must_enrol=not coded and self._factors.required(found.permission, found.provider),
            )
            if coded:
                # a code is good once: the session lives for its request, and is told when the user changes
                self._sessions.hold(session)
                return session
            if session.must_enrol or self._sessions.keep(proof, session, generation):
                return session

    async def _prove(
        self, sent: Password, address: str, proof: bytes | None = None
    ) -> tuple[Credentials | Session, bool]:
        """The account that name, password and code belong to, and whether there was a code.

        Or the Session of a request beside this one, which proved the same meanwhile.
        Raises InvalidCredentials, OtpRequired, OtpInvalid, TooManyAttempts.
        """
        account = name_key(sent.name)
        failure: PodiumError | None = None
        async with self._throttle.turn(account, address):
            if proof is not None and (known := self._sessions.find(proof)) is not None:
                return known, False
            found = await self._credentials(sent.name, sent.password)
            hold_s = self._throttle.hold_s(account, address)
            coded = False
            try:
                coded = await self._both_steps(found, sent, account, address)
            except PodiumError as error:
                failure = error
        if hold_s:
            await asyncio.sleep(hold_s)
        if failure is not None:
            raise failure
        assert found is not None  # noqa: S101 -- _both_steps raises for nobody
        return found, coded

    async def _both_steps(self, found: Credentials | None, sent: Password, account: str, address: str) -> bool:
        """Count what came of it. Whether a code was needed."""
        if found is None:
            self._throttle.failed(account, address)
            log.warning("sign-in failed", account=sent.name[:100], address=address, step="password")
            raise InvalidCredentials(_WRONG)
        coded = await self._factors.active(found.user_id)
        if coded:
            if sent.otp is None:
                raise OtpRequired("the code of the second factor is needed as well")
            self._throttle.code_turn(account, address)
            if not await self._factors.check(found.user_id, sent.otp):
                self._throttle.code_failed(account, address)
                log.warning("sign-in failed", account=sent.name[:100], address=address, step="code")
                raise OtpInvalid("the code is wrong, or was used already")
        self._throttle.succeeded(account, address)
        return coded

    async def _credentials(self, name: str, password: str) -> Credentials | None:
        """The account, if the password is its own. As slow for an account that does not exist."""
        found = await self._users.credentials(name)
        short = len(password) <= _MAX_PASSWORD
        right = short and await self._passwords.verify(password, None if found is None else found.password_hash)
        if self._directory is not None and short and (found is None or found.provider == "ldap"):
            return await self._directory.check(name, password, found)
        if found is None or not right:
            return None
        assert found.password_hash is not None  # noqa: S101 -- verified against it
        if self._passwords.outdated(found.password_hash):
            await self._users.refresh_hash(found, password)
        return found

    def _proof(self, sent: Password) -> bytes:
        text = f"{len(sent.name)}:{sent.name}{sent.password}".encode(errors="surrogatepass")
        return hmac.digest(self._cache_key, text, hashlib.sha256)
