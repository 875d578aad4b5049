"""Commands: what is asked of a connected pool beside its events; long work is followed to its end, or stopped."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from xml.sax.saxutils import unescape

import structlog

from podium.cache.mirror import Mirror
from podium.errors import Aborted, PoolError, PoolUnreachable, ReadOnly
from podium.watch.manager import Watchers
from podium.xapi.channel import Channel, Query
from podium.xapi.errors import HANDLE_INVALID, SESSION_OVER, XapiError, XapiTransportError
from podium.xapi.records import TaskRecord

log = structlog.get_logger(__name__)

CALL_S: Final = 60.0
"""The time limit of a call, and of the start of a longer one. XAPI itself waits for no lock that long in these."""
LOOK_S: Final = 20.0
"""A task that tells nothing is asked so often: its event may have been lost with a connection."""
LOST_S: Final = 60.0
"""How long a pool may be away while it works for us, before we say that we do not know how it went."""
CANCEL_S: Final = 30.0
"""How long a pool may take to stop a task that it was asked to stop."""
DISMISS_S: Final = 5.0
SEEN_S: Final = 10.0
ENDING_S: Final = 15.0
"""A host that restarts its agent ends our session within some seconds, or not at all."""
BACK_S: Final = 300.0
JOIN_S: Final = 600.0

_ENDED: Final = frozenset({"success", "failure", "cancelled"})


class Commands:
    """Speaks to the pools that `watchers` are connected to, in their sessions."""

    def __init__(self, watchers: Watchers) -> None:
        self._watchers = watchers

    async def call(self, pool_id: str, method: str, *params: object, timeout_s: float = CALL_S) -> object:
        """One call within the session of a connected pool; waiting for its turn counts, too.

        Raises PoolUnreachable, CertificateUntrusted, and XapiError where the pool says no.
        """
        watcher = self._watchers.connected(pool_id)
        try:
            async with asyncio.timeout(timeout_s), watcher.calls:
                if watcher.session is None:
                    raise PoolUnreachable("the connection to the pool was lost meanwhile")
                return await watcher.session.call(method, *params, timeout_s=timeout_s)
        except TimeoutError as error:
            raise PoolUnreachable(f"the pool did not answer within {timeout_s:g} s") from error
        except XapiTransportError as error:
            raise PoolUnreachable(str(error)) from error
        except XapiError as error:
            if error.code in SESSION_OVER:
                raise PoolUnreachable("the session at the pool has ended; a new one begins") from error
            raise

    def require_writable(self, pool_id: str) -> None:
        """Raises PoolUnreachable when the pool is not connected, ReadOnly when its server is."""
        watcher = self._watchers.connected(pool_id)
        if watcher.config.read_only:
            raise ReadOnly("this server was added as read only: nothing in its pool can be changed from here")

    async def run(
        self,
        pool_id: str,
        method: str,
        *params: object,
        progress: Callable[[float], None] = lambda _: None,
        too_late: Callable[[str], None] = lambda _: None,
    ) -> str:
        """A call that may take long, as a task of the pool: its result, the text of it ("" where there is none).

        `progress` hears 0 to 1. When the caller is cancelled the pool is asked to stop, and waited for; `too_late` is
        called with the result when the work was done all the same. The pool's task is destroyed in any case. Raises as
        `call`, and PoolError when the pool forgot the task (it was restarted): then nobody knows how it went.
        """
        starting = asyncio.ensure_future(self.call(pool_id, f"Async.{method}", *params))
        try:
            ref = str(await asyncio.shield(starting))
        except asyncio.CancelledError:
            with contextlib.suppress(PoolError, XapiError):
                await self._undo_start(pool_id, str(await starting), method, too_late)
            raise
        return await self.follow(pool_id, ref, method, progress=progress, too_late=too_late)

    async def follow(
        self,
        pool_id: str,
        ref: str,
        what: str,
        *,
        progress: Callable[[float], None] = lambda _: None,
        too_late: Callable[[str], None] = lambda _: None,
        within_s: float = math.inf,
    ) -> str:
        """Wait for a task of the pool, as `run` does, and destroy it. Raises TimeoutError when it does not end."""
        try:
            record = await self._ended(pool_id, ref, what, progress, within_s=within_s)
        except asyncio.CancelledError:
            if (result := await self._stop(pool_id, ref, what)) is not None:
                too_late(result)
            raise
        finally:
            await self._destroy(pool_id, ref)
        if record.status == "success":
            return _text(record.result)
        if record.status == "cancelled":
            raise Aborted(f"{what} was cancelled at the pool")
        code, *details = record.error_info or ("INTERNAL_ERROR",)
        raise XapiError(code, tuple(details))

    async def _undo_start(self, pool_id: str, ref: str, what: str, too_late: Callable[[str], None]) -> None:
        """The caller was cancelled while the pool began: its task must not run on without anybody who knows of it."""
        try:
            if (result := await self._stop(pool_id, ref, what)) is not None:
                too_late(result)
        finally:
            await self._destroy(pool_id, ref)

    async def dismiss(self, pool_id: str, ref: str) -> None:
        """Stop a task that a handler reports into and that nobody waits for any more, and destroy it.

        A handler that never began does not end it either: it is not waited for long.
        """
        try:
            await self._stop(pool_id, ref, "a task", within_s=DISMISS_S)
        finally:
            await self._destroy(pool_id, ref)

    async def end_session(self, pool_id: str, session: str) -> None:
        """End a session beside our own, e.g. the one that a migration was allowed in; else it ends by itself, late."""
        try:
            watcher = self._watchers.connected(pool_id)
            async with asyncio.timeout(DISMISS_S), watcher.calls:
                if watcher.session is not None:
                    await watcher.session.client.call("session.logout", session, timeout_s=DISMISS_S)
        except (TimeoutError, PoolUnreachable, XapiError, XapiTransportError) as error:
            log.debug("a session was not ended", pool=pool_id, reason=str(error))

    async def caught_up(self, pool_id: str) -> bool:
        """Wait until the cache has seen whatever has happened in the pool by now: one reads what one wrote.

        False when that could not be made sure of (the pool was lost, or is too slow); the events come all the same.
        """
        try:
            watcher = self._watchers.connected(pool_id)
            async with asyncio.timeout(SEEN_S):
                await watcher.caught_up()
        except (TimeoutError, PoolUnreachable, XapiError, XapiTransportError) as error:
            log.info("an answer goes out before the cache has seen its effect", pool=pool_id, reason=str(error))
            return False
        return True

    async def open(
        self,
        pool_id: str,
        method: str,
        path: str,
        query: Query,
        *,
        host: str | None = None,
        length: int | None = None,
        version: str = "1.1",
    ) -> Channel:
        """Begin an exchange with a handler of the pool, within its session; the head of the request is sent.

        `host`: the address of the member that has to answer, the coordinator otherwise. Only its own members are ever
        spoken to, whatever a pool says. Raises PoolUnreachable, CertificateUntrusted.
        """
        watcher = self._watchers.connected(pool_id)
        session = watcher.session
        if session is None:
            raise PoolUnreachable("the connection to the pool was lost meanwhile")
        address = session.client.address if host is None else watcher.door(host)
        channel = await Channel.open(address, watcher.trust, proxy=watcher.config.proxy)
        try:
            await channel.ask(method, path, query, cookie=f"session_id={session.ref}", length=length, version=version)
        except XapiTransportError as error:
            channel.close()
            raise PoolUnreachable(str(error)) from error
        except BaseException:
            channel.close()
            raise
        return channel

    async def outlive(self, pool_id: str, method: str, *params: object) -> None:
        """A call that may end our own session: a toolstack restarts, another host becomes coordinator.

        Returns when the pool is connected again, or, if the session outlives it, soon after. Raises as `call`, and
        PoolUnreachable when the pool does not come back.
        """
        session = self._watchers.connected(pool_id).session
        with contextlib.suppress(PoolUnreachable):
            await self.call(pool_id, method, *params)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_S):
                while self._session(pool_id) is session:
                    await self._watchers.heard_something()
        try:
            async with asyncio.timeout(BACK_S):
                while self._session(pool_id) is None:
                    await self._watchers.heard_something()
        except TimeoutError as error:
            raise PoolUnreachable(f"the pool has not come back after {method}") from error

    async def join(self, pool_id: str, joining_pool: str, address: str, *, force: bool) -> None:
        """Have the pool of one host `joining_pool` join another one, whose coordinator has that address for it.

        The password that this takes is the one we have; it goes from here to the joining host and nowhere else.
        """
        config = self._watchers.connected(pool_id).config
        method = "pool.join_force" if force else "pool.join"
        await self.call(joining_pool, method, address, config.username, config.password, timeout_s=JOIN_S)

    def _session(self, pool_id: str) -> object:
        try:
            return self._watchers.connected(pool_id).session
        except PoolUnreachable:
            return None

    def mirror(self, pool_id: str) -> Mirror | None:
        """The pool's records, while it is connected."""
        try:
            return self._watchers.connected(pool_id).mirror
        except PoolUnreachable:
            return None

    async def _ended(
        self, pool_id: str, ref: str, what: str, progress: Callable[[float], None], *, within_s: float = math.inf
    ) -> TaskRecord:
        """The task once it has ended."""
        began = time.monotonic()
        said = -1.0
        lost_since: float | None = None
        with self._heeding(pool_id, ref) as changed:
            record = self._known(pool_id, ref)
            while True:
                if record is None:
                    try:
                        record = await self._ask(pool_id, ref)
                        lost_since = None
                    except PoolUnreachable as error:
                        lost_since = lost_since or time.monotonic()
                        if time.monotonic() - lost_since > LOST_S:
                            raise PoolUnreachable(
                                f"the pool was lost during {what}: nobody knows how it went"
                            ) from error
                        await asyncio.sleep(1.0)
                        continue
                    except XapiError as error:
                        if error.code != HANDLE_INVALID:
                            raise
                        raise PoolError(f"the pool has forgotten {what}: nobody knows how it went") from error
                if record.status in _ENDED:
                    return record
                if record.progress != said:
                    said = record.progress
                    progress(said)
                left_s = began + within_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(LOOK_S, left_s)):
                        await changed.wait()
                # an event says that it changed, and silence nothing: then the pool is asked
                record = self._known(pool_id, ref) if changed.is_set() else None

    def _known(self, pool_id: str, ref: str) -> TaskRecord | None:
        mirror = self.mirror(pool_id)
        return None if mirror is None else mirror.record(TaskRecord, ref)

    async def _ask(self, pool_id: str, ref: str) -> TaskRecord:
        answer = await self.call(pool_id, "task.get_record", ref)
        if not isinstance(answer, dict):
            raise PoolError("the pool does not describe its task")
        info = answer.get("error_info")
        return TaskRecord(
            status=str(answer.get("status", "")),
            progress=float(answer.get("progress") or 0.0),
            result=str(answer.get("result", "")),
            error_info=tuple(map(str, info)) if isinstance(info, list) else (),
        )

    @contextmanager
    def _heeding(self, pool_id: str, ref: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the pool tells something of that task."""
        awaited = self._watchers.awaited(pool_id)
        changed = awaited[ref] = asyncio.Event()
        try:
            yield changed
        finally:
            del awaited[ref]

    async def _stop(self, pool_id: str, ref: str, what: str, *, within_s: float = CANCEL_S) -> str | None:
        """Ask the pool to stop, and wait for it. The result, when the work had been done by then."""
        try:
            async with asyncio.timeout(within_s):
                with contextlib.suppress(XapiError):  # one that has just ended cannot be stopped, but has a result
                    await self.call(pool_id, "task.cancel", ref)
                record = await self._ended(pool_id, ref, what, lambda _: None)
                return _text(record.result) if record.status == "success" else None
        except (TimeoutError, PoolError, XapiError) as error:
            log.warning("a task of the pool could not be stopped", pool=pool_id, what=what, reason=str(error))
            return None

    async def _destroy(self, pool_id: str, ref: str) -> None:
        try:
            await self.call(pool_id, "task.destroy", ref)
        except (PoolError, XapiError) as error:
            log.debug("a task of the pool was not destroyed", pool=pool_id, reason=str(error))


def _text(result: str) -> str:
    """The text of a task's result: `<value>OpaqueRef:...</value>` (PROTOCOL.md 4.4)."""
    inner = result.strip().removeprefix("<value>").removesuffix("</value>").strip()
    return unescape(inner.removeprefix("<string>").removesuffix("</string>"), {"&quot;": '"'})
