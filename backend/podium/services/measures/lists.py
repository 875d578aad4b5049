"""Metrics in lists: `metrics.cpu` as a field, to sort by and to filter by, as if the objects had it."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, cast

from podium.cache.entry import Entry
from podium.cache.values import Composite, Reader, Readers, children
from podium.metrics.catalog import CATALOG
from podium.model.base import XoObject
from podium.services.measures.fleet import Fleet

MEMBER: Final = "metrics"
_KEPT: Final = 4
_NAMED: Final = re.compile(r"\bmetrics\.(\w+)")
_ANY_OF_THEM: Final = re.compile(r"\bmetrics\s*[:?]")
"""`metrics:cpu:>80`, `metrics:|(cpu:>80 iowait:>50)`."""


class Measured(Composite):
    """An object with its metrics beside it. What is unknown of these is not there."""

    __slots__ = ("metrics", "object")

    def __init__(self, measured: XoObject, metrics: dict[str, float]) -> None:
        self.object = measured
        self.metrics = metrics

    @property
    def id(self) -> str:
        return self.object.id

    @classmethod
    def reader(cls, name: str) -> Reader | None:
        if name == MEMBER:
            return attrgetter(MEMBER)
        if name.startswith(f"{MEMBER}."):
            # in a filter a dot is a plain character, and still everybody writes `metrics.cpu:>80`
            inner = Readers(name.removeprefix(f"{MEMBER}."))
            return lambda one: cast("Reader", inner[dict])(cast("Measured", one).metrics)
        readers = Readers(name)

        def read(one: object) -> object:
            own = cast("Measured", one).object
            return cast("Reader", readers[type(own)])(own)

        return read

    def inside(self) -> Iterable[object]:
        look = children[type(self.object)]
        return () if look is None else look(self.object)


class MeasuredLists:
    """Puts metrics beside the rows of a list that asks for some."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._known: OrderedDict[tuple[str, tuple[str, ...]], tuple[int, Sequence[Entry], list[Entry]]] = OrderedDict()

    def wanted(self, kind: str, *, fields: str | None, text: str | None, sort: str | None) -> tuple[str, ...]:
        """The metrics that a list of that type needs for its fields, its filter (`text`) and its order."""
        catalog = tuple(metric.name for metric in CATALOG.get(kind, ()))
        paths = [part.strip().lstrip("-") for part in f"{fields or ''},{sort or ''}".split(",")]
        if not catalog or (text and _ANY_OF_THEM.search(text)) or MEMBER in paths:
            return catalog
        names = {path.removeprefix(f"{MEMBER}.") for path in paths if path.startswith(f"{MEMBER}.")}
        names.update(_NAMED.findall(text or ""))
        return tuple(name for name in catalog if name in names)

    @property
    def version(self) -> int:
        return self._fleet.version

    def beside(self, kind: str, entries: Sequence[Entry], names: tuple[str, ...]) -> list[Entry]:
        """The same rows with these metrics. `entries` is never changed; the answer is shared."""
        version = self._fleet.version
        known = self._known.get((kind, names))
        if known is not None and known[0] == version and known[1] is entries:
            return known[2]
        values = [(name, self._fleet.latest(kind, name)) for name in names]
        rows = [
            Entry(
                entry.resource,
                key := entry.id,
                entry.pool,
                entry.body,
                entry.revision,
                # msgspec checks nothing here, and whoever reads an entry's object asks for members by name
                cast(
                    "XoObject",
                    Measured(entry.object, {name: round(some[key], 3) for name, some in values if key in some}),
                ),
            )
            for entry in entries
        ]
        self._known[kind, names] = (version, entries, rows)
        self._known.move_to_end((kind, names))
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return rows
