"""Networks and what carries them: VLANs, bonds, tunnels, addresses, management, cards that go and come."""

from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened, vif_record
from xensim.ops.values import mapping, strings, text
from xensim.schema import NULL_REF


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


def pif(lab: Lab, device: str, host: int = 0) -> str:
    """The untagged PIF of that name."""
    pifs = strings(lab.db.field("host", lab.hosts[host], "PIFs"))
    return next(
        ref for ref in pifs if lab.db.field("PIF", ref, "device") == device and lab.db.field("PIF", ref, "VLAN") == -1
    )


async def new_network(lab: Lab, label: str = "fresh") -> str:
    record = {"name_label": label, "name_description": "", "MTU": 1500, "other_config": {}, "tags": []}
    return await lab.call("network.create", record)


async def result(lab: Lab, method: str, *arguments: object) -> list[str]:
    found = await lab.dispatcher.call(lab.pool.coordinator, method, [lab.session, *arguments])
    return strings(found.value)


# VLANs and tunnels


async def test_a_vlan_for_the_whole_pool(lab: Lab) -> None:
    network = await new_network(lab)
    made = await result(lab, "pool.create_VLAN_from_PIF", pif(lab, "eth1"), network, 42)
    assert [lab.db.field("PIF", ref, "host") for ref in made] == lab.hosts
    for at, ref in enumerate(made):
        record = lab.db.record("PIF", ref)
        vlan = text(record["VLAN_master_of"])
        assert (record["VLAN"], record["device"], record["currently_attached"]) == (42, "eth1", True)
        assert lab.db.field("VLAN", vlan, "tagged_PIF") == pif(lab, "eth1", at)
        assert vlan in strings(lab.db.field("PIF", pif(lab, "eth1", at), "VLAN_slave_of"))
    assert strings(lab.db.field("network", network, "PIFs")) == made
    other = await new_network(lab, "other")
    exists = await lab.fails("pool.create_VLAN", "eth1", other, 42)
    assert exists == ["PIF_VLAN_EXISTS", made[0]]
    assert strings(lab.db.field("network", other, "PIFs")) == []
    await lab.call("VLAN.destroy", lab.db.field("PIF", made[0], "VLAN_master_of"))
    assert not lab.db.exists("PIF", made[0])
    assert (await result(lab, "pool.create_VLAN", "eth0", other, 0))[0]


async def test_what_a_vlan_refuses(lab: Lab) -> None:
    taken = lab.db.field("PIF", pif(lab, "eth0"), "network")
    connected = ["NETWORK_ALREADY_CONNECTED", lab.hosts[0], pif(lab, "eth0")]
    assert await lab.fails("pool.create_VLAN", "eth1", taken, 5000) == connected  # the network comes before the tag
    network = await new_network(lab)
    assert await lab.fails("VLAN.create", pif(lab, "eth1"), 4095, network) == ["VLAN_TAG_INVALID", "4095"]
    production = next(ref for ref, row in lab.db.rows("PIF").items() if row.record["VLAN"] == 100)
    assert await lab.fails("VLAN.create", production, 5, network) == ["PIF_IS_VLAN", production]
    slave = pif(lab, "eth2")
    assert await lab.fails("VLAN.create", slave, 5, network) == ["CANNOT_ADD_VLAN_TO_BOND_SLAVE", slave]
    access = pif(lab, "tunnel0")
    assert await lab.fails("VLAN.create", access, 5, network) == ["IS_TUNNEL_ACCESS_PIF", access]
    assert (await lab.fails("pool.create_VLAN", "eth9", network, 5))[0] == "INVALID_VALUE"


async def test_a_vlan_on_one_host(lab: Lab) -> None:
    network = await new_network(lab)
    vlan = await lab.call("VLAN.create", pif(lab, "eth1"), 7, network)
    untagged = text(lab.db.field("VLAN", vlan, "untagged_PIF"))
    assert lab.db.field("PIF", untagged, "currently_attached") is False
    await lab.call("PIF.plug", untagged)
    assert lab.db.field("PIF", untagged, "currently_attached") is True
    assert await lab.fails("PIF.forget", pif(lab, "eth1")) == ["PIF_VLAN_STILL_EXISTS", pif(lab, "eth1")]
    assert await lab.fails("PIF.destroy", pif(lab, "eth1")) == ["PIF_IS_PHYSICAL", pif(lab, "eth1")]
    assert await lab.fails("network.destroy", network) == ["NETWORK_CONTAINS_PIF", untagged]
    await lab.call("PIF.destroy", untagged)
    assert not lab.db.exists("VLAN", vlan)
    await lab.call("network.destroy", network)


async def test_a_tunnel(lab: Lab) -> None:
    network = await new_network(lab)
    tunnel = await lab.call("tunnel.create", pif(lab, "bond0"), network, "vxlan")
    access = text(lab.db.field("tunnel", tunnel, "access_PIF"))
    assert lab.db.field("PIF", access, "device") == "tunnel1"
    assert mapping(lab.db.field("tunnel", tunnel, "status")) == {"active": "true"}
    assert await lab.fails("tunnel.create", access, await new_network(lab, "n"), "gre") == [
        "IS_TUNNEL_ACCESS_PIF",
        access,
    ]
    await lab.call("tunnel.destroy", tunnel)
    assert not lab.db.exists("PIF", access)


# bonds


async def test_a_bond_takes_over_what_its_members_carried(lab: Lab) -> None:
    vm = await lab.running_vm(nics=0)
    host = lab.hosts.index(text(lab.vm(vm)["resident_on"]))
    members = [pif(lab, "eth0", host), pif(lab, "eth1", host)]
    old = text(lab.db.field("PIF", members[1], "network"))
    vif = await lab.call("VIF.create", vif_record(vm, old, "0"))
    vlans = list(strings(lab.db.field("PIF", members[1], "VLAN_slave_of")))
    address = lab.db.field("PIF", members[0], "IP")
    network = await new_network(lab)
    bond = await lab.call("Bond.create", network, members, "", "lacp", {})
    master = text(lab.db.field("Bond", bond, "master"))
    record = lab.db.record("PIF", master)
    assert (record["device"], record["IP"], record["management"]) == ("bond1", address, True)
    assert lab.db.field("Bond", bond, "primary_slave") == members[0]
    assert strings(lab.db.field("Bond", bond, "slaves")) == members
    assert mapping(lab.db.field("Bond", bond, "properties"))["hashing_algorithm"] == "tcpudp_ports"
    assert [lab.db.field("PIF", member, "IP") for member in members] == ["", ""]
    assert strings(record["VLAN_slave_of"]) == vlans
    assert lab.db.field("VIF", vif, "network") == network
    assert await lab.fails("PIF.plug", members[0]) == ["CANNOT_PLUG_BOND_SLAVE", members[0]]
    assert await lab.fails("PIF.forget", members[1]) == ["PIF_ALREADY_BONDED", members[1]]

    await lab.call("Bond.destroy", bond)
    assert not lab.db.exists("PIF", master)
    record = lab.db.record("PIF", members[0])
    assert (record["IP"], record["management"], record["bond_slave_of"]) == (address, True, NULL_REF)
    assert strings(record["VLAN_slave_of"]) == vlans
    assert lab.db.field("VIF", vif, "network") == record["network"]


async def test_what_a_bond_refuses(lab: Lab) -> None:
    network, first, second = await new_network(lab), pif(lab, "eth1"), pif(lab, "eth4")
    far = pif(lab, "eth1", 1)

    async def refused(members: list[str], mode: str = "lacp", mac: str = "", **properties: str) -> list[str]:
        return await lab.fails("Bond.create", network, members, mac, mode, properties)

    slave = pif(lab, "eth2")
    assert await refused([first, slave]) == ["PIF_ALREADY_BONDED", slave]
    assert await refused([first, far]) == ["PIF_CANNOT_BOND_CROSS_HOST"]
    assert await refused([]) == ["PIF_BOND_NEEDS_MORE_MEMBERS"]
    assert await refused([first, second], mac="nonsense") == ["MAC_INVALID", "nonsense"]
    assert await refused([first, second], "active-backup", hashing_algorithm="src_mac") == [
        "INVALID_VALUE",
        "properties",
        "hashing_algorithm",
    ]
    await lab.call("PIF.reconfigure_ip", first, "Static", "10.1.0.1", "255.255.0.0", "", "")
    assert await refused([first, pif(lab, "eth0")]) == ["PIF_BOND_MORE_THAN_ONE_IP"]
    taken = text(lab.db.field("PIF", first, "network"))
    connected = await lab.fails("Bond.create", taken, [first, second], "", "lacp", {})
    assert connected == ["NETWORK_ALREADY_CONNECTED", lab.hosts[0], first]


async def test_a_bond_changes_its_mode(lab: Lab) -> None:
    bond = text(lab.db.field("PIF", pif(lab, "eth2"), "bond_slave_of"))
    await lab.call("Bond.set_mode", bond, "active-backup")
    assert lab.db.field("Bond", bond, "properties") == {}
    await lab.call("Bond.set_mode", bond, "lacp")
    await lab.call("Bond.set_property", bond, "lacp-time", "fast")
    assert mapping(lab.db.field("Bond", bond, "properties"))["lacp-time"] == "fast"
    assert await lab.fails("Bond.set_property", bond, "lacp-time", "never") == ["INVALID_VALUE", "lacp-time", "never"]


# PIFs


async def test_a_pif_is_plugged_and_unplugged(lab: Lab) -> None:
    nic, management, storage = pif(lab, "eth1"), pif(lab, "eth0"), pif(lab, "bond0")
    await lab.call("PIF.unplug", nic)
    assert lab.db.field("PIF", nic, "currently_attached") is False
    await lab.call("PIF.plug", nic)
    assert await lab.fails("PIF.unplug", management) == ["PIF_IS_MANAGEMENT_INTERFACE", management]
    assert await lab.fails("PIF.unplug", storage) == ["PIF_DOES_NOT_ALLOW_UNPLUG", storage]
    await lab.call("PIF.set_disallow_unplug", storage, False)
    await lab.call("PIF.unplug", storage)
    vm = await lab.running_vm(nics=0)
    at = lab.hosts.index(text(lab.vm(vm)["resident_on"]))
    nic = pif(lab, "eth1", at)
    network = text(lab.db.field("PIF", nic, "network"))
    vif = await lab.call("VIF.create", vif_record(vm, network, "0"))
    await lab.call("VIF.plug", vif)
    failure = await lab.fails("PIF.unplug", nic)
    assert failure[:2] == ["VIF_IN_USE", network]
    await lab.call("network.set_default_locking_mode", await new_network(lab), "disabled")
    assert (await lab.fails("network.set_default_locking_mode", network, "disabled"))[0] == "VIF_IN_USE"


async def test_addresses_of_a_pif(lab: Lab) -> None:
    nic, management = pif(lab, "eth1"), pif(lab, "eth0")

    async def refused(*address: str) -> list[str]:
        return await lab.fails("PIF.reconfigure_ip", nic, "Static", *address)

    invalid = "INVALID_IP_ADDRESS_SPECIFIED"
    assert await refused("not-an-ip", "255.255.255.0", "", "") == [invalid, "IP"]
    assert await refused("", "", "", "") == [invalid, "IP"]
    assert await refused("10.78.0.5", "", "", "") == [invalid, "netmask"]
    assert await refused("10.78.0.5", "255.255.255.0", "x", "") == [invalid, "gateway"]
    assert await refused("10.78.0.5", "255.255.255.0", "", "10.0.0.1,x") == [invalid, "DNS"]
    assert await lab.fails("host.management_reconfigure", nic) == ["PIF_HAS_NO_NETWORK_CONFIGURATION", nic]
    await lab.call("PIF.reconfigure_ip", nic, "Static", "10.78.0.5", "255.255.255.0", "", "")
    assert lab.db.field("PIF", nic, "IP") == "10.78.0.5"
    await lab.call("PIF.reconfigure_ip", nic, "DHCP", "", "", "", "")
    assert text(lab.db.field("PIF", nic, "IP")).startswith("10.20.")
    await lab.call("PIF.reconfigure_ip", nic, "None", "", "", "", "")
    assert lab.db.field("PIF", nic, "IP") == ""
    kept = await lab.fails("PIF.reconfigure_ip", management, "None", "", "", "", "")
    assert kept == ["PIF_IS_MANAGEMENT_INTERFACE", management]
    assert await lab.fails("PIF.reconfigure_ipv6", nic, "Static", "fd00::1", "", "") == [invalid, "IPv6"]
    assert await lab.fails("PIF.set_primary_address_type", nic, "IPv6") == ["PIF_HAS_NO_V6_NETWORK_CONFIGURATION", nic]
    await lab.call("PIF.reconfigure_ipv6", nic, "Static", "fd00::1/64", "", "")
    await lab.call("PIF.set_primary_address_type", nic, "IPv6")
    assert lab.db.field("PIF", nic, "IPv6") == ["fd00::1/64"]
    assert await lab.fails("PIF.set_property", nic, "gro", "maybe") == ["INVALID_VALUE", "gro", "maybe"]
    await lab.call("PIF.set_property", nic, "gro", "off")
    assert mapping(lab.db.field("PIF", nic, "properties")) == {"gro": "off"}
    assert (await lab.fails("PIF.set_property", pif(lab, "eth2"), "gro", "off"))[0] == "CANNOT_CHANGE_PIF_PROPERTIES"


async def test_management_moves_to_another_network(lab: Lab) -> None:
    nic = pif(lab, "eth1", 1)
    await lab.call("PIF.reconfigure_ip", nic, "Static", "10.78.0.5", "255.255.255.0", "", "")
    await lab.call("host.management_reconfigure", nic)
    assert lab.db.field("host", lab.hosts[1], "address") == "10.78.0.5"
    assert lab.db.field("PIF", pif(lab, "eth0", 1), "management") is False
    assert await lab.call("host.get_management_interface", lab.hosts[1]) == nic
    storage = text(lab.db.field("PIF", pif(lab, "bond0"), "network"))
    await lab.call("pool.management_reconfigure", storage)
    assert [lab.db.field("host", host, "address") for host in lab.hosts] == ["10.20.0.11", "10.20.0.12"]
    empty = await new_network(lab)
    nowhere = await lab.fails("pool.management_reconfigure", empty)
    assert nowhere == ["HOST_CANNOT_ATTACH_NETWORK", lab.hosts[1], empty]


async def test_a_forgotten_card_is_found_by_a_scan(lab: Lab) -> None:
    nic, management, host = pif(lab, "eth1"), pif(lab, "eth0"), lab.hosts[0]
    assert await lab.fails("PIF.forget", management) == ["PIF_TUNNEL_STILL_EXISTS", management]
    for vlan in list(strings(lab.db.field("PIF", nic, "VLAN_slave_of"))):
        untagged = text(lab.db.field("VLAN", vlan, "untagged_PIF"))
        for vif in list(strings(lab.db.field("network", text(lab.db.field("PIF", untagged, "network")), "VIFs"))):
            lab.db.set("VIF", vif, currently_attached=False)
        await lab.call("VLAN.destroy", vlan)
    network = text(lab.db.field("PIF", nic, "network"))
    for vif in list(strings(lab.db.field("network", network, "VIFs"))):
        lab.db.set("VIF", vif, currently_attached=False)
    mac = text(lab.db.field("PIF", nic, "MAC"))
    assert await lab.fails("PIF.introduce", host, mac, "eth7", True) == ["MAC_STILL_EXISTS", mac]
    assert await lab.fails("PIF.introduce", host, "aa:bb:cc:dd:ee:ff", "eth7", True) == [
        "MAC_DOES_NOT_EXIST",
        "aa:bb:cc:dd:ee:ff",
    ]
    await lab.call("PIF.forget", nic)
    assert not lab.db.exists("PIF", nic)
    assert await lab.fails("PIF.introduce", host, "nonsense", "eth7", True) == ["MAC_INVALID", "nonsense"]
    assert await lab.fails("PIF.introduce", host, mac, "eth4", True) == ["DEVICE_ALREADY_EXISTS", "eth4"]
    made = await lab.call("PIF.introduce", host, mac, "eth7", True)
    assert lab.db.field("PIF", made, "MAC") == mac
    await lab.call("PIF.forget", made)
    await lab.call("PIF.scan", host)
    found = pif(lab, "eth7")
    assert lab.db.field("PIF", found, "physical") is True


async def test_settings_of_a_network(lab: Lab) -> None:
    network = await new_network(lab)
    await lab.call("network.set_name_label", network, "renamed")
    await lab.call("network.set_MTU", network, 9000)
    await lab.call("network.add_tags", network, "t")
    await lab.call("network.add_purpose", network, "nbd")
    refused = await lab.fails("network.add_purpose", network, "insecure_nbd")
    assert refused == ["NETWORK_INCOMPATIBLE_PURPOSES", "insecure_nbd", "nbd"]
    await lab.call("network.remove_purpose", network, "nbd")
    record = lab.db.record("network", network)
    assert (record["name_label"], record["MTU"], record["tags"], record["purpose"]) == ("renamed", 9000, ["t"], [])
    await lab.call("network.attach", network, lab.hosts[0])  # internal: nothing to bring up
    await lab.call("VLAN.create", pif(lab, "eth1"), 9, network)
    await lab.call("network.attach", network, lab.hosts[0])
    attached = strings(lab.db.field("network", network, "PIFs"))[0]
    assert lab.db.field("PIF", attached, "currently_attached") is True
    assert await lab.fails("network.attach", network, lab.hosts[1]) == [
        "HOST_CANNOT_ATTACH_NETWORK",
        lab.hosts[1],
        network,
    ]


async def test_settings_of_a_nic(lab: Lab) -> None:
    vm = await lab.running_vm()
    vif = strings(lab.vm(vm)["VIFs"])[0]
    await lab.call("VIF.set_locking_mode", vif, "locked")
    await lab.call("VIF.set_ipv6_allowed", vif, ["fd00::5"])
    await lab.call("VIF.set_qos_algorithm_type", vif, "ratelimit")
    await lab.call("VIF.set_qos_algorithm_params", vif, {"kbps": "100"})
    record = lab.db.record("VIF", vif)
    assert (record["locking_mode"], record["ipv6_allowed"]) == ("locked", ["fd00::5"])
    assert record["qos_algorithm_params"] == {"kbps": "100"}
    invalid = ["INVALID_CIDR_ADDRESS_SPECIFIED", "address"]
    assert await lab.fails("VIF.configure_ipv4", vif, "Static", "10.0.0.5", "") == invalid
    gateway = await lab.fails("VIF.configure_ipv4", vif, "Static", "10.0.0.5/24", "x")
    assert gateway == ["INVALID_IP_ADDRESS_SPECIFIED", "gateway"]
    await lab.call("VIF.configure_ipv4", vif, "Static", "10.0.0.5/24", "10.0.0.1")
    assert lab.db.field("VIF", vif, "ipv4_addresses") == ["10.0.0.5/24"]
    await lab.call("VIF.configure_ipv6", vif, "None")
    assert lab.db.field("VIF", vif, "ipv6_configuration_mode") == "None"
