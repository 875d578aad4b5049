"""Pool actions: settings, membership, high availability, and what is done to all hosts one after the other."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from podium.errors import IncorrectState, InvalidParameters
from podium.model.host import Host
from podium.model.network import Network
from podium.model.pif import PIF
from podium.model.pool import Pool
from podium.model.sr import SR
from podium.services.access import Viewer
from podium.services.edits import Editor, require_update
from podium.services.gateway import Gateway
from podium.services.host_actions import HostActions
from podium.services.tasks import Progress

NULL: Final = "OpaqueRef:NULL"
PLAIN: Final = {
    "name_label": "name_label",
    "name_description": "name_description",
    "tags": "tags",
    "migrationCompression": "migration_compression",
}
SRS: Final = {"defaultSr": "default_SR", "suspendSr": "suspend_image_SR", "crashDumpSr": "crash_dump_SR"}


class PoolActions:
    """Each method returns when it is done and the cache shows it."""

    def __init__(self, gateway: Gateway, hosts: HostActions, *, retire: Callable[[str], Awaitable[None]]) -> None:
        """`retire`: forgets the server of a pool, by id."""
        self._gateway = gateway
        self._hosts = hosts
        self._retire = retire

    def require(self, pool_id: str, action: str, *, by: Viewer) -> Pool:
        """Raises NotFound, MissingPrivileges."""
        pool = self._gateway.find(Pool, "pool", pool_id)
        by.require(action, "pool", pool)
        return pool

    async def update(self, pool_id: str, changes: Mapping[str, Any], *, by: Viewer) -> None:
        """Change settings, all of them or none. Names as in the API; see PoolChanges."""
        pool = self._gateway.find(Pool, "pool", pool_id)
        require_update(by, "pool", pool, changes)
        editor = await Editor.of(self._gateway, pool, "pool")
        for field, value in changes.items():
            if field in PLAIN:
                editor.set(PLAIN[field], value)
            elif field in SRS:
                editor.set(SRS[field], NULL if value is None else self._sr(value, pool, by).xapi_ref)
            elif field == "autoPoweron":
                editor.entry("other_config", "auto_poweron", "true" if value else None, "changed the automatic starts")
        await editor.apply()
        await self._gateway.settle(pool)

    async def add_host(self, pool_id: str, host_id: str, *, force: bool, by: Viewer, progress: Progress) -> None:
        """Have a connected host, a pool of its own, join this pool. `force`: whatever the differences of their CPUs."""
        pool = self.require(pool_id, "add-host", by=by)
        host = self._gateway.visible(Host, "host", host_id, by)
        by.require("join-pool", "host", host)
        if host.pool == pool.id:
            raise IncorrectState(f"{host.name_label} is in this pool already")
        if len(self._hosts.hosts(host.pool)) > 1:
            raise IncorrectState(f"{host.name_label} is in a pool with others: detach it there first")
        master = self._gateway.find(Host, "host", str(pool.master))
        await self._gateway.join(pool, host, master.address, force=force)
        await self._retire(host.pool)
        await self._gateway.settle(pool)
        progress.info(f"{host.name_label} restarts as a member; the server of its own pool is forgotten")

    def require_management(self, pool_id: str, network_id: str, *, by: Viewer) -> tuple[Pool, Network]:
        """Raises NotFound, MissingPrivileges, InvalidParameters for another pool's network."""
        by.require_any("update:management", "pif")
        pool = self._gateway.find(Pool, "pool", pool_id)
        network = self._gateway.visible(Network, "network", network_id, by)
        if network.pool != pool.id:
            raise InvalidParameters(f"the network {network.name_label} is in another pool")
        pifs = [one for entry in self._gateway.objects.ordered("PIF") if isinstance(one := entry.object, PIF)]
        by.require_all("update:management", "pif", [one for one in pifs if one.network == network.id])
        return pool, network

    async def reconfigure_management(self, pool_id: str, network_id: str, *, by: Viewer) -> None:
        """Move the management interfaces of all hosts to a network."""
        pool, network = self.require_management(pool_id, network_id, by=by)
        await self._gateway.outlive(pool, "pool.management_reconfigure", network.xapi_ref)
        await self._gateway.settle(pool)

    async def emergency_shutdown(self, pool_id: str, *, by: Viewer, progress: Progress) -> None:
        """Suspend all VMs and switch all hosts off, the coordinator last. Stops at a host that cannot be."""
        pool = self.require(pool_id, "emergency-shutdown", by=by)
        hosts = sorted(self._running(pool), key=lambda host: host.id == pool.master)
        async with self._gateway.steps(pool) as steps:
            for number, host in enumerate(hosts):
                await self._hosts.emergency_shutdown(host, progress=progress)
                steps.done(f"switched {host.name_label} off")
                progress.at(100 * (number + 1) / len(hosts))

    async def rolling_reboot(self, pool_id: str, *, by: Viewer, progress: Progress) -> None:
        """Reboot one host after the other, each emptied before, the coordinator first; VMs go on running.

        Stops at the first that cannot be emptied or does not come back: what was done is told.
        """
        pool = self.require(pool_id, "rolling-reboot", by=by)
        hosts = sorted(self._running(pool), key=lambda host: host.id != pool.master)
        if len(hosts) < 2:
            raise IncorrectState("a rolling reboot needs two running hosts: the VMs have to go somewhere")
        with self._gateway.busy.hold(pool, "rolling_reboot", task_id=progress.task_id):
            await self._require_movable(hosts, by)
            async with self._gateway.steps(pool) as steps:
                for number, host in enumerate(hosts):
                    part = progress.part(100 * number / len(hosts), 100 * (number + 1) / len(hosts))
                    progress.info(f"rebooting {host.name_label}", {"id": host.id})
                    await self._hosts.reboot_and_wait(host, part)
                    steps.done(f"rebooted {host.name_label}")

    async def _require_movable(self, hosts: Sequence[Host], by: Viewer) -> None:
        """Before the first host is touched. Raises IncorrectState with the VMs that cannot leave theirs, and why."""
        plans = [await self._hosts.plan(host.id, by=by) for host in hosts]
        stuck = [vm for plan in plans for vm in plan.vms if vm.reasons]
        if stuck:
            words = "; ".join(f"{vm.name_label}: {vm.reasons[0]['message']}" for vm in stuck[:10])
            more = f"; and {len(stuck) - 10} more" if len(stuck) > 10 else ""
            raise IncorrectState(f"{len(stuck)} VMs cannot be moved: {words}{more}")

    async def enable_ha(
        self, pool_id: str, *, sr_ids: Sequence[str], failures: int | None, by: Viewer, progress: Progress
    ) -> None:
        """Switch HA on. `sr_ids`: where its state is kept, XAPI chooses otherwise; `failures`: hosts that may fail."""
        pool = self.require(pool_id, "enable-ha", by=by)
        if pool.ha_enabled:
            raise IncorrectState("HA is on already")
        refs = [self._sr(sr_id, pool, by).xapi_ref for sr_id in sr_ids]
        with self._gateway.busy.hold(pool, "ha_enable", task_id=progress.task_id):
            async with self._gateway.steps(pool) as steps:
                await self._gateway.run(pool, "pool.enable_ha", refs, {}, progress=progress)
                steps.done("switched HA on", lambda: self._gateway.run(pool, "pool.disable_ha"))
                if failures is not None:
                    await self._gateway.call(pool, "pool.set_ha_host_failures_to_tolerate", pool.xapi_ref, failures)
            await self._gateway.settle(pool)

    async def disable_ha(self, pool_id: str, *, by: Viewer, progress: Progress) -> None:
        pool = self.require(pool_id, "disable-ha", by=by)
        with self._gateway.busy.hold(pool, "ha_disable", task_id=progress.task_id):
            await self._gateway.run(pool, "pool.disable_ha", progress=progress)
            await self._gateway.settle(pool)

    async def designate_master(self, pool_id: str, host_id: str, *, by: Viewer) -> None:
        """Make another host the coordinator; returns when the pool is connected through it."""
        pool = self.require(pool_id, "designate-master", by=by)
        host = self._gateway.visible(Host, "host", host_id, by)
        if host.pool != pool.id:
            raise InvalidParameters(f"the host {host.name_label} is in another pool")
        if host.id == pool.master:
            return
        await self._gateway.outlive(pool, "pool.designate_new_master", host.xapi_ref)
        await self._gateway.settle(pool)

    def _running(self, pool: Pool) -> list[Host]:
        return [host for host in self._hosts.hosts(pool.id) if host.power_state == "Running"]

    def _sr(self, sr_id: str, pool: Pool, by: Viewer) -> SR:
        sr = self._gateway.visible(SR, "SR", sr_id, by)
        if sr.pool != pool.id:
            raise InvalidParameters(f"the SR {sr.name_label} is in another pool")
        return sr
