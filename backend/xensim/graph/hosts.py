"""Hosts with their processors, metrics, certificates, updates and control domains, and the pool itself."""

from collections.abc import Mapping, Sequence

from xensim.graph.mint import DAY, GIB, Mint
from xensim.graph.site import Host, Site
from xensim.ops import device_rules

MIB = 1 << 20
DOM0_MEMORY = 8 * GIB
XEN_MEMORY = 2 * GIB

_FEATURES_OFF = (
    "vlan", "qos", "pool_attached_storage", "pooling", "email_alerting", "historical_performance", "wlb", "rbac", "dmc",
    "checkpoint", "cpu_masking", "connection", "vmpr", "vmss", "intellicache", "gpu", "dr", "vif_locking",
    "storage_xen_motion", "vgpu", "integrated_gpu_passthrough", "vss", "guest_agent_auto_update", "xen_motion",
    "guest_ip_setting", "ad", "nested_virt", "live_patching", "set_vcpus_number_live", "pvs_proxy", "igmp_snooping",
    "rpu", "pool_size", "cbt", "usb_passthrough", "network_sriov", "corosync", "cluster_address", "zstd_export",
    "pool_secret_rotation", "certificate_verification", "updates", "internal_repo_access", "vtpm", "vm_groups",
)  # fmt: skip
RESTRICTIONS = {f"restrict_{name}": "false" for name in _FEATURES_OFF} | {"enable_xha": "true"}
_LEVELLED = "1fcbfbff-f7fa3223-2d93fbff-00000523-00000001-001c0fbb-00000000-00000000-00001000-9c000400"
_CPU = {
    "vendor": "GenuineIntel", "speed": "2294.609", "modelname": "Intel(R) Xeon(R) Gold 6338N CPU @ 2.20GHz",
    "family": "6", "model": "106", "stepping": "6", "threads_per_core": "2", "nr_nodes": "2",
    "flags": "fpu de tsc msr pae mce cx8 apic sep mca cmov pat clflush acpi mmx fxsr sse sse2 ht syscall nx rdtscp lm "
    "constant_tsc rep_good nopl nonstop_tsc cpuid aperfmperf pni pclmulqdq monitor est ssse3 fma cx16 sse4_1 sse4_2 "
    "movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch avx2 bmi2 erms rdseed adx smap",
    "features_pv": _LEVELLED, "features_hvm": _LEVELLED, "features_pv_host": _LEVELLED,
    "features_hvm_host": _LEVELLED,
}  # fmt: skip
_VERSION = {
    "product_version": "8.3.0", "product_version_text": "8.3", "product_version_text_short": "8.3",
    "platform_name": "XCP", "platform_version": "3.4.0", "product_brand": "XCP-ng", "build_number": "cloud",
    "git_id": "0", "hostname": "localhost", "date": "20250916", "dbv": "0.0.1", "xapi": "25.6", "xapi_build": "25.6.0",
    "xen": "4.17.5-15", "linux": "4.19.0+1", "xencenter_min": "2.21", "xencenter_max": "2.21",
    "network_backend": "openvswitch", "db_schema": "5.787",
}  # fmt: skip
_TAGS: tuple[list[str], ...] = (["rack A"], ["rack A", "gpu"], ["rack B"], [])


def build(site: Site, *, count: int, addresses: Sequence[str], certificates: Mapping[str, str]) -> None:
    """Add `count` hosts and the pool; the first host is the coordinator."""
    cores = 32 if site.vms <= 100 * count else 128
    for index in range(count):
        address = addresses[index] if index < len(addresses) else f"127.0.0.{1 + index}"
        site.hosts.append(_host(site.mint, index, address, cores))
    for host in site.hosts:
        _parts(site.mint, host, cores, certificates)
    site.pool = _pool(site, cores)
    _updates(site)


def _host(mint: Mint, index: int, address: str, cores: int) -> Host:
    uuid, name = mint.uuid(), f"xcp-{index + 1:02d}"
    boot = mint.moment(3, 90)
    metrics = mint.add(
        "host_metrics", memory_total=256 * GIB, memory_free=256 * GIB, live=True, last_updated=mint.ago(0)
    )
    iqn = f"iqn.2024-05.com.example:{uuid[:8]}"
    ref = mint.add(
        "host",
        uuid=uuid,
        name_label=name,
        name_description=("Default install", "Default install", "Bought in 2024, extended warranty")[index % 3],
        memory_overhead=XEN_MEMORY,
        allowed_operations=device_rules.HOST_ENABLED,
        API_version_major=2,
        API_version_minor=21,
        API_version_vendor="XenSource",
        enabled=True,
        software_version=_VERSION,
        other_config={
            "agent_start_time": f"{int(boot) + 95}.",
            "boot_time": f"{int(boot)}.",
            "iscsi_iqn": iqn,
            "multipathing": "true" if index % 2 else "false",
            "rpm_patch_installation_time": f"{boot + (DAY if index == 2 else -DAY):.6f}",
        },
        capabilities=["xen-3.0-x86_64", "hvm-3.0-x86_32", "hvm-3.0-x86_32p", "hvm-3.0-x86_64", ""],
        sched_policy="credit",
        supported_bootloaders=["pygrub", "eliloader"],
        logging={"syslog_destination": "10.20.0.5"} if index == 0 else {},
        cpu_info=_cpu_info(cores),
        hostname=name,
        address=address,
        metrics=metrics,
        license_params=_license(mint),
        tags=_TAGS[index % len(_TAGS)],
        edition="xcp-ng",
        editions=["xcp-ng"],
        license_server={"address": "localhost", "port": "27000"},
        bios_strings=_bios(mint),
        power_on_mode=("", "wake-on-lan", "")[index % 3],
        chipset_info={"iommu": "true"},
        ssl_legacy=False,
        virtual_hardware_platform_versions=[0, 1, 2],
        iscsi_iqn=iqn,
        multipathing=bool(index % 2),
        tls_verification_enabled=True,
        last_software_update=mint.date(10, 60),
        last_update_hash="",
        https_only=False,
        pending_guidances=["restart_toolstack"] if index == 1 else [],
        ntp_custom_servers=[],
    )
    return Host(ref=ref, name=name, uuid=uuid, address=address, index=index)


def _cpu_info(cores: int) -> dict[str, str]:
    return _CPU | {"cpu_count": str(cores), "socket_count": "2"}


def _license(mint: Mint) -> dict[str, str]:
    who = dict.fromkeys(
        ("company", "name", "address1", "address2", "city", "state", "postalcode", "country", "phone"), ""
    )
    return RESTRICTIONS | who | {
        "license_type": "", "sku_type": "free", "sku_marketing_name": "XCP-ng", "expiry": "20991231T00:00:00Z",
        "productcode": "", "version": "8.3.0", "serialnumber": mint.uuid()[:8], "regular_nag_dialog": "false",
    }  # fmt: skip


def _bios(mint: Mint) -> dict[str, str]:
    return {
        "bios-vendor": "Dell Inc.", "bios-version": "1.14.1", "system-manufacturer": "Dell Inc.",
        "system-product-name": "PowerEdge R650", "system-version": "", "system-serial-number": mint.uuid()[:7].upper(),
        "baseboard-manufacturer": "Dell Inc.", "baseboard-product-name": "0PYXKY", "baseboard-version": "A02",
        "baseboard-serial-number": ".", "hp-rombios": "", "oem-1": "Xen",
        "oem-2": "MS_VM_CERT/SHA1/bdbeb6e0a816d43fa6d3fe8aaef04c2bad9d3e3d", "oem-3": "Dell System",
    }  # fmt: skip


def _parts(mint: Mint, host: Host, cores: int, certificates: Mapping[str, str]) -> None:
    for number in range(cores):
        mint.add(
            "host_cpu",
            host=host.ref, number=number, vendor=_CPU["vendor"], speed=2294, modelname=_CPU["modelname"], family=6,
            model=106, stepping="6", flags=_CPU["flags"], features=_LEVELLED, utilisation=0.0,
        )  # fmt: skip
    for kind in ("host", "host_internal"):
        given = certificates.get(host.address) if kind == "host" else None
        sha256 = given or mint.fingerprint()
        mint.add(
            "Certificate",
            type=kind, host=host.ref, not_before=mint.ago(200), not_after=mint.ago(200 - 3650), fingerprint=sha256,
            fingerprint_sha256=sha256, fingerprint_sha1=mint.fingerprint(20),
        )  # fmt: skip
    mint.add(
        "Feature",
        name_label="guest_agent_auto_update", name_description="Guest agents are updated automatically", enabled=True,
        experimental=False, version="1.0", host=host.ref,
    )  # fmt: skip
    if host.index == 0:
        mint.add("host_crashdump", host=host.ref, timestamp=mint.date(20, 300), size=96 * MIB)
    host.dom0 = _control_domain(mint, host)
    mint.db.set("host", host.ref, control_domain=host.dom0)


def _control_domain(mint: Mint, host: Host) -> str:
    metrics = mint.add(
        "VM_metrics",
        memory_actual=DOM0_MEMORY, VCPUs_number=16, start_time=mint.date(3, 90), install_time=mint.date(300, 400),
        last_updated=mint.ago(0), current_domain_type="pv",
    )  # fmt: skip
    dom0 = mint.add(
        "VM",
        allowed_operations=["metadata_export", "changing_static_range", "changing_dynamic_range"],
        name_label=f"Control domain on host: {host.name}",
        name_description="The domain which manages physical devices and manages other domains",
        power_state="Running",
        user_version=1,
        resident_on=host.ref,
        affinity=host.ref,
        memory_overhead=0,
        memory_target=DOM0_MEMORY,
        memory_static_max=DOM0_MEMORY,
        memory_dynamic_max=DOM0_MEMORY,
        memory_dynamic_min=DOM0_MEMORY,
        memory_static_min=DOM0_MEMORY,
        VCPUs_max=16,
        VCPUs_at_startup=16,
        actions_after_shutdown="destroy",
        actions_after_reboot="destroy",
        actions_after_crash="destroy",
        is_control_domain=True,
        domid=0,
        domarch="x64",
        domain_type="pv",
        metrics=metrics,
        generation_id="",
    )
    for protocol in ("rfb", "vt100"):
        ref = mint.add("console", protocol=protocol, VM=dom0, location="")
        mint.db.set("console", ref, location=f"https://{host.address}/console?ref={ref}")
    return dom0


def _pool(site: Site, cores: int) -> str:
    mint = site.mint
    cpu = {key: _CPU[key] for key in ("vendor", "features_pv", "features_hvm", "features_pv_host", "features_hvm_host")}
    return mint.add(
        "pool",
        name_label="Lakeside",
        name_description="A simulated pool: break it, nobody will mind",
        master=site.hosts[0].ref,
        other_config={
            "auto_poweron": "true",
            "memory-ratio-hvm": "0.25",
            "memory-ratio-pv": "0.25",
            "cpuid_feature_mask": "ffffff7f-ffffffff-ffffffff-ffffffff",
        },
        tags=["simulated"],
        restrictions=RESTRICTIONS,
        ha_cluster_stack="xhad",
        allowed_operations=[
            "ha_enable", "cluster_create", "designate_new_master", "tls_verification_enable", "configure_repositories",
            "sync_updates", "apply_updates", "cert_refresh", "eject", "get_updates",
        ],
        cpu_info=cpu
        | {"cpu_count": str(cores * len(site.hosts)), "socket_count": str(2 * len(site.hosts)), "flags": _CPU["flags"]},
        guest_agent_config={"auto_update_enabled": "true"},
        gui_config={},
        tls_verification_enabled=True,
        telemetry_frequency="weekly",
        update_sync_frequency="weekly",
        ha_reboot_vm_on_internal_shutdown=True,
    )  # fmt: skip


def _updates(site: Site) -> None:
    """Two updates, one of them waiting for a reboot of the second host, and a patch of the old kind."""
    mint, hosts = site.mint, [host.ref for host in site.hosts]
    for at, (label, guidance) in enumerate((("XS83E001", "restartHost"), ("vendor:driver-pack", "restartXAPI"))):
        update = mint.add(
            "pool_update",
            name_label=label, name_description=f"Simulated update {at + 1}", version=f"1.{at}",
            installation_size=(30 + at) * MIB, key="simulated", after_apply_guidance=[guidance], hosts=hosts,
            enforce_homogeneity=at == 0,
        )  # fmt: skip
        if at == 0 and len(hosts) > 1:
            mint.db.set("host", hosts[1], updates_requiring_reboot=[update])
    patch = mint.add(
        "pool_patch",
        name_label="XS65ESP1", name_description="A patch of the old kind", version="1.0", size=MIB, pool_applied=True,
        after_apply_guidance=["restartHVM"],
    )  # fmt: skip
    for host in hosts:
        mint.add(
            "host_patch",
            name_label="XS65ESP1", name_description="A patch of the old kind", version="1.0", host=host, applied=True,
            timestamp_applied=mint.date(30, 60), size=MIB, pool_patch=patch,
        )  # fmt: skip
