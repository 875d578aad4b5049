"""The rules of storage that the recorded pool does not exercise."""

from typing import Any

import pytest

from podium.xapi.records import HostRecord, PBDRecord, SMRecord, SRRecord, VBDRecord, VDIRecord
from tests.model.lookup import POOL_ID, Scene, ref


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [
        *((kind, "thin") for kind in ("ext", "file", "nfs", "shm", "smb", "zfs")),
        *((kind, "thick") for kind in ("hba", "iscsi", "lvhd", "lvmoiscsi", "lvmohba", "ocfsoiscsi", "rawhba", "udev")),
        *((kind, None) for kind in ("iso", "cifs", "", "dummy")),
        ("linstor", "unknown"),
    ],
)
def test_allocation_strategy_by_type(kind: str, strategy: str | None) -> None:
    assert Scene(sr=SRRecord(type=kind)).show("sr").get("allocationStrategy") == strategy


@pytest.mark.parametrize(("provisioning", "strategy"), [("thin", "thin"), ("thick", "thick"), ("?", "unknown")])
def test_linstor_says_it_in_its_pbd(provisioning: str, strategy: str) -> None:
    scene = Scene(
        sr=SRRecord(type="linstor", PBDs=(ref("pbd"),)), pbd=PBDRecord(device_config={"provisioning": provisioning})
    )
    assert scene.show("sr")["allocationStrategy"] == strategy


@pytest.mark.parametrize(
    ("record", "container"),
    [
        (SRRecord(PBDs=(ref("pbd"), ref("gone"))), "host-uuid"),
        (SRRecord(PBDs=(ref("pbd"),), shared=True), POOL_ID),
        (SRRecord(), POOL_ID),
        (SRRecord(PBDs=(ref("gone"),)), POOL_ID),
    ],
)
def test_a_local_sr_is_in_its_host(record: SRRecord, container: str) -> None:
    assert Scene(sr=record, pbd=PBDRecord(host=ref("host")), host=HostRecord()).show("sr")["$container"] == container


def test_maintenance_mode() -> None:
    assert Scene(sr=SRRecord(other_config={"xo:maintenanceState": "{}"})).show("sr")["inMaintenanceMode"] is True


def test_secrets_of_a_pbd_are_masked() -> None:
    config = {"target": "10.0.0.1", "chapuser": "u", "chappassword": "p", "password_secret": "uuid"}
    shown = Scene(pbd=PBDRecord(device_config=config, host=ref("gone"))).show("pbd")
    assert shown["device_config"] == {
        "target": "10.0.0.1",
        "chapuser": "u",
        "chappassword": "***obfuscated***",
        "password_secret": "***obfuscated***",
    }
    assert not {"host", "SR"} & set(shown)


def test_a_storage_driver() -> None:
    shown = Scene(sm=SMRecord(type="gfs2", required_cluster_stack=("corosync",), features={"VDI_CREATE": 1})).show("sm")
    assert (shown["SM_type"], shown["required_cluster_stack"]) == ("gfs2", ["corosync"])
    assert (shown["features"], shown["supported_image_formats"]) == ({"VDI_CREATE": 1}, [])


# disks


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (VDIRecord(), "VDI"),
        (VDIRecord(managed=False), "VDI-unmanaged"),
        (VDIRecord(is_a_snapshot=True, managed=False), "VDI-snapshot"),
        (VDIRecord(snapshot_of=ref("original")), "VDI-snapshot"),
        (VDIRecord(snapshot_of=ref("gone")), "VDI"),
        (VDIRecord(snapshot_of="", managed=False), "VDI-unmanaged"),
    ],
)
def test_kinds_of_vdi(record: VDIRecord, kind: str) -> None:
    assert Scene(vdi=record, original=VDIRecord()).show("vdi")["type"] == kind


def test_a_snapshot_whose_disk_is_gone() -> None:
    shown = Scene(vdi=VDIRecord(is_a_snapshot=True, snapshot_of=ref("gone"), SR=ref("gone"))).show("vdi")
    assert not {"$snapshot_of", "$SR", "chainPhysicalUsage", "parent", "image_format"} & set(shown)
    assert shown["snapshot_time"] is None


def chain(**parents: Any) -> Scene:
    disks = {
        name: VDIRecord(
            uuid=name,
            physical_utilisation=10**index,
            sm_config={} if parent is None else {"vhd-parent": parent},
            managed=index == 0,
        )
        for index, (name, parent) in enumerate(parents.items())
    }
    return Scene(**disks)


def test_a_disk_counts_what_it_is_based_on() -> None:
    scene = chain(leaf="middle", middle="base", base=None)
    assert scene.show("leaf")["chainPhysicalUsage"] == 111
    assert scene.show("leaf")["parent"] == "middle"
    assert "chainPhysicalUsage" not in scene.show("base")


def test_a_chain_ends_where_it_is_not_known_or_bites_its_tail() -> None:
    assert chain(leaf="gone").show("leaf")["chainPhysicalUsage"] == 1
    assert chain(leaf="middle", middle="leaf").show("leaf")["chainPhysicalUsage"] == 11
    assert chain(leaf="leaf").show("leaf")["chainPhysicalUsage"] == 1
    assert chain(leaf="").show("leaf")["chainPhysicalUsage"] == 1


@pytest.mark.parametrize(("device", "shown"), [("", None), ("xvda", "xvda")])
def test_the_device_of_a_vbd_is_null_until_it_is_attached(device: str, shown: str | None) -> None:
    vbd = Scene(vbd=VBDRecord(device=device, VDI="", VM="Ref:2", type="Floppy", mode="RO")).show("vbd")
    assert vbd["device"] == shown
    assert not {"VDI", "VM"} & set(vbd)
    assert (vbd["is_cd_drive"], vbd["read_only"]) == (False, True)
