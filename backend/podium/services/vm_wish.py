"""What somebody wants of a new VM (ANCHOR.md 1.4.1), and whether it makes sense before anything is made."""

from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET

from podium.errors import InvalidParameters, NotFound
from podium.model.base import PoolObject
from podium.model.gpu import GpuGroup, VgpuType
from podium.model.host import Host
from podium.model.network import Network
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.model.template import ProvisionDisk
from podium.model.vbd import VBD
from podium.model.vdi import VDI
from podium.model.vm import AnyVM, VMTemplate
from podium.services.access import Viewer
from podium.services.gateway import Gateway


class DiskWish(msgspec.Struct, frozen=True):
    """A disk to make (`size`, no `userdevice`), or one of the template's to change or leave out (`userdevice`)."""

    userdevice: str | None = None
    destroy: bool = False
    name_label: str | None = None
    name_description: str | None = None
    size: int | None = None
    sr: str | None = None


class InterfaceWish(msgspec.Struct, frozen=True):
    """An interface to make, or one of the template's to leave out (`device`, `destroy`)."""

    network: str | None = None
    device: str | None = None
    destroy: bool = False
    mac: str = ""
    mtu: int | None = None
    ipv4_allowed: tuple[str, ...] = ()
    ipv6_allowed: tuple[str, ...] = ()


class VmWish(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of objects; `settings` by the names of vm_settings. `interfaces` None: those of the template as they are."""

    template: str
    name_label: str
    settings: dict[str, Any]
    clone: bool = True
    boot: bool = False
    copy_host_bios_strings: bool = False
    create_vtpm: bool = False
    cloud_config: str | None = None
    network_config: str | None = None
    destroy_cloud_config: bool = False
    vgpu_type: str | None = None
    gpu_group: str | None = None
    resource_set: str | None = None
    share: bool = False
    install_method: Literal["cdrom", "network"] | None = None
    install_repository: str = ""
    disks: tuple[DiskWish, ...] = ()
    interfaces: tuple[InterfaceWish, ...] | None = None


NO_CHANGE: Final = DiskWish()


class Site:
    """A pool as the place where a viewer wants a VM: what he names must be there, and he must see it."""

    def __init__(self, gateway: Gateway, pool: Pool, by: Viewer) -> None:
        self.pool = pool
        self._gateway = gateway
        self._by = by

    def require(self, wish: VmWish) -> VMTemplate:
        """The template. Raises NotFound, MissingPrivileges, InvalidParameters for what the wish names."""
        by = self._by
        by.require("create:vm", "pool", self.pool)
        template: VMTemplate = self.named(VMTemplate, "VM-template", wish.template)
        by.require("instantiate", "vm-template", template)
        if (host_id := wish.settings.get("affinityHost")) is not None:
            by.require("allow-vm", "host", self.named(Host, "host", host_id))
        self._require_disks(wish, template)
        for wanted in wish.interfaces or ():
            if not wanted.destroy:
                network = self.named(Network, "network", wanted.network or "")
                by.require("create", "vif", {"networkId": network.id, "mac": wanted.mac}, around=(self.pool,))
                by.require("attach", "network", network)
        if wish.install_method == "cdrom":
            by.require("boot", "vdi", self.named(VDI, "VDI", wish.install_repository))
        if wish.vgpu_type is not None and wish.gpu_group is not None:
            self.named(VgpuType, "vgpuType", wish.vgpu_type)
            self.named(GpuGroup, "gpuGroup", wish.gpu_group)
        return template

    def named(self, struct: type[Any], kind: str, object_id: str) -> Any:
        found = self._gateway.visible(struct, kind, object_id, self._by)
        if found.pool != self.pool.id:
            raise InvalidParameters(f"the {kind} {object_id} is in another pool")
        return found

    def sr(self, sr_id: str | None) -> SR:
        """The SR of that id, or the pool's default one."""
        if sr_id is not None:
            found: SR = self.named(SR, "SR", sr_id)
            return found
        if not isinstance(self.pool.default_sr, str):
            raise InvalidParameters("the pool has no default SR: say where each disk is to go")
        return self._gateway.find(SR, "SR", self.pool.default_sr)

    def model_sr(self, model: ProvisionDisk, change: DiskWish) -> SR:
        """Where a disk that the template describes goes. What it names may be long gone."""
        if change.sr is None and model.sr:
            try:
                return self.sr(model.sr)
            except (NotFound, InvalidParameters):
                return self.sr(None)
        return self.sr(change.sr)

    def _require_disks(self, wish: VmWish, template: VMTemplate) -> None:
        models, existing = models_of(template), disks_of(self._gateway, template)
        changes = changes_of(wish)
        for disk in wish.disks:
            if not disk.destroy:
                self._require_disk(disk)
            if disk.userdevice is None:
                if not disk.size:
                    raise InvalidParameters("vdis: a new disk needs a size")
                self.sr(disk.sr)
            elif disk.userdevice not in models and disk.userdevice not in existing:
                raise InvalidParameters(f"vdis: the template has no disk at {disk.userdevice}")
            elif disk.sr is not None:
                self.sr(disk.sr)
        for place, (_, vdi) in existing.items():
            size = changes.get(place, NO_CHANGE).size
            if size is not None and size < vdi.size:
                raise InvalidParameters(f"vdis: the template's disk at {place} has {vdi.size} bytes and cannot shrink")
        for place, model in models.items():
            change = changes.get(place, NO_CHANGE)
            if place not in existing and not change.destroy:
                self.model_sr(model, change)

    def _require_disk(self, disk: DiskWish) -> None:
        """The right to make it, and to bring it to the SR that is named for it."""
        self._by.require_any("create", "vdi")
        around: tuple[PoolObject, ...] = (self.pool,)
        if disk.sr is not None:
            sr = self.sr(disk.sr)
            self._by.require("import:vdi", "sr", sr)
            around = (sr,)
        body = {"name_label": disk.name_label, "size": disk.size, "srId": disk.sr}
        self._by.require("create", "vdi", body, around=around)


def changes_of(wish: VmWish) -> dict[str, DiskWish]:
    """By place, what is to happen to the template's disks."""
    return {disk.userdevice: disk for disk in wish.disks if disk.userdevice is not None}


def models_of(template: VMTemplate) -> dict[str, ProvisionDisk]:
    """By place, the disks that a template describes."""
    return {
        str(number) if model.device is UNSET else str(model.device): model
        for number, model in enumerate(template.template_info.disks)
    }


def disks_of(gateway: Gateway, vm: AnyVM) -> dict[str, tuple[VBD, VDI]]:
    """By place, the disks that a VM or template has; no CDs."""
    found: dict[str, tuple[VBD, VDI]] = {}
    for vbd_id in vm.vbds:
        vbd = gateway.objects.of_type("VBD").get(vbd_id or "")
        if vbd is None or not isinstance(vbd.object, VBD) or vbd.object.is_cd_drive:
            continue
        vdi = gateway.objects.of_type("VDI").get(str(vbd.object.vdi))
        if vdi is not None and isinstance(vdi.object, VDI):
            found[vbd.object.position] = (vbd.object, vdi.object)
    return found
