"""VM.pool_migrate: a running VM goes to another host of its pool, and its disks stay where they are."""

from xensim.failures import XapiFailure
from xensim.ops import memory, placement, transitions
from xensim.ops.locks import vm_operation, work
from xensim.ops.values import text
from xensim.ops.vm_power import host_name, say
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

RATE = 1 << 30  # bytes of memory a second
LEAST_S = 2.0
STEP_S = 0.5  # between two reports of progress


@operation("VM.pool_migrate")
async def pool_migrate(call: Call, vm: str, host: str, options: dict[str, str]) -> None:
    """Live, whatever `options` say of it; `force`: "true" does not ask the guest. Both hosts pay while it lasts."""
    db = call.db
    db.record("VM", vm)
    db.record("host", host)
    if options.get("network", NULL_REF) != NULL_REF:
        db.record("network", options["network"])
    async with vm_operation(call, vm, "pool_migrate", force=options.get("force") == "true"):
        placement.assert_can_receive(call.pool, vm, host)
        source = text(db.field("VM", vm, "resident_on"))
        await carry(call, vm, host)
        transitions.move(call.pool, vm, host)
        say(call, "VM_MIGRATED", vm, f"migrated from host: {host_name(call, source)} to host: {host_name(call, host)}")


async def carry(call: Call, vm: str, host: str) -> None:
    """Copy the memory of a live VM to a host of its pool, with progress. Raises TASK_CANCELLED, VM_MIGRATE_FAILED."""
    db = call.db
    record = db.record("VM", vm)
    size, source = memory.claimed(record), text(record["resident_on"])
    seconds = max(LEAST_S, size / RATE)
    db.set("VM", vm, scheduled_to_be_resident_on=host)
    try:
        with memory.reserved(db, host, size):
            await work(call, seconds, steps=round(seconds / STEP_S))
        _assert_still(call, vm, source, host)
    except BaseException:
        if db.exists("VM", vm):
            db.set("VM", vm, scheduled_to_be_resident_on=NULL_REF)
        raise


def _assert_still(call: Call, vm: str, source: str, host: str) -> None:
    """Either side may have fallen while the memory was on its way."""
    db = call.db
    if not db.exists("VM", vm) or db.field("VM", vm, "resident_on") != source:
        raise XapiFailure("VM_MIGRATE_FAILED", vm, source, host, "the VM is not on its host any more")
    placement.assert_can_receive(call.pool, vm, host)
