"""Pools served by one process that know each other: hosts leave one, are a pool of their own, and join another."""

from __future__ import annotations

import zlib
from dataclasses import replace
from functools import partial

from xensim import graph
from xensim.pool import Pool
from xensim.sim import Sim, empty_pool

_KEPT = ("uuid", "name_label", "hostname")  # an ejected host is installed anew, under the name it had


class Neighbours:
    """`add` every Sim of the process, each on addresses of its own. Ends the pools that ejected hosts have become."""

    def __init__(self) -> None:
        self._sims: list[Sim] = []
        self._ours: list[Sim] = []

    @property
    def sims(self) -> list[Sim]:
        """The pools that there are now."""
        return list(self._sims)

    def add(self, sim: Sim) -> None:
        self._sims.append(sim)
        sim.pool.find_pool = self.find
        sim.pool.on_join = partial(self._joined, sim)
        sim.pool.on_eject = partial(self._ejected, sim)

    def find(self, address: str) -> Pool | None:
        """The pool whose coordinator is at an address."""
        return next((sim.pool for sim in self._sims if sim.coordinator == address), None)

    async def close(self) -> None:
        """Stop the pools that nobody else stops."""
        for sim in self._ours:
            await sim.stop()

    async def _joined(self, sim: Sim, target: Pool, host: str) -> None:
        """The host of `sim` answers for `target` from now on; its own pool is no more."""
        self._sims.remove(sim)
        next(other for other in self._sims if other.pool is target).add_host(host)

    async def _ejected(self, sim: Sim, record: dict[str, object]) -> None:
        """A pool of one host at the address where it was a member, with the same users and pace."""
        address, seed = str(record["address"]), zlib.crc32(str(record["uuid"]).encode())
        options = replace(
            sim.options,
            hosts=1,
            vms=0,
            seed=seed,
            address=address,
            port=sim.port,
            password=sim.pool.credentials.password,
            load=None,
        )
        pool = empty_pool(options)
        graph.build_installed(pool, host={name: record[name] for name in _KEPT}, address=address, seed=seed)
        single = Sim(options, pool)
        self._ours.append(single)
        await single.start()
        self.add(single)
