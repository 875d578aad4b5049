"""One request to a handler: what it asks for, the task it reports into, and the replies it may get."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from xensim.failures import XapiFailure, internal_error
from xensim.handlers.asked import Asked, Refused
from xensim.http import Request, Response
from xensim.http import internal_error as error_page
from xensim.ops import placement
from xensim.ops.values import text
from xensim.pool import Pool
from xensim.registry import Call
from xensim.schema import Type
from xensim.stream import Stream

__all__ = ["Progress", "Refused", "Visit", "bare"]

PROGRESS_STEP = 0.01


class Visit(Asked):
    """The circumstances of one request that has the connection for itself."""

    def __init__(self, pool: Pool, host: str, request: Request, stream: Stream) -> None:
        super().__init__(pool, host, request)
        self.stream = stream
        self.head_sent = False
        self.result: tuple[object, Type | None] = ("", None)  # of the task, and its type

    # what it asks for

    def object(self, cls: str) -> str:
        """The object named by `ref` or `uuid`. Raises HANDLE_INVALID or UUID_INVALID."""
        if "ref" in self.query:
            self.db.record(cls, self.query["ref"])
            return self.query["ref"]
        return self.db.by_uuid(cls, self.query.get("uuid", ""))

    def either(self, cls: str, name: str) -> str:
        """The object that parameter `name` gives by ref or uuid. Raises Refused."""
        value = self.query.get(name, "")
        if self.db.exists(cls, value):
            return value
        try:
            return self.db.by_uuid(cls, value)
        except XapiFailure as failure:
            raise Refused(error_page(f'Db_exn.Read_missing_uuid("{cls}", "", "{value}")')) from failure

    def redirect_unless_near(self, sr: str) -> None:
        """Send the client to a host that sees the SR, when this one does not. Raises Refused or SR_HAS_NO_PBDS."""
        if placement.sees_sr(self.pool, self.host, sr):
            return
        near = next((host for host in self.db.refs("host") if placement.sees_sr(self.pool, host, sr)), None)
        if near is None:
            raise XapiFailure("SR_HAS_NO_PBDS", sr)
        raise self.elsewhere(near)

    def elsewhere(self, host: str) -> Refused:
        """The same request is for another host: what to raise."""
        scheme, standard = ("https", 443) if self.stream.secure else ("http", 80)
        port = self.stream.socket_name[1]
        place = text(self.db.field("host", host, "address")) + ("" if port == standard else f":{port}")
        location = f"Location: {scheme}://{place}{self.request.target}"
        return Refused(bare("HTTP/1.1 302 Found", "Connection: close", location))

    # the task

    @asynccontextmanager
    async def working(self, label: str) -> AsyncIterator[Call]:
        """Work under the task that was given, or one of our own, which ends with the body; cancelling it ends both."""
        tasks = self.pool.tasks
        task = self.query.get("task_id", "")
        if not task:
            task = tasks.create(label, self.session, cancellable=True)
        elif not self.db.exists("task", task):
            raise Refused(error_page(f'Db_exn.DBCache_NotFound("missing row", "task", "{task}")'))
        else:
            tasks.adopt(task)
        watcher = asyncio.create_task(self._obey(task))
        try:
            yield Call(self.pool, self.session, task, label)
        except XapiFailure as failure:
            tasks.fail(task, failure)
            raise
        except Refused as refused:
            tasks.fail(task, refused.failure)
            raise
        except (Exception, asyncio.CancelledError) as error:
            tasks.fail(task, internal_error(_unix(error)))
            raise
        else:
            tasks.succeed(task, *self.result)
        finally:
            watcher.cancel()

    async def _obey(self, task: str) -> None:
        await self.pool.tasks.cancelled(task)
        self.stream.fail(XapiFailure("TASK_CANCELLED", task))

    # replies

    async def head(self, status: str, *lines: str) -> None:
        """The head of a reply whose body follows; `status` is the whole first line."""
        self.head_sent = True
        self.stream.write(bare(status, *lines))
        await self.stream.drain()

    async def reply(self, response: Response | bytes) -> None:
        """A whole reply; when a head was sent before, it goes into the body, as XAPI does it."""
        if isinstance(response, bytes):
            self.stream.write(response)
        else:
            request = None if self.head_sent else self.request
            self.stream.write(response.head(request, keep_alive=False))
            self.stream.write(b"".join(response.body))
        await self.stream.drain()


class Progress:
    """Tells a task how far a transfer of `total` bytes has come, in steps that clients can see."""

    def __init__(self, call: Call, total: int) -> None:
        self._call = call
        self._total = max(1, total)
        self._done = 0
        self._told = 0.0

    def add(self, size: int) -> None:
        """So many bytes more."""
        self.reach(self._done + size)

    def reach(self, done: int) -> None:
        """So many bytes in all."""
        self._done = done
        fraction = min(0.99, self._done / self._total)
        if fraction >= self._told + PROGRESS_STEP:
            self._told = fraction
            self._call.pool.tasks.progress(self._call.task, round(fraction, 2))


def bare(status: str, *lines: str) -> bytes:
    """A head as handlers write it themselves; a `Cache-Control` follows the connection's line."""
    connection, *others = lines or ("Connection: close",)
    return "\r\n".join((status, connection, "Cache-Control: no-cache, no-store", *others, "", "")).encode()


def _unix(error: BaseException) -> str:
    """An exception as the server prints it into `error_info`."""
    if isinstance(error, ConnectionError):
        return 'Unix.Unix_error(Unix.EPIPE, "write", "")'
    return repr(error)
