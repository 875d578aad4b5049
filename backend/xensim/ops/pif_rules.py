"""What stands in the way of operations on PIFs, and rows that several of them need. Source: xapi_pif.ml."""

from ipaddress import IPv4Address, IPv6Interface, ip_address

from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops.values import Record, strings, text
from xensim.registry import Call
from xensim.schema import NULL_REF

NO_VLAN = -1
NO_ADDRESS: dict[str, object] = {
    "ip_configuration_mode": "None", "IP": "", "netmask": "", "gateway": "", "DNS": "",
    "ipv6_configuration_mode": "None", "IPv6": [], "ipv6_gateway": "",
}  # fmt: skip


def assert_connectable(db: Database, network: str, host: str) -> None:
    """Raise NETWORK_ALREADY_CONNECTED when the host has a PIF on the network."""
    for pif in strings(db.field("network", network, "PIFs")):
        if db.field("PIF", pif, "host") == host:
            raise XapiFailure("NETWORK_ALREADY_CONNECTED", host, pif)


def assert_not_management(db: Database, pif: str) -> None:
    if db.field("PIF", pif, "management"):
        raise XapiFailure("PIF_IS_MANAGEMENT_INTERFACE", pif)


def assert_not_in_bond(db: Database, pif: str, code: str = "PIF_ALREADY_BONDED") -> None:
    if db.exists("Bond", text(db.field("PIF", pif, "bond_slave_of"))):
        raise XapiFailure(code, pif)


def assert_not_tunnel(db: Database, pif: str) -> None:
    if strings(db.field("PIF", pif, "tunnel_access_PIF_of")):
        raise XapiFailure("IS_TUNNEL_ACCESS_PIF", pif)


def assert_bare(db: Database, pif: str) -> None:
    """Raise when VLANs or tunnels stand on the PIF."""
    if strings(db.field("PIF", pif, "VLAN_slave_of")):
        raise XapiFailure("PIF_VLAN_STILL_EXISTS", pif)
    if strings(db.field("PIF", pif, "tunnel_transport_PIF_of")):
        raise XapiFailure("PIF_TUNNEL_STILL_EXISTS", pif)


def assert_unused(db: Database, pif: str) -> None:
    """Raise VIF_IN_USE when a VM of the host uses the PIF's network."""
    record = db.record("PIF", pif)
    network = text(record["network"])
    if not db.exists("network", network):
        return
    for vif in strings(db.field("network", network, "VIFs")):
        vm = text(db.field("VIF", vif, "VM"))
        if db.field("VIF", vif, "currently_attached") and db.field("VM", vm, "resident_on") == record["host"]:
            raise XapiFailure("VIF_IN_USE", network, vif)


def assert_ha_off(call: Call) -> None:
    """Raise HA_IS_ENABLED: heartbeats depend on the networks as they are."""
    if call.db.field("pool", call.pool.ref, "ha_enabled"):
        raise XapiFailure("HA_IS_ENABLED")


def addresses(values: dict[str, str], *, mode: str) -> None:
    """Raise INVALID_IP_ADDRESS_SPECIFIED with the name of the first that is no address; Static needs IP and netmask."""
    for name in ("IP", "netmask", "gateway"):
        needed = mode == "Static" and name != "gateway"
        if (values[name] or needed) and not _is_ipv4(values[name]):
            raise XapiFailure("INVALID_IP_ADDRESS_SPECIFIED", name)
    for server in filter(None, values["DNS"].split(",")):
        if not _is_ip(server):
            raise XapiFailure("INVALID_IP_ADDRESS_SPECIFIED", "DNS")


def addresses_v6(address: str, gateway: str, dns: str, *, mode: str) -> None:
    """The same for IPv6, where the address carries its prefix: `fd00::1/64`."""
    if mode == "Static":
        try:
            IPv6Interface(address)
        except ValueError:
            raise XapiFailure("INVALID_IP_ADDRESS_SPECIFIED", "IPv6") from None
        if "/" not in address:
            raise XapiFailure("INVALID_IP_ADDRESS_SPECIFIED", "IPv6")
    if gateway and not (_is_ip(gateway) and ":" in gateway):
        raise XapiFailure("INVALID_IP_ADDRESS_SPECIFIED", "gateway")
    if any(not _is_ip(server) for server in filter(None, dns.split(","))):
        raise XapiFailure("INVALID_IP_ADDRESS_SPECIFIED", "DNS")


def pif_row(call: Call, host: str, network: str, **fields: object) -> str:
    """A PIF with metrics of its own; what `fields` leave out is as after an installation."""
    db = call.db
    defaults: dict[str, object] = {
        "MTU": db.field("network", network, "MTU"), "VLAN": NO_VLAN, "properties": {"gro": "on"},
        "primary_address_type": "IPv4", "managed": True, "currently_attached": False,
    }  # fmt: skip
    if "metrics" not in fields:
        fields["metrics"] = metrics_row(call)
    return db.create("PIF", {**defaults, **fields, "host": host, "network": network})


def metrics_row(call: Call, speed: int = 10_000) -> str:
    return call.db.create(
        "PIF_metrics",
        {
            "carrier": True,
            "speed": speed,
            "duplex": True,
            "pci_bus_path": "N/A",
            "last_updated": call.pool.clock.wire(),
        },
    )


def destroy_pif(db: Database, pif: str) -> None:
    """A PIF and its metrics."""
    metrics = text(db.field("PIF", pif, "metrics"))
    db.destroy("PIF", pif)
    if db.exists("PIF_metrics", metrics) and not any(
        row.record["metrics"] == metrics for row in db.rows("PIF").values()
    ):
        db.destroy("PIF_metrics", metrics)


def on_host(db: Database, network: str, host: str) -> str:
    """The PIF of a host on a network, the null ref when there is none."""
    pifs = strings(db.field("network", network, "PIFs"))
    return next((pif for pif in pifs if db.field("PIF", pif, "host") == host), NULL_REF)


def configured(record: Record) -> bool:
    """Whether a PIF has an address of its primary type, or asks for one."""
    version6 = record["primary_address_type"] == "IPv6"
    return record["ipv6_configuration_mode" if version6 else "ip_configuration_mode"] != "None"


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_ipv4(value: str) -> bool:
    try:
        IPv4Address(value)
    except ValueError:
        return False
    return True
