"""Graphics: GPUs of hosts, their groups, what they can be divided into, and what VMs have of them."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.xapi.records import GPU_groupRecord, PGPURecord, Ref, VGPU_typeRecord, VGPURecord


class PGPU(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "host_link": "$host",
        "vgpu_links": "$vgpus",
        "dom0_access": "dom0Access",
        "enabled_vgpu_types": "enabledVgpuTypes",
        "gpu_group": "gpuGroup",
        "is_system_display_device": "isSystemDisplayDevice",
        "supported_vgpu_types": "supportedVgpuTypes",
    },
):
    """A GPU of a host. `vgpus` are those running on it.

    Xen Orchestra means to show the capacities by type (`supportedVgpuMaxCapcities`), but never does.
    """

    type: Literal["PGPU"] = "PGPU"
    host: str | Maybe = UNSET
    host_link: str | Maybe = UNSET
    dom0_access: str
    enabled_vgpu_types: tuple[str | None, ...]
    gpu_group: str | Maybe = UNSET
    is_system_display_device: bool
    pci: str | Maybe = UNSET
    supported_vgpu_types: tuple[str | None, ...]
    vgpus: tuple[str | None, ...]
    vgpu_links: tuple[str | None, ...]


class VGPU(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "currently_attached": "currentlyAttached",
        "gpu_group": "gpuGroup",
        "other_config": "otherConfig",
        "vgpu_type": "vgpuType",
    },
):
    """A GPU, or a part of one, of a VM. `resident_on`: the PGPU that it runs on."""

    type: Literal["vgpu"] = "vgpu"
    currently_attached: bool
    device: str
    gpu_group: str | Maybe = UNSET
    other_config: dict[str, str]
    resident_on: str | Maybe = UNSET
    vgpu_type: str | Maybe = UNSET
    vm: str | Maybe = UNSET


class GpuGroup(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "enabled_vgpu_types": "enabledVgpuTypes",
        "gpu_types": "gpuTypes",
        "other_config": "otherConfig",
        "supported_vgpu_types": "supportedVgpuTypes",
    },
):
    """GPUs of which a VM may get any. `allocation`: depth_first or breadth_first."""

    type: Literal["gpuGroup"] = "gpuGroup"
    name_label: str
    name_description: str
    allocation: str
    enabled_vgpu_types: tuple[str | None, ...]
    gpu_types: tuple[str, ...]
    other_config: dict[str, str]
    pgpus: tuple[str | None, ...]
    supported_vgpu_types: tuple[str | None, ...]
    vgpus: tuple[str | None, ...]


class VgpuType(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "framebuffer_size": "framebufferSize",
        "gpu_groups": "gpuGroups",
        "max_heads": "maxHeads",
        "max_resolution_x": "maxResolutionX",
        "max_resolution_y": "maxResolutionY",
        "model_name": "modelName",
        "vendor_name": "vendorName",
    },
):
    """A kind of virtual GPU, where it is enabled, and who has one. `framebuffer_size` is bytes."""

    type: Literal["vgpuType"] = "vgpuType"
    experimental: bool
    framebuffer_size: int
    gpu_groups: tuple[str | None, ...]
    max_heads: int
    max_resolution_x: int
    max_resolution_y: int
    model_name: str
    pgpus: tuple[str | None, ...]
    vendor_name: str
    vgpus: tuple[str | None, ...]


RESOURCES = (
    Resource(type="PGPU", collection="pgpus", struct=PGPU, privilege="pgpu", title="GPU of a host"),
    Resource(type="vgpu", collection="vgpus", struct=VGPU, privilege="vgpu", title="virtual GPU"),
    Resource(type="gpuGroup", collection="gpu-groups", struct=GpuGroup, privilege="gpuGroup", title="GPU group"),
    Resource(type="vgpuType", collection="vgpu-types", struct=VgpuType, privilege="vgpuType", title="virtual GPU type"),
)


def pgpu(ref: Ref, record: PGPURecord, look: Lookup) -> PGPU:
    host, vgpus = look.link(record.host), look.links(record.resident_VGPUs)
    return PGPU(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        host=host,
        host_link=host,
        dom0_access=record.dom0_access,
        enabled_vgpu_types=look.links(record.enabled_VGPU_types),
        gpu_group=look.link(record.GPU_group),
        is_system_display_device=record.is_system_display_device,
        pci=look.link(record.PCI),
        supported_vgpu_types=look.links(record.supported_VGPU_types),
        vgpus=vgpus,
        vgpu_links=vgpus,
    )


def vgpu(ref: Ref, record: VGPURecord, look: Lookup) -> VGPU:
    return VGPU(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        currently_attached=record.currently_attached,
        device=record.device,
        gpu_group=look.link(record.GPU_group),
        other_config=record.other_config,
        resident_on=look.link(record.resident_on),
        vgpu_type=look.link(record.type),
        vm=look.link(record.VM),
    )


def gpu_group(ref: Ref, record: GPU_groupRecord, look: Lookup) -> GpuGroup:
    return GpuGroup(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label,
        name_description=record.name_description,
        allocation=record.allocation_algorithm,
        enabled_vgpu_types=look.links(record.enabled_VGPU_types),
        gpu_types=record.GPU_types,
        other_config=record.other_config,
        pgpus=look.links(record.PGPUs),
        supported_vgpu_types=look.links(record.supported_VGPU_types),
        vgpus=look.links(record.VGPUs),
    )


def vgpu_type(ref: Ref, record: VGPU_typeRecord, look: Lookup) -> VgpuType:
    return VgpuType(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        experimental=record.experimental,
        framebuffer_size=record.framebuffer_size,
        gpu_groups=look.links(record.enabled_on_GPU_groups),
        max_heads=record.max_heads,
        max_resolution_x=record.max_resolution_x,
        max_resolution_y=record.max_resolution_y,
        model_name=record.model_name,
        pgpus=look.links(record.enabled_on_PGPUs),
        vendor_name=record.vendor_name,
        vgpus=look.links(record.VGPUs),
    )
