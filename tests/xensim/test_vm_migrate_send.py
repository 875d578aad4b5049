"""VM.migrate_send: a VM goes with its disks, within its pool and to another one, or stays whole where it was."""

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.lab import Lab, opened
from xensim.failures import XapiFailure
from xensim.offers import OFFERS
from xensim.ops import memory
from xensim.ops.values import mapping, strings, text
from xensim.schema import NULL_REF

MANAGEMENT = "Pool-wide network associated with eth0"
BYTES = b"what the guest wrote"
AT = 5 << 20


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Another pool, made from the same seed: its objects have the same uuids and refs."""
    yield from opened(monkeypatch)


def network(lab: Lab) -> str:
    return lab.db.by_name("network", MANAGEMENT)[0]


def local(lab: Lab, host: str) -> str:
    srs = [text(lab.db.field("PBD", pbd, "SR")) for pbd in strings(lab.db.field("host", host, "PBDs"))]
    return next(sr for sr in srs if lab.db.field("SR", sr, "name_label") == "Local storage")


async def receive(lab: Lab, host: str) -> dict[str, str]:
    arguments: list[object] = [lab.session, host, network(lab), {}]
    result = await lab.dispatcher.call(lab.pool.coordinator, "host.migrate_receive", arguments)
    return cast("dict[str, str]", result.value)


async def written(lab: Lab, *, running: bool = True) -> str:
    """A VM on the first host, with something on its disk."""
    vm = await lab.new_vm("mover")
    lab.pool.contents.write(lab.disk(vm), AT, BYTES)
    if running:
        await lab.call("VM.start_on", vm, lab.hosts[0], False, False)
    return vm


def nics(lab: Lab, vm: str, there: Lab) -> dict[str, str]:
    return dict.fromkeys(strings(lab.vm(vm)["VIFs"]), network(there))


def sums(lab: Lab) -> dict[str, object]:
    """What an SR is used for, to see that nothing was left or forgotten."""
    return {ref: row.record["physical_utilisation"] for ref, row in lab.db.rows("SR").items()}


async def test_disks_move_within_the_pool_and_the_vm_stays_the_same(lab: Lab) -> None:
    vm = await written(lab)
    snapshot = await lab.call("VM.snapshot", vm, "before", [])
    disk, picture = lab.disk(vm), lab.disk(snapshot)
    target = local(lab, lab.hosts[1])
    await lab.call("VM.migrate_send", vm, await receive(lab, lab.hosts[1]), True, {disk: target}, {}, {})
    record = lab.vm(vm)
    assert (record["power_state"], record["resident_on"]) == ("Running", lab.hosts[1])
    assert not lab.db.exists("VDI", disk)
    assert not lab.db.exists("VDI", picture)
    moved = lab.db.record("VDI", lab.disk(vm))
    assert moved["SR"] == target
    assert lab.pool.contents.read(lab.disk(vm), AT, len(BYTES)) == BYTES
    kept = lab.db.record("VDI", lab.disk(snapshot))
    assert (kept["SR"], kept["is_a_snapshot"], kept["snapshot_of"]) == (target, True, lab.disk(vm))
    assert mapping(moved["sm_config"])[f"host_{lab.hosts[1]}"] == "RW"
    assert lab.messages(vm)[-1] == "VM_MIGRATED"


async def test_a_halted_vm_moves_only_its_disks(lab: Lab) -> None:
    vm = await written(lab, running=False)
    target = local(lab, lab.hosts[1])
    await lab.call("VM.migrate_send", vm, await receive(lab, lab.hosts[1]), True, {lab.disk(vm): target}, {}, {})
    assert lab.state(vm) == "Halted"
    assert lab.db.field("VDI", lab.disk(vm), "SR") == target
    await lab.call("VM.start", vm, False, False)
    assert lab.vm(vm)["resident_on"] == lab.hosts[1]


@pytest.mark.parametrize("state", ["Running", "Halted", "Suspended"])
async def test_a_vm_goes_to_another_pool_with_all_that_is_its_own(lab: Lab, other: Lab, state: str) -> None:
    before, free = sums(lab), {host: memory.free(lab.db, host) for host in lab.hosts}
    vm = await written(lab, running=state != "Halted")
    snapshot = await lab.call("VM.snapshot", vm, "before", [])
    if state == "Suspended":
        await lab.call("VM.suspend", vm)
    old, disk, picture = dict(lab.vm(vm)), lab.disk(vm), lab.disk(snapshot)
    uuid, mac = old["uuid"], lab.db.field("VIF", strings(old["VIFs"])[0], "MAC")
    dest = await receive(other, other.hosts[1])
    arguments: tuple[object, ...] = (vm, dest, True, {disk: other.nfs}, nics(lab, vm, other), {})
    await lab.call("VM.assert_can_migrate", *arguments)
    made = await lab.call("VM.migrate_send", *arguments)
    assert not lab.db.exists("VM", vm)
    assert not lab.db.exists("VM", snapshot)
    assert not any(lab.db.exists("VDI", ref) for ref in (disk, picture, text(old["suspend_VDI"])))
    assert sums(lab) == before
    assert {host: memory.free(lab.db, host) for host in lab.hosts} == free
    new = other.vm(made)
    assert (new["uuid"], new["power_state"], new["name_label"]) == (uuid, state, "mover")
    assert new["resident_on"] == (other.hosts[1] if state == "Running" else NULL_REF)
    assert new["allowed_operations"] == old["allowed_operations"]
    nic = other.db.record("VIF", strings(new["VIFs"])[0])
    assert (nic["MAC"], nic["network"]) == (mac, network(other))
    assert other.db.field("VDI", other.disk(made), "SR") == other.nfs
    assert other.pool.contents.read(other.disk(made), AT, len(BYTES)) == BYTES
    (frozen,) = strings(new["snapshots"])
    assert new["parent"] == frozen
    assert other.db.field("VDI", other.disk(frozen), "snapshot_of") == other.disk(made)
    assert other.pool.contents.read(other.disk(frozen), AT, len(BYTES)) == BYTES
    if state == "Suspended":
        await other.call("VM.resume", made, False, False)
    assert other.messages(made).count("VM_MIGRATED") == 1


async def test_a_copy_leaves_the_original_and_is_another(lab: Lab, other: Lab) -> None:
    vm = await written(lab, running=False)
    await lab.call("VM.snapshot", vm, "before", [])
    old = dict(lab.vm(vm))
    disks = {lab.disk(vm): other.nfs}
    dest = await receive(other, other.hosts[0])
    made = await lab.call("VM.migrate_send", vm, dest, True, disks, nics(lab, vm, other), {"copy": "true"})
    assert lab.vm(vm) == old
    new = other.vm(made)
    assert new["uuid"] != old["uuid"]
    assert new["snapshots"] == []
    macs = [db.field("VIF", strings(record["VIFs"])[0], "MAC") for db, record in ((lab.db, old), (other.db, new))]
    assert macs[0] != macs[1]
    twin = await lab.call(
        "VM.migrate_send", vm, await receive(lab, lab.hosts[0]), True, {lab.disk(vm): lab.nfs}, {}, {"copy": "true"}
    )
    assert twin != vm
    assert lab.disk(twin) != lab.disk(vm)
    await lab.call("VM.start", vm, False, False)
    failure = await lab.fails("VM.migrate_send", vm, dest, True, disks, nics(lab, vm, other), {"copy": "true"})
    assert failure == ["VM_BAD_POWER_STATE", vm, "halted", "running"]


@pytest.mark.parametrize("across", [False, True])
async def test_a_cancelled_migration_leaves_nothing(lab: Lab, other: Lab, across: bool) -> None:
    there = other if across else lab
    vm = await written(lab)
    host = there.hosts[1]
    sr = other.nfs if across else local(lab, host)
    before, vdis, free = sums(there), set(there.db.refs("VDI")), memory.free(there.db, host)
    lab.pool.pace = 0.02
    wanted = {lab.disk(vm): sr}
    dest = await receive(there, host)
    task = await lab.call("Async.VM.migrate_send", vm, dest, True, wanted, nics(lab, vm, there), {})
    while set(there.db.refs("VDI")) == vdis:
        await there.db.changed.wait()
    assert memory.free(there.db, host) < free
    assert list(mapping(lab.vm(vm)["current_operations"]).values()) == ["migrate_send"]
    assert list(mapping(lab.db.field("VDI", lab.disk(vm), "current_operations")).values()) == ["mirror"]
    await lab.call("task.cancel", task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert set(there.db.refs("VDI")) == vdis
    assert sums(there) == before
    assert memory.free(there.db, host) == free
    record = lab.vm(vm)
    assert (record["power_state"], record["resident_on"]) == ("Running", lab.hosts[0])
    assert (record["current_operations"], record["scheduled_to_be_resident_on"]) == ({}, NULL_REF)


async def test_a_destination_that_fails_on_the_way(lab: Lab, other: Lab) -> None:
    vm = await written(lab)
    before = sums(other)
    lab.pool.pace = 0.01
    dest = await receive(other, other.hosts[1])
    wanted = {lab.disk(vm): other.nfs}
    task = await lab.call("Async.VM.migrate_send", vm, dest, True, wanted, nics(lab, vm, other), {})
    while not lab.vm(vm)["current_operations"]:
        await lab.db.changed.wait()
    await other.call("host.disable", other.hosts[1])
    await lab.ended(task)
    assert lab.db.field("task", task, "error_info") == ["HOST_DISABLED", other.hosts[1]]
    assert sums(other) == before
    assert lab.vm(vm)["resident_on"] == lab.hosts[0]


async def test_why_a_vm_cannot_be_sent(lab: Lab, other: Lab) -> None:
    vm = await written(lab)
    disk, (nic,) = lab.disk(vm), strings(lab.vm(vm)["VIFs"])
    host = other.hosts[1]
    dest = await receive(other, host)

    async def refused(
        disks: dict[str, str] | None = None, mapped: dict[str, str] | None = None, *, live: bool = True
    ) -> list[str]:
        wanted = nics(lab, vm, other) if mapped is None else mapped
        arguments: tuple[object, ...] = (vm, dest, live, disks or {}, wanted, {})
        failure = await lab.fails("VM.assert_can_migrate", *arguments)
        assert await lab.fails("VM.migrate_send", *arguments) == failure
        return failure

    assert await refused(mapped={}) == ["VIF_NOT_IN_MAP", nic]
    assert await refused({disk: local(other, other.hosts[0])}) == ["VM_REQUIRES_SR", vm, local(other, other.hosts[0])]
    assert await refused({disk: "OpaqueRef:none"}) == ["HANDLE_INVALID", "SR", "OpaqueRef:none"]
    assert await refused(live=False) == ["VM_BAD_POWER_STATE", vm, "halted", "running"]
    default = other.db.field("pool", other.pool.ref, "default_SR")
    other.db.set("pool", other.pool.ref, default_SR=NULL_REF)
    assert await refused() == ["VDI_NOT_IN_MAP", disk]
    other.db.set("pool", other.pool.ref, default_SR=default)
    room = memory.free(other.db, host)
    memory.take(other.db, host, room - 1)
    needed = str(memory.claimed(lab.vm(vm)))
    assert await refused({disk: other.nfs}) == ["HOST_NOT_ENOUGH_FREE_MEMORY", needed, "1"]
    memory.take(other.db, host, 1 - room)
    await other.call("host.disable", host)
    assert await refused({disk: other.nfs}) == ["HOST_DISABLED", host]
    await other.call("host.enable", host)
    lab.db.set("VDI", disk, cbt_enabled=True)
    assert await refused({disk: other.nfs}) == ["VDI_CBT_ENABLED", disk]
    lab.db.set("VDI", disk, cbt_enabled=False)
    flags = mapping(lab.vm(vm)["last_boot_CPU_flags"])
    lab.db.set("VM", vm, last_boot_CPU_flags=flags | {"vendor": "HygonGenuine"})
    assert (await refused({disk: other.nfs}))[:3] == ["VM_INCOMPATIBLE_WITH_THIS_HOST", vm, host]
    lab.db.set("VM", vm, last_boot_CPU_flags=flags)
    metrics = text(lab.vm(vm)["metrics"])
    lab.db.set("VM_metrics", metrics, nomigrate=True)
    assert await refused({disk: other.nfs}) == ["VM_IS_IMMOBILE", vm]
    lab.db.set("VM_metrics", metrics, nomigrate=False)
    lab.db.set("VM", vm, attached_PCIs=["OpaqueRef:card"])
    assert await refused({disk: other.nfs}) == ["VM_HAS_PCI_ATTACHED", vm]
    lab.db.set("VM", vm, attached_PCIs=[])
    await lab.call("VM.update_allowed_operations", vm)
    await lab.call("VM.checkpoint", vm, "with memory")
    assert await refused({disk: other.nfs}) == ["VM_HAS_CHECKPOINT", vm]
    dest["session_id"] = "OpaqueRef:nobody"
    assert (await refused())[0] == "CANNOT_CONTACT_HOST"
    del dest["session_id"]
    assert (await refused())[0] == "INTERNAL_ERROR"


async def test_a_host_receives_only_over_a_network_where_it_has_an_address(lab: Lab) -> None:
    host = lab.hosts[0]
    internal = lab.db.create("network", {"name_label": "nowhere", "bridge": "xapi9"})
    assert await lab.fails("host.migrate_receive", host, internal, {}) == ["HOST_CANNOT_ATTACH_NETWORK", host, internal]
    lab.db.destroy("network", internal)
    dest = await receive(lab, host)
    assert sorted(dest) == ["SM", "host", "master", "session_id", "xenops"]
    assert lab.pool.sessions.is_valid(dest["session_id"])


async def test_only_so_many_at_once(lab: Lab) -> None:
    vms = [await lab.new_vm(f"mover {at}") for at in range(4)]
    dest = await receive(lab, lab.hosts[1])
    target = local(lab, lab.hosts[1])
    lab.pool.pace = 0.02
    tasks = [await lab.call("Async.VM.migrate_send", vm, dest, True, {lab.disk(vm): target}, {}, {}) for vm in vms]
    await asyncio.gather(*(lab.ended(task) for task in tasks))
    assert [lab.db.field("task", task, "error_info") for task in tasks] == [[]] * 3 + [
        ["TOO_MANY_STORAGE_MIGRATES", "3"]
    ]


async def test_two_served_pools_find_each_other() -> None:
    options = {"tls": False, "pace": 0.0, "login_penalty_s": 0.0}
    async with (
        xensim.serve(hosts=1, vms=0, address="127.0.0.41", **options) as here,  # type: ignore[arg-type]
        xensim.serve(hosts=1, vms=0, address="127.0.0.42", **options) as there,  # type: ignore[arg-type]
    ):
        near, far = await Caller(here).login(), await Caller(there).login()
        template = here.db.by_name("VM", "Other install media")[0]
        vm = await near.call("VM.clone", template, "walker")
        await near.call("VM.set_is_a_template", vm, False)
        uuid = await near.call("VM.get_uuid", vm)
        net = there.db.by_name("network", MANAGEMENT)[0]
        dest = await far.call("host.migrate_receive", there.pool.coordinator, net, {})
        made = await near.call("VM.migrate_send", vm, dest, True, {}, {}, {})
        assert await far.call("VM.get_uuid", made) == uuid
        with pytest.raises(XapiFailure) as caught:
            await near.call("VM.get_uuid", vm)
        assert caught.value.code == "HANDLE_INVALID"
        dest = await far.call("host.migrate_receive", there.pool.coordinator, net, {})
    with pytest.raises(XapiFailure, match="CANNOT_CONTACT_HOST"):
        OFFERS.find(dest)
