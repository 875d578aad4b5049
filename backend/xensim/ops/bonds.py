"""Bond.create, destroy, set_mode and set_property: cards that act as one. Source: xapi_bond.ml."""

import re

from xensim.failures import XapiFailure
from xensim.ops import pif, pif_rules
from xensim.ops.locks import work
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation

CREATE_S = 1.0
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_HASHES = ("src_mac", "tcpudp_ports")
# What each mode knows, with its default first; a number may be any.
_PROPERTIES: dict[str, dict[str, tuple[str, ...]]] = {
    "balance-slb": {"hashing_algorithm": _HASHES},
    "active-backup": {},
    "lacp": {
        "hashing_algorithm": ("tcpudp_ports", "src_mac"), "lacp-time": ("slow", "fast"),
        "lacp-aggregation-key": (), "lacp-fallback-ab": ("true", "false"),
    },
}  # fmt: skip
_ADDRESS = (*pif_rules.NO_ADDRESS, "primary_address_type")


@operation("Bond.create")
async def create(call: Call, network: str, members: list[str], mac: str, mode: str, properties: dict[str, str]) -> str:
    """Addresses, management, VLANs, tunnels and NICs of VMs move from the members to the bond."""
    _check_create(call, network, members, mac, mode, properties)
    await work(call, CREATE_S)
    _check_create(call, network, members, mac, mode, properties)
    db = call.db
    host = text(db.field("PIF", members[0], "host"))
    primary = _primary(call, members)
    source = dict(db.record("PIF", primary))
    master = pif_rules.pif_row(
        call, host, network, device=_device(call, host), MAC=mac or source["MAC"],
        metrics=pif_rules.metrics_row(call, sum(_speed(call, member) for member in members)),
        other_config={name: value for name, value in mapping(source["other_config"]).items()
                      if name == "management_purpose"},
    )  # fmt: skip
    bond = db.create(
        "Bond",
        {
            "master": master, "primary_slave": primary, "mode": mode, "properties": _defaults(mode) | properties,
            "links_up": len(members), "auto_update_mac": not mac,
        },
    )  # fmt: skip
    _move_address(call, primary, master)
    for member in members:
        db.set("PIF", member, bond_slave_of=bond, currently_attached=True, **pif_rules.NO_ADDRESS)
        _move_upper(call, member, master)
        _move_vifs(call, member, network)
    pif.bring_up(call, master)
    return bond


@operation("Bond.destroy")
async def destroy(call: Call, self: str) -> None:
    """What the bond carried goes to its primary member."""
    _check_destroy(call, self)
    await work(call, CREATE_S)
    _check_destroy(call, self)
    db = call.db
    record = dict(db.record("Bond", self))
    master, members = text(record["master"]), list(strings(record["slaves"]))
    primary = text(record["primary_slave"])
    primary = primary if db.exists("PIF", primary) else members[0]
    for member in members:
        db.set("PIF", member, bond_slave_of="OpaqueRef:NULL")
    _move_address(call, master, primary)
    _move_upper(call, master, primary)
    _move_vifs(call, master, text(db.field("PIF", primary, "network")))
    db.destroy("Bond", self)
    pif_rules.destroy_pif(db, master)
    pif.bring_up(call, primary)


@operation("Bond.set_mode")
def set_mode(call: Call, self: str, value: str) -> None:
    """Properties that the new mode does not know are dropped, its own get their defaults."""
    known = _PROPERTIES[value]
    kept = {name: text_ for name, text_ in mapping(call.db.field("Bond", self, "properties")).items() if name in known}
    call.db.set("Bond", self, mode=value, properties=_defaults(value) | kept)


@operation("Bond.set_property")
def set_property(call: Call, self: str, name: str, value: str) -> None:
    _check_property(text(call.db.field("Bond", self, "mode")), name, value)
    call.db.set("Bond", self, properties={**mapping(call.db.field("Bond", self, "properties")), name: value})


def _check_create(
    call: Call, network: str, members: list[str], mac: str, mode: str, properties: dict[str, str]
) -> None:
    db = call.db
    for name, value in properties.items():
        _check_property(mode, name, value)
    if not members:
        raise XapiFailure("PIF_BOND_NEEDS_MORE_MEMBERS")
    if mac and not _MAC.fullmatch(mac):
        raise XapiFailure("MAC_INVALID", mac)
    hosts = {text(db.field("PIF", member, "host")) for member in members}
    pif_rules.assert_connectable(db, network, text(db.field("PIF", members[0], "host")))
    for member in members:
        pif_rules.assert_not_in_bond(db, member)
        if number(db.field("PIF", member, "VLAN")) >= 0:
            raise XapiFailure("PIF_IS_VLAN", member)
        pif_rules.assert_not_tunnel(db, member)
        if not db.field("PIF", member, "physical"):
            raise XapiFailure("PIF_IS_NOT_PHYSICAL", member)
    if len(hosts) > 1:
        raise XapiFailure("PIF_CANNOT_BOND_CROSS_HOST")
    management = any(db.field("PIF", member, "management") for member in members)
    addressed = [member for member in members if db.field("PIF", member, "ip_configuration_mode") != "None"]
    if len(addressed) > 1:
        raise XapiFailure("PIF_BOND_MORE_THAN_ONE_IP")
    _check_ha(call, management=management)


def _check_destroy(call: Call, bond: str) -> None:
    master = text(call.db.field("Bond", bond, "master"))
    _check_ha(call, management=bool(call.db.field("PIF", master, "management")))


def _check_ha(call: Call, *, management: bool) -> None:
    if call.db.field("pool", call.pool.ref, "ha_enabled") and management:
        raise XapiFailure("HA_CANNOT_CHANGE_BOND_STATUS_OF_MGMT_IFACE")


def _check_property(mode: str, name: str, value: str) -> None:
    known = _PROPERTIES[mode].get(name)
    if known is None:
        raise XapiFailure("INVALID_VALUE", "properties", name)
    if not (value in known if known else value.isdecimal()):
        raise XapiFailure("INVALID_VALUE", name, value)


def _defaults(mode: str) -> dict[str, str]:
    return {name: values[0] for name, values in _PROPERTIES[mode].items() if values and name != "lacp-fallback-ab"}


def _primary(call: Call, members: list[str]) -> str:
    """The member whose identity the bond takes: the management interface, else one with an address, else the first."""
    record = call.db.record

    def rank(member: str) -> tuple[bool, bool]:
        row = record("PIF", member)
        return not row["management"], row["ip_configuration_mode"] == "None"

    return min(members, key=rank)


def _device(call: Call, host: str) -> str:
    taken = {text(call.db.field("PIF", ref, "device")) for ref in strings(call.db.field("host", host, "PIFs"))}
    return next(f"bond{at}" for at in range(len(taken) + 1) if f"bond{at}" not in taken)


def _speed(call: Call, member: str) -> int:
    metrics = text(call.db.field("PIF", member, "metrics"))
    return number(call.db.field("PIF_metrics", metrics, "speed")) if call.db.exists("PIF_metrics", metrics) else 0


def _move_address(call: Call, source: str, target: str) -> None:
    """Management goes with the address."""
    db = call.db
    record = dict(db.record("PIF", source))
    moved = {name: record[name] for name in _ADDRESS}
    db.set("PIF", target, **moved, management=record["management"], disallow_unplug=record["disallow_unplug"])
    db.set("PIF", source, **pif_rules.NO_ADDRESS, management=False, disallow_unplug=False)


def _move_upper(call: Call, source: str, target: str) -> None:
    """VLANs and tunnels stand on `target` from now on."""
    db = call.db
    lower = db.record("PIF", target)
    for vlan in list(strings(db.field("PIF", source, "VLAN_slave_of"))):
        db.set("VLAN", vlan, tagged_PIF=target)
        untagged = text(db.field("VLAN", vlan, "untagged_PIF"))
        if db.exists("PIF", untagged):
            db.set("PIF", untagged, device=lower["device"], MAC=lower["MAC"])
    for tunnel in list(strings(db.field("PIF", source, "tunnel_transport_PIF_of"))):
        db.set("tunnel", tunnel, transport_PIF=target)


def _move_vifs(call: Call, source: str, network: str) -> None:
    """The NICs of this host's VMs go to the other network, plugged or not; those of VMs elsewhere stay."""
    db = call.db
    record = db.record("PIF", source)
    for vif in list(strings(db.field("network", text(record["network"]), "VIFs"))):
        vm = text(db.field("VIF", vif, "VM"))
        if db.field("VM", vm, "resident_on") == record["host"]:
            db.set("VIF", vif, network=network)
