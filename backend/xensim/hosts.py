"""The hosts of a pool on the network: an address, a listening socket and a certificate each."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from ipaddress import ip_address
from typing import cast

from xensim import handlers, tls
from xensim.clock import wire_date
from xensim.dispatch import Dispatcher
from xensim.http import Connection
from xensim.pool import Pool
from xensim.rpc import Endpoint
from xensim.web import Web


class Host:
    """One host as clients meet it."""

    def __init__(self, pool: Pool, dispatcher: Dispatcher, ref: str, address: str, *, secure: bool) -> None:
        self.ref = ref
        self.address = address
        self._pool = pool
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        updates = partial(handlers.updates, pool, ref)
        self._web = Web(Endpoint(dispatcher, ref), pool.conditions, updates, tls=secure)
        self._context: ssl.SSLContext | None = tls.context() if secure else None
        self.identity = tls.make(str(pool.db.field("host", ref, "hostname")), address)
        self.renew_certificate(self.identity)

    @property
    def listening(self) -> bool:
        return self._server is not None

    async def listen(self, port: int) -> int:
        """Accept connections; the port, which is chosen when 0 was asked for."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._connection, self.address, port, ssl=self._context)
        sockets = self._server.sockets
        return int(sockets[0].getsockname()[1])

    def _connection(self) -> Connection:
        takers = partial(handlers.taker, self._pool, self.ref)
        return Connection(self._web.answer, self._web.spoil, self._connections, takers=takers)

    def drop(self) -> int:
        """Abort every connection; how many there were."""
        dropped = list(self._connections)
        for connection in dropped:
            connection.abort()
        return len(dropped)

    async def refuse(self) -> None:
        """Stop listening and drop every connection: new ones are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        dropped = list(self._connections)
        self.drop()
        await asyncio.sleep(0)  # aborted connections are lost in the next turn of the loop
        for connection in dropped:
            await connection.end()

    def renew_certificate(self, identity: tls.Identity | None = None) -> tls.Identity:
        """Show another certificate from the next handshake on, in the records too."""
        db = self._pool.db
        self.identity = identity or tls.make(str(db.field("host", self.ref, "hostname")), self.address)
        if self._context is not None:
            tls.install(self._context, self.identity)
        fields = {
            "fingerprint": self.identity.sha256,
            "fingerprint_sha256": self.identity.sha256,
            "fingerprint_sha1": self.identity.sha1,
            "not_before": wire_date(self.identity.not_before.timestamp()),
            "not_after": wire_date(self.identity.not_after.timestamp()),
        }
        shown = [
            ref
            for ref, row in db.rows("Certificate").items()
            if row.record["host"] == self.ref and row.record["type"] == "host"
        ]
        for ref in shown:
            db.set("Certificate", ref, **fields)
        if not shown:
            db.create("Certificate", {"type": "host", "host": self.ref, **fields})
        return self.identity


class Hosts:
    """All hosts of the pool, on consecutive loopback addresses and one port."""

    def __init__(self, pool: Pool, dispatcher: Dispatcher, *, address: str, port: int, secure: bool) -> None:
        self._pool = pool
        self._dispatcher = dispatcher
        self._secure = secure
        self.port = port
        coordinator = pool.coordinator
        refs = [coordinator, *(ref for ref in pool.db.refs("host") if ref != coordinator)]
        first = ip_address(address)
        for at, ref in enumerate(refs):
            _settle(pool, ref, str(first + at))
        self.all = {ref: Host(pool, dispatcher, ref, str(first + at), secure=secure) for at, ref in enumerate(refs)}

    @property
    def coordinator(self) -> Host:
        return self.all[self._pool.coordinator]

    def live(self) -> list[Host]:
        """The hosts that are up; those that are down answer nothing."""
        return [host for ref, host in self.all.items() if _is_live(self._pool, ref)]

    async def listen(self) -> None:
        """Open every live host; with port 0, a port that is free on all their addresses."""
        for attempt in range(20):
            try:
                await self._listen()
            except OSError:
                await self.close()
                if self.port or attempt == 19:
                    raise
            else:
                return

    async def _listen(self) -> None:
        port = await self.coordinator.listen(self.port)
        for host in self.live():
            await host.listen(port)
        self.port = port

    async def power(self, ref: str, up: bool) -> None:
        """A host begins to answer, or stops."""
        host = self.all.get(ref)
        if host is not None:
            await (host.listen(self.port) if up else host.refuse())

    def add(self, ref: str) -> None:
        """A host has joined the pool; it answers at its own address from `power` on."""
        address = str(self._pool.db.field("host", ref, "address"))
        self.all[ref] = Host(self._pool, self._dispatcher, ref, address, secure=self._secure)

    async def remove(self, ref: str) -> None:
        """A host has left the pool: nothing answers at its address any more."""
        host = self.all.pop(ref, None)
        if host is not None:
            await host.refuse()

    async def close(self) -> None:
        for host in self.all.values():
            await host.refuse()


def _settle(pool: Pool, ref: str, address: str) -> None:
    """Write a host's address where clients look for it: the host, and its management interface."""
    db = pool.db
    db.set("host", ref, address=address)
    for pif in cast("list[str]", db.field("host", ref, "PIFs")):
        if db.exists("PIF", pif) and db.field("PIF", pif, "management"):
            db.set("PIF", pif, IP=address)


def _is_live(pool: Pool, ref: str) -> bool:
    metrics = str(pool.db.field("host", ref, "metrics"))
    return not pool.db.exists("host_metrics", metrics) or bool(pool.db.field("host_metrics", metrics, "live"))
