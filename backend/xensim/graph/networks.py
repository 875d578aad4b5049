"""Networks and what carries them on each host: NICs, a bond, VLANs, a tunnel and an SR-IOV pair."""

from xensim.graph.mint import Mint
from xensim.graph.site import Host, Site

_HIMN = {
    "is_guest_installer_network": "true", "is_host_internal_management_network": "true", "ip_begin": "169.254.0.1",
    "ip_end": "169.254.255.254", "netmask": "255.255.0.0",
}  # fmt: skip
_NETWORKS: dict[str, dict[str, object]] = {
    "management": {"name_label": "Pool-wide network associated with eth0", "bridge": "xenbr0",
                   "name_description": "Management, live migration and console traffic"},
    "trunk": {"name_label": "Pool-wide network associated with eth1", "bridge": "xenbr1"},
    "eth2": {"name_label": "Pool-wide network associated with eth2", "bridge": "xenbr2"},
    "eth3": {"name_label": "Pool-wide network associated with eth3", "bridge": "xenbr3"},
    "eth4": {"name_label": "Pool-wide network associated with eth4", "bridge": "xenbr4"},
    "storage": {"name_label": "Storage", "bridge": "xapi0", "MTU": 9000, "purpose": ["nbd"], "tags": ["storage"],
                "name_description": "Bond of eth2 and eth3, jumbo frames"},
    "production": {"name_label": "Production (VLAN 100)", "bridge": "xapi1", "tags": ["production"],
                   "other_config": {"automatic": "true"}},
    "dmz": {"name_label": "DMZ (VLAN 200)", "bridge": "xapi2", "default_locking_mode": "disabled",
            "name_description": "Facing the internet: addresses are locked"},
    "voip": {"name_label": "VoIP <VLAN 300> & phones", "bridge": "xapi3"},
    "overlay": {"name_label": "Overlay between hosts", "bridge": "xapi4"},
    "sriov": {"name_label": "SR-IOV on eth4", "bridge": "xapi5"},
    "private": {"name_label": "Private lab network", "bridge": "xapi6",
                "name_description": "No NIC behind it: stays within each host"},
    "himn": {"name_label": "Host internal management network", "bridge": "xenapi", "other_config": _HIMN,
             "name_description": "Guests reach the API of their host here"},
}  # fmt: skip
_CARDS = ("management", "trunk", "eth2", "eth3", "eth4")  # the networks of eth0 and so on
_TAGS = {"production": 100, "dmz": 200, "voip": 300}
_VENDORS = (("14e4", "Broadcom Inc.", "16d7", "BCM57414 NetXtreme-E"), ("8086", "Intel Corporation", "1572", "X710"))


def build_installed(site: Site) -> None:
    """Add what an installation finds: the cards, and a network for each."""
    for key in (*_CARDS, "himn"):
        site.networks[key] = site.mint.add("network", **{"MTU": 1500, "managed": True, **_NETWORKS[key]})
    for host in site.hosts:
        host.nics = [_nic(site, host, number) for number in range(len(_CARDS))]


def build(site: Site) -> None:
    """Add the networks, and on each host the PIFs that join it to them."""
    mint = site.mint
    for key, fields in _NETWORKS.items():
        site.networks[key] = mint.add("network", **{"MTU": 1500, "managed": True, **fields})
    for host in site.hosts:
        _host(site, host)
    mint.add("SDN_controller", protocol="ssl", address="10.20.0.9", port=6632)


def _host(site: Site, host: Host) -> None:
    mint, networks = site.mint, site.networks
    nics = [_nic(site, host, number) for number in range(len(_CARDS))]
    host.nics = nics
    bond = _bond(site, host, nics[2:4])
    for key, tag in _TAGS.items():
        untagged = _pif(
            mint, host, networks[key], device="eth1", VLAN=tag, MAC=mint.db.field("PIF", nics[1], "MAC"),
            currently_attached=not (key == "voip" and host.index == len(site.hosts) - 1 and host.index > 0),
        )  # fmt: skip
        vlan = mint.add("VLAN", tagged_PIF=nics[1], untagged_PIF=untagged, tag=tag)
        mint.db.set("PIF", untagged, VLAN_master_of=vlan)
    access = _pif(mint, host, networks["overlay"], device="tunnel0", MAC=mint.mac())
    mint.add("tunnel", access_PIF=access, transport_PIF=nics[0], status={"active": "true"}, protocol="vxlan")
    logical = _pif(mint, host, networks["sriov"], device="eth4", MAC=mint.db.field("PIF", nics[4], "MAC"))
    mint.add(
        "network_sriov", physical_PIF=nics[4], logical_PIF=logical, requires_reboot=False, configuration_mode="sysfs"
    )
    mint.db.set("PIF", bond, currently_attached=True)


def _nic(site: Site, host: Host, number: int) -> str:
    mint = site.mint
    vendor_id, vendor, device_id, model = _VENDORS[number >= 2]
    pci = mint.add(
        "PCI",
        class_id="0200", class_name="Ethernet controller", vendor_id=vendor_id, vendor_name=vendor, device_id=device_id,
        device_name=model, host=host.ref, pci_id=f"0000:{0x31 + number // 2:02x}:00.{number % 2}",
        subsystem_vendor_id="1028", subsystem_vendor_name="Dell", subsystem_device_id="0a1b",
        subsystem_device_name=model, driver_name="bnxt_en" if number < 2 else "i40e",
    )  # fmt: skip
    metrics = mint.add(
        "PIF_metrics",
        carrier=not (number == 3 and host.index == 1), vendor_id=vendor_id, vendor_name=vendor, device_id=device_id,
        device_name=model, speed=10000 if number < 2 else 25000, duplex=True,
        pci_bus_path=mint.db.field("PCI", pci, "pci_id"), last_updated=mint.ago(0),
    )  # fmt: skip
    management: dict[str, object] = {}
    if number == 0:
        management = {
            "management": True, "ip_configuration_mode": "Static", "IP": host.address, "netmask": "255.0.0.0",
            "gateway": "", "DNS": "127.0.0.53,10.20.0.2", "other_config": {"management_purpose": "Management"},
            "IPv6": [f"fd00:20::{host.index + 1:x}/64"], "ipv6_configuration_mode": "Static",
        }  # fmt: skip
    return _pif(
        mint, host, site.networks[_CARDS[number]], device=f"eth{number}", MAC=mint.mac(), metrics=metrics,
        physical=True, PCI=pci, capabilities=["sriov"] if number == 4 else [], **management,
    )  # fmt: skip


def _bond(site: Site, host: Host, slaves: list[str]) -> str:
    mint = site.mint
    metrics = mint.add(
        "PIF_metrics", carrier=True, speed=50000, duplex=True, pci_bus_path="N/A", last_updated=mint.ago(0)
    )
    master = _pif(
        mint, host, site.networks["storage"], device="bond0", MAC=mint.db.field("PIF", slaves[0], "MAC"), MTU=9000,
        metrics=metrics, ip_configuration_mode="Static", IP=f"10.20.0.{11 + host.index}", netmask="255.255.255.0",
        other_config={"management_purpose": "Storage"}, disallow_unplug=True,
    )  # fmt: skip
    bond = mint.add(
        "Bond",
        master=master, primary_slave=slaves[0], mode=("lacp", "balance-slb", "active-backup")[host.index % 3],
        properties={"hashing_algorithm": "tcpudp_ports"} if host.index % 3 == 0 else {},
        links_up=1 if host.index == 1 else 2, auto_update_mac=True,
    )  # fmt: skip
    for slave in slaves:
        mint.db.set("PIF", slave, bond_slave_of=bond, currently_attached=True)
    return master


def _pif(mint: Mint, host: Host, network: str, **fields: object) -> str:
    fields.setdefault("metrics", None)
    if fields["metrics"] is None:
        fields["metrics"] = mint.add(
            "PIF_metrics", carrier=True, speed=10000, duplex=True, pci_bus_path="N/A", last_updated=mint.ago(0)
        )
    defaults: dict[str, object] = {"MTU": 1500, "VLAN": -1, "currently_attached": True, "properties": {"gro": "on"}}
    return mint.add("PIF", host=host.ref, network=network, **(defaults | fields))
