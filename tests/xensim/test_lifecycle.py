"""What calls do to a pool: the life of VMs and their devices, with XenServer's checks, codes and arguments."""

import asyncio
from collections.abc import Iterator

import pytest

import xensim.ops  # registers the operations
from xensim import graph
from xensim.clock import Clock
from xensim.dispatch import Dispatcher
from xensim.failures import XapiFailure
from xensim.graph.coherence import problems
from xensim.ops import devices, locks, memory, vm_rules
from xensim.ops.values import mapping, number, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

GIB = 1 << 30
assert xensim.ops

RUNNING = [
    "sysprep", "metadata_export", "changing_VCPUs_live", "changing_dynamic_range", "migrate_send", "pool_migrate",
    "suspend", "hard_reboot", "hard_shutdown", "clean_reboot", "clean_shutdown", "pause", "checkpoint", "snapshot",
]  # fmt: skip
HALTED = [
    "create_vtpm", "destroy", "metadata_export", "export", "make_into_template", "changing_NVRAM",
    "changing_shadow_memory", "changing_static_range", "changing_dynamic_range", "migrate_send", "start_on", "start",
    "copy", "clone", "snapshot",
]  # fmt: skip


class Lab:
    """A small pool, a session, and short ways to call, to look and to expect a failure."""

    def __init__(self) -> None:
        self.pool = Pool(clock=Clock(lambda: 1_790_000_000.0), pace=0.0)
        graph.build(self.pool, hosts=2, vms=30, seed=3)
        self.db = self.pool.db
        self.session = self.pool.sessions.open("root")
        self.dispatcher = Dispatcher(self.pool)
        self.hosts = list(self.db.refs("host"))
        self.nfs = self.db.by_name("SR", "NFS vm-store")[0]

    async def call(self, method: str, *arguments: object) -> str:
        result = await self.dispatcher.call(self.pool.coordinator, method, [self.session, *arguments])
        return str(result.value) if isinstance(result.value, str) else ""

    async def fails(self, method: str, *arguments: object) -> list[str]:
        with pytest.raises(XapiFailure) as caught:
            await self.call(method, *arguments)
        return caught.value.description

    def vm(self, ref: str) -> dict[str, object]:
        return self.db.record("VM", ref)

    def state(self, ref: str) -> object:
        return self.db.field("VM", ref, "power_state")

    def messages(self, vm: str) -> list[str]:
        uuid = self.db.field("VM", vm, "uuid")
        return [str(row.record["name"]) for row in self.db.rows("message").values() if row.record["obj_uuid"] == uuid]

    async def new_vm(self, label: str = "lab", *, disks: int = 1, nics: int = 1) -> str:
        """A halted VM from the Debian template, on shared storage, with devices of its own."""
        template = self.db.by_name("VM", "Debian Bookworm 12")[0]
        vm = await self.call("VM.clone", template, label)
        uuid = self.db.field("SR", self.nfs, "uuid")
        entries = [
            f'<disk device="{at}" size="{10 * GIB}" sr="{uuid}" bootable="true" type="user"/>' for at in range(disks)
        ]
        config = mapping(self.vm(vm)["other_config"]) | {"disks": f"<provision>{''.join(entries)}</provision>"}
        await self.call("VM.set_other_config", vm, config)
        await self.call("VM.provision", vm)
        network = self.db.by_name("network", "Pool-wide network associated with eth0")[0]
        for device in range(nics):
            await self.call("VIF.create", vif_record(vm, network, str(device)))
        return vm

    async def running_vm(self, label: str = "lab", *, disks: int = 1, nics: int = 1) -> str:
        vm = await self.new_vm(label, disks=disks, nics=nics)
        await self.call("VM.start", vm, False, False)
        return vm

    def disk(self, vm: str, at: int = 0) -> str:
        return text(self.db.field("VBD", strings(self.vm(vm)["VBDs"])[at], "VDI"))


def vif_record(vm: str, network: str, device: str, mac: str = "") -> dict[str, object]:
    return {"VM": vm, "network": network, "device": device, "MAC": mac, "MTU": 1500, "other_config": {},
            "qos_algorithm_type": "", "qos_algorithm_params": {}}  # fmt: skip


def vbd_record(vm: str, vdi: str, position: str, **fields: object) -> dict[str, object]:
    return {"VM": vm, "VDI": vdi, "userdevice": position, "bootable": False, "mode": "RW", "type": "Disk",
            "unpluggable": True, "empty": vdi == NULL_REF, "other_config": {}, "qos_algorithm_type": "",
            "qos_algorithm_params": {}, **fields}  # fmt: skip


def vdi_record(sr: str, size: int = GIB) -> dict[str, object]:
    return {"name_label": "v", "name_description": "", "SR": sr, "virtual_size": size, "type": "user",
            "sharable": False, "read_only": False, "other_config": {}, "xenstore_data": {}, "sm_config": {},
            "tags": []}  # fmt: skip


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Every test leaves a coherent pool behind, with the memory of its hosts accounted for."""
    monkeypatch.setattr(locks, "RETRIES", 3)
    lab = Lab()
    yield lab
    snapshots = {("VM", "snapshot_of"), ("VDI", "snapshot_of")}
    assert problems(lab.db, dangling=snapshots) == []
    for host in lab.hosts:
        assert memory.free(lab.db, host) == memory.balance(lab.db, host)
    for ref, row in lab.db.rows("VM").items():
        assert row.record["allowed_operations"] == vm_rules.allowed(lab.db, ref)
        assert row.record["current_operations"] == {}


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
    while lab.db.field("task", task, "status") == "pending":
        await asyncio.sleep(0)
    assert lab.db.field("task", task, "status") == "success"
    again = await lab.call("Async.VM.start", vm, False, False)
    while lab.db.field("task", again, "status") == "pending":
        await asyncio.sleep(0)
    assert lab.db.field("task", again, "error_info") == ["VM_BAD_POWER_STATE", vm, "halted", "running"]


async def test_cancelling_a_start_leaves_the_vm_halted(lab: Lab) -> None:
    vm = await lab.new_vm()
    lab.pool.pace = 0.2
    task = await lab.call("Async.VM.start", vm, False, False)
    await asyncio.sleep(0.02)
    lab.pool.tasks.cancel(task)
    while lab.db.field("task", task, "status") == "pending":
        await asyncio.sleep(0.005)
    assert lab.db.field("task", task, "status") == "cancelled"
    assert (lab.state(vm), lab.vm(vm)["scheduled_to_be_resident_on"]) == ("Halted", NULL_REF)


# copies


async def test_a_clone_of_a_default_template_is_an_ordinary_one(lab: Lab) -> None:
    template = lab.db.by_name("VM", "Windows 11")[0]
    vm = await lab.call("VM.clone", template, "mine")
    record = lab.vm(vm)
    assert record["is_a_template"] is True
    assert record["is_default_template"] is False
    config = mapping(record["other_config"])
    assert "default_template" not in config
    assert config["base_template_name"] == "Windows 11"
    assert config["mac_seed"] != mapping(lab.vm(template)["other_config"])["mac_seed"]


async def test_provision_needs_an_sr_and_is_half_done_without(lab: Lab) -> None:
    template = lab.db.by_name("VM", "Debian Bookworm 12")[0]
    vm = await lab.call("VM.clone", template, "mine")
    assert await lab.fails("VM.provision", vm) == ["UUID_INVALID", "sr", ""]
    assert lab.vm(vm)["is_a_template"] is False


async def test_a_clone_stands_on_the_same_base_copy(lab: Lab) -> None:
    vm = await lab.new_vm()
    clone = await lab.call("VM.clone", vm, "twin")
    parents = {mapping(lab.db.field("VDI", lab.disk(ref), "sm_config"))["vhd-parent"] for ref in (vm, clone)}
    assert len(parents) == 1
    base = lab.db.by_uuid("VDI", parents.pop())
    assert lab.db.field("VDI", base, "managed") is False
    macs = {lab.db.field("VIF", strings(lab.vm(ref)["VIFs"])[0], "MAC") for ref in (vm, clone)}
    assert len(macs) == 2


async def test_a_copy_is_full_and_may_change_its_sr(lab: Lab) -> None:
    vm = await lab.new_vm()
    other = lab.db.by_name("SR", "iSCSI tier 1")[0]
    copy = await lab.call("VM.copy", vm, "moved", other)
    assert lab.db.field("VDI", lab.disk(copy), "SR") == other
    assert "vhd-parent" not in mapping(lab.db.field("VDI", lab.disk(copy), "sm_config"))
    assert await lab.fails("VM.copy", vm, "x", "OpaqueRef:none") == ["HANDLE_INVALID", "SR", "OpaqueRef:none"]


async def test_snapshots_grow_a_tree_that_survives_cutting(lab: Lab) -> None:
    vm = await lab.running_vm()
    first = await lab.call("VM.snapshot", vm, "one", [])
    second = await lab.call("VM.snapshot", vm, "two")  # ignore_vdis may be left out
    record = lab.vm(second)
    assert (record["is_a_snapshot"], record["is_a_template"], record["snapshot_of"]) == (True, True, vm)
    assert (record["power_state"], record["parent"], lab.vm(vm)["parent"]) == ("Halted", first, second)
    assert mapping(record["snapshot_info"])["power-state-at-snapshot"] == "Running"
    assert record["allowed_operations"] == ["destroy", "metadata_export", "export", "revert", "copy", "clone"]
    assert lab.db.field("VDI", lab.disk(second), "snapshot_of") == lab.disk(vm)
    await lab.call("VM.destroy", first)
    assert lab.vm(second)["parent"] == NULL_REF
    assert lab.messages(vm).count("VM_SNAPSHOTTED") == 2


async def test_a_snapshot_may_leave_disks_out(lab: Lab) -> None:
    vm = await lab.new_vm(disks=2)
    snapshot = await lab.call("VM.snapshot", vm, "one disk", [lab.disk(vm, 1)])
    assert len(strings(lab.vm(snapshot)["VBDs"])) == 1


async def test_destroying_a_vm_leaves_disks_and_snapshots(lab: Lab) -> None:
    vm = await lab.new_vm()
    snapshot = await lab.call("VM.snapshot", vm, "s", [])
    disk, metrics = lab.disk(vm), text(lab.vm(vm)["metrics"])
    await lab.call("VM.destroy", vm)
    assert not lab.db.exists("VM", vm)
    assert not lab.db.exists("VM_metrics", metrics)
    assert lab.db.field("VDI", disk, "VBDs") == []
    assert lab.vm(snapshot)["snapshot_of"] == vm  # dangles, as it does in XenServer


async def test_base_copies_go_with_their_last_child(lab: Lab) -> None:
    vdis = lab.db.count("VDI")
    disk = await lab.call("VDI.create", vdi_record(lab.nfs))
    copy = await lab.call("VDI.clone", disk)
    assert lab.db.count("VDI") == vdis + 3
    await lab.call("VDI.destroy", disk)
    await lab.call("VDI.destroy", copy)
    assert lab.db.count("VDI") == vdis


async def test_vms_can_be_made_from_a_record(lab: Lab) -> None:
    template = lab.vm(lab.db.by_name("VM", "Debian Bookworm 12")[0])
    fields = lab.pool.schema.classes["VM"].fields
    record = {name: value for name, value in template.items() if fields[name].qualifier != "RO/runtime"}
    vm = await lab.call("VM.create", record | {"name_label": "by hand", "is_a_template": False, "other_config": {}})
    assert lab.vm(vm)["power_state"] == "Halted"
    assert "mac_seed" in mapping(lab.vm(vm)["other_config"])
    failure = await lab.fails("VM.create", record | {"VCPUs_at_startup": 9})
    assert failure[::2] == ["INVALID_VALUE", "9"]


async def test_a_vm_becomes_a_template_and_back(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_is_a_template", vm, True)
    assert "provision" in strings(lab.vm(vm)["allowed_operations"])
    await lab.call("VM.set_is_a_template", vm, False)
    appliance = lab.db.by_name("VM_appliance", "empty")[0]
    await lab.call("VM.set_appliance", vm, appliance)
    assert await lab.fails("VM.set_is_a_template", vm, True) == ["VM_IS_PART_OF_AN_APPLIANCE", vm, appliance]
    await lab.call("VM.start", vm, False, False)
    assert (await lab.fails("VM.set_is_a_template", vm, True))[0] == "VM_BAD_POWER_STATE"


# settings


async def test_memory_limits_keep_their_order(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.set_memory_limits", vm, 1, 2, 3, 4) == ["MEMORY_CONSTRAINT_VIOLATION_ORDER"]
    assert await lab.fails("VM.set_memory_static_max", vm, 0) == ["MEMORY_CONSTRAINT_VIOLATION_ORDER"]
    assert await lab.fails("VM.set_memory_dynamic_range", vm, -1, -1) == ["MEMORY_CONSTRAINT_VIOLATION_ORDER"]
    await lab.call("VM.set_memory_limits", vm, GIB, 4 * GIB, 2 * GIB, 3 * GIB)
    record = lab.vm(vm)
    assert [record[f"memory_{name}"] for name in ("static_min", "dynamic_min", "dynamic_max", "static_max")] == [
        GIB, 2 * GIB, 3 * GIB, 4 * GIB,
    ]  # fmt: skip
    await lab.call("VM.set_platform", vm, {"nested-virt": "true"})
    assert (await lab.fails("VM.set_memory_dynamic_min", vm, GIB))[0] == "MEMORY_CONSTRAINT_VIOLATION_MAXPIN"


async def test_the_balloon_of_a_running_vm_moves_the_host_s_memory(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_memory_limits", vm, GIB, 4 * GIB, 4 * GIB, 4 * GIB)
    await lab.call("VM.start", vm, False, False)
    free = memory.free(lab.db, text(lab.vm(vm)["resident_on"]))
    await lab.call("VM.set_memory_dynamic_range", vm, 2 * GIB, 2 * GIB)
    assert memory.free(lab.db, text(lab.vm(vm)["resident_on"])) - free == 2 * GIB
    assert (await lab.fails("VM.set_memory_static_range", vm, GIB, GIB))[0] == "VM_BAD_POWER_STATE"


async def test_vcpus_stay_within_bounds(lab: Lab) -> None:
    vm = await lab.new_vm()
    rule = "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max"
    assert await lab.fails("VM.set_VCPUs_max", vm, 0) == ["INVALID_VALUE", rule, "0"]
    assert await lab.fails("VM.set_VCPUs_at_startup", vm, 64) == ["INVALID_VALUE", rule, "64"]
    assert await lab.fails("VM.set_VCPUs_number_live", vm, 2) == ["VM_BAD_POWER_STATE", vm, "running", "halted"]
    overhead = number(lab.vm(vm)["memory_overhead"])
    await lab.call("VM.set_VCPUs_max", vm, 4)
    assert lab.vm(vm)["memory_overhead"] == (16 + 3 + 4) << 20 != overhead
    await lab.call("VM.start", vm, False, False)
    await lab.call("VM.set_VCPUs_number_live", vm, 3)
    assert lab.db.field("VM_metrics", text(lab.vm(vm)["metrics"]), "VCPUs_number") == 3
    assert await lab.fails("VM.add_to_platform", vm, "cores-per-socket", "3") == [
        "INVALID_VALUE", "platform:cores-per-socket", "3",
    ]  # fmt: skip


async def test_small_settings_are_checked(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.set_ha_restart_priority", vm, "frob") == ["INVALID_VALUE", "ha_restart_priority", "frob"]
    await lab.call("VM.set_ha_restart_priority", vm, "restart")
    await lab.call("VM.start", vm, False, False)
    assert lab.vm(vm)["ha_always_run"] is True
    assert await lab.fails("VM.set_start_delay", vm, -1) == ["INVALID_VALUE", "start_delay", "-1"]
    await lab.call("VM.add_tags", vm, "blue")
    await lab.call("VM.add_tags", vm, "blue")
    assert lab.vm(vm)["tags"] == ["blue"]
    await lab.call("pool.set_name_label", lab.pool.ref, "renamed")
    await lab.call("pool.add_to_other_config", lab.pool.ref, "key", "value")
    assert lab.db.field("pool", lab.pool.ref, "name_label") == "renamed"


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


# disks and storage


async def test_disks_are_made_resized_and_copied(lab: Lab) -> None:
    used = number(lab.db.field("SR", lab.nfs, "virtual_allocation"))
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs, GIB + 1))
    assert lab.db.field("VDI", vdi, "virtual_size") == GIB + (2 << 20)
    await lab.call("VDI.resize", vdi, 4 * GIB)
    snapshot = await lab.call("VDI.snapshot", vdi)
    assert lab.db.field("VDI", snapshot, "snapshot_of") == vdi
    assert lab.db.field("VDI", vdi, "snapshots") == [snapshot]
    assert number(lab.db.field("SR", lab.nfs, "virtual_allocation")) - used == 8 * GIB
    assert await lab.fails("VDI.resize_online", vdi, 5 * GIB) == ["SR_OPERATION_NOT_SUPPORTED", lab.nfs]
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
