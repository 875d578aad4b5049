"""VM.start and its family: checks, the time they take, the transition, and the message that tells of it."""

from xensim.failures import XapiFailure
from xensim.ops import agent, devices, memory, placement, transitions, vm_firmware, vm_rules
from xensim.ops.locks import vm_operation, work
from xensim.ops.values import text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

# Seconds of simulated time.
BOOT_S = 2.0
SHUTDOWN_S = 2.0
KILL_S = 0.4
SUSPEND_S = 2.0
RESUME_S = 1.5
PAUSE_S = 0.1
PATIENCE_S = 60.0  # until a guest counts as deaf


@operation("VM.start")
async def start(call: Call, vm: str, start_paused: bool, force: bool) -> None:
    async with vm_operation(call, vm, "start"):
        host = placement.choose_host(call.pool, vm, force=force)
        await _start(call, vm, host, paused=start_paused, force=force)


@operation("VM.start_on")
async def start_on(call: Call, vm: str, host: str, start_paused: bool, force: bool) -> None:
    call.db.record("host", host)
    async with vm_operation(call, vm, "start_on"):
        placement.assert_can_boot(call.pool, vm, host, force=force)
        await _start(call, vm, host, paused=start_paused, force=force)


@operation("VM.resume")
async def resume(call: Call, vm: str, start_paused: bool, force: bool) -> None:
    async with vm_operation(call, vm, "resume"):
        host = placement.choose_host(call.pool, vm, force=force)
        await _resume(call, vm, host, paused=start_paused, force=force)


@operation("VM.resume_on")
async def resume_on(call: Call, vm: str, host: str, start_paused: bool, force: bool) -> None:
    call.db.record("host", host)
    async with vm_operation(call, vm, "resume_on"):
        placement.assert_can_boot(call.pool, vm, host, force=force)
        await _resume(call, vm, host, paused=start_paused, force=force)


@operation("VM.clean_shutdown")
async def clean_shutdown(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "clean_shutdown"):
        await ask_guest(call, vm, SHUTDOWN_S, "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT")
        transitions.halt(call.pool, vm)
        say(call, "VM_SHUTDOWN", vm, "shutdown")


@operation("VM.hard_shutdown")
async def hard_shutdown(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "hard_shutdown"):
        await work(call, KILL_S)
        transitions.halt(call.pool, vm)
        say(call, "VM_SHUTDOWN", vm, "shutdown forcibly")


@operation("VM.shutdown")
async def shutdown(call: Call, vm: str) -> None:
    """Cleanly where the guest can and does, else by force."""
    vm_rules.check(call.db, vm, "shutdown")
    if vm_rules.refusal(vm_rules.facts(call.db, vm), "clean_shutdown") is None:
        try:
            await clean_shutdown(call, vm)
        except XapiFailure as failure:
            if failure.code != "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT":
                raise
        else:
            return
    await hard_shutdown(call, vm)


@operation("VM.clean_reboot")
async def clean_reboot(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "clean_reboot"):
        await ask_guest(call, vm, SHUTDOWN_S, "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT")
        transitions.reboot(call.pool, vm)
        say(call, "VM_REBOOTED", vm, "rebooted cleanly")


@operation("VM.hard_reboot")
async def hard_reboot(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "hard_reboot"):
        await work(call, KILL_S)
        transitions.reboot(call.pool, vm)
        say(call, "VM_REBOOTED", vm, "rebooted forcibly")


@operation("VM.pause")
async def pause(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "pause"):
        await work(call, PAUSE_S)
        transitions.pause(call.pool, vm)
        say(call, "VM_PAUSED", vm, "paused")


@operation("VM.unpause")
async def unpause(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "unpause"):
        await work(call, PAUSE_S)
        transitions.unpause(call.pool, vm)
        say(call, "VM_UNPAUSED", vm, "unpaused")


@operation("VM.suspend")
async def suspend(call: Call, vm: str) -> None:
    async with vm_operation(call, vm, "suspend"):
        placement.suspend_sr(call.pool, vm)
        await ask_guest(call, vm, SUSPEND_S, "VM_FAILED_SUSPEND_ACKNOWLEDGMENT")
        transitions.suspend(call.pool, vm)
        say(call, "VM_SUSPENDED", vm, "suspended")


@operation("VM.power_state_reset")
async def power_state_reset(call: Call, vm: str) -> None:
    """Declare a VM halted whose host is dead."""
    record = call.db.record("VM", vm)
    if record["is_control_domain"]:
        raise XapiFailure("CANNOT_RESET_CONTROL_DOMAIN", vm)
    host = text(record["resident_on"])
    if call.db.exists("host", host) and call.db.field(
        "host_metrics", text(call.db.field("host", host, "metrics")), "live"
    ):
        raise XapiFailure("HOST_IS_LIVE", host)
    if record["power_state"] != "Halted":
        transitions.halt(call.pool, vm)


@operation("VM.get_possible_hosts")
def get_possible_hosts(call: Call, vm: str) -> list[str]:
    call.db.record("VM", vm)
    return placement.possible_hosts(call.pool, vm)


@operation("VM.assert_can_boot_here")
def assert_can_boot_here(call: Call, vm: str, host: str) -> None:
    placement.assert_can_boot(call.pool, vm, host)


@operation("VM.assert_operation_valid")
def assert_operation_valid(call: Call, vm: str, op: str) -> None:
    vm_rules.check(call.db, vm, op)


async def ask_guest(call: Call, vm: str, seconds: float, code: str, *, end: float = 0.9) -> None:
    """What the guest takes to do as it is told. Raises `code` when it does not even answer."""
    if agent.hangs(call.pool, vm):
        await work(call, PATIENCE_S, end=end)
        raise XapiFailure(code, vm)
    await work(call, seconds, end=end)


async def _start(call: Call, vm: str, host: str, *, paused: bool, force: bool) -> None:
    devices.assert_disks_usable(call.db, vm)
    vm_firmware.assert_cores_fit(call, vm)
    vm_firmware.assert_bootable(call, vm)
    call.db.set("VM", vm, scheduled_to_be_resident_on=host)
    try:
        # Others look for a place meanwhile.
        with memory.reserved(call.db, host, 0 if force else memory.needed(call.db.record("VM", vm))):
            await work(call, BOOT_S)
        placement.assert_can_boot(call.pool, vm, host, force=force)
        transitions.start(call.pool, vm, host, paused=paused)
    except XapiFailure:
        call.db.set("VM", vm, scheduled_to_be_resident_on=NULL_REF)
        raise
    say(call, "VM_STARTED", vm, f"started on host: {host_name(call, host)}")


async def _resume(call: Call, vm: str, host: str, *, paused: bool, force: bool) -> None:
    if not call.db.exists("VDI", text(call.db.field("VM", vm, "suspend_VDI"))):
        raise XapiFailure("VM_HAS_NO_SUSPEND_VDI", vm)
    devices.assert_disks_usable(call.db, vm)
    with memory.reserved(call.db, host, 0 if force else memory.needed(call.db.record("VM", vm))):
        await work(call, RESUME_S)
    placement.assert_can_boot(call.pool, vm, host, force=force)
    transitions.resume(call.pool, vm, host, paused=paused)
    say(call, "VM_RESUMED", vm, f"resumed on host: {host_name(call, host)}")


def say(call: Call, name: str, vm: str, what: str) -> None:
    """The message that an operation on a VM leaves behind."""
    record = call.db.record("VM", vm)
    body = f"VM '{record['name_label']}' (uuid: {record['uuid']}) {what}"
    call.pool.emit_message(name, 5, "VM", text(record["uuid"]), body)


def host_name(call: Call, host: str) -> str:
    """A host as messages name it."""
    record = call.db.record("host", host)
    return f"{record['name_label']} (uuid: {record['uuid']})"
