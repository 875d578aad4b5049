"""How clients make VMs: clone a template, say what it is to have, provision, add devices, start; over real sockets."""

import asyncio
from typing import Any

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.lab import GIB, vbd_record, vif_record
from xensim import Sim
from xensim.failures import XapiFailure
from xensim.ops import locks
from xensim.schema import NULL_REF

BATCH = 200


async def template(caller: Caller, name: str = "Debian Bookworm 12") -> str:
    (ref,) = await caller.call("VM.get_by_name_label", name)
    return str(ref)


async def sr(caller: Caller) -> str:
    (pool,) = await caller.call("pool.get_all")
    return str(await caller.call("pool.get_default_SR", pool))


def provision(uuid: str, *disks: tuple[str, int, str]) -> str:
    entries = [f'<disk device="{device}" size="{size}" sr="{uuid}" bootable="{boots}" type="system"/>'
               for device, size, boots in disks]  # fmt: skip
    return f"<provision>{''.join(entries)}</provision>"


async def ended(caller: Caller, task: str) -> Any:
    """The record of a finished task, which is destroyed."""
    token = ""
    while True:
        reply = await caller.events([f"task/{task}"], token)
        token = reply["token"]
        record = await caller.call("task.get_record", task)
        if record["status"] != "pending":
            await caller.call("task.destroy", task)
            return record


async def test_the_way_from_template_to_running_vm(caller: Caller) -> None:
    source = await template(caller)
    task = await caller.call("Async.VM.clone", source, "web")
    vm = (await ended(caller, task))["result"].removeprefix("<value>").removesuffix("</value>")
    cloned = await caller.call("VM.get_record", vm)
    assert (cloned["is_a_template"], cloned["power_state"]) == (True, "Halted")
    assert {"provision", "destroy"} <= set(cloned["allowed_operations"])
    uuid = await caller.call("SR.get_uuid", await sr(caller))
    await caller.call("VM.remove_from_other_config", vm, "disks")
    await caller.call(
        "VM.add_to_other_config", vm, "disks", provision(uuid, ("0", 10 * GIB, "true"), ("1", GIB, "false"))
    )
    await caller.call("VM.set_memory_limits", vm, GIB, 2 * GIB, 2 * GIB, 2 * GIB)
    await caller.call("VM.set_VCPUs_max", vm, 4)
    await caller.call("VM.set_VCPUs_at_startup", vm, 2)
    assert (await ended(caller, await caller.call("Async.VM.provision", vm)))["status"] == "success"

    made = await caller.call("VM.get_record", vm)
    assert (made["is_a_template"], "disks" in made["other_config"]) == (False, False)
    assert "provision" not in made["allowed_operations"]
    disks = [await caller.call("VBD.get_record", vbd) for vbd in made["VBDs"]]
    assert [(disk["userdevice"], disk["bootable"], disk["type"]) for disk in disks] == [
        ("0", True, "Disk"), ("1", False, "Disk"),
    ]  # fmt: skip
    sizes = [await caller.call("VDI.get_virtual_size", disk["VDI"]) for disk in disks]
    assert sizes == [10 * GIB, GIB]

    (network,) = await caller.call("network.get_by_name_label", "Pool-wide network associated with eth0")
    await caller.call("VIF.create", vif_record(vm, network, "0"))
    free = await caller.call("VM.get_allowed_VBD_devices", vm)
    assert free[:2] == ["2", "3"]
    await caller.call("VBD.create", vbd_record(vm, NULL_REF, free[1], type="CD", mode="RO"))
    await caller.call("VM.start", vm, False, False)
    running = await caller.call("VM.get_record", vm)
    assert (running["power_state"], len(running["consoles"])) == ("Running", 1)
    metrics = await caller.call("VM_metrics.get_record", running["metrics"])
    assert (metrics["VCPUs_number"], metrics["install_time"] != "19700101T00:00:00Z") == (2, True)
    assert running["memory_target"] == 2 * GIB


async def test_a_vm_without_disks_of_its_template_boots_from_the_network(caller: Caller) -> None:
    vm = await caller.call("VM.clone", await template(caller), "diskless")
    await caller.call("VM.remove_from_other_config", vm, "disks")
    await caller.call("VM.provision", vm)
    assert await caller.call("VM.get_VBDs", vm) == []
    await caller.call("VM.start", vm, False, False)


async def test_a_custom_template_brings_its_own_disks(caller: Caller, sim: Sim) -> None:
    custom = next(
        ref for ref, row in sim.db.rows("VM").items()
        if row.record["is_a_template"] and not row.record["is_a_snapshot"] and not row.record["is_default_template"]
        and row.record["VBDs"]
    )  # fmt: skip
    vm = await caller.call("VM.clone", custom, "from custom")
    await caller.call("VM.provision", vm)
    made = await caller.call("VM.get_record", vm)
    assert len(made["VBDs"]) == len(await caller.call("VM.get_VBDs", custom))
    await caller.call("VM.start", vm, False, False)


@pytest.mark.parametrize(
    ("disks", "failure"),
    [
        ('<provision><disk device="0" size="1" sr="nowhere" bootable="true" type="system"/></provision>',
         ["UUID_INVALID", "sr", "nowhere"]),
        ("<provision><disk", ["INTERNAL_ERROR"]),
    ],
)  # fmt: skip
async def test_disks_that_cannot_be_made(caller: Caller, disks: str, failure: list[str]) -> None:
    vm = await caller.call("VM.clone", await template(caller), "bad")
    await caller.call("VM.remove_from_other_config", vm, "disks")
    await caller.call("VM.add_to_other_config", vm, "disks", disks)
    with pytest.raises(XapiFailure) as caught:
        await caller.call("VM.provision", vm)
    assert caught.value.description[: len(failure)] == failure


# two people at once


async def test_of_two_starts_one_wins(caller: Caller) -> None:
    vm = await caller.call("VM.clone", await template(caller), "race")
    await caller.call("VM.remove_from_other_config", vm, "disks")
    await caller.call("VM.provision", vm)
    outcomes = await asyncio.gather(
        *(caller.call("VM.start", vm, False, False) for _ in range(5)), return_exceptions=True
    )
    failures = [outcome.description for outcome in outcomes if isinstance(outcome, XapiFailure)]
    assert failures == [["VM_BAD_POWER_STATE", vm, "halted", "running"]] * 4
    assert await caller.call("VM.get_power_state", vm) == "Running"


async def test_waiting_for_a_busy_vm_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that never ends, and somebody who wants to start its VM."""
    monkeypatch.setattr(locks, "RETRIES", 100)
    async with xensim.serve(hosts=1, vms=4, tls=False, pace=0.001, login_penalty_s=0.0) as sim:
        caller = await Caller(sim).login()
        vm = next(
            ref for ref, row in sim.db.rows("VM").items()
            if row.record["power_state"] == "Halted" and not row.record["is_a_template"] and row.record["VBDs"]
        )  # fmt: skip
        sim.set("VM", vm, current_operations={"OpaqueRef:other": "copy"})
        began = asyncio.get_running_loop().time()
        with pytest.raises(XapiFailure) as caught:
            await caller.call("VM.start", vm, False, False)
        assert caught.value.description == ["OTHER_OPERATION_IN_PROGRESS", "VM", vm, "copy", "OpaqueRef:other"]
        assert asyncio.get_running_loop().time() - began < 5.0


# many at once


async def test_two_hundred_vms_start_together_and_nobody_waits_for_them() -> None:
    async with xensim.serve(hosts=4, vms=0, tls=False, pace=0.1, login_penalty_s=0.0) as sim:
        caller = await Caller(sim).login()
        source = await template(caller)
        record = await caller.call("VM.get_record", source)
        limits = dict.fromkeys(("memory_dynamic_min", "memory_dynamic_max", "memory_static_max"), 64 << 20)
        small = {"is_a_template": False, "is_default_template": False, "memory_static_min": 16 << 20, **limits}
        vms = [
            await caller.call("VM.create", record | small | {"name_label": f"vm {at}", "other_config": {}})
            for at in range(BATCH)
        ]
        loop = asyncio.get_running_loop()
        began = loop.time()
        tasks = [await caller.call("Async.VM.start", vm, False, False) for vm in vms]
        slowest = 0.0
        while any(sim.db.field("task", task, "status") == "pending" for task in tasks):
            asked = loop.time()
            await caller.call("host.get_all")
            slowest = max(slowest, loop.time() - asked)
            await asyncio.sleep(0.005)
        assert {sim.db.field("task", task, "status") for task in tasks} == {"success"}
        assert {sim.db.field("VM", vm, "power_state") for vm in vms} == {"Running"}
        assert loop.time() - began < 15.0
        assert slowest < 1.0
        residents = [len(row.record["resident_VMs"]) for row in sim.db.rows("host").values()]  # type: ignore[arg-type]  # a set of refs
        assert min(residents) > BATCH / 8, "spread over the hosts by their memory"
