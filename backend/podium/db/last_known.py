"""Last-known state: written behind the stream, read back at start.

One writer follows the hub like any other client of it, so it can never hold the stream up: every two seconds it stores
the net change, in small transactions. A crash loses at most these, and the pool tells everything again anyway.
"""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
import structlog
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.last_object import LastObjectRow
from podium.model.base import Resource
from podium.stream.follower import Sleeper
from podium.stream.hub import Hub

log = structlog.get_logger(__name__)

T = TypeVar("T")

PAUSE_S: Final = 2.0
"""From a change to the write that stores it, and what else changed meanwhile."""
RETRY_S: Final = 10.0
"""After a write that failed."""
ROWS: Final = 500
"""Rows in one transaction: other writers never wait long for the lock."""
READ_ROWS: Final = 2_000

_COLUMNS: Final = ["pool", "id", "type", "body"]
_KEY: Final = ["pool", "id"]
_FORMAT_KEY: Final = {"pool": "", "id": "format"}


class LastKnown:
    """The stored copy of the cache."""

    def __init__(self, database: Database, *, resources: Mapping[str, Resource]) -> None:
        self._database = database
        self._resources = resources
        self._format = _format_of(resources.values())
        self._upsert, self._delete = _statements(database)
        self._revision = 0

    async def read(self) -> AsyncIterator[list[Entry]]:
        """Every stored object, in batches. Nothing when another version of Podium, with other fields, stored them."""
        async with self._database.read() as tx:
            known = await tx.scalar(
                select(LastObjectRow.body).where(LastObjectRow.pool == "", LastObjectRow.id == "format")
            )
            if known != self._format:
                return
            columns = (LastObjectRow.pool, LastObjectRow.id, LastObjectRow.type, LastObjectRow.body)
            rows = await tx.execute(select(*columns).where(LastObjectRow.pool != ""))
            for part in rows.partitions(READ_ROWS):
                batch = []
                for pool, object_id, kind, body in part:
                    resource = self._resources.get(kind)
                    if resource is not None:
                        batch.append(Entry(resource, object_id, sys.intern(pool), body, 0))
                yield batch

    async def write(self, hub: Hub, objects: Objects, *, since: int) -> None:
        """Follow the hub from revision `since`, for ever; when cancelled it ends with what there is left to store."""
        self._revision = since
        sleeper = Sleeper()
        sleeper.wake()  # there may have been changes before this follower joined
        hub.join(sleeper)
        try:
            await _whole(self._prepare())  # without it, what is stored in the end would not be read again
            while True:
                await sleeper.sleep()
                await asyncio.sleep(PAUSE_S)
                if not await _whole(self._flush(hub, objects)):
                    await asyncio.sleep(RETRY_S)
                    sleeper.wake()
        finally:
            hub.leave(sleeper)
            await self._flush(hub, objects)

    async def _prepare(self) -> None:
        """What another version stored goes."""
        async with self._database.begin() as tx:
            known = await tx.scalar(
                select(LastObjectRow.body).where(LastObjectRow.pool == "", LastObjectRow.id == "format")
            )
            if known != self._format:
                await tx.execute(delete(LastObjectRow))
                tx.add(LastObjectRow(**_FORMAT_KEY, type="format", body=self._format))

    async def _flush(self, hub: Hub, objects: Objects) -> bool:
        """Store what changed since the last time. False: it could not be, which is logged."""
        if hub.revision == self._revision:
            return True
        revision = hub.revision
        net = hub.net(self._revision)
        try:
            if net is None:
                await self._rewrite(objects)
            else:
                changed = [change.after for change in net.values() if change.after is not None]
                gone = [change.before for change in net.values() if change.after is None and change.before is not None]
                await self._store([entry for entry in changed if entry.pool is not None])
                await self._forget([(entry.pool, entry.id) for entry in gone if entry.pool is not None])
        except (DBAPIError, OSError) as error:
            log.warning("last-known state could not be stored", error=str(error))
            return False
        self._revision = revision
        return True

    async def _rewrite(self, objects: Objects) -> None:
        """The ring no longer reaches back: compare everything."""
        async with self._database.read() as tx:
            rows = await tx.execute(select(LastObjectRow.pool, LastObjectRow.id).where(LastObjectRow.pool != ""))
            stored = {(pool, object_id) for pool, object_id in rows}
        present: list[Entry] = objects.pooled()
        await self._store(present)
        await self._forget(list(stored - {(entry.pool or "", entry.id) for entry in present}))

    async def _store(self, entries: Iterable[Entry]) -> None:
        # in the order of the index, so that a transaction touches few of its pages: it takes a third of the time
        ordered = sorted(entries, key=lambda entry: (entry.pool or "", entry.id))
        await self._write(self._upsert, ((one.pool, one.id, one.resource.type, one.body) for one in ordered))

    async def _forget(self, keys: Iterable[tuple[str, str]]) -> None:
        await self._write(self._delete, keys)

    async def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        left = iter(rows)
        while part := list(islice(left, ROWS)):
            async with self._database.begin() as tx:
                await (await tx.connection()).exec_driver_sql(statement, part)
            await asyncio.sleep(0)


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """`work` to its end, also when the task is cancelled meanwhile: a driver is not to be torn out of a transaction."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _statements(database: Database) -> tuple[str, str]:
    """INSERT ... ON CONFLICT DO UPDATE, which both databases have, each in its own module; and DELETE.

    As text for the driver, with parameters in the order of _COLUMNS and _KEY: through SQLAlchemy's own a row costs
    three times as much, and a pool has 100,000 of them.
    """
    dialect = database.engine.dialect
    table = LastObjectRow.__table__
    insert = (sqlite if dialect.name == "sqlite" else postgresql).insert(table)
    upsert = insert.on_conflict_do_update(
        index_elements=_KEY, set_={"type": insert.excluded.type, "body": insert.excluded.body}
    )
    forget = delete(LastObjectRow).where(*(table.c[name] == bindparam(f"the_{name}") for name in _KEY))
    return str(upsert.compile(dialect=dialect, column_keys=_COLUMNS)), str(forget.compile(dialect=dialect))


def _format_of(resources: Iterable[Resource]) -> bytes:
    """A fingerprint of every resource's fields and types: what is stored is read back only into the same shape."""
    shapes = sorted(
        (one.type, [(field.encode_name, str(field.type)) for field in msgspec.structs.fields(one.struct)])
        for one in resources
    )
    return hashlib.sha256(repr(shapes).encode()).hexdigest().encode()
