"""Hosts of a simulated pool, read over real sockets, in a time that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from podium.metrics.archive import Archive
from podium.metrics.poller import Poller, Target
from podium.metrics.store import Store
from podium.xapi.address import parse_address
from podium.xapi.client import XapiClient
from podium.xapi.trust import Trust
from tests.xensim.caller import Caller
from tests.xensim.rrds import NOON, Rows, read
from tests.xensim.transfers import get
from xensim import Sim, serve
from xensim.clock import Clock

SOON_S = 5.0


class Doors:
    """What the pollers read through: one client a host, as the service has them."""

    def __init__(self, sim: Sim, session: str) -> None:
        self._sim = sim
        self._session = session
        self._clients: dict[str, XapiClient] = {}
        self.asked: list[str] = []

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
        self.asked.append(dict(query).get("start", ""))
        client = await self._client(address)
        return await client.get(path, query, session=self._session, timeout_s=timeout_s, limit_bytes=limit_bytes)

    async def call(self, pool_id: str, method: str, *params: object, timeout_s: float) -> object:
        return await (await self._client(self._sim.coordinator)).call(method, self._session, *params)

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def _client(self, address: str) -> XapiClient:
        if address not in self._clients:
            door = parse_address(self._sim.url).at(address)
            self._clients[address] = await XapiClient.open(door, Trust())
        return self._clients[address]


@dataclass
class Polled:
    """A pool whose hosts are read."""

    sim: Sim
    caller: Caller
    clock: Clock
    store: Store
    doors: Doors
    pollers: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def begin(self, host: str, *, address: str = "", our_clock: Callable[[], float] | None = None) -> None:
        """Read a host (a ref) from now on."""
        record = self.sim.db.record("host", host)
        target = Target(str(record["uuid"]), "pool", host, address or str(record["address"]))
        poller = Poller(
            target,
            store=self.store,
            reader=self.doors,
            heavy=asyncio.Semaphore(2),
            clock=our_clock or self.clock.now,
            interval_s=0.02,
        )
        self.pollers[host] = asyncio.create_task(poller.run())

    def uuid(self, host: str) -> str:
        return str(self.sim.db.field("host", host, "uuid"))

    def archive(self, host: str, step: int = 5) -> Archive:
        rings = self.store.rings(self.uuid(host))
        assert rings is not None
        return rings.archives[step]

    def state(self, host: str) -> str:
        rings = self.store.rings(self.uuid(host))
        return "" if rings is None else rings.condition.state

    async def until(self, truth: Callable[[], bool], *, within_s: float = SOON_S) -> None:
        async with asyncio.timeout(within_s):
            while not truth():
                await asyncio.sleep(0.01)

    async def tick(self, seconds: float = 5.0) -> None:
        """Let time pass, and every host that is read be read."""
        self.clock.advance(seconds)
        before = {host: self._asked(host) for host in self.pollers}
        # the first of these may have been on its way before
        await self.until(lambda: all(self._asked(host) >= before[host] + 3 for host in self.pollers))

    def _asked(self, host: str) -> int:
        rings = self.store.rings(self.uuid(host))
        return 0 if rings is None else rings.condition.requests - rings.condition.failures

    async def same_as_the_hosts(self, host: str, step: int = 5, *, of: Sequence[str] = ("host", "vm")) -> int:
        """Compare every point of an archive with what the host itself answers; how many there were.

        `of`: the simulator remembers no past of a host's memory, only of its VMs: after a start it tells another one.
        """
        archive = self.archive(host, step)
        # XAPI counts back from its last measurement, not from its last row: before that a coarser archive would answer
        oldest = archive.end - min(archive.count, archive.rows - 1) * step
        direct = await self._direct(host, start=str(oldest), interval=str(step))
        assert direct.step == step
        assert direct.end == archive.end
        points = 0
        for owner in (owner for owner in archive.layout.owners if owner.kind in of):
            theirs = direct.of(owner.uuid)
            assert tuple(sorted(theirs)) == owner.shape
            # a host answers a row more or less, as its last measurement lies before or after the row's end
            rows = archive.of(owner)[-len(direct.times) :]
            assert len(rows) >= min(archive.count, archive.rows - 2)
            for place, name in enumerate(owner.shape):
                wanted = np.array(theirs[name][::-1], np.float32)[-len(rows) :]
                same = (rows[:, place] == wanted) | (np.isnan(rows[:, place]) & np.isnan(wanted))
                assert same.all(), (owner.kind, name, np.flatnonzero(~same), rows[~same, place], wanted[~same])
                points += len(wanted)
        return points

    async def _direct(self, host: str, **query: str) -> Rows:
        address = str(self.sim.db.field("host", host, "address"))
        named = {"session_id": self.caller.session, "host": "true", "cf": "AVERAGE", "json": "true", **query}
        answer = await get(self.sim, "/rrd_updates", "Connection: close", address=address, **named)
        assert answer.status == 200
        return read(json.loads(answer.body))


@asynccontextmanager
async def polled(*, hosts: int = 2, vms: int = 12, seed: int = 1, begin: bool = True) -> AsyncIterator[Polled]:
    """A served pool at NOON whose hosts are all read, once."""
    clock = Clock(lambda: NOON)
    async with serve(hosts=hosts, vms=vms, seed=seed, tls=False, pace=0.0, login_penalty_s=0.0, clock=clock) as sim:
        caller = await Caller(sim).login()
        doors = Doors(sim, caller.session)
        one = Polled(sim, caller, clock, Store(now=clock.now), doors)
        try:
            if begin:
                for host in sim.db.refs("host"):
                    one.begin(host)
                await one.until(lambda: all(one.archive(host, 60).count > 1 for host in one.pollers))
            yield one
        finally:
            for task in one.pollers.values():
                task.cancel()
            await asyncio.gather(*one.pollers.values(), return_exceptions=True)
            await doors.aclose()
