"""What a VM's guest agent reports: addresses, drivers, and whether these have known holes."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe
from podium.model.numbers import integer, number, version
from podium.xapi.records import VM_guest_metricsRecord, VMRecord


class Guest(NamedTuple):
    """The part of VM_guest_metrics that clients see: the rest of it changes often (`other["data-ts"]`)."""

    os_version: dict[str, str]
    drivers: dict[str, str]
    drivers_detected: bool
    drivers_up_to_date: bool
    networks: dict[str, str]
    memory_used: str | None
    memory_total: str | None
    static_ip: bool


def guest(record: VM_guest_metricsRecord) -> Guest:
    """Fact: what a VM shows of its guest metrics."""
    memory = record.memory
    return Guest(
        record.os_version,
        record.PV_drivers_version,
        record.PV_drivers_detected,
        record.PV_drivers_up_to_date,
        record.networks,
        memory.get("used"),
        memory.get("total"),
        record.other.get("feature-static-ip-setting") == "1",
    )


class XenTools(msgspec.Struct, frozen=True, gc=False):
    """Version of the guest tools. `version` is `<major>.<minor>` read as one number (deprecated)."""

    major: int
    minor: int
    version: int | float


def xen_tools(drivers: dict[str, str]) -> XenTools | Literal[False]:
    """The tools' version; False when the guest reports none."""
    return _xen_tools(drivers.get("major"), drivers.get("minor"))


@lru_cache(maxsize=512)
def _xen_tools(major: str | None, minor: str | None) -> XenTools | Literal[False]:
    high, low = integer(major), integer(minor)
    joined = number(f"{major}.{minor}")
    if high is UNSET or low is UNSET or joined is None:
        return False
    return XenTools(high, low, joined)


def drivers_version(drivers: dict[str, str]) -> str | Maybe:
    """`<major>.<minor>.<micro>-<build>`, without the parts that are missing at its end."""
    major, minor = drivers.get("major"), drivers.get("minor")
    if major is None or minor is None:
        return UNSET
    micro, build = drivers.get("micro"), drivers.get("build")
    text = f"{major}.{minor}" if micro is None else f"{major}.{minor}.{micro}"
    return text if build is None else f"{text}-{build}"


class Addresses(NamedTuple):
    """`by_key`: `<device>/ipv4|ipv6/<index>` -> address; `main`: the one to show first."""

    by_key: dict[str, str]
    main: str | Maybe


NO_ADDRESSES = Addresses({}, UNSET)
_KEY = re.compile(r"([0-9]{1,9})/(?:ip|ipv([46])(?:/([0-9]{1,9}))?)")


def addresses(networks: dict[str, str]) -> Addresses:
    """A guest's addresses from what its agent wrote. The value is shared: not to be changed."""
    return _addresses(tuple(networks.items())) if networks else NO_ADDRESSES


@lru_cache(maxsize=16384)
def _addresses(networks: tuple[tuple[str, str], ...]) -> Addresses:
    """Old agents write `0/ip` with one or more addresses, new ones `0/ipv4/0`; most write both.

    Indexes are given anew per device and family, without duplicates. Sources: xapi_guest_agent.ml, ANCHOR.md 2.5.
    """
    found: list[tuple[int, str, int, str]] = []
    for key, value in networks:
        match = _KEY.fullmatch(key)
        if match is not None:
            device, family, index = match.groups()
            # what only the old key says comes last, so that the indexes of the new keys are kept
            found.append((int(device), family or "4", 10**9 if index is None else int(index), value))
    found.sort()
    by_device: dict[tuple[int, str], dict[str, None]] = {}
    for number_, family, _, value in found:
        by_device.setdefault((number_, family), {}).update(dict.fromkeys(value.split()))
    by_key = {
        f"{number_}/ipv{family}/{index}": address
        for (number_, family), values in by_device.items()
        for index, address in enumerate(values)
    }
    return Addresses(by_key, _main_address(networks))


def _main_address(networks: tuple[tuple[str, str], ...]) -> str | Maybe:
    """The first IPv4 address in the order of keys as text (device 10 before 2, as in Xen Orchestra), else IPv6."""
    first_v6: str | Maybe = UNSET
    for key, value in sorted(networks):
        match = _KEY.fullmatch(key)
        values = value.split()
        if match is None or not values:
            continue
        if match[2] != "6":
            return values[0]
        if first_v6 is UNSET:
            first_v6 = values[0]
    return first_v6


class Xsa468(msgspec.Struct, frozen=True, gc=False):
    """Why a Windows VM may be open to XSA-468 (users of the VM may take it over through its PV drivers)."""

    reason: Literal["pv-driver-version-vulnerable", "no-pv-drivers-detected"]
    driver: str | Maybe = UNSET
    version: str | Maybe = UNSET


UNKNOWN_DRIVERS = Xsa468("no-pv-drivers-detected")
_TOTALS = frozenset({"major", "minor", "micro", "build"})
_CITRIX_BUS, _CITRIX_INTERFACE, _XCP_NG = (9, 1, 11, 115), (9, 1, 12, 94), (9, 0, 9048)
_FIXED: dict[str, dict[str, tuple[int, ...]]] = {
    "xenbus": {
        "XenServer": _CITRIX_BUS,
        "Citrix": _CITRIX_BUS,
        "XCP_ng": _XCP_NG,
        "Xen_Project": (9, 1, 0, 2),
    },
    "xeniface": {
        "XenServer": _CITRIX_INTERFACE,
        "Citrix": _CITRIX_INTERFACE,
        "XCP_ng": _XCP_NG,
        "Xen_Project": (9, 1, 0, 1),
    },
    "xencons": {"XCP_ng": _XCP_NG, "Xen_Project": (9, 1, 0, 3)},
}
"""The first version of each vendor's driver without the hole. Source: https://xenbits.xen.org/xsa/advisory-468.html
and the detection notes that XCP-ng published for it (https://docs.xcp-ng.org/vms/#windows-guest-tools-security)."""


def _hole(found: Guest) -> Xsa468 | Literal[False]:
    """What is known of a Windows guest's drivers. False: nothing to worry about, or no PV drivers at all.

    The agent writes one entry per driver, `xenbus: "XenServer 9.1.9.105 "`; hosts that do not pass these on leave the
    version unknown.
    """
    if not found.drivers_detected:
        return False
    return _xsa468(tuple((name, value) for name, value in found.drivers.items() if name not in _TOTALS))


@lru_cache(maxsize=1024)
def _xsa468(drivers: tuple[tuple[str, str], ...]) -> Xsa468 | Literal[False]:
    known = 0
    for name, value in drivers:
        vendor, _, rest = value.strip().partition(" ")
        text = rest.partition(" ")[0]
        numbers = version(text)
        if not numbers:
            continue
        known += 1
        fixed = _FIXED.get(name, {}).get(vendor)
        if fixed is not None and numbers < fixed:
            return Xsa468("pv-driver-version-vulnerable", name, text)
    return False if known else UNKNOWN_DRIVERS


class Vulnerabilities(msgspec.Struct, frozen=True, gc=False):
    xsa468: Xsa468 | bool


_NO_HOLES = Vulnerabilities(xsa468=False)


def vulnerabilities(record: VMRecord, found: Guest | None) -> Vulnerabilities:
    """Only Windows guests have the drivers in question: `device_id` 0002 is what their templates set."""
    if found is None or record.platform.get("device_id") != "0002":
        return _NO_HOLES
    hole = _hole(found)
    return Vulnerabilities(hole) if hole else _NO_HOLES
