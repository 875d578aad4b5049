"""VDIs: making, changing, moving, copying and deleting disks and their snapshots."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final

import msgspec
from msgspec import UNSET

from podium.errors import IncorrectState, InvalidParameters, PodiumError
from podium.model.base import PoolObject
from podium.model.sr import SR
from podium.model.vbd import VBD
from podium.model.vdi import VDI, AnyVDI, VDISnapshot
from podium.model.vm import VM, AnyVM
from podium.services.access import Viewer
from podium.services.edits import Editor, require_update
from podium.services.gateway import Gateway
from podium.services.quotas import Amount
from podium.services.tasks import Progress
from podium.services.undo import Steps
from podium.xapi.errors import MESSAGE_REMOVED

KINDS: Final[dict[str, tuple[type[AnyVDI], str]]] = {
    "vdis": (VDI, "VDI"),
    "vdi-snapshots": (VDISnapshot, "VDI-snapshot"),
}
_LIVE: Final = frozenset({"Running", "Paused"})
"""Power states of a VM whose attached disks move with VDI.pool_migrate."""


class NewVdi(msgspec.Struct, frozen=True, kw_only=True):
    """An empty disk that is wanted. `virtual_size` is bytes; the storage may round it up."""

    sr_id: str
    virtual_size: int
    name_label: str = ""
    name_description: str = ""
    type: str = "user"
    sharable: bool = False
    read_only: bool = False
    tags: tuple[str, ...] = ()
    other_config: Mapping[str, str] = {}
    xenstore_data: Mapping[str, str] = {}
    sm_config: Mapping[str, str] = {}


class Vdis:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, collection: str, vdi_id: str, action: str, *, by: Viewer) -> AnyVDI:
        """The disk or snapshot, if the viewer may do that to it. Raises NotFound, MissingPrivileges."""
        struct, kind = KINDS[collection]
        vdi = self._gateway.find(struct, kind, vdi_id)
        by.require(action, kind.lower(), vdi)
        return vdi

    def require_sr(self, sr_id: str, action: str, *, by: Viewer) -> SR:
        """The SR that a body names, if disks may come there. Raises NotFound, MissingPrivileges."""
        sr = self._gateway.visible(SR, "SR", sr_id, by)
        by.require(action, "sr", sr)
        return sr

    def require_new(self, wanted: NewVdi, *, by: Viewer) -> SR:
        by.require_any("create", "vdi")
        sr = self._gateway.visible(SR, "SR", wanted.sr_id, by)
        body = {"srId": sr.id, "name_label": wanted.name_label, "virtual_size": wanted.virtual_size}
        by.require("create", "vdi", {**body, "tags": list(wanted.tags)}, around=(sr,))
        return self.require_sr(wanted.sr_id, "import:vdi", by=by)

    async def create(self, wanted: NewVdi, *, by: Viewer, progress: Progress) -> str:
        """The new disk's id."""
        sr = self.require_new(wanted, by=by)
        record = {
            "name_label": wanted.name_label,
            "name_description": wanted.name_description,
            "SR": sr.xapi_ref,
            "virtual_size": wanted.virtual_size,
            "type": wanted.type,
            "sharable": wanted.sharable,
            "read_only": wanted.read_only,
            "other_config": dict(wanted.other_config),
            "xenstore_data": dict(wanted.xenstore_data),
            "sm_config": dict(wanted.sm_config),
            "tags": list(wanted.tags),
        }
        async with self._gateway.steps(sr) as steps:
            what = f"made the disk {wanted.name_label}"
            ref = await self._gateway.make(
                steps, what, sr, "VDI.create", record, undo=self._remover(sr), progress=progress
            )
            return await self._gateway.created(sr, ref)

    async def update(self, collection: str, vdi_id: str, changes: Mapping[str, Any], *, by: Viewer) -> None:
        """`changes`: of name_label, name_description, tags, size (bytes), cbt. All of them, or none.

        Raises InvalidParameters for a smaller size, and what the pool refuses.
        """
        struct, kind = KINDS[collection]
        vdi = self._gateway.find(struct, kind, vdi_id)
        require_update(by, kind.lower(), vdi, changes)
        if "size" in changes:
            _require_growth(vdi, changes["size"])
        editor = await Editor.of(self._gateway, vdi, "VDI")
        for field in ("name_label", "name_description"):
            if field in changes:
                editor.set(field, changes[field])
        if "tags" in changes:
            editor.set("tags", list(changes["tags"]))
        async with self._gateway.steps(vdi) as steps:
            await editor.apply(steps)
            if changes.get("cbt", vdi.cbt_enabled) != vdi.cbt_enabled:
                await self._track_changes(vdi, changes["cbt"], steps)
            if "size" in changes:  # last, for there is no way back
                await self._grow(vdi, changes["size"])
        await self._gateway.settle(vdi)

    async def resize(self, vdi_id: str, size: int, *, by: Viewer, progress: Progress) -> None:
        """Make the disk larger. `size`: bytes. Raises InvalidParameters for a smaller one."""
        vdi = self.require("vdis", vdi_id, "update:size", by=by)
        _require_growth(vdi, size)
        await self._grow(vdi, size, progress)
        await self._gateway.settle(vdi)

    def require_delete(self, collection: str, vdi_id: str, *, by: Viewer) -> AnyVDI:
        """What can be said before the pool is asked. Raises IncorrectState while a VM has the disk open."""
        vdi = self.require(collection, vdi_id, "delete", by=by)
        if any(vbd.attached for vbd in self._vbds(vdi)):
            raise IncorrectState(f"{vdi.name_label} is in use by a VM")
        return vdi

    async def delete(self, collection: str, vdi_id: str, *, by: Viewer, progress: Progress | None = None) -> None:
        """Delete the disk or snapshot with all its content."""
        vdi = self.require(collection, vdi_id, "delete", by=by)
        with self._gateway.busy.hold(vdi, "destroy", task_id=None if progress is None else progress.task_id):
            await self._gateway.run(vdi, "VDI.destroy", vdi.xapi_ref, progress=progress)
            await self._gateway.settle(vdi)

    def require_migration(self, vdi_id: str, sr_id: str, *, by: Viewer) -> tuple[AnyVDI, SR]:
        """Raises NotFound, MissingPrivileges, InvalidParameters for an SR of another pool."""
        vdi = self.require("vdis", vdi_id, "migrate-send", by=by)
        sr = self.require_sr(sr_id, "migrate-receive", by=by)
        return vdi, self._same_pool(vdi, sr)

    async def migrate(self, vdi_id: str, sr_id: str, *, by: Viewer, progress: Progress) -> str:
        """Move the disk to another SR: the id that it has there.

        Attached to a VM that runs, it moves under it. Otherwise it is copied, the VMs that have it get the copy, and
        the original is deleted last.
        """
        vdi, sr = self.require_migration(vdi_id, sr_id, by=by)
        if vdi.sr == sr.id:
            return vdi.id
        with self._gateway.busy.hold(vdi, "mirror", task_id=progress.task_id):
            attached = [vbd for vbd in self._vbds(vdi) if vbd.attached]
            if attached and self._live(attached):
                ref = await self._gateway.run(vdi, "VDI.pool_migrate", vdi.xapi_ref, sr.xapi_ref, {}, progress=progress)
            elif attached:
                raise IncorrectState(f"{vdi.name_label} is attached to a VM that is neither running nor halted")
            else:
                ref = await self._move(vdi, sr, progress)
            return await self._gateway.created(vdi, ref)

    def require_copy(self, collection: str, vdi_id: str, sr_id: str, *, by: Viewer) -> tuple[AnyVDI, SR]:
        """Raises NotFound, MissingPrivileges, InvalidParameters for an SR of another pool."""
        vdi = self.require(collection, vdi_id, "copy", by=by)
        sr = self.require_sr(sr_id, "import:vdi", by=by)
        return vdi, self._same_pool(vdi, sr)

    async def copy(
        self,
        collection: str,
        vdi_id: str,
        sr_id: str,
        *,
        by: Viewer,
        progress: Progress,
        name_label: str | None = None,
    ) -> str:
        """A full copy of the disk or snapshot: the id of the new disk."""
        vdi, sr = self.require_copy(collection, vdi_id, sr_id, by=by)
        async with self._gateway.steps(vdi) as steps:
            with self._gateway.busy.hold(vdi, "copy", task_id=progress.task_id):
                ref = await self._copy(vdi, sr, steps, progress)
            if name_label is not None:
                await self._gateway.call(vdi, "VDI.set_name_label", ref, name_label)
            return await self._gateway.created(vdi, ref)

    async def _move(self, vdi: AnyVDI, sr: SR, progress: Progress) -> str:
        """The ref of the disk at its new place; nobody writes to it meanwhile, for nothing is attached."""
        with ExitStack() as held:
            for vm in self._owners(vdi):  # one that started just then would do so without its disk
                held.enter_context(self._gateway.busy.hold(vm, "migrate_disk", task_id=progress.task_id))
            async with self._gateway.steps(vdi) as steps:
                ref = await self._copy(vdi, sr, steps, progress.part(0, 90))
                for vbd in self._vbds(vdi):
                    await self._hand_over(vdi, vbd, ref, steps)
        # from here on nothing is taken back: with the original gone, that would delete the only copy
        try:
            await self._gateway.run(vdi, "VDI.destroy", vdi.xapi_ref, progress=progress.part(90, 100))
        except PodiumError as error:
            progress.warning("the original could not be deleted", {"id": vdi.id, "error": error.described()})
        return ref

    async def _copy(self, vdi: AnyVDI, sr: SR, steps: Steps, progress: Progress) -> str:
        what = f"copied {vdi.name_label} to {sr.name_label}"
        arguments = (vdi.xapi_ref, sr.xapi_ref)
        return await self._gateway.make(
            steps, what, vdi, "VDI.copy", *arguments, undo=self._remover(vdi), progress=progress
        )

    def _remover(self, about: PoolObject) -> Callable[[str], Awaitable[object]]:
        return lambda ref: self._gateway.run(about, "VDI.destroy", ref)

    async def _hand_over(self, vdi: AnyVDI, vbd: VBD, disk: str, steps: Steps) -> None:
        """The same drive with another disk: XAPI has no setter for the VDI of a VBD."""
        found = await self._gateway.ask(vdi, "VBD.get_record", vbd.xapi_ref)
        record = {name: found[name] for name in _KEPT if name in found} if isinstance(found, dict) else {}
        await self._gateway.call(vdi, "VBD.destroy", vbd.xapi_ref)
        steps.done(
            "took the original out of its VM",
            lambda: self._gateway.call(vdi, "VBD.create", {**record, "VDI": vdi.xapi_ref}),
        )
        made = str(await self._gateway.call(vdi, "VBD.create", {**record, "VDI": disk}))
        steps.done("gave the copy to the VM", lambda: self._gateway.call(vdi, "VBD.destroy", made))

    async def _grow(self, vdi: AnyVDI, size: int, progress: Progress | None = None) -> None:
        """Under a running VM by `resize_online`; newer XenServers have `resize` only, which says whether it can."""
        if size == vdi.size:
            return
        task_id = None if progress is None else progress.task_id
        owners = {one.id: one for one in self._owners(vdi)}
        room = self._gateway.quotas.growing_all(owners, Amount(disk=size - vdi.size))
        with room, self._gateway.busy.hold(vdi, "resize", task_id=task_id):
            if any(vbd.attached for vbd in self._vbds(vdi)):
                try:
                    await self._gateway.run(vdi, "VDI.resize_online", vdi.xapi_ref, size, progress=progress)
                except PodiumError as error:
                    if error.xapi is None or error.xapi.code != MESSAGE_REMOVED:
                        raise
                else:
                    return
            await self._gateway.run(vdi, "VDI.resize", vdi.xapi_ref, size, progress=progress)

    async def _track_changes(self, vdi: AnyVDI, on: bool, steps: Steps) -> None:
        now, before = ("enable_cbt", "disable_cbt") if on else ("disable_cbt", "enable_cbt")
        await self._gateway.run(vdi, f"VDI.{now}", vdi.xapi_ref)
        steps.done(
            "changed the tracking of changed blocks", lambda: self._gateway.run(vdi, f"VDI.{before}", vdi.xapi_ref)
        )

    def _vbds(self, vdi: AnyVDI) -> list[VBD]:
        entries = (self._gateway.objects.of_type("VBD").get(one or "") for one in vdi.vbds)
        return [entry.object for entry in entries if entry is not None and isinstance(entry.object, VBD)]

    def _owners(self, vdi: AnyVDI) -> list[AnyVM]:
        """The VMs, templates and snapshots that have the disk."""
        found: dict[str, AnyVM] = {}
        for vbd in self._vbds(vdi):
            for kind in ("VM", "VM-template", "VM-snapshot"):
                entry = self._gateway.objects.of_type(kind).get(str(vbd.vm))
                if entry is not None and isinstance(entry.object, AnyVM):
                    found[entry.object.id] = entry.object
        return list(found.values())

    def _live(self, attached: list[VBD]) -> bool:
        for vbd in attached:
            entry = None if vbd.vm is UNSET else self._gateway.objects.of_type("VM").get(vbd.vm)
            if entry is None or not isinstance(entry.object, VM) or entry.object.power_state not in _LIVE:
                return False
        return True

    def _same_pool(self, vdi: AnyVDI, sr: SR) -> SR:
        if sr.pool != vdi.pool:
            raise InvalidParameters(f"the SR {sr.name_label} is in another pool")
        return sr


_KEPT: Final = (
    "VM",
    "userdevice",
    "bootable",
    "mode",
    "type",
    "unpluggable",
    "empty",
    "other_config",
    "qos_algorithm_type",
    "qos_algorithm_params",
)
"""What a VBD is made of beside its disk."""


def _require_growth(vdi: AnyVDI, size: int) -> None:
    """Source: ANCHOR.md 1.7; XAPI leaves it to drivers, and some cut the disk off."""
    if size < vdi.size:
        raise InvalidParameters(f"a disk can only grow: {vdi.name_label} has {vdi.size} bytes")
