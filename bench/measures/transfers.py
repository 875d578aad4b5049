"""Disks as streams: 2 GiB out of the pool and into it, against a bare pipe between the same sockets."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import msgspec

from bench.lab import Lab, median
from bench.process import Process, free_port
from bench.report import Row
from bench.service import POOL_PASSWORD, POOL_USER, Service

SIZE: Final = 2 << 30
BLOCK: Final = 1 << 20
RUNS: Final = 3
LEAST_SHARE: Final = 0.6
MOST_GROWTH: Final = 64 << 20
"""Bytes of memory that a transfer may add, whatever its size."""
LOOK_S: Final = 0.05


def transfers(lab: Lab) -> Iterator[Row]:
    """Export and import of one raw disk, in turn through a pipe and through the service."""
    service = lab.service
    size = SIZE // 4 if lab.quick else SIZE
    pool = urlsplit(lab.pool.url)
    host, host_port = str(pool.hostname), int(pool.port or 80)
    session = _xapi(host, host_port, "session.login_with_password", POOL_USER, POOL_PASSWORD, "1.0", "bench")
    disk = _disk(service, size)
    vdi = _xapi(host, host_port, "VDI.get_by_uuid", session, disk)
    port = free_port()
    with Process("-m", "bench.pipe", str(port), host, str(host_port)) as pipe:
        pipe.line()
        there = f"?session_id={session}&vdi={vdi}&format=raw"
        path = f"/rest/v0/vdis/{disk}.raw"
        headers = {"cookie": f"authenticationToken={service.token}"}

        def export_floor() -> float:
            return _get(port, f"/export_raw_vdi{there}", {}, size)

        def export() -> float:
            return _get(service.port, path, headers, size)

        def import_floor() -> float:
            return _put(port, f"/import_raw_vdi{there}", {}, size)

        def imported() -> float:
            return _put(service.port, path, {"authorization": f"Bearer {service.token}"}, size)

        yield from _both(lab, service, pipe, _Way("import", import_floor, imported), size)
        yield from _both(lab, service, pipe, _Way("export", export_floor, export), size)


class _Way(NamedTuple):
    """One direction: through the pipe, and through the service. Each is done once and answers its seconds."""

    what: str
    floor: Callable[[], float]
    ours: Callable[[], float]


def _both(lab: Lab, service: Service, pipe: Process, way: _Way, size: int) -> Iterator[Row]:
    what, floor, ours = way
    floors: list[float] = []
    took: list[float] = []
    before, floor_before, rss = service.cpu_s(), pipe.cpu_s(), service.rss()
    with _Peak(service) as peak:
        for _ in range(lab.repeats(RUNS)):
            floors.append(floor())
            took.append(ours())
    floor_s, took_s = median(floors), median(took)
    share = floor_s / took_s
    yield Row(
        f"{what} of {size >> 20} MiB through a bare pipe",
        "",
        f"{size / floor_s / 1e6:.0f} MB/s",
        "1",
        f"{(pipe.cpu_s() - floor_before) / len(floors):.2f} s (its own)",
    )
    yield Row(
        f"the same through Podium, a raw disk ({what})",
        f"at least {LEAST_SHARE:.0%} of the pipe",
        f"{size / took_s / 1e6:.0f} MB/s, {share:.0%}",
        f"{1 / share:.2f}",
        f"{(service.cpu_s() - before) / len(took):.2f} s",
        share >= LEAST_SHARE,
    )
    grown = max(0, peak.most - rss)
    yield Row(
        f"memory that the {what} takes, at its peak",
        f"under {MOST_GROWTH >> 20} MiB",
        f"{grown / (1 << 20):.0f} MiB",
        reached=grown < MOST_GROWTH,
    )


class _Peak:
    """The most memory that a process has while this is open."""

    def __init__(self, process: Process) -> None:
        self.most = process.rss()
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self.most = max(self.most, self._process.rss())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def _get(port: int, path: str, headers: dict[str, str], size: int) -> float:
    """Seconds until the last byte of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(answer.read(500).decode())
    buffer = memoryview(bytearray(BLOCK))
    got = 0
    while count := answer.readinto(buffer):
        got += count
    took_s = time.perf_counter() - began
    connection.close()
    if got != size:
        raise RuntimeError(f"{got} bytes of {size} came")
    return took_s


def _put(port: int, path: str, headers: dict[str, str], size: int) -> float:
    """Seconds until the answer to the last byte."""
    block = bytes(range(256)) * (BLOCK // 256)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.putrequest("PUT", path)
    for name, value in {**headers, "content-length": str(size)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    for _ in range(size // BLOCK):
        connection.send(block)
    answer = connection.getresponse()
    body = answer.read()
    took_s = time.perf_counter() - began
    connection.close()
    if answer.status >= 300:
        raise RuntimeError(body[:500].decode())
    return took_s


def _disk(service: Service, size: int) -> str:
    """A new disk on shared storage; its id."""
    wire = service.wire()
    srs = msgspec.convert(wire.get("/rest/v0/srs?fields=id,SR_type&filter=shared%3F").json(), list[dict[str, str]])
    wire.close()
    sr = next(one["id"] for one in srs if one["SR_type"] == "nfs")
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    body = msgspec.json.encode({"srId": sr, "virtual_size": size, "name_label": "bench"})
    headers = {"authorization": f"Bearer {service.token}", "content-type": "application/json"}
    connection.request("POST", "/rest/v0/vdis", body, headers)
    answer = connection.getresponse()
    found: Any = msgspec.json.decode(answer.read())
    connection.close()
    if answer.status != 201:
        raise RuntimeError(str(found))
    return str(found["id"])


def _xapi(host: str, port: int, method: str, *params: object) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=60)
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    connection.request("POST", "/jsonrpc", body, {"content-type": "application/json"})
    reply: Any = msgspec.json.decode(connection.getresponse().read())
    connection.close()
    if "error" in reply:
        raise RuntimeError(str(reply["error"]))
    return str(reply["result"])
