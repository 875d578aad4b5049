"""Where a VM can run: what a host must have, and which host is chosen. Source: xapi_vm_helpers.ml."""

from xensim.failures import XapiFailure
from xensim.ops import memory
from xensim.ops.values import mapping, strings, text
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
    for vgpu in strings(record["VGPUs"]):
        group = text(db.field("VGPU", vgpu, "GPU_group"))
        if not any(db.field("PGPU", gpu, "GPU_group") == group for gpu in strings(place["PGPUs"])):
            raise XapiFailure("VM_REQUIRES_GPU", vm, group)
    hvm = any(capability.startswith("hvm") for capability in strings(place["capabilities"]))
    if record["domain_type"] == "hvm" and not hvm:
        raise XapiFailure("VM_HVM_REQUIRED", vm)
    needed, available = memory.needed(record), memory.free(db, host)
    if needed > available and not force:
        raise XapiFailure("HOST_NOT_ENOUGH_FREE_MEMORY", str(needed), str(available))


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
