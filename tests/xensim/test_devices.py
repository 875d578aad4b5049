"""Drives and NICs while VMs run and while they do not, and the networks behind them."""

from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened, vbd_record, vdi_record, vif_record
from xensim.ops.values import strings
from xensim.schema import NULL_REF


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


# drives


async def test_a_disk_comes_and_goes_while_the_vm_runs(lab: Lab) -> None:
    vm = await lab.running_vm()
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs))
    assert await lab.fails("VBD.create", vbd_record(vm, vdi, "0")) == ["DEVICE_ALREADY_EXISTS", "0"]
    assert await lab.fails("VBD.create", vbd_record(vm, vdi, "frob")) == ["INVALID_DEVICE", "frob"]
    vbd = await lab.call("VBD.create", vbd_record(vm, vdi, "5"))
    assert lab.db.field("VBD", vbd, "allowed_operations") == ["attach", "plug"]
    await lab.call("VBD.plug", vbd)
    assert lab.db.field("VBD", vbd, "device") == "xvdf"
    assert await lab.fails("VBD.plug", vbd) == ["DEVICE_ALREADY_ATTACHED", vbd]
    uuids = [lab.db.field("VBD", vbd, "uuid"), lab.vm(vm)["uuid"]]
    attached = "VBD '{}' still attached to '{}'".format(*uuids)
    assert await lab.fails("VBD.destroy", vbd) == ["OPERATION_NOT_ALLOWED", attached]
    assert await lab.fails("VBD.insert", vbd, vdi) == ["VBD_NOT_REMOVABLE_MEDIA", vbd]
    assert await lab.fails("VBD.eject", vbd) == ["VBD_NOT_REMOVABLE_MEDIA", vbd]
    assert await lab.fails("VDI.destroy", vdi) == ["VDI_IN_USE", vdi, "destroy"]
    await lab.call("VBD.unplug", vbd)
    assert await lab.fails("VBD.unplug", vbd) == ["DEVICE_ALREADY_DETACHED", vbd]
    await lab.call("VBD.destroy", vbd)
    await lab.call("VDI.destroy", vdi)
    assert await lab.fails("VDI.destroy", vdi) == ["HANDLE_INVALID", "VDI", vdi]


async def test_a_position_can_be_found_for_you(lab: Lab) -> None:
    vm = await lab.new_vm(disks=2)
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs))
    vbd = await lab.call("VBD.create", vbd_record(vm, vdi, "autodetect"))
    assert lab.db.field("VBD", vbd, "userdevice") == "2"


async def test_drives_are_checked_when_made(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VBD.create", vbd_record(vm, NULL_REF, "6")) == ["VBD_NOT_REMOVABLE_MEDIA", "in constructor"]
    assert await lab.fails("VBD.create", vbd_record(vm, NULL_REF, "6", type="CD")) == ["VBD_CDS_MUST_BE_READONLY"]
    iso = lab.db.by_name("VDI", "guest-tools.iso")[0]
    assert await lab.fails("VBD.create", vbd_record(vm, iso, "6")) == ["VDI_READONLY", iso]
    lost = lab.db.by_name("VDI", "lost in the fire")[0]
    assert await lab.fails("VBD.create", vbd_record(vm, lost, "6")) == ["VDI_MISSING", lab.nfs, lost]
    image = next(ref for ref, row in lab.db.rows("VDI").items() if row.record["type"] == "suspend")
    assert await lab.fails("VBD.create", vbd_record(vm, image, "6")) == ["VDI_INCOMPATIBLE_TYPE", image, "suspend"]


async def test_plugging_has_its_conditions(lab: Lab) -> None:
    halted, running = await lab.new_vm(), await lab.running_vm()
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs))
    at_halted = await lab.call("VBD.create", vbd_record(halted, vdi, "7"))
    assert await lab.fails("VBD.plug", at_halted) == ["VM_BAD_POWER_STATE", halted, "running", "halted"]
    vbd = await lab.call("VBD.create", vbd_record(running, vdi, "7", unpluggable=False))
    await lab.call("VBD.plug", vbd)
    assert await lab.fails("VBD.unplug", vbd) == ["VBD_NOT_UNPLUGGABLE", vbd]
    other = await lab.running_vm()
    shared = await lab.call("VBD.create", vbd_record(other, vdi, "7"))
    assert await lab.fails("VBD.plug", shared) == ["VDI_IN_USE", vdi, "attach"]
    assert await lab.fails("VM.start", halted, False, False) == ["VDI_IN_USE", vdi, "attach"]
    bare = await lab.running_vm(disks=0)
    disk = await lab.call("VDI.create", vdi_record(lab.nfs))
    without = await lab.call("VBD.create", vbd_record(bare, disk, "1"))
    assert await lab.fails("VBD.plug", without) == ["VM_MISSING_PV_DRIVERS", bare]


@pytest.mark.parametrize("live", [False, True])
async def test_discs_go_in_and_out(lab: Lab, live: bool) -> None:
    vm = await lab.new_vm()
    cd = await lab.call("VBD.create", vbd_record(vm, NULL_REF, "3", type="CD", mode="RO"))
    if live:
        await lab.call("VM.start", vm, False, False)
        hotplug = "HVM CDROMs cannot be hotplugged/unplugged, only inserted or ejected"
        assert await lab.fails("VBD.unplug", cd) == ["OPERATION_NOT_ALLOWED", hotplug]
    iso = lab.db.by_name("VDI", "guest-tools.iso")[0]
    assert await lab.fails("VBD.eject", cd) == ["VBD_IS_EMPTY", cd]
    await lab.call("VBD.insert", cd, iso)
    assert "eject" in strings(lab.db.field("VBD", cd, "allowed_operations"))
    assert await lab.fails("VBD.insert", cd, iso) == ["VBD_NOT_EMPTY", cd]
    await lab.call("VBD.eject", cd)
    assert (lab.db.field("VBD", cd, "VDI"), lab.db.field("VBD", cd, "empty")) == (NULL_REF, True)


# NICs and networks


async def test_nics_come_and_go(lab: Lab) -> None:
    vm = await lab.running_vm()
    network = lab.db.by_name("network", "Private lab network")[0]
    assert await lab.fails("VIF.create", vif_record(vm, network, "0")) == ["DEVICE_ALREADY_EXISTS", "0"]
    assert await lab.fails("VIF.create", vif_record(vm, network, "99")) == ["INVALID_DEVICE", "99"]
    assert await lab.fails("VIF.create", vif_record(vm, network, "3", "zz:zz")) == ["MAC_INVALID", "zz:zz"]
    vif = await lab.call("VIF.create", vif_record(vm, network, "3"))
    assert lab.db.field("VIF", vif, "MAC_autogenerated") is True
    await lab.call("VIF.plug", vif)
    assert await lab.fails("VIF.plug", vif) == ["DEVICE_ALREADY_ATTACHED", vif]
    reason = "VIF currently attached to a running VM"
    assert await lab.fails("VIF.destroy", vif) == ["OPERATION_NOT_ALLOWED", reason]
    assert await lab.fails("network.destroy", network) == ["NETWORK_CONTAINS_VIF", *attached(lab, network)]
    assert await lab.fails("VIF.set_ipv4_allowed", vif, ["300.1.1.1"]) == [
        "INVALID_IP_ADDRESS_SPECIFIED",
        "ipv4_allowed",
    ]
    await lab.call("VIF.unplug", vif)
    await lab.call("VIF.destroy", vif)


def attached(lab: Lab, network: str) -> list[str]:
    vifs = strings(lab.db.field("network", network, "VIFs"))
    return [vif for vif in vifs if lab.db.field("VIF", vif, "currently_attached")]


async def test_networks_are_made_with_a_bridge_and_destroyed_when_idle(lab: Lab) -> None:
    record = {"name_label": "n", "name_description": "", "MTU": 1500, "other_config": {}, "bridge": "", "managed": True,
              "tags": []}  # fmt: skip
    network = await lab.call("network.create", record)
    assert lab.db.field("network", network, "bridge") == "xapi7"
    assert await lab.fails("network.create", record | {"bridge": "xapi7"}) == ["BRIDGE_NAME_EXISTS", "xapi7"]
    vm = await lab.new_vm()
    vif = await lab.call("VIF.create", vif_record(vm, network, "5"))
    await lab.call("network.destroy", network)
    assert not lab.db.exists("VIF", vif)
    trunk = lab.db.by_name("network", "Pool-wide network associated with eth1")[0]
    assert await lab.fails("network.destroy", trunk) == [
        "NETWORK_CONTAINS_PIF", *strings(lab.db.field("network", trunk, "PIFs")),
    ]  # fmt: skip
    internal = lab.db.by_name("network", "Host internal management network")[0]
    assert await lab.fails("network.destroy", internal) == ["CANNOT_DESTROY_SYSTEM_NETWORK", internal]
