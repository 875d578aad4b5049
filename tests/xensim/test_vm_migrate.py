"""VM.pool_migrate: what moves, what stays, what refuses, and what is left when it is stopped."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened
from xensim.ops import memory
from xensim.ops.values import mapping, strings, text
from xensim.schema import NULL_REF

LIVE = {"live": "true"}


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


async def resident(lab: Lab, host: str, label: str = "mover") -> str:
    vm = await lab.new_vm(label)
    await lab.call("VM.start_on", vm, host, False, False)
    return vm


async def begun(lab: Lab, vm: str, host: str) -> str:
    """A migration that is under way; its task."""
    lab.pool.pace = 0.05
    task = await lab.call("Async.VM.pool_migrate", vm, host, LIVE)
    while not lab.vm(vm)["current_operations"]:
        await lab.db.changed.wait()
    return task


async def test_a_vm_moves_and_its_guest_notices_nothing(lab: Lab) -> None:
    source, target = lab.hosts
    vm = await resident(lab, source)
    before = dict(lab.vm(vm))
    free = {host: memory.free(lab.db, host) for host in lab.hosts}
    await lab.call("VM.pool_migrate", vm, target, LIVE)
    after = lab.vm(vm)
    assert (after["power_state"], after["resident_on"]) == ("Running", target)
    assert after["scheduled_to_be_resident_on"] == NULL_REF
    for name in ("uuid", "guest_metrics", "metrics", "VBDs", "VIFs", "consoles", "allowed_operations", "memory_target"):
        assert after[name] == before[name]
    assert lab.db.field("VM_metrics", text(after["metrics"]), "start_time") == lab.pool.clock.wire()
    assert free[target] - memory.free(lab.db, target) == memory.claimed(after)
    assert memory.free(lab.db, source) - free[source] == memory.claimed(after)
    location = text(lab.db.field("console", strings(after["consoles"])[0], "location"))
    assert location.startswith(f"https://{lab.db.field('host', target, 'address')}/console")
    config = mapping(lab.db.field("VDI", lab.disk(vm), "sm_config"))
    assert [key for key in config if key.startswith("host_")] == [f"host_{target}"]
    assert lab.messages(vm) == ["VM_STARTED", "VM_MIGRATED"]


async def test_a_migration_shows_itself_and_can_be_cancelled(lab: Lab) -> None:
    source, target = lab.hosts
    vm = await resident(lab, source)
    free = memory.free(lab.db, target)
    task = await begun(lab, vm, target)
    assert list(mapping(lab.vm(vm)["current_operations"]).values()) == ["pool_migrate"]
    assert lab.vm(vm)["scheduled_to_be_resident_on"] == target
    assert set(strings(lab.vm(vm)["allowed_operations"])) == {"hard_reboot", "hard_shutdown"}
    assert memory.free(lab.db, target) < free
    seen = {lab.db.field("task", task, "progress")}
    while len(seen) < 3:
        await lab.db.changed.wait()
        seen.add(lab.db.field("task", task, "progress"))
    await lab.call("task.cancel", task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert (lab.vm(vm)["resident_on"], lab.vm(vm)["scheduled_to_be_resident_on"]) == (source, NULL_REF)
    assert memory.free(lab.db, target) == free
    assert lab.messages(vm) == ["VM_STARTED"]


async def test_a_hard_shutdown_ends_a_migration(lab: Lab) -> None:
    source, target = lab.hosts
    vm = await resident(lab, source)
    task = await begun(lab, vm, target)
    await lab.call("VM.hard_shutdown", vm)
    await lab.ended(task)
    assert lab.db.field("task", task, "error_info") == ["TASK_CANCELLED", task]
    assert (lab.state(vm), lab.vm(vm)["resident_on"]) == ("Halted", NULL_REF)


async def test_two_migrations_do_not_share_the_same_memory(lab: Lab) -> None:
    source, target = lab.hosts
    vms = [await resident(lab, source, f"mover {at}") for at in range(2)]
    needed = memory.claimed(lab.vm(vms[0]))
    surplus = memory.free(lab.db, target) - needed - 1
    memory.take(lab.db, target, surplus)  # one of the two fits
    tasks = [await lab.call("Async.VM.pool_migrate", vm, target, LIVE) for vm in vms]
    await asyncio.gather(*(lab.ended(task) for task in tasks))
    memory.take(lab.db, target, -surplus)
    assert [lab.db.field("task", task, "status") for task in tasks] == ["success", "failure"]
    assert lab.db.field("task", tasks[1], "error_info") == ["HOST_NOT_ENOUGH_FREE_MEMORY", str(needed), "1"]


async def test_why_a_vm_cannot_move(lab: Lab) -> None:
    source, target = lab.hosts
    vm = await resident(lab, source)
    none = "OpaqueRef:11111111-1111-1111-1111-111111111111"
    assert await lab.fails("VM.pool_migrate", vm, none, {}) == ["HANDLE_INVALID", "host", none]
    await lab.call("host.disable", target)
    assert await lab.fails("VM.pool_migrate", vm, target, LIVE) == ["HOST_DISABLED", target]
    await lab.call("host.enable", target)
    flags = mapping(lab.vm(vm)["last_boot_CPU_flags"])
    lab.db.set("VM", vm, last_boot_CPU_flags=flags | {"vendor": "HygonGenuine"})
    assert (await lab.fails("VM.pool_migrate", vm, target, LIVE))[:3] == ["VM_INCOMPATIBLE_WITH_THIS_HOST", vm, target]
    lab.db.set("VM", vm, last_boot_CPU_flags=flags | {"features": "-".join(["ffffffff"] * 30)})
    assert (await lab.fails("VM.pool_migrate", vm, target, LIVE))[0] == "VM_INCOMPATIBLE_WITH_THIS_HOST"
    lab.db.set("VM", vm, last_boot_CPU_flags=flags)
    metrics = text(lab.vm(vm)["metrics"])
    lab.db.set("VM_metrics", metrics, nomigrate=True)
    assert await lab.fails("VM.pool_migrate", vm, target, LIVE) == ["VM_IS_IMMOBILE", vm]
    await lab.call("VM.pool_migrate", vm, target, LIVE | {"force": "true"})
    lab.db.set("VM_metrics", metrics, nomigrate=False)
    await lab.call("VM.update_allowed_operations", vm)
    await lab.call("VM.hard_shutdown", vm)
    assert await lab.fails("VM.pool_migrate", vm, source, LIVE) == ["VM_BAD_POWER_STATE", vm, "running", "halted"]


async def test_a_suspended_vm_wakes_only_on_a_cpu_it_knows(lab: Lab) -> None:
    vm = await resident(lab, lab.hosts[0])
    await lab.call("VM.suspend", vm)
    flags = mapping(lab.vm(vm)["last_boot_CPU_flags"])
    lab.db.set("VM", vm, last_boot_CPU_flags=flags | {"vendor": "HygonGenuine"})
    failure = await lab.fails("VM.resume_on", vm, lab.hosts[1], False, False)
    assert failure[:3] == ["VM_INCOMPATIBLE_WITH_THIS_HOST", vm, lab.hosts[1]]
    assert await lab.fails("VM.resume", vm, False, False) == ["NO_HOSTS_AVAILABLE"]
    await lab.call("VM.resume_on", vm, lab.hosts[1], False, True)
    assert lab.state(vm) == "Running"


async def test_many_starts_at_once_share_the_hosts(lab: Lab) -> None:
    """A place that is taken by a VM on its way there is no place for another; what is too much is told so."""
    vms = [await lab.new_vm(f"swarm {at}", disks=0, nics=0) for at in range(30)]
    size = max(memory.free(lab.db, host) for host in lab.hosts) // 10
    for vm in vms:
        await lab.call("VM.set_memory", vm, size)
    lab.pool.pace = 0.001
    tasks = [await lab.call("Async.VM.start", vm, False, False) for vm in vms]
    await asyncio.gather(*(lab.ended(task) for task in tasks))
    errors = [strings(lab.db.field("task", task, "error_info")) for task in tasks]
    assert [error for error in errors if error not in ([], ["NO_HOSTS_AVAILABLE"])] == []
    started = [vm for vm in vms if lab.state(vm) == "Running"]
    assert {lab.vm(vm)["resident_on"] for vm in started} == set(lab.hosts)
    assert len(started) == errors.count([]) < len(vms)
    assert all(0 <= memory.free(lab.db, host) < memory.claimed(lab.vm(started[0])) for host in lab.hosts)


async def test_two_hundred_vms_start_in_one_go(lab: Lab) -> None:
    vms = [await lab.new_vm(f"swarm {at}", disks=0, nics=0) for at in range(200)]
    for vm in vms:
        await lab.call("VM.set_memory_limits", vm, *[256 << 20] * 4)
    tasks = [await lab.call("Async.VM.start", vm, False, False) for vm in vms]
    async with asyncio.timeout(10):
        await asyncio.gather(*(lab.ended(task) for task in tasks))
    assert {text(lab.db.field("task", task, "status")) for task in tasks} == {"success"}
