"""Counters say what a recount says, whatever was committed, and whoever asks."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.model.base import PoolObject, XoObject
from podium.model.host import Host
from podium.model.pool import Pool
from podium.model.registry import BY_STRUCT, BY_TYPE
from podium.model.sr import SR
from podium.model.vm import VM, VMTemplate
from podium.services.access import READ, About, PlainRules, Viewer, viewer_of
from podium.services.dashboards.counters import Counters
from podium.services.dashboards.shares import share
from podium.stream.hub import Hub

ADMIN = viewer_of("root", "admin")
KINDS = ("host", "VM", "SR", "pool")
POOLS = ("p1", "p2")


class SomeOf(PlainRules):
    """Rules that let a viewer read objects of one pool."""

    def __init__(self, pool: str) -> None:
        self.key = f"only {pool}"
        self._pool = pool

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:
        return action == READ and isinstance(obj, PoolObject) and obj.pool == self._pool


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cache(**ring: int) -> tuple[Objects, Hub]:
    clock = Clock()
    hub = Hub(time=clock, cpu_time=clock, **ring)
    return Objects(epoch="e1", publish=hub.publish, resource_of=lambda one: BY_STRUCT[type(one)]), hub


_EMPTY: dict[object, object] = {str: "", int: 0, bool: False, float: 0.0}


def made(struct: type[Any], object_id: str, pool: str, **fields: object) -> Any:
    """An object whose other members are as empty as their types allow."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(struct):
        if field.required:
            values[field.encode_name] = _empty(field.type)
    values |= {"id": object_id, "$pool": pool, "$poolId": pool, "_xapiRef": f"OpaqueRef:{object_id}", **fields}
    return msgspec.convert(values, struct)


def _empty(kind: Any) -> object:
    if kind in _EMPTY:
        return _EMPTY[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {one.encode_name: _empty(one.type) for one in msgspec.structs.fields(kind) if one.required}
    arguments: tuple[Any, ...] = getattr(kind, "__args__", ())
    if type(None) in arguments:
        return None
    origin = getattr(kind, "__origin__", kind)
    if origin is tuple:
        return [] if arguments[-1:] == (...,) else [_empty(one) for one in arguments]
    if origin is dict:
        return {}
    return arguments[0] if isinstance(arguments[0], str) else _empty(arguments[0])


STATES = st.sampled_from(["Running", "Halted", "Paused", "Suspended", "Unknown"])


def vm(object_id: str, pool: str, state: str, cpus: int, *, replica: bool = False, struct: type[Any] = VM) -> Any:
    marks = {"blockedOperations": {"start": "replica"}, "other": {"xo:backup:job": "j", "xo:backup:vm": "source"}}
    return made(
        struct, object_id, pool, power_state=state, CPUs={"max": cpus, "number": cpus}, **(marks if replica else {})
    )


@st.composite
def objects(draw: st.DrawFn) -> PoolObject:
    pool = draw(st.sampled_from(POOLS))
    kind = draw(st.sampled_from(["VM", "host", "SR", "pool"]))
    one = draw(st.integers(0, 5))
    match kind:
        case "host":
            return made(  # type: ignore[no-any-return]
                Host,
                f"h{one}",
                pool,
                enabled=draw(st.booleans()),
                power_state=draw(st.sampled_from(["Running", "Halted", "Unknown"])),
                memory={"size": draw(st.integers(0, 2**40)), "usage": 0},
                cpus=draw(st.sampled_from([{}, {"cores": 8, "sockets": 2}])),
            )
        case "SR":
            return made(  # type: ignore[no-any-return]
                SR,
                f"s{one}",
                pool,
                content_type=draw(st.sampled_from(["user", "iso", ""])),
                size=draw(st.sampled_from([-1, 0, 10, 2**45])),
                physical_usage=draw(st.integers(0, 100)),
            )
        case "pool":
            return made(Pool, pool, pool, cpus=draw(st.sampled_from([{}, {"cores": 16}])))  # type: ignore[no-any-return]
    struct = draw(st.sampled_from([VM, VM, VMTemplate]))  # ids are shared: objects change their type
    return vm(  # type: ignore[no-any-return]
        f"v{one}", pool, draw(STATES), draw(st.integers(1, 64)), replica=draw(st.booleans()), struct=struct
    )


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Batches, objects that go, entries of a database, and glances, in any order."""
    step = st.one_of(
        st.tuples(st.just("apply"), st.lists(objects(), max_size=6)),
        st.tuples(st.just("gone"), st.tuples(st.sampled_from(POOLS), st.integers(0, 5))),
        st.tuples(st.just("restore"), st.lists(objects(), max_size=3)),
        st.tuples(st.just("pulse"), st.none()),
        st.tuples(st.just("look"), st.none()),
    )
    return draw(st.lists(step, max_size=25))


def recount(entries: Iterable[Entry]) -> dict[str, int]:
    """As one counts who has all the time in the world, from the decoded objects."""
    found: dict[str, int] = {}
    for entry in entries:
        for name, value in share(Entry.of(entry.resource, entry.object, 1)).sums:
            found[name] = found.get(name, 0) + value
    return {name: value for name, value in found.items() if value}


async def check(cached: Objects, counters: Counters) -> None:
    part = Viewer("u", SomeOf("p1"), is_admin=False)
    for kind in KINDS:
        entries = cached.of_type(kind).values()
        for pool in (None, *POOLS):
            of_pool = [entry for entry in entries if pool in (None, entry.pool)]
            whole = await counters.sums(kind, ADMIN, pool=pool)
            assert {name: value for name, value in whole.items() if value} == recount(of_pool), (kind, pool)
            own = [entry for entry in of_pool if entry.pool == "p1"]
            seen = await counters.sums(kind, part, pool=pool)
            assert {name: value for name, value in seen.items() if value} == recount(own), (kind, pool)
    marked = {
        entry.id
        for kind in ("VM", "VM-template")
        for entry in cached.of_type(kind).values()
        if "xo:backup:job" in getattr(entry.object, "other", {})
    }
    assert set(counters.replicas()) == marked


@pytest.mark.parametrize("ring", [20_000, 2])
@settings(max_examples=60, deadline=None)
@given(sequence=steps())
def test_counters_say_what_a_recount_says(ring: int, sequence: list[tuple[str, Any]]) -> None:
    asyncio.run(play(ring, sequence))


async def play(ring: int, sequence: list[tuple[str, Any]]) -> None:
    cached, hub = cache(max_commits=ring)
    counters = Counters(cached, hub)
    leave = counters.start()
    for name, value in sequence:
        match name:
            case "apply":
                for pool in POOLS:
                    cached.apply(pool, [one for one in value if one.pool == pool])
            case "gone":
                pool, number = value
                cached.apply(pool, [], [f"{letter}{number}" for letter in "vhs"])
            case "restore":
                entries = [Entry.of(BY_STRUCT[type(one)], one, 0, one.pool) for one in value]
                for entry in entries:
                    entry.decoded = None  # as they come from the database
                cached.restore(entries)
            case "pulse":
                await asyncio.sleep(0)
            case "look":
                await check(cached, counters)
    await check(cached, counters)
    hub.close()
    leave()


def test_what_counts() -> None:
    """The rules of ANCHOR.md 1.1, by hand."""
    cached, hub = cache()
    counters = Counters(cached, hub)
    cached.apply(
        "p1",
        [
            made(Host, "h1", "p1", enabled=True, power_state="Running", memory={"size": 64, "usage": 1}, cpus={}),
            made(Host, "h2", "p1", enabled=False, power_state="Running", memory={"size": 32, "usage": 1}, cpus={}),
            made(Host, "h3", "p1", enabled=False, power_state="Halted", memory={"size": 16, "usage": 1}, cpus={}),
            made(SR, "s1", "p1", content_type="user", size=100, physical_usage=40),
            made(SR, "s2", "p1", content_type="iso", size=100, physical_usage=40),
            made(SR, "s3", "p1", content_type="user", size=0, physical_usage=0),
            vm("v1", "p1", "Running", 4),
            vm("v2", "p1", "Paused", 2),
            vm("v3", "p1", "Halted", 8),
            vm("v4", "p1", "Halted", 8, replica=True),
        ],
    )

    async def look() -> None:
        hosts = dict(await counters.sums("host", ADMIN))
        assert hosts | {"sockets": 0, "cores": 0} == {
            "total": 3, "running": 1, "disabled": 1, "halted": 1, "memorySize": 112, "sockets": 0, "cores": 0
        }  # fmt: skip
        assert dict(await counters.sums("SR", ADMIN, pool="p1")) == {"total": 1, "size": 100, "used": 40}
        vms = dict(await counters.sums("VM", ADMIN, pool="p1"))
        assert vms == {"total": 4, "running": 1, "paused": 1, "halted": 2, "vcpus": 6}
        assert dict(await counters.sums("VM", ADMIN, pool="p2")) == {}

    asyncio.run(look())
    assert {one: replica.source for one, replica in counters.replicas().items()} == {"v4": "source"}


def test_a_scan_is_remembered_until_the_type_changes() -> None:
    cached, hub = cache()
    counters = Counters(cached, hub)
    asked: list[str] = []

    class Counting(SomeOf):
        def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:
            asked.append(resource)
            return super().may(action, resource, obj, around)

    viewer = Viewer("u", Counting("p1"), is_admin=False)
    cached.apply("p1", [vm(f"v{number}", "p1", "Running", 1) for number in range(10)])

    async def look() -> int:
        return (await counters.sums("VM", viewer)).get("total", 0)

    async def looks() -> None:
        assert (await look(), await look()) == (10, 10)
        assert len(asked) == 10
        cached.apply("p1", [made(SR, "s1", "p1", content_type="user", size=1)])
        await look()
        assert len(asked) == 10
        cached.apply("p1", [vm("v99", "p1", "Running", 1)])
        assert await look() == 11

    asyncio.run(looks())


def test_types_are_those_of_the_registry() -> None:
    assert {kind: BY_TYPE[kind].privilege for kind in KINDS} == {"host": "host", "VM": "vm", "SR": "sr", "pool": "pool"}
