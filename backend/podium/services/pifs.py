"""PIFs: the addresses of hosts' interfaces, and whether they are in use."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from podium.errors import IncorrectState, InvalidParameters, PoolError
from podium.model.identity import is_null
from podium.model.pif import PIF
from podium.services.access import Viewer
from podium.services.edits import require_update
from podium.services.gateway import Gateway
from podium.services.tasks import Progress
from podium.services.undo import Undo

_V4: Final = ("mode", "ip", "netmask", "gateway", "dns")
_V6: Final = ("ipv6Mode", "ipv6", "ipv6Gateway")

Record = Mapping[str, Any]
"""As the pool tells it."""


class Plan(NamedTuple):
    """One call that configures an interface: its values, and those of before, which take it back."""

    what: str
    message: str
    now: tuple[str, ...]
    before: tuple[str, ...]


class Pifs:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, pif_id: str, action: str, *, by: Viewer) -> PIF:
        """Raises NotFound, MissingPrivileges."""
        pif = self._gateway.find(PIF, "PIF", pif_id)
        by.require(action, "pif", pif)
        return pif

    async def update(self, pif_id: str, changes: Mapping[str, Any], *, by: Viewer) -> None:
        """Give the interface another address. `changes`: of mode (None, DHCP, Static), ip, netmask, gateway, dns,
        ipv6Mode (None, DHCP, Static, Autoconf), ipv6 (with its prefix length), ipv6Gateway; what is not named stays.

        Raises InvalidParameters for a static address without its parts. Of the management interface, the pool may be
        lost to us for a while.
        """
        pif = self._gateway.find(PIF, "PIF", pif_id)
        require_update(by, "pif", pif, changes)
        record = await self._record(pif)
        plans = [plan for plan in (_v4(record, changes), _v6(record, changes)) if plan is not None]
        async with self._gateway.steps(pif) as steps:
            for what, message, now, before in plans:
                await self._configure(pif, message, now)  # a lease takes longer than a short call waits
                steps.done(what, self._back(pif, message, before))
        await self._gateway.settle(pif)

    async def plug(self, pif_id: str, *, by: Viewer, progress: Progress) -> None:
        """Bring the interface up."""
        await self._run(self.require(pif_id, "plug", by=by), "plug", progress)

    async def unplug(self, pif_id: str, *, by: Viewer, progress: Progress) -> None:
        """Bring it down. Raises what the pool refuses: it carries the management, HA, or VMs."""
        await self._run(self.require(pif_id, "unplug", by=by), "unplug", progress)

    async def delete(self, pif_id: str, *, by: Viewer) -> None:
        """Take away a VLAN or a tunnel of one host; a physical interface is forgotten until the next scan."""
        pif = self.require(pif_id, "delete", by=by)
        if pif.is_bond_master:
            raise IncorrectState(f"{pif.device} is a bond: delete the bond")
        record = await self._record(pif)
        vlan, tunnels = str(record.get("VLAN_master_of", "")), record.get("tunnel_access_PIF_of")
        if not is_null(vlan):
            await self._gateway.run(pif, "VLAN.destroy", vlan)
        elif tunnels:
            await self._gateway.run(pif, "tunnel.destroy", str(tunnels[0]))
        else:
            await self._gateway.run(pif, "PIF.forget", pif.xapi_ref)
        await self._gateway.settle(pif)

    async def _configure(self, pif: PIF, message: str, values: tuple[str, ...]) -> None:
        await self._gateway.run(pif, f"PIF.{message}", pif.xapi_ref, *values)

    def _back(self, pif: PIF, message: str, values: tuple[str, ...]) -> Undo:
        return lambda: self._configure(pif, message, values)

    async def _record(self, pif: PIF) -> dict[str, Any]:
        record = await self._gateway.ask(pif, "PIF.get_record", pif.xapi_ref)
        if not isinstance(record, dict):
            raise PoolError("the pool does not describe the PIF")
        return record

    async def _run(self, pif: PIF, operation: str, progress: Progress) -> None:
        with self._gateway.busy.hold(pif, operation, task_id=progress.task_id):
            await self._gateway.run(pif, f"PIF.{operation}", pif.xapi_ref, progress=progress)
            await self._gateway.settle(pif)


def _v4(record: Record, changes: Mapping[str, Any]) -> Plan | None:
    """Raises InvalidParameters."""
    if not any(field in changes for field in _V4):
        return None
    before = tuple(str(record[name]) for name in ("ip_configuration_mode", "IP", "netmask", "gateway", "DNS"))
    mode, ip, netmask, gateway, dns = (str(changes.get(field, old)) for field, old in zip(_V4, before, strict=True))
    if mode == "Static" and not (ip and netmask):
        raise InvalidParameters("a static address needs ip and netmask")
    now = (mode, ip, netmask, gateway, dns)
    if mode != "Static":
        now = (mode, "", "", "", dns if "dns" in changes else "")
    return Plan("changed the IPv4 address", "reconfigure_ip", now, before)


def _v6(record: Record, changes: Mapping[str, Any]) -> Plan | None:
    """Raises InvalidParameters. Of several addresses the first counts: XAPI sets one."""
    if not any(field in changes for field in _V6):
        return None
    [address, *_] = record.get("IPv6") or [""]
    old_dns = str(record.get("DNS", ""))
    before = (str(record.get("ipv6_configuration_mode", "None")), str(address), str(record.get("ipv6_gateway", "")))
    mode, ip, gateway = (str(changes.get(field, old)) for field, old in zip(_V6, before, strict=True))
    if mode == "Static" and not ip:
        raise InvalidParameters("a static address needs ipv6")
    now = (mode, ip, gateway) if mode == "Static" else (mode, "", "")
    dns = str(changes.get("dns", old_dns))
    return Plan("changed the IPv6 address", "reconfigure_ipv6", (*now, dns), (*before, old_dns))
