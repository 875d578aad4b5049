"""PIF.plug, unplug, reconfigure_ip and their kin: what is done to the network cards of hosts."""

import re
import zlib

from xensim.failures import XapiFailure
from xensim.ops import pif_rules
from xensim.ops.liveness import assert_live
from xensim.ops.locks import work
from xensim.ops.values import mapping, strings, text
from xensim.outside import Card
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

PLUG_S = 0.5
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_SWITCHES = {"gro": ("on", "off")}
# The arguments of PIF.db_introduce, in order.
_FIELDS = (
    "device", "network", "host", "MAC", "MTU", "VLAN", "physical", "ip_configuration_mode", "IP", "netmask", "gateway",
    "DNS", "bond_slave_of", "VLAN_master_of", "management", "other_config", "disallow_unplug",
    "ipv6_configuration_mode", "IPv6", "ipv6_gateway", "primary_address_type", "managed", "properties",
)  # fmt: skip


@operation("PIF.plug")
async def plug(call: Call, self: str) -> None:
    """Bring it up, with what it stands on; one that is up is left alone."""
    db = call.db
    record = db.record("PIF", self)
    pif_rules.assert_not_in_bond(db, self, "CANNOT_PLUG_BOND_SLAVE")
    for tunnel in strings(record["tunnel_access_PIF_of"]):
        transport = text(db.field("tunnel", tunnel, "transport_PIF"))
        if not pif_rules.configured(db.record("PIF", transport)):
            raise XapiFailure("TRANSPORT_PIF_NOT_CONFIGURED", transport)
    assert_live(call, text(record["host"]))
    await work(call, PLUG_S)
    bring_up(call, self)


@operation("PIF.unplug")
async def unplug(call: Call, self: str) -> None:
    db = call.db
    _check_unplug(call, self)
    await work(call, PLUG_S)
    _check_unplug(call, self)
    db.set("PIF", self, currently_attached=False)


@operation("PIF.reconfigure_ip")
async def reconfigure_ip(call: Call, self: str, mode: str, *address: str) -> None:
    """`address`: IP, netmask, gateway and DNS servers."""
    db = call.db
    record = db.record("PIF", self)
    pif_rules.assert_ha_off(call)
    ip, netmask, gateway, dns = address
    pif_rules.addresses({"IP": ip, "netmask": netmask, "gateway": gateway, "DNS": dns}, mode=mode)
    if mode == "None" and record["management"] and record["primary_address_type"] == "IPv4":
        raise XapiFailure("PIF_IS_MANAGEMENT_INTERFACE", self)
    await work(call, PLUG_S)
    if mode == "DHCP":
        ip, netmask, gateway = _lease(text(record["MAC"])), "255.255.0.0", "10.20.0.1"
    elif mode == "None":
        ip = netmask = gateway = ""
    db.set("PIF", self, ip_configuration_mode=mode, IP=ip, netmask=netmask, gateway=gateway, DNS=dns)
    if mode != "None":
        bring_up(call, self)
    if record["management"] and record["primary_address_type"] == "IPv4":
        db.set("host", text(record["host"]), address=ip)


@operation("PIF.reconfigure_ipv6")
async def reconfigure_ipv6(call: Call, self: str, mode: str, address: str, gateway: str, dns: str) -> None:
    db = call.db
    record = db.record("PIF", self)
    pif_rules.assert_ha_off(call)
    pif_rules.addresses_v6(address, gateway, dns, mode=mode)
    if mode == "None" and record["management"] and record["primary_address_type"] == "IPv6":
        raise XapiFailure("PIF_IS_MANAGEMENT_INTERFACE", self)
    await work(call, PLUG_S)
    found = {"Static": [address], "None": []}.get(mode, [f"fd00:20::{zlib.crc32(self.encode()) & 0xFFFF:x}/64"])
    db.set("PIF", self, ipv6_configuration_mode=mode, IPv6=found, ipv6_gateway=gateway if mode == "Static" else "")
    if dns:
        db.set("PIF", self, DNS=dns)


@operation("PIF.set_primary_address_type")
def set_primary_address_type(call: Call, self: str, value: str) -> None:
    record = call.db.record("PIF", self)
    if value == "IPv4" and record["ip_configuration_mode"] == "None":
        raise XapiFailure("PIF_HAS_NO_NETWORK_CONFIGURATION", self)
    if value == "IPv6" and record["ipv6_configuration_mode"] == "None":
        raise XapiFailure("PIF_HAS_NO_V6_NETWORK_CONFIGURATION", self)
    call.db.set("PIF", self, primary_address_type=value)


@operation("PIF.set_property")
def set_property(call: Call, self: str, name: str, value: str) -> None:
    """Of physical PIFs and bonds; the cards of a bond follow it."""
    db = call.db
    record = db.record("PIF", self)
    bonds = strings(record["bond_master_of"])
    if not (record["physical"] or bonds) or db.exists("Bond", text(record["bond_slave_of"])):
        raise XapiFailure("CANNOT_CHANGE_PIF_PROPERTIES", self)
    if value not in _SWITCHES.get(name, ()):
        raise XapiFailure("INVALID_VALUE", "properties" if name not in _SWITCHES else name, value)
    for pif in (self, *(slave for bond in bonds for slave in strings(db.field("Bond", bond, "slaves")))):
        db.set("PIF", pif, properties={**mapping(db.field("PIF", pif, "properties")), name: value})


@operation("PIF.forget")
async def forget(call: Call, self: str) -> None:
    """Take a card out of the database; a scan finds it again."""
    db = call.db
    record = dict(db.record("PIF", self))
    pif_rules.assert_not_in_bond(db, self)
    pif_rules.assert_bare(db, self)
    pif_rules.assert_not_management(db, self)
    pif_rules.assert_ha_off(call)
    if not record["physical"]:
        raise XapiFailure("PIF_IS_NOT_PHYSICAL", self)
    pif_rules.assert_unused(db, self)
    await work(call, PLUG_S)
    metrics = text(record["metrics"])
    speed = db.field("PIF_metrics", metrics, "speed") if db.exists("PIF_metrics", metrics) else 0
    card = Card(
        text(record["device"]), text(record["MAC"]), text(record["PCI"]), speed if isinstance(speed, int) else 0
    )
    call.pool.outside.cards.setdefault(text(record["host"]), []).append(card)
    pif_rules.destroy_pif(db, self)


@operation("PIF.scan")
async def scan(call: Call, host: str) -> None:
    """Add the cards of a host that have no PIF."""
    call.db.record("host", host)
    assert_live(call, host)
    await work(call, PLUG_S)
    for card in call.pool.outside.cards.pop(host, []):
        _introduce(call, host, card, card.device, managed=True)


@operation("PIF.introduce")
async def introduce(call: Call, host: str, mac: str, device: str, managed: bool) -> str:
    """A PIF for a card that is there; without a device name it keeps the one it had."""
    db = call.db
    db.record("host", host)
    if mac and not _MAC.fullmatch(mac):
        raise XapiFailure("MAC_INVALID", mac)
    for row in list(db.rows("PIF").values()):
        if row.record["host"] == host and row.record["physical"]:
            if row.record["device"] == device:
                raise XapiFailure("DEVICE_ALREADY_EXISTS", device)
            if mac and text(row.record["MAC"]).lower() == mac.lower():
                raise XapiFailure("MAC_STILL_EXISTS", mac)
    cards = call.pool.outside.cards.get(host, [])
    card = next((card for card in cards if mac.lower() in {"", card.mac.lower()}), None)
    if card is None:
        raise XapiFailure("MAC_DOES_NOT_EXIST", mac)
    await work(call, PLUG_S)
    cards.remove(card)
    return _introduce(call, host, card, device or card.device, managed=managed)


@operation("PIF.db_introduce", "PIF.pool_introduce")
def db_introduce(call: Call, *values: object) -> str:
    """A row and nothing else."""
    record = dict(zip(_FIELDS, values, strict=False))
    call.db.record("host", text(record["host"]))
    call.db.record("network", text(record["network"]))
    return call.db.create("PIF", {**record, "metrics": pif_rules.metrics_row(call)})


@operation("PIF.db_forget")
def db_forget(call: Call, self: str) -> None:
    pif_rules.destroy_pif(call.db, self)


def bring_up(call: Call, pif: str) -> None:
    """Attach a PIF and, first, the one that its VLAN or tunnel stands on, or the cards of its bond."""
    db = call.db
    record = db.record("PIF", pif)
    below = [text(db.field("tunnel", tunnel, "transport_PIF")) for tunnel in strings(record["tunnel_access_PIF_of"])]
    vlan = text(record["VLAN_master_of"])
    if db.exists("VLAN", vlan):
        below.append(text(db.field("VLAN", vlan, "tagged_PIF")))
    below += [
        slave for bond in strings(record["bond_master_of"]) for slave in strings(db.field("Bond", bond, "slaves"))
    ]
    for other in below:
        if db.exists("PIF", other):
            db.set("PIF", other, currently_attached=True)
    db.set("PIF", pif, currently_attached=True)


def _introduce(call: Call, host: str, card: Card, device: str, *, managed: bool) -> str:
    db = call.db
    label = f"Pool-wide network associated with {device}"
    network = next(iter(db.by_name("network", label)), NULL_REF)
    if network == NULL_REF or pif_rules.on_host(db, network, host) != NULL_REF:
        bridge = device.replace("eth", "xenbr") if device.startswith("eth") else f"br{device}"
        network = db.create("network", {"name_label": label, "bridge": bridge, "MTU": 1500, "managed": managed})
    pci = card.pci if db.exists("PCI", card.pci) else NULL_REF
    return pif_rules.pif_row(
        call, host, network, device=device, MAC=card.mac, physical=True, PCI=pci, managed=managed,
        metrics=pif_rules.metrics_row(call, card.speed or 10_000),
    )  # fmt: skip


def _check_unplug(call: Call, pif: str) -> None:
    db = call.db
    record = db.record("PIF", pif)
    pif_rules.assert_not_management(db, pif)
    pif_rules.assert_ha_off(call)
    if record["disallow_unplug"]:
        raise XapiFailure("PIF_DOES_NOT_ALLOW_UNPLUG", pif)
    pif_rules.assert_unused(db, pif)
    assert_live(call, text(record["host"]))


def _lease(mac: str) -> str:
    """The address that a DHCP server gives to a card, always the same one."""
    digest = zlib.crc32(mac.encode())
    return f"10.20.{digest >> 8 & 0x7F | 0x80}.{(digest & 0xFF) % 254 + 1}"
