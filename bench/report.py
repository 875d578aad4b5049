"""The table: what was measured, what it should be, and `docs/benchmarks.md`."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("fastapi", "uvicorn", "uvloop", "httpx", "msgspec", "sqlalchemy")

_INTRODUCTION: Final = """\
# Benchmarks

What Podium costs on a pool of 10 hosts and 10,000 VMs, simulated by `xensim` on the same machine: {objects:,} objects
of XAPI's classes, started in {started_s:.1f} s.

Every number is of one run of `make bench` ({day}, {minutes:.0f} minutes) on {machine}. The pool, the service
(`podium serve`, with SQLite in a directory of its own) and the clients share its cores, so times are what a client saw
on a busy machine; **CPU** is the processor time of the service's process alone, and the **ratio** compares with a
floor measured in the
same run, a moment before or after. A floor is the least that could be done: what it does is told below the table.
"""

_HOW: Final = """\
## How to run it

```
make bench                                      # everything: less than ten minutes
.venv/bin/python bench/run.py --quick           # shorter runs, no file written
.venv/bin/python bench/run.py --only connect    # one of: {names}
```

`docs/benchmarks.md` is written by a whole run only. Quiet the machine first: other work on the same cores shows in
times, hardly in CPU time and ratios.

## What is compared with what

- **A bare client** logs in, asks `event.from` for the same classes in the same groups over httpx, decodes the JSON
  with msgspec into plain values with the garbage collector off, and drops them (`bench/bare_client.py`).
- **A static handler** is an ASGI application under the same uvicorn that sends the list's bytes, read from a file, in
one
  piece (`bench/static_server.py`). Both are read by the same client: a socket and a buffer.
- **The pool's own delay** is what a bare `event.from` loop sees beside the service in the same seconds: from the moment
  a VM's record changes to the complete answer. XAPI makes a caller wait at least 50 ms, so it is never small.
- **A change** is a VM's description that holds the time at which it was written, so each frame tells its own age.
  Changes per second are what the simulator is asked for.
- **Clients of the stream** ask for `{fields}` of every VM. Among many clients the stamps of {watched} are read, spread
  evenly; of all others frames and bytes are counted, and that they end with the same frame as everybody.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `reached` None: told for comparison, nothing is promised."""

    what: str
    reach: str
    measured: str
    ratio: str = ""
    cpu: str = ""
    reached: bool | None = None


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | reach | measured now | ratio to the floor | CPU | |", "|---|---|---|---|---|---|"]
    for row in rows:
        mark = "" if row.reached is None else "yes" if row.reached else "**no**"
        lines.append(f"| {row.what} | {row.reach} | {row.measured} | {row.ratio} | {row.cpu} | {mark} |")
    return "\n".join(lines)


def document(
    rows: Sequence[Row],
    *,
    objects: int,
    started_s: float,
    took_s: float,
    names: Iterable[str],
    fields: str,
    watched: int,
) -> str:
    """The whole of `docs/benchmarks.md`."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    introduction = _INTRODUCTION.format(
        objects=objects,
        started_s=started_s,
        day=datetime.now(UTC).date().isoformat(),
        minutes=took_s / 60,
        machine=machine(),
    )
    how = _HOW.format(names=", ".join(names), fields=fields, watched=watched)
    return f"{introduction}\n{table(rows)}\n\nWith {packages}.\n\n{how}"


def machine() -> str:
    """The machine in words; nothing that names it."""
    cores = len(os.sched_getaffinity(0))
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{cores} cores of a {model} with {memory:.0f} GiB of memory, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def ms(seconds: float) -> str:
    """A time as people read it."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"


def times(value: float) -> str:
    return f"{value:.2f}"


def percent(value: float) -> str:
    return f"{value * 100:.1f} %"
