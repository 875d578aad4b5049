"""Where a VM can run: what a host must have, and which host is chosen. Source: xapi_vm_helpers.ml."""

from xensim.failures import XapiFailure
from xensim.ops import memory
from xensim.ops.values import Record, mapping, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF


def assert_can_boot(pool: Pool, vm: str, host: str, *, force: bool = False) -> None:
    """Raise the reason why `vm` cannot run on `host`; `force` skips the check of memory."""
    db = pool.db
    record, place = db.record("VM", vm), db.record("host", host)
    if not db.field("host_metrics", text(place["metrics"]), "live"):
        raise XapiFailure("HOST_NOT_LIVE")
    if not place["enabled"]:
        raise XapiFailure("HOST_DISABLED", host)
    for sr in required_srs(pool, vm):
        if not sees_sr(pool, host, sr):
            raise XapiFailure("VM_REQUIRES_SR", vm, sr)
    for vif in strings(record["VIFs"]):
        network = text(db.field("VIF", vif, "network"))
        if not sees_network(pool, host, network):
            raise XapiFailure("VM_REQUIRES_NETWORK", vm, network)
    _assert_devices(pool, vm, host)
    hvm = any(capability.startswith("hvm") for capability in strings(place["capabilities"]))
    if record["domain_type"] == "hvm" and not hvm:
        raise XapiFailure("VM_HVM_REQUIRED", vm)
    if force:
        return
    assert_cpu(pool, vm, host)
    assert_memory(pool, host, memory.needed(record))


def assert_can_receive(pool: Pool, vm: str, host: str) -> None:
    """Raise the reason why `vm`, which is live, cannot move to `host` as it is. Source: xapi_vm_migrate.ml."""
    assert_can_boot(pool, vm, host, force=True)
    assert_cpu(pool, vm, host)
    assert_memory(pool, host, memory.claimed(pool.db.record("VM", vm)))


def assert_memory(pool: Pool, host: str, needed: int) -> None:
    """Raise HOST_NOT_ENOUGH_FREE_MEMORY when `host` has not so many bytes to give."""
    available = memory.free(pool.db, host)
    if needed > available:
        raise XapiFailure("HOST_NOT_ENOUGH_FREE_MEMORY", str(needed), str(available))


def assert_cpu(pool: Pool, vm: str, host: str) -> None:
    """A VM that has booted needs a CPU like the one it found then, or a better one. Source: cpuid_helpers.ml."""
    record = pool.db.record("VM", vm)
    if record["power_state"] != "Halted":
        assert_cpu_like(pool, vm, host, mapping(record["last_boot_CPU_flags"]))


def assert_cpu_like(pool: Pool, vm: str, host: str, booted: dict[str, str]) -> None:
    """Raise VM_INCOMPATIBLE_WITH_THIS_HOST for want of what `booted`, a VM's last_boot_CPU_flags, holds."""
    info = mapping(pool.db.field("host", host, "cpu_info"))
    if booted.get("vendor") and booted["vendor"] != info.get("vendor"):
        reason = "VM was booted on a host which had a CPU from a different vendor."
        raise XapiFailure("VM_INCOMPATIBLE_WITH_THIS_HOST", vm, host, reason)
    if not _has_features(info.get("features_hvm", ""), booted.get("features", "")):
        reason = "VM was booted on a CPU with features this host's CPU does not have."
        raise XapiFailure("VM_INCOMPATIBLE_WITH_THIS_HOST", vm, host, reason)


def _assert_devices(pool: Pool, vm: str, host: str) -> None:
    """Raise VM_REQUIRES_GPU or VM_REQUIRES_VUSB for what the host has none of."""
    db = pool.db
    record, place = db.record("VM", vm), db.record("host", host)
    for vgpu in strings(record["VGPUs"]):
        group = text(db.field("VGPU", vgpu, "GPU_group"))
        if not any(db.field("PGPU", gpu, "GPU_group") == group for gpu in strings(place["PGPUs"])):
            raise XapiFailure("VM_REQUIRES_GPU", vm, group)
    for vusb in strings(record["VUSBs"]):
        usb = text(db.field("VUSB", vusb, "USB_group"))
        if not any(_offers(db.record("PUSB", pusb), usb) for pusb in strings(place["PUSBs"])):
            raise XapiFailure("VM_REQUIRES_VUSB", vm, usb)


def possible_hosts(pool: Pool, vm: str, *, force: bool = False) -> list[str]:
    """Every host on which the VM can run now."""
    found = []
    for host in pool.db.refs("host"):
        try:
            assert_can_boot(pool, vm, host, force=force)
        except XapiFailure:
            continue
        found.append(host)
    return found


def choose_host(pool: Pool, vm: str, *, force: bool = False) -> str:
    """The VM's preferred host if it can run there, else the one with most free memory. Raises NO_HOSTS_AVAILABLE."""
    hosts = possible_hosts(pool, vm, force=force)
    if not hosts:
        raise XapiFailure("NO_HOSTS_AVAILABLE")
    affinity = text(pool.db.field("VM", vm, "affinity"))
    return affinity if affinity in hosts else max(hosts, key=lambda host: memory.free(pool.db, host))


def required_srs(pool: Pool, vm: str) -> list[str]:
    """The SRs of the VM's disks and of the images in its drives."""
    db = pool.db
    vdis = [text(db.field("VBD", vbd, "VDI")) for vbd in strings(db.field("VM", vm, "VBDs"))]
    vdis.append(text(db.field("VM", vm, "suspend_VDI")))
    return list(dict.fromkeys(text(db.field("VDI", vdi, "SR")) for vdi in vdis if db.exists("VDI", vdi)))


def sees_sr(pool: Pool, host: str, sr: str) -> bool:
    """Whether the host has the SR plugged."""
    pbds = [pool.db.record("PBD", pbd) for pbd in strings(pool.db.field("SR", sr, "PBDs"))]
    return any(pbd["host"] == host and pbd["currently_attached"] for pbd in pbds)


def sees_network(pool: Pool, host: str, network: str) -> bool:
    """Whether the host can attach the network: internal ones exist everywhere."""
    db = pool.db
    if not db.exists("network", network):
        return False
    pifs = strings(db.field("network", network, "PIFs"))
    internal = mapping(db.field("network", network, "other_config")).get("is_host_internal_management_network")
    return not pifs or internal == "true" or any(db.field("PIF", pif, "host") == host for pif in pifs)


def _offers(pusb: Record, group: str) -> bool:
    return pusb["USB_group"] == group and bool(pusb["passthrough_enabled"])


def _has_features(having: str, wanted: str) -> bool:
    """Whether one set of CPU features holds another; both are words of hexadecimal digits with dashes between."""
    words = [int(word, 16) for word in having.split("-") if word]
    needed = [int(word, 16) for word in wanted.split("-") if word]
    words += [0] * (len(needed) - len(words))
    return all(word & need == need for word, need in zip(words, needed, strict=False))


def suspend_sr(pool: Pool, vm: str) -> str:
    """Where the memory of the VM goes. Raises VM_NO_SUSPEND_SR."""
    db = pool.db
    host = text(db.field("VM", vm, "resident_on"))
    candidates = [text(db.field("VM", vm, "suspend_SR")), text(db.field("pool", pool.ref, "suspend_image_SR"))]
    if host != NULL_REF:
        candidates.append(text(db.field("host", host, "suspend_image_sr")))
    for sr in candidates:
        if db.exists("SR", sr):
            return sr
    raise XapiFailure("VM_NO_SUSPEND_SR", vm)
