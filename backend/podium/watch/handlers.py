"""Handlers: short answers of any host's HTTP handlers, over connections that are kept open."""

import contextlib
from collections.abc import Sequence
from typing import Self

from podium.errors import PoolUnreachable
from podium.watch.commands import Commands
from podium.watch.manager import Watchers
from podium.watch.watcher import Watcher
from podium.xapi.client import XapiClient


class Handlers:
    """Reads from the hosts of connected pools. Used as `async with`: leaving it closes every connection."""

    def __init__(self, watchers: Watchers, commands: Commands) -> None:
        self._watchers = watchers
        self._commands = commands
        self._clients: dict[tuple[str, str], tuple[str, XapiClient]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._clients:
            await self._clients.popitem()[1][1].aclose()

    async def read(
        self,
        pool_id: str,
        address: str,
        path: str,
        query: Sequence[tuple[str, str]],
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> bytes:
        """The body of an answer. `address` must be that of a member: a pool cannot send us anywhere else.

        Raises PoolUnreachable, CertificateUntrusted, XapiTransportError.
        """
        watcher = self._watchers.connected(pool_id)
        session = watcher.session
        if session is None:
            raise PoolUnreachable("the connection to the pool was lost meanwhile")
        client = await self._client(pool_id, address, watcher, session.ref)
        return await client.get(path, query, session=session.ref, timeout_s=timeout_s, limit_bytes=limit_bytes)

    async def call(self, pool_id: str, method: str, *params: object, timeout_s: float) -> object:
        """As Commands.call."""
        return await self._commands.call(pool_id, method, *params, timeout_s=timeout_s)

    async def _client(self, pool_id: str, address: str, watcher: Watcher, session: str) -> XapiClient:
        known = self._clients.get((pool_id, address))
        if known is not None and known[0] == session:
            return known[1]
        if known is not None:
            del self._clients[pool_id, address]
            with contextlib.suppress(OSError):
                await known[1].aclose()
        door = watcher.door(address)
        client = await XapiClient.open(door, watcher.trust, proxy=watcher.config.proxy)
        self._clients[pool_id, address] = (session, client)
        return client
