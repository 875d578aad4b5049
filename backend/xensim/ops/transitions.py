"""What changes when a VM changes its power state: the rows themselves, without checks and without waiting."""

from xensim.ops import agent, devices, images, memory, placement
from xensim.ops.locks import settle_vm
from xensim.ops.values import mapping, number, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

_BIOS = {
    "bios-vendor": "Xen", "bios-version": "", "system-manufacturer": "Xen", "system-product-name": "HVM domU",
    "system-version": "", "system-serial-number": "", "hp-rombios": "", "oem-1": "Xen",
    "oem-2": "MS_VM_CERT/SHA1/bdbeb6e0a816d43fa6d3fe8aaef04c2bad9d3e3d",
}  # fmt: skip


def start(pool: Pool, vm: str, host: str, *, paused: bool = False) -> None:
    """Halted → Running (or Paused) on `host`."""
    db = pool.db
    record = db.record("VM", vm)
    hvm = record["domain_type"] == "hvm"
    platform = mapping(record["platform"])
    if hvm and "device-model" not in platform:
        uefi = mapping(record["HVM_boot_params"]).get("firmware") == "uefi"
        platform = platform | {"device-model": "qemu-upstream-uefi" if uefi else "qemu-upstream-compat"}
    if paused:
        agent.forget(pool, vm)
    db.set(
        "VM",
        vm,
        platform=platform,
        bios_strings=record["bios_strings"] or _BIOS,
        last_boot_CPU_flags=_cpu_flags(pool, host),
        guest_metrics=NULL_REF if paused else agent.boot(pool, vm),
        ha_always_run=record["ha_restart_priority"] == "restart",
    )
    arrive(pool, vm, host, "Paused" if paused else "Running")
    db.set("VM_metrics", _metrics(pool, vm), start_time=pool.clock.wire())


def halt(pool: Pool, vm: str) -> None:
    """Running, Paused or Suspended → Halted."""
    db = pool.db
    record = db.record("VM", vm)
    _depart(pool, vm, "Halted")
    for console in strings(record["consoles"]):
        db.destroy("console", console)
    image = text(record["suspend_VDI"])
    db.set("VM", vm, suspend_VDI=NULL_REF, memory_target=0, requires_reboot=False, ha_always_run=False)
    if db.exists("VDI", image):
        images.destroy(pool, image)
    settle_vm(db, vm)


def suspend(pool: Pool, vm: str) -> None:
    """Running → Suspended: the memory goes into a VDI. Raises VM_NO_SUSPEND_SR, and what creating a disk raises."""
    db = pool.db
    record = db.record("VM", vm)
    size = number(record["memory_static_max"])
    image = images.create(
        pool, placement.suspend_sr(pool, vm), size + size // 10, name_label="Suspend image",
        name_description="Suspend image", type="suspend",
    )  # fmt: skip
    images.thicken(db, image)
    _depart(pool, vm, "Suspended")
    db.set("VM", vm, suspend_VDI=image, ha_always_run=False)
    settle_vm(db, vm)


def resume(pool: Pool, vm: str, host: str, *, paused: bool = False) -> None:
    """Suspended → Running (or Paused) on `host`."""
    db = pool.db
    image = text(db.field("VM", vm, "suspend_VDI"))
    db.set("VM", vm, suspend_VDI=NULL_REF)
    if db.exists("VDI", image):
        images.destroy(pool, image)
    arrive(pool, vm, host, "Paused" if paused else "Running")


def reboot(pool: Pool, vm: str) -> None:
    """A new domain on the same host; the agent reports anew."""
    db = pool.db
    record = db.record("VM", vm)
    db.set(
        "VM",
        vm,
        power_state="Running",
        domid=_next_domid(pool, text(record["resident_on"])),
        guest_metrics=agent.boot(pool, vm),
        requires_reboot=False,
    )
    db.set("VM_metrics", _metrics(pool, vm), start_time=pool.clock.wire())
    devices.refresh(pool, vm)
    settle_vm(db, vm)


def move(pool: Pool, vm: str, host: str) -> None:
    """Running or Paused, from the present host to `host`: the guest notices nothing."""
    db = pool.db
    record = db.record("VM", vm)
    memory.take(db, text(record["resident_on"]), -memory.claimed(record))
    domid = _next_domid(pool, host)
    db.set("VM", vm, resident_on=host, scheduled_to_be_resident_on=NULL_REF, domid=domid)
    memory.take(db, host, memory.claimed(record))
    db.set("VM_metrics", _metrics(pool, vm), last_updated=pool.clock.wire())
    _console(pool, vm, host)
    devices.refresh(pool, vm)
    settle_vm(db, vm)


def pause(pool: Pool, vm: str) -> None:
    """Running → Paused."""
    pool.db.set("VM", vm, power_state="Paused")
    devices.refresh(pool, vm)
    settle_vm(pool.db, vm)


def unpause(pool: Pool, vm: str) -> None:
    """Paused → Running; one that started paused boots now."""
    pool.db.set("VM", vm, power_state="Running")
    if pool.db.field("VM", vm, "guest_metrics") == NULL_REF:
        pool.db.set("VM", vm, guest_metrics=agent.boot(pool, vm))
    devices.refresh(pool, vm)
    settle_vm(pool.db, vm)


def arrive(pool: Pool, vm: str, host: str, state: str) -> None:
    """The VM becomes live on `host`: memory, domain, console, devices."""
    db = pool.db
    record = db.record("VM", vm)
    room = memory.free(db, host) - number(record["memory_overhead"])
    target = max(number(record["memory_dynamic_min"]), min(number(record["memory_dynamic_max"]), room))
    db.set(
        "VM",
        vm,
        power_state=state,
        domid=_next_domid(pool, host),
        memory_target=target,
        resident_on=host,
        scheduled_to_be_resident_on=NULL_REF,
    )
    memory.take(db, host, memory.claimed(record))
    db.set(
        "VM_metrics",
        _metrics(pool, vm),
        memory_actual=target,
        VCPUs_number=record["VCPUs_at_startup"],
        hvm=record["domain_type"] == "hvm",
        current_domain_type=record["domain_type"],
        last_updated=pool.clock.wire(),
    )
    _console(pool, vm, host)
    devices.attach_all(pool, vm)
    settle_vm(db, vm)


def _depart(pool: Pool, vm: str, state: str) -> None:
    """The VM leaves its host, if it is on one."""
    db = pool.db
    record = db.record("VM", vm)
    host = text(record["resident_on"])
    if host != NULL_REF:
        memory.take(db, host, -memory.claimed(record))
    db.set("VM", vm, power_state=state, resident_on=NULL_REF, scheduled_to_be_resident_on=NULL_REF, domid=-1)
    db.set(
        "VM_metrics",
        _metrics(pool, vm),
        memory_actual=0,
        VCPUs_number=0,
        hvm=False,
        current_domain_type="unspecified",
        last_updated=pool.clock.wire(),
    )
    devices.detach_all(pool, vm)


def _console(pool: Pool, vm: str, host: str) -> None:
    """A console at the VM's host: a new one, or the one that outlived a suspend."""
    db = pool.db
    base = f"https://{db.field('host', host, 'address')}/console?uuid="
    consoles = strings(db.field("VM", vm, "consoles"))
    if not consoles:
        uuid = db.new_uuid()
        db.create("console", {"uuid": uuid, "protocol": "rfb", "location": base + uuid, "VM": vm})
    for console in consoles:
        db.set("console", console, location=base + text(db.field("console", console, "uuid")))


def _metrics(pool: Pool, vm: str) -> str:
    """The VM's metrics; a row that was written by hand may have none yet."""
    ref = text(pool.db.field("VM", vm, "metrics"))
    if not pool.db.exists("VM_metrics", ref):
        ref = pool.db.create("VM_metrics", {"current_domain_type": "unspecified"})
        pool.db.set("VM", vm, metrics=ref)
    return ref


def _next_domid(pool: Pool, host: str) -> int:
    """Domain numbers of a host only ever grow."""
    residents = strings(pool.db.field("host", host, "resident_VMs"))
    return 1 + max((number(pool.db.field("VM", vm, "domid")) for vm in residents), default=0)


def _cpu_flags(pool: Pool, host: str) -> dict[str, str]:
    info = mapping(pool.db.field("host", host, "cpu_info"))
    return {"vendor": info.get("vendor", ""), "features": info.get("features_hvm", "")}
