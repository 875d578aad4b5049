"""A session at a pool's coordinator: logging in, and finding the coordinator."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, Self

import msgspec
import structlog

from podium.errors import CertificateUntrusted, NotAXenServer, PodiumError, PoolChanged, PoolRefused, PoolUnreachable
from podium.xapi.address import Address
from podium.xapi.client import XapiClient
from podium.xapi.errors import HOST_IS_SLAVE, REFUSALS, XapiError, XapiGarbage, XapiTransportError
from podium.xapi.records import PoolRecord
from podium.xapi.trust import Trust

log = structlog.get_logger(__name__)

LOGIN_S: Final = 10.0
HEAD_START_S: Final = 1.0
"""The first door has so long to itself; then the others are tried too, all at once."""
MAX_HOPS: Final = 8
"""During a change of coordinator members may name each other for a while."""


class Login(msgspec.Struct, frozen=True):
    """What opens a pool's doors. `password` is in the clear: never log or encode this."""

    username: str
    password: str
    trust: Trust
    proxy: str | None = None
    expected_pool: str | None = None
    """The uuid of the pool that is meant. An ejected member is a pool of its own and takes the same password."""

    def __repr__(self) -> str:
        return f"Login({self.username})"


class Session:
    """A logged-in session at the coordinator."""

    def __init__(self, client: XapiClient, ref: str) -> None:
        self.client = client
        self.ref = ref

    @classmethod
    async def open(cls, doors: Sequence[Address], login: Login) -> "Session":
        """Log in at the coordinator, through whichever of `doors` leads there first.

        The first door gets a head start; a member sends us on to its coordinator, which is tried at once. Raises what
        the first door said when none opens: PoolUnreachable, NotAXenServer, CertificateUntrusted, PoolChanged,
        PoolRefused. A refusal behind the first door ends the search, for the pool would refuse everywhere (and each
        refusal costs it seconds); one behind another door may come from a member that left the pool.
        """
        if not doors:
            raise PoolUnreachable("there is no address to try")
        first, *others = dict.fromkeys(doors)
        search = _Search(login)
        search.knock(first, final=True)
        found = await search.result(timeout_s=HEAD_START_S if others else None)
        if found is None:
            for door in others:
                search.knock(door)
            found = await search.result(timeout_s=None)
        if found is None:
            raise search.failures.get(first) or next(iter(search.failures.values()))
        return found

    @classmethod
    async def login(cls, door: Address, login: Login) -> Self:
        """Log in at one door, and no other. Raises as `open`, and XapiError (HOST_IS_SLAVE ...)."""
        client = await XapiClient.open(door, login.trust, proxy=login.proxy)
        try:
            ref = await client.call(
                "session.login_with_password", login.username, login.password, "1.0", "podium", timeout_s=LOGIN_S
            )
            if not isinstance(ref, str) or not ref:
                raise NotAXenServer(f"{door.url} answers a login with something else than a session")
            session = cls(client, ref)
            await session._require(login.expected_pool)
        except XapiGarbage as error:
            await client.aclose()
            raise NotAXenServer(f"{door.url} is not a XenServer or XCP-ng host: {error}") from error
        except XapiTransportError as error:
            await client.aclose()
            raise PoolUnreachable(str(error)) from error
        except BaseException:
            await client.aclose()
            raise
        return session

    async def call(self, method: str, *params: object, timeout_s: float = 20.0) -> object:
        """A call within the session. Raises as XapiClient.call does."""
        return await self.client.call(method, self.ref, *params, timeout_s=timeout_s)

    async def aclose(self, *, logout: bool = True) -> None:
        """Log out if the pool still listens, and close every connection."""
        try:
            if logout:
                with contextlib.suppress(XapiError, XapiTransportError, PodiumError):
                    await self.client.call("session.logout", self.ref, timeout_s=1.0)
        finally:
            await self.client.aclose()

    async def _require(self, pool: str | None) -> None:
        """Raises PoolChanged unless this is the pool that is meant."""
        if pool is None:
            return
        try:
            found = msgspec.convert(await self.call("pool.get_all_records"), dict[str, PoolRecord], strict=False)
        except msgspec.ValidationError as error:
            raise XapiGarbage(f"{self.client.address.url} has no pool record: {error}") from error
        if pool not in {record.uuid for record in found.values()}:
            await self.aclose()
            raise PoolChanged(f"{self.client.address.url} is the door of another pool now")


class _Search:
    """Knocks at doors, at several at once, until one opens."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._tried: set[Address] = set()
        self._knocks: dict[asyncio.Task[Session], tuple[Address, int, bool]] = {}
        self.failures: dict[Address, PodiumError] = {}

    def knock(self, door: Address, *, hops: int = 0, final: bool = False) -> None:
        """Try a door, once. `final`: a refusal there is the pool's last word."""
        if door not in self._tried and hops <= MAX_HOPS:
            self._tried.add(door)
            self._knocks[asyncio.create_task(Session.login(door, self._login))] = (door, hops, final)

    async def result(self, timeout_s: float | None) -> Session | None:
        """The first session, or None when every knock failed or time is up (then they go on). Raises PoolRefused."""
        deadline = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s
        ended = False
        try:
            while self._knocks:
                left = None if deadline is None else max(0.0, deadline - asyncio.get_running_loop().time())
                done, _ = await asyncio.wait(self._knocks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    ended = True
                    return None
                for task in done:
                    if (session := self._answer(task)) is not None:
                        return session
            ended = True
            return None
        finally:
            if not ended:
                await self._leave()

    def _answer(self, task: "asyncio.Task[Session]") -> Session | None:
        door, hops, final = self._knocks.pop(task)
        try:
            return task.result()
        except XapiError as error:
            if error.code == HOST_IS_SLAVE and error.params:
                self.failures[door] = PoolUnreachable(f"{door.url} is a member, and its coordinator does not answer")
                self.knock(door.at(error.params[0]), hops=hops + 1, final=final)
            elif error.code in REFUSALS:
                refusal = PoolRefused(f"{door.url} refused the user {self._login.username}: {_words(error)}")
                if final:
                    raise refusal from error
                self.failures[door] = refusal
            else:
                self.failures[door] = PoolUnreachable(f"{door.url} cannot take a login just now: {error}")
        except (PoolUnreachable, NotAXenServer, CertificateUntrusted, PoolChanged) as error:
            self.failures[door] = error
        return None

    async def _leave(self) -> None:
        """Stop knocking; a session that was opened meanwhile is closed again."""
        for task in self._knocks:
            task.cancel()
        for one in await asyncio.gather(*self._knocks, return_exceptions=True):
            if isinstance(one, Session):
                await one.aclose()


def _words(error: XapiError) -> str:
    return error.params[-1] if error.params else error.code
