"""A client of the HTTP handlers: requests by method, path and query, bodies as bytes, disks with random content."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.xensim.caller import Caller
from tests.xensim.wire import connection
from xensim import Sim
from xensim.ops import images

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Answer:
    head: str
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])

    @property
    def task(self) -> str:
        found = re.search(r"task-id: ?(\S+)", self.head)
        return found[1] if found else ""


async def get(sim: Sim, path: str, *headers: str, address: str = "", method: str = "GET", **query: str) -> Answer:
    """A request without a body; everything that came until the server closed."""
    return await ask(sim, f"{method} {path}?{urlencode(query)} HTTP/1.1", list(headers), address=address)


async def put(sim: Sim, path: str, body: bytes, *headers: str, address: str = "", **query: str) -> Answer:
    lines = [f"Content-Length: {len(body)}", *headers]
    return await ask(sim, f"PUT {path}?{urlencode(query)} HTTP/1.1", lines, body, address=address)


async def ask(sim: Sim, first: str, headers: list[str], body: bytes = b"", *, address: str = "") -> Answer:
    async with connection(address or sim.coordinator, sim.port) as (reader, writer):
        writer.write("\r\n".join([first, "Host: x", *headers, "", ""]).encode())
        writer.write(body)
        head = await reader.readuntil(b"\r\n\r\n")
        return Answer(head[:-4].decode(), await reader.read())


def new_disk(sim: Sim, size: int, *, sr: str = "NFS vm-store") -> str:
    """An empty disk on storage that every host sees."""
    return images.create(sim.pool, sim.db.by_name("SR", sr)[0], size, name_label="disk")


def scatter(sim: Sim, vdi: str, size: int, *, seed: int = 1, runs: int = 12) -> None:
    """Write some runs of random bytes to random places, at the very end too."""
    rng = random.Random(seed)
    for _ in range(runs):
        length = rng.randrange(1, 3 * MIB)
        sim.pool.contents.write(vdi, rng.randrange(size - length), rng.randbytes(length))
    sim.pool.contents.write(vdi, size - 1000, rng.randbytes(1000))


def content(sim: Sim, vdi: str) -> bytes:
    return sim.pool.contents.read(vdi, 0, int(str(sim.db.field("VDI", vdi, "virtual_size"))))


def task(caller: Caller, answer: Answer) -> dict[str, object]:
    """The record of the task that an answer names."""
    return caller.sim.db.record("task", answer.task)


async def ended(sim: Sim, ref: str) -> dict[str, object]:
    """The record of a task once it has ended."""
    while sim.db.field("task", ref, "status") == "pending":
        await sim.db.changed.wait()
    return sim.db.record("task", ref)
