"""Hosts: the machines of a pool."""

from typing import Literal

import msgspec
from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.dates import timestamp
from podium.model.identity import object_id
from podium.model.numbers import integer, number, version
from podium.xapi.records import CertificateRecord, Host_metricsRecord, HostRecord, Pool_updateRecord, Ref

GIB = 2**30
UPDATE_SYSTEM = (7, 1)
"""The product version from which supplemental packs are `pool_update` records."""


def platform_version(record: HostRecord) -> str | None:
    """Fact: the version of the platform, e.g. "3.4.0"."""
    return record.software_version.get("platform_version")


def name(record: HostRecord) -> str:
    """Fact: the host's name."""
    return record.name_label


class HostCpus(msgspec.Struct, frozen=True, gc=False):
    cores: int | Maybe = UNSET
    sockets: int | Maybe = UNSET


class HostMemory(msgspec.Struct, frozen=True, gc=False):
    """Bytes. `total` is deprecated and only there when the host has no metrics."""

    size: int
    usage: int
    total: int | Maybe = UNSET


class ChipsetInfo(msgspec.Struct, frozen=True, gc=False):
    iommu: bool | Maybe = UNSET


class HostCertificate(msgspec.Struct, frozen=True, gc=False, rename={"not_after": "notAfter"}):
    fingerprint: str
    not_after: int | None


class SupplementalPack(msgspec.Struct, frozen=True, gc=False):
    """An add-on to the host's system. From 7.1 on with `guidance`, `hosts`, `size` (bytes) and `vdi`."""

    name: str
    description: str
    author: str | Maybe = UNSET
    version: str | Maybe = UNSET
    guidance: tuple[str, ...] | Maybe = UNSET
    hosts: tuple[str | None, ...] | Maybe = UNSET
    vdi: str | Maybe = UNSET
    size: int | Maybe = UNSET


class Host(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "pbds": "$PBDs",
        "pci_links": "$PCIs",
        "pgpu_links": "$PGPUs",
        "pif_links": "$PIFs",
        "cpu_info": "CPUs",
        "pcis": "PCIs",
        "pgpus": "PGPUs",
        "pifs": "PIFs",
        "agent_start_time": "agentStartTime",
        "control_domain": "controlDomain",
        "hvm_capable": "hvmCapable",
        "iscsi_iqn": "iscsiIqn",
        "other_config": "otherConfig",
        "power_on_mode": "powerOnMode",
        "product_brand": "productBrand",
        "reboot_required": "rebootRequired",
        "resident_vms": "residentVms",
        "start_time": "startTime",
        "supplemental_packs": "supplementalPacks",
        "zstd_supported": "zstdSupported",
    },
):
    """A host. `cpu_info` and the doubled links are deprecated in Xen Orchestra and still served. Times are seconds."""

    type: Literal["host"] = "host"
    name_label: str
    name_description: str
    address: str
    hostname: str
    enabled: bool
    power_state: Literal["Running", "Halted", "Unknown"]
    tags: tuple[str, ...]
    pbds: tuple[str | None, ...]
    pcis: tuple[str | None, ...]
    pci_links: tuple[str | None, ...]
    pgpus: tuple[str | None, ...]
    pgpu_links: tuple[str | None, ...]
    pifs: tuple[str | None, ...]
    pif_links: tuple[str | None, ...]
    patches: tuple[str | None, ...]
    resident_vms: tuple[str | None, ...]
    control_domain: str | Maybe = UNSET
    agent_start_time: int | None
    start_time: int | None
    bios_strings: dict[str, str]
    build: str | Maybe = UNSET
    version: str | Maybe = UNSET
    product_brand: str | Maybe = UNSET
    certificates: tuple[HostCertificate, ...] | Maybe = UNSET
    chipset_info: ChipsetInfo
    cpu_info: dict[str, str]
    cpus: HostCpus
    current_operations: dict[str, str]
    hvm_capable: bool
    iscsi_iqn: str
    license_expiry: int | None
    license_params: dict[str, str]
    license_server: dict[str, str]
    logging: dict[str, str]
    memory: HostMemory
    multipathing: bool
    other_config: dict[str, str]
    power_on_mode: str
    reboot_required: bool
    supplemental_packs: tuple[SupplementalPack, ...]
    zstd_supported: bool


RESOURCES = (Resource(type="host", collection="hosts", struct=Host, privilege="host", title="host"),)


def host(ref: Ref, record: HostRecord, look: Lookup) -> Host:
    metrics = look.record(Host_metricsRecord, record.metrics)
    other_config, software, cpu_info = record.other_config, record.software_version, record.cpu_info
    pcis, pgpus, pifs = look.links(record.PCIs), look.links(record.PGPUs), look.links(record.PIFs)
    return Host(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        name_label=record.name_label,
        name_description=record.name_description,
        address=record.address,
        hostname=record.hostname,
        enabled=record.enabled,
        power_state="Unknown" if metrics is None else "Running" if metrics.live else "Halted",
        tags=record.tags,
        pbds=look.links(record.PBDs),
        pcis=pcis,
        pci_links=pcis,
        pgpus=pgpus,
        pgpu_links=pgpus,
        pifs=pifs,
        pif_links=pifs,
        patches=look.links(record.patches),
        resident_vms=look.links(record.resident_VMs),
        control_domain=look.link(record.control_domain),
        agent_start_time=timestamp(other_config.get("agent_start_time")),
        start_time=timestamp(other_config.get("boot_time")),
        bios_strings=record.bios_strings,
        build=software.get("build_number", UNSET),
        version=software.get("product_version", UNSET),
        product_brand=software.get("product_brand", UNSET),
        certificates=_certificates(record, look) if record.certificates else UNSET,
        chipset_info=_chipset(record.chipset_info),
        cpu_info=cpu_info,
        cpus=HostCpus(integer(cpu_info.get("cpu_count")), integer(cpu_info.get("socket_count"))),
        current_operations=record.current_operations,
        hvm_capable=any(capability.startswith("hvm") for capability in record.capabilities),
        iscsi_iqn=record.iscsi_iqn or other_config.get("iscsi_iqn", ""),
        license_expiry=timestamp(record.license_params.get("expiry")),
        license_params=record.license_params,
        license_server=record.license_server,
        logging=record.logging,
        memory=_memory(metrics),
        multipathing=other_config.get("multipathing") == "true",
        other_config=other_config,
        power_on_mode=record.power_on_mode,
        reboot_required=_reboot_required(record),
        supplemental_packs=_supplemental_packs(record, look),
        zstd_supported=record.license_params.get("restrict_zstd_export") == "false",
    )


def _memory(metrics: Host_metricsRecord | None) -> HostMemory:
    """The size is rounded up to whole GiB: Xen keeps a little for itself."""
    if metrics is None:
        return HostMemory(0, 0, 0)
    size = -(-metrics.memory_total // GIB) * GIB
    return HostMemory(size, size - metrics.memory_free if metrics.live else 0)


def _chipset(chipset_info: dict[str, str]) -> ChipsetInfo:
    iommu = chipset_info.get("iommu")
    return ChipsetInfo(UNSET if iommu is None else iommu == "true")


def _certificates(record: HostRecord, look: Lookup) -> tuple[HostCertificate, ...]:
    certificates = [look.record(CertificateRecord, ref) for ref in record.certificates]
    return tuple(
        HostCertificate(found.fingerprint or found.fingerprint_sha256, timestamp(found.not_after))
        for found in certificates
        if found is not None
    )


def _reboot_required(record: HostRecord) -> bool:
    """XCP-ng: packages were installed after the boot. XenServer: it says so itself."""
    if record.software_version.get("product_brand") != "XCP-ng":
        return bool(record.updates_requiring_reboot)
    booted = timestamp(record.other_config.get("boot_time"))
    installed = number(record.other_config.get("rpm_patch_installation_time"))
    return booted is not None and installed is not None and booted < installed


def _supplemental_packs(record: HostRecord, look: Lookup) -> tuple[SupplementalPack, ...]:
    if version(record.software_version.get("product_version", "")) < UPDATE_SYSTEM:
        return _old_packs(record.software_version)
    updates = [look.record(Pool_updateRecord, ref) for ref in record.updates]
    return tuple(
        _pack(update, look) for update in updates if update is not None and not update.name_label.startswith("XS")
    )


def _pack(update: Pool_updateRecord, look: Lookup) -> SupplementalPack:
    """`author` is the fourth word of the signing key's name, `RPM-GPG-KEY-<author>`."""
    words = update.key.split("-")
    return SupplementalPack(
        name=update.name_label,
        description=update.name_description,
        author=words[3] if len(words) > 3 else UNSET,
        version=update.version,
        guidance=update.after_apply_guidance,
        hosts=look.links(update.hosts),
        vdi=look.link(update.vdi),
        size=update.installation_size,
    )


def _old_packs(software_version: dict[str, str]) -> tuple[SupplementalPack, ...]:
    """Before 7.1: `"xs:linux": "XenServer Linux Pack, version 6.5.0, build 90233c"` among the software versions."""
    packs = []
    for key, value in software_version.items():
        author, colon, pack = key.partition(":")
        if not colon or ":" in pack:
            continue
        description, _, rest = value.partition(", ")
        words = rest.split(",")[0].split(" ")
        packs.append(
            SupplementalPack(pack, description, author, words[1] if len(words) > 1 and words[0] == "version" else UNSET)
        )
    return tuple(packs)
