"""Where everything of a VM goes when it migrates with its disks, and why it cannot. Source: xapi_vm_migrate.ml."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xensim.failures import XapiFailure
from xensim.offers import OFFERS
from xensim.ops import devices, memory, placement
from xensim.ops.values import mapping, strings, text
from xensim.pool import Pool
from xensim.registry import Call
from xensim.schema import NULL_REF

AT_ONCE = 3  # VMs whose disks move, of one pool


@dataclass(slots=True)
class Journey:
    """The way to `host` of `pool`, which may be the pool where the VM is."""

    pool: Pool
    host: str
    within: bool  # the same pool
    copy: bool  # the VM stays where it is, too
    carried: bool  # its memory goes: it is running, and ends up on another host
    vms: list[str]  # the VM itself, then those of its snapshots that come with it
    disks: dict[str, str] = field(default_factory=dict)  # of them all, that do not stay: the SR of each
    networks: dict[str, str] = field(default_factory=dict)  # of each VIF that changes its network
    groups: dict[str, str] = field(default_factory=dict)  # GPU groups there, by VGPU


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a client asks for in VM.migrate_send and VM.assert_can_migrate."""

    destination: Mapping[str, str]
    live: bool
    disks: Mapping[str, str]  # VDI → SR
    nics: Mapping[str, str]  # VIF → network
    gpus: Mapping[str, str]  # VGPU → GPU group
    options: Mapping[str, str]


def plan(call: Call, vm: str, wishes: Wishes) -> Journey:
    """Raises the first reason why the VM cannot go there."""
    db, offer = call.db, OFFERS.find(wishes.destination)
    record = db.record("VM", vm)
    state = text(record["power_state"])
    copy, within = wishes.options.get("copy") == "true", offer.pool is call.pool
    if state == "Running" and (copy or not wishes.live):
        raise XapiFailure("VM_BAD_POWER_STATE", vm, "halted", state.lower())
    there = offer.pool.db.record("host", offer.host)
    if not offer.pool.db.field("host_metrics", text(there["metrics"]), "live"):
        raise XapiFailure("HOST_NOT_LIVE")
    if not there["enabled"]:
        raise XapiFailure("HOST_DISABLED", offer.host)
    if not within and record["VUSBs"]:
        raise XapiFailure("VM_HAS_VUSBS", vm)
    journey = Journey(
        pool=offer.pool,
        host=offer.host,
        within=within,
        copy=copy,
        carried=state == "Running" and not (within and record["resident_on"] == offer.host),
        vms=[vm] if copy else [vm, *strings(record["snapshots"])],
    )
    _plan_disks(call, journey, wishes.disks)
    _plan_nics(call, journey, wishes.nics)
    _plan_gpus(call, journey, wishes.gpus)
    _check_host(call, journey)
    return journey


def _plan_disks(call: Call, journey: Journey, wanted: Mapping[str, str]) -> None:
    """Each disk to the SR that was asked for; a snapshot's beside its disk; else it stays, or goes to the default."""
    db, vm = call.db, journey.vms[0]
    for disk in _disks(call, journey.vms):
        record = db.record("VDI", disk)
        here, origin = text(record["SR"]), text(record["snapshot_of"])
        sr = wanted.get(disk) or (wanted.get(origin) or journey.disks.get(origin) if record["is_a_snapshot"] else None)
        if sr is None:
            sr = _default(call, journey, disk, here)
        journey.pool.db.record("SR", sr)
        if not placement.sees_sr(journey.pool, journey.host, sr):
            raise XapiFailure("VM_REQUIRES_SR", vm, sr)
        if journey.copy or not journey.within or sr != here:
            _check_disk(call, journey, disk, sr)
            journey.disks[disk] = sr
    if not journey.disks:
        return
    if any(db.field("VM", snapshot, "power_state") == "Suspended" for snapshot in journey.vms[1:]):
        raise XapiFailure("VM_HAS_CHECKPOINT", vm)
    moving = [ref for ref, row in db.rows("VM").items() if "migrate_send" in _operations(row.record) and ref != vm]
    if len(moving) >= AT_ONCE:
        raise XapiFailure("TOO_MANY_STORAGE_MIGRATES", str(AT_ONCE))


def _operations(record: Mapping[str, object]) -> list[str]:
    return list(mapping(record["current_operations"]).values())


def _disks(call: Call, vms: list[str]) -> list[str]:
    """Of a VM and its snapshots, with the image of a suspended one; a disk comes before its snapshots."""
    db = call.db
    found: list[str] = []
    for vm in vms:
        vbds = [db.record("VBD", vbd) for vbd in strings(db.field("VM", vm, "VBDs"))]
        found += [text(vbd["VDI"]) for vbd in vbds if vbd["type"] != "CD"]
        found.append(text(db.field("VM", vm, "suspend_VDI")))
    return [disk for disk in dict.fromkeys(found) if db.exists("VDI", disk)]


def _default(call: Call, journey: Journey, disk: str, here: str) -> str:
    """The SR for a disk that nobody speaks of."""
    if journey.within and placement.sees_sr(call.pool, journey.host, here):
        return here
    there = journey.pool.db
    sr = text(there.field("pool", journey.pool.ref, "default_SR"))
    if not there.exists("SR", sr) or not placement.sees_sr(journey.pool, journey.host, sr):
        raise XapiFailure("VDI_NOT_IN_MAP", disk)
    return sr


def _check_disk(call: Call, journey: Journey, disk: str, sr: str) -> None:
    db, vm = call.db, journey.vms[0]
    record = db.record("VDI", disk)
    if any(vbd["VM"] not in journey.vms for vbd in devices.attached_vbds(db, record)):
        raise XapiFailure("VDI_IN_USE", disk, "mirror")
    if record["cbt_enabled"] and not record["is_a_snapshot"]:
        raise XapiFailure("VDI_CBT_ENABLED", disk)
    live = db.field("VM", vm, "power_state") == "Running"
    if live and "VDI_MIRROR" not in devices.features(db, text(record["SR"])):
        raise XapiFailure("SR_DOES_NOT_SUPPORT_MIGRATION", text(record["SR"]))
    needed = {"VDI_CREATE", "VDI_MIRROR"} if live else {"VDI_CREATE"}
    if not needed <= devices.features(journey.pool.db, sr):
        raise XapiFailure("SR_DOES_NOT_SUPPORT_MIGRATION", sr)


def _plan_nics(call: Call, journey: Journey, wanted: Mapping[str, str]) -> None:
    """In another pool every NIC needs a network; one of a snapshot follows the NIC with the same address."""
    db, vm = call.db, journey.vms[0]
    by_mac: dict[object, str] = {}
    for owner in journey.vms:
        for nic in strings(db.field("VM", owner, "VIFs")):
            record = db.record("VIF", nic)
            network = wanted.get(nic) or by_mac.get(record["MAC"])
            if network is None and not journey.within:
                raise XapiFailure("VIF_NOT_IN_MAP", nic)
            if network is not None:
                by_mac[record["MAC"]] = journey.networks[nic] = network
            elif journey.carried and not placement.sees_network(call.pool, journey.host, text(record["network"])):
                raise XapiFailure("VM_REQUIRES_NETWORK", vm, text(record["network"]))
    for network in by_mac.values():
        journey.pool.db.record("network", network)
        if not placement.sees_network(journey.pool, journey.host, network):
            raise XapiFailure("HOST_CANNOT_ATTACH_NETWORK", journey.host, network)


def _plan_gpus(call: Call, journey: Journey, wanted: Mapping[str, str]) -> None:
    if journey.within:
        return
    for owner in journey.vms:
        for gpu in strings(call.db.field("VM", owner, "VGPUs")):
            group = wanted.get(gpu, NULL_REF)
            if not journey.pool.db.exists("GPU_group", group):
                raise XapiFailure("VM_HAS_VGPU", owner)
            journey.groups[gpu] = group


def _check_host(call: Call, journey: Journey) -> None:
    """What the memory and the processors of the host must have for a VM that is not halted."""
    record, vm = call.db.record("VM", journey.vms[0]), journey.vms[0]
    if record["power_state"] == "Halted":
        return
    placement.assert_cpu_like(journey.pool, vm, journey.host, mapping(record["last_boot_CPU_flags"]))
    if not journey.carried:
        return
    capabilities = strings(journey.pool.db.field("host", journey.host, "capabilities"))
    if record["domain_type"] == "hvm" and not any(capability.startswith("hvm") for capability in capabilities):
        raise XapiFailure("VM_HVM_REQUIRED", vm)
    placement.assert_memory(journey.pool, journey.host, memory.claimed(record))
