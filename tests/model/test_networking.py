"""The rules of networking that the recorded pool does not exercise."""

import pytest

from podium.xapi.records import BondRecord, HostRecord, NetworkRecord, PIF_metricsRecord, PIFRecord, VIFRecord
from tests.model.lookup import Scene, ref


def test_a_bond_its_master_and_its_slaves() -> None:
    scene = Scene(
        bond=BondRecord(master=ref("bond0"), slaves=(ref("eth0"), ref("gone")), mode="lacp"),
        bond0=PIFRecord(bond_master_of=(ref("bond"),), network=ref("network"), metrics=ref("metrics")),
        eth0=PIFRecord(bond_slave_of=ref("bond"), host=ref("host")),
        metrics=PIF_metricsRecord(carrier=True, speed=1000, device_name="card"),
        network=NetworkRecord(PIFs=(ref("gone"), ref("bond0"))),
        host=HostRecord(),
    )
    shown = scene.show("bond")
    assert (shown["type"], shown["master"], shown["mode"]) == ("bond", "bond0-uuid", "lacp")
    master, slave = scene.show("bond0"), scene.show("eth0")
    assert (master["isBondMaster"], master["isBondSlave"]) == (True, False)
    assert master["bondSlaves"] == ["eth0-uuid", None]
    assert "bondMaster" not in master
    assert (master["carrier"], master["speed"], master["deviceName"]) == (True, 1000, "card")
    assert (slave["isBondMaster"], slave["isBondSlave"], slave["bondMaster"]) == (False, True, "bond0-uuid")
    assert "bondSlaves" not in slave
    assert scene.show("network")["isBonded"] is True


def test_a_pif_without_metrics_or_network_and_with_a_bond_that_is_gone() -> None:
    record = PIFRecord(IPv6=("2001:db8::1/64",), bond_slave_of=ref("gone"), bond_master_of=(ref("lost"),))
    shown = Scene(pif=record).show("pif")
    assert shown["carrier"] is False
    assert (shown["vlan"], shown["ipv6"]) == (-1, ["2001:db8::1/64"])
    assert (shown["isBondSlave"], shown["isBondMaster"]) == (False, True)
    assert not {"speed", "deviceName", "$host", "$network", "bondMaster", "bondSlaves"} & set(shown)


@pytest.mark.parametrize("bond", ["", "OpaqueRef:NULL", "Ref:2"])
def test_null_bonds_are_none(bond: str) -> None:
    scene = Scene(network=NetworkRecord(PIFs=(ref("pif"),)), pif=PIFRecord(bond_slave_of=bond))
    assert scene.show("network")["isBonded"] is False


def test_settings_of_a_network() -> None:
    record = NetworkRecord(
        default_locking_mode="disabled", purpose=("insecure_nbd",), other_config={"automatic": "true"}, MTU=9000
    )
    shown = Scene(network=record).show("network")
    assert (shown["automatic"], shown["defaultIsLocked"], shown["MTU"]) == (True, True, 9000)
    assert (shown["nbd"], shown["insecureNbd"]) == (False, True)
    assert Scene(network=NetworkRecord(purpose=("nbd",))).show("network")["nbd"] is True


@pytest.mark.parametrize(
    ("algorithm", "params", "limit"),
    [
        ("ratelimit", {"kbps": "1000"}, 1000),
        ("ratelimit", {"kbps": "fast"}, None),
        ("ratelimit", {}, None),
        ("", {"kbps": "1000"}, None),
    ],
)
def test_the_rate_limit_of_a_vif(algorithm: str, params: dict[str, str], limit: int | None) -> None:
    record = VIFRecord(qos_algorithm_type=algorithm, qos_algorithm_params=params)
    assert Scene(vif=record).show("vif").get("rateLimit") == limit


@pytest.mark.parametrize(("value", "on"), [("false", False), ("off", False), ("true", True), ("on", True), ("", True)])
def test_checksumming_of_a_vif(value: str, *, on: bool) -> None:
    assert Scene(vif=VIFRecord(other_config={"ethtool-tx": value})).show("vif")["txChecksumming"] is on


def test_addresses_that_a_vif_may_use() -> None:
    record = VIFRecord(ipv4_allowed=("10.0.0.1",), ipv6_allowed=("2001:db8::1",), locking_mode="locked", VM=ref("gone"))
    shown = Scene(vif=record).show("vif")
    assert (shown["allowedIpv4Addresses"], shown["allowedIpv6Addresses"]) == (["10.0.0.1"], ["2001:db8::1"])
    assert shown["lockingMode"] == "locked"
    assert not {"$VM", "$network"} & set(shown)
