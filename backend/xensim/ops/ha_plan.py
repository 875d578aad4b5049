"""How many hosts may fail before a protected VM finds no place. Source: xapi_ha_vm_failover.ml, binpack.ml."""

from collections.abc import Collection, Mapping

from xensim.failures import XapiFailure
from xensim.ops import memory, placement
from xensim.ops.liveness import is_live
from xensim.ops.values import number, strings, text
from xensim.pool import Pool

RESTART = "restart"


def tolerated(pool: Pool, priorities: Mapping[str, str] | None = None) -> int:
    """The largest number of hosts whose loss can be made up for, whichever they are.

    `priorities`: of VMs (refs) whose `ha_restart_priority` is to be thought of as another than it is.
    """
    hosts = _hosts(pool)
    count = 0
    while count + 1 < len(hosts) and survives(pool, count + 1, priorities):
        count += 1
    return count


def survives(
    pool: Pool, count: int, priorities: Mapping[str, str] | None = None, *, without: Collection[str] = ()
) -> bool:
    """Whether every protected VM fits somewhere after `count` hosts have failed, the worst ones to lose.

    `without`: hosts that take no VMs, but keep those they have.
    """
    hosts = [host for host in _hosts(pool) if host not in without]
    if count >= len(hosts):
        return count == 0
    wanted = protected(pool, priorities)
    loads = {host: sum(_size(pool, vm) for vm in wanted if _resident(pool, vm) == host) for host in hosts}
    # What goes with a host is its load, that needs a place, and its free memory, that would have been one.
    hosts.sort(key=lambda host: loads[host] + memory.free(pool.db, host), reverse=True)
    lost, left = hosts[:count], hosts[count:]
    moving = [vm for vm in wanted if _resident(pool, vm) in lost]
    return all(host for host in _packed(pool, moving, left).values())


def assert_spare(pool: Pool, host: str) -> None:
    """Raise HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN when the plan needs this host."""
    record = pool.db.record("pool", pool.ref)
    if not record["ha_enabled"] or record["ha_allow_overcommit"]:
        return
    if not survives(pool, number(record["ha_plan_exists_for"]), without={host}):
        raise XapiFailure("HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN")


def failover(pool: Pool, failed: list[str], vms: list[str]) -> dict[str, dict[str, str]]:
    """For each VM the host it would start on after the failure, or why it would not."""
    left = [host for host in _hosts(pool) if host not in failed]
    places = _packed(pool, vms, left)
    return {
        vm: {"host": host} if host else {"error_code": "NO_HOSTS_AVAILABLE", "error_params": "()"}
        for vm, host in places.items()
    }


def protected(pool: Pool, priorities: Mapping[str, str] | None = None) -> list[str]:
    """The running VMs that must be restarted elsewhere when their host fails."""
    chosen = priorities or {}
    return [
        ref
        for ref, row in pool.db.rows("VM").items()
        if row.record["power_state"] == "Running"
        and not row.record["is_control_domain"]
        and chosen.get(ref, text(row.record["ha_restart_priority"])) == RESTART
    ]


def assert_agile(pool: Pool, vm: str) -> None:
    """Raise what ties a VM to its host: storage or a network that others do not have."""
    db = pool.db
    for sr in placement.required_srs(pool, vm):
        if not db.field("SR", sr, "shared"):
            raise XapiFailure("HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", sr)
    for vif in strings(db.field("VM", vm, "VIFs")):
        network = text(db.field("VIF", vif, "network"))
        if not all(placement.sees_network(pool, host, network) for host in db.refs("host")):
            raise XapiFailure("HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED", network)


def _packed(pool: Pool, vms: list[str], hosts: list[str]) -> dict[str, str]:
    """Each VM's host, "" for none; the largest first, into the host with most memory left."""
    room = {host: memory.free(pool.db, host) for host in hosts}
    places: dict[str, str] = {}
    for vm in sorted(vms, key=lambda each: _size(pool, each), reverse=True):
        size = _size(pool, vm)
        fits = [host for host in hosts if room[host] >= size and _can_boot(pool, vm, host)]
        places[vm] = max(fits, key=lambda host: room[host], default="")
        if places[vm]:
            room[places[vm]] -= size
    return places


def _can_boot(pool: Pool, vm: str, host: str) -> bool:
    try:
        placement.assert_can_boot(pool, vm, host, force=True)
    except XapiFailure:
        return False
    return True


def _hosts(pool: Pool) -> list[str]:
    return [host for host in pool.db.refs("host") if is_live(pool, host) and pool.db.field("host", host, "enabled")]


def _size(pool: Pool, vm: str) -> int:
    """Bytes that a start takes."""
    return memory.needed(pool.db.record("VM", vm))


def _resident(pool: Pool, vm: str) -> str:
    return text(pool.db.field("VM", vm, "resident_on"))
