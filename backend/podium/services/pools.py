"""Pools: what has to be asked of all their hosts."""

import asyncio

from podium.cache.objects import Objects
from podium.errors import IncorrectState, NotFound
from podium.model.host import Host
from podium.model.missing_patch import MissingPatch
from podium.model.pool import Pool
from podium.services.access import READ, Viewer
from podium.services.hosts import Hosts


class Pools:
    """Asks pools, host by host."""

    def __init__(self, objects: Objects, hosts: Hosts) -> None:
        self._objects = objects
        self._hosts = hosts

    def get(self, pool_id: str) -> Pool:
        """Raises NotFound."""
        entry = self._objects.of_type("pool").get(pool_id)
        if entry is None or not isinstance(entry.object, Pool):
            raise NotFound("pool", pool_id)
        return entry.object

    async def missing_patches(self, pool_id: str, *, by: Viewer) -> list[MissingPatch]:
        """What any host misses, each once, by name. Hosts are asked side by side, halted ones not at all.

        Half an answer would look like a pool that is up to date: when a host fails, so does this. Raises NotFound,
        MissingPrivileges, IncorrectState, NotSupported, PoolError.
        """
        pool = self.get(pool_id)
        by.require(READ, "pool", pool)
        hosts = [
            entry.object
            for entry in self._objects.ordered("host")
            if entry.pool == pool.id and isinstance(entry.object, Host) and entry.object.power_state != "Halted"
        ]
        if not hosts:
            raise IncorrectState("no host of the pool is running")
        answers = await asyncio.gather(
            *(self._hosts.missing_patches_of(host) for host in hosts), return_exceptions=True
        )
        found: dict[tuple[str, str, str], MissingPatch] = {}
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            for patch in answer:
                found.setdefault((patch.name, patch.version, patch.release), patch)
        return [found[key] for key in sorted(found)]
