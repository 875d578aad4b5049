"""The dashboard of a pool: its counts, what it lacks, and who uses most, per viewer (ANCHOR.md 1.4)."""

from collections.abc import Iterable
from functools import partial

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.errors import NotFound
from podium.model.dashboard import (
    CpuProvisioning,
    CpuUsage,
    HostRam,
    HostsTop,
    PoolHostsStatus,
    PoolMissingPatches,
    PoolVmsStatus,
    SrUsage,
    VmRam,
    VmsTop,
)
from podium.model.host import Host
from podium.model.message import Alarm
from podium.model.missing_patch import MissingPatch
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.model.vm import VM
from podium.services.access import READ, Viewer
from podium.services.dashboards.counters import Counters
from podium.services.dashboards.highest import Latest, highest
from podium.services.dashboards.parts import Parts
from podium.services.dashboards.patch_book import PatchBook, hosts_of
from podium.services.dashboards.shares import counts


class PoolDashboard:
    """Every number is of that pool alone, and of what the viewer may see of it: nothing is remembered beside that."""

    def __init__(self, objects: Objects, counters: Counters, patches: PatchBook, fleet: Latest) -> None:
        self._objects = objects
        self._counters = counters
        self._patches = patches
        self._fleet = fleet

    def parts(self, pool_id: str, viewer: Viewer) -> Parts:
        """Those of PoolDashboard. Raises NotFound, MissingPrivileges."""
        entry = self._objects.of_type("pool").get(pool_id)
        if entry is None or not isinstance(entry.object, Pool):
            raise NotFound("pool", pool_id)
        viewer.require(READ, "pool", entry.object)
        return {
            "hosts.status": partial(self._hosts, pool_id, viewer),
            "hosts.topFiveUsage": partial(self._top_hosts, pool_id, viewer),
            "hosts.missingPatches": partial(self._missing_patches, pool_id, viewer),
            "vms.status": partial(self._vms, pool_id, viewer),
            "vms.topFiveUsage": partial(self._top_vms, pool_id, viewer),
            "srs.topFiveUsage": partial(self._top_srs, pool_id, viewer),
            "alarms": partial(self._alarms, pool_id, viewer),
            "cpuProvisioning": partial(self._provisioning, entry.object, viewer),
        }

    async def _hosts(self, pool_id: str, viewer: Viewer) -> PoolHostsStatus:
        sums = await self._counters.sums("host", viewer, pool=pool_id)
        return PoolHostsStatus(**{name: sums.get(name, 0) for name in PoolHostsStatus.__struct_fields__})

    async def _vms(self, pool_id: str, viewer: Viewer) -> PoolVmsStatus:
        sums = await self._counters.sums("VM", viewer, pool=pool_id)
        return PoolVmsStatus(**{name: sums.get(name, 0) for name in PoolVmsStatus.__struct_fields__})

    async def _missing_patches(self, pool_id: str, viewer: Viewer) -> PoolMissingPatches:
        hosts = hosts_of(self._objects, viewer, pool_id)
        if not hosts and not viewer.sees_all("host"):
            return PoolMissingPatches(has_authorization=False)
        found: dict[tuple[str, str, str], MissingPatch] = {}
        for patches in (await self._patches.of(hosts)).values():
            for patch in patches or ():
                found.setdefault((patch.name, patch.version, patch.release), patch)
        return PoolMissingPatches(has_authorization=True, missing_patches=tuple(found[key] for key in sorted(found)))

    async def _top_hosts(self, pool_id: str, viewer: Viewer) -> HostsTop:
        cpu = await highest(self._objects, "host", self._fleet.latest("host", "cpu"), viewer, pool=pool_id)
        free = self._fleet.latest("host", "memoryFree")
        rams: dict[str, HostRam] = {}
        for host in hosts_of(self._objects, viewer, pool_id):
            size = host.memory.size
            if host.power_state == "Running" and size > 0:
                # counted as the inventory does, which tells it only once in a while
                usage = max(0, size - round(free[host.id])) if host.id in free else host.memory.usage
                rams[host.id] = HostRam(host.name_label, host.id, size, usage, 100 * usage / size)
        percents = {host_id: ram.percent for host_id, ram in rams.items()}
        ram = await highest(self._objects, "host", percents, viewer, pool=pool_id)
        return HostsTop(tuple(rams[entry.id] for entry, _ in ram), _cpu_usages(cpu))

    async def _top_vms(self, pool_id: str, viewer: Viewer) -> VmsTop:
        cpu = await highest(self._objects, "VM", self._fleet.latest("VM", "cpu"), viewer, pool=pool_id)
        memory, used = self._fleet.latest("VM", "memory"), self._fleet.latest("VM", "memoryUsed")
        # only of those whose guest tells how much of its memory is free
        percents = self._fleet.latest("VM", "memoryPercent")
        ram = []
        for entry, percent in await highest(self._objects, "VM", percents, viewer, pool=pool_id):
            vm = entry.object
            if isinstance(vm, VM) and vm.id in memory and vm.id in used:
                size = round(memory[vm.id])
                ram.append(VmRam(vm.name_label, vm.id, size, size - round(used[vm.id]), percent))
        return VmsTop(_cpu_usages(cpu), tuple(ram))

    async def _top_srs(self, pool_id: str, viewer: Viewer) -> tuple[SrUsage, ...]:
        shares = {
            sr.id: 100 * sr.physical_usage / sr.size
            for entry in self._objects.of_type("SR").values()
            if entry.pool == pool_id and isinstance(sr := entry.object, SR) and counts(sr)
        }
        return tuple(
            SrUsage(sr.name_label, sr.id, percent, sr.physical_usage, sr.size)
            for entry, percent in await highest(self._objects, "SR", shares, viewer, pool=pool_id)
            if isinstance(sr := entry.object, SR)
        )

    async def _alarms(self, pool_id: str, viewer: Viewer) -> tuple[str, ...]:
        return tuple(
            entry.id
            for entry in self._objects.ordered("alarm")
            if isinstance(alarm := entry.object, Alarm) and alarm.pool == pool_id and viewer.sees(entry)
        )

    async def _provisioning(self, pool: Pool, viewer: Viewer) -> CpuProvisioning:
        assigned = (await self._counters.sums("VM", viewer, pool=pool.id)).get("vcpus", 0)
        total = pool.cpus.cores if isinstance(pool.cpus.cores, int) else 0
        return CpuProvisioning(total, assigned, 100 * assigned / total if total else 0)


def _cpu_usages(found: Iterable[tuple[Entry, float]]) -> tuple[CpuUsage, ...]:
    return tuple(
        CpuUsage(one.name_label, one.id, percent)
        for entry, percent in found
        if isinstance(one := entry.object, Host | VM)
    )
