"""VM.create, provision and destroy: how VMs come to be and go."""

from collections.abc import Mapping

from defusedxml.ElementTree import fromstring

from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops import appliance_rules, devices, images, memory, vm_rules
from xensim.ops.locks import settle_vm, vm_operation, work
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

PROVISION_S = 0.8
DESTROY_S = 0.5
VCPU_RULE = "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max"

# Rows that exist only for their VM: (class, set on the VM)
_DEVICES = (("VBD", "VBDs"), ("VIF", "VIFs"), ("VGPU", "VGPUs"), ("VTPM", "VTPMs"))
_REST = (("VUSB", "VUSBs"), ("console", "consoles"), ("crashdump", "crash_dumps"))
_METERED = frozenset({"VBD", "VIF"})
_ATTACHED = (("VM_metrics", "metrics"), ("VM_guest_metrics", "guest_metrics"))


@operation("VM.create")
def create(call: Call, record: Mapping[str, object]) -> str:
    db = call.db
    vcpus, at_startup = number(record["VCPUs_max"]), number(record["VCPUs_at_startup"])
    if not 0 < at_startup <= vcpus:
        raise XapiFailure("INVALID_VALUE", VCPU_RULE, str(at_startup))
    limits = [number(record[f"memory_{name}"]) for name in ("static_min", "dynamic_min", "dynamic_max", "static_max")]
    if limits != sorted(limits):
        raise XapiFailure("MEMORY_CONSTRAINT_VIOLATION_ORDER")
    config = dict(mapping(record["other_config"]))
    config.setdefault("mac_seed", db.new_uuid())
    vm = db.create(
        "VM",
        {
            **record,
            "other_config": config,
            "power_state": "Suspended" if record.get("power_state") == "Suspended" else "Halted",
            "domid": -1,
            "resident_on": NULL_REF,
            "memory_overhead": memory.overhead(limits[-1], vcpus),
            "metrics": db.create("VM_metrics", {"current_domain_type": "unspecified", "VCPUs_utilisation": {"0": 0.0}}),
        },
    )
    settle_vm(db, vm)
    return vm


@operation("VM.provision")
async def provision(call: Call, vm: str) -> None:
    """A template becomes a VM with the disks it asks for; it is no template any more even when the disks fail."""
    async with vm_operation(call, vm, "provision"):
        await work(call, PROVISION_S)
        db = call.db
        record = db.record("VM", vm)
        db.set("VM", vm, is_a_template=False)
        db.set("VM_metrics", text(record["metrics"]), install_time=call.pool.clock.wire())
        config = mapping(record["other_config"])
        for disk in fromstring(config.get("disks") or "<provision/>"):
            _provision_disk(call, vm, disk.attrib)
        db.set("VM", vm, other_config={key: value for key, value in config.items() if key != "disks"})
        devices.refresh(call.pool, vm)


@operation("VM.destroy")
async def destroy(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "destroy"):
        await work(call, DESTROY_S)
        remove(call, vm)


@operation("VM.set_is_a_template")
def set_is_a_template(call: Call, vm: str, value: bool) -> None:
    if value:
        vm_rules.check(call.db, vm, "make_into_template")
        call.db.set("VM_metrics", text(call.db.field("VM", vm, "metrics")), install_time=call.pool.clock.wire())
    call.db.set("VM", vm, is_a_template=value)
    settle_vm(call.db, vm)


def remove(call: Call, vm: str) -> None:
    """Take a VM out of the database with everything that is its own; disks and snapshots stay."""
    db = call.db
    record = dict(db.record("VM", vm))
    for child in list(strings(record["children"])):
        db.set("VM", child, parent=record["parent"])
    disks = [text(db.field("VBD", vbd, "VDI")) for vbd in strings(record["VBDs"])]
    clear_devices(db, vm)
    for cls, ends in _REST:
        for ref in list(strings(record[ends])):
            db.destroy(cls, ref)
    for cls, name in _ATTACHED:
        if db.exists(cls, text(record[name])):
            db.destroy(cls, text(record[name]))
    for blob in mapping(record["blobs"]).values():
        if db.exists("blob", blob):
            db.destroy("blob", blob)
    image = text(record["suspend_VDI"])
    if db.exists("VDI", image):
        images.destroy(call.pool, image)
    db.destroy("VM", vm)
    appliance_rules.refresh(db, text(record["appliance"]))
    for disk in disks:
        devices.refresh_vdi(db, disk)


def clear_devices(db: Database, vm: str) -> None:
    """Take away the devices that copies of a VM have too: drives, NICs, GPUs, TPMs."""
    record = db.record("VM", vm)
    for cls, ends in _DEVICES:
        for ref in list(strings(record[ends])):
            metrics = text(db.record(cls, ref).get("metrics", NULL_REF))
            db.destroy(cls, ref)
            if cls in _METERED and db.exists(f"{cls}_metrics", metrics):
                db.destroy(f"{cls}_metrics", metrics)


def _provision_disk(call: Call, vm: str, wish: Mapping[str, str]) -> None:
    db = call.db
    try:
        sr = db.by_uuid("SR", wish.get("sr", ""))
    except XapiFailure:
        raise XapiFailure("UUID_INVALID", "sr", wish.get("sr", "")) from None
    kind = wish.get("type", "system")
    vdi = images.create(
        call.pool, sr, int(wish["size"]), name_label=wish["device"], type=kind,
        name_description="Created by template provisioner",
    )  # fmt: skip
    db.create(
        "VBD",
        {
            "VM": vm, "VDI": vdi, "userdevice": wish["device"], "bootable": wish.get("bootable") == "true",
            "mode": "RW", "type": "Disk", "unpluggable": kind != "system", "other_config": {"owner": ""},
            "metrics": db.create("VBD_metrics", {}),
        },
    )  # fmt: skip
