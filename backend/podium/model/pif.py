"""PIFs: a host's place on a network."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Lookup, Maybe, PoolObject, Resource
from podium.model.bond import bond_master, bond_slaves
from podium.model.identity import is_null, object_id
from podium.xapi.records import BondRecord, PIF_metricsRecord, PIFRecord, Ref


def is_bonded(record: PIFRecord) -> bool:
    """Fact: the interface is a bond, or part of one."""
    return bool(record.bond_master_of) or not is_null(record.bond_slave_of)


class PIF(
    PoolObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "host": "$host",
        "network": "$network",
        "bond_master": "bondMaster",
        "bond_slaves": "bondSlaves",
        "device_name": "deviceName",
        "disallow_unplug": "disallowUnplug",
        "ipv6_mode": "ipv6Mode",
        "is_bond_master": "isBondMaster",
        "is_bond_slave": "isBondSlave",
        "primary_address_type": "primaryAddressType",
    },
):
    """A host's network interface. `vlan` is -1 when untagged, `speed` Mb/s; `dns` is a list with commas."""

    type: Literal["PIF"] = "PIF"
    host: str | Maybe = UNSET
    network: str | Maybe = UNSET
    attached: bool
    bond_master: str | Maybe = UNSET
    bond_slaves: tuple[str | None, ...] | Maybe = UNSET
    carrier: bool
    device: str
    device_name: str | Maybe = UNSET
    disallow_unplug: bool
    dns: str
    gateway: str
    ip: str
    ipv6: tuple[str, ...]
    ipv6_mode: str
    is_bond_master: bool
    is_bond_slave: bool
    mac: str
    management: bool
    mode: str
    mtu: int
    netmask: str
    physical: bool
    primary_address_type: str
    speed: int | Maybe = UNSET
    vlan: int


RESOURCES = (Resource(type="PIF", collection="pifs", struct=PIF, privilege="pif", title="PIF"),)


def pif(ref: Ref, record: PIFRecord, look: Lookup) -> PIF:
    metrics = look.record(PIF_metricsRecord, record.metrics)
    is_master = bool(record.bond_master_of)
    slaves = look.fact(BondRecord, record.bond_master_of[0], bond_slaves) if is_master else None
    above = None if is_null(record.bond_slave_of) else look.fact(BondRecord, record.bond_slave_of, bond_master)
    return PIF(
        id=object_id(ref, record, look.pool_id),
        uuid=record.uuid,
        pool=look.pool_id,
        pool_id=look.pool_id,
        xapi_ref=ref,
        host=look.link(record.host),
        network=look.link(record.network),
        attached=record.currently_attached,
        bond_master=UNSET if above is None else look.link(above),
        bond_slaves=UNSET if slaves is None else look.links(slaves),
        carrier=metrics is not None and metrics.carrier,
        device=record.device,
        device_name=UNSET if metrics is None else metrics.device_name,
        disallow_unplug=record.disallow_unplug,
        dns=record.DNS,
        gateway=record.gateway,
        ip=record.IP,
        ipv6=record.IPv6,
        ipv6_mode=record.ipv6_configuration_mode,
        is_bond_master=is_master,
        is_bond_slave=above is not None,
        mac=record.MAC,
        management=record.management,
        mode=record.ip_configuration_mode,
        mtu=record.MTU,
        netmask=record.netmask,
        physical=record.physical,
        primary_address_type=record.primary_address_type,
        speed=UNSET if metrics is None else metrics.speed,
        vlan=record.VLAN,
    )
