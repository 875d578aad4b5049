"""Emptying a host: the plan, what prevents it, and the moves themselves."""

from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened
from xensim.ops import memory
from xensim.ops.values import strings, text
from xensim.registry import OPERATIONS

moves = pytest.mark.skipif("VM.pool_migrate" not in OPERATIONS, reason="VMs cannot migrate yet")


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


def guests(lab: Lab, host: str) -> list[str]:
    return [vm for vm in strings(lab.db.field("host", host, "resident_VMs")) if not lab.vm(vm)["is_control_domain"]]


async def only(lab: Lab, host: str, count: int) -> list[str]:
    """Fill an emptied host with `count` VMs that can move."""
    for vm in guests(lab, host):
        await lab.call("VM.hard_shutdown", vm)
    vms = [await lab.new_vm(f"mover {at}") for at in range(count)]
    for vm in vms:
        await lab.call("VM.start_on", vm, host, False, False)
    return vms


async def prevented(lab: Lab, host: str) -> object:
    arguments: list[object] = [lab.session, host]
    result = await lab.dispatcher.call(lab.pool.coordinator, "host.get_vms_which_prevent_evacuation", arguments)
    return result.value


async def test_nothing_prevents_what_fits(lab: Lab) -> None:
    await only(lab, lab.hosts[0], 2)
    assert await prevented(lab, lab.hosts[0]) == {}
    await lab.call("host.assert_can_evacuate", lab.hosts[0])
    assert await lab.call("host.get_uncooperative_resident_VMs", lab.hosts[0]) == ""


async def test_no_host_to_go_to(lab: Lab) -> None:
    (vm,) = await only(lab, lab.hosts[0], 1)
    await lab.call("host.disable", lab.hosts[1])
    assert await prevented(lab, lab.hosts[0]) == {vm: ["NO_HOSTS_AVAILABLE", vm]}
    assert await lab.fails("host.evacuate", lab.hosts[0]) == ["NO_HOSTS_AVAILABLE", vm]
    assert await lab.fails("host.assert_can_evacuate", lab.hosts[0]) == ["CANNOT_EVACUATE_HOST", "NO_HOSTS_AVAILABLE"]


async def test_each_vm_says_what_keeps_it(lab: Lab) -> None:
    first, second = lab.hosts
    vms = await only(lab, first, 3)
    srs = [text(lab.db.field("PBD", pbd, "SR")) for pbd in strings(lab.db.field("host", first, "PBDs"))]
    local = next(sr for sr in srs if lab.db.field("SR", sr, "name_label") == "Local storage")
    await lab.call("VDI.pool_migrate", lab.disk(vms[0]), local, {})
    await lab.call("VM.pause", vms[1])
    found = await prevented(lab, first)
    assert isinstance(found, dict)
    assert found == {
        vms[0]: ["VM_REQUIRES_SR", vms[0], local],
        vms[1]: ["VM_BAD_POWER_STATE", vms[1], "running", "paused"],
    }
    await lab.call("VM.unpause", vms[1])
    room = memory.free(lab.db, second)
    needed = memory.claimed(lab.vm(vms[1]))
    memory.take(lab.db, second, room - needed - 1)  # one of the two fits
    found = await prevented(lab, first)
    memory.take(lab.db, second, needed + 1 - room)
    assert isinstance(found, dict)
    refused = [found[vm] for vm in vms[1:] if vm in found]
    assert refused == [["HOST_NOT_ENOUGH_FREE_MEMORY", str(needed), "1"]]


@moves
async def test_a_host_is_emptied_under_tasks_of_its_own(lab: Lab) -> None:
    first, second = lab.hosts
    vms = await only(lab, first, 3)
    task = await lab.call("Async.host.evacuate", first)
    await lab.ended(task)
    assert lab.db.field("task", task, "error_info") == []
    assert [lab.vm(vm)["resident_on"] for vm in vms] == [second] * 3
    assert guests(lab, first) == []
    labels = [lab.db.field("task", part, "name_label") for part in strings(lab.db.field("task", task, "subtasks"))]
    assert labels == ["Async.VM.pool_migrate"] * 3
    assert lab.db.field("host", first, "current_operations") == {}


@moves
async def test_a_cancelled_evacuation_stops(lab: Lab) -> None:
    vms = await only(lab, lab.hosts[0], 2)
    lab.pool.pace = 0.05
    task = await lab.call("Async.host.evacuate", lab.hosts[0])
    while not strings(lab.db.field("task", task, "subtasks")):
        await lab.db.changed.wait()
    await lab.call("task.cancel", task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert {lab.state(vm) for vm in vms} == {"Running"}


@moves
async def test_a_host_of_the_demo_can_be_emptied_or_says_why_not(lab: Lab) -> None:
    for host in lab.hosts:
        found = await prevented(lab, host)
        assert isinstance(found, dict)
        assert set(found) <= set(guests(lab, host))
