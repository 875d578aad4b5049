"""What a request to a handler says, and who asks."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BinasciiError
from urllib.parse import parse_qsl, urlsplit

from xensim.database import Database
from xensim.failures import XapiFailure, internal_error
from xensim.http import Request, Response, unauthorised
from xensim.pool import Pool


class Refused(Exception):
    """A request that gets this reply and nothing else; `failure` is for the task, when there is one by then."""

    def __init__(self, response: Response | bytes, failure: XapiFailure | None = None) -> None:
        super().__init__(response)
        self.response = response
        self.failure = failure or internal_error("refused")


class Asked:
    """The circumstances of one request. `host` is the ref of the host it came to; `session` is valid once admitted."""

    def __init__(self, pool: Pool, host: str, request: Request) -> None:
        self.pool = pool
        self.host = host
        self.request = request
        cookies = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
        self.given = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
        self.query = {name: value for name, _, value in cookies if name} | dict(self.given)
        self.session = ""
        self._own_session = False

    @property
    def db(self) -> Database:
        return self.pool.db

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in {"true", "1", "yes"}

    # who asks

    async def admit(self, realm: str) -> None:
        """Find the session, or open one for a name and password. Raises Refused, and fails the task that was given."""
        try:
            await self._identify()
        except XapiFailure as failure:
            task = self.query.get("task_id", "")
            if self.pool.tasks.is_pending(task):
                self.pool.tasks.fail(task, XapiFailure("SESSION_AUTHENTICATION_FAILED"))
            raise Refused(unauthorised(realm)) from failure

    async def _identify(self) -> None:
        given = self.query.get("session_id")
        if given is not None:
            self.session = self.pool.sessions.check(given)
            return
        scheme, _, encoded = self.request.headers.get("authorization", "").partition(" ")
        try:
            user, colon, password = b64decode(encoded, validate=True).decode().partition(":")
        except (BinasciiError, UnicodeDecodeError):
            colon = ""
        if scheme.lower() != "basic" or not colon:
            raise XapiFailure("SESSION_AUTHENTICATION_FAILED")
        self.session = await self.pool.sessions.login(user, password)
        self._own_session = True

    def leave(self) -> None:
        """End what was opened for this request alone."""
        if self._own_session:
            self.pool.sessions.end(self.session)
