"""Settings of hosts that have conditions or consequences, and what hosts tell about themselves."""

import re
from datetime import UTC, datetime

from xensim.failures import XapiFailure
from xensim.ops import memory
from xensim.ops.liveness import assert_live
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation

_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
_IQN = re.compile(r"(iqn|eui|naa)\.\S+")
_BOOT = (
    "Linux version {linux} (simulated) #1 SMP",
    "Xen version: {xen} (preserve-AD)",
    "smpboot: Allowing {cpu_count} CPUs, 0 hotplug CPUs",
    "EXT4-fs (sda1): mounted filesystem with ordered data mode",
    "device eth0 entered promiscuous mode",
)


@operation("host.set_hostname_live")
def set_hostname_live(call: Call, host: str, hostname: str) -> None:
    call.db.record("host", host)
    assert_live(call, host)
    if not hostname:
        raise XapiFailure("HOST_NAME_INVALID", "empty string")
    if not _HOSTNAME.fullmatch(hostname):
        raise XapiFailure("HOST_NAME_INVALID", "hostname contains invalid characters")
    call.db.set("host", host, hostname=hostname)


@operation("host.set_iscsi_iqn")
def set_iscsi_iqn(call: Call, host: str, value: str) -> None:
    """In other_config, too, where it used to be."""
    config = mapping(call.db.field("host", host, "other_config"))
    if not _IQN.fullmatch(value):
        raise XapiFailure("INVALID_VALUE", "value", value)
    call.db.set("host", host, iscsi_iqn=value, other_config={**config, "iscsi_iqn": value})


@operation("host.set_multipathing")
def set_multipathing(call: Call, host: str, value: bool) -> None:
    """In other_config, too, where it used to be. Storage that is plugged keeps its paths until it is plugged anew."""
    config = {**mapping(call.db.field("host", host, "other_config")), "multipathing": str(value).lower()}
    if value:
        config["multipathhandle"] = "dmp"
    call.db.set("host", host, multipathing=value, other_config=config)


@operation("host.apply_edition")
def apply_edition(call: Call, host: str, edition: str, force: bool) -> None:  # noqa: ARG001 - part of the API
    record = call.db.record("host", host)
    if edition not in strings(record["editions"]):
        raise XapiFailure("INVALID_EDITION", edition)
    call.db.set("host", host, edition=edition)


@operation("host.compute_free_memory")
def compute_free_memory(call: Call, host: str) -> int:
    """Bytes that a new VM may claim."""
    return memory.free(call.db, host)


@operation("host.compute_memory_overhead")
def compute_memory_overhead(call: Call, host: str) -> int:
    return number(call.db.field("host", host, "memory_overhead"))


@operation("host.dmesg")
def dmesg(call: Call, host: str) -> str:
    """What the kernel said since the host booted, or since somebody cleared it."""
    record = call.db.record("host", host)
    assert_live(call, host)
    if host in call.pool.outside.dmesg_cleared:
        return ""
    facts = {**mapping(record["software_version"]), **mapping(record["cpu_info"])}
    words = {name: facts.get(name, "") for name in ("linux", "xen", "cpu_count")}
    return "".join(f"[{at:5d}.{at * 137 % 1000:06d}] {line.format(**words)}\n" for at, line in enumerate(_BOOT))


@operation("host.dmesg_clear")
def dmesg_clear(call: Call, host: str) -> str:
    said = dmesg(call, host)
    call.pool.outside.dmesg_cleared.add(host)
    return said


@operation("host.get_log")
def get_log(call: Call, host: str) -> str:
    """The daemon's log: what was called on this pool, newest last."""
    name = text(call.db.field("host", host, "hostname"))
    assert_live(call, host)
    return "".join(
        f"{datetime.fromtimestamp(entry.at, UTC):%b %d %H:%M:%S} {name} xapi: [ info||dispatch] "
        f"{entry.method} {entry.outcome}\n"
        for entry in call.pool.audit.since(0.0)
    )


@operation("host.syslog_reconfigure", "host.backup_rrds", "host.sync_data", "host.refresh_pack_info")
def told(call: Call, host: str, *_delay: object) -> None:
    """Asked of a host that is up, and nothing that the records show."""
    call.db.record("host", host)
    assert_live(call, host)


@operation("host.has_extension")
def has_extension(call: Call, host: str, name: str) -> bool:  # noqa: ARG001 - there are none
    call.db.record("host", host)
    return False
