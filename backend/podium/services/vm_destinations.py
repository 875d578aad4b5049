"""VM destinations: to which hosts a VM can be moved, how, and if not why not; nothing is moved."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET

from podium.errors import IncorrectState, NotFound, PodiumError
from podium.model.base import Maybe
from podium.model.host import Host
from podium.model.network import Network
from podium.model.pif import PIF
from podium.model.vif import VIF
from podium.model.vm import VM
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.vm_migration import arguments_of, receiving, require_running
from podium.services.vm_moves import Moves, Plan, Wishes
from podium.services.vm_rules import require_unblocked
from podium.xapi.errors import XapiError

ASKED_AT_ONCE: Final = 8
"""Hosts that pools are asked about at once."""
ASKED: Final = 64
"""Hosts that pools are asked about at all: the nearest. Of the others, only what is known here is told."""

Kind = Literal["live", "storage", "cross-pool", "cold"]


class Destination(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a VM can go to a host, and how; if not, why not. `memory_free`: bytes."""

    host_id: str
    pool_id: str
    name_label: str = msgspec.field(name="name_label")
    possible: bool
    kind: Kind
    reasons: tuple[dict[str, Any], ...]
    memory_free: int | Maybe = UNSET


class Destinations(msgspec.Struct, frozen=True):
    """Every host that was looked at: those of the VM's own pool first."""

    hosts: tuple[Destination, ...]


class VmDestinations:
    """Says where VMs can go."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def of(self, vm: VM, wanted: Wishes, *, host_id: str | None, by: Viewer) -> Destinations:
        """For each host of a connected pool that the viewer may use, or for one host."""
        hosts = [
            entry.object
            for entry in self._gateway.objects.ordered("host")
            if isinstance(entry.object, Host)
            and by.sees(entry)
            and by.may("migrate-receive", "host", entry.object)
            and (host_id == entry.id or (host_id is None and self._gateway.connected(entry.object.pool)))
        ]
        if host_id is not None and not hosts:
            raise NotFound("host", host_id)
        hosts.sort(key=lambda host: (host.pool != vm.pool, host.name_label, host.id))
        return await _Inquiry(self._gateway, vm, wanted, by).judge(hosts)


class _Inquiry:
    """One question about one VM. What holds for all hosts alike is asked once."""

    def __init__(self, gateway: Gateway, vm: VM, wanted: Wishes, by: Viewer) -> None:
        self._gateway = gateway
        self._vm = vm
        self._wanted = wanted
        self._moves = Moves(gateway, by)
        self._turns = asyncio.Semaphore(ASKED_AT_ONCE)
        self._left = ASKED
        self._operations: dict[str, asyncio.Task[object]] = {}

    async def judge(self, hosts: list[Host]) -> Destinations:
        try:
            async with asyncio.TaskGroup() as group:
                found = [group.create_task(self._judge(host)) for host in hosts]
        finally:
            for asked in self._operations.values():
                asked.cancel()
            await asyncio.gather(*self._operations.values(), return_exceptions=True)
        return Destinations(tuple(task.result() for task in found))

    async def _judge(self, host: Host) -> Destination:
        kind: Kind = "cold" if self._vm.power_state == "Halted" else "live"
        if host.pool != self._vm.pool:
            kind = "cross-pool"
        reasons: list[PodiumError] = []
        try:
            plan = self._moves.plan(self._vm, host.id, self._wanted)
        except PodiumError as error:
            reasons = [error, *self._known(host, None)]
        else:
            if plan.moves_storage and kind != "cross-pool":
                kind = "storage"
            reasons = list(self._known(host, plan))
            if not reasons:
                reasons = await self._asked(plan)
        return Destination(
            host_id=host.id,
            pool_id=host.pool,
            name_label=host.name_label,
            possible=not reasons,
            kind=kind,
            reasons=tuple(reason.described() for reason in reasons),
            memory_free=max(0, host.memory.size - host.memory.usage),
        )

    async def _asked(self, plan: Plan) -> list[PodiumError]:
        """What the pools say: first of the VM, then of this host."""
        if self._left <= 0:
            return [IncorrectState(f"no more than {ASKED} hosts are asked at once: name this one to have it asked")]
        self._left -= 1
        async with self._turns:
            try:
                await self._operation("migrate_send" if plan.moves_storage else "pool_migrate")
                if plan.moves_storage:
                    async with receiving(self._gateway, self._vm, plan) as token:
                        await self._gateway.call(
                            self._vm, "VM.assert_can_migrate", *arguments_of(self._vm, plan, token, {})
                        )
                else:
                    refs = (self._vm.xapi_ref, plan.host.xapi_ref)
                    await self._gateway.call(self._vm, "VM.assert_can_boot_here", *refs)
            except PodiumError as error:
                return [error]
        return []

    async def _operation(self, operation: str) -> None:
        """Whether its pool would do that to the VM at all: tools, PCI devices, nested virtualisation, other work."""
        asked = self._operations.get(operation)
        if asked is None:
            call = self._gateway.call(self._vm, "VM.assert_operation_valid", self._vm.xapi_ref, operation)
            asked = self._operations[operation] = asyncio.ensure_future(call)
        await asyncio.shield(asked)

    def _known(self, host: Host, plan: Plan | None) -> Iterator[PodiumError]:
        """What can be said without asking anybody, each in the pool's own words."""
        vm = self._vm
        if host.power_state != "Running":
            yield self._said(host, "HOST_NOT_LIVE")
        elif not host.enabled:
            yield self._said(host, "HOST_DISABLED", host.xapi_ref)
        if vm.virtualization_mode != "pv" and not host.hvm_capable:
            yield self._said(vm, "VM_INCOMPATIBLE_WITH_THIS_HOST", vm.xapi_ref, host.name_label, "it cannot run HVM")
        if vm.power_state != "Halted" and vm.container != host.id:
            yield from self._known_of_running(host)
        if plan is None:
            return
        try:
            require_unblocked(self._gateway, vm, "migrate_send" if plan.moves_storage else "pool_migrate")
            if not plan.moves_storage:
                if vm.power_state != "Halted" and vm.container == host.id:
                    raise IncorrectState(f"{vm.name_label} is there already")
                require_running(self._gateway, vm)
        except PodiumError as error:
            yield error
        if vm.attached_pcis:
            yield self._said(vm, "VM_HAS_PCI_ATTACHED", vm.xapi_ref)
        if host.pool == vm.pool:
            yield from self._networks(host, plan)

    def _known_of_running(self, host: Host) -> Iterator[PodiumError]:
        vm = self._vm
        free, least = host.memory.size - host.memory.usage, vm.memory.dynamic[0]
        if vm.power_state != "Suspended" and least > free:
            yield self._said(host, "HOST_NOT_ENOUGH_FREE_MEMORY", str(least), str(max(0, free)))
        here = self._gateway.objects.of_type("host").get(vm.container)
        if here is not None and isinstance(here.object, Host):
            makers = here.object.cpu_info.get("vendor"), host.cpu_info.get("vendor")
            if None not in makers and makers[0] != makers[1]:
                why = f"it runs on a CPU of {makers[0]}, and this one is of {makers[1]}"
                yield self._said(vm, "VM_INCOMPATIBLE_WITH_THIS_HOST", vm.xapi_ref, host.name_label, why)

    def _networks(self, host: Host, plan: Plan) -> Iterator[PodiumError]:
        """Networks of the VM that have interfaces on hosts, and none on this one."""
        network_ids = {
            plan.interfaces[vif.xapi_ref].id if vif.xapi_ref in plan.interfaces else vif.network for vif in self._vifs()
        }
        for network_id in sorted(str(one) for one in network_ids):
            entry = self._gateway.objects.of_type("network").get(network_id)
            if entry is None or not isinstance(entry.object, Network) or not entry.object.pifs:
                continue
            pifs = (self._gateway.objects.of_type("PIF").get(one or "") for one in entry.object.pifs)
            at = {pif.object.host for pif in pifs if pif is not None and isinstance(pif.object, PIF)}
            if host.id not in at:
                yield self._said(host, "HOST_CANNOT_ATTACH_NETWORK", host.xapi_ref, entry.object.xapi_ref)

    def _vifs(self) -> Iterator[VIF]:
        for vif_id in self._vm.vifs:
            entry = self._gateway.objects.of_type("VIF").get(vif_id or "")
            if entry is not None and isinstance(entry.object, VIF):
                yield entry.object

    def _said(self, about: Host | VM, code: str, *params: str) -> PodiumError:
        return self._gateway.refused(XapiError(code, params), about)
