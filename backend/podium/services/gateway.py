"""Gateway: from ids to refs, from our services to the pools, and from XAPI's failures to ours."""

import math
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from podium.cache.objects import Objects
from podium.errors import NotFound, PodiumError, PoolError, PoolUnreachable
from podium.model.base import PoolObject, XoObject
from podium.services.access import Viewer
from podium.services.busy import Busy
from podium.services.quotas import Quotas
from podium.services.refusals import refusal_of
from podium.services.tasks import Progress
from podium.services.undo import Steps
from podium.watch.commands import CALL_S
from podium.xapi.channel import Channel, Query
from podium.xapi.errors import XapiError

P = TypeVar("P", bound=XoObject)


class Names(Protocol):
    """What is needed of a pool's mirror."""

    def name_of(self, ref: str) -> str | None: ...
    def shown_as(self, ref: str) -> str | None: ...


class Pools(Protocol):
    """What is needed of `watch.commands`."""

    async def call(self, pool_id: str, method: str, *params: object, timeout_s: float = ...) -> object: ...
    async def run(
        self,
        pool_id: str,
        method: str,
        *params: object,
        progress: Callable[[float], None] = ...,
        too_late: Callable[[str], None] = ...,
    ) -> str: ...
    async def follow(
        self,
        pool_id: str,
        ref: str,
        what: str,
        *,
        progress: Callable[[float], None] = ...,
        too_late: Callable[[str], None] = ...,
        within_s: float = ...,
    ) -> str: ...
    async def dismiss(self, pool_id: str, ref: str) -> None: ...
    async def end_session(self, pool_id: str, session: str) -> None: ...
    async def outlive(self, pool_id: str, method: str, *params: object) -> None: ...
    async def join(self, pool_id: str, joining_pool: str, address: str, *, force: bool) -> None: ...
    async def open(
        self,
        pool_id: str,
        method: str,
        path: str,
        query: Query,
        *,
        host: str | None = ...,
        length: int | None = ...,
        version: str = ...,
    ) -> Channel: ...
    async def caught_up(self, pool_id: str) -> bool: ...
    def require_writable(self, pool_id: str) -> None: ...
    def mirror(self, pool_id: str) -> Names | None: ...


class Gateway:
    """What every service that acts on a pool needs. Its calls raise PodiumErrors only.

    A write ends with `settle`: when it returns, the cache has seen the write's effect.
    """

    def __init__(self, objects: Objects, pools: Pools) -> None:
        self.objects = objects
        self.busy = Busy()
        self.quotas = Quotas(objects)
        self._pools = pools

    def find(self, struct: type[P], kind: str, object_id: str) -> P:
        """The object of that type (`VM`, `VM-snapshot`, `SR` ...). Raises NotFound."""
        entry = self.objects.of_type(kind).get(object_id)
        if entry is None or not isinstance(entry.object, struct):
            raise NotFound(kind, object_id)
        return entry.object

    def visible(self, struct: type[P], kind: str, object_id: str, viewer: Viewer) -> P:
        """As `find`; for what a request's body names: what the viewer may not see is not there for him."""
        entry = self.objects.of_type(kind).get(object_id)
        if entry is None or not isinstance(entry.object, struct) or not viewer.sees(entry):
            raise NotFound(kind, object_id)
        return entry.object

    async def call(self, about: PoolObject, method: str, *params: object, timeout_s: float = CALL_S) -> object:
        """A short call to the pool of `about`. Raises PodiumErrors: what the pool refused, in words."""
        self._pools.require_writable(about.pool)
        return await self.ask(about, method, *params, timeout_s=timeout_s)

    async def ask(self, about: PoolObject, method: str, *params: object, timeout_s: float = CALL_S) -> object:
        """As `call`, for what changes nothing: also of a pool whose server is read only."""
        try:
            return await self._pools.call(about.pool, method, *params, timeout_s=timeout_s)
        except XapiError as error:
            raise self.refused(error, about) from error

    async def run(
        self,
        about: PoolObject,
        method: str,
        *params: object,
        progress: Progress | None = None,
        too_late: Callable[[str], None] | None = None,
    ) -> str:
        """A call that may take long, as a task of the pool which `progress` follows: the text of its result.

        A cancelled caller has the pool stop it; where it was done by then, `too_late` hears the result (what was made
        has to be removed by somebody), or the Task says so.
        """
        self._pools.require_writable(about.pool)
        try:
            return await self._pools.run(about.pool, method, *params, **self._heard(progress, method, too_late))
        except XapiError as error:
            raise self.refused(error, about) from error

    async def make(
        self,
        steps: Steps,
        what: str,
        about: PoolObject,
        method: str,
        *params: object,
        undo: Callable[[str], Awaitable[object]],
        progress: Progress | None = None,
    ) -> str:
        """`run` something that makes an object, as a step: its ref. `undo` removes it, given the ref.

        Also when the caller was cancelled and the pool had made it by then: nothing is left that nobody knows of.
        """

        def made(ref: str) -> None:
            steps.done(what, lambda: undo(ref))

        ref = await self.run(about, method, *params, progress=progress, too_late=made)
        made(ref)
        return ref

    async def follow(
        self, about: PoolObject, ref: str, what: str, *, progress: Progress | None = None, within_s: float = math.inf
    ) -> str:
        """Wait for a task that the pool has begun, and destroy it: as the end of `run`.

        Raises PoolUnreachable when it does not end within that time.
        """
        try:
            return await self._pools.follow(about.pool, ref, what, within_s=within_s, **self._heard(progress, what))
        except TimeoutError as error:
            raise PoolUnreachable(f"the pool does not tell how the {what} went") from error
        except XapiError as error:
            raise self.refused(error, about) from error

    async def outlive(self, about: PoolObject, method: str, *params: object) -> None:
        """A call that may end our session at the pool; returns when the pool is connected again."""
        self._pools.require_writable(about.pool)
        try:
            await self._pools.outlive(about.pool, method, *params)
        except XapiError as error:
            raise self.refused(error, about) from error

    async def join(self, pool: PoolObject, joining: PoolObject, address: str, *, force: bool) -> None:
        """Have the host `joining`, a pool of its own, join a pool whose coordinator has that address."""
        self._pools.require_writable(pool.pool)
        self._pools.require_writable(joining.pool)
        try:
            await self._pools.join(pool.pool, joining.pool, address, force=force)
        except XapiError as error:
            raise self.refused(error, joining) from error

    def steps(self, about: PoolObject) -> Steps:
        """The steps of work on that object's pool: when they are taken back, the cache has seen it."""
        return Steps(lambda: self.settle(about))

    async def settle(self, about: PoolObject) -> None:
        """Wait until the cache has seen what the pool has done for us by now."""
        await self._pools.caught_up(about.pool)

    async def created(self, about: PoolObject, ref: str) -> str:
        """The id of what was just made in the pool of `about`, once the cache has it."""
        await self.settle(about)
        mirror = self._pools.mirror(about.pool)
        shown = None if mirror is None else mirror.shown_as(ref)
        if shown is None:
            raise PoolError("the pool made it, but does not show it")
        return shown

    async def dismiss(self, about: PoolObject, ref: str) -> None:
        """Have the pool stop a task that nobody waits for any more, and destroy it."""
        await self._pools.dismiss(about.pool, ref)

    async def end_session(self, about: PoolObject, session: str) -> None:
        """End a session that the pool has opened beside ours, if it can be told to."""
        await self._pools.end_session(about.pool, session)

    async def open(
        self,
        about: PoolObject,
        method: str,
        path: str,
        query: Query,
        *,
        host: str | None = None,
        length: int | None = None,
        version: str = "1.1",
    ) -> Channel:
        """Begin a stream with a handler of the pool. `host`: the address of the member that has to answer."""
        if method == "PUT":
            self._pools.require_writable(about.pool)
        return await self._pools.open(about.pool, method, path, query, host=host, length=length, version=version)

    def refused(self, error: XapiError, about: PoolObject | None, *, beside: PoolObject | None = None) -> PodiumError:
        """A failure of XAPI as ours, with names instead of refs. `beside`: of another pool that it may be about."""
        names = [self.names(one.pool) for one in (about, beside) if one is not None]
        return refusal_of(error, about, lambda ref: next((name for of in names if (name := of(ref))), None))

    def require_writable(self, about: PoolObject) -> None:
        """Raises PoolUnreachable when the object's pool is not connected, ReadOnly when its server is."""
        self._pools.require_writable(about.pool)

    def connected(self, pool_id: str) -> bool:
        """Whether the pool can be asked and told anything at the moment."""
        return self._pools.mirror(pool_id) is not None

    def names(self, pool_id: str) -> Callable[[str], str | None]:
        """What people call the object behind a ref of that pool."""
        mirror = self._pools.mirror(pool_id)
        return (lambda _: None) if mirror is None else mirror.name_of

    def _heard(
        self, progress: Progress | None, what: str, made: Callable[[str], None] | None = None
    ) -> dict[str, Callable[..., None]]:
        def too_late(result: str) -> None:
            if made is not None:
                made(result)
            elif progress is not None:
                progress.warning(f"{what} was done before the pool could stop it")

        if progress is None:
            return {"too_late": too_late}
        return {"progress": lambda done: progress.at(100 * done), "too_late": too_late}
