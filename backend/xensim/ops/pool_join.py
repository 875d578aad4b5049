"""pool.join: the only host of a pool becomes a member of another one. Source: xapi_pool.ml, pre_join_checks.

Where the other pool is, and that the host answers as its member, is the business of whoever serves both:
`Pool.find_pool` and `Pool.on_join`.
"""

import asyncio

from xensim import moving
from xensim.failures import XapiFailure
from xensim.ops import filers, host_power
from xensim.ops.host_power import AGENT_S, REPLY_S
from xensim.ops.locks import settle_vm, work
from xensim.ops.values import mapping, strings, text
from xensim.pool import Pool
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

JOIN_S = 5.0
# Rows that come with their host, and with their VMs.
_OF_HOST = ("host_cpu", "PCI", "PGPU", "PUSB", "Feature", "Certificate", "PIF")
_OF_VM = ("VBD", "VIF", "VTPM", "console")
_METRICS = {
    "host": "host_metrics",
    "PIF": "PIF_metrics",
    "VM": "VM_metrics",
    "VBD": "VBD_metrics",
    "VIF": "VIF_metrics",
}
_NETWORK_PARTS = (
    ("Bond", "POOL_JOINING_HOST_HAS_BONDS"), ("VLAN", "POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS"),
    ("tunnel", "POOL_JOINING_HOST_HAS_TUNNELS"), ("network_sriov", "POOL_JOINING_HOST_HAS_NETWORK_SRIOVS"),
)  # fmt: skip


@operation("pool.join", "pool.join_force")
async def join(call: Call, address: str, user: str, password: str) -> None:
    """Answered before the host restarts its agent as a member. `join_force` overlooks other CPUs."""
    pool, force = call.pool, call.method == "pool.join_force"
    target = check(pool, pool.find_pool(address), force=force)
    if (user, password) != (target.credentials.user, target.credentials.password):
        raise XapiFailure("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure")
    await work(call, JOIN_S)
    check(pool, target, force=force)
    host = move(pool, target)
    target.background.start(_become_member(pool, target, host))


def check(pool: Pool, target: Pool | None, *, force: bool) -> Pool:
    """The pool to join. Raises why the only host of `pool` cannot join it."""
    db = pool.db
    if db.field("pool", pool.ref, "ha_enabled"):
        raise XapiFailure("HA_IS_ENABLED")
    if len(db.refs("host")) > 1:
        raise XapiFailure("JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS")
    if target is None or target is pool:
        raise XapiFailure("JOINING_HOST_CONNECTION_FAILED")
    if target.db.field("pool", target.ref, "ha_enabled"):
        raise XapiFailure("HA_IS_ENABLED")
    host, master = db.record("host", pool.coordinator), target.db.record("host", target.coordinator)
    versions = [mapping(each["software_version"]).get("product_version") for each in (host, master)]
    if versions[0] != versions[1]:
        raise XapiFailure("POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION")
    vendors = [mapping(each["cpu_info"]).get("vendor") for each in (host, master)]
    if vendors[0] != vendors[1] and not force:
        raise XapiFailure("HOSTS_NOT_HOMOGENEOUS", "CPUs differ")
    _check_parts(pool)
    return target


def move(pool: Pool, target: Pool) -> str:
    """Bring the host's records into `target`; its ref there. It is not live before its agent has restarted."""
    db, host = pool.db, pool.coordinator
    rows = _rows(pool)
    made = moving.copy(pool, target, rows, _networks(pool, target))
    new = made[host]
    target.db.set("host", new, enabled=False)
    target.db.set("host_metrics", made[text(db.field("host", host, "metrics"))], live=False)
    host_power.refresh(target, new)
    for vm in rows["VM"]:
        settle_vm(target.db, made[vm])
    _join_storage(target, new)
    return new


def _check_parts(pool: Pool) -> None:
    """What must not be on a host that joins."""
    db = pool.db
    guests = [row.record for row in db.rows("VM").values() if not row.record["is_control_domain"]]
    states = {text(vm["power_state"]) for vm in guests if not vm["is_a_snapshot"]}
    if states & {"Running", "Paused"}:
        raise XapiFailure("JOINING_HOST_CANNOT_HAVE_RUNNING_VMS")
    if "Suspended" in states:
        raise XapiFailure("JOINING_HOST_CANNOT_HAVE_RUNNING_OR_SUSPENDED_VMS")
    if any(vm["current_operations"] for vm in guests):
        raise XapiFailure("JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS")
    if any(row.record["shared"] and not row.record["is_tools_sr"] for row in db.rows("SR").values()):
        raise XapiFailure("JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS")
    for cls, code in _NETWORK_PARTS:
        if db.count(cls):
            raise XapiFailure(code)


def _rows(pool: Pool) -> dict[str, list[str]]:
    """What comes along: the host with its parts, its own storage, and VMs that are no templates of the product."""
    db, host = pool.db, pool.coordinator
    srs = [ref for ref, row in db.rows("SR").items() if not row.record["shared"] and row.record["PBDs"]]
    vms = [ref for ref, row in db.rows("VM").items() if not row.record["is_default_template"]]
    rows = {
        "host": [host],
        "SR": srs,
        "PBD": [ref for ref, row in db.rows("PBD").items() if row.record["SR"] in srs],
        "VDI": [ref for ref, row in db.rows("VDI").items() if row.record["SR"] in srs],
        "VM": vms,
        **{cls: [ref for ref, row in db.rows(cls).items() if row.record["host"] == host] for cls in _OF_HOST},
        **{cls: [ref for ref, row in db.rows(cls).items() if row.record["VM"] in vms] for cls in _OF_VM},
    }
    for cls, metrics in _METRICS.items():
        refs = [text(db.field(cls, ref, "metrics")) for ref in rows[cls]]
        rows[metrics] = [ref for ref in dict.fromkeys(refs) if db.exists(metrics, ref)]
    guests = [text(db.field("VM", vm, "guest_metrics")) for vm in vms]
    rows["VM_guest_metrics"] = [ref for ref in guests if db.exists("VM_guest_metrics", ref)]
    return rows


def _networks(pool: Pool, target: Pool) -> dict[str, str]:
    """Networks meet by the names of their bridges; others are made."""
    db = target.db
    by_bridge = {text(row.record["bridge"]): ref for ref, row in db.rows("network").items()}
    known: dict[str, str] = {pool.ref: target.ref}
    for ref, row in pool.db.rows("network").items():
        bridge = text(row.record["bridge"])
        if bridge not in by_bridge:
            names = ("name_label", "name_description", "MTU", "other_config", "bridge", "managed", "tags", "purpose")
            by_bridge[bridge] = db.create("network", {name: row.record[name] for name in names})
        known[ref] = by_bridge[bridge]
    return known


def _join_storage(target: Pool, host: str) -> None:
    """A PBD for each shared SR, plugged where others are."""
    db = target.db
    for sr, row in list(db.rows("SR").items()):
        pbds = [db.record("PBD", pbd) for pbd in strings(row.record["PBDs"])]
        if not row.record["shared"] or not pbds:
            continue
        config = mapping(pbds[0]["device_config"])
        plugged = config.get("server") not in filers.UNREACHABLE and any(pbd["currently_attached"] for pbd in pbds)
        db.create("PBD", {"host": host, "SR": sr, "device_config": config, "currently_attached": plugged})
    pool = db.record("pool", target.ref)
    for field, default in (("suspend_image_sr", "suspend_image_SR"), ("crash_dump_sr", "crash_dump_SR")):
        if db.field("host", host, field) == NULL_REF:
            db.set("host", host, **{field: pool[default]})


async def _become_member(pool: Pool, target: Pool, host: str) -> None:
    """The agent restarts: who spoke to the pool of one loses the session, and finds a member at that address."""
    await asyncio.sleep(REPLY_S)
    await pool.on_power(pool.coordinator, False)
    pool.start_over()
    await asyncio.sleep(AGENT_S * target.pace)
    if target.db.exists("host", host):
        await pool.on_join(target, host)
        await host_power.come_up(target, host)
