"""The invariant of the stream: snapshot + frames = what the follower may see of the cache, whatever happens between."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.stream.channel import Channel, Selection
from podium.stream.channels import Channels
from podium.stream.connection import Connection, Subscription
from podium.stream.follower import parse_position
from podium.stream.hub import Hub
from podium.stream.view import Steady, View
from tests.stream.things import Everything, cache, thing


class EvenOnly(Steady):
    """A viewer who may see things of even size only."""

    def sees(self, entry: Entry) -> bool:
        return bool(getattr(entry.object, "size", 1) % 2 == 0)


@dataclass
class Client:
    """A client that follows the protocol: all it knows is in the frames it read completely."""

    selection: Selection
    objects: Objects
    hub: Hub
    channel: Channel
    seen: dict[str, dict[str, object]] = field(default_factory=dict)
    fresh: dict[str, dict[str, object]] | None = None
    last_id: str | None = None
    connection: Connection | None = None

    def connect(self) -> None:
        position = parse_position(self.last_id, epoch="e1", hub=self.hub)
        self.connection = Connection("c", owner="u", epoch="e1", hub=self.hub, now_ms=lambda: 0, resume=position)
        self.connection.subscribe(Subscription(self.channel, position))

    def read(self, chunks: int | None) -> None:
        """Read what is new; after `chunks` chunks the connection breaks."""
        if self.connection is None:
            self.connect()
        assert self.connection is not None
        for number, chunk in enumerate(drained(self.connection._step())):
            if chunks is not None and number >= chunks:
                self.connection = None
                return
            for frame in chunk.decode().split("\n\n")[:-1]:
                self.take(frame)

    def take(self, frame: str) -> None:
        lines = dict(line.split(": ", 1) for line in frame.split("\n"))
        data = json.loads(lines["data"])
        assert data.pop("$subscription") == self.selection.name
        target = self.seen if self.fresh is None else self.fresh
        match lines["event"]:
            case "reset":
                self.fresh = {}
            case "synced":
                if self.fresh is not None:
                    assert data["count"] == len(self.fresh)
                    self.seen, self.fresh = self.fresh, None
            case "add" | "update":
                target[data["id"]] = data
            case "patch":
                target[data["id"]] = merge(target[data["id"]], data["patch"])
            case "remove":
                target.pop(data["id"], None)
            case other:
                raise AssertionError(other)
        self.last_id = lines["id"]

    def expected(self) -> dict[str, dict[str, object]]:
        found = {}
        for entry in filter(self.channel.shows, self.channel.snapshot()):
            row = json.loads(entry.plain)
            if self.selection.fields is not None:
                row = {key: row[key] for key in ("id", *self.selection.fields) if key in row}
            found[entry.id] = row
        return found


def drained(steps: AsyncIterator[bytes]) -> Iterator[bytes]:
    """An asynchronous iterator that only ever gives others their turn, where there are no others."""
    while True:
        turn = anext(steps).__await__()
        try:
            while True:
                next(turn)
        except StopIteration as done:
            yield done.value
        except StopAsyncIteration:
            return


def merge(target: object, patch: object) -> dict[str, object]:
    """RFC 7386, as the RFC writes it."""
    assert isinstance(patch, dict)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merge(result.get(key), value)
        else:
            result[key] = value
    return result


ids = st.sampled_from(["a", "b", "c", "d"])
notes = st.sampled_from([None, "x", "y"])
maps = st.dictionaries(st.sampled_from("kl"), st.integers(0, 2), max_size=2)
put = st.tuples(
    st.just("put"),
    ids,
    st.sampled_from(["p1", "p2"]),
    st.integers(0, 5),
    notes,
    maps,
    st.sampled_from(["thing", "other"]),
)
gone = st.tuples(st.just("gone"), ids, st.sampled_from(["p1", "p2"]))
read = st.tuples(st.just("read"), st.integers(0, 3), st.sampled_from([None, None, None, 0, 1]))
drop = st.tuples(st.just("drop"), st.integers(0, 3))
forget = st.tuples(st.just("forget"), st.integers(0, 3))

SELECTIONS: list[tuple[Selection, View]] = [
    (Selection(name="all", type="thing"), Everything()),
    (Selection(name="big", type="thing", filter="size:>2", patch=True), Everything()),
    (Selection(name="few", type="thing", fields=("size", "note"), patch=True), Everything()),
    (Selection(name="even", type="thing", fields=("name", "inner"), view="even"), EvenOnly()),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(put, put, gone, read, read, drop, forget), max_size=60), st.sampled_from([2, 5, 1000]))
def test_snapshot_and_frames_are_what_the_cache_holds(steps: list[tuple], ring: int) -> None:  # type: ignore[type-arg]
    objects, hub = cache(max_commits=ring)
    channels = Channels(objects=objects, hub=hub)
    clients = [Client(one, objects, hub, channels.get(one, view)) for one, view in SELECTIONS]
    for step in steps:
        match step:
            case ("put", object_id, pool, size, note, inner, kind):
                objects.apply(pool, [thing(object_id, kind=kind, pool=pool, size=size, note=note, inner=inner)])
            case ("gone", object_id, pool):
                objects.apply(pool, [], [object_id])
            case ("read", number, chunks):
                clients[number].read(chunks)
            case ("drop", number):
                clients[number].connection = None
            case ("forget", number):  # a client that lost everything but its place is not one; it starts over
                clients[number] = Client(clients[number].selection, objects, hub, clients[number].channel)
    for client in clients:
        client.read(None)
        client.read(None)
        assert client.seen == client.expected()
        assert client.fresh is None
