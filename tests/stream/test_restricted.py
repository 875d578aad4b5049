"""The invariant of the stream for viewers with few rights: snapshot + frames = what this viewer may see of the cache.

Whatever happens to objects, to what they are inside of, and to the rights themselves.
"""

import asyncio
import json
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podium.cache.objects import Objects
from podium.model.task import Task, TaskProperties
from podium.services.access import EVERYTHING, NOTHING, Rules, Viewer
from podium.services.rights.grant import Grant
from podium.stream.channel import Selection
from podium.stream.channels import Channels
from podium.stream.connection import Connection, Subscription
from podium.stream.follower import parse_position
from podium.stream.hub import Hub
from tests.rights import POOL, grants, rules_of, world
from tests.services.test_rights import steps as world_steps
from tests.services.test_rights import tagged, tags, take
from tests.stream.test_invariant import drained, merge

KINDS = ("VM", "VIF", "VDI", "task")
_numbers = count()


@dataclass
class Client:
    """Follows one type as Podium's own clients do, or, `quiet`, as Xen Orchestra's: from a list of its own on."""

    kind: str
    quiet: bool
    viewer: Viewer
    objects: Objects
    hub: Hub
    channels: Channels
    filter: str = ""
    seen: dict[str, Any] = field(default_factory=dict)
    fresh: dict[str, Any] | None = None
    last_id: str | None = None
    connection: Connection | None = None

    def connect(self) -> None:
        position = parse_position(self.last_id, epoch="e1", hub=self.hub)
        since = None if position is not None and position < self.viewer.changed_at else position
        if self.quiet:
            since, position = None, None
            self.seen = {entry.id: json.loads(entry.plain) for entry in self.entries()}
        key, view = self.viewer.view(self.kind)
        selection = Selection(name=self.kind, type=self.kind, filter=self.filter, view=key, patch=not self.quiet)
        channel = self.channels.get(selection, view)
        self.connection = Connection("c", owner="u", epoch="e1", hub=self.hub, now_ms=lambda: 0, resume=position)
        renew = self.channels.renewing(channel, partial(self.viewer.view, self.kind))
        if self.quiet:
            asyncio.run(view.warm(self.kind))
        self.connection.subscribe(Subscription(channel, since, quiet=self.quiet, renew=renew))

    def entries(self) -> list[Any]:
        return [entry for entry in self.objects.ordered(self.kind) if self.viewer.sees(entry)]

    def read(self, chunks: int | None) -> None:
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
        data.pop("$subscription")
        target = self.seen if self.fresh is None else self.fresh
        match lines["event"]:
            case "reset":
                self.fresh = {}
            case "synced":
                if self.fresh is not None:
                    self.seen, self.fresh = self.fresh, None
            case "add":
                assert data["id"] not in target
                target[data["id"]] = data
            case "update":
                assert data["id"] in target
                target[data["id"]] = data
            case "patch":
                target[data["id"]] = merge(target[data["id"]], data["patch"])
            case "remove":
                assert data["id"] in target
                del target[data["id"]]
            case other:
                raise AssertionError(other)
        self.last_id = lines["id"]


def adopt(viewer: Viewer, rules: Rules, objects: Objects, *, is_admin: bool = False) -> None:
    """Rights change together with something that the cache shows, as in Rights.refresh."""
    objects.put(task(viewer.user_id))
    viewer.adopt(rules, is_admin=is_admin, revision=objects.revision)


def task(user_id: str) -> Task:
    number = next(_numbers)
    properties = TaskProperties(name=f"task {number}", user_id=user_id)
    return Task(id=f"t{number % 5}", status="pending", start=number, properties=properties)


steps = st.lists(
    st.one_of(
        world_steps.map(lambda some: ("world", some[:2], None)),
        st.tuples(st.just("world"), st.tuples(st.tuples(st.just("tag"), tagged, tags)), st.none()),
        st.tuples(st.just("rights"), grants, st.sampled_from([False, False, False, True])),
        st.tuples(st.just("task"), st.sampled_from(["u", "somebody else"]), st.none()),
        st.tuples(st.just("read"), st.integers(0, 7), st.sampled_from([None, None, None, 0, 1])),
        st.tuples(st.just("drop"), st.integers(0, 7), st.none()),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(grants, steps, st.sampled_from([2, 5, 1000]))
def test_snapshot_and_frames_are_what_the_viewer_may_see(held: list[Grant], happening: list[Any], ring: int) -> None:
    objects, hub = world(max_commits=ring)
    channels = Channels(objects=objects, hub=hub)
    viewer = Viewer("u", rules_of(held, objects, hub), is_admin=False)
    clients = [Client(kind, quiet, viewer, objects, hub, channels) for kind in KINDS for quiet in (False, True)]
    for what, first, second in happening:
        match what:
            case "world":
                for step in first:
                    take(objects, step)
            case "rights":
                rules: Rules = EVERYTHING if second else rules_of(first, objects, hub) if first else NOTHING
                adopt(viewer, rules, objects, is_admin=second)
            case "task":
                objects.put(task(first))
            case "read":
                clients[first].read(second)
            case "drop":
                clients[first].connection = None
    for client in clients:
        client.read(None)
        client.read(None)
        assert client.fresh is None or client.quiet
        assert client.seen == {entry.id: json.loads(entry.plain) for entry in client.entries()}, client.kind


def test_an_object_that_is_let_in_by_its_container_is_added_and_removed() -> None:
    objects, hub = world()
    channels = Channels(objects=objects, hub=hub)
    held = [Grant("pool", "read", selector="tags:=prod", reach="inside")]
    client = Client("VIF", True, Viewer("u", rules_of(held, objects, hub), is_admin=False), objects, hub, channels)
    client.read(None)
    assert client.seen == {}
    take(objects, ("tag", POOL, ["prod"]))
    client.read(None)
    assert len(client.seen) == len(objects.ordered("VIF")) > 0
    take(objects, ("tag", POOL, []))
    client.read(None)
    assert client.seen == {}
