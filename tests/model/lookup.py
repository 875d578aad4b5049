"""Small pools in memory for projections to read, and whole pools projected as the service does it (`project`)."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from podium.cache.mirror import Event, Mirror
from podium.model.base import Lookup, Maybe, XoObject
from podium.model.identity import is_null, object_id
from podium.model.registry import PROJECTIONS
from podium.xapi.records import RECORDS, PoolRecord, Record

R = TypeVar("R", bound=Record)
T = TypeVar("T")

GOLDEN = Path(__file__).parents[3] / "shared/xo/golden"

Records = dict[str, Record]
"""By ref."""


class DictLookup:
    """The plainest Lookup. `reads` are what was read last: ("link" | "fact" | "record" | "find", ref or uuid)."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.pool_ref, pool = next((ref, row) for ref, row in records.items() if isinstance(row, PoolRecord))
        self.pool_id = pool.uuid
        self.ids = {ref: object_id(ref, record, self.pool_id) for ref, record in records.items()}
        self.by_uuid = {(type(record), record.uuid): ref for ref, record in records.items()}
        self.reads: set[tuple[str, str]] = set()

    def link(self, ref: str) -> str | Maybe:
        self.reads.add(("link", ref))
        return self.ids.get(ref, UNSET)

    def links(self, refs: Sequence[str]) -> tuple[str | None, ...]:
        self.reads.update(("link", ref) for ref in refs)
        return tuple(self.ids.get(ref) for ref in refs if not is_null(ref))

    def record(self, kind: type[R], ref: str) -> R | None:
        self.reads.add(("record", ref))
        found = self.records.get(ref)
        return found if isinstance(found, kind) else None

    def fact(self, kind: type[R], ref: str, fact: Callable[[R], T]) -> T | None:
        self.reads.add(("fact", ref))
        found = self.records.get(ref)
        return fact(found) if isinstance(found, kind) else None

    def find(self, kind: type[R], uuid: str) -> str | None:
        self.reads.add(("find", uuid))
        return self.by_uuid.get((kind, uuid)) if uuid else None


def decode(raw: Mapping[str, Mapping[str, Any]]) -> Records:
    """Records as the wire's JSON has them, `{class: {ref: record}}`, decoded as the client decodes them."""
    records: Records = {}
    for name, rows in raw.items():
        struct = RECORDS.get(name.lower())
        if struct is not None:
            for ref, row in rows.items():
                records[ref] = msgspec.json.decode(json.dumps(row), type=struct)
    return records


def golden_records() -> Records:
    with gzip.open(GOLDEN / "records.json.gz") as file:
        return decode(json.load(file))


def project_with(look: Lookup, records: Records) -> list[XoObject]:
    """Every object that the records show, through any Lookup."""
    shown = (
        PROJECTIONS[record.xapi_class.lower()](ref, record, look)
        for ref, record in records.items()
        if record.xapi_class.lower() in PROJECTIONS
    )
    return [obj for obj in shown if obj is not None]


def project(records: Records) -> list[XoObject]:
    """Every object that the records show, as the service projects them."""
    ref, pool = next((ref, row) for ref, row in records.items() if isinstance(row, PoolRecord))
    mirror = Mirror(projections=PROJECTIONS, pool_ref=ref, pool_id=pool.uuid)
    mirror.apply(Event(record.xapi_class.lower(), ref, record) for ref, record in records.items())
    objects: list[XoObject] = []
    while mirror.pending:
        objects.extend(row.object for row in mirror.project(1000) if row.object is not None)
    return objects


POOL_REF, POOL_ID = "OpaqueRef:pool", "pool-uuid"


class Scene:
    """A made-up pool: give it records by name, then look at what they show."""

    def __init__(self, **records: Record) -> None:
        self.records: Records = {POOL_REF: PoolRecord(uuid=POOL_ID, name_label="pool", master=ref("master"))}
        for name, record in records.items():
            given = record if record.uuid else msgspec.structs.replace(record, uuid=f"{name}-uuid")
            self.records[POOL_REF if name == "pool" else ref(name)] = given
        self.look = DictLookup(self.records)

    def object(self, name: str) -> XoObject:
        where = POOL_REF if name == "pool" else ref(name)
        record = self.records[where]
        found = PROJECTIONS[record.xapi_class.lower()](where, record, self.look)
        assert found is not None
        assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
        return found

    def show(self, name: str) -> dict[str, Any]:
        """What clients read of the object: its JSON."""
        found: dict[str, Any] = json.loads(msgspec.json.encode(self.object(name)))
        return found


def ref(name: str) -> str:
    return f"OpaqueRef:{name}"
