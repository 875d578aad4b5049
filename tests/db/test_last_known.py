"""Last-known state: what was stored is read back, whatever happened in between."""

import asyncio
import contextlib

import pytest

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.db import last_known
from podium.db.base import Database
from podium.db.last_known import LastKnown
from podium.stream.hub import Hub
from tests.stream.things import OTHER, THING, cache, thing

RESOURCES = {"thing": THING, "other": OTHER}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_known, "PAUSE_S", 0.01)
    monkeypatch.setattr(last_known, "ROWS", 7)


async def stored(database: Database) -> dict[tuple[str | None, str], bytes]:
    found: list[Entry] = []
    async for batch in LastKnown(database, resources=RESOURCES).read():
        found += batch
    return {(entry.pool, entry.id): entry.body for entry in found}


def known(objects: Objects) -> dict[tuple[str | None, str], bytes]:
    return {(entry.pool, entry.id): entry.body for entry in objects.pooled()}


async def until_stored(database: Database, objects: Objects) -> None:
    async with asyncio.timeout(10):
        while await stored(database) != known(objects):
            await asyncio.sleep(0.01)


def write(database: Database, hub: Hub, objects: Objects) -> "asyncio.Task[None]":
    return asyncio.create_task(LastKnown(database, resources=RESOURCES).write(hub, objects, since=hub.revision))


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_changes_are_stored_as_they_come(database: Database) -> None:
    objects, hub = cache()
    task = write(database, hub, objects)
    objects.apply("p1", [thing(f"a{number}", size=number) for number in range(30)])
    objects.apply("p2", [thing("b", pool="p2"), thing("c", kind="other", pool="p2")])
    await until_stored(database, objects)
    objects.apply("p1", [thing("a3", size=99)], ["a1", "a2"])
    objects.apply("p2", [], ["b"])
    await until_stored(database, objects)
    assert len(await stored(database)) == 29
    await ended(task)


async def test_what_is_left_is_stored_at_the_end(database: Database) -> None:
    objects, hub = cache()
    task = write(database, hub, objects)
    objects.apply("p1", [thing(f"a{number}") for number in range(30)])
    await asyncio.sleep(0.02)  # in the middle of it
    objects.apply("p1", [thing("later")])
    await ended(task)
    assert await stored(database) == known(objects)


async def test_when_the_ring_no_longer_reaches_back_everything_is_compared(database: Database) -> None:
    objects, hub = cache(max_commits=2)
    task = write(database, hub, objects)
    objects.apply("p1", [thing("a"), thing("b")])
    await until_stored(database, objects)
    for number in range(10):
        objects.apply("p1", [thing(f"c{number}")])
    objects.apply("p1", [], ["a"])
    await until_stored(database, objects)
    await ended(task)


async def test_rows_of_another_shape_are_left_alone_and_then_dropped(database: Database) -> None:
    objects, hub = cache()
    task = write(database, hub, objects)
    objects.apply("p1", [thing("a")])
    await until_stored(database, objects)
    await ended(task)
    changed = LastKnown(database, resources={"thing": THING})
    assert [batch async for batch in changed.read()] == []
    again, hub = cache()
    task = asyncio.create_task(changed.write(hub, again, since=0))
    again.apply("p1", [thing("b")])
    async with asyncio.timeout(10):
        while [entry.id async for batch in changed.read() for entry in batch] != ["b"]:
            await asyncio.sleep(0.01)
    await ended(task)
