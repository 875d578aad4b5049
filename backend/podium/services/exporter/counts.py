"""How many there are: what Xen Orchestra's exporter tells of itself, and what this service tells of itself."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from podium.cache.objects import Objects
from podium.cache.turns import Turns
from podium.metrics.rings import Condition
from podium.model.host import Host
from podium.model.server import Server
from podium.model.sr import SR
from podium.model.task import Task
from podium.services.access import Viewer
from podium.services.dashboards.counters import Counters
from podium.services.exporter.exposition import Family, pairs

Samples = list[tuple[str, float]]
_STARTED: Final = time.time()
"""This module is read when the service begins."""


def _one(value: float) -> Samples:
    return [("", value)]


async def counted(objects: Objects, counters: Counters, viewer: Viewer) -> list[tuple[Family, Samples]]:
    """Counts of what the viewer may see, in Xen Orchestra's names."""
    pools, hosts = await counters.sums("pool", viewer), await counters.sums("host", viewer)
    vms = await counters.sums("VM", viewer)
    pending = users = 0
    contents: Counter[str] = Counter()
    versions: Counter[tuple[str, str]] = Counter()
    licences: Counter[str] = Counter()
    with Turns() as turns:
        for kind in ("SR", "host", "task", "user"):
            for entry in objects.ordered(kind):
                await turns.rest()
                if not viewer.sees(entry):
                    continue
                match entry.object:
                    case SR() as sr:
                        contents[sr.content_type or "unknown"] += 1
                    case Host() as host:
                        versions[_text(host.product_brand), _text(host.version)] += 1
                        licences[host.license_params.get("sku_type", "?")] += 1
                    case Task() as task:
                        pending += task.status == "pending"
                    case _:
                        users += 1
    return [
        (Family("xo_task_pending", "Tasks under way"), _one(pending)),
        (Family("xo_pool_total", "Pools"), _one(pools.get("total", 0))),
        (Family("xo_host_total", "Hosts"), _one(hosts.get("total", 0))),
        (Family("xo_vm_total", "VMs"), _one(vms.get("total", 0))),
        (Family("xo_user_total", "Users"), _one(users)),
        (Family("xo_group_total", "Groups"), _one(0)),
        (Family("xo_socket_total", "CPU sockets of all hosts"), _one(hosts.get("sockets", 0))),
        (
            Family("xo_sr_total", "SRs by what they hold"),
            [(pairs((("content_type", kind),)), count) for kind, count in sorted(contents.items())],
        ),
        (
            Family("xo_host_version_total", "Hosts by product and version"),
            [
                (pairs((("product_brand", brand), ("version", version))), count)
                for (brand, version), count in sorted(versions.items())
            ],
        ),
        (
            Family("xo_host_license_total", "Hosts by licence"),
            [(pairs((("sku_type", kind),)), count) for kind, count in sorted(licences.items())],
        ),
    ]


class Own:
    """The service's own numbers. They tell of everything, so they are for administrators."""

    def __init__(
        self,
        objects: Objects,
        *,
        version: str,
        streams: Callable[[], int],
        conditions: Callable[[], Iterable[Condition]],
    ) -> None:
        """`conditions`: how the metrics of each host are."""
        self._objects = objects
        self._version = version
        self._streams = streams
        self._conditions = conditions

    def __call__(self) -> Iterable[tuple[Family, Samples]]:
        states: Counter[str] = Counter()
        events: Samples = []
        for entry in self._objects.of_type("server").values():
            if isinstance(server := entry.object, Server):
                states[_text(server.state)] += 1
                if isinstance(server.events_per_second, int | float):
                    labels = (("pool_id", _text(server.pool_id)), ("pool_name", _text(server.pool_name_label)))
                    events.append((pairs((("server_id", server.id), *labels)), server.events_per_second))
        conditions = list(self._conditions())
        polled: Counter[str] = Counter(condition.state for condition in conditions)
        hosts = [(pairs((("host_id", condition.host),)), condition) for condition in conditions]
        return [
            (Family("podium_info", "Always 1: the label version tells"), [(pairs((("version", self._version),)), 1)]),
            (Family("podium_connections", "Servers by the state of their connection"), _by("state", states)),
            (Family("podium_events_per_second", "Events that a pool sends"), events),
            (Family("podium_objects", "Objects in the cache"), _one(len(self._objects))),
            (Family("podium_streams", "Clients that follow"), _one(self._streams())),
            (Family("podium_polled_hosts", "Hosts by the state of their metrics"), _by("state", polled)),
            (
                Family("podium_polls_total", "Requests for metrics", "counter"),
                [(labels, condition.requests) for labels, condition in hosts],
            ),
            (
                Family("podium_poll_failures_total", "Requests for metrics that failed", "counter"),
                [(labels, condition.failures) for labels, condition in hosts],
            ),
            (
                Family("process_cpu_seconds_total", "Processor time of the service", "counter"),
                _one(time.process_time()),
            ),
            (Family("process_resident_memory_bytes", "Memory of the service"), _resident()),
            (Family("process_start_time_seconds", "When the service began, seconds since 1970"), _one(_STARTED)),
        ]


def _by(label: str, counts: Counter[str]) -> Samples:
    return [(pairs(((label, name),)), count) for name, count in sorted(counts.items())]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _resident() -> Samples:
    """Where the system tells: Linux. Source: proc(5), statm."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return []
    return _one(pages * os.sysconf("SC_PAGE_SIZE"))
