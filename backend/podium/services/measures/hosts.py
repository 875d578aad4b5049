"""Measured hosts: which hosts the pollers read, and why some of them cannot be read just now."""

from collections.abc import Callable, Iterator

from podium.cache.objects import Objects
from podium.metrics.poller import Target
from podium.model.host import Host


class MeasuredHosts:
    """Every host that the cache knows."""

    def __init__(self, objects: Objects, connected: Callable[[str], bool]) -> None:
        self._objects = objects
        self._connected = connected

    def targets(self) -> Iterator[tuple[Target, str | None]]:
        """Each host, and what is in the way of reading it, in words."""
        for entry in self._objects.of_type("host").values():
            host = entry.object
            if isinstance(host, Host):
                yield Target(host.id, host.pool, host.xapi_ref, host.address), self._trouble(host)

    def _trouble(self, host: Host) -> str | None:
        if not self._connected(host.pool):
            return "its pool is not connected just now"
        if host.power_state == "Halted":
            return "the host is not running"
        if not host.address:
            return "the pool does not say at which address the host answers"
        return None
