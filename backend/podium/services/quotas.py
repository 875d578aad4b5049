"""Quotas: what the VMs of a resource set come to, and room taken for work under way, so that no two get the same.

What is used is read from the cache when it is asked for; what is about to be used is held from before the pool is told
until the cache shows it. Both happen without an `await` in between, so nobody comes in between either.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from msgspec import UNSET

from podium.cache.objects import Objects
from podium.errors import NotEnoughResources, NotFound
from podium.model.base import XoObject
from podium.model.resource_set import LimitName, ResourceSet, ResourceUsage
from podium.model.vbd import VBD
from podium.model.vdi import AnyVDI
from podium.model.vm import VM, AnyVM, VMSnapshot

NAMES: Final[tuple[LimitName, ...]] = ("cpus", "memory", "disk", "vms", "snapshots")
INDEX: Final = "resource_set"
"""The secondary index of VMs and templates by their set."""


class Amount(NamedTuple):
    """So much of each kind; bytes for memory and disk."""

    cpus: int = 0
    memory: int = 0
    disk: int = 0
    vms: int = 0
    snapshots: int = 0

    def plus(self, other: "Amount") -> "Amount":
        return Amount(*(mine + more for mine, more in zip(self, other, strict=True)))

    def beyond(self, other: "Amount") -> "Amount":
        """How much more this is, of each kind; never negative."""
        return Amount(*(max(0, mine - less) for mine, less in zip(self, other, strict=True)))


class Held:
    """Room that was taken in a set. With a VM: room for all of it, which it fills as the cache comes to show it."""

    def __init__(self, set_id: str, amount: Amount) -> None:
        self.set_id = set_id
        self.amount = amount
        self.vm_id: str | None = None

    def belongs_to(self, vm: AnyVM) -> None:
        """It was for this new VM: what the VM has by now is not counted twice."""
        self.vm_id = vm.id


def index_of(one: XoObject) -> str | None:
    """For `Objects`: the set of a VM, or of a template made of one."""
    return one.resource_set if isinstance(one, AnyVM) and isinstance(one.resource_set, str) else None


class Quotas:
    """Every set's."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._held: dict[str, list[Held]] = {}

    def set_of(self, vm: AnyVM) -> ResourceSet | None:
        """The set that a VM is in; None also where it was deleted since."""
        return None if vm.resource_set is UNSET else self._find(vm.resource_set)

    def find(self, set_id: str) -> ResourceSet:
        """Raises NotFound."""
        found = self._find(set_id)
        if found is None:
            raise NotFound("resource-set", set_id)
        return found

    def amount_of(self, vm: AnyVM) -> Amount:
        """What a VM comes to: with the CPUs and memory it has or will be started with, and all that its disks may hold.

        A template or snapshot has nothing but its disks: it does not run.
        """
        disk = sum({vdi.id: vdi.size for vdi in self._disks(vm)}.values())
        if not isinstance(vm, VM):
            return Amount(disk=disk)
        return Amount(vm.cpus.number, vm.memory.dynamic[1], disk, 1, len(vm.snapshots))

    def as_vm(self, vm: AnyVM) -> Amount:
        """What a template or snapshot would come to as a VM."""
        return Amount(vm.cpus.number, vm.memory.dynamic[1], self.amount_of(vm).disk, 1, 0)

    def used(self, set_id: str) -> Amount:
        """What the set's VMs and templates come to, as the cache shows them."""
        total = Amount()
        for kind in ("VM", "VM-template"):
            for entry in self._objects.related(kind, INDEX, set_id):
                if isinstance(entry.object, AnyVM):
                    total = total.plus(self.amount_of(entry.object))
        return total

    def usage(self, set_id: str) -> ResourceUsage:
        return ResourceUsage(*self.used(set_id))

    @contextmanager
    def hold(self, set_id: str | None, amount: Amount) -> Iterator[Held | None]:
        """Take room in a set (None: in none) until the block ends: by then the cache shows what it was for.

        Raises NotEnoughResources, NotFound.
        """
        if set_id is None:
            yield None
            return
        self._require(self.find(set_id), amount)
        held = Held(set_id, amount)
        self._held.setdefault(set_id, []).append(held)
        try:
            yield held
        finally:
            self._held[set_id].remove(held)
            if not self._held[set_id]:
                del self._held[set_id]

    @contextmanager
    def growing(self, vm: AnyVM | None, amount: Amount) -> Iterator[None]:
        """Room for so much more of a VM, where it is in a set. Raises NotEnoughResources."""
        found = None if vm is None else self.set_of(vm)
        with self.hold(None if found is None else found.id, amount):
            yield

    @contextmanager
    def growing_all(self, vms: Mapping[str, AnyVM], amount: Amount) -> Iterator[None]:
        """As `growing`, for what several VMs have in common."""
        with ExitStack() as stack:
            for vm in vms.values():
                stack.enter_context(self.growing(vm, amount))
            yield

    def require_within(self, vm: AnyVM) -> None:
        """Raises NotEnoughResources when the VM's set holds more than it may: then nothing of it is started."""
        found = self.set_of(vm)
        if found is not None:
            self._require(found, Amount(), every=True)

    def _require(self, found: ResourceSet, wanted: Amount, *, every: bool = False) -> None:
        used = self.used(found.id).plus(self._pending(found.id))
        for name in NAMES:
            limit = found.limits.get(name)
            more = getattr(wanted, name)
            if limit is None or (more <= 0 and not every):
                continue
            left = limit.total - getattr(used, name)
            if more > left:
                raise NotEnoughResources(found.id, found.name, name, wanted=more, available=left)

    def _pending(self, set_id: str) -> Amount:
        total = Amount()
        for held in self._held.get(set_id, ()):
            there = Amount()
            if held.vm_id is not None:
                entry = self._objects.of_type("VM").get(held.vm_id)
                if entry is not None and isinstance(entry.object, VM) and entry.object.resource_set == set_id:
                    there = self.amount_of(entry.object)
            total = total.plus(held.amount.beyond(there))
        return total

    def _find(self, set_id: str) -> ResourceSet | None:
        entry = self._objects.of_type("resource-set").get(set_id)
        return entry.object if entry is not None and isinstance(entry.object, ResourceSet) else None

    def _disks(self, vm: AnyVM) -> Iterator[AnyVDI]:
        kind = "VDI-snapshot" if isinstance(vm, VMSnapshot) else "VDI"
        vbds, vdis = self._objects.of_type("VBD"), self._objects.of_type(kind)
        for vbd_id in vm.vbds:
            vbd = vbds.get(vbd_id or "")
            if vbd is None or not isinstance(vbd.object, VBD) or vbd.object.is_cd_drive:
                continue
            vdi = vdis.get(str(vbd.object.vdi))
            if vdi is not None and isinstance(vdi.object, AnyVDI):
                yield vdi.object
