"""SRs that are made, probed for, forgotten, found again and destroyed."""

from collections.abc import Iterator

import pytest
from defusedxml.ElementTree import fromstring

from tests.xensim.lab import GIB, Lab, opened, vdi_record
from xensim.ops import filers
from xensim.ops.values import strings, text
from xensim.schema import NULL_REF

NFS = {"server": "10.20.0.250", "serverpath": "/export/backup"}
ISCSI = {"target": "10.20.0.251", "targetIQN": "iqn.2001-05.com.example:tier2"}
LUN = "36589cfc000000d7a5e8f6b0f2c1a0c21"


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


async def make(lab: Lab, kind: str, config: dict[str, str], *, shared: bool = True, label: str = "new") -> str:
    return await lab.call("SR.create", lab.hosts[0], config, 0, label, "", kind, "user", shared, {})


async def refused(lab: Lab, kind: str, config: dict[str, str]) -> list[str]:
    arguments = [lab.hosts[0], config, 0, "x", "", kind, "user", True, {}]
    before = set(lab.db.refs("SR")), set(lab.db.refs("PBD"))
    failure = await lab.fails("SR.create", *arguments)
    assert (set(lab.db.refs("SR")), set(lab.db.refs("PBD"))) == before
    assert await lab.fails("SR.probe", lab.hosts[0], config, kind, {}) == failure
    return failure


def plugged(lab: Lab, sr: str) -> list[object]:
    return [lab.db.field("PBD", pbd, "currently_attached") for pbd in strings(lab.db.field("SR", sr, "PBDs"))]


async def unplug(lab: Lab, sr: str) -> None:
    for pbd in list(strings(lab.db.field("SR", sr, "PBDs"))):
        await lab.call("PBD.unplug", pbd)


async def test_a_shared_sr_is_plugged_everywhere(lab: Lab) -> None:
    sr = await make(lab, "NFS", NFS)
    record = lab.db.record("SR", sr)
    assert record["type"] == "nfs"
    assert plugged(lab, sr) == [True, True]
    assert record["physical_size"] == 40 * filers.TIB
    allowed = strings(record["allowed_operations"])
    assert {"scan", "unplug", "vdi_create"} <= set(allowed)
    assert "forget" not in allowed
    vdi = await lab.call("VDI.create", vdi_record(sr))
    assert "clone" in strings(lab.db.field("VDI", vdi, "allowed_operations"))


async def test_a_local_sr_belongs_to_its_host(lab: Lab) -> None:
    sr = await make(lab, "ext", {"device": "/dev/sdb"}, shared=False)
    assert plugged(lab, sr) == [True]
    assert await refused(lab, "ext", {}) == [
        "SR_BACKEND_FAILURE_90",
        "",
        "The request is missing the device parameter",
        "",
    ]
    assert (await refused(lab, "ext", {"device": "sdb"}))[0] == "SR_BACKEND_FAILURE_91"
    assert (await refused(lab, "lvm", {"device": "/dev/sda"}))[0] == "SR_BACKEND_FAILURE_105"
    again = await lab.fails("SR.create", lab.hosts[0], {"device": "/dev/sdb"}, 0, "x", "", "ext", "user", False, {})
    assert again[0] == "SR_BACKEND_FAILURE_16"
    pbd = strings(lab.db.field("SR", sr, "PBDs"))[0]
    other = {"host": lab.hosts[1], "SR": sr, "device_config": {"device": "/dev/sdb"}, "other_config": {}}
    second = await lab.call("PBD.create", other)
    assert await lab.fails("PBD.create", other) == ["PBD_EXISTS", sr, lab.hosts[1], second]
    assert await lab.fails("PBD.plug", second) == ["SR_NOT_SHARABLE", sr, lab.hosts[1]]
    assert await lab.fails("SR.set_shared", sr, False) == ["SR_HAS_MULTIPLE_PBDS", sr]
    await lab.call("PBD.destroy", second)
    await lab.call("PBD.unplug", pbd)
    await lab.call("SR.set_shared", sr, False)


async def test_drivers_say_what_is_missing_and_what_there_is(lab: Lab) -> None:
    missing = ["SR_BACKEND_FAILURE_102", "", "The request is missing the server parameter", ""]
    assert await refused(lab, "nfs", {}) == missing
    assert await lab.fails("SR.create", lab.hosts[0], {}, 0, "x", "", "frob", "user", True, {}) == [
        "SR_UNKNOWN_DRIVER",
        "frob",
    ]
    code, _, _, listing = await refused(lab, "nfs", {"server": "10.20.0.250"})
    assert code == "SR_BACKEND_FAILURE_101"
    assert "/export/vms" in [path.text for path in fromstring(listing).iter("Path")]
    assert (await refused(lab, "nfs", {"server": "10.20.0.199", "serverpath": "/old"}))[0] == "SR_BACKEND_FAILURE_108"
    assert (await refused(lab, "nfs", {"server": "h", "serverpath": "/nowhere"}))[0] == "SR_BACKEND_FAILURE_73"
    assert (await refused(lab, "nfs", {"server": "nas.invalid"}))[0] == "SR_BACKEND_FAILURE_140"
    assert (await refused(lab, "smb", {"server": "files"}))[0] == "SR_BACKEND_FAILURE_111"
    assert (await refused(lab, "iso", {}))[0] == "SR_BACKEND_FAILURE_220"
    assert (await refused(lab, "iso", {"location": "files/iso"}))[0] == "SR_BACKEND_FAILURE_225"
    assert (await refused(lab, "iso", {"location": "iso", "legacy_mode": "true"}))[0] == "SR_BACKEND_FAILURE_226"
    assert (await refused(lab, "zfs", {}))[0] == "SR_BACKEND_FAILURE_94"


async def test_iscsi_is_found_step_by_step(lab: Lab) -> None:
    assert (await refused(lab, "lvmoiscsi", {}))[0] == "SR_BACKEND_FAILURE_95"
    assert (await refused(lab, "lvmoiscsi", {"target": "10.20.0.199"}))[0] == "SR_BACKEND_FAILURE_141"
    assert (await refused(lab, "lvmoiscsi", {"target": "h", "port": "0"}))[0] == "SR_BACKEND_FAILURE_142"
    code, _, _, listing = await refused(lab, "lvmoiscsi", {"target": "10.20.0.251"})
    assert code == "SR_BACKEND_FAILURE_96"
    assert [name.text for name in fromstring(listing).iter("TargetIQN")] == list(filers.TARGETS)
    assert (await refused(lab, "lvmoiscsi", ISCSI | {"targetIQN": "iqn.x"}))[0] == "SR_BACKEND_FAILURE_83"
    code, _, _, listing = await refused(lab, "lvmoiscsi", ISCSI)
    assert code == "SR_BACKEND_FAILURE_107"
    lun = fromstring(listing).find("LUN")
    assert {child.tag for child in lun} == {"vendor", "serial", "LUNid", "size", "SCSIid"}
    assert lun.findtext("SCSIid") == LUN
    sr = await make(lab, "lvmoiscsi", ISCSI | {"SCSIid": LUN})
    assert lab.db.field("SR", sr, "physical_size") == 20 * filers.TIB
    found = await lab.call("SR.probe", lab.hosts[0], ISCSI | {"SCSIid": LUN}, "lvmoiscsi", {})
    assert [uuid.text for uuid in fromstring(found).iter("UUID")] == [lab.db.field("SR", sr, "uuid")]
    lab.db.set("host", lab.hosts[0], iscsi_iqn="")
    assert (await refused(lab, "lvmoiscsi", {"target": "10.77.0.250", "targetIQN": "iqn.x", "SCSIid": "y"}))[:3] == [
        "SR_BACKEND_FAILURE_97",
        "",
        "Unable to retrieve the host configuration ISCSI IQN parameter",
    ]


async def test_fibre_channel_lists_its_disks(lab: Lab) -> None:
    code, _, _, listing = await refused(lab, "lvmohba", {})
    assert code == "SR_BACKEND_FAILURE_107"
    device = fromstring(listing).find("BlockDevice")
    assert {"hba", "path", "id", "lun", "SCSIid", "size", "vendor"} <= {child.tag for child in device}
    assert (await refused(lab, "lvmohba", {"SCSIid": "y"}))[0] == "SR_BACKEND_FAILURE_19"
    sr = await make(lab, "lvmohba", {"SCSIid": device.findtext("SCSIid")})
    assert plugged(lab, sr) == [True, True]


async def test_a_new_iso_library_shows_what_is_on_the_share(lab: Lab) -> None:
    config = {"location": "10.20.0.250:/export/iso", "type": "nfs_iso"}
    sr = await lab.call("SR.create", lab.hosts[0], config, 0, "isos", "", "iso", "iso", True, {})
    images = strings(lab.db.field("SR", sr, "VDIs"))
    assert [lab.db.field("VDI", image, "name_label") for image in images] == [name for name, _ in filers.IMAGES]
    assert "destroy" in strings(lab.db.field("VDI", images[0], "allowed_operations"))
    await lab.call("SR.scan", sr)
    assert strings(lab.db.field("SR", sr, "VDIs")) == images


async def test_probing_what_cannot_be_probed(lab: Lab) -> None:
    iso = {"location": "10.20.0.250:/export/iso"}
    assert (await lab.fails("SR.probe", lab.hosts[0], iso, "iso", {}))[0] == "SR_BACKEND_FAILURE_38"
    assert (await lab.fails("SR.probe_ext", lab.hosts[0], {}, "nfs", {}))[0] == "SR_BACKEND_FAILURE_102"
    assert await lab.fails("SR.probe_ext", lab.hosts[0], NFS, "nfs", {}) == ["SR_OPERATION_NOT_SUPPORTED", NULL_REF]


async def test_a_forgotten_sr_is_found_with_its_disks_and_their_content(lab: Lab) -> None:
    sr = await make(lab, "nfs", NFS)
    vdi = await lab.call("VDI.create", vdi_record(sr))
    lab.pool.contents.write(vdi, 5 << 20, b"kept")
    snapshot = await lab.call("VDI.snapshot", vdi)
    uuids = {name: text(lab.db.field("VDI", ref, "uuid")) for name, ref in (("disk", vdi), ("snapshot", snapshot))}
    uuid = text(lab.db.field("SR", sr, "uuid"))
    used = lab.db.field("SR", sr, "physical_utilisation")
    await unplug(lab, sr)
    assert {"forget", "destroy"} <= set(strings(lab.db.field("SR", sr, "allowed_operations")))
    await lab.call("SR.forget", sr)
    assert not lab.db.exists("VDI", vdi)

    found = await lab.call("SR.probe", lab.hosts[1], NFS, "nfs", {})
    assert uuid in [each.text for each in fromstring(found).iter("UUID")]
    again = await lab.call("SR.introduce", uuid, "back", "", "nfs", "user", True, {})
    assert await lab.fails("SR.introduce", uuid, "b", "", "nfs", "user", True, {}) == ["SR_UUID_EXISTS", uuid]
    assert strings(lab.db.field("SR", again, "VDIs")) == []
    for host in lab.hosts:
        pbd = await lab.call("PBD.create", {"host": host, "SR": again, "device_config": NFS, "other_config": {}})
        await lab.call("PBD.plug", pbd)
    disk = lab.db.by_uuid("VDI", uuids["disk"])
    assert lab.pool.contents.read(disk, 5 << 20, 4) == b"kept"
    assert lab.db.field("VDI", lab.db.by_uuid("VDI", uuids["snapshot"]), "snapshot_of") == disk
    assert lab.db.field("SR", again, "physical_utilisation") == used
    assert uuid not in lab.pool.outside.stored


async def test_a_forgotten_disk_is_found_by_a_scan(lab: Lab) -> None:
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs))
    lab.pool.contents.write(vdi, 0, b"boot")
    uuid = text(lab.db.field("VDI", vdi, "uuid"))
    await lab.call("VDI.forget", vdi)
    assert await lab.fails("VDI.get_record", vdi) == ["HANDLE_INVALID", "VDI", vdi]
    await lab.call("SR.scan", lab.nfs)
    assert lab.pool.contents.read(lab.db.by_uuid("VDI", uuid), 0, 4) == b"boot"


async def test_destroying_an_sr_has_its_conditions(lab: Lab) -> None:
    sr = await make(lab, "nfs", NFS)
    vdi = await lab.call("VDI.create", vdi_record(sr))
    assert await lab.fails("SR.destroy", sr) == ["SR_HAS_PBD", sr]
    await unplug(lab, sr)
    assert await lab.fails("SR.destroy", sr) == ["SR_NOT_EMPTY"]
    pbd = strings(lab.db.field("SR", sr, "PBDs"))[0]
    await lab.call("PBD.plug", pbd)
    await lab.call("VDI.destroy", vdi)
    await lab.call("PBD.unplug", pbd)
    await lab.call("SR.add_to_other_config", sr, "indestructible", "true")
    assert await lab.fails("SR.destroy", sr) == ["SR_INDESTRUCTIBLE", sr]
    assert await lab.fails("SR.forget", sr) == ["SR_INDESTRUCTIBLE", sr]
    await lab.call("SR.remove_from_other_config", sr, "indestructible")
    await lab.call("SR.destroy", sr)
    assert not lab.db.exists("SR", sr)
    assert "UUID" not in await lab.call("SR.probe", lab.hosts[0], NFS, "nfs", {})
    bare = await lab.call("SR.introduce", "", "bare", "", "nfs", "user", True, {})
    assert await lab.fails("SR.destroy", bare) == ["SR_HAS_NO_PBDS", bare]
    await lab.call("SR.forget", bare)


async def test_making_an_sr_plugs_under_tasks_of_its_own_and_can_be_cancelled(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(lab.db.refs("SR"))
    task = await lab.call("Async.SR.create", lab.hosts[0], NFS, 0, "new", "", "nfs", "user", True, {})
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "success"
    parts = strings(lab.db.field("task", task, "subtasks"))
    assert [lab.db.field("task", part, "name_label") for part in parts] == ["Async.PBD.plug"] * len(lab.hosts)
    assert {lab.db.field("task", part, "status") for part in parts} == {"success"}
    made = set(lab.db.refs("SR")) - before
    assert len(made) == 1
    task = await lab.call("Async.SR.create", lab.hosts[0], NFS, 0, "new", "", "nfs", "user", True, {})
    await lab.call("task.cancel", task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert set(lab.db.refs("SR")) - before == made


async def test_a_down_host_does_not_keep_the_others_from_a_new_sr(lab: Lab) -> None:
    metrics = text(lab.db.field("host", lab.hosts[1], "metrics"))
    lab.db.set("host_metrics", metrics, live=False)
    sr = await make(lab, "nfs", NFS)
    assert plugged(lab, sr) == [True, False]
    assert await lab.fails("SR.probe", lab.hosts[1], NFS, "nfs", {}) == ["HOST_OFFLINE", lab.hosts[1]]


async def test_heartbeats_need_an_sr_that_everybody_sees(lab: Lab) -> None:
    await lab.call("SR.assert_can_host_ha_statefile", lab.nfs)
    archive = lab.db.by_name("SR", "Archive share")[0]
    assert await lab.fails("SR.assert_can_host_ha_statefile", archive) == ["SR_HAS_NO_PBDS", archive]
    local = lab.db.by_name("SR", "Local storage")[0]
    assert await lab.fails("SR.assert_can_host_ha_statefile", local) == ["SR_HAS_NO_PBDS", local]
    lab.db.set("SR", lab.nfs, physical_utilisation=lab.db.field("SR", lab.nfs, "physical_size"))
    full = await lab.fails("SR.assert_can_host_ha_statefile", lab.nfs)
    assert full == ["SR_SOURCE_SPACE_INSUFFICIENT", lab.nfs]


async def test_names_and_sizes_of_an_sr(lab: Lab) -> None:
    await lab.call("SR.set_name_label", lab.nfs, "renamed")
    await lab.call("SR.set_name_description", lab.nfs, "described")
    await lab.call("SR.add_tags", lab.nfs, "t")
    assert lab.db.field("SR", lab.nfs, "name_label") == "renamed"
    assert "t" in strings(lab.db.field("SR", lab.nfs, "tags"))
    await lab.call("SR.update", lab.nfs)
    iso = lab.db.by_name("SR", "ISO library")[0]
    assert await lab.fails("SR.update", iso) == ["SR_OPERATION_NOT_SUPPORTED", iso]
    pbd = strings(lab.db.field("SR", lab.nfs, "PBDs"))[0]
    await lab.call("PBD.set_device_config", pbd, {"server": "10.20.0.199", "serverpath": "/old"})
    assert lab.db.field("PBD", pbd, "currently_attached") is True
    call = await lab.dispatcher.call(lab.pool.coordinator, "SR.get_live_hosts", [lab.session, lab.nfs])
    assert call.value == lab.hosts
    types = await lab.dispatcher.call(lab.pool.coordinator, "SR.get_supported_types", [lab.session])
    assert {"nfs", "lvmohba", "zfs"} <= set(strings(types.value))


async def test_too_large_for_a_vhd(lab: Lab) -> None:
    large = await lab.fails("VDI.create", vdi_record(lab.nfs, 3 << 40))
    assert large[0] == "SR_BACKEND_FAILURE_79"
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs, 2 * GIB))
    assert (await lab.fails("VDI.resize", vdi, 3 << 40))[0] == "SR_BACKEND_FAILURE_79"
    assert (await lab.fails("VDI.resize", vdi, GIB))[2] == "VDI Invalid size [opterr=shrinking not allowed]"
