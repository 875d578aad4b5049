"""Live metrics: the newest numbers of objects, sent over a client's event stream as they are polled."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from podium.cache.entry import Entry
from podium.cache.filter import Filter
from podium.cache.objects import Objects
from podium.errors import InvalidParameters
from podium.metrics.catalog import CATALOG, metric_of
from podium.metrics.rings import SECONDS, Rings
from podium.metrics.store import Store
from podium.services.access import Viewer
from podium.services.measures.fleet import Fleet
from podium.services.measures.series import DIGITS, shift_s

MOST: Final = 20
"""Metrics in one subscription."""

Rows = dict[str, list[float | None]]


class Wanted(msgspec.Struct, frozen=True):
    """What a client wants to follow. `ids` None: all that he may see and `selected` lets through."""

    name: str
    kind: str
    metrics: tuple[str, ...]
    ids: frozenset[str] | None = None
    selected: Filter | None = None


def check(kind: str, metrics: Sequence[str]) -> tuple[str, ...]:
    """Raises InvalidParameters unless objects of that type have these metrics."""
    if kind not in CATALOG:
        raise InvalidParameters(f"{kind[:100]} has no metrics: {', '.join(CATALOG)} have")
    names = tuple(dict.fromkeys(metrics))
    if not 0 < len(names) <= MOST:
        raise InvalidParameters(f"metrics: name 1 to {MOST} of them")
    for name in names:
        if metric_of(kind, name) is None:
            raise InvalidParameters(f"metrics: {kind} has no metric {name[:100]!r}; GET /rest/v0/metrics lists them")
    return names


class LiveMetrics:
    """Makes feeds, and what they have in common."""

    def __init__(self, objects: Objects, store: Store, fleet: Fleet) -> None:
        self.objects = objects
        self.store = store
        self.fleet = fleet
        self._shared: dict[tuple[str, str, tuple[str, ...], str], tuple[int, bytes]] = {}

    def feed(self, wanted: Wanted, viewer: Viewer, wake: Callable[[], None]) -> "Feed":
        """What one subscription sends; `wake` is called when there is something."""
        return Feed(self, wanted, viewer, wake)

    def shared(self, wanted: Wanted, rings: Rings, make: Callable[[], bytes]) -> bytes:
        """What everybody who sees all of a type, and wants the same of it, is sent of one host: made once."""
        key = (wanted.name, wanted.kind, wanted.metrics, rings.host)
        known = self._shared.get(key)
        if known is None or known[0] != rings.version:
            if len(self._shared) > 1_000:
                self._shared.clear()
            known = self._shared[key] = (rings.version, make())
        return known[1]


class Feed:
    """One subscription: first everything there is, then what each host has told since."""

    def __init__(self, live: LiveMetrics, wanted: Wanted, viewer: Viewer, wake: Callable[[], None]) -> None:
        self.name = wanted.name
        self._live = live
        self._wanted = wanted
        self._viewer = viewer
        self._wake = wake
        self._begun = False
        self._due: dict[str, Rings] = {}
        self._matched: dict[str, tuple[Entry, bool]] = {}
        """A filter can be expensive, and is asked every five seconds: once for each state of an object is enough."""
        live.store.join(self)

    def close(self) -> None:
        self._live.store.leave(self)

    def came(self, rings: Rings) -> None:
        """The store calls this when the numbers of a host came in."""
        self._due[rings.host] = rings
        self._wake()

    def take(self) -> bytes:
        """Frames of what is new."""
        due, self._due = self._due, {}
        wanted = self._wanted
        if not self._begun:
            self._begun = True
            return self._everything()
        if not due:
            return b""
        if wanted.kind in {"SR", "pool"}:
            return self._everything({rings.pool for rings in due.values()})
        everybodys = wanted.ids is None and wanted.selected is None and self._sees_all()
        frames = []
        for rings in due.values():
            if everybodys:
                frames.append(self._live.shared(wanted, rings, lambda rings=rings: self._of_host(rings)))  # type: ignore[misc]
            else:
                frames.append(self._of_host(rings))
        return b"".join(frames)

    def _sees_all(self) -> bool:
        entries = self._live.objects.of_type(self._wanted.kind).values()
        first = next(iter(entries), None)
        return first is not None and self._viewer.sees_all(first.resource.privilege)

    def _everything(self, pools: set[str] | None = None) -> bytes:
        """Of every object, or of those of some pools."""
        wanted = self._wanted
        latest = [self._live.fleet.latest(wanted.kind, name) for name in wanted.metrics]
        entries = self._live.objects.of_type(wanted.kind)
        ids: Iterable[str] = entries if wanted.ids is None else wanted.ids
        rows: Rows = {}
        for object_id in ids:
            if pools is not None and (entry := entries.get(object_id)) is not None and entry.pool not in pools:
                continue
            if self._shows(object_id):
                values = [_rounded(values, object_id) for values in latest]
                if any(value is not None for value in values):
                    rows[object_id] = values
        ends = [one.seconds.end - shift_s(one.condition.clock_skew) for one in self._live.store if one.seconds.end]
        return self._frame(max(ends, default=0), rows)

    def _of_host(self, rings: Rings) -> bytes:
        wanted = self._wanted
        kind = "host" if wanted.kind == "host" else "vm"
        rows: Rows = {}
        controllers = self._live.objects.of_type("VM-controller")
        for number, metric in enumerate(wanted.metrics):
            for uuids, values in rings.newest("host" if kind == "host" else "vm", metric):
                for uuid, value in zip(uuids, values.tolist(), strict=True):
                    row = rows.get(uuid)
                    if row is None:
                        if wanted.ids is not None and uuid not in wanted.ids:
                            continue
                        if kind == "vm" and (uuid in controllers) != (wanted.kind == "VM-controller"):
                            continue
                        if not self._shows(uuid):
                            continue
                        row = rows[uuid] = [None] * len(wanted.metrics)
                    row[number] = round(value, DIGITS) if value == value else None  # noqa: PLR0124  NaN is not itself
        return self._frame(rings.seconds.end - shift_s(rings.condition.clock_skew), rows) if rows else b""

    def _shows(self, object_id: str) -> bool:
        entry = self._live.objects.of_type(self._wanted.kind).get(object_id)
        if entry is None or not self._viewer.sees(entry):
            return False
        selected = self._wanted.selected
        if selected is None:
            return True
        known = self._matched.get(object_id)
        if known is None or known[0] is not entry:
            known = self._matched[object_id] = (entry, selected.matches(entry.object))
        return known[1]

    def _frame(self, time: float, rows: Rows) -> bytes:
        data = {
            "$subscription": self.name,
            "time": time,
            "interval": SECONDS,
            "metrics": self._wanted.metrics,
            "values": rows,
        }
        # without an id: what a client has seen of the cache is not touched by it
        return b"event: metrics\ndata: %b\n\n" % msgspec.json.encode(data)


def _rounded(values: Mapping[str, float], object_id: str) -> float | None:
    value = values.get(object_id)
    return None if value is None else round(value, DIGITS)
