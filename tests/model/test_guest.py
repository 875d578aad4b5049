"""What guests report: addresses, tools, drivers with holes."""

from typing import Any

import pytest
from msgspec import UNSET

from podium.model.guest import addresses
from podium.xapi.records import VM_guest_metricsRecord, VM_metricsRecord, VMRecord
from tests.model.lookup import Scene, ref


@pytest.mark.parametrize(
    ("networks", "by_key", "main"),
    [
        ({}, {}, UNSET),
        ({"0/ip": "10.0.0.1", "0/ipv4/0": "10.0.0.1"}, {"0/ipv4/0": "10.0.0.1"}, "10.0.0.1"),
        ({"0/ip": "10.0.0.1"}, {"0/ipv4/0": "10.0.0.1"}, "10.0.0.1"),
        ({"1/ip": "10.0.0.1 10.0.0.2\n"}, {"1/ipv4/0": "10.0.0.1", "1/ipv4/1": "10.0.0.2"}, "10.0.0.1"),
        (
            {"0/ipv6/0": "fe80::1", "0/ipv6/1": "2001:db8::1"},
            {"0/ipv6/0": "fe80::1", "0/ipv6/1": "2001:db8::1"},
            "fe80::1",
        ),
        ({"0/ipv6/0": "fe80::1", "1/ip": "10.0.0.1"}, {"0/ipv6/0": "fe80::1", "1/ipv4/0": "10.0.0.1"}, "10.0.0.1"),
        ({"10/ip": "10.0.0.10", "2/ip": "10.0.0.2"}, {"2/ipv4/0": "10.0.0.2", "10/ipv4/0": "10.0.0.10"}, "10.0.0.10"),
        ({"0/ipv4/1": "b", "0/ipv4/0": "a", "0/ip": "a"}, {"0/ipv4/0": "a", "0/ipv4/1": "b"}, "a"),
        ({"0/ip": "", "0/ipv4/0": " ", "1/ip": "10.0.0.1"}, {"1/ipv4/0": "10.0.0.1"}, "10.0.0.1"),
        ({"0/ipv4/0": "a", "0/ipv4/2": "a", "0/ipv4/3": "c"}, {"0/ipv4/0": "a", "0/ipv4/1": "c"}, "a"),
        ({"odd": "x", "0/mac": "y", "x/ip": "z"}, {}, UNSET),
    ],
)
def test_addresses(networks: dict[str, str], by_key: dict[str, str], main: object) -> None:
    found = addresses(networks)
    assert found.by_key == by_key
    assert found.main == main


def show(*, state: str = "Running", windows: bool = False, **guest: Any) -> dict[str, Any]:
    record = VMRecord(
        power_state=state,
        metrics=ref("metrics"),
        guest_metrics=ref("guest"),
        platform={"device_id": "0002"} if windows else {},
    )
    return Scene(vm=record, metrics=VM_metricsRecord(), guest=VM_guest_metricsRecord(**guest)).show("vm")


REPORTED = {"managementAgentDetected", "pvDriversDetected", "pvDriversVersion", "pvDriversUpToDate"}
VERSION = {"major": "7", "minor": "30", "micro": "0", "build": "12"}


def test_tools_of_a_running_guest() -> None:
    shown = show(PV_drivers_version=VERSION, PV_drivers_detected=True, PV_drivers_up_to_date=True)
    assert shown["xenTools"] == {"major": 7, "minor": 30, "version": 7.3}
    assert {name: shown[name] for name in REPORTED} == {
        "managementAgentDetected": True,
        "pvDriversDetected": True,
        "pvDriversVersion": "7.30.0-12",
        "pvDriversUpToDate": True,
    }


def test_tools_of_a_halted_guest_are_not_known() -> None:
    shown = show(state="Halted", PV_drivers_version=VERSION, PV_drivers_detected=True, os_version={"name": "Debian"})
    assert not {*REPORTED, "xenTools"} & set(shown)
    assert shown["os_version"] == {"name": "Debian"}


def test_a_guest_without_drivers() -> None:
    shown = show()
    assert shown["xenTools"] is False
    assert (shown["managementAgentDetected"], shown["pvDriversDetected"]) == (False, False)
    assert not {"pvDriversVersion", "pvDriversUpToDate"} & set(shown)


def test_an_agent_without_drivers_shows_by_its_feature() -> None:
    assert show(other={"feature-static-ip-setting": "1"})["managementAgentDetected"] is True


@pytest.mark.parametrize("drivers", [{"major": "x", "minor": "1"}, {"major": "9"}, {"minor": "1"}, {"major": ""}])
def test_odd_versions_are_no_tools(drivers: dict[str, str]) -> None:
    assert show(PV_drivers_version=drivers)["xenTools"] is False


@pytest.mark.parametrize(
    ("drivers", "version"),
    [({"major": "9", "minor": "1"}, "9.1"), ({"major": "9", "minor": "1", "build": "3"}, "9.1-3")],
)
def test_incomplete_versions(drivers: dict[str, str], version: str) -> None:
    assert show(PV_drivers_version=drivers)["pvDriversVersion"] == version


UNKNOWN = {"reason": "no-pv-drivers-detected"}


def vulnerable(driver: str, version: str) -> dict[str, str]:
    return {"reason": "pv-driver-version-vulnerable", "driver": driver, "version": version}


@pytest.mark.parametrize(
    ("drivers", "verdict"),
    [
        ({}, UNKNOWN),
        (VERSION, UNKNOWN),
        ({**VERSION, "xenbus": "XenServer 9.1.9.105 "}, vulnerable("xenbus", "9.1.9.105")),
        ({"xenbus": "XenServer 9.1.11.114 "}, vulnerable("xenbus", "9.1.11.114")),
        ({"xenbus": "XenServer 9.1.11.115 "}, False),
        ({"xenbus": "Citrix 9.1.11.116 "}, False),
        ({"xeniface": "Citrix 9.1.12.93 "}, vulnerable("xeniface", "9.1.12.93")),
        ({"xenbus": "XCP_ng 9.0.9047.0 "}, vulnerable("xenbus", "9.0.9047.0")),
        ({"xenbus": "XCP_ng 9.0.9048.0 "}, False),
        ({"xenbus": "Xen_Project 9.1.0.1 "}, vulnerable("xenbus", "9.1.0.1")),
        ({"xenbus": "Xen_Project 9.1.0.2 "}, False),
        ({"xencons": "Xen_Project 9.1.0.2 "}, vulnerable("xencons", "9.1.0.2")),
        ({"xencons": "XenServer 1.0.0.0 "}, False),
        ({"xenvif": "XenServer 1.0.0.0 "}, False),
        ({"xenbus": "Somebody 1.0.0.0 "}, False),
        ({"xenbus": "XenServer"}, UNKNOWN),
        ({"xenbus": "XenServer new "}, UNKNOWN),
        ({"xenbus": ""}, UNKNOWN),
    ],
)
def test_xsa468(drivers: dict[str, str], verdict: object) -> None:
    assert show(windows=True, PV_drivers_detected=True, PV_drivers_version=drivers)["vulnerabilities"] == {
        "xsa468": verdict
    }


def test_xsa468_is_about_windows_guests_with_pv_drivers() -> None:
    old = {"xenbus": "XenServer 9.1.9.105 "}
    assert show(PV_drivers_detected=True, PV_drivers_version=old)["vulnerabilities"] == {"xsa468": False}
    assert show(windows=True, PV_drivers_version=old)["vulnerabilities"] == {"xsa468": False}
