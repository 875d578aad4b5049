"""Appliances: VMs that start in their order and stop the other way round, and what is told when some fail."""

from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened
from xensim.ops.values import strings, text
from xensim.schema import NULL_REF

DOWN = ["clean_shutdown", "hard_shutdown", "shutdown"]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


async def filled(lab: Lab) -> tuple[str, list[str]]:
    """An appliance, and its VMs in the order in which they are to start."""
    appliance = await lab.call("VM_appliance.create", {"name_label": "shop", "name_description": ""})
    vms = [await lab.new_vm(f"tier {at}") for at in range(3)]
    for order, vm in zip((2, 0, 1), vms, strict=True):
        await lab.call("VM.set_order", vm, order)
        await lab.call("VM.set_appliance", vm, appliance)
    return appliance, [vms[1], vms[2], vms[0]]


def allowed(lab: Lab, appliance: str) -> object:
    return lab.db.field("VM_appliance", appliance, "allowed_operations")


def said(lab: Lab, vms: list[str], name: str) -> list[str]:
    """The VMs about which there is such a message, in the order of the messages."""
    by_uuid = {lab.vm(vm)["uuid"]: vm for vm in vms}
    rows = (row.record for row in lab.db.rows("message").values())
    return [by_uuid[row["obj_uuid"]] for row in rows if row["name"] == name and row["obj_uuid"] in by_uuid]


async def test_vms_start_in_their_order_and_stop_in_the_opposite_one(lab: Lab) -> None:
    appliance, vms = await filled(lab)
    assert allowed(lab, appliance) == ["start"]
    await lab.call("VM_appliance.start", appliance, False)
    assert {lab.state(vm) for vm in vms} == {"Running"}
    assert said(lab, vms, "VM_STARTED") == vms
    assert allowed(lab, appliance) == DOWN
    await lab.call("VM_appliance.clean_shutdown", appliance)
    assert {lab.state(vm) for vm in vms} == {"Halted"}
    assert said(lab, vms, "VM_SHUTDOWN") == vms[::-1]
    assert allowed(lab, appliance) == ["start"]


async def test_vms_that_are_there_already_are_left_alone(lab: Lab) -> None:
    appliance, vms = await filled(lab)
    await lab.call("VM.start", vms[0], False, False)
    assert allowed(lab, appliance) == ["start", *DOWN]
    await lab.call("VM_appliance.start", appliance, True)
    assert [lab.state(vm) for vm in vms] == ["Running", "Paused", "Paused"]
    await lab.call("VM_appliance.hard_shutdown", appliance)
    assert {lab.state(vm) for vm in vms} == {"Halted"}


async def test_one_that_fails_does_not_stop_the_rest(lab: Lab) -> None:
    appliance, vms = await filled(lab)
    await lab.call("VM.add_to_blocked_operations", vms[1], "start", "not today")
    task = await lab.call("Async.VM_appliance.start", appliance, False)
    await lab.ended(task)
    failure = ["OPERATION_PARTIALLY_FAILED", "VM_appliance.start", vms[1]]
    assert lab.db.field("task", task, "error_info") == failure
    assert [lab.state(vm) for vm in vms] == ["Running", "Halted", "Running"]
    parts = [lab.db.record("task", part) for part in strings(lab.db.field("task", task, "subtasks"))]
    assert [part["status"] for part in parts] == ["success", "failure", "success"]
    await lab.call("VM_appliance.shutdown", appliance)
    assert {lab.state(vm) for vm in vms} == {"Halted"}


async def test_a_start_shows_and_can_be_cancelled_between_the_orders(lab: Lab) -> None:
    appliance, vms = await filled(lab)
    lab.pool.pace = 0.01
    await lab.call("VM.set_start_delay", vms[0], 3600)
    task = await lab.call("Async.VM_appliance.start", appliance, False)
    while lab.state(vms[0]) != "Running":
        await lab.db.changed.wait()
    assert lab.db.field("VM_appliance", appliance, "current_operations") == {task: "start"}
    assert allowed(lab, appliance) == []
    await lab.call("task.cancel", task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert [lab.state(vm) for vm in vms] == ["Running", "Halted", "Halted"]
    assert allowed(lab, appliance) == ["start", *DOWN]


async def test_an_empty_appliance_does_nothing(lab: Lab) -> None:
    appliance = lab.db.by_name("VM_appliance", "empty")[0]
    assert await lab.fails("VM_appliance.start", appliance, False) == ["OPERATION_NOT_ALLOWED", "Appliance has no VMs."]


async def test_vms_outlive_their_appliance(lab: Lab) -> None:
    appliance, vms = await filled(lab)
    await lab.call("VM.set_appliance", vms[0], NULL_REF)
    assert text(lab.vm(vms[0])["appliance"]) == NULL_REF
    await lab.call("VM_appliance.destroy", appliance)
    assert [lab.vm(vm)["appliance"] for vm in vms] == [NULL_REF] * 3
