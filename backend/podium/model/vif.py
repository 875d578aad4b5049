"""VIFs: a VM's place on a network."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.identity import object_id
from podium.model.numbers import number
from podium.xapi.records import Ref, VIFRecord


class VIF(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "vm": "$VM",
        "network": "$network",
        "mac": "MAC",
        "mtu": "MTU",
        "allowed_ipv4_addresses": "allowedIpv4Addresses",
        "allowed_ipv6_addresses": "allowedIpv6Addresses",
        "locking_mode": "lockingMode",
        "rate_limit": "rateLimit",
        "tx_checksumming": "txChecksumming",
    },
):
    """A virtual network interface. `rate_limit` is kB/s, left out when there is none."""

    type: Literal["VIF"] = "VIF"
    vm: str | Maybe = UNSET
    network: str | Maybe = UNSET
    mac: str
    mtu: int
    allowed_ipv4_addresses: tuple[str, ...]
    allowed_ipv6_addresses: tuple[str, ...]
    attached: bool
    device: str
    locking_mode: str
    other_config: dict[str, str]
    rate_limit: int | float | Maybe = UNSET
    tx_checksumming: bool


RESOURCES = (Resource(type="VIF", collection="vifs", struct=VIF, privilege="vif", title="VIF"),)

_OFF = frozenset({"false", "off"})


def vif(ref: Ref, record: VIFRecord, look: Lookup) -> VIF:
    return VIF(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        vm=look.link(record.VM),
        network=look.link(record.network),
        mac=record.MAC,
        mtu=record.MTU,
        allowed_ipv4_addresses=record.ipv4_allowed,
        allowed_ipv6_addresses=record.ipv6_allowed,
        attached=record.currently_attached,
        device=record.device,
        locking_mode=record.locking_mode,
        other_config=record.other_config,
        rate_limit=_rate_limit(record) if record.qos_algorithm_type == "ratelimit" else UNSET,
        tx_checksumming=record.other_config.get("ethtool-tx") not in _OFF,
    )


def _rate_limit(record: VIFRecord) -> int | float | Maybe:
    limit = number(record.qos_algorithm_params.get("kbps"))
    return UNSET if limit is None else limit
