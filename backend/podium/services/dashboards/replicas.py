"""Replicas: VMs that backup jobs made as copies of others, also Xen Orchestra's, and the room that they take."""

from collections.abc import Iterator, Mapping

from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.model.dates import timestamp
from podium.model.sr import SR
from podium.model.vbd import VBD
from podium.model.vdi import AnyVDI
from podium.model.vm import AnyVM
from podium.services.access import Viewer
from podium.services.dashboards.counters import Replica
from podium.services.dashboards.shares import counts


async def replicated_size(objects: Objects, replicas: Mapping[str, Replica], viewer: Viewer) -> int:
    """Bytes that the disks of replicas take, on SRs that hold disks and that the viewer may see; each disk once."""
    seen: set[str] = set()
    total = 0
    with Turns() as turns:
        for vm_id in list(replicas):
            vm = objects.get(vm_id)
            if vm is not None and isinstance(vm.object, AnyVM):
                for disk in disks_of(objects, vm.object):
                    if disk.id not in seen and _counted(objects, disk, viewer):
                        seen.add(disk.id)
                        total += disk.usage
            await turns.rest()
    return total


def newest_replica(
    objects: Objects, replicas: Mapping[str, Replica], vm_id: str, viewer: Viewer
) -> tuple[AnyVM, int] | None:
    """The replica of that VM whose backup is the newest, with the time of that in seconds."""
    newest: tuple[AnyVM, int] | None = None
    for replica_id, replica in replicas.items():
        if replica.source != vm_id:
            continue
        entry = objects.of_type("VM").get(replica_id)
        if entry is None or not isinstance(entry.object, AnyVM) or not viewer.sees(entry):
            continue
        made = timestamp(entry.object.other.get("xo:backup:datetime"))
        if made is not None and (newest is None or newest[1] < made):
            newest = entry.object, made
    return newest


def disks_of(objects: Objects, vm: AnyVM) -> Iterator[AnyVDI]:
    """The disks of a VM, without what is in its CD drives."""
    for vbd_id in vm.vbds:
        vbd = objects.get(vbd_id or "")
        if vbd is None or not isinstance(vbd.object, VBD) or vbd.object.is_cd_drive:
            continue
        vdi = objects.get(str(vbd.object.vdi))
        if vdi is not None and isinstance(vdi.object, AnyVDI):
            yield vdi.object


def _counted(objects: Objects, disk: AnyVDI, viewer: Viewer) -> bool:
    entry = objects.of_type("SR").get(str(disk.sr))
    return entry is not None and isinstance(entry.object, SR) and counts(entry.object) and viewer.sees(entry)
