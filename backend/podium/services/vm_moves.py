"""VM moves: where a VM, its disks and its interfaces go when somebody names a host; all of it, or what is missing."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from podium.errors import InvalidParameters
from podium.model.host import Host
from podium.model.network import Network
from podium.model.pbd import PBD
from podium.model.pif import PIF
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.model.vdi import AnyVDI, VDISnapshot
from podium.model.vif import VIF
from podium.model.vm import AnyVM, VMSnapshot
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.vm_kinds import disk_of, vbds_of

MIGRATION_NETWORK: Final = "xo:migrationNetwork"
"""Where Xen Orchestra keeps, in a pool's `other_config`, the network that VMs are to move over."""


class Wishes(msgspec.Struct, frozen=True):
    """What a request may say about a move, all by id."""

    migration_network_id: str | None = None
    sr_id: str | None = None
    sr_id_by_vdi_id: Mapping[str, str] = {}
    network_id_by_vif_id: Mapping[str, str] = {}


class Plan(msgspec.Struct, frozen=True):
    """Where a VM is to go. `disks` and `interfaces` by ref, those of its snapshots too; `network`: over which.

    A plan without disks and interfaces is a move within the pool that leaves the storage where it is.
    """

    host: Host
    network: Network | None = None
    disks: Mapping[str, SR] = {}
    interfaces: Mapping[str, Network] = {}
    moves_storage: bool = False

    def crosses(self, vm: AnyVM) -> bool:
        return self.host.pool != vm.pool


class Moves:
    """Makes plans, for one viewer, who must see what he names and may use it."""

    def __init__(self, gateway: Gateway, by: Viewer) -> None:
        self._gateway = gateway
        self._by = by

    def plan(self, vm: AnyVM, host_id: str, wanted: Wishes, *, copy: bool = False) -> Plan:
        """What a move to that host comes to. Raises NotFound, MissingPrivileges, InvalidParameters in words.

        Each disk goes to the SR named for it, else to `sr_id`, else it stays where the host sees it, else it goes to
        the destination's default SR. Across pools each interface goes to the network named for it, else to the one of
        the same name. Disks and interfaces of snapshots go with those that they are copies of; with a `copy` of the VM
        no snapshots go.
        """
        host = self._gateway.visible(Host, "host", host_id, self._by)
        self._by.require("migrate-receive", "host", host)
        crosses = host.pool != vm.pool
        missing: list[str] = []
        snapshots = [] if copy else self._snapshots(vm)
        disks = self._disks(vm, snapshots, host, wanted, missing)
        interfaces = self._interfaces(vm, snapshots, host, wanted, missing)
        if missing:
            raise InvalidParameters(f"the move to {host.name_label} is not fully described: {'; '.join(missing)}")
        moves = crosses or bool(interfaces) or any(sr.id != disk.sr for disk, sr in disks)
        network = self._network(wanted.migration_network_id, host)
        if not moves:
            return Plan(host, network)
        return Plan(
            host,
            network or self._management(host),
            {disk.xapi_ref: sr for disk, sr in disks},
            {vif.xapi_ref: network for vif, network in interfaces},
            moves_storage=True,
        )

    def reaches(self, host: Host, sr_id: object) -> bool:
        """Whether the host is connected to that SR."""
        return any(isinstance(pbd, PBD) and pbd.sr == sr_id and pbd.attached for pbd in self._linked("PBD", host.pbds))

    def _disks(
        self, vm: AnyVM, snapshots: list[AnyVM], host: Host, wanted: Wishes, missing: list[str]
    ) -> list[tuple[AnyVDI, SR]]:
        own = self._disks_of(vm)
        if unknown := set(wanted.sr_id_by_vdi_id) - {disk.id for disk in own}:
            raise InvalidParameters(f"{vm.name_label} has no disk {', '.join(sorted(unknown))}")
        found: list[tuple[AnyVDI, SR]] = []
        targets: dict[str, SR] = {}
        for disk in own:
            if (sr := self._target(disk, host, wanted, missing)) is not None:
                targets[disk.id] = sr
                found.append((disk, sr))
        for snapshot in snapshots:
            for disk in self._disks_of(snapshot):
                parent = disk.snapshot_of if isinstance(disk, VDISnapshot) else None
                target = targets.get(str(parent)) or self._target(disk, host, Wishes(sr_id=wanted.sr_id), missing)
                if target is not None:
                    found.append((disk, target))
        return found

    def _target(self, disk: AnyVDI, host: Host, wanted: Wishes, missing: list[str]) -> SR | None:
        """The SR that a disk goes to; what is wrong is added to `missing`."""
        sr_id = wanted.sr_id_by_vdi_id.get(disk.id) or wanted.sr_id
        if sr_id is None and self.reaches(host, disk.sr):
            return self._gateway.find(SR, "SR", str(disk.sr))
        if sr_id is None:
            default = self._gateway.find(Pool, "pool", host.pool).default_sr
            if not isinstance(default, str) or not self.reaches(host, default):
                missing.append(f"say to which SR the disk {disk.name_label or disk.id} goes (srId, srIdByVdiId)")
                return None
            sr_id = default
        sr = self._gateway.visible(SR, "SR", sr_id, self._by)
        if sr.id != disk.sr:
            self._by.require("migrate-receive", "sr", sr)
        if not self.reaches(host, sr.id):
            missing.append(f"it does not see the SR {sr.name_label}")
            return None
        return sr

    def _interfaces(
        self, vm: AnyVM, snapshots: list[AnyVM], host: Host, wanted: Wishes, missing: list[str]
    ) -> list[tuple[VIF, Network]]:
        own = self._vifs_of(vm)
        copies = [vif for snapshot in snapshots for vif in self._vifs_of(snapshot)]
        named = wanted.network_id_by_vif_id
        if unknown := set(named) - {vif.id for vif in (*own, *copies)}:
            raise InvalidParameters(f"{vm.name_label} has no interface {', '.join(sorted(unknown))}")
        found: list[tuple[VIF, Network]] = []
        by_mac: dict[str, Network] = {}
        for vif in (*own, *copies):
            target = by_mac.get(vif.mac) if vif.id not in named else self._named(named[vif.id], host)
            if target is None and host.pool != vm.pool:
                target = self._namesake(vif, host, missing)
            if target is not None:
                by_mac.setdefault(vif.mac, target)
                if target.id != vif.network:
                    found.append((vif, target))
        return found

    def _namesake(self, vif: VIF, host: Host, missing: list[str]) -> Network | None:
        """The network in the host's pool that is called as the one the interface is on now."""
        here = self._gateway.objects.of_type("network").get(str(vif.network))
        name = here.object.name_label if here is not None and isinstance(here.object, Network) else ""
        for entry in self._gateway.objects.ordered("network"):
            one = entry.object
            if isinstance(one, Network) and one.pool == host.pool and one.name_label == name and self._by.sees(entry):
                self._by.require("attach", "network", one)
                return one
        missing.append(f"say to which network the interface {vif.device}, now on {name}, goes (networkIdByVifId)")
        return None

    def _named(self, network_id: str, host: Host) -> Network:
        network = self._gateway.visible(Network, "network", network_id, self._by)
        self._by.require("attach", "network", network)
        if network.pool != host.pool:
            raise InvalidParameters(f"the network {network.name_label} is in another pool than {host.name_label}")
        return network

    def _network(self, network_id: str | None, host: Host) -> Network | None:
        """The network to move over: the one named, or the pool's own for that, where the host has an address on it."""
        if network_id is not None:
            return self._named(network_id, host)
        kept = self._gateway.find(Pool, "pool", host.pool).other_config.get(MIGRATION_NETWORK)
        if kept is None or not any(pif.network == kept and pif.ip for pif in self._pifs(host)):
            return None
        return self._gateway.find(Network, "network", kept)

    def _management(self, host: Host) -> Network | None:
        """The network of the host's management interface."""
        for pif in self._pifs(host):
            if pif.management:
                return self._gateway.find(Network, "network", str(pif.network))
        return None

    def _pifs(self, host: Host) -> Iterable[PIF]:
        return [pif for pif in self._linked("PIF", host.pifs) if isinstance(pif, PIF)]

    def _disks_of(self, vm: AnyVM) -> list[AnyVDI]:
        """The disks that go along: no CDs."""
        disks = (disk_of(self._gateway, vbd) for vbd in vbds_of(self._gateway, vm))
        return [disk for disk in disks if disk is not None]

    def _vifs_of(self, vm: AnyVM) -> list[VIF]:
        return [vif for vif in self._linked("VIF", vm.vifs) if isinstance(vif, VIF)]

    def _snapshots(self, vm: AnyVM) -> list[AnyVM]:
        return [one for one in self._linked("VM-snapshot", vm.snapshots) if isinstance(one, VMSnapshot)]

    def _linked(self, kind: str, ids: Iterable[str | None]) -> list[object]:
        entries = (self._gateway.objects.of_type(kind).get(one or "") for one in ids)
        return [entry.object for entry in entries if entry is not None]
