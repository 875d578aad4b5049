"""The dashboard of a VM: what one wants to know of it first, its alarms, and how it is kept (ANCHOR.md 1.6)."""

from functools import partial

from msgspec import UNSET

from podium.cache.objects import Objects
from podium.errors import NotFound
from podium.model.vm import VM
from podium.model.vm_dashboard import (
    BackupArchive,
    LastRun,
    Protection,
    QuickCpus,
    QuickCreation,
    QuickInfo,
    QuickMemory,
    QuickOs,
    Replication,
)
from podium.services import related
from podium.services.access import READ, Viewer
from podium.services.dashboards.counters import Counters
from podium.services.dashboards.parts import Parts
from podium.services.dashboards.replicas import disks_of, newest_replica


class VmDashboard:
    """There are no backup jobs yet: no runs, no archives, and no VM that is in a job."""

    def __init__(self, objects: Objects, counters: Counters) -> None:
        self._objects = objects
        self._counters = counters

    def parts(self, vm_id: str, viewer: Viewer) -> Parts:
        """Those of VmDashboard. Raises NotFound, MissingPrivileges."""
        entry = self._objects.of_type("VM").get(vm_id)
        if entry is None or not isinstance(entry.object, VM):
            raise NotFound("VM", vm_id)
        vm = entry.object
        viewer.require(READ, "vm", vm)
        return {
            "quickInfo": partial(_quick_info, vm),
            "alarms": partial(self._alarms, vm_id, viewer),
            "backupsInfo.lastRuns": _no_runs,
            "backupsInfo.vmProtection": _in_no_job,
            "backupsInfo.replication": partial(self._replication, vm_id, viewer),
            "backupsInfo.backupArchives": _no_archives,
        }

    async def _alarms(self, vm_id: str, viewer: Viewer) -> tuple[str, ...]:
        entry = self._objects.of_type("VM").get(vm_id)
        found = () if entry is None else related.alarms(self._objects, entry)
        return tuple(one.id for one in found if viewer.sees(one))

    async def _replication(self, vm_id: str, viewer: Viewer) -> Replication:
        """Whoever replicated it. The SR is the replica's; Xen Orchestra looks at the disks of the original there."""
        found = newest_replica(self._objects, self._counters.replicas(), vm_id, viewer)
        if found is None:
            return Replication()
        replica, made = found
        srs = {disk.sr for disk in disks_of(self._objects, replica)}
        return Replication(id=replica.id, timestamp=1000 * made, sr=srs.pop() if len(srs) == 1 else UNSET)


async def _quick_info(vm: VM) -> QuickInfo:
    made = QuickCreation() if vm.creation is UNSET else QuickCreation(vm.creation.date, vm.creation.user)
    system = (vm.os_version or {}).get("name", UNSET)
    return QuickInfo(
        id=vm.id,
        uuid=vm.uuid,
        power_state=vm.power_state,
        name_description=vm.name_description,
        cpus=QuickCpus(vm.cpus.number),
        main_ip_address=vm.main_ip_address,
        os_version=QuickOs(system),
        memory=QuickMemory(vm.memory.size),
        creation=made,
        pool=vm.pool,
        host=UNSET if vm.container == vm.pool else vm.container,
        virtualization_mode=vm.virtualization_mode,
        tags=vm.tags,
        start_time=vm.start_time,
        pv_drivers_detected=vm.pv_drivers_detected is True,
        pv_drivers_version=vm.pv_drivers_version,
        pv_drivers_up_to_date=vm.pv_drivers_up_to_date,
    )


async def _no_runs() -> tuple[LastRun, ...]:
    return ()


async def _in_no_job() -> Protection:
    return "not-in-active-job"


async def _no_archives() -> tuple[BackupArchive, ...]:
    return ()
