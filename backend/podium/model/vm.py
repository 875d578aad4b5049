"""VMs, and what XAPI also holds as VMs: templates, snapshots and control domains."""

from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.dates import timestamp
from podium.model.docker import Docker, docker
from podium.model.guest import (
    NO_ADDRESSES,
    Guest,
    Vulnerabilities,
    XenTools,
    addresses,
    drivers_version,
    guest,
    vulnerabilities,
    xen_tools,
)
from podium.model.hardware import attached_pcis, cpu_mask, is_hvm, nested_virtualization, videoram, virtualization_mode
from podium.model.identity import NULL_REF, is_default_template, object_id
from podium.model.numbers import integer
from podium.model.pbd import pbd_host
from podium.model.sr import local_pbd
from podium.model.template import TemplateInfo, template_info
from podium.model.vbd import disk
from podium.model.vdi import storage
from podium.model.xml import unsupported_firmwares
from podium.model.xodata import Creation, creation, resource_set
from podium.xapi.records import (
    PBDRecord,
    Ref,
    SRRecord,
    VBDRecord,
    VDIRecord,
    VM_guest_metricsRecord,
    VM_metricsRecord,
    VMRecord,
)

VmType = Literal["VM", "VM-controller", "VM-snapshot", "VM-template"]


class VmCpus(msgspec.Struct, frozen=True, gc=False):
    """`number` is what the VM has now, or will have when started."""

    max: int
    number: int


class VmMemory(msgspec.Struct, frozen=True, gc=False):
    """Bytes. `dynamic` and `static` are (least, most)."""

    dynamic: tuple[int, int]
    static: tuple[int, int]
    size: int
    usage: int | Maybe = UNSET


class AnyVM(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "container": "$container",
        "vbds": "$VBDs",
        "vgpu_links": "$VGPUs",
        "cpus": "CPUs",
        "pv_args": "PV_args",
        "vgpus": "VGPUs",
        "vifs": "VIFs",
        "vtpms": "VTPMs",
        "affinity_host": "affinityHost",
        "attached_pcis": "attachedPcis",
        "blocked_operations": "blockedOperations",
        "cores_per_socket": "coresPerSocket",
        "cpu_cap": "cpuCap",
        "cpu_mask": "cpuMask",
        "cpu_weight": "cpuWeight",
        "exp_nested_hvm": "expNestedHvm",
        "has_vendor_device": "hasVendorDevice",
        "install_time": "installTime",
        "is_firmware_supported": "isFirmwareSupported",
        "is_nested_virt_enabled": "isNestedVirtEnabled",
        "main_ip_address": "mainIpAddress",
        "management_agent_detected": "managementAgentDetected",
        "needs_vtpm": "needsVtpm",
        "nic_type": "nicType",
        "pv_drivers_detected": "pvDriversDetected",
        "pv_drivers_up_to_date": "pvDriversUpToDate",
        "pv_drivers_version": "pvDriversVersion",
        "resource_set": "resourceSet",
        "secure_boot": "secureBoot",
        "start_delay": "startDelay",
        "start_time": "startTime",
        "suspend_sr": "suspendSr",
        "virtualization_mode": "virtualizationMode",
        "xen_store_data": "xenStoreData",
        "xen_tools": "xenTools",
    },
):
    """What VMs, templates, snapshots and control domains have in common.

    `container` is the host it runs on, or the one its local disks are on, else the pool. `exp_nested_hvm`, `xen_tools`
    and `vgpu_links` are deprecated in Xen Orchestra and still served. Times are seconds, null for never.
    """

    name_label: str
    name_description: str
    power_state: str
    tags: tuple[str, ...]
    container: str
    vbds: tuple[str | None, ...]
    vifs: tuple[str | None, ...]
    vgpus: tuple[str | None, ...]
    vgpu_links: tuple[str | None, ...]
    vtpms: tuple[str | None, ...]
    snapshots: tuple[str | None, ...]
    parent: str | Maybe = UNSET
    addresses: dict[str, str]
    main_ip_address: str | Maybe = UNSET
    affinity_host: str | Maybe = UNSET
    attached_pcis: tuple[str, ...] | Maybe = UNSET
    auto_poweron: bool
    bios_strings: dict[str, str]
    blocked_operations: dict[str, str]
    boot: dict[str, str]
    cpus: VmCpus
    cores_per_socket: int
    cpu_weight: int | Maybe = UNSET
    cpu_cap: int | Maybe = UNSET
    cpu_mask: tuple[int, ...] | Maybe = UNSET
    creation: Creation | Maybe = UNSET
    current_operations: dict[str, str]
    docker: Docker | Maybe = UNSET
    exp_nested_hvm: bool
    is_nested_virt_enabled: bool
    has_vendor_device: bool
    high_availability: str
    install_time: int | Maybe | None = UNSET
    start_time: int | Maybe | None = UNSET
    is_firmware_supported: bool
    memory: VmMemory
    needs_vtpm: bool
    nic_type: str | Maybe = UNSET
    notes: str | Maybe = UNSET
    os_version: dict[str, str] | None
    other: dict[str, str]
    resource_set: str | Maybe = UNSET
    secure_boot: bool
    start_delay: int
    suspend_sr: str | Maybe = UNSET
    vga: str | Maybe = UNSET
    videoram: int | Maybe = UNSET
    pv_args: str | Maybe = UNSET
    viridian: bool
    virtualization_mode: str
    xen_store_data: dict[str, str]
    xen_tools: XenTools | bool | Maybe = UNSET
    management_agent_detected: bool | Maybe = UNSET
    pv_drivers_detected: bool | Maybe = UNSET
    pv_drivers_version: str | Maybe = UNSET
    pv_drivers_up_to_date: bool | Maybe = UNSET


class VM(AnyVM, frozen=True, kw_only=True, gc=False):
    """A virtual machine."""

    type: Literal["VM"] = "VM"
    vulnerabilities: Vulnerabilities


class VMController(AnyVM, frozen=True, kw_only=True, gc=False):
    """A control domain: the VM from which a host is run."""

    type: Literal["VM-controller"] = "VM-controller"


class VMSnapshot(
    AnyVM, frozen=True, kw_only=True, gc=False, rename={"snapshot_of": "$snapshot_of", "suspend_vdi": "suspendVdi"}
):
    """A VM as it was. `snapshot_of` is left out when that VM is gone."""

    type: Literal["VM-snapshot"] = "VM-snapshot"
    snapshot_time: int | None
    snapshot_of: str | Maybe = UNSET
    suspend_vdi: str | Maybe = UNSET


class VMTemplate(AnyVM, frozen=True, kw_only=True, gc=False, rename={"is_default_template": "isDefaultTemplate"}):
    """What VMs are made from. The id of those that come with XenServer is `<pool>-<uuid>`."""

    type: Literal["VM-template"] = "VM-template"
    is_default_template: bool
    template_info: TemplateInfo


RESOURCES = (
    Resource(type="VM", collection="vms", struct=VM, privilege="vm", title="VM"),
    Resource(
        type="VM-template", collection="vm-templates", struct=VMTemplate, privilege="vm-template", title="VM template"
    ),
    Resource(
        type="VM-snapshot", collection="vm-snapshots", struct=VMSnapshot, privilege="vm-snapshot", title="VM snapshot"
    ),
    Resource(
        type="VM-controller",
        collection="vm-controllers",
        struct=VMController,
        privilege="vm-controller",
        title="VM controller",
    ),
)


def vm(ref: Ref, record: VMRecord, look: Lookup) -> AnyVM:
    """A VM record as the VM, template, snapshot or control domain it is.

    `coresPerSocket` of a VM without `platform["cores-per-socket"]` is its number of CPUs: the value that Xen Orchestra
    writes to the hypervisor while it reads (ANCHOR.md 2.4, a defect), shown without writing anything.
    """
    kind = type_of(flags(record), look)
    other_config, platform, params = record.other_config, record.platform, record.VCPUs_params
    running = record.power_state in RUNNING
    metrics = look.record(VM_metricsRecord, record.metrics)
    found = look.fact(VM_guest_metricsRecord, record.guest_metrics, guest)
    agent = found if running and metrics is not None else None
    tools: XenTools | bool | Maybe = UNSET
    if running:
        tools = xen_tools(found.drivers) if found is not None else False
    cpus = record.VCPUs_at_startup
    if running and tools and metrics is not None and kind != "VM-template":
        cpus = metrics.VCPUs_number
    cores = integer(platform.get("cores-per-socket"))
    hvm = is_hvm(record)
    ips = addresses(found.networks) if found is not None else NO_ADDRESSES
    vgpus = look.links(record.VGPUs) if record.VGPUs else ()
    nested = platform.get("exp-nested-hvm") == "true"
    return _STRUCTS[kind](
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label,
        name_description=record.name_description,
        power_state=record.power_state,
        tags=record.tags,
        container=_container(record, look),
        vbds=look.links(record.VBDs) if record.VBDs else (),
        vifs=look.links(record.VIFs) if record.VIFs else (),
        vgpus=vgpus,
        vgpu_links=vgpus,
        vtpms=look.links(record.VTPMs) if record.VTPMs else (),
        snapshots=look.links(record.snapshots) if record.snapshots else (),
        parent=look.link(record.parent),
        addresses=ips.by_key,
        main_ip_address=ips.main,
        affinity_host=look.link(record.affinity),
        attached_pcis=attached_pcis(other_config["pci"]) if "pci" in other_config else UNSET,
        auto_poweron=other_config.get("auto_poweron") == "true",
        bios_strings=record.bios_strings,
        blocked_operations=record.blocked_operations,
        boot=record.HVM_boot_params,
        cpus=VmCpus(record.VCPUs_max, cpus),
        cores_per_socket=cpus if cores is UNSET else cores,
        cpu_weight=integer(params["weight"]) if "weight" in params else UNSET,
        cpu_cap=integer(params["cap"]) if "cap" in params else UNSET,
        cpu_mask=cpu_mask(params["mask"]) if "mask" in params else UNSET,
        creation=creation(other_config.get(f"xo:{record.uuid[:8]}")),
        current_operations=_operations(record.current_operations, look),
        docker=docker(other_config) if "xscontainer-monitor" in other_config else UNSET,
        exp_nested_hvm=nested,
        is_nested_virt_enabled=nested_virtualization(platform, look) if "nested-virt" in platform or nested else False,
        has_vendor_device=record.has_vendor_device,
        high_availability=record.ha_restart_priority,
        install_time=timestamp(metrics.install_time) if metrics is not None else UNSET,
        start_time=timestamp(metrics.start_time) if metrics is not None else UNSET,
        is_firmware_supported=not record.recommendations
        or record.HVM_boot_params.get("firmware") not in unsupported_firmwares(record.recommendations),
        memory=_memory(record, metrics if running else None, found),
        needs_vtpm=platform.get("vtpm") == "true",
        nic_type=platform.get("nic_type", UNSET),
        notes=other_config.get("xo:notes", UNSET),
        os_version=found.os_version if found is not None else None,
        other=other_config,
        resource_set=resource_set(other_config.get("xo:resource_set")),
        secure_boot=platform.get("secureboot") == "true",
        start_delay=record.start_delay,
        suspend_sr=look.link(record.suspend_SR),
        vga=platform.get("vga", "cirrus") if hvm else UNSET,
        videoram=videoram(platform.get("videoram")) if hvm else UNSET,
        pv_args=UNSET if hvm else record.PV_args,
        viridian=platform.get("viridian") == "true",
        virtualization_mode=virtualization_mode(record, hvm=hvm),
        xen_store_data=record.xenstore_data,
        xen_tools=tools,
        management_agent_detected=bool(tools) or agent.static_ip if agent is not None else UNSET,
        pv_drivers_detected=agent.drivers_detected if agent is not None else UNSET,
        pv_drivers_version=drivers_version(agent.drivers) if agent is not None else UNSET,
        pv_drivers_up_to_date=agent.drivers_up_to_date if agent is not None and agent.drivers_detected else UNSET,
        **_of_kind(kind, record, found, look),  # type: ignore[arg-type]  # each kind's own fields, by its test
    )


RUNNING = frozenset({"Running", "Paused"})
_STRUCTS: dict[VmType, type[AnyVM]] = {
    "VM": VM,
    "VM-controller": VMController,
    "VM-snapshot": VMSnapshot,
    "VM-template": VMTemplate,
}


class Flags(NamedTuple):
    """What decides on the type of a VM record."""

    is_control_domain: bool
    is_a_snapshot: bool
    snapshot_of: Ref
    is_a_template: bool


def flags(record: VMRecord) -> Flags:
    """Fact: what decides on the type of a VM record."""
    return Flags(record.is_control_domain, record.is_a_snapshot, record.snapshot_of, record.is_a_template)


def type_of(marks: Flags, look: Lookup) -> VmType:
    """A snapshot is one by its flag, or because the VM that it says it was taken of exists."""
    if marks.is_control_domain:
        return "VM-controller"
    if marks.is_a_snapshot or (marks.snapshot_of != NULL_REF and look.link(marks.snapshot_of) is not UNSET):
        return "VM-snapshot"
    return "VM-template" if marks.is_a_template else "VM"


def _of_kind(kind: VmType, record: VMRecord, found: Guest | None, look: Lookup) -> dict[str, object]:
    match kind:
        case "VM":
            return {"vulnerabilities": vulnerabilities(record, found)}
        case "VM-snapshot":
            return {
                "snapshot_time": timestamp(record.snapshot_time),
                "snapshot_of": look.link(record.snapshot_of),
                "suspend_vdi": look.link(record.suspend_VDI),
            }
        case "VM-template":
            return {
                "is_default_template": is_default_template(record),
                "template_info": template_info(record.other_config),
            }
        case "VM-controller":
            return {}


def _container(record: VMRecord, look: Lookup) -> str:
    """Where to show the VM: the host it runs on, else the host that its first local disk is on, else the pool."""
    host = look.link(record.resident_on)
    if host is not UNSET:
        return host
    for vbd in record.VBDs:
        vdi = look.fact(VBDRecord, vbd, disk)
        sr = look.fact(VDIRecord, vdi, storage) if vdi is not None else None
        pbd = look.fact(SRRecord, sr, local_pbd) if sr is not None else None
        if pbd is not None:
            host_ref = look.fact(PBDRecord, pbd, pbd_host)
            host = look.link(host_ref) if host_ref is not None else UNSET
            if host is not UNSET:
                return host
    return look.pool_id


def _operations(operations: dict[str, str], look: Lookup) -> dict[str, str]:
    """By the id of the XAPI task; operations of tasks that are gone are left out."""
    if not operations:
        return operations
    return {task: name for ref, name in operations.items() if (task := look.link(ref)) is not UNSET}


def _memory(record: VMRecord, metrics: VM_metricsRecord | None, found: Guest | None) -> VmMemory:
    """`metrics` is None for a VM that does not run."""
    size = record.memory_dynamic_max
    usage: int | Maybe = UNSET
    if metrics is not None:
        size = metrics.memory_actual
        if found is not None and found.memory_used is not None:
            usage = integer(found.memory_used)
            total = integer(found.memory_total)
            size = size if total is UNSET else total
    return VmMemory(
        (record.memory_dynamic_min, record.memory_dynamic_max),
        (record.memory_static_min, record.memory_static_max),
        size,
        usage,
    )
