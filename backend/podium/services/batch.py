"""Batch: one action on many objects, named by id or by a filter; first, if one likes, what would happen to which."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from podium.cache.entry import Entry
from podium.cache.filter import parse_filter
from podium.cache.turns import Turns
from podium.errors import (
    Aborted,
    BatchAborted,
    InvalidParameters,
    NotFound,
    PartlyFailed,
    PodiumError,
    PoolUnreachable,
)
from podium.model.base import PoolObject
from podium.model.registry import BY_COLLECTION
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.query import Query, select
from podium.services.tasks import Progress

MOST: Final = 2_000
"""Objects of one batch. Of more, the Task that shows each of them would be too large to be shown often."""
AT_ONCE: Final = 16
"""Objects of one pool that are acted upon at once: a XenServer has a thread for each, and others want theirs."""

ASK_S: Final = 10.0
"""How long pools are asked what they would refuse."""

Params = Mapping[str, Any]


class Operation(NamedTuple):
    """What is done to each object."""

    validate: Callable[[Params], None]
    """Raises InvalidParameters for parameters that make no sense, whatever the object."""
    check: Callable[[PoolObject, Params, Viewer], None]
    """Raises what would keep it from being done to that object, as far as the cache knows."""
    run: Callable[[PoolObject, Params, Viewer, Progress], Awaitable[object]]
    effect: Callable[[PoolObject, Params], str]
    """What will happen to it, in words."""
    asked: Callable[[PoolObject, Params, Viewer], str] | None = None
    """XAPI's name of the operation, where a pool can be asked whether it is allowed on the object, a VM."""
    of_pool: bool = True
    """Whether it needs the object's pool to be there and writable; where that depends on the object, `check` asks."""


class Candidate(msgspec.Struct, frozen=True):
    """An object that can be acted upon."""

    id: str
    name_label: str
    effect: str


class Impossible(msgspec.Struct, frozen=True):
    """An object that cannot be acted upon now, and why not."""

    id: str
    name_label: str
    reasons: tuple[dict[str, Any], ...]


class Preview(msgspec.Struct, frozen=True):
    """What a batch would do."""

    possible: tuple[Candidate, ...]
    impossible: tuple[Impossible, ...]


class Done(msgspec.Struct, frozen=True):
    """What a batch has done, when nothing failed."""

    succeeded: tuple[str, ...]
    failed: tuple[dict[str, Any], ...] = ()


class Batch:
    """`operations`: by collection and action."""

    def __init__(self, gateway: Gateway, operations: Mapping[tuple[str, str], Operation]) -> None:
        self._gateway = gateway
        self._operations = operations

    async def chosen(
        self, collection: str, *, ids: Sequence[str] | None, filter_text: str | None, by: Viewer
    ) -> list[str]:
        """The ids that are meant, each once. Raises InvalidParameters, FilterSyntax, NotFound when none is there."""
        if (ids is None) == (filter_text is None):
            raise InvalidParameters("name the objects either by `ids` or by a `filter`")
        if ids is not None:
            found = list(dict.fromkeys(ids))
            if not any(self._visible(collection, one, by) for one in found):
                raise NotFound(BY_COLLECTION[collection].type, found[0])
        else:
            entries = self._gateway.objects.ordered(BY_COLLECTION[collection].type)
            page = await select(entries, Query(filter=parse_filter(filter_text or "")), by)
            found = [entry.id for entry in page.entries]
        if len(found) > MOST:
            raise InvalidParameters(f"these are {len(found)} objects; at most {MOST} can be acted upon at once")
        return found

    def validate(self, collection: str, action: str, params: Params) -> None:
        """Raises InvalidParameters."""
        self._operations[collection, action].validate(params)

    async def preview(self, collection: str, action: str, ids: Sequence[str], params: Params, *, by: Viewer) -> Preview:
        """What would happen to which. Pools are asked, too; what one of them does not tell in time counts as possible.

        Raises InvalidParameters.
        """
        operation = self._operations[collection, action]
        operation.validate(params)
        kind = BY_COLLECTION[collection].type
        possible: dict[str, Candidate] = {}
        impossible: dict[str, Impossible] = {}
        questions: list[tuple[PoolObject, str]] = []

        def refuse(object_id: str, name: str, error: PodiumError) -> None:
            possible.pop(object_id, None)
            impossible[object_id] = Impossible(object_id, name, (error.described(),))

        with Turns() as turns:
            await turns.begin(len(ids))
            for object_id in ids:
                await turns.rest()
                entry = self._visible(collection, object_id, by)
                if entry is None:
                    refuse(object_id, object_id, NotFound(kind, object_id))
                    continue
                one = _pool_object(entry)
                try:
                    operation.check(one, params, by)
                    if operation.of_pool:
                        self._gateway.require_writable(one)
                except PodiumError as error:
                    refuse(one.id, _name(entry, one.id), error)
                else:
                    possible[one.id] = Candidate(one.id, _name(entry, one.id), operation.effect(one, params))
                    if operation.asked is not None:
                        questions.append((one, operation.asked(one, params, by)))
        for one, refused in await self._refused(questions):
            refuse(one.id, possible[one.id].name_label, refused)
        return Preview(tuple(possible.values()), tuple(impossible[one] for one in ids if one in impossible))

    async def run(
        self, collection: str, action: str, ids: Sequence[str], params: Params, *, by: Viewer, progress: Progress
    ) -> Done:
        """Act on all of them; what fails keeps nobody else from it.

        Raises PartlyFailed at the end, BatchAborted when somebody aborts it, InvalidParameters.
        """
        operation = self._operations[collection, action]
        operation.validate(params)
        kind = BY_COLLECTION[collection].type
        turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        succeeded: list[str] = []
        failed: dict[str, dict[str, Any]] = {}

        async def one(object_id: str) -> None:
            entry = self._visible(collection, object_id, by)
            pool = "" if entry is None or entry.pool is None else entry.pool
            async with turns[pool]:
                try:
                    await progress.nested(
                        f"{action.replace('_', ' ')} {_name(entry, object_id)}",
                        lambda inner: self._act(operation, collection, object_id, params, by, inner),
                        about=(kind, object_id),
                    )
                except PodiumError as error:
                    failed[object_id] = error.described()
                except asyncio.CancelledError:
                    failed[object_id] = Aborted("the task was aborted").described()
                    raise
                else:
                    succeeded.append(object_id)
            progress.at(100 * (len(succeeded) + len(failed)) // len(ids))

        def failures() -> list[dict[str, Any]]:
            return [{"id": object_id, "error": failed[object_id]} for object_id in ids if object_id in failed]

        try:
            async with asyncio.TaskGroup() as group:
                for object_id in ids:
                    group.create_task(one(object_id))
        except asyncio.CancelledError as error:
            if Aborted.code not in error.args:
                raise
            touched = {*succeeded, *failed}
            raise BatchAborted(
                f"aborted: {len(succeeded)} of {len(ids)} were done",
                succeeded=sorted(succeeded),
                failed=failures(),
                untouched=[object_id for object_id in ids if object_id not in touched],
            ) from error
        if failed:
            raise PartlyFailed(
                f"{len(failed)} of {len(ids)} could not be done", succeeded=sorted(succeeded), failed=failures()
            )
        return Done(tuple(sorted(succeeded)))

    async def _act(
        self, operation: Operation, collection: str, object_id: str, params: Params, by: Viewer, progress: Progress
    ) -> object:
        entry = self._visible(collection, object_id, by)
        if entry is None:
            raise NotFound(BY_COLLECTION[collection].type, object_id)
        return await operation.run(_pool_object(entry), params, by, progress)

    async def _refused(self, questions: Sequence[tuple[PoolObject, str]]) -> list[tuple[PoolObject, PodiumError]]:
        """What the pools refuse of it. One that is slow or away is not waited for: it says so when it comes to it."""
        turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        refused: list[tuple[PoolObject, PodiumError]] = []

        async def ask(one: PoolObject, operation: str) -> None:
            async with turns[one.pool]:
                try:
                    await self._gateway.ask(one, "VM.assert_operation_valid", one.xapi_ref, operation)
                except PoolUnreachable:
                    return
                except PodiumError as error:
                    refused.append((one, error))

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ASK_S), asyncio.TaskGroup() as group:
                for one, operation in questions:
                    group.create_task(ask(one, operation))
        return refused

    def _visible(self, collection: str, object_id: str, by: Viewer) -> Entry | None:
        entry = self._gateway.objects.of_type(BY_COLLECTION[collection].type).get(object_id)
        return entry if entry is not None and by.sees(entry) else None


def _pool_object(entry: Entry) -> PoolObject:
    one = entry.object
    assert isinstance(one, PoolObject)  # noqa: S101 -- collections that have batches are of pools
    return one


def _name(entry: Entry | None, object_id: str) -> str:
    return object_id if entry is None else getattr(entry.object, "name_label", "") or object_id
