"""What the cache should hold (xensim's records, projected from scratch) beside what REST says."""

import asyncio
import json
import time
from typing import Any

import httpx
import msgspec

from podium.cache.mirror import Event, Mirror
from podium.model.registry import BY_STRUCT, PROJECTIONS, RESOURCES
from podium.xapi.records import RECORDS, PoolRecord
from xensim import Sim

Objects = dict[str, dict[str, Any]]


def expected(sim: Sim) -> Objects:
    """Every object of the pool by id, as clients should see it."""
    events = [
        Event(name, ref, msgspec.convert(row.record, RECORDS[name]))
        for cls in sim.pool.schema.classes
        if (name := cls.lower()) in RECORDS
        for ref, row in sim.db.rows(cls).items()
    ]
    ref, pool = next((event.ref, event.record) for event in events if isinstance(event.record, PoolRecord))
    mirror = Mirror(projections=PROJECTIONS, pool_ref=ref, pool_id=pool.uuid)
    mirror.apply(events)
    found: Objects = {}
    while mirror.pending:
        for one in mirror.project(1000):
            if one.object is not None:
                key = f"{BY_STRUCT[type(one.object)].type}/{one.object.id}"
                found[key] = json.loads(msgspec.json.encode(one.object))
    return found


async def served_objects(client: httpx.AsyncClient) -> Objects:
    """Every object of every pool that REST shows. Fails on anything but 200."""
    found: Objects = {}
    for resource in RESOURCES:
        if resource.type in {"server", "task", "user", "group", "acl-role", "acl-privilege"}:
            continue
        answer = await client.get(f"/rest/v0/{resource.collection}", params={"fields": "*"})
        assert answer.status_code == 200, answer.text
        for row in answer.json():
            del row["href"]
            found[f"{resource.type}/{row['id']}"] = row
    return found


def differences(left: Objects, right: Objects) -> list[str]:
    """What two sets of objects disagree on, in words; empty when nothing."""
    found = [f"only left: {key}" for key in left.keys() - right.keys()]
    found += [f"only right: {key}" for key in right.keys() - left.keys()]
    for key in left.keys() & right.keys():
        one, other = _loose(left[key]), _loose(right[key])
        found += [
            f"{key}.{name}: {one.get(name)} / {other.get(name)}"
            for name in one.keys() | other.keys()
            if one.get(name) != other.get(name)
        ]
    return found


def _loose(row: dict[str, Any]) -> dict[str, Any]:
    """Links are sets: their order is no promise."""
    return {
        key: sorted(value, key=str) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
        for key, value in row.items()
    }


async def until_true(sim: Sim, client: httpx.AsyncClient, *, within_s: float) -> float:
    """Wait until REST says what the pool holds; the seconds it took. Fails after `within_s`, with the differences."""
    began = time.monotonic()
    while True:
        found = differences(await served_objects(client), expected(sim))
        took = time.monotonic() - began
        if not found:
            return took
        assert took < within_s, found[:10]
        await asyncio.sleep(0.2)
