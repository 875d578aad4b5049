"""Resource sets: kept in the database, shown in the cache with what of them is used, lent to their subjects."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import msgspec
import structlog
from sqlalchemy import select

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.resource_set import ResourceSetRow
from podium.errors import Forbidden, InvalidParameters, NotFound
from podium.model.network import Network
from podium.model.resource_set import LimitName, ResourceLimit, ResourceSet
from podium.model.sr import SR
from podium.model.vm import VM, VMTemplate
from podium.services.access import Viewer
from podium.services.lent import LentRules
from podium.services.quotas import NAMES, Quotas
from podium.services.rights.set_members import members, sets_of
from podium.stream.follower import Sleeper
from podium.stream.hub import Hub

log = structlog.get_logger(__name__)

PAUSE_S: Final = 0.5
"""Usage is shown anew at most so often."""
COUNTED: Final = frozenset({"VM", "VM-template", "VM-snapshot", "VBD", "VDI"})
"""A change of these may change what a set's VMs come to."""
_LENT: Final = (VMTemplate, SR, Network)


class SetChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a set; None: leave it. `limits`: all of them, totals by name."""

    name: str | None = None
    subjects: tuple[str, ...] | None = None
    objects: tuple[str, ...] | None = None
    limits: Mapping[LimitName, int] | None = None


class ResourceSets:
    """Every write is committed, then shown, then felt by the rights of those whom it concerns (`on_change`)."""

    def __init__(self, database: Database, objects: Objects, quotas: Quotas) -> None:
        self._database = database
        self._objects = objects
        self._quotas = quotas
        self._changed: list[Callable[[Collection[str]], None]] = []

    async def load(self) -> None:
        """Show all sets. Once, at start."""
        async with self._database.read() as tx:
            rows = list(await tx.scalars(select(ResourceSetRow)))
        self._objects.apply(None, [self._shown(row) for row in rows])

    def on_change(self, hook: Callable[[Collection[str]], None]) -> None:
        """`hook` hears, in the step that shows a change of a set, of the users who are or were its members."""
        self._changed.append(hook)

    def all(self) -> list[ResourceSet]:
        return list(sets_of(self._objects))

    async def create(self, change: SetChange, *, by: Viewer) -> str:
        """The new set's id. Raises MissingPrivileges, InvalidParameters for subjects and objects that are not there."""
        by.require("create", "resource-set")
        self._require_known(change)
        row = ResourceSetRow(id=str(uuid4()), name=change.name or "", created=datetime.now(UTC))
        _apply(row, change)
        async with self._database.begin() as tx:
            tx.add(row)
        self._show(row)
        return row.id

    async def change(self, set_id: str, change: SetChange, *, by: Viewer) -> None:
        """Change a set. Lower limits than what is used take nothing away: they let nothing be added.

        Raises NotFound, MissingPrivileges, InvalidParameters.
        """
        found = self._quotas.find(set_id)
        named = [one.name for one in msgspec.structs.fields(SetChange) if getattr(change, one.name) is not None]
        for action in [f"update:{name}" for name in named] or ["update"]:
            by.require(action, "resource-set", found)
        self._require_known(change, found)
        await self._write(set_id, lambda row: _apply(row, change))

    async def delete(self, set_id: str, *, by: Viewer) -> None:
        """Forget a set. Its VMs stay, and are in none. Raises NotFound, MissingPrivileges."""
        by.require("delete", "resource-set", self._quotas.find(set_id))
        async with self._database.begin() as tx:
            row = await tx.get(ResourceSetRow, set_id)
            if row is not None:
                await tx.delete(row)
        gone = self._members(set_id)
        self._objects.discard("resource-set", set_id)
        self._tell(gone)

    async def share(self, vm: VM, shared: bool) -> None:
        """Make a VM everybody's in its set, or its creator's again. Raises InvalidParameters when it is in none."""
        found = self._quotas.set_of(vm)
        if found is None:
            raise InvalidParameters(f"share: {vm.name_label} is in no resource set")

        def change(row: ResourceSetRow) -> None:
            others = [one for one in row.shared if one != vm.id]
            row.shared = [*others, vm.id] if shared else others

        await self._write(found.id, change)

    def lent(self, by: Viewer, set_id: str) -> Viewer:
        """`by`, with what the set lends to whoever makes a VM in it. Raises NotFound also when he is none of them."""
        found = self._quotas.find(set_id)
        if by.is_admin:
            return by
        if not self.has(found, by.user_id):
            raise NotFound("resource-set", set_id)
        return Viewer(by.user_id, LentRules(by, found, self._objects), is_admin=False)

    def require_objects(self, set_id: str, used: Iterable[str], *, by: Viewer) -> None:
        """Raises Forbidden for what is not the set's. Administrators are asked nothing."""
        found = self._quotas.find(set_id)
        others = [] if by.is_admin else sorted({one for one in used if one not in found.objects})
        if others:
            raise Forbidden(f"not in the resource set {found.name}: {', '.join(others)}")

    def has(self, found: ResourceSet, user_id: str) -> bool:
        """Whether a user is one of its subjects, himself or by a group."""
        return user_id in members(self._objects, found)

    async def run(self, hub: Hub) -> None:
        """Keep what is shown of usage up to date, for ever."""
        sleeper = Sleeper()
        hub.join(sleeper)
        since = hub.revision
        try:
            while not hub.closing:
                await sleeper.sleep()
                net = hub.net(since)
                since = hub.revision
                if net is None or any(_counts(change.before or change.after) for change in net.values()):
                    self._refresh()
                await asyncio.sleep(PAUSE_S)
        finally:
            hub.leave(sleeper)

    def _refresh(self) -> None:
        began = time.perf_counter()
        self._objects.apply(None, [self._counted(one) for one in self.all()])
        if (spent := time.perf_counter() - began) > 0.05:
            log.warning("counting what resource sets use takes long", seconds=round(spent, 3))

    async def _write(self, set_id: str, change: Callable[[ResourceSetRow], None]) -> None:
        async with self._database.begin() as tx:
            row = await tx.get(ResourceSetRow, set_id)
            if row is None:
                raise NotFound("resource-set", set_id)
            change(row)
        self._show(row)

    def _show(self, row: ResourceSetRow) -> None:
        before = self._members(row.id)
        self._objects.put(self._shown(row))
        self._tell(before | self._members(row.id))

    def _tell(self, concerned: set[str]) -> None:
        for hook in self._changed:
            hook(concerned)

    def _members(self, set_id: str) -> set[str]:
        entry = self._objects.of_type("resource-set").get(set_id)
        return members(self._objects, entry.object) if entry and isinstance(entry.object, ResourceSet) else set()

    def _shown(self, row: ResourceSetRow) -> ResourceSet:
        limits: dict[LimitName, ResourceLimit] = {
            name: ResourceLimit(total=row.limits[name], usage=0, available=0) for name in NAMES if name in row.limits
        }
        return self._counted(
            ResourceSet(
                id=row.id,
                name=row.name,
                subjects=tuple(row.subjects),
                objects=tuple(row.objects),
                shared=tuple(row.shared) or msgspec.UNSET,
                limits=limits,
                usage=self._quotas.usage(row.id),
            )
        )

    def _counted(self, one: ResourceSet) -> ResourceSet:
        usage = self._quotas.usage(one.id)
        limits: dict[LimitName, ResourceLimit] = {
            name: ResourceLimit(limit.total, getattr(usage, name), limit.total - getattr(usage, name))
            for name, limit in one.limits.items()
        }
        return msgspec.structs.replace(one, usage=usage, limits=limits)

    def _require_known(self, change: SetChange, before: ResourceSet | None = None) -> None:
        """What was there before may stay although it is gone: a pool may be away."""
        kept: set[str] = set() if before is None else {*before.subjects, *before.objects}
        for one in {*(change.subjects or ())} - kept:
            entry = self._objects.get(one)
            if entry is None or entry.resource.type not in {"user", "group"}:
                raise InvalidParameters(f"subjects: there is no user or group {one}")
        for one in {*(change.objects or ())} - kept:
            entry = self._objects.get(one)
            if entry is None or not isinstance(entry.object, _LENT):
                raise InvalidParameters(f"objects: there is no template, SR or network {one}")


def _apply(row: ResourceSetRow, change: SetChange) -> None:
    if change.name is not None:
        row.name = change.name
    if change.subjects is not None:
        row.subjects = list(dict.fromkeys(change.subjects))
    if change.objects is not None:
        row.objects = list(dict.fromkeys(change.objects))
    if change.limits is not None:
        row.limits = {str(name): total for name, total in change.limits.items()}


def _counts(entry: Any) -> bool:
    return entry is not None and entry.resource.type in COUNTED
