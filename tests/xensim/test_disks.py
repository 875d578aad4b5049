"""Disks, the SRs that hold them, and hosts: what calls change and what they refuse."""

from collections.abc import Iterator

import pytest

from tests.xensim.lab import GIB, Lab, opened, vdi_record
from xensim.ops import devices
from xensim.ops.values import mapping, number, strings, text
from xensim.schema import NULL_REF


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


async def test_disks_are_made_resized_and_copied(lab: Lab) -> None:
    used = number(lab.db.field("SR", lab.nfs, "virtual_allocation"))
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs, GIB + 1))
    assert lab.db.field("VDI", vdi, "virtual_size") == GIB + (2 << 20)
    await lab.call("VDI.resize", vdi, 4 * GIB)
    snapshot = await lab.call("VDI.snapshot", vdi)
    assert lab.db.field("VDI", snapshot, "snapshot_of") == vdi
    assert lab.db.field("VDI", vdi, "snapshots") == [snapshot]
    assert number(lab.db.field("SR", lab.nfs, "virtual_allocation")) - used == 8 * GIB
    base = lab.db.by_uuid("VDI", mapping(lab.db.field("VDI", vdi, "sm_config"))["vhd-parent"])
    assert await lab.fails("VDI.destroy", base) == ["VDI_NOT_MANAGED", base]


async def test_storage_says_what_it_cannot_do(lab: Lab) -> None:
    broken = lab.db.by_name("SR", "Old NFS (decommissioned)")[0]
    assert await lab.fails("VDI.create", vdi_record(broken)) == ["SR_HAS_NO_PBDS", broken]
    assert await lab.fails("SR.scan", broken) == ["SR_HAS_NO_PBDS", broken]
    stick = lab.db.by_name("VDI", "SCSI 6:0:0:0")[0]
    udev = text(lab.db.field("VDI", stick, "SR"))
    assert await lab.fails("VDI.create", vdi_record(udev)) == ["SR_OPERATION_NOT_SUPPORTED", udev]
    assert await lab.fails("VDI.destroy", stick) == ["VDI_IS_A_PHYSICAL_DEVICE", stick]
    assert await lab.fails("VDI.snapshot", stick) == ["SR_OPERATION_NOT_SUPPORTED", udev]
    iscsi = lab.db.by_name("SR", "iSCSI tier 1")[0]
    record = lab.db.record("SR", iscsi)
    free = number(record["physical_size"]) - number(record["physical_utilisation"])
    assert await lab.fails("VDI.create", vdi_record(iscsi, 1 << 50)) == ["SR_FULL", str(1 << 50), str(free)]


async def test_pbds_are_plugged_and_unplugged(lab: Lab) -> None:
    vm = await lab.running_vm()
    host = lab.vm(vm)["resident_on"]
    pbd = next(p for p in strings(lab.db.field("SR", lab.nfs, "PBDs")) if lab.db.field("PBD", p, "host") == host)
    failure = await lab.fails("PBD.unplug", pbd)
    assert failure[0] == "VDI_IN_USE"
    assert lab.disk(vm) in failure
    assert await lab.fails("PBD.destroy", pbd) == ["OPERATION_NOT_ALLOWED", "PBD is currently attached"]
    archive = lab.db.by_name("SR", "Archive share")[0]
    unplugged = next(
        p for p in strings(lab.db.field("SR", archive, "PBDs")) if not lab.db.field("PBD", p, "currently_attached")
    )
    await lab.call("PBD.plug", unplugged)
    await lab.call("PBD.plug", unplugged)  # once more does no harm
    assert lab.db.field("PBD", unplugged, "currently_attached") is True
    old = lab.db.by_name("SR", "Old NFS (decommissioned)")[0]
    failure = await lab.fails("PBD.plug", strings(lab.db.field("SR", old, "PBDs"))[0])
    assert failure[0] == "SR_BACKEND_FAILURE_73"


async def test_an_sr_is_forgotten_when_nothing_is_plugged(lab: Lab) -> None:
    assert await lab.fails("SR.forget", lab.nfs) == ["SR_HAS_PBD", lab.nfs]
    old = lab.db.by_name("SR", "Old NFS (decommissioned)")[0]
    assert "forget" in strings(lab.db.field("SR", old, "allowed_operations"))
    await lab.call("pool.set_default_SR", lab.pool.ref, old)
    await lab.call("SR.forget", old)
    assert not lab.db.exists("SR", old)
    assert lab.db.field("pool", lab.pool.ref, "default_SR") == NULL_REF


async def test_a_scan_counts_what_is_there(lab: Lab) -> None:
    await lab.call("VDI.create", vdi_record(lab.nfs))
    lab.db.set("SR", lab.nfs, physical_utilisation=0)
    await lab.call("SR.scan", lab.nfs)
    assert number(lab.db.field("SR", lab.nfs, "physical_utilisation")) > 0


async def test_hosts_say_what_they_allow(lab: Lab) -> None:
    host = lab.hosts[1]
    await lab.call("host.disable", host)
    assert lab.db.field("host", host, "enabled") is False
    assert {"shutdown", "reboot", "apply_updates"} <= set(strings(lab.db.field("host", host, "allowed_operations")))
    await lab.call("host.enable", host)
    assert "shutdown" not in strings(lab.db.field("host", host, "allowed_operations"))


async def test_device_names_follow_positions() -> None:
    assert [devices.device_name(at) for at in ("0", "3", "26", "254", "hdc")] == [
        "xvda",
        "xvdd",
        "xvdaa",
        "xvdiu",
        "hdc",
    ]
