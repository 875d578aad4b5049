"""A VM's virtual hardware: how it is virtualised, and the settings of its `platform` map."""

from functools import lru_cache

from msgspec import UNSET

from podium.model.base import Lookup
from podium.model.host import platform_version
from podium.model.numbers import integer, version
from podium.model.pool import master
from podium.xapi.records import HostRecord, PoolRecord, VMRecord


def is_hvm(record: VMRecord) -> bool:
    """True for full virtualisation: `domain_type` since XenServer 7.5, the boot policy before."""
    if record.domain_type in {"", "unspecified"}:
        return record.HVM_boot_policy != ""
    return record.domain_type == "hvm"


def virtualization_mode(record: VMRecord, *, hvm: bool) -> str:
    """`domain_type`, or hvm or pv where the pool does not say."""
    if record.domain_type in {"", "unspecified"}:
        return "hvm" if hvm else "pv"
    return record.domain_type


def nested_virtualization(platform: dict[str, str], look: Lookup) -> bool:
    """Nested virtualisation: `nested-virt` from platform 3.4 on (XCP-ng 8.3), `exp-nested-hvm` before."""
    new, old = platform.get("nested-virt") == "true", platform.get("exp-nested-hvm") == "true"
    if new == old:
        return new
    host = look.fact(PoolRecord, look.pool_ref, master)
    text = look.fact(HostRecord, host, platform_version) if host is not None else None
    return new if text is not None and version(text) >= (3, 4) else old


@lru_cache(maxsize=256)
def videoram(text: str | None) -> int:
    """MiB; 4 when the VM does not say."""
    value = integer(text)
    return 4 if value is UNSET else value


@lru_cache(maxsize=512)
def cpu_mask(text: str) -> tuple[int, ...]:
    """The CPUs that the VM may run on, from `0,2,3`."""
    return tuple(cpu for part in text.split(",") if (cpu := integer(part)) is not UNSET)


@lru_cache(maxsize=512)
def attached_pcis(text: str) -> tuple[str, ...]:
    """PCI addresses from `0/0000:04:01.0,0/0000:05:00.0`."""
    return tuple(address for part in text.split(",") if (address := part.partition("/")[2]))
