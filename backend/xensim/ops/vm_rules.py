"""Which operations a VM allows in its present state, and the failure that says why another one is refused.

The rules are tables over `Facts`, what the checks look at, so that ten thousand VMs in a few dozen situations are
judged a few dozen times. Source: xen-api, ocaml/xapi/xapi_vm_lifecycle.ml.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops.values import Record, mapping, strings, text
from xensim.schema import NULL_REF

_HALTED = ("Halted",)
_RUNNING = ("Running",)
_SUSPENDED = ("Suspended",)
_LIVE_OR_SUSPENDED = ("Paused", "Suspended", "Running")

# In the order in which XenServer lists the expected states in VM_BAD_POWER_STATE. Not listed: any state will do.
POWER_STATES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("start", "start_on", "provision", "make_into_template", "changing_NVRAM", "changing_shadow_memory",
         "create_vtpm", "changing_VCPUs", "changing_static_range", "changing_memory_limits", "clone", "copy"),
        _HALTED,
    ),
    **dict.fromkeys(("destroy", "export", "create_template"), ("Halted", "Suspended")),
    **dict.fromkeys(
        ("pause", "suspend", "clean_shutdown", "clean_reboot", "pool_migrate", "snapshot_with_quiesce", "call_plugin",
         "send_sysrq", "send_trigger", "changing_VCPUs_live", "changing_memory_live", "awaiting_memory_live",
         "changing_shadow_memory_live", "data_source_op", "sysprep"),
        _RUNNING,
    ),
    "changing_dynamic_range": ("Halted", "Running"),
    "unpause": ("Paused",),
    **dict.fromkeys(("resume", "resume_on", "csvm"), _SUSPENDED),
    "hard_reboot": ("Paused", "Running"),
    **dict.fromkeys(("hard_shutdown", "shutdown", "checkpoint", "get_boot_record"), _LIVE_OR_SUSPENDED),
    "migrate_send": ("Halted", "Suspended", "Running"),
}  # fmt: skip

# What `allowed_operations` may show, in the order seen on the wire.
PUBLISHED = (
    "sysprep", "create_vtpm", "destroy", "metadata_export", "export", "make_into_template", "changing_NVRAM",
    "changing_VCPUs_live", "changing_shadow_memory", "changing_static_range", "changing_dynamic_range", "migrate_send",
    "pool_migrate", "resume_on", "resume", "suspend", "hard_reboot", "hard_shutdown", "clean_reboot", "clean_shutdown",
    "unpause", "pause", "start_on", "start", "provision", "revert", "checkpoint", "copy", "clone", "snapshot",
)  # fmt: skip

_TEMPLATE = frozenset(
    {"changing_dynamic_range", "changing_static_range", "changing_memory_limits", "changing_shadow_memory",
     "changing_VCPUs", "changing_NVRAM", "clone", "copy", "export", "metadata_export", "provision"}
)  # fmt: skip
_CUSTOM_TEMPLATE = _TEMPLATE | {"destroy", "migrate_send"}
_SNAPSHOT = frozenset({"revert", "clone", "copy", "export", "destroy", "hard_shutdown", "metadata_export"})
_CONTROL_DOMAIN = frozenset(
    {"changing_dynamic_range", "changing_static_range", "changing_memory_limits", "changing_VCPUs", "metadata_export"}
)
_DRIVER_DOMAIN = _CONTROL_DOMAIN | {"start", "destroy"}
_ALSO_WHILE_RUNNING_IN_DOM0 = frozenset({"changing_VCPUs", "changing_static_range", "changing_memory_limits"})
_NEEDS_MOBILITY = frozenset({"suspend", "checkpoint", "pool_migrate", "migrate_send"})
_NEEDS_FEATURE: dict[str, frozenset[str]] = {
    **dict.fromkeys(("suspend", "checkpoint", "pool_migrate", "migrate_send"), frozenset({"feature-suspend"})),
    "clean_shutdown": frozenset({"feature-shutdown", "feature-poweroff"}),
    "clean_reboot": frozenset({"feature-shutdown", "feature-reboot"}),
    "changing_VCPUs_live": frozenset({"feature-vcpu-hotplug"}),
}
_PINNED_BY_DEVICE = frozenset({"suspend", "checkpoint", "pool_migrate", "migrate_send"})
_NOT_WITH_RESET_DISKS = frozenset({"suspend", "checkpoint", "snapshot", "migrate_send"})

_SIDE_BY_SIDE = ({"clone", "copy", "export"}, {"snapshot", "checkpoint"})
_DURING_MIGRATE_SEND = frozenset({"clean_shutdown", "clean_reboot", "metadata_export"})


class Facts(NamedTuple):
    """All that the checks look at, and nothing that tells one VM from another."""

    power_state: str
    template: bool
    default_template: bool
    snapshot: bool
    control_domain: bool
    dom0: bool
    features: frozenset[str] | None  # None: no check, for the guest is PV or has PV drivers
    unsuspendable: bool
    immobile: bool
    reset_disk: bool
    has_pci: bool
    has_vgpu: bool
    has_vusb: bool
    in_appliance: bool
    in_schedule: bool
    clone_suspended: bool
    blocked: frozenset[str]
    running: frozenset[str]


def refusal(facts: Facts, op: str) -> str | None:
    """The code of the first check that `op` fails, or None when it may go ahead."""
    if op in facts.blocked:
        return "OPERATION_BLOCKED"
    if facts.power_state not in expected_states(facts, op):
        return "VM_BAD_POWER_STATE"
    if not _compatible(op, facts.running):
        return "OTHER_OPERATION_IN_PROGRESS"
    return _refused_by_kind(facts, op) or _refused_by_guest(facts, op) or _refused_by_devices(facts, op)


def expected_states(facts: Facts, op: str) -> tuple[str, ...]:
    states = POWER_STATES.get(op)
    if states is None:
        return ("Halted", "Paused", "Suspended", "Running")
    if facts.control_domain and op in _ALSO_WHILE_RUNNING_IN_DOM0:
        return (*states, "Running")
    if op in {"clone", "copy"} and (facts.snapshot or facts.clone_suspended):
        return (*states, "Suspended")
    return states


@lru_cache(maxsize=4096)
def published(facts: Facts) -> tuple[str, ...]:
    """The operations to show in `allowed_operations`."""
    return tuple(op for op in PUBLISHED if refusal(facts, op) is None and not (op == "revert" and not facts.snapshot))


def _compatible(op: str, running: frozenset[str]) -> bool:
    if not running or op in {"update_allowed_operations", "assert_operation_valid"}:
        return True
    if op == "hard_shutdown":
        return "hard_shutdown" not in running
    if op == "hard_reboot":
        return not running & {"hard_shutdown", "hard_reboot", "clean_reboot", "clean_shutdown"}
    if op in _DURING_MIGRATE_SEND and running == {"migrate_send"}:
        return True
    return any(op in group and running <= group for group in _SIDE_BY_SIDE)


def _refused_by_kind(facts: Facts, op: str) -> str | None:
    if facts.snapshot:
        return None if op in _SNAPSHOT else "VM_IS_SNAPSHOT"
    if facts.template:
        return None if op in (_TEMPLATE if facts.default_template else _CUSTOM_TEMPLATE) else "VM_IS_TEMPLATE"
    if op == "provision":
        return "PROVISION_ONLY_ALLOWED_ON_TEMPLATE"
    if op == "revert":
        return "VM_REVERT_FAILED"
    if op in _NEEDS_MOBILITY and facts.immobile and not facts.control_domain:
        return "VM_IS_IMMOBILE"
    if facts.control_domain and op not in (_CONTROL_DOMAIN if facts.dom0 else _DRIVER_DOMAIN):
        return "OPERATION_NOT_ALLOWED"
    return None


def _refused_by_guest(facts: Facts, op: str) -> str | None:
    needed = _NEEDS_FEATURE.get(op)
    if needed is None or facts.power_state not in {"Running", "Paused"}:
        return None
    if op in _NEEDS_MOBILITY and facts.unsuspendable:
        return "VM_NON_SUSPENDABLE"
    if facts.features is not None and not needed & facts.features:
        return "VM_LACKS_FEATURE"
    return None


def _refused_by_devices(facts: Facts, op: str) -> str | None:
    if op == "snapshot_with_quiesce":
        return "VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED"
    if facts.reset_disk and op in _NOT_WITH_RESET_DISKS:
        return "VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION"
    if op in _PINNED_BY_DEVICE and facts.power_state != "Halted":
        for present, code in (
            (facts.has_pci, "VM_HAS_PCI_ATTACHED"), (facts.has_vgpu, "VM_HAS_VGPU"), (facts.has_vusb, "VM_HAS_VUSBS"),
        ):  # fmt: skip
            if present:
                return code
    if op == "make_into_template":
        if facts.in_appliance:
            return "VM_IS_PART_OF_AN_APPLIANCE"
        if facts.in_schedule:
            return "VM_ASSIGNED_TO_SNAPSHOT_SCHEDULE"
    return None


def lower(states: Iterable[str]) -> str:
    """Power states as VM_BAD_POWER_STATE spells them."""
    return ", ".join(state.lower() for state in states)


def busy(cls: str, ref: str, operations: dict[str, str]) -> XapiFailure:
    """OTHER_OPERATION_IN_PROGRESS for the operations that run on `ref`."""
    names, tasks = list(operations.values()), list(operations)
    if len(names) == 1:
        return XapiFailure("OTHER_OPERATION_IN_PROGRESS", cls, ref, names[0], tasks[0])
    joined = ("{" + ",".join(part) + "}" for part in (names, tasks))
    return XapiFailure("OTHER_OPERATION_IN_PROGRESS", cls, ref, *joined)


def facts(db: Database, ref: str) -> Facts:
    """What the checks need to know of the VM `ref`. Raises HANDLE_INVALID."""
    vm = db.record("VM", ref)
    guest, metrics = text(vm["guest_metrics"]), text(vm["metrics"])
    disks = [text(db.field("VBD", vbd, "VDI")) for vbd in strings(vm["VBDs"])]
    return facts_of(
        vm,
        guest=db.record("VM_guest_metrics", guest) if db.exists("VM_guest_metrics", guest) else None,
        metrics=db.record("VM_metrics", metrics) if db.exists("VM_metrics", metrics) else None,
        reset_disk=any(db.exists("VDI", disk) and db.field("VDI", disk, "on_boot") == "reset" for disk in disks),
        clone_suspended=any(
            mapping(row.record["other_config"]).get("allow_clone_suspended_vm") == "true"
            for row in db.rows("pool").values()
        ),
    )


def facts_of(
    vm: Record,
    *,
    guest: Record | None = None,
    metrics: Record | None = None,
    reset_disk: bool = False,
    clone_suspended: bool = False,
) -> Facts:
    """Facts of a VM record whose neighbours the caller has at hand."""
    control_domain = bool(vm["is_control_domain"])
    return Facts(
        power_state=text(vm["power_state"]),
        template=bool(vm["is_a_template"]),
        default_template=bool(vm["is_default_template"]),
        snapshot=bool(vm["is_a_snapshot"]),
        control_domain=control_domain,
        dom0=control_domain and vm["domid"] == 0,
        features=_features(vm, guest),
        unsuspendable=guest is not None and "data-cant-suspend-reason" in mapping(guest["other"]),
        immobile=metrics is not None and bool(metrics["nomigrate"] or metrics["nested_virt"]),
        reset_disk=reset_disk,
        has_pci=bool(vm["attached_PCIs"]),
        has_vgpu=bool(vm["VGPUs"]),
        has_vusb=bool(vm["VUSBs"]),
        in_appliance=vm["appliance"] != NULL_REF,
        in_schedule=vm["snapshot_schedule"] != NULL_REF,
        clone_suspended=clone_suspended,
        blocked=frozenset(mapping(vm["blocked_operations"])),
        running=frozenset(mapping(vm["current_operations"]).values()),
    )


def _features(vm: Record, guest: Record | None) -> frozenset[str] | None:
    if vm["domain_type"] in {"pv", "pv_in_pvh", "pvh"}:
        return None
    if guest is None:
        return frozenset()
    if {"major", "minor"} <= mapping(guest["PV_drivers_version"]).keys():
        return None
    return frozenset(name for name, value in mapping(guest["other"]).items() if value == "1")


def allowed(db: Database, ref: str) -> list[str]:
    """What `allowed_operations` of the VM should read now."""
    return list(published(facts(db, ref)))


def check(db: Database, ref: str, op: str, *, force: bool = False) -> None:
    """Raise what XenServer raises when `op` may not start now; `force`: whatever the guest can do."""
    found = facts(db, ref)
    if force:
        found = found._replace(features=None, unsuspendable=False, immobile=False)
    code = refusal(found, op)
    if code is not None:
        raise _failure(db.record("VM", ref), ref, op, code, expected_states(found, op))


def _failure(vm: Record, ref: str, op: str, code: str, expected: tuple[str, ...]) -> XapiFailure:
    if code == "VM_BAD_POWER_STATE":
        return XapiFailure(code, ref, lower(expected), text(vm["power_state"]).lower())
    if code == "OTHER_OPERATION_IN_PROGRESS":
        return busy("VM", ref, mapping(vm["current_operations"]))
    arguments = _ARGUMENTS.get(code)
    return XapiFailure(code, *(arguments(vm, ref, op) if arguments else (ref,)))


_ARGUMENTS: dict[str, Callable[[Record, str, str], tuple[str, ...]]] = {
    "OPERATION_BLOCKED": lambda vm, ref, op: (ref, mapping(vm["blocked_operations"])[op]),
    "VM_IS_TEMPLATE": lambda _vm, ref, op: (ref, op),
    "VM_IS_SNAPSHOT": lambda _vm, ref, op: (ref, op),
    "VM_REVERT_FAILED": lambda _vm, ref, _op: (ref, NULL_REF),
    "PROVISION_ONLY_ALLOWED_ON_TEMPLATE": lambda _vm, _ref, _op: (),
    "VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION": lambda _vm, _ref, _op: (),
    "OPERATION_NOT_ALLOWED": lambda vm, _ref, _op: (
        f"This operation is not allowed on {'dom0' if vm['domid'] == 0 else 'a control domain'}",
    ),
    "VM_NON_SUSPENDABLE": lambda _vm, ref, _op: (ref, "the guest refuses to be suspended"),
    "VM_IS_PART_OF_AN_APPLIANCE": lambda vm, ref, _op: (ref, text(vm["appliance"])),
    "VM_ASSIGNED_TO_SNAPSHOT_SCHEDULE": lambda vm, ref, _op: (ref, text(vm["snapshot_schedule"])),
}
