"""A small resource for tests of the stream: what is streamed does not matter to it."""

import msgspec

from podium.cache.objects import Objects
from podium.model.base import PoolObject, Resource, XoObject
from podium.stream.hub import Hub
from podium.stream.view import Steady


class Thing(PoolObject, frozen=True, kw_only=True, gc=False):
    name: str
    size: int = 0
    note: str | None = None
    inner: dict[str, int] = msgspec.field(default_factory=dict)
    marks: tuple[str, ...] = ()


THING = Resource(type="thing", collection="things", struct=Thing, privilege="thing", title="thing")
OTHER = Resource(type="other", collection="others", struct=Thing, privilege="other", title="other")


def thing(object_id: str, *, kind: str = "thing", pool: str = "p1", **fields: object) -> Thing:
    values: dict[str, object] = {"name": object_id, **fields}
    return msgspec.convert(
        {"id": object_id, "type": kind, "$pool": pool, "$poolId": pool, "_xapiRef": f"OpaqueRef:{object_id}", **values},
        Thing,
    )


def resource_of(shown: XoObject) -> Resource:
    return OTHER if isinstance(shown, Thing) and shown.type == "other" else THING


class Clock:
    """A clock that stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cache(**ring: int) -> tuple[Objects, Hub]:
    clock = Clock()
    hub = Hub(time=clock, cpu_time=clock, **ring)
    return Objects(epoch="e1", publish=hub.publish, resource_of=resource_of), hub


class Everything(Steady):
    def sees(self, entry: object) -> bool:
        return True
