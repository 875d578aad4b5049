"""What projecting one object costs, by type, on a recorded pool.

python bench/projection.py [--golden ../shared/xo/golden]

Prints CPU microseconds per object: projected through a Lookup of plain dicts (the projection's own cost), through the
real Mirror (with its notes of who read what), and encoded to JSON. The budget: a VM 25 us, small objects 5 us.
"""

import argparse
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import TypeVar

import msgspec
from msgspec import UNSET

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "backend"))

from podium.cache.mirror import Event, Mirror  # noqa: E402 - runs without an installed package
from podium.model.base import Maybe, XoObject  # noqa: E402
from podium.model.identity import is_null, object_id  # noqa: E402
from podium.model.registry import BY_STRUCT, PROJECTIONS  # noqa: E402
from podium.xapi.records import RECORDS, PoolRecord, Record  # noqa: E402

R = TypeVar("R", bound=Record)
T = TypeVar("T")

BUDGET = {"VM": 25.0, "VM-template": 25.0, "VM-snapshot": 25.0, "VM-controller": 25.0, "VBD": 5.0, "VIF": 5.0}
BUDGET |= {"VDI": 5.0, "VDI-snapshot": 5.0, "PBD": 5.0}
REPEAT = 7


class PlainLookup:
    """Two dict reads per question and nothing noted."""

    def __init__(self, records: dict[str, Record], pool_ref: str) -> None:
        self.records = records
        self.pool_ref = pool_ref
        self.pool_id = records[pool_ref].uuid
        self.ids = {ref: object_id(ref, record, self.pool_id) for ref, record in records.items()}
        self.by_uuid = {(type(record), record.uuid): ref for ref, record in records.items()}

    def link(self, ref: str) -> str | Maybe:
        return self.ids.get(ref, UNSET)

    def links(self, refs: Sequence[str]) -> tuple[str | None, ...]:
        ids = self.ids
        return tuple([ids.get(ref) for ref in refs if not is_null(ref)])

    def record(self, kind: type[R], ref: str) -> R | None:
        found = self.records.get(ref)
        return found if isinstance(found, kind) else None

    def fact(self, kind: type[R], ref: str, fact: Callable[[R], T]) -> T | None:
        found = self.records.get(ref)
        return fact(found) if isinstance(found, kind) else None

    def find(self, kind: type[R], uuid: str) -> str | None:
        return self.by_uuid.get((kind, uuid))


def best_us(action: Callable[[], object], count: int) -> float:
    """The least CPU time of REPEAT runs, for one of `count` objects."""
    times = []
    for _ in range(REPEAT):
        start = process_time()
        action()
        times.append(process_time() - start)
    return min(times) / count * 1e6


def groups_of(records: Mapping[str, Record], look: PlainLookup) -> dict[str, list[tuple[str, Record]]]:
    """The records by the type of object that they show."""
    found: dict[str, list[tuple[str, Record]]] = defaultdict(list)
    for ref, record in records.items():
        projection = PROJECTIONS.get(record.xapi_class.lower())
        obj = projection(ref, record, look) if projection is not None else None
        if obj is not None:
            found[BY_STRUCT[type(obj)].type].append((ref, record))
    return found


def project_all(rows: list[tuple[str, Record]], look: PlainLookup) -> list[XoObject | None]:
    projection = PROJECTIONS[rows[0][1].xapi_class.lower()]
    return [projection(ref, record, look) for ref, record in rows]


def through_mirror(records: Mapping[str, Record], pool_ref: str, pool_id: str) -> None:
    mirror = Mirror(projections=PROJECTIONS, pool_ref=pool_ref, pool_id=pool_id)
    mirror.apply(Event(record.xapi_class.lower(), ref, record) for ref, record in records.items())
    while mirror.pending:
        mirror.project(1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, default=ROOT.parent / "shared/xo/golden")
    path = parser.parse_args().golden / "records.json.gz"
    if not path.exists():
        sys.exit(f"no recording at {path}")
    with gzip.open(path) as file:
        raw = json.load(file)
    records: dict[str, Record] = {
        ref: msgspec.json.decode(json.dumps(row), type=RECORDS[name.lower()])
        for name, rows in raw.items()
        if name.lower() in RECORDS
        for ref, row in rows.items()
    }
    pool_ref = next(ref for ref, record in records.items() if isinstance(record, PoolRecord))
    look = PlainLookup(records, pool_ref)
    encoder = msgspec.json.Encoder()
    print(f"{'type':<16}{'objects':>8}{'project us':>12}{'encode us':>11}{'budget':>8}")
    over = []
    for name, rows in sorted(groups_of(records, look).items()):
        repeated = rows * max(1, 2000 // len(rows))
        us = best_us(lambda rows=repeated: project_all(rows, look), len(repeated))  # type: ignore[misc]  # a default
        objects = project_all(repeated, look)
        encode_us = best_us(lambda objects=objects: [encoder.encode(obj) for obj in objects], len(objects))  # type: ignore[misc]
        budget = BUDGET.get(name)
        if budget is not None and us > budget:
            over.append(name)
        print(f"{name:<16}{len(rows):>8}{us:>12.2f}{encode_us:>11.2f}{budget or '':>8}")
    shown = sum(len(rows) for rows in groups_of(records, look).values())
    us = best_us(lambda: through_mirror(records, pool_ref, look.pool_id), shown)
    print(f"\nthe whole pool through a fresh Mirror: {us:.2f} us per object ({shown} objects)")
    if over:
        sys.exit(f"over budget: {', '.join(over)}")


if __name__ == "__main__":
    main()
