"""Networks: VLANs, bonds and internal networks of a pool are made, changed and taken away."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from podium.errors import IncorrectState, InvalidParameters
from podium.model.bond import Bond
from podium.model.identity import is_null
from podium.model.network import Network
from podium.model.pif import PIF
from podium.model.pool import Pool
from podium.model.vif import VIF
from podium.services.access import Viewer
from podium.services.edits import Call, Editor, require_update
from podium.services.gateway import Gateway
from podium.services.tasks import Progress
from podium.services.undo import Steps

MTU: Final = 1500


class NewNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network that is wanted. `nbd`: disks may be read over it, with TLS."""

    name: str
    description: str = ""
    mtu: int = MTU
    nbd: bool = False


class Networks:
    """Each method returns when the cache shows its effect."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require_new(self, pool_id: str, *, by: Viewer) -> Pool:
        """The pool, if the viewer may make networks there. Raises NotFound, MissingPrivileges."""
        pool = self._gateway.find(Pool, "pool", pool_id)
        by.require("create:network", "pool", pool)
        by.require("create", "network", {"poolId": pool_id}, around=(pool,))
        return pool

    async def create_internal(self, pool_id: str, wanted: NewNetwork, *, by: Viewer, progress: Progress) -> str:
        """A network that leads out of no host: its id."""
        pool = self.require_new(pool_id, by=by)
        async with self._gateway.steps(pool) as steps:
            ref = await self._create(pool, wanted, steps)
            progress.at(90)
            return await self._gateway.created(pool, ref)

    async def create_vlan(
        self, pool_id: str, wanted: NewNetwork, pif_id: str, vlan: int, *, by: Viewer, progress: Progress
    ) -> str:
        """A network for a VLAN (0 to 4094) on the interface, and on its like of every other host: its id."""
        pool = self.require_new(pool_id, by=by)
        pif = self._pif(pif_id, pool, by)
        async with self._gateway.steps(pool) as steps:
            ref = await self._create(pool, wanted, steps)
            part = progress.part(10, 95)
            await self._gateway.run(pool, "pool.create_VLAN_from_PIF", pif.xapi_ref, ref, vlan, progress=part)
            return await self._gateway.created(pool, ref)

    async def create_bonded(
        self, pool_id: str, wanted: NewNetwork, pif_ids: Sequence[str], mode: str, *, by: Viewer, progress: Progress
    ) -> str:
        """A network over several interfaces used as one, on each host that has their like: its id.

        The coordinator comes last: where the bond carries its management, the others are done by then.
        """
        pool = self.require_new(pool_id, by=by)
        members = self._bond_members(pool, [self._pif(pif_id, pool, by) for pif_id in pif_ids])
        async with self._gateway.steps(pool) as steps:
            ref = await self._create(pool, wanted, steps)
            for done, (host, pifs) in enumerate(members):
                part = progress.part(10 + 85 * done / len(members), 10 + 85 * (done + 1) / len(members))
                what = f"made the bond on {host}"
                arguments: tuple[object, ...] = (ref, pifs, "", mode, {})
                await self._gateway.make(
                    steps, what, pool, "Bond.create", *arguments, undo=self._undo(pool, "Bond.destroy"), progress=part
                )
            return await self._gateway.created(pool, ref)

    async def update(self, network_id: str, changes: Mapping[str, Any], *, by: Viewer) -> None:
        """`changes`: of name_label, name_description, MTU, defaultIsLocked, nbd, automatic. All of them, or none."""
        network = self._gateway.find(Network, "network", network_id)
        require_update(by, "network", network, changes)
        editor = await Editor.of(self._gateway, network, "network")
        for field in ("name_label", "name_description", "MTU"):
            if field in changes:
                editor.set(field, changes[field])
        if "defaultIsLocked" in changes:
            mode = "disabled" if changes["defaultIsLocked"] else "unlocked"
            editor.set("default_locking_mode", mode, "changed the default locking mode")
        if "automatic" in changes:
            automatic = "true" if changes["automatic"] else None
            editor.entry("other_config", "automatic", automatic, "changed whether new VMs get it")
        if "nbd" in changes and changes["nbd"] != network.nbd:
            _plan_nbd(editor, changes["nbd"])
        await editor.apply()
        await self._gateway.settle(network)

    async def delete(self, network_id: str, *, by: Viewer) -> None:
        """Delete the network, with the VLANs and bonds that make it; a failure brings those back.

        Raises what the pool refuses: VMs are plugged into it, it is a host's physical network, or a system's.
        """
        network = self._gateway.find(Network, "network", network_id)
        by.require("delete", "network", network)
        self._require_unused(network)
        async with self._gateway.steps(network) as steps:
            for pif in self._pifs(network):
                await self._dismantle(network, pif, steps)
            await self._gateway.run(network, "network.destroy", network.xapi_ref)
        await self._gateway.settle(network)

    async def delete_bond(self, bond_id: str, *, by: Viewer) -> None:
        """Take a bond apart; its interfaces are used one by one again."""
        bond = self._gateway.find(Bond, "bond", bond_id)
        by.require("delete", "bond", bond)
        await self._gateway.run(bond, "Bond.destroy", bond.xapi_ref)
        await self._gateway.settle(bond)

    def _require_unused(self, network: Network) -> None:
        """Before anything is taken apart. Raises IncorrectState."""
        entries = (self._gateway.objects.of_type("VIF").get(one or "") for one in network.vifs)
        plugged = sum(1 for one in entries if one is not None and isinstance(one.object, VIF) and one.object.attached)
        if plugged:
            raise IncorrectState(f"{network.name_label} is in use: {plugged} interfaces of VMs are plugged into it")
        if any(pif.physical for pif in self._pifs(network)):
            raise IncorrectState(f"{network.name_label} is the network of hosts' physical interfaces")

    async def _create(self, pool: Pool, wanted: NewNetwork, steps: Steps) -> str:
        record = {
            "name_label": wanted.name,
            "name_description": wanted.description,
            "MTU": wanted.mtu,
            "other_config": {"automatic": "false"},
            "tags": [],
        }
        ref = str(await self._gateway.call(pool, "network.create", record))
        steps.done(f"made the network {wanted.name}", lambda: self._remove(pool, ref))
        if wanted.nbd:
            await self._gateway.call(pool, "network.add_purpose", ref, "nbd")
        return ref

    async def _remove(self, pool: Pool, ref: str) -> None:
        """A network that was just made, with the VLANs and bonds that the pool had made for it by then."""
        record = await self._gateway.ask(pool, "network.get_record", ref)
        for interface in record.get("PIFs", ()) if isinstance(record, dict) else ():
            pif = await self._gateway.ask(pool, "PIF.get_record", interface)
            if not isinstance(pif, dict):
                continue
            if not is_null(vlan := str(pif.get("VLAN_master_of", ""))):
                await self._gateway.run(pool, "VLAN.destroy", vlan)
            for bond in pif.get("bond_master_of", ()):
                await self._gateway.run(pool, "Bond.destroy", bond)
        await self._gateway.run(pool, "network.destroy", ref)

    async def _dismantle(self, network: Network, pif: PIF, steps: Steps) -> None:
        """Take away what connects the network on one host, unless it is a physical interface."""
        record = await self._gateway.ask(network, "PIF.get_record", pif.xapi_ref)
        if not isinstance(record, dict):
            return
        vlan, bonds = str(record.get("VLAN_master_of", "")), record.get("bond_master_of")
        if not is_null(vlan):
            below = await self._gateway.ask(network, "VLAN.get_tagged_PIF", vlan)
            await self._gateway.run(network, "VLAN.destroy", vlan)
            again = (below, pif.vlan, network.xapi_ref)
            steps.done(f"took away the VLAN {pif.vlan}", lambda: self._gateway.run(network, "VLAN.create", *again))
        elif bonds:
            bond = await self._gateway.ask(network, "Bond.get_record", bonds[0])
            await self._gateway.run(network, "Bond.destroy", str(bonds[0]))
            if isinstance(bond, dict):
                made = (network.xapi_ref, bond["slaves"], "", bond["mode"], bond.get("properties", {}))
                steps.done("took a bond apart", lambda: self._gateway.run(network, "Bond.create", *made))

    def _bond_members(self, pool: Pool, chosen: Sequence[PIF]) -> list[tuple[str, list[str]]]:
        """(host's name, refs of its interfaces) for each host that has an interface on the network of each chosen."""
        if len({pif.network for pif in chosen}) < len(chosen):
            raise InvalidParameters("pifIds: interfaces of one host, each once; their like are found on the others")
        by_host: dict[str, list[str]] = {}
        networks = {pif.network for pif in chosen}
        for entry in self._gateway.objects.ordered("PIF"):
            pif = entry.object
            if isinstance(pif, PIF) and pif.pool == pool.id and pif.network in networks and pif.host is not UNSET:
                by_host.setdefault(pif.host, []).append(pif.xapi_ref)
        hosts = sorted(by_host, key=lambda host: host == pool.master)
        lacking = [self._name(host) for host in hosts if len(by_host[host]) < len(chosen)]
        if lacking:
            raise InvalidParameters(f"pifIds: not all of these interfaces are there on {', '.join(lacking)}")
        return [(self._name(host), by_host[host]) for host in hosts]

    def _name(self, host_id: str) -> str:
        entry = self._gateway.objects.of_type("host").get(host_id)
        return str(getattr(entry.object, "name_label", host_id)) if entry is not None else host_id

    def _pif(self, pif_id: str, pool: Pool, by: Viewer) -> PIF:
        pif = self._gateway.visible(PIF, "PIF", pif_id, by)
        if pif.pool != pool.id:
            raise InvalidParameters(f"the interface {pif.device} is in another pool")
        return pif

    def _pifs(self, network: Network) -> list[PIF]:
        entries = (self._gateway.objects.of_type("PIF").get(one or "") for one in network.pifs)
        return [entry.object for entry in entries if entry is not None and isinstance(entry.object, PIF)]

    def _undo(self, pool: Pool, method: str) -> Callable[[str], Awaitable[object]]:
        return lambda ref: self._gateway.run(pool, method, ref)


def _plan_nbd(editor: Editor, on: bool) -> None:
    now, before = ("add_purpose", "remove_purpose") if on else ("remove_purpose", "add_purpose")
    editor.call("changed whether disks may be read over it", now, "nbd", undo=Call(before, ("nbd",)))
