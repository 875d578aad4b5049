"""Settings of a VM that are more than a field: memory, VCPUs, blocked operations, priorities."""

from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import appliance_rules, memory, vm_rules
from xensim.ops.locks import settle_vm
from xensim.ops.values import mapping, number, text
from xensim.ops.vm_life import VCPU_RULE
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

_RANGE = ("memory_static_min", "memory_dynamic_min", "memory_dynamic_max", "memory_static_max")
_PRIORITIES = ("", "best-effort", "restart")


@operation("VM.set_memory_limits")
def set_memory_limits(
    call: Call, vm: str, static_min: int, static_max: int, dynamic_min: int, dynamic_max: int
) -> None:
    _set_memory(
        call, vm, "changing_memory_limits", memory_static_min=static_min, memory_static_max=static_max,
        memory_dynamic_min=dynamic_min, memory_dynamic_max=dynamic_max,
    )  # fmt: skip


@operation("VM.set_memory")
def set_memory(call: Call, vm: str, value: int) -> None:
    limits = dict.fromkeys(_RANGE[1:], value)
    _set_memory(call, vm, "changing_memory_limits", **limits)


@operation("VM.set_memory_static_range")
def set_memory_static_range(call: Call, vm: str, low: int, high: int) -> None:
    _set_memory(call, vm, "changing_static_range", memory_static_min=low, memory_static_max=high)


@operation("VM.set_memory_dynamic_range")
def set_memory_dynamic_range(call: Call, vm: str, low: int, high: int) -> None:
    _set_memory(call, vm, "changing_dynamic_range", memory_dynamic_min=low, memory_dynamic_max=high)


@operation("VM.set_memory_static_min", "VM.set_memory_static_max")
def set_memory_static(call: Call, vm: str, value: int) -> None:
    _set_memory(call, vm, "changing_static_range", **{call.method.removeprefix("VM.set_"): value})


@operation("VM.set_memory_dynamic_min", "VM.set_memory_dynamic_max")
def set_memory_dynamic(call: Call, vm: str, value: int) -> None:
    _set_memory(call, vm, "changing_dynamic_range", **{call.method.removeprefix("VM.set_"): value})


@operation("VM.set_VCPUs_max", "VM.set_VCPUs_at_startup")
def set_vcpus(call: Call, vm: str, value: int) -> None:
    """Both must hold afterwards: raise the maximum first, lower the number at startup first."""
    field = call.method.removeprefix("VM.set_")
    vm_rules.check(call.db, vm, "changing_VCPUs")
    record = call.db.record("VM", vm)
    wanted = {"VCPUs_max": number(record["VCPUs_max"]), "VCPUs_at_startup": number(record["VCPUs_at_startup"])}
    wanted[field] = value
    if not 0 < wanted["VCPUs_at_startup"] <= wanted["VCPUs_max"]:
        raise XapiFailure("INVALID_VALUE", VCPU_RULE, str(value))
    overhead = number(record["memory_overhead"])
    if not record["is_control_domain"]:
        overhead = memory.overhead(number(record["memory_static_max"]), wanted["VCPUs_max"])
    call.db.set("VM", vm, **wanted, memory_overhead=overhead)


@operation("VM.set_VCPUs_number_live")
def set_vcpus_number_live(call: Call, vm: str, count: int) -> None:
    vm_rules.check(call.db, vm, "changing_VCPUs_live")
    record = call.db.record("VM", vm)
    if not 0 < count <= number(record["VCPUs_max"]):
        raise XapiFailure("INVALID_VALUE", VCPU_RULE, str(count))
    call.db.set("VM", vm, VCPUs_at_startup=count)
    call.db.set("VM_metrics", text(record["metrics"]), VCPUs_number=count)


@operation("VM.add_to_platform")
def add_to_platform(call: Call, vm: str, key: str, value: str) -> None:
    record = call.db.record("VM", vm)
    platform = mapping(record["platform"])
    if key in platform:
        raise XapiFailure("MAP_DUPLICATE_KEY", "VM", "platform", vm, key)
    if key == "cores-per-socket" and not _divides(value, number(record["VCPUs_max"])):
        raise XapiFailure("INVALID_VALUE", "platform:cores-per-socket", value)
    call.db.set("VM", vm, platform={**platform, key: value})


@operation("VM.set_blocked_operations")
def set_blocked_operations(call: Call, vm: str, value: Mapping[str, str]) -> None:
    call.db.set("VM", vm, blocked_operations=dict(value))
    settle_vm(call.db, vm)


@operation("VM.add_to_blocked_operations")
def add_to_blocked_operations(call: Call, vm: str, key: str, value: str) -> None:
    blocked = mapping(call.db.field("VM", vm, "blocked_operations"))
    if key in blocked:
        raise XapiFailure("MAP_DUPLICATE_KEY", "VM", "blocked_operations", vm, key)
    set_blocked_operations(call, vm, {**blocked, key: value})


@operation("VM.remove_from_blocked_operations")
def remove_from_blocked_operations(call: Call, vm: str, key: str) -> None:
    blocked = mapping(call.db.field("VM", vm, "blocked_operations"))
    set_blocked_operations(call, vm, {op: reason for op, reason in blocked.items() if op != key})


@operation("VM.set_ha_restart_priority")
def set_ha_restart_priority(call: Call, vm: str, value: str) -> None:
    if value not in _PRIORITIES:
        raise XapiFailure("INVALID_VALUE", "ha_restart_priority", value)
    live = call.db.field("VM", vm, "power_state") == "Running"
    call.db.set("VM", vm, ha_restart_priority=value, ha_always_run=live and value == "restart")


@operation("VM.set_order", "VM.set_start_delay", "VM.set_shutdown_delay")
def set_not_negative(call: Call, vm: str, value: int) -> None:
    field = call.method.removeprefix("VM.set_")
    if value < 0:
        raise XapiFailure("INVALID_VALUE", field, str(value))
    call.db.set("VM", vm, **{field: value})


@operation("VM.set_appliance", "VM.set_snapshot_schedule")
def set_group(call: Call, vm: str, value: str) -> None:
    """Which appliance or schedule a VM belongs to decides whether it may become a template."""
    field, cls = ("appliance", "VM_appliance") if call.method.endswith("appliance") else ("snapshot_schedule", "VMSS")
    if value != NULL_REF:
        call.db.record(cls, value)
    before = text(call.db.field("VM", vm, field))
    call.db.set("VM", vm, **{field: value})
    settle_vm(call.db, vm)
    appliance_rules.refresh(call.db, before)


@operation("VM.set_groups")
def set_groups(call: Call, vm: str, value: list[str]) -> None:
    """One group at most."""
    if len(value) > 1:
        raise XapiFailure("TOO_MANY_GROUPS")
    for group in value:
        call.db.record("VM_group", group)
    call.db.set("VM", vm, groups=list(value))


@operation("VM.set_is_default_template")
def set_is_default_template(call: Call, vm: str, value: bool) -> None:
    """Default templates are templates in the first place."""
    if value and not call.db.field("VM", vm, "is_a_template"):
        raise XapiFailure("INVALID_VALUE", "is_default_template", "true")
    call.db.set("VM", vm, is_default_template=value)
    settle_vm(call.db, vm)


@operation("VM.set_HVM_shadow_multiplier", "VM.set_shadow_multiplier_live")
def set_shadow_multiplier(call: Call, vm: str, value: float) -> None:
    live = call.method.endswith("_live")
    vm_rules.check(call.db, vm, "changing_shadow_memory_live" if live else "changing_shadow_memory")
    if value < 1:
        raise XapiFailure("INVALID_VALUE", "HVM_shadow_multiplier", f"{value:g}")
    call.db.set("VM", vm, HVM_shadow_multiplier=value)


@operation("VM.update_allowed_operations")
def update_allowed_operations(call: Call, vm: str) -> None:
    settle_vm(call.db, vm)


def _set_memory(call: Call, vm: str, op: str, **limits: int) -> None:
    vm_rules.check(call.db, vm, op)
    db = call.db
    record = db.record("VM", vm)
    wanted = {name: limits.get(name, number(record[name])) for name in _RANGE}
    values = list(wanted.values())
    if values[0] < 0 or values != sorted(values):
        raise XapiFailure("MEMORY_CONSTRAINT_VIOLATION_ORDER")
    reason = _pinned(record)
    if reason and not values[1] == values[2] == values[3]:
        raise XapiFailure("MEMORY_CONSTRAINT_VIOLATION_MAXPIN", reason)
    if not record["is_control_domain"]:
        wanted["memory_overhead"] = memory.overhead(wanted["memory_static_max"], number(record["VCPUs_max"]))
    before = memory.claimed(record)
    if record["power_state"] == "Running":
        wanted["memory_target"] = wanted["memory_dynamic_max"]
    db.set("VM", vm, **wanted)
    if record["power_state"] == "Running":
        memory.take(db, text(record["resident_on"]), memory.claimed(record) - before)
        db.set("VM_metrics", text(record["metrics"]), memory_actual=wanted["memory_target"])


def _pinned(vm: Mapping[str, object]) -> str:
    """Why a balloon driver cannot work in this VM, "" when it can."""
    platform = mapping(vm["platform"])
    if vm["is_control_domain"]:
        return "control domain"
    if "true" in {platform.get("nested-virt"), platform.get("exp-nested-hvm")}:
        return "nested virtualisation"
    return ""


def _divides(value: str, vcpus: int) -> bool:
    return value.isdecimal() and int(value) > 0 and vcpus % int(value) == 0
