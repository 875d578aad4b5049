"""host.migrate_receive, VM.migrate_send and assert_can_migrate: a VM goes with its disks, in its pool or to another.

The destination shows the new disks while they are filled, and the VM when all is there; what was begun is removed when
it does not end well. Within the pool the VM stays the same object.
"""

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager

from xensim.failures import XapiFailure
from xensim.offers import OFFERS
from xensim.ops import devices, images, memory, placement, transfers, transitions, vm_arrival, vm_journey, vm_rules
from xensim.ops.locks import object_operation, settle_vm, vm_operation
from xensim.ops.values import number, strings, text
from xensim.ops.vm_journey import Journey, Wishes
from xensim.ops.vm_life import remove
from xensim.ops.vm_power import say
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

Map = Mapping[str, str]


@operation("host.migrate_receive")
def migrate_receive(call: Call, host: str, network: str, options: Map) -> dict[str, str]:  # noqa: ARG001 - of the API
    """`network`: over which the VM is to come; the host needs an address on it."""
    db = call.db
    record = db.record("host", host)
    db.record("network", network)
    pifs = [ref for ref in strings(record["PIFs"]) if db.field("PIF", ref, "network") == network]
    if not pifs or not placement.sees_network(call.pool, host, network):
        raise XapiFailure("HOST_CANNOT_ATTACH_NETWORK", host, network)
    if not db.field("PIF", pifs[0], "IP"):
        raise XapiFailure("INTERFACE_HAS_NO_IP", pifs[0])
    return OFFERS.make(call.pool, host)


@operation("VM.assert_can_migrate")
def assert_can_migrate(  # noqa: PLR0917 - of the API
    call: Call, vm: str, dest: Map, live: bool, vdi_map: Map, vif_map: Map, options: Map, vgpu_map: Map
) -> None:
    vm_rules.check(call.db, vm, "migrate_send", force=options.get("force") == "true")
    vm_journey.plan(call, vm, Wishes(dest, live, vdi_map, vif_map, vgpu_map, options))


@operation("VM.migrate_send")
async def migrate_send(  # noqa: PLR0913, PLR0917 - of the API
    call: Call,
    vm: str,
    dest: Map,
    live: bool,
    vdi_map: Map,
    vif_map: Map,
    options: Map,
    vgpu_map: Map,
    vdi_format_map: Map,  # noqa: ARG001 - every SR has one format here
) -> str:
    """The ref of the VM at the destination."""
    wishes = Wishes(dest, live, vdi_map, vif_map, vgpu_map, options)
    async with vm_operation(call, vm, "migrate_send", force=options.get("force") == "true"):
        journey = vm_journey.plan(call, vm, wishes)
        made: dict[str, str] = {}
        try:
            async with AsyncExitStack() as busy:
                for disk in journey.disks:
                    await busy.enter_async_context(object_operation(call, "VDI", disk, "mirror"))
                with _room(call, journey):
                    await _carry(call, journey, made)
            _check_again(call, wishes, journey)
        except BaseException:
            _discard(journey, made)
            raise
        for disk, copied in made.items():  # the mirror brings over what was written meanwhile
            images.pour(journey.pool, copied, disk, call.pool)
        _keep_history(call, journey, made)
        if journey.within and not journey.copy:
            _exchange(call, journey, made)
            return vm
        arrived = vm_arrival.arrive(call, journey, made)
        if not journey.copy:
            _leave(call, journey)
        return arrived


@contextmanager
def _room(call: Call, journey: Journey) -> Iterator[None]:
    """Memory at the destination, for a VM that brings some."""
    vm, db = journey.vms[0], call.db
    if not journey.carried:
        yield
        return
    with memory.reserved(journey.pool.db, journey.host, memory.claimed(db.record("VM", vm))):
        if journey.within:
            db.set("VM", vm, scheduled_to_be_resident_on=journey.host)
        try:
            yield
        finally:
            if db.exists("VM", vm):
                db.set("VM", vm, scheduled_to_be_resident_on=NULL_REF)


async def _carry(call: Call, journey: Journey, made: dict[str, str]) -> None:
    """Disks one by one, and the memory last; `made` gets the copy of each disk as soon as there is one."""
    db, vm = call.db, journey.vms[0]
    sizes = {disk: number(db.field("VDI", disk, "physical_utilisation")) for disk in journey.disks}
    brought = memory.claimed(db.record("VM", vm)) if journey.carried else 0
    whole, done = max(1, sum(sizes.values()) + brought), 0
    for disk, size in sizes.items():
        made[disk] = images.copy(journey.pool, disk, journey.disks[disk], source=call.pool)
        await transfers.carry(call, size, start=0.9 * done / whole, end=0.9 * (done + size) / whole)
        done += size
    await transfers.carry(call, brought, start=0.9 * done / whole)


def _check_again(call: Call, wishes: Wishes, journey: Journey) -> None:
    """Either side may have changed while the bytes were on their way: all that left must still be there to move."""
    db, vm = call.db, journey.vms[0]
    if not db.exists("VM", vm):
        raise XapiFailure("HANDLE_INVALID", "VM", vm)
    now = vm_journey.plan(call, vm, wishes)
    if (now.disks, now.carried, now.vms) != (journey.disks, journey.carried, journey.vms):
        source = text(db.field("VM", vm, "resident_on"))
        raise XapiFailure("VM_MIGRATE_FAILED", vm, source, journey.host, "the VM changed while it was migrating")


def _discard(journey: Journey, made: Map) -> None:
    for copied in made.values():
        if journey.pool.db.exists("VDI", copied):
            images.destroy(journey.pool, copied)


def _keep_history(call: Call, journey: Journey, made: Map) -> None:
    """The copies of snapshots are snapshots, each of the copy of its disk."""
    for disk, copied in made.items():
        record = call.db.record("VDI", disk)
        if record["is_a_snapshot"] and not journey.copy:
            origin = text(record["snapshot_of"])
            journey.pool.db.set(
                "VDI",
                copied,
                is_a_snapshot=True,
                snapshot_of=made.get(origin, origin if journey.within else NULL_REF),
                snapshot_time=record["snapshot_time"],
                read_only=record["read_only"],
            )


def _exchange(call: Call, journey: Journey, made: Map) -> None:
    """Within the pool: the VM has its new disks and networks from now on, and is where it was to be."""
    db, vm = call.db, journey.vms[0]
    for disk, copied in made.items():
        for vbd in list(strings(db.field("VDI", disk, "VBDs"))):
            db.set("VBD", vbd, VDI=copied)
        for snapshot in list(strings(db.field("VDI", disk, "snapshots"))):
            db.set("VDI", snapshot, snapshot_of=copied)
        if db.field("VM", vm, "suspend_VDI") == disk:
            db.set("VM", vm, suspend_VDI=copied)
    for nic, network in journey.networks.items():
        db.set("VIF", nic, network=network)
    for disk in made:
        images.destroy(call.pool, disk)
    if journey.carried:
        transitions.move(call.pool, vm, journey.host)
    for owner in journey.vms:
        devices.refresh(call.pool, owner)
        settle_vm(db, owner)
    for copied in made.values():
        devices.refresh_vdi(db, copied)
    say(call, "VM_MIGRATED", vm, "migrated")


def _leave(call: Call, journey: Journey) -> None:
    """Nothing stays behind of a VM that is in another pool now."""
    vm = journey.vms[0]
    if call.db.field("VM", vm, "power_state") == "Running":
        transitions.halt(call.pool, vm)
    for owner in journey.vms:
        remove(call, owner)
    for disk in journey.disks:
        if call.db.exists("VDI", disk):
            images.destroy(call.pool, disk)
