"""A session at a pool's coordinator: logging in, and finding the coordinator."""

import contextlib
from collections.abc import Sequence
from typing import Final, Self

import structlog

from podium.errors import CertificateUntrusted, NotAXenServer, PodiumError, PoolRefused, PoolUnreachable
from podium.xapi.address import Address
from podium.xapi.client import XapiClient
from podium.xapi.errors import HOST_IS_SLAVE, REFUSALS, XapiError, XapiGarbage, XapiTransportError
from podium.xapi.trust import Trust

log = structlog.get_logger(__name__)

LOGIN_S: Final = 10.0
MAX_HOPS: Final = 8
"""During a change of coordinator members may name each other for a while."""


class Session:
    """A logged-in session at the coordinator."""

    def __init__(self, client: XapiClient, ref: str) -> None:
        self.client = client
        self.ref = ref

    @classmethod
    async def open(
        cls,
        doors: Sequence[Address],
        *,
        username: str,
        password: str,
        trust: Trust,
        proxy: str | None = None,
    ) -> Self:
        """Log in at the first of `doors` that leads to the coordinator.

        Doors are tried in order; a member sends us on to its coordinator, which is tried at once. Raises what the
        first door said when none opens: PoolUnreachable, NotAXenServer, CertificateUntrusted; PoolRefused ends the
        search at once, for every other door would refuse as well (and each refusal costs the pool seconds).
        """
        failure: PodiumError | None = None
        tried: set[Address] = set()
        queue = list(doors)
        while queue and len(tried) < MAX_HOPS + len(doors):
            door = queue.pop(0)
            if door in tried:
                continue
            tried.add(door)
            try:
                return await cls._login(door, username, password, trust, proxy)
            except XapiError as error:
                if error.code == HOST_IS_SLAVE and error.params:
                    queue.insert(0, door.at(error.params[0]))
                    failure = failure or PoolUnreachable(
                        f"{door.url} is a pool member, and its coordinator does not answer"
                    )
                elif error.code in REFUSALS:
                    raise PoolRefused(f"{door.url} refused the user {username}: {_words(error)}") from error
                else:
                    failure = failure or PoolUnreachable(f"{door.url} cannot take a login just now: {error}")
            except (PoolUnreachable, NotAXenServer, CertificateUntrusted) as error:
                failure = failure or error
        raise failure or PoolUnreachable("there is no address to try")

    @classmethod
    async def _login(cls, door: Address, username: str, password: str, trust: Trust, proxy: str | None) -> Self:
        client = await XapiClient.open(door, trust, proxy=proxy)
        try:
            ref = await client.call(
                "session.login_with_password", username, password, "1.0", "podium", timeout_s=LOGIN_S
            )
            if not isinstance(ref, str) or not ref:
                raise NotAXenServer(f"{door.url} answers a login with something else than a session")
        except XapiGarbage as error:
            await client.aclose()
            raise NotAXenServer(f"{door.url} is not a XenServer or XCP-ng host: {error}") from error
        except XapiTransportError as error:
            await client.aclose()
            raise PoolUnreachable(str(error)) from error
        except BaseException:
            await client.aclose()
            raise
        return cls(client, ref)

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


def _words(error: XapiError) -> str:
    return error.params[-1] if error.params else error.code
