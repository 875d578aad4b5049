"""What high availability does when a host fails: another coordinator, and its protected VMs start elsewhere."""

from xensim.ops import ha_plan, transitions
from xensim.ops.liveness import is_live
from xensim.ops.values import strings, text
from xensim.pool import Pool

PRIORITY = 1  # of messages about losses


def take_over(pool: Pool, failed: str) -> None:
    """Called when `failed` no longer counts as live; nothing happens without high availability."""
    db = pool.db
    if not db.field("pool", pool.ref, "ha_enabled"):
        return
    survivors = [host for host in db.refs("host") if is_live(pool, host)]
    if not survivors:
        return
    pool.emit_message("HA_HOST_FAILED", PRIORITY, "Host", text(db.field("host", failed, "uuid")), "")
    if failed == pool.coordinator:
        pool.request_coordinator(survivors[0])
    residents = list(strings(db.field("host", failed, "resident_VMs")))
    guests = [vm for vm in residents if not db.field("VM", vm, "is_control_domain")]
    wanted = [vm for vm in guests if vm in ha_plan.protected(pool)]
    for vm in guests:
        transitions.halt(pool, vm)
    for vm, place in ha_plan.failover(pool, [failed], wanted).items():
        if "host" in place:
            transitions.start(pool, vm, place["host"])
        else:
            uuid = text(db.field("VM", vm, "uuid"))
            pool.emit_message("HA_PROTECTED_VM_RESTART_FAILED", PRIORITY, "VM", uuid, "")
