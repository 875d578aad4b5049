"""Faults of measurements: what can go wrong with the RRDs of one host or of all."""

from __future__ import annotations

from collections.abc import Iterator

from xensim.pool import Pool
from xensim.rrd.misbehaviour import Misbehaviour, Shape

_SHAPES: tuple[Shape, ...] = ("", "old", "xml")


class RrdFaults:
    """Each method makes one thing go wrong until `clear`, or for so many answers. `host` is a ref, None every host."""

    def __init__(self, pool: Pool) -> None:
        self._measured = pool

    def skew_clock(self, seconds: float = 60.0, host: str | None = None) -> None:
        """A host's clock is so far ahead of ours, behind when negative: host.get_servertime and the times of RRDs."""
        for each in self._each(host):
            each.skew_s = seconds

    def rrd_fail(self, count: int = 1, host: str | None = None, status: int = 500) -> None:
        """The next requests for RRDs are answered with `status`: 500 or 503."""
        if status not in {500, 503}:
            raise TypeError("status: 500 or 503")
        for each in self._each(host):
            each.fails, each.status = count, status

    def rrd_slow(self, seconds: float = 1.0, host: str | None = None) -> None:
        """Answers to requests for RRDs come so much later."""
        for each in self._each(host):
            each.slow_s = seconds

    def rrd_truncate(self, count: int = 1, host: str | None = None) -> None:
        """The next RRDs stop in the middle, and their connections with them."""
        for each in self._each(host):
            each.truncated = count

    def rrd_garbage(self, count: int = 1, host: str | None = None) -> None:
        """The next RRDs have the right length and senseless content."""
        for each in self._each(host):
            each.garbage = count

    def rrd_shape(self, shape: Shape = "old", host: str | None = None) -> None:
        """What older servers answer who are asked for JSON: "old" JSON5 with bare names and numbers, "xml"."""
        if shape not in _SHAPES:
            raise TypeError("shape: old, xml or nothing")
        for each in self._each(host):
            each.shape = shape

    def rrd_coarser(self, archives: int = 1, host: str | None = None) -> None:
        """Requests for updates are answered from an archive so many further on, whose step is longer."""
        for each in self._each(host):
            each.coarser = archives

    def rrd_freeze(self, host: str | None = None) -> None:
        """A host measures no more: it answers, and the end of its RRDs stands still."""
        statistics = self._measured.statistics
        for ref in self._refs(host):
            statistics.faults.of(ref).frozen_at = statistics.now(ref)

    def rrd_clear(self, host: str | None = None) -> None:
        """End the faults of measurements."""
        for ref in self._refs(host):
            self._measured.statistics.faults.clear(ref)

    def _each(self, host: str | None) -> Iterator[Misbehaviour]:
        return (self._measured.statistics.faults.of(ref) for ref in self._refs(host))

    def _refs(self, host: str | None) -> list[str]:
        """Raises HANDLE_INVALID."""
        if host is None:
            return list(self._measured.db.refs("host"))
        self._measured.db.record("host", host)
        return [host]
