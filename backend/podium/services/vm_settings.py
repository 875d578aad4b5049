"""VM settings: every field of a VM that can be changed, in XAPI's terms (ANCHOR.md 1.6)."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from msgspec import UNSET

from podium.errors import Forbidden, IncorrectState, InvalidParameters
from podium.model.host import Host
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.model.vm import VM, AnyVM
from podium.services.access import Viewer
from podium.services.edits import Editor, require_update
from podium.services.gateway import Gateway
from podium.services.quotas import Quotas
from podium.services.resource_sets import ResourceSets
from podium.services.undo import Steps
from podium.services.vm_kinds import KINDS
from podium.services.vm_sizes import CPUS, MEMORY, plan_cpus, plan_memory

NULL: Final = "OpaqueRef:NULL"
_DEVICE_MODELS: Final = {"uefi": "qemu-upstream-uefi", "bios": "qemu-upstream-compat"}
_KEY: Final = re.compile(r"[A-Za-z0-9_.@:-]+(/[A-Za-z0-9_.@:-]+)*")

Changes = Mapping[str, Any]
"""By the names of ANCHOR's table, e.g. `nameLabel`; values are checked for their types already."""

PLAIN: Final = {
    "nameLabel": "name_label",
    "nameDescription": "name_description",
    "PV_args": "PV_args",
    "hasVendorDevice": "has_vendor_device",
    "virtualizationMode": "domain_type",
    "highAvailability": "ha_restart_priority",
    "startDelay": "start_delay",
    "actionsAfterShutdown": "actions_after_shutdown",
    "actionsAfterReboot": "actions_after_reboot",
    "actionsAfterCrash": "actions_after_crash",
}
"""Fields that are one setter."""
_PARAMS: Final = {"cpuWeight": "weight", "cpuCap": "cap"}
_PLATFORM: Final = {
    "secureBoot": "secureboot",
    "viridian": "viridian",
    "vga": "vga",
    "videoram": "videoram",
    "nicType": "nic_type",
    "expNestedHvm": "exp-nested-hvm",
    "nestedVirt": "nested-virt",
    "coresPerSocket": "cores-per-socket",
}
_NEEDS_HALT: Final = frozenset(
    {"set_has_vendor_device", "set_uefi_mode", "set_VCPUs_max", "set_VCPUs_at_startup", "set_memory_limits"}
)
"""Setters that XAPI has for halted VMs only (PROTOCOL.md 6.2, 6.3)."""


class VmSettings:
    """Changes VMs, templates and snapshots."""

    def __init__(self, gateway: Gateway, sets: ResourceSets) -> None:
        self._gateway = gateway
        self._sets = sets

    async def update(self, collection: str, vm_id: str, changes: Changes, *, by: Viewer) -> None:
        """Make the changes; all of them, or none. Returns when the cache shows them.

        Raises NotFound, MissingPrivileges (`update:<field>`), InvalidParameters, IncorrectState, what the pool refuses.
        """
        struct, kind = KINDS[collection]
        vm = self._gateway.find(struct, kind, vm_id)
        require_update(by, kind.lower(), vm, changes)
        if "resourceSet" in changes:
            self._require_set(changes["resourceSet"], vm, by)
        if changes.get("share") is not None:
            self._require_shareable(vm, changes)
        with room_for(self._gateway.quotas, vm, changes):
            editor = await self.plan(vm, {name: one for name, one in changes.items() if name != "share"}, by=by)
            try:
                async with self._gateway.steps(vm) as steps:
                    await editor.apply(steps)
                    if changes.get("autoPoweron") is True:
                        await self.allow_power_on(vm, steps)
            finally:  # also of what was undone
                await self._gateway.settle(vm)
        if changes.get("share") is not None:
            await self._sets.share(self._gateway.find(VM, "VM", vm_id), shared=changes["share"])

    def _require_set(self, set_id: str | None, vm: AnyVM, by: Viewer) -> None:
        """Into a set goes what one of its subjects has; out of one, what an administrator takes out.

        Otherwise a limit would be no limit: whoever meets one would take a VM out. Raises NotFound, Forbidden.
        """
        if vm.resource_set is not UNSET and vm.resource_set != set_id and not by.is_admin:
            raise Forbidden("only an administrator takes a VM out of its resource set")
        if set_id is not None:
            self._sets.lent(by, set_id)

    def _require_shareable(self, vm: AnyVM, changes: Changes) -> None:
        """Before anything is changed. Raises InvalidParameters, NotFound."""
        set_id = changes.get("resourceSet", vm.resource_set)
        if not isinstance(vm, VM) or not isinstance(set_id, str):
            raise InvalidParameters(f"share: {vm.name_label} is no VM of a resource set")
        self._gateway.quotas.find(set_id)

    async def plan(self, vm: AnyVM, changes: Changes, *, by: Viewer) -> Editor:
        """The edits that the changes come to, none of them made yet. No privilege of the VM's is asked for.

        Raises NotFound, InvalidParameters; IncorrectState where the VM would have to be halted.
        """
        editor = await Editor.of(self._gateway, vm, "VM")
        plan_memory(editor, changes)
        plan_cpus(editor, changes, now=vm.cpus.number)
        for field, value in changes.items():
            self._plan(editor, field, value, by)
        _require_halted(editor)
        editor.edits.sort(key=lambda edit: not edit.undo)  # what cannot be taken back comes last
        return editor

    def _plan(self, editor: Editor, field: str, value: Any, by: Viewer) -> None:
        if field == "tags":
            if set(value) != set(editor.record.get("tags", ())):
                editor.set("tags", value)
        elif field in PLAIN:
            editor.set(PLAIN[field], value)
        elif field in _PLATFORM:
            editor.entry("platform", _PLATFORM[field], _text(value), f"changed {field}")
        elif field in _PARAMS:
            editor.entry("VCPUs_params", _PARAMS[field], _text(value), f"changed {field}")
        elif field in _OTHERS:
            _OTHERS[field](editor, value)
        elif field == "affinityHost":
            if value is not None:
                by.require("allow-vm", "host", self._gateway.visible(Host, "host", value, by))
            editor.set("affinity", self._ref_of(Host, "host", value, by), "changed the affinity host")
        elif field == "suspendSr":
            editor.set("suspend_SR", self._ref_of(SR, "SR", value, by), "changed the suspend SR")
        elif field not in MEMORY and field not in CPUS:
            raise InvalidParameters(f"{field} cannot be changed")

    def _ref_of(self, struct: type[Host | SR], kind: str, object_id: str | None, by: Viewer) -> str:
        return NULL if object_id is None else self._gateway.visible(struct, kind, object_id, by).xapi_ref

    async def allow_power_on(self, vm: AnyVM, steps: Steps) -> None:
        """A VM is started with its host only where its pool allows that at all."""
        pool = self._gateway.find(Pool, "pool", vm.pool)
        editor = await Editor.of(self._gateway, pool, "pool")
        editor.entry("other_config", "auto_poweron", "true", "allowed automatic starts in the pool")
        await editor.apply(steps)


def _require_halted(editor: Editor) -> None:
    state = editor.record.get("power_state")
    if state == "Halted":
        return
    halted = [edit.what for edit in editor.edits if any(call.message in _NEEDS_HALT for call in edit.calls)]
    if halted:
        what = ", ".join(words.removeprefix("changed ") for words in halted)
        name = editor.record.get("name_label")
        raise IncorrectState(f"{name} must be halted before this can change: {what}. It is {str(state).lower()}")


@contextmanager
def room_for(quotas: Quotas, vm: AnyVM, changes: Changes) -> Iterator[None]:
    """Room for what the changes add, in the set that the VM is in, or for all of it in the one that it goes to."""
    now = quotas.amount_of(vm)
    high = changes.get("memoryMax", changes.get("memory", now.memory))
    most = changes.get("memoryStaticMax", max(high, now.memory))
    after = now._replace(cpus=changes.get("cpus", now.cpus), memory=min(high, most)) if isinstance(vm, VM) else now
    before = None if vm.resource_set is UNSET else vm.resource_set
    set_id = changes.get("resourceSet", before)
    if set_id is not None and set_id != before:
        with quotas.hold(set_id, after):
            yield
    else:
        with quotas.growing(vm, after.beyond(now)):
            yield


def _resource_set(editor: Editor, value: str | None) -> None:
    text = None if value is None else msgspec.json.encode(value).decode()
    editor.entry("other_config", "xo:resource_set", text, "changed the resource set")


def _notes(editor: Editor, value: str | None) -> None:
    editor.entry("other_config", "xo:notes", value or None, "changed the notes")


def _auto_poweron(editor: Editor, value: bool) -> None:
    editor.entry("other_config", "auto_poweron", "true" if value else None, "changed the automatic start")


def _blocked(editor: Editor, value: Mapping[str, bool | str | None]) -> None:
    """True blocks without a reason, a text is the reason, false and null unblock."""
    for operation, reason in value.items():
        text = reason if isinstance(reason, str) else "true" if reason else None
        editor.entry("blocked_operations", operation, text, f"changed the block of {operation}")


def _cpu_mask(editor: Editor, value: list[int] | None) -> None:
    text = ",".join(str(cpu) for cpu in value) if value else None
    editor.entry("VCPUs_params", "mask", text, "changed the CPU mask")


def _firmware(editor: Editor, value: str) -> None:
    editor.entry("HVM_boot_params", "firmware", value, "changed the firmware")
    editor.entry("platform", "device-model", _DEVICE_MODELS[value], "changed the device model")


def _boot_order(editor: Editor, value: str) -> None:
    editor.entry("HVM_boot_params", "order", value, "changed the boot order")


def _uefi_mode(editor: Editor, value: str) -> None:
    editor.call("changed the UEFI mode", "set_uefi_mode", value)


def _xenstore(editor: Editor, value: Mapping[str, str | None]) -> None:
    """Keys are put under vm-data/, where alone guests may read them."""
    for key, text in value.items():
        name = key.removeprefix("vm-data/")
        if _KEY.fullmatch(name) is None or ".." in name.split("/"):
            raise InvalidParameters(f"{key!r} is not a key of XenStore data: no absolute path, no '..'")
        editor.entry("xenstore_data", f"vm-data/{name}", text, f"changed {name} in XenStore")


def _creation(editor: Editor, value: Mapping[str, Any]) -> None:
    """What Xen Orchestra keeps about a VM is JSON in one entry; what is there and not ours stays."""
    key = f"xo:{str(editor.record.get('uuid', ''))[:8]}"
    try:
        data = msgspec.json.decode(editor.record.get("other_config", {}).get(key, "{}"))
    except msgspec.DecodeError:
        data = {}
    if not isinstance(data, dict):
        data = {}
    known = data.get("creation")
    merged = {**data, "creation": {**(known if isinstance(known, dict) else {}), **value}}
    editor.entry("other_config", key, msgspec.json.encode(merged).decode(), "noted the creation")


_OTHERS: Final[dict[str, Callable[[Editor, Any], None]]] = {
    "notes": _notes,
    "resourceSet": _resource_set,
    "autoPoweron": _auto_poweron,
    "blockedOperations": _blocked,
    "cpuMask": _cpu_mask,
    "hvmBootFirmware": _firmware,
    "bootOrder": _boot_order,
    "uefiMode": _uefi_mode,
    "xenStoreData": _xenstore,
    "creation": _creation,
}


def _text(value: object) -> str | None:
    """A value as XAPI keeps it in a map of strings."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
