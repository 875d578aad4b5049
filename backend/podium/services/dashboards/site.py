"""The dashboard of the site: counts of all pools together, per viewer. Nobody is refused it (ANCHOR.md 1.1, 10.12)."""

from functools import partial
from typing import Final

from podium.cache.objects import Objects
from podium.model.dashboard import (
    BackupRepositories,
    Backups,
    HostsStatus,
    IsEmpty,
    PoolsStatus,
    ResourcesOverview,
    SiteMissingPatches,
    StorageRepositories,
    StorageSize,
    VmsStatus,
)
from podium.model.server import Server, ServerError
from podium.services.access import Viewer
from podium.services.dashboards.counters import Counters
from podium.services.dashboards.parts import Parts
from podium.services.dashboards.patch_book import PatchBook, hosts_of
from podium.services.dashboards.replicas import replicated_size

ELSEWHERE: Final = "pool-already-connected"
"""The code of a server's error that says: another server has that pool."""


class SiteDashboard:
    """What a viewer may not see is not counted for him."""

    def __init__(self, objects: Objects, counters: Counters, patches: PatchBook) -> None:
        self._objects = objects
        self._counters = counters
        self._patches = patches

    def parts(self, viewer: Viewer) -> Parts:
        """Those of XoaDashboard."""
        return {
            "nPools": partial(self._total, "pool", viewer),
            "nHosts": partial(self._total, "host", viewer),
            "hostsStatus": partial(self._hosts, viewer),
            "resourcesOverview": partial(self._resources, viewer),
            "vmsStatus": partial(self._vms, viewer),
            "storageRepositories": partial(self._storage, viewer),
            "poolsStatus": partial(self._servers, viewer),
            "missingPatches": partial(self._missing_patches, viewer),
            "backupRepositories": _no_repositories,
            "backups": _no_jobs,
        }

    async def _total(self, kind: str, viewer: Viewer) -> int:
        return (await self._counters.sums(kind, viewer)).get("total", 0)

    async def _hosts(self, viewer: Viewer) -> HostsStatus:
        sums = await self._counters.sums("host", viewer)
        return HostsStatus(**{name: sums.get(name, 0) for name in HostsStatus.__struct_fields__})

    async def _vms(self, viewer: Viewer) -> VmsStatus:
        sums = await self._counters.sums("VM", viewer)
        one = {name: sums.get(name, 0) for name in ("running", "halted", "paused", "suspended", "unknown", "total")}
        return VmsStatus(active=one["running"] + one["paused"], inactive=one["halted"] + one["suspended"], **one)

    async def _resources(self, viewer: Viewer) -> ResourcesOverview:
        pools = await self._counters.sums("pool", viewer)
        hosts = await self._counters.sums("host", viewer)
        srs = await self._counters.sums("SR", viewer)
        if not any(sums.get("total", 0) for sums in (pools, hosts, srs)):
            return ResourcesOverview(is_empty=True)
        return ResourcesOverview(pools.get("cores", 0), hosts.get("memorySize", 0), srs.get("size", 0))

    async def _storage(self, viewer: Viewer) -> StorageRepositories:
        srs = await self._counters.sums("SR", viewer)
        if not srs.get("total", 0):
            return StorageRepositories(is_empty=True)
        total, used = srs.get("size", 0), srs.get("used", 0)
        replicated = await replicated_size(self._objects, self._counters.replicas(), viewer)
        size = StorageSize(
            available=total - used, other=used - replicated, replicated=replicated, total=total, used=used
        )
        return StorageRepositories(size=size)

    async def _servers(self, viewer: Viewer) -> PoolsStatus:
        found = dict.fromkeys(PoolsStatus.__struct_fields__, 0)
        pools = self._objects.of_type("pool")
        for entry in self._objects.of_type("server").values():
            one = entry.object
            if isinstance(one, Server) and viewer.sees(entry):
                found[_status(one, known=isinstance(one.pool_id, str) and one.pool_id in pools)] += 1
                found["total"] += 1
        return PoolsStatus(**found)

    async def _missing_patches(self, viewer: Viewer) -> SiteMissingPatches:
        hosts = hosts_of(self._objects, viewer)
        if not hosts and not viewer.sees_all("host"):
            return SiteMissingPatches(has_authorization=False)
        known = await self._patches.of(hosts)
        lacking = [host for host in hosts if known[host.id]]
        return SiteMissingPatches(
            has_authorization=True,
            n_hosts=len(hosts),
            n_hosts_eol=IsEmpty(),  # no pool knows which versions are supported; Xen Orchestra asks its vendor
            n_hosts_with_missing_patches=len(lacking),
            n_hosts_failed=sum(known[host.id] is None for host in hosts),
            n_pools=await self._total("pool", viewer),
            n_pools_with_missing_patches=len({host.pool for host in lacking}),
        )


def _status(server: Server, *, known: bool) -> str:
    """A server that is wanted and cannot be had is unreachable, whatever keeps us out; `known`: its pool is there."""
    if server.status == "connected":
        return "connected" if known else "unknown"
    if not server.enabled or (isinstance(server.error, ServerError) and server.error.code == ELSEWHERE):
        return "disconnected"
    if isinstance(server.error, ServerError):
        return "unreachable"
    return "disconnected" if server.status == "disconnected" else "unknown"


async def _no_repositories() -> BackupRepositories:
    """There are none yet: so says Xen Orchestra where there are none."""
    return BackupRepositories(is_empty=True)


async def _no_jobs() -> Backups:
    """There are none yet. Xen Orchestra counts neither jobs nor VMs then: "not in a job" would be all of them."""
    return Backups(is_empty=True)
