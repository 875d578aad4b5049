"""Lists over HTTP: everything, a little of everything, and little."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from bench.lab import Lab, cpu_of, median, percentile
from bench.process import Process, free_port
from bench.report import Row, ms, times
from bench.service import Service
from bench.wire import Answer, Wire

RUNS: Final = 15
SHORT_RUNS: Final = 60
CROWD: Final = 8
CROWD_S: Final = 4.0
PINGS_S: Final = 5.0
MOST_RATIO: Final = 3.0
FIRST_BYTE_S: Final = 0.02
PING_S: Final = 0.02
"""A ping beside a list that is being compressed: what people do not notice."""
ALL: Final = "/rest/v0/vms?fields=*"


@dataclass(frozen=True, slots=True)
class Short:
    """A list that asks for less than everything."""

    what: str
    query: str
    limit_s: float


SHORT: Final = (
    Short("two fields", "fields=name_label,power_state", 0.025),
    Short("one filter clause", f"fields=name_label,power_state&filter={quote('power_state:Running')}", 0.020),
    Short(
        "two filter clauses", f"fields=name_label,power_state&filter={quote('power_state:Running CPUs:max:>4')}", 0.010
    ),
    Short("`limit=25`", "fields=*&limit=25", 0.002),
)


def lists(lab: Lab) -> Iterator[Row]:
    """Each form of the whole list against a static handler, then the others."""
    service = lab.service
    yield from _whole(lab, service, "`GET /vms?fields=*`", ALL)
    yield from _whole(lab, service, "the same as ndjson", f"{ALL}&ndjson=true")
    yield from _gzip(lab, service)
    for one in SHORT:
        yield _short(lab, service, one)


def _whole(lab: Lab, service: Service, what: str, path: str) -> Iterator[Row]:
    wire = service.wire()
    body = wire.get(path).body
    file = lab.directory() / "body"
    file.write_bytes(body)
    port = free_port()
    with Process("-m", "bench.static_server", str(file), str(port)) as static:
        floor_wire = _when_ready(port, static)
        answers: list[Answer] = []
        floors: list[Answer] = []
        before, floor_before = service.cpu_s(), static.cpu_s()
        for _ in range(lab.repeats(RUNS)):
            floors.append(floor_wire.get("/"))
            answers.append(wire.get(path))
        cpu_s = (service.cpu_s() - before) / len(answers)
        floor_cpu_s = (static.cpu_s() - floor_before) / len(floors)
        floor_s, took_s = median([one.total_s for one in floors]), median([one.total_s for one in answers])
        floor_rate = _rate(lab, port, "/", "")
        rate = _rate(lab, service.port, path, service.auth)
        floor_wire.close()
    wire.close()
    if len(floors[0].raw) != len(body):
        raise RuntimeError("the floor sends something else")
    size = f"{len(body) / 1e6:.0f} MB"
    yield Row(
        f"a static handler, {size}",
        "",
        f"{ms(floor_s)}; {floor_rate:.0f} requests/s",
        "1",
        f"{ms(floor_cpu_s)} (its own)",
    )
    yield Row(
        f"{what}, 1 client",
        "at most 3 times a static handler",
        ms(took_s),
        times(took_s / floor_s),
        ms(cpu_s),
        took_s <= MOST_RATIO * floor_s,
    )
    yield Row(
        f"{what}, {CROWD} clients",
        "at least a third of a static handler's",
        f"{rate:.1f} requests/s",
        times(floor_rate / rate),
        reached=rate * MOST_RATIO >= floor_rate,
    )
    first_s = median([one.first_byte_s for one in answers])
    yield Row(f"{what}, first byte", "20 ms", ms(first_s), reached=first_s <= FIRST_BYTE_S)


def _rate(lab: Lab, port: int, path: str, auth: str) -> float:
    seconds = lab.seconds(CROWD_S)
    with Process(
        "-m", "bench.load", "lists", "--port", str(port), "--path", path, "--auth", auth, "--clients", str(CROWD),
        "--seconds", str(seconds),
    ) as load:  # fmt: skip
        return int(load.line()) / seconds


def _gzip(lab: Lab, service: Service) -> Iterator[Row]:
    wire, other = service.wire(), service.wire()
    packed = [wire.get(ALL, headers="accept-encoding: gzip\r\n") for _ in range(lab.repeats(3))]
    cpu_s = cpu_of(service, lambda: _ignore(wire.get(ALL, headers="accept-encoding: gzip\r\n")), lab.repeats(3))
    alone = [other.get("/rest/v0/ping").total_s for _ in range(lab.repeats(300))]
    seconds = lab.seconds(PINGS_S)
    beside: list[float] = []
    with Process(
        "-m", "bench.load", "lists", "--port", str(service.port), "--path", ALL, "--clients", "1", "--seconds",
        str(seconds), "--auth", f"{service.auth}accept-encoding: gzip\r\n",
    ) as load:  # fmt: skip
        while sum(beside) < seconds * 0.8:
            beside.append(other.get("/rest/v0/ping").total_s)
        load.line()
    wire.close()
    other.close()
    yield Row(
        "`GET /vms?fields=*`, gzip",
        "nobody is blocked",
        f"{ms(median([one.total_s for one in packed]))} for {len(packed[0].body) / 1e6:.1f} MB",
        cpu=ms(cpu_s),
    )
    worst = percentile(beside, 0.99)
    yield Row(
        "`/ping` while a client takes gzip lists",
        f"p99 under {ms(PING_S)}",
        f"p50 {ms(median(beside))}, p99 {ms(worst)} (alone: {ms(median(alone))}, {ms(percentile(alone, 0.99))})",
        reached=worst < PING_S,
    )


def _short(lab: Lab, service: Service, one: Short) -> Row:
    wire = service.wire()
    path = f"/rest/v0/vms?{one.query}"
    rows = wire.get(path).header(b"x-total-count")
    took_s = median([wire.get(path).total_s for _ in range(lab.repeats(SHORT_RUNS))])
    cpu_s = cpu_of(service, lambda: _ignore(wire.get(path)), lab.repeats(SHORT_RUNS))
    wire.close()
    return Row(
        f"`GET /vms`, {one.what} ({rows} rows match)",
        f"under {one.limit_s * 1000:.0f} ms",
        ms(took_s),
        cpu=ms(cpu_s),
        reached=took_s < one.limit_s,
    )


def _ignore(answer: Answer) -> None:
    if answer.status != 200:
        raise RuntimeError(answer.body[:300].decode())


def _when_ready(port: int, process: Process) -> Wire:
    while True:
        try:
            return Wire(port)
        except OSError:
            if process.popen.poll() is not None:
                raise
