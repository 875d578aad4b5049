"""VIFs: a VM is put on a network, moved to another one, limited, and taken off."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from podium.errors import IncorrectState, InvalidParameters, NotFound, PoolError
from podium.model.network import Network
from podium.model.vif import VIF
from podium.model.vm import VM, AnyVM, VMTemplate
from podium.services.access import Viewer
from podium.services.edits import Call, Editor, require_update
from podium.services.gateway import Gateway
from podium.services.tasks import Progress

_TARGETS: Final[tuple[tuple[type[AnyVM], str], ...]] = ((VM, "VM"), (VMTemplate, "VM-template"))
LOCKED: Final = "locked"
_ALLOWED: Final = {"allowedIpv4Addresses": "ipv4_allowed", "allowedIpv6Addresses": "ipv6_allowed"}


class NewVif(msgspec.Struct, frozen=True, kw_only=True):
    """An interface that is wanted. The pool chooses what is not said; `mtu` is the network's."""

    vm_id: str
    network_id: str
    mac: str = ""
    device: str | None = None
    mtu: int | None = None
    locking_mode: str | None = None
    ipv4_allowed: tuple[str, ...] = ()
    ipv6_allowed: tuple[str, ...] = ()
    other_config: Mapping[str, str] = {}
    qos_algorithm_type: str = ""
    qos_algorithm_params: Mapping[str, str] = {}

    def body(self) -> dict[str, object]:
        """What selectors of `vif:create` see: the names of the API."""
        return {
            "vmId": self.vm_id,
            "networkId": self.network_id,
            "mac": self.mac,
            "device": self.device,
            "mtu": self.mtu,
            "lockingMode": self.locking_mode,
            "ipv4_allowed": list(self.ipv4_allowed),
            "ipv6_allowed": list(self.ipv6_allowed),
        }


class Vifs:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, vif_id: str, action: str, *, by: Viewer) -> VIF:
        """Raises NotFound, MissingPrivileges."""
        vif = self._gateway.find(VIF, "VIF", vif_id)
        by.require(action, "vif", vif)
        return vif

    async def create(self, wanted: NewVif, *, by: Viewer) -> str:
        """The new VIF's id. It is not plugged in: `connect` does that. Raises InvalidParameters across pools."""
        by.require_any("create", "vif")
        vm = self._vm(wanted.vm_id, by)
        network = self._gateway.visible(Network, "network", wanted.network_id, by)
        by.require("create", "vif", wanted.body(), around=(vm,))
        by.require("attach", vm.type.lower(), vm)
        by.require("attach", "network", network)
        if network.pool != vm.pool:
            raise InvalidParameters(f"the network {network.name_label} is in another pool than {vm.name_label}")
        allowed = bool(wanted.ipv4_allowed or wanted.ipv6_allowed)
        record = {
            "VM": vm.xapi_ref,
            "network": network.xapi_ref,
            "device": wanted.device or await self._free_device(vm),
            "MAC": wanted.mac,
            "MTU": wanted.mtu or network.mtu,
            "locking_mode": LOCKED if allowed else wanted.locking_mode or "network_default",
            "ipv4_allowed": list(wanted.ipv4_allowed),
            "ipv6_allowed": list(wanted.ipv6_allowed),
            "other_config": dict(wanted.other_config),
            "qos_algorithm_type": wanted.qos_algorithm_type,
            "qos_algorithm_params": dict(wanted.qos_algorithm_params),
        }
        ref = str(await self._gateway.call(vm, "VIF.create", record))
        return await self._gateway.created(vm, ref)

    async def update(self, vif_id: str, changes: Mapping[str, Any], *, by: Viewer) -> None:
        """Make the changes, all or none; by the names of ANCHOR.md 1.8, and `networkId`.

        An interface with allowed addresses is always locked: the list would mean nothing otherwise. `rateLimit` is
        kB/s, None for no limit.
        """
        vif = self._gateway.find(VIF, "VIF", vif_id)
        require_update(by, "vif", vif, changes)
        editor = await Editor.of(self._gateway, vif, "VIF")
        if "networkId" in changes:
            self._plan_move(editor, vif, changes["networkId"], by)
        for field, name in _ALLOWED.items():
            if field in changes:
                editor.set(name, list(changes[field]), "changed the allowed addresses")
        mode = LOCKED if any(changes.get(field) for field in _ALLOWED) else changes.get("lockingMode")
        if mode is not None:
            editor.set("locking_mode", mode, "changed the locking mode")
        if "rateLimit" in changes:
            limit = changes["rateLimit"]
            editor.set("qos_algorithm_type", "" if limit is None else "ratelimit", "changed the rate limit")
            editor.entry(
                "qos_algorithm_params", "kbps", None if limit is None else str(limit), "changed the rate limit"
            )
        if "txChecksumming" in changes:
            on = "true" if changes["txChecksumming"] else "false"
            editor.entry("other_config", "ethtool-tx", on, "changed TX checksumming")
        await editor.apply()
        await self._gateway.settle(vif)

    async def delete(self, vif_id: str, *, by: Viewer) -> None:
        """Take the interface from its VM. Raises what the pool refuses: it must not be plugged in."""
        vif = self.require(vif_id, "delete", by=by)
        await self._gateway.call(vif, "VIF.destroy", vif.xapi_ref)
        await self._gateway.settle(vif)

    async def connect(self, vif_id: str, *, by: Viewer, progress: Progress) -> None:
        """Plug it into the running VM."""
        vif = self.require(vif_id, "connect", by=by)
        await self._run(vif, "plug", progress)

    async def disconnect(self, vif_id: str, *, by: Viewer, progress: Progress) -> None:
        """Unplug it from the running VM."""
        vif = self.require(vif_id, "disconnect", by=by)
        await self._run(vif, "unplug", progress)

    async def _run(self, vif: VIF, operation: str, progress: Progress) -> None:
        with self._gateway.busy.hold(vif, operation, task_id=progress.task_id):
            await self._gateway.run(vif, f"VIF.{operation}", vif.xapi_ref, progress=progress)
            await self._gateway.settle(vif)

    def _plan_move(self, editor: Editor, vif: VIF, network_id: str, by: Viewer) -> None:
        network = self._gateway.visible(Network, "network", network_id, by)
        by.require("attach", "network", network)
        if network.pool != vif.pool:
            raise InvalidParameters(f"the network {network.name_label} is in another pool")
        if editor.record.get("network") != network.xapi_ref:
            undo = Call("move", (editor.record.get("network"),))
            editor.call("moved it to another network", "move", network.xapi_ref, undo=undo)

    async def _free_device(self, vm: AnyVM) -> str:
        devices = await self._gateway.ask(vm, "VM.get_allowed_VIF_devices", vm.xapi_ref)
        if not isinstance(devices, list):
            raise PoolError("the pool does not say which interfaces the VM can have")
        if not devices:
            raise IncorrectState(f"{vm.name_label} can have no more interfaces")
        return str(devices[0])

    def _vm(self, vm_id: str, by: Viewer) -> AnyVM:
        for struct, kind in _TARGETS:
            entry = self._gateway.objects.of_type(kind).get(vm_id)
            if entry is not None and isinstance(entry.object, struct) and by.sees(entry):
                return entry.object
        raise NotFound("VM", vm_id)
