"""Last-known state: written behind the stream, read back at start.

One writer follows the hub like any other client of it, so it can never hold the stream up: each second it stores the
net change, in small transactions. A crash loses at most the last second, and the pool tells everything again anyway.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import delete, select
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

PAUSE_S: Final = 1.0
"""Between two writes."""
RETRY_S: Final = 10.0
"""After a write that failed."""
ROWS: Final = 500
"""Rows in one transaction: other writers never wait long for the lock."""
READ_ROWS: Final = 2_000

_FORMAT_KEY: Final = {"pool": "", "id": "format"}


class LastKnown:
    """The stored copy of the cache."""

    def __init__(self, database: Database, *, resources: Mapping[str, Resource]) -> None:
        self._database = database
        self._resources = resources
        self._format = _format_of(resources.values())

    async def read(self) -> AsyncIterator[list[Entry]]:
        """Every stored object, in batches. Nothing when another version of Podium, with other fields, stored them."""
        async with self._database.read() as tx:
            known = await tx.scalar(
                select(LastObjectRow.body).where(LastObjectRow.pool == "", LastObjectRow.id == "format")
            )
            if known != self._format:
                return
            columns = (LastObjectRow.pool, LastObjectRow.id, LastObjectRow.type, LastObjectRow.body)
            rows = await tx.stream(select(*columns).where(LastObjectRow.pool != ""))
            async for part in rows.partitions(READ_ROWS):
                batch = []
                for pool, object_id, kind, body in part:
                    resource = self._resources.get(kind)
                    if resource is not None:
                        batch.append(Entry(resource, object_id, pool, body, 0))
                yield batch

    async def write(self, hub: Hub, objects: Objects, *, since: int) -> None:
        """Follow the hub from revision `since`, for ever; flushes once more when cancelled."""
        sleeper = Sleeper()
        hub.join(sleeper)
        revision = since
        try:
            await self._prepare()
            while True:
                await sleeper.sleep()
                await asyncio.sleep(PAUSE_S)
                revision = await self._flush(hub, objects, revision)
        finally:
            hub.leave(sleeper)
            await asyncio.shield(self._flush(hub, objects, revision))

    async def _prepare(self) -> None:
        """What another version stored goes."""
        async with self._database.begin() as tx:
            known = await tx.scalar(
                select(LastObjectRow.body).where(LastObjectRow.pool == "", LastObjectRow.id == "format")
            )
            if known != self._format:
                await tx.execute(delete(LastObjectRow))
                tx.add(LastObjectRow(**_FORMAT_KEY, type="format", body=self._format))

    async def _flush(self, hub: Hub, objects: Objects, since: int) -> int:
        """Store what changed after `since`; the revision that is stored now. A failure is logged and tried again."""
        if hub.revision == since:
            return since
        revision = hub.revision
        net = hub.net(since)
        try:
            if net is None:
                await self._rewrite(objects)
            else:
                changed = [change.after for change in net.values() if change.after is not None]
                gone = [change.before for change in net.values() if change.after is None and change.before is not None]
                await self._store([entry for entry in changed if entry.pool is not None])
                await self._forget([(entry.pool, entry.id) for entry in gone if entry.pool is not None])
        except (DBAPIError, OSError) as error:
            log.warning("last-known state could not be stored, trying again", error=str(error))
            await asyncio.sleep(RETRY_S)
            return since
        return revision

    async def _rewrite(self, objects: Objects) -> None:
        """The ring no longer reaches back: compare everything."""
        async with self._database.read() as tx:
            rows = await tx.execute(select(LastObjectRow.pool, LastObjectRow.id).where(LastObjectRow.pool != ""))
            stored = {(pool, object_id) for pool, object_id in rows}
        present: list[Entry] = objects.pooled()
        await self._store(present)
        await self._forget(list(stored - {(entry.pool or "", entry.id) for entry in present}))

    async def _store(self, entries: Sequence[Entry]) -> None:
        for start in range(0, len(entries), ROWS):
            rows = [
                {"pool": entry.pool, "id": entry.id, "type": entry.resource.type, "body": entry.body}
                for entry in entries[start : start + ROWS]
            ]
            async with self._database.begin() as tx:
                await tx.execute(self._upsert(), rows)
            await asyncio.sleep(0)

    async def _forget(self, keys: Sequence[tuple[str, str]]) -> None:
        by_pool: dict[str, list[str]] = {}
        for pool, object_id in keys:
            by_pool.setdefault(pool, []).append(object_id)
        for pool, ids in by_pool.items():
            for start in range(0, len(ids), ROWS):
                part = ids[start : start + ROWS]
                async with self._database.begin() as tx:
                    await tx.execute(
                        delete(LastObjectRow).where(LastObjectRow.pool == pool, LastObjectRow.id.in_(part))
                    )

    def _upsert(self) -> Any:
        """INSERT ... ON CONFLICT DO UPDATE, which both databases have, each in its own module."""
        dialect = sqlite if self._database.engine.dialect.name == "sqlite" else postgresql
        insert = dialect.insert(LastObjectRow.__table__)
        return insert.on_conflict_do_update(
            index_elements=["pool", "id"], set_={"type": insert.excluded.type, "body": insert.excluded.body}
        )


def _format_of(resources: Iterable[Resource]) -> bytes:
    """A fingerprint of every resource's fields and types: what is stored is read back only into the same shape."""
    shapes = sorted(
        (one.type, [(field.encode_name, str(field.type)) for field in msgspec.structs.fields(one.struct)])
        for one in resources
    )
    return hashlib.sha256(repr(shapes).encode()).hexdigest().encode()
