"""Which hosts belong to the pool, and which of them leads it. Source: xapi_pool.ml, xapi_host.ml."""

import asyncio

from xensim.database import Database
from xensim.failures import XapiFailure, internal_error
from xensim.ops import images, pif_rules
from xensim.ops.host_power import BOOT_S
from xensim.ops.liveness import assert_live, is_live
from xensim.ops.locks import work
from xensim.ops.storage import drop, refresh_sr
from xensim.ops.values import strings, text
from xensim.ops.vm_life import remove
from xensim.pool import Pool
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

EJECT_S = 3.0
# Classes whose rows are parts of a host.
_PARTS = (
    "PBD", "host_cpu", "host_crashdump", "host_patch", "PCI", "PGPU", "PUSB", "Feature", "Certificate", "Cluster_host",
    "PVS_cache_storage", "Host_driver",
)  # fmt: skip
# Fields that may name a host which is gone.
_MENTIONS = (("VM", ("affinity", "scheduled_to_be_resident_on", "resident_on")), ("task", ("resident_on",)))


@operation("pool.designate_new_master")
def designate_new_master(call: Call, host: str) -> None:
    """Another member becomes the coordinator, when this call has been answered."""
    call.db.record("host", host)
    pif_rules.assert_ha_off(call)
    assert_live(call, host)
    if host != call.pool.coordinator:
        call.pool.request_coordinator(host)


@operation("pool.eject")
async def eject(call: Call, host: str) -> None:
    """The host leaves with its local storage, which is wiped; it starts anew on its own."""
    _check_eject(call, host)
    await work(call, EJECT_S)
    _check_eject(call, host)
    for sr in _local_srs(call.db, host):
        for vdi in list(strings(call.db.field("SR", sr, "VDIs"))):
            if call.db.exists("VDI", vdi):  # base copies go with the last disk on top of them
                images.destroy(call.pool, vdi)
        for pbd in list(strings(call.db.field("SR", sr, "PBDs"))):
            call.db.destroy("PBD", pbd)
        drop(call, sr)
    record = dict(call.db.record("host", host))
    forget_host(call, host)
    await call.pool.on_gone(host)
    call.pool.background.start(_start_anew(call.pool, record))


@operation("host.destroy")
async def destroy(call: Call, host: str) -> None:
    """Forget a host that is dead and will not come back; its local SRs stay, without a PBD."""
    _check_destroy(call, host)
    await work(call, EJECT_S / 3)
    _check_destroy(call, host)
    forget_host(call, host)
    await call.pool.on_gone(host)


@operation("pool.recover_slaves")
def recover_slaves(call: Call) -> list[str]:
    """The members that had lost the coordinator and were told of it; none here ever loses it."""
    call.db.record("pool", call.pool.ref)
    return []


@operation("pool.sync_database")
def sync_database(call: Call) -> None:
    """Every member has the newest database when this has been answered; ours is one anyway."""
    call.db.record("pool", call.pool.ref)


@operation("pool.emergency_transition_to_master")
def emergency_transition_to_master(call: Call) -> None:
    """For a member that has lost its coordinator; the coordinator has nothing to do."""
    call.db.record("pool", call.pool.ref)


@operation("pool.is_slave")
def is_slave(call: Call, host: str) -> bool:
    call.db.record("host", host)
    return host != call.pool.coordinator


@operation("pool.enable_tls_verification")
def enable_tls_verification(call: Call) -> None:
    call.db.set("pool", call.pool.ref, tls_verification_enabled=True)
    for host in list(call.db.refs("host")):
        call.db.set("host", host, tls_verification_enabled=True)


@operation("pool.apply_edition")
def apply_edition(call: Call, self: str, edition: str) -> None:
    """On every host, or on none."""
    call.db.record("pool", self)
    hosts = list(call.db.refs("host"))
    if any(edition not in strings(call.db.field("host", host, "editions")) for host in hosts):
        raise XapiFailure("INVALID_EDITION", edition)
    for host in hosts:
        call.db.set("host", host, edition=edition)


@operation("pool.get_license_state")
def get_license_state(call: Call, self: str) -> dict[str, str]:
    call.db.record("pool", self)
    params = call.db.entries("host", call.pool.coordinator, "license_params")
    return {
        "edition": text(call.db.field("host", call.pool.coordinator, "edition")),
        "expiry": str(params.get("expiry", "")),
    }


def forget_host(call: Call, host: str) -> None:
    """Take a host out of the database with everything that is part of it."""
    db = call.db
    record = dict(db.record("host", host))
    srs = [text(db.field("PBD", pbd, "SR")) for pbd in strings(record["PBDs"])]
    for vm in [ref for ref, row in db.rows("VM").items() if row.record["resident_on"] == host]:
        if db.field("VM", vm, "is_control_domain"):
            remove(call, vm)
    _forget_pifs(db, host)
    for cls in _PARTS:
        for ref in [ref for ref, row in db.rows(cls).items() if row.record["host"] == host]:
            _forget_variants(db, ref)
            db.destroy(cls, ref)
    for cls, names in _MENTIONS:
        for ref, row in list(db.rows(cls).items()):
            gone = {name: NULL_REF for name in names if row.record[name] == host}
            if gone:
                db.set(cls, ref, **gone)
    for ref, row in list(db.rows("Observer").items()):
        db.set("Observer", ref, hosts=[other for other in strings(row.record["hosts"]) if other != host])
    if db.exists("host_metrics", text(record["metrics"])):
        db.destroy("host_metrics", text(record["metrics"]))
    db.destroy("host", host)
    call.pool.outside.cards.pop(host, None)
    call.pool.outside.stay_disabled.discard(host)
    for sr in srs:
        refresh_sr(call, sr)


async def _start_anew(pool: Pool, record: dict[str, object]) -> None:
    """The ejected host boots, and is a pool of one."""
    await asyncio.sleep(BOOT_S * pool.pace)
    await pool.on_eject(record)


def _forget_variants(db: Database, driver: str) -> None:
    """The versions of a host's driver go with it; of anything else there are none."""
    for ref in [ref for ref, row in db.rows("Driver_variant").items() if row.record["driver"] == driver]:
        db.destroy("Driver_variant", ref)


def _forget_pifs(db: Database, host: str) -> None:
    pifs = [ref for ref, row in db.rows("PIF").items() if row.record["host"] == host]
    ends = (
        ("VLAN", "untagged_PIF"), ("Bond", "master"), ("tunnel", "access_PIF"), ("network_sriov", "logical_PIF"),
    )  # fmt: skip
    for cls, field in ends:
        for ref in [ref for ref, row in db.rows(cls).items() if row.record[field] in pifs]:
            db.destroy(cls, ref)
    for pif in pifs:
        pif_rules.destroy_pif(db, pif)


def _local_srs(db: Database, host: str) -> list[str]:
    """The SRs that only this host has."""
    srs = [text(db.field("PBD", pbd, "SR")) for pbd in strings(db.field("host", host, "PBDs"))]
    return [sr for sr in srs if not db.field("SR", sr, "shared") and len(strings(db.field("SR", sr, "PBDs"))) == 1]


def _check_eject(call: Call, host: str) -> None:
    call.db.record("host", host)
    if host == call.pool.coordinator:
        raise internal_error("Xapi_pool.Cannot_eject_master")
    pif_rules.assert_ha_off(call)
    assert_live(call, host)
    _assert_no_guests(call, host)


def _check_destroy(call: Call, host: str) -> None:
    """Guests come before life: a host that lost power counts as live for a while, wire 15-008."""
    call.db.record("host", host)
    if host == call.pool.coordinator:
        raise XapiFailure("HOST_IS_LIVE", host)
    _assert_no_guests(call, host)
    if is_live(call.pool, host):
        raise XapiFailure("HOST_IS_LIVE", host)


def _assert_no_guests(call: Call, host: str) -> None:
    vms = strings(call.db.field("host", host, "resident_VMs"))
    if any(not call.db.field("VM", vm, "is_control_domain") for vm in vms):
        raise XapiFailure("HOST_HAS_RESIDENT_VMS", host)
