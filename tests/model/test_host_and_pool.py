"""The rules of hosts and pools that the recorded pool does not exercise."""

from typing import Any

import pytest

from podium.xapi.records import (
    CertificateRecord,
    Host_metricsRecord,
    Host_patchRecord,
    HostRecord,
    Pool_patchRecord,
    Pool_updateRecord,
    PoolRecord,
    SRRecord,
    VDIRecord,
)
from tests.model.lookup import POOL_ID, Scene, ref

GIB = 2**30


def show(record: HostRecord, **others: Any) -> dict[str, Any]:
    return Scene(host=record, **others).show("host")


def test_a_host_without_metrics() -> None:
    shown = show(HostRecord(metrics=ref("gone")))
    assert shown["power_state"] == "Unknown"
    assert shown["memory"] == {"size": 0, "usage": 0, "total": 0}


def test_a_dead_host_uses_no_memory() -> None:
    metrics = Host_metricsRecord(memory_total=2 * GIB - 5, memory_free=GIB, live=False)
    shown = show(HostRecord(metrics=ref("metrics")), metrics=metrics)
    assert (shown["power_state"], shown["memory"]) == ("Halted", {"size": 2 * GIB, "usage": 0})


def test_memory_is_rounded_up_to_whole_gibibytes() -> None:
    metrics = Host_metricsRecord(memory_total=2 * GIB - 5, memory_free=GIB, live=True)
    assert show(HostRecord(metrics=ref("metrics")), metrics=metrics)["memory"] == {"size": 2 * GIB, "usage": GIB}
    exact = Host_metricsRecord(memory_total=2 * GIB, memory_free=0, live=True)
    assert show(HostRecord(metrics=ref("metrics")), metrics=exact)["memory"]["size"] == 2 * GIB


def test_a_disabled_host_says_so() -> None:
    assert show(HostRecord(enabled=False))["enabled"] is False


def test_a_bare_host() -> None:
    shown = show(HostRecord())
    for name in ("startTime", "agentStartTime", "license_expiry"):
        assert shown[name] is None
    assert shown["cpus"] == {}
    assert shown["chipset_info"] == {}
    assert shown["iscsiIqn"] == ""
    assert shown["hvmCapable"] is False
    assert not {"build", "version", "productBrand", "certificates", "controlDomain"} & set(shown)


def test_values_of_older_hosts() -> None:
    record = HostRecord(
        other_config={"iscsi_iqn": "iqn.old", "multipathing": "true"},
        chipset_info={"iommu": "false"},
        cpu_info={"cpu_count": "8", "socket_count": "?"},
        capabilities=("xen-3.0-x86_64", "hvm-3.0-x86_64", ""),
        license_params={"expiry": "never"},
    )
    shown = show(record)
    assert shown["iscsiIqn"] == "iqn.old"
    assert shown["multipathing"] is True
    assert shown["chipset_info"] == {"iommu": False}
    assert shown["cpus"] == {"cores": 8}
    assert shown["hvmCapable"] is True
    assert shown["license_expiry"] is None
    assert shown["zstdSupported"] is False


def test_certificates() -> None:
    shown = show(
        HostRecord(certificates=(ref("first"), ref("gone"), ref("second"))),
        first=CertificateRecord(fingerprint="AA", fingerprint_sha256="BB", not_after="20261122T15:06:10Z"),
        second=CertificateRecord(fingerprint_sha256="CC"),
    )
    assert shown["certificates"] == [
        {"fingerprint": "AA", "notAfter": 1795359970},
        {"fingerprint": "CC", "notAfter": None},
    ]


@pytest.mark.parametrize(
    ("brand", "booted", "installed", "updates", "required"),
    [
        ("XCP-ng", "100.", "200", (), True),
        ("XCP-ng", "200.", "100", ("OpaqueRef:u",), False),
        ("XCP-ng", None, "200", (), False),
        ("XCP-ng", "100.", "soon", (), False),
        ("XCP-ng", "100.", None, (), False),
        ("XenServer", "100.", "200", (), False),
        ("XenServer", None, None, ("OpaqueRef:u",), True),
    ],
)
def test_reboot_required(
    brand: str, booted: str | None, installed: str | None, updates: tuple[str, ...], *, required: bool
) -> None:
    other = {"boot_time": booted, "rpm_patch_installation_time": installed}
    record = HostRecord(
        software_version={"product_brand": brand},
        other_config={key: value for key, value in other.items() if value is not None},
        updates_requiring_reboot=updates,
    )
    assert show(record)["rebootRequired"] is required


def test_supplemental_packs_of_the_update_system() -> None:
    shown = show(
        HostRecord(
            software_version={"product_version": "8.2.1", "xs:main": "ignored, version 1"},
            updates=(ref("hotfix"), ref("pack"), ref("gone"), ref("plain")),
        ),
        hotfix=Pool_updateRecord(name_label="XS82E001"),
        pack=Pool_updateRecord(
            name_label="driver-disk",
            name_description="a driver",
            key="RPM-GPG-KEY-Vendor",
            version="1.0",
            after_apply_guidance=("restartHost",),
            hosts=(ref("host"),),
            vdi=ref("vdi"),
            installation_size=7,
        ),
        plain=Pool_updateRecord(name_label="plain"),
        vdi=VDIRecord(),
    )
    assert shown["supplementalPacks"] == [
        {
            "name": "driver-disk",
            "description": "a driver",
            "author": "Vendor",
            "version": "1.0",
            "guidance": ["restartHost"],
            "hosts": ["host-uuid"],
            "vdi": "vdi-uuid",
            "size": 7,
        },
        {"name": "plain", "description": "", "version": "", "guidance": [], "hosts": [], "size": 0},
    ]


def test_supplemental_packs_before_the_update_system() -> None:
    software = {
        "product_version": "7.0.0",
        "xs:linux": "XenServer Linux Pack, version 7.0.0, build 125380c",
        "odd:pack": "no version",
        "a:b:c": "ignored",
    }
    assert show(HostRecord(software_version=software))["supplementalPacks"] == [
        {"name": "linux", "description": "XenServer Linux Pack", "author": "xs", "version": "7.0.0"},
        {"name": "pack", "description": "no version", "author": "odd"},
    ]


def test_patches_of_before_the_update_system() -> None:
    scene = Scene(
        host=HostRecord(patches=(ref("applied"),)),
        applied=Host_patchRecord(
            name_label="XS70E001",
            name_description="fix",
            host=ref("host"),
            applied=True,
            timestamp_applied="20261122T15:06:10Z",
            size=9,
            pool_patch=ref("source"),
        ),
        source=Pool_patchRecord(
            name_label="XS70E001",
            pool_applied=True,
            after_apply_guidance=("restartHost",),
            host_patches=(ref("applied"),),
            size=9,
        ),
        orphan=Host_patchRecord(host=ref("gone"), pool_patch="OpaqueRef:NULL"),
    )
    assert scene.show("host")["patches"] == ["applied-uuid"]
    applied = scene.show("applied")
    assert applied["type"] == "patch"
    assert (applied["applied"], applied["enforceHomogeneity"], applied["guidance"]) == (True, True, ["restartHost"])
    assert (applied["name"], applied["description"], applied["size"]) == ("XS70E001", "fix", 9)
    assert (applied["time"], applied["$host"], applied["pool_patch"]) == (1795359970, "host-uuid", ref("source"))
    source = scene.show("source")
    assert (source["type"], source["id"], source["uuid"]) == ("pool_patch", ref("source"), ref("source"))
    assert (source["dataUuid"], source["$host_patches"]) == ("source-uuid", ["applied-uuid"])
    orphan = scene.show("orphan")
    assert (orphan["enforceHomogeneity"], orphan["guidance"]) == (False, [])
    assert not {"$host", "pool_patch"} & set(orphan)


def test_a_pool_without_a_name_has_its_masters() -> None:
    pool = PoolRecord(uuid=POOL_ID, master=ref("master"))
    assert Scene(pool=pool, master=HostRecord(name_label="first")).show("pool")["name_label"] == "first"
    nameless = Scene(pool=pool).show("pool")
    assert nameless["name_label"] == ""
    assert not {"master", "platform_version", "default_SR"} & set(nameless)


def test_ha_srs_are_those_of_the_state_files_that_exist() -> None:
    pool = PoolRecord(uuid=POOL_ID, ha_enabled=True, ha_statefiles=(ref("file"), ref("gone"), ref("lost")))
    scene = Scene(pool=pool, file=VDIRecord(SR=ref("sr")), lost=VDIRecord(SR=ref("no sr")), sr=SRRecord())
    shown = scene.show("pool")
    assert (shown["HA_enabled"], shown["haSrs"]) == (True, ["sr-uuid"])


def test_pool_restrictions_and_processors() -> None:
    pool = PoolRecord(
        uuid=POOL_ID,
        restrictions={"restrict_zstd_export": "true", "restrict_vtpm": "false"},
        cpu_info={"cpu_count": "x"},
        ha_reboot_vm_on_internal_shutdown=False,
    )
    shown = Scene(pool=pool).show("pool")
    assert (shown["zstdSupported"], shown["vtpmSupported"], shown["cpus"]) == (False, True, {})
    assert (shown["auto_poweron"], shown["haRebootVmOnInternalShutdown"]) == (False, False)
