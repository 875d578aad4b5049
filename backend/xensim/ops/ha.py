"""High availability: heartbeats on shared storage, and protected VMs that start elsewhere when their host fails."""

from xensim.failures import XapiFailure
from xensim.ops import devices, ha_plan, images
from xensim.ops.liveness import assert_live
from xensim.ops.locks import object_operation, work
from xensim.ops.sr_life import STATEFILE_SIZE
from xensim.ops.values import strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

SWITCH_S = 5.0
METADATA_SIZE = 512 << 20  # bytes
_OFF_ONLY = frozenset({"designate_new_master", "eject", "cluster_create"})


@operation("pool.enable_ha")
async def enable_ha(call: Call, heartbeat_srs: list[str], configuration: dict[str, str]) -> None:
    """Without a choice of SRs, the first that can hold a heartbeat."""
    pool = call.pool.ref
    await _check_enable(call, heartbeat_srs)
    async with object_operation(call, "pool", pool, "ha_enable"):
        await work(call, SWITCH_S)
        srs = await _check_enable(call, heartbeat_srs)
        _enable(call, srs, configuration)


@operation("pool.disable_ha")
async def disable_ha(call: Call) -> None:
    _assert_enabled(call)
    async with object_operation(call, "pool", call.pool.ref, "ha_disable"):
        await work(call, SWITCH_S)
        _assert_enabled(call)
        _disable(call)


@operation("pool.set_ha_host_failures_to_tolerate")
def set_failures_to_tolerate(call: Call, self: str, value: int) -> None:
    """Raise HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN when there is no plan for so many, unless that is allowed."""
    if value < 0:
        raise XapiFailure("INVALID_VALUE", "ha_host_failures_to_tolerate", str(value))
    record = call.db.record("pool", self)
    if record["ha_enabled"] and not record["ha_allow_overcommit"] and not ha_plan.survives(call.pool, value):
        raise XapiFailure("HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN")
    call.db.set("pool", self, ha_host_failures_to_tolerate=value)
    settle(call)


@operation("pool.ha_compute_max_host_failures_to_tolerate")
def compute_max(call: Call) -> int:
    return ha_plan.tolerated(call.pool)


@operation("pool.ha_compute_hypothetical_max_host_failures_to_tolerate")
def compute_hypothetical_max(call: Call, configuration: dict[str, str]) -> int:
    """The same for other priorities than those that VMs have: ref → `restart`, `best-effort` or ``."""
    for vm, priority in configuration.items():
        if priority == ha_plan.RESTART:
            ha_plan.assert_agile(call.pool, vm)
    return ha_plan.tolerated(call.pool, configuration)


@operation("pool.ha_failover_plan_exists")
def failover_plan_exists(call: Call, n: int) -> bool:
    return ha_plan.survives(call.pool, n)


@operation("pool.ha_compute_vm_failover_plan")
def compute_failover_plan(call: Call, failed_hosts: list[str], failed_vms: list[str]) -> dict[str, dict[str, str]]:
    for vm in failed_vms:
        call.db.record("VM", vm)
    return ha_plan.failover(call.pool, failed_hosts, failed_vms)


@operation("pool.ha_prevent_restarts_for")
def prevent_restarts_for(call: Call, seconds: int) -> None:  # noqa: ARG001 - nothing fails here by itself
    _assert_enabled(call)


@operation("pool.ha_schedule_plan_recomputation")
def schedule_plan_recomputation(call: Call) -> None:
    settle(call)


def settle(call: Call) -> None:
    """Write down for how many failures there is a plan, and whether that is less than was asked for."""
    pool = call.pool.ref
    if not call.db.field("pool", pool, "ha_enabled"):
        return
    asked = call.db.field("pool", pool, "ha_host_failures_to_tolerate")
    most = min(ha_plan.tolerated(call.pool), asked if isinstance(asked, int) else 0)
    call.db.set("pool", pool, ha_plan_exists_for=most, ha_overcommitted=most != asked)


async def _check_enable(call: Call, chosen: list[str]) -> list[str]:
    """The SRs for heartbeats. Raises why there can be none."""
    db = call.db
    if db.field("pool", call.pool.ref, "ha_enabled"):
        raise XapiFailure("HA_IS_ENABLED")
    for host in db.refs("host"):
        assert_live(call, host)
        if not db.field("host", host, "enabled"):
            raise XapiFailure("HA_POOL_IS_ENABLED_BUT_HOST_IS_DISABLED", host)
    for sr in chosen:
        await call.call("SR.assert_can_host_ha_statefile", sr)
    srs = chosen or await _fitting(call)
    if len(db.refs("host")) == 1 and srs:
        raise XapiFailure("HA_TOO_FEW_HOSTS")
    if not srs:
        raise XapiFailure("CANNOT_CREATE_STATE_FILE")
    return srs


async def _fitting(call: Call) -> list[str]:
    for sr, row in call.db.rows("SR").items():
        if row.record["content_type"] == "iso" or not row.record["PBDs"]:
            continue
        try:
            await call.call("SR.assert_can_host_ha_statefile", sr)
        except XapiFailure:
            continue
        return [sr]
    return []


def _disk(call: Call, sr: str, label: str, kind: str, size: int) -> str:
    vdi = images.create(
        call.pool, sr, size, name_label=label, name_description="Used for storing the pool's state", type=kind,
        sharable=True, metadata_of_pool=call.pool.ref if kind == "redo_log" else NULL_REF,
    )  # fmt: skip
    devices.refresh_vdi(call.db, vdi)
    return vdi


def _assert_enabled(call: Call) -> None:
    if not call.db.field("pool", call.pool.ref, "ha_enabled"):
        raise XapiFailure("HA_NOT_ENABLED")


def _enable(call: Call, srs: list[str], configuration: dict[str, str]) -> None:
    db, pool = call.db, call.pool.ref
    statefiles = [_disk(call, sr, "Statefile for HA", "ha_statefile", STATEFILE_SIZE) for sr in srs]
    _disk(call, srs[0], "Metadata for HA", "redo_log", METADATA_SIZE)
    hosts = list(db.refs("host"))
    for host in hosts:
        peers = [text(db.field("host", other, "uuid")) for other in hosts if other != host]
        db.set("host", host, ha_statefiles=statefiles, ha_network_peers=peers)
    for vm in ha_plan.protected(call.pool):
        db.set("VM", vm, ha_always_run=True)
    operations = [op for op in strings(db.field("pool", pool, "allowed_operations")) if op not in _OFF_ONLY]
    db.set(
        "pool",
        pool,
        ha_enabled=True,
        ha_statefiles=statefiles,
        ha_configuration=configuration,
        allowed_operations=["ha_disable" if op == "ha_enable" else op for op in operations],
    )
    most = ha_plan.tolerated(call.pool)
    db.set("pool", pool, ha_host_failures_to_tolerate=most)
    settle(call)


def _disable(call: Call) -> None:
    db, pool = call.db, call.pool.ref
    operations = strings(db.field("pool", pool, "allowed_operations"))
    back = ["ha_enable" if op == "ha_disable" else op for op in operations]
    db.set(
        "pool",
        pool,
        ha_enabled=False,
        ha_statefiles=[],
        ha_configuration={},
        ha_plan_exists_for=0,
        ha_overcommitted=False,
        allowed_operations=[*back, *sorted(_OFF_ONLY - set(back))],
    )
    for host in list(db.refs("host")):
        db.set("host", host, ha_statefiles=[], ha_network_peers=[])
    for vdi in [ref for ref, row in db.rows("VDI").items() if row.record["type"] in {"ha_statefile", "redo_log"}]:
        images.destroy(call.pool, vdi)
