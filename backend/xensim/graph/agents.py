"""What the agents inside guests report: system, drivers and addresses, in the dialects of several versions."""

from xensim.graph.mint import Mint
from xensim.graph.systems import FEATURES, LINUX_TOOLS, WINDOWS_TOOLS, System


def report(mint: Mint, number: int, system: System, *, silent: bool = False) -> str:
    """A VM_guest_metrics row; `silent` is a guest without PV drivers, of which Xen knows little."""
    if silent:
        return mint.add(
            "VM_guest_metrics", last_updated=mint.date(0, 1), live=True, can_use_hotplug_vbd="unspecified",
            can_use_hotplug_vif="unspecified",
        )  # fmt: skip
    version, fresh = mint.pick(WINDOWS_TOOLS if system.windows else LINUX_TOOLS)
    return mint.add(
        "VM_guest_metrics",
        os_version=system.os_version,
        PV_drivers_version=version,
        PV_drivers_up_to_date=fresh,
        PV_drivers_detected=True,
        memory={"total": "4294967296", "free": "1073741824", "used": "3221225472"} if number % 25 == 7 else {},
        networks=networks(mint, number),
        other=FEATURES | {"data-updated": "1", "xen-version": "4.17"} if system.windows else FEATURES,
        last_updated=mint.date(0, 1),
        live=True,
        can_use_hotplug_vbd="yes",
        can_use_hotplug_vif="yes",
        netbios_name={"host_name": f"WIN-{mint.uuid()[:11].upper()}"} if system.windows else {},
        services={"xenagent": "running"} if system.windows and number % 5 == 0 else {},
    )


def address(number: int) -> str:
    """The IPv4 address of the `number`-th guest."""
    return f"10.{32 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"


def networks(mint: Mint, number: int) -> dict[str, str]:
    """Addresses by device, some in the form that agents used long ago."""
    ip = address(number)
    if number % 13 == 5:
        return {"0/ip": ip}
    if number % 101 == 17:
        return {"0/ip": f"{ip} 192.0.2.{number % 250 + 1}", "1/ip": ""}
    found = {"0/ip": ip, "0/ipv4/0": ip}
    if mint.chance(0.35):
        found["0/ipv6/0"] = f"fe80:0000:0000:0000:0216:3eff:fe{number >> 16 & 255:02x}:{number & 65535:04x}"
        if mint.chance(0.4):
            found["0/ipv6/1"] = f"2001:db8:20:{number % 9}::{number:x}"
    return found
