"""What has happened lately: messages, alarms with their XML, tasks running and done."""

from collections.abc import Callable

from xensim.clock import wire_date
from xensim.graph.guests import Guest
from xensim.graph.mint import DAY
from xensim.graph.site import Site
from xensim.ops.values import text

_EVERYDAY = (
    ("VM_STARTED", "started on host: {host} (uuid: {host_uuid})"), ("VM_SHUTDOWN", "shutdown"),
    ("VM_REBOOTED", "rebooted cleanly"), ("VM_SNAPSHOTTED", "snapshotted, snapshot name: before upgrade"),
    ("VM_MIGRATED", "migrated to host: {host} (uuid: {host_uuid})"), ("VM_SUSPENDED", "suspended"),
    ("VM_RESUMED", "resumed on host: {host} (uuid: {host_uuid})"),
)  # fmt: skip


def alarm(name: str, value: float, level: float, *, period: int = 60) -> str:
    """The body of an ALARM message, as xapi's perfmon writes it."""
    return (
        f"value: {value:f}\nconfig:\n<variable>\n\t<name value=\"{name}\"/>\n"
        f"\t<alarm_trigger_level value=\"{level}\"/>\n\t<alarm_trigger_period value=\"{period}\"/>\n</variable>\n"
    )  # fmt: skip


def add(site: Site, guests: list[Guest]) -> None:
    """Add messages for a share of the guests, the alarms, and a few tasks."""
    mint, db = site.mint, site.mint.db
    for guest in guests[:: max(1, len(guests) // 300)]:
        vm = db.record("VM", guest.ref)
        name, what = mint.pick(_EVERYDAY)
        host = mint.pick(site.hosts)
        body = f"VM '{vm['name_label']}' (uuid: {vm['uuid']}) " + what.format(host=host.name, host_uuid=host.uuid)
        _message(site, name, 5, "VM", text(vm["uuid"]), body, age_days=mint.rng.random() * 30)
    _alarms(site, guests)
    _warnings(site)
    _tasks(site, guests)


def _message(site: Site, name: str, priority: int, cls: str, uuid: str, body: str, *, age_days: float) -> None:
    site.mint.add(
        "message",
        name=name, priority=priority, cls=cls, obj_uuid=uuid, body=body,
        timestamp=wire_date(site.mint.now - DAY * age_days),
    )  # fmt: skip


def _alarms(site: Site, guests: list[Guest]) -> None:
    mint = site.mint
    for guest in guests[:: max(1, len(guests) // 12)]:
        uuid = text(mint.db.field("VM", guest.ref, "uuid"))
        body = alarm("cpu_usage", 0.9 + 0.1 * mint.rng.random(), 0.9)
        _message(site, "ALARM", 3, "VM", uuid, body, age_days=mint.rng.random() * 3)
    host, sr = site.hosts[-1], text(mint.db.field("SR", site.srs["nfs"], "uuid"))
    _message(site, "ALARM", 3, "Host", host.uuid, alarm("network_usage", 118e6, 1e8, period=300), age_days=0.4)
    _message(site, "ALARM", 3, "SR", sr, alarm("physical_utilisation", 0.91, 0.9, period=3600), age_days=0.1)
    _message(site, "ALARM", 3, "Host", host.uuid, alarm("mem_usage", float("nan"), 0.95), age_days=8)


def _warnings(site: Site) -> None:
    mint, second = site.mint, site.hosts[min(1, len(site.hosts) - 1)]
    pool = text(mint.db.field("pool", site.pool, "uuid"))
    archive = text(mint.db.field("SR", site.srs["archive"], "uuid"))
    certificate = next(iter(mint.db.rows("Certificate").values())).record
    gone = mint.uuid()
    for name, priority, cls, uuid, body, age in (
        ("BOND_STATUS_CHANGED", 3, "Host", second.uuid, "The status of the eth2+eth3 bond changed: 1/2 up (2/2)", 0.3),
        ("MULTIPATH_PERIODIC_ALERT", 3, "Host", second.uuid, _multipath(second.uuid), 0.2),
        ("PBD_PLUG_FAILED_ON_SERVER_START", 3, "Host", site.hosts[-1].uuid, "The server could not attach an SR", 3.0),
        ("HOST_CLOCK_SKEW_DETECTED", 3, "Host", site.hosts[-1].uuid, "The clock is 4.2 s off the coordinator's", 5.0),
        ("POOL_MASTER_TRANSITION", 4, "Pool", pool, "This server is now the coordinator", 40.0),
        ("SM_GC_NO_SPACE", 3, "SR", archive, "Not enough space to coalesce", 1.0),
        ("HOST_SERVER_CERTIFICATE_EXPIRING_30", 3, "Certificate", text(certificate["uuid"]), "<body/>", 2.0),
        ("VM_SHUTDOWN", 5, "VM", gone, "VM 'gone' is no more: its message stayed", 20.0),
    ):  # fmt: skip
        _message(site, name, priority, cls, uuid, body, age_days=age)


def _multipath(uuid: str) -> str:
    return (
        f"Periodic alert of multipath status: [host={uuid}; host-name=xcp-02; pbd=…; scsi_id=3658…; current=3; max=4]"
    )


def _tasks(site: Site, guests: list[Guest]) -> None:
    mint = site.mint
    some = text(mint.db.field("VM", guests[0].ref, "uuid")) if guests else ""
    rows: tuple[tuple[str, str, float, Callable[[], dict[str, object]]], ...] = (
        (
            "VM.export",
            "pending",
            0.42,
            lambda: {"allowed_operations": ["cancel"], "other_config": {"applies_to": some}},
        ),
        ("[XO] Importing content into VDI", "pending", 0.07, lambda: {"allowed_operations": ["cancel"]}),
        ("SR.scan", "success", 1.0, lambda: {"result": "<value></value>"}),
        ("Async.VM.migrate_send", "failure", 1.0, lambda: {"error_info": ["SR_DOES_NOT_SUPPORT_MIGRATION", some]}),
        ("Async.VDI.copy", "cancelled", 1.0, lambda: {"error_info": ["TASK_CANCELLED", "OpaqueRef:NULL"]}),
    )
    parent = ""
    for label, status, progress, extra in rows:
        ref = mint.add(
            "task",
            name_label=label, name_description="", created=mint.ago(0.02), status=status, progress=progress,
            finished=wire_date(0) if status == "pending" else mint.ago(0.01), type="<none/>", backtrace="()",
            resident_on=mint.pick(site.hosts).ref, **extra(),
        )  # fmt: skip
        parent = parent or ref
    mint.add(
        "task", name_label="VM.export of a disk", created=mint.ago(0.02), status="pending", progress=0.42,
        type="<none/>", backtrace="()", subtask_of=parent, resident_on=site.hosts[0].ref,
    )  # fmt: skip
