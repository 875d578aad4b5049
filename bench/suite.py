"""Runs the measurements, prints the table and writes it down."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from bench.lab import Lab
from bench.measures.connect import connect
from bench.measures.idle import idle
from bench.measures.lists import lists
from bench.measures.metrics import metrics
from bench.measures.people import people
from bench.measures.start import start
from bench.measures.stream import FIELDS, WATCHED, crowd, stream
from bench.measures.transfers import transfers
from bench.process import ROOT
from bench.report import Row, document, table

MEASURES: Final[dict[str, Callable[[Lab], Iterator[Row]]]] = {
    "connect": connect,
    "lists": lists,
    "people": people,
    "stream": stream,
    "crowd": crowd,
    "transfers": transfers,
    "metrics": metrics,
    "idle": idle,
    "start": start,
}


def main() -> None:
    """Exits with 1 when something misses its reach."""
    parser = argparse.ArgumentParser(description="What Podium costs on a pool of 10 hosts and 10,000 VMs.")
    parser.add_argument("--only", action="append", choices=tuple(MEASURES), help="may be given several times")
    parser.add_argument("--quick", action="store_true", help="a third of the runs and seconds")
    arguments = parser.parse_args()
    chosen = arguments.only or list(MEASURES)
    began = time.monotonic()
    rows: list[Row] = []
    with Lab(quick=arguments.quick) as lab:
        started_s, objects = lab.pool.started_s, lab.pool.objects
        print(f"the pool: {objects:,} objects, ready in {started_s:.1f} s", file=sys.stderr)
        for name in chosen:
            for row in MEASURES[name](lab):
                rows.append(row)
                print(f"{_mark(row)} {row.what}: {row.measured}  {row.ratio}  {row.cpu}", file=sys.stderr)
    if arguments.only or arguments.quick:
        print(table(rows))
    else:
        text = document(
            rows,
            objects=objects,
            started_s=started_s,
            took_s=time.monotonic() - began,
            names=MEASURES,
            fields=FIELDS,
            watched=WATCHED,
        )
        (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")
    sys.exit(any(row.reached is False for row in rows))


def _mark(row: Row) -> str:
    return "     " if row.reached is None else "  ok " if row.reached else "MISS "
