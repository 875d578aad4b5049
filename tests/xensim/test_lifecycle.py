"""The life of a VM: power states, placement, operations side by side, with the codes and arguments of XenServer."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.xensim.lab import GIB, Lab, opened
from xensim.failures import XapiFailure
from xensim.ops import agent, locks, memory
from xensim.ops.values import mapping, number, strings, text
from xensim.schema import NULL_REF

RUNNING = [
    "sysprep", "metadata_export", "changing_VCPUs_live", "changing_dynamic_range", "migrate_send", "pool_migrate",
    "suspend", "hard_reboot", "hard_shutdown", "clean_reboot", "clean_shutdown", "pause", "checkpoint", "snapshot",
]  # fmt: skip
HALTED = [
    "create_vtpm", "destroy", "metadata_export", "export", "make_into_template", "changing_NVRAM",
    "changing_shadow_memory", "changing_static_range", "changing_dynamic_range", "migrate_send", "start_on", "start",
    "copy", "clone", "snapshot",
]  # fmt: skip


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


# the power cycle


async def test_a_vm_goes_through_all_its_states(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert lab.vm(vm)["allowed_operations"] == HALTED
    for method, state in (
        ("VM.start", "Running"), ("VM.pause", "Paused"), ("VM.unpause", "Running"), ("VM.suspend", "Suspended"),
        ("VM.resume", "Running"), ("VM.clean_reboot", "Running"), ("VM.hard_reboot", "Running"),
        ("VM.clean_shutdown", "Halted"), ("VM.start", "Running"), ("VM.hard_shutdown", "Halted"),
    ):  # fmt: skip
        await lab.call(method, vm, *((False, False) if method in {"VM.start", "VM.resume"} else ()))
        assert lab.state(vm) == state
    assert lab.messages(vm) == [
        "VM_STARTED", "VM_PAUSED", "VM_UNPAUSED", "VM_SUSPENDED", "VM_RESUMED", "VM_REBOOTED", "VM_REBOOTED",
        "VM_SHUTDOWN", "VM_STARTED", "VM_SHUTDOWN",
    ]  # fmt: skip


async def test_starting_attaches_devices_and_opens_a_console(lab: Lab) -> None:
    vm = await lab.new_vm(disks=2, nics=2)
    free = {host: memory.free(lab.db, host) for host in lab.hosts}
    await lab.call("VM.start", vm, False, False)
    record = lab.vm(vm)
    host = text(record["resident_on"])
    assert vm in strings(lab.db.field("host", host, "resident_VMs"))
    assert number(record["domid"]) > 0
    assert record["allowed_operations"] == RUNNING
    assert [lab.db.field("VBD", vbd, "device") for vbd in strings(record["VBDs"])] == ["xvda", "xvdb"]
    assert all(lab.db.field("VBD", vbd, "currently_attached") for vbd in strings(record["VBDs"]))
    assert all(
        lab.db.field("VIF", vif, "allowed_operations") == ["attach", "unplug"] for vif in strings(record["VIFs"])
    )
    console = lab.db.record("console", strings(record["consoles"])[0])
    assert console["location"] == f"https://{lab.db.field('host', host, 'address')}/console?uuid={console['uuid']}"
    metrics = lab.db.record("VM_metrics", text(record["metrics"]))
    assert metrics["memory_actual"] == record["memory_target"] == record["memory_dynamic_max"]
    assert metrics["start_time"] == lab.pool.clock.wire()
    assert free[host] - memory.free(lab.db, host) == memory.claimed(record)
    guest = lab.db.record("VM_guest_metrics", text(record["guest_metrics"]))
    assert set(mapping(guest["networks"])) == {"0/ip", "0/ipv4/0", "1/ip", "1/ipv4/0"}
    assert "snapshot" in strings(lab.db.field("VDI", lab.disk(vm), "allowed_operations"))
    assert "destroy" not in strings(lab.db.field("VDI", lab.disk(vm), "allowed_operations"))
    assert mapping(lab.db.field("VDI", lab.disk(vm), "sm_config"))[f"host_{host}"] == "RW"


async def test_halting_undoes_what_starting_did(lab: Lab) -> None:
    free = {host: memory.free(lab.db, host) for host in lab.hosts}
    vm = await lab.running_vm()
    console = strings(lab.vm(vm)["consoles"])[0]
    await lab.call("VM.hard_shutdown", vm)
    record = lab.vm(vm)
    assert (record["resident_on"], record["domid"], record["memory_target"]) == (NULL_REF, -1, 0)
    assert not lab.db.exists("console", console)
    assert not any(lab.db.field("VBD", vbd, "currently_attached") for vbd in strings(record["VBDs"]))
    assert {host: memory.free(lab.db, host) for host in lab.hosts} == free
    assert not any(key.startswith("host_") for key in mapping(lab.db.field("VDI", lab.disk(vm), "sm_config")))


async def test_the_agent_speaks_anew_after_each_boot(lab: Lab) -> None:
    vm = await lab.running_vm()
    first, domid = lab.vm(vm)["guest_metrics"], lab.vm(vm)["domid"]
    networks = lab.db.field("VM_guest_metrics", text(first), "networks")
    await lab.call("VM.clean_reboot", vm)
    second = text(lab.vm(vm)["guest_metrics"])
    assert second != first
    assert lab.vm(vm)["domid"] != domid
    assert lab.db.field("VM_guest_metrics", second, "networks") == networks


async def test_a_vm_that_starts_paused_has_no_agent_before_it_runs(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.start", vm, True, False)
    assert lab.state(vm) == "Paused"
    assert lab.vm(vm)["guest_metrics"] == NULL_REF
    await lab.call("VM.unpause", vm)
    assert lab.vm(vm)["guest_metrics"] != NULL_REF


async def test_suspending_writes_an_image_that_resuming_consumes(lab: Lab) -> None:
    vm = await lab.running_vm()
    await lab.call("VM.suspend", vm)
    image = text(lab.vm(vm)["suspend_VDI"])
    assert lab.db.field("VDI", image, "type") == "suspend"
    assert lab.vm(vm)["resident_on"] == NULL_REF
    await lab.call("VM.resume_on", vm, lab.hosts[1], False, False)
    assert lab.vm(vm)["resident_on"] == lab.hosts[1]
    assert not lab.db.exists("VDI", image)


async def test_hard_shutdown_of_a_suspended_vm_drops_its_image(lab: Lab) -> None:
    vm = await lab.running_vm()
    await lab.call("VM.suspend", vm)
    image = text(lab.vm(vm)["suspend_VDI"])
    await lab.call("VM.hard_shutdown", vm)
    assert lab.state(vm) == "Halted"
    assert not lab.db.exists("VDI", image)


async def test_a_vm_written_by_hand_lives_like_any_other(lab: Lab) -> None:
    vm = lab.db.create("VM", {"name_label": "bare", "domid": -1})
    await lab.call("VM.update_allowed_operations", vm)
    for method, state in (("start", "Running"), ("hard_reboot", "Running"), ("hard_shutdown", "Halted")):
        await lab.call(f"VM.{method}", vm, *((False, False) if method == "start" else ()))
        assert lab.state(vm) == state


@pytest.mark.parametrize(
    ("method", "state", "expected"),
    [
        ("start", "Running", "halted"), ("start", "Paused", "halted"), ("start", "Suspended", "halted"),
        ("resume", "Running", "suspended"), ("resume", "Halted", "suspended"), ("pause", "Halted", "running"),
        ("unpause", "Running", "paused"), ("suspend", "Halted", "running"), ("clean_shutdown", "Paused", "running"),
        ("clean_reboot", "Halted", "running"), ("hard_reboot", "Halted", "paused, running"),
        ("hard_reboot", "Suspended", "paused, running"), ("hard_shutdown", "Halted", "paused, suspended, running"),
        ("destroy", "Running", "halted, suspended"), ("clone", "Running", "halted"),
    ],
)  # fmt: skip
async def test_a_wrong_state_is_told_with_what_was_expected(lab: Lab, method: str, state: str, expected: str) -> None:
    vm = next(
        ref for ref, row in lab.db.rows("VM").items()
        if row.record["power_state"] == state and not row.record["is_a_template"]
        and not row.record["is_control_domain"] and method not in mapping(row.record["blocked_operations"])
    )  # fmt: skip
    extra = {"start": (False, False), "resume": (False, False), "clone": ("x",)}.get(method, ())
    assert await lab.fails(f"VM.{method}", vm, *extra) == ["VM_BAD_POWER_STATE", vm, expected, state.lower()]


async def test_gone_refs_are_invalid_handles(lab: Lab) -> None:
    assert await lab.fails("VM.start", "OpaqueRef:none", False, False) == ["HANDLE_INVALID", "VM", "OpaqueRef:none"]
    vm = await lab.new_vm()
    assert await lab.fails("VM.start_on", vm, "OpaqueRef:none", False, False) == [
        "HANDLE_INVALID",
        "host",
        "OpaqueRef:none",
    ]


async def test_blocked_operations_say_why(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.add_to_blocked_operations", vm, "start", "not today")
    assert "start" not in strings(lab.vm(vm)["allowed_operations"])
    assert await lab.fails("VM.start", vm, False, False) == ["OPERATION_BLOCKED", vm, "not today"]
    assert await lab.fails("VM.add_to_blocked_operations", vm, "start", "x") == [
        "MAP_DUPLICATE_KEY", "VM", "blocked_operations", vm, "start",
    ]  # fmt: skip
    await lab.call("VM.remove_from_blocked_operations", vm, "start")
    await lab.call("VM.start", vm, False, False)


async def test_templates_and_snapshots_do_not_start(lab: Lab) -> None:
    template = lab.db.by_name("VM", "Debian Bookworm 12")[0]
    assert await lab.fails("VM.start", template, False, False) == ["VM_IS_TEMPLATE", template, "start"]
    assert await lab.fails("VM.destroy", template) == ["VM_IS_TEMPLATE", template, "destroy"]
    assert await lab.fails("VM.snapshot", template, "x", []) == ["VM_IS_TEMPLATE", template, "snapshot"]
    vm = await lab.new_vm()
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    assert await lab.fails("VM.start", snapshot, False, False) == ["VM_IS_SNAPSHOT", snapshot, "start"]
    assert await lab.fails("VM.provision", vm) == ["PROVISION_ONLY_ALLOWED_ON_TEMPLATE"]


async def test_the_control_domain_is_left_alone(lab: Lab) -> None:
    dom0 = text(lab.db.field("host", lab.hosts[0], "control_domain"))
    reason = "This operation is not allowed on dom0"
    assert await lab.fails("VM.hard_shutdown", dom0) == ["OPERATION_NOT_ALLOWED", reason]
    assert lab.vm(dom0)["allowed_operations"] == ["metadata_export", "changing_static_range", "changing_dynamic_range"]


async def test_a_guest_without_drivers_lacks_features(lab: Lab) -> None:
    vm = await lab.new_vm(disks=0)  # nothing to boot from, so no agent
    await lab.call("VM.start", vm, False, False)
    for method in ("clean_shutdown", "clean_reboot", "suspend"):
        assert await lab.fails(f"VM.{method}", vm) == ["VM_LACKS_FEATURE", vm]
    assert await lab.fails("VM.set_VCPUs_number_live", vm, 1) == ["VM_LACKS_FEATURE", vm]
    await lab.call("VM.shutdown", vm)  # by force, then
    assert lab.state(vm) == "Halted"


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("clean_shutdown", "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT"), ("clean_reboot", "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT"),
        ("suspend", "VM_FAILED_SUSPEND_ACKNOWLEDGMENT"),
    ],
)  # fmt: skip
async def test_a_guest_may_hang(lab: Lab, method: str, code: str) -> None:
    vm = await lab.running_vm()
    guest = text(lab.vm(vm)["guest_metrics"])
    other = mapping(lab.db.field("VM_guest_metrics", guest, "other"))
    lab.db.set("VM_guest_metrics", guest, other={**other, agent.HANGS: "1"})
    assert await lab.fails(f"VM.{method}", vm) == [code, vm]
    assert lab.state(vm) == "Running"
    assert await lab.fails("VM.checkpoint", vm, "x") == ["VM_CHECKPOINT_SUSPEND_FAILED", vm]
    if method == "clean_shutdown":
        await lab.call("VM.shutdown", vm)  # which goes on to pull the plug
        assert lab.state(vm) == "Halted"
        return
    await lab.call("VM.hard_reboot", vm)
    await lab.call(f"VM.{method}", vm)


async def test_a_pv_guest_boots_from_a_disk_or_not_at_all(lab: Lab) -> None:
    vm = await lab.new_vm(disks=0)
    await lab.call("VM.set_domain_type", vm, "pv")
    await lab.call("VM.set_PV_bootloader", vm, "pygrub")
    assert (await lab.fails("VM.start", vm, False, False))[:2] == ["BOOTLOADER_FAILED", vm]
    await lab.call("VM.set_PV_bootloader", vm, "")
    await lab.call("VM.start", vm, False, False)


async def test_a_lost_image_cannot_be_resumed(lab: Lab) -> None:
    vm = await lab.running_vm()
    await lab.call("VM.suspend", vm)
    await lab.call("VDI.destroy", text(lab.vm(vm)["suspend_VDI"]))
    assert await lab.fails("VM.resume", vm, False, False) == ["VM_HAS_NO_SUSPEND_VDI", vm]
    await lab.call("VM.hard_shutdown", vm)


async def test_devices_can_pin_a_vm(lab: Lab) -> None:
    vm = await lab.running_vm()
    lab.db.set("VM_metrics", text(lab.vm(vm)["metrics"]), nomigrate=True)
    assert await lab.fails("VM.suspend", vm) == ["VM_IS_IMMOBILE", vm]
    lab.db.set("VM_metrics", text(lab.vm(vm)["metrics"]), nomigrate=False)
    group = next(iter(lab.db.refs("USB_group")))
    vusb = lab.db.create("VUSB", {"VM": vm, "USB_group": group, "currently_attached": True})
    assert await lab.fails("VM.suspend", vm) == ["VM_HAS_VUSBS", vm]
    lab.db.destroy("VUSB", vusb)
    lab.db.set("VDI", lab.disk(vm), on_boot="reset")
    assert await lab.fails("VM.suspend", vm) == ["VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION"]
    lab.db.set("VDI", lab.disk(vm), on_boot="persist")


async def test_suspend_needs_somewhere_to_write(lab: Lab) -> None:
    vm = await lab.running_vm()
    lab.db.set("pool", lab.pool.ref, suspend_image_SR=NULL_REF)
    for host in lab.hosts:
        lab.db.set("host", host, suspend_image_sr=NULL_REF)
    assert await lab.fails("VM.suspend", vm) == ["VM_NO_SUSPEND_SR", vm]


# placement


async def test_no_host_may_be_left(lab: Lab) -> None:
    vm = await lab.new_vm()
    for host in lab.hosts:
        await lab.call("host.disable", host)
    assert await lab.fails("VM.start", vm, False, False) == ["NO_HOSTS_AVAILABLE"]
    assert await lab.fails("VM.start_on", vm, lab.hosts[0], False, False) == ["HOST_DISABLED", lab.hosts[0]]
    await lab.call("host.enable", lab.hosts[1])
    await lab.call("VM.start", vm, False, False)
    assert lab.vm(vm)["resident_on"] == lab.hosts[1]


async def test_a_dead_host_takes_no_vms(lab: Lab) -> None:
    vm = await lab.new_vm()
    lab.db.set("host_metrics", text(lab.db.field("host", lab.hosts[0], "metrics")), live=False)
    assert await lab.fails("VM.start_on", vm, lab.hosts[0], False, False) == ["HOST_NOT_LIVE"]


async def test_memory_must_be_there(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_memory", vm, 1024 * GIB)
    assert await lab.fails("VM.start", vm, False, False) == ["NO_HOSTS_AVAILABLE"]
    free = memory.free(lab.db, lab.hosts[0])
    overhead = (8192 + 4) << 20
    assert await lab.fails("VM.start_on", vm, lab.hosts[0], False, False) == [
        "HOST_NOT_ENOUGH_FREE_MEMORY", str(1024 * GIB + overhead), str(free),
    ]  # fmt: skip


async def test_two_vms_cannot_take_the_same_memory(lab: Lab) -> None:
    lab.pool.pace = 0.01
    one, two = await lab.new_vm(), await lab.new_vm()
    host = lab.hosts[0]
    size = (memory.free(lab.db, host) * 2 // 3) >> 20 << 20
    for vm in (one, two):
        await lab.call("VM.set_memory", vm, size)
    outcomes = await asyncio.gather(
        *(lab.call("VM.start_on", vm, host, False, False) for vm in (one, two)), return_exceptions=True
    )
    failures = [outcome.code for outcome in outcomes if isinstance(outcome, XapiFailure)]
    assert failures == ["HOST_NOT_ENOUGH_FREE_MEMORY"]
    assert sorted([str(lab.state(one)), str(lab.state(two))]) == ["Halted", "Running"]


async def test_hosts_must_see_disks_and_networks(lab: Lab) -> None:
    vm, host = await lab.new_vm(), lab.hosts[0]
    pbd = next(p for p in strings(lab.db.field("SR", lab.nfs, "PBDs")) if lab.db.field("PBD", p, "host") == host)
    lab.db.set("PBD", pbd, currently_attached=False)
    assert await lab.fails("VM.start_on", vm, host, False, False) == ["VM_REQUIRES_SR", vm, lab.nfs]
    lab.db.set("PBD", pbd, currently_attached=True)
    vif = strings(lab.vm(vm)["VIFs"])[0]
    network = text(lab.db.field("VIF", vif, "network"))
    for pif in strings(lab.db.field("network", network, "PIFs")):
        if lab.db.field("PIF", pif, "host") == host:
            other = lab.db.by_name("network", "Private lab network")[0]
            lab.db.set("PIF", pif, network=other)
    assert await lab.fails("VM.start_on", vm, host, False, False) == ["VM_REQUIRES_NETWORK", vm, network]
    await lab.call("VM.start", vm, False, False)
    assert lab.vm(vm)["resident_on"] == lab.hosts[1]


async def test_a_lost_disk_keeps_a_vm_down(lab: Lab) -> None:
    vm = await lab.new_vm()
    lab.db.set("VDI", lab.disk(vm), missing=True)
    assert await lab.fails("VM.start", vm, False, False) == ["VDI_MISSING", lab.nfs, lab.disk(vm)]


async def test_affinity_is_respected_where_possible(lab: Lab) -> None:
    for host in lab.hosts:
        vm = await lab.new_vm()
        await lab.call("VM.set_affinity", vm, host)
        await lab.call("VM.start", vm, False, False)
        assert lab.vm(vm)["resident_on"] == host


# operations side by side


async def test_a_running_operation_shows_and_keeps_others_out(lab: Lab) -> None:
    lab.pool.pace = 0.1
    vm = await lab.new_vm()
    starting = asyncio.create_task(lab.call("VM.start", vm, False, False))
    await asyncio.sleep(0.02)
    ((task, op),) = mapping(lab.vm(vm)["current_operations"]).items()
    assert op == "start"
    assert lab.db.field("task", task, "name_label") == "VM.start"
    assert "start" not in strings(lab.vm(vm)["allowed_operations"])
    assert await lab.fails("VM.clone", vm, "x") == ["OTHER_OPERATION_IN_PROGRESS", "VM", vm, "start", task]
    await starting


async def test_a_call_waits_until_the_vm_is_free(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "RETRIES", 200)
    lab.pool.pace = 0.01
    vm = await lab.running_vm()
    await asyncio.gather(lab.call("VM.clean_reboot", vm), lab.call("VM.clean_shutdown", vm))
    assert lab.state(vm) == "Halted"


async def test_hard_shutdown_overrules_a_clean_one(lab: Lab) -> None:
    vm = await lab.running_vm()
    lab.pool.pace = 0.1
    slow = asyncio.create_task(lab.fails("VM.clean_shutdown", vm))
    await asyncio.sleep(0.02)
    (task,) = mapping(lab.vm(vm)["current_operations"])
    await lab.call("VM.hard_shutdown", vm)
    assert await slow == ["TASK_CANCELLED", task]
    assert lab.state(vm) == "Halted"


async def test_clones_of_one_vm_may_run_together(lab: Lab) -> None:
    vm = await lab.new_vm()
    lab.pool.pace = 0.05
    made = await asyncio.gather(*(lab.call("VM.clone", vm, f"copy {at}") for at in range(3)))
    assert len(set(made)) == 3


async def test_an_async_call_ends_in_its_task(lab: Lab) -> None:
    vm = await lab.new_vm()
    task = await lab.call("Async.VM.start", vm, False, False)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "success"
    again = await lab.call("Async.VM.start", vm, False, False)
    await lab.ended(again)
    assert lab.db.field("task", again, "error_info") == ["VM_BAD_POWER_STATE", vm, "halted", "running"]


async def test_cancelling_a_start_leaves_the_vm_halted(lab: Lab) -> None:
    vm = await lab.new_vm()
    lab.pool.pace = 0.2
    task = await lab.call("Async.VM.start", vm, False, False)
    await asyncio.sleep(0.02)
    lab.pool.tasks.cancel(task)
    await lab.ended(task)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert (lab.state(vm), lab.vm(vm)["scheduled_to_be_resident_on"]) == ("Halted", NULL_REF)
