"""What the measurements share: one pool, one service that is connected to it, and statistics."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.pool import Pool
from bench.process import Process
from bench.service import Service

QUIET_S: Final = 0.5
QUIETS: Final = 7
"""So often in a row: the service writes its last-known state down two seconds after it changed."""
CALM: Final = 0.03
"""A process that uses less than this share of a core has nothing left to do."""


class Lab:
    """Starts what a measurement needs when it is first asked for, and stops everything at the end."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self._stack = contextlib.ExitStack()
        self._directory = Path(tempfile.mkdtemp(prefix="podium-bench-"))
        self._stack.callback(shutil.rmtree, self._directory, ignore_errors=True)
        self._directories = 0
        self._pool: Pool | None = None
        self._service: Service | None = None
        self._settled = False

    @property
    def pool(self) -> Pool:
        if self._pool is None:
            self._pool = self._stack.enter_context(Pool())
        return self._pool

    @property
    def service(self) -> Service:
        """A service that is connected to the pool and has nothing left to do."""
        if self._service is None:
            service = self.start()
            service.sign_in()
            service.act(service.add(self.pool), "connect")
            self.keep(service)
        assert self._service is not None
        if not self._settled:
            settle(self._service)
            self._settled = True
        return self._service

    def keep(self, service: Service) -> None:
        """Make this connected service the one that is measured from now on."""
        if self._service is not None:
            self._service.stop()
        self._service = service
        self._settled = False

    def start(self, data_dir: Path | None = None, *, metrics: bool = False) -> Service:
        """Another service, with the state of `data_dir` or none. It is stopped at the end if nobody does before.

        `metrics`: it reads the hosts' measurements, too; its work would show in everything else.
        """
        return self._stack.enter_context(Service(data_dir or self.directory(), metrics=metrics))

    def directory(self) -> Path:
        """A new one, gone at the end."""
        self._directories += 1
        path = self._directory / str(self._directories)
        path.mkdir()
        return path

    def run(self, *arguments: str) -> Process:
        """Another process, stopped at the end."""
        return self._stack.enter_context(Process(*arguments))

    def repeats(self, usual: int) -> int:
        return max(1, usual // 3) if self.quick else usual

    def seconds(self, usual: float) -> float:
        return usual / 3 if self.quick else usual

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()


def settle(process: Process, *, limit_s: float = 30.0) -> None:
    """Wait until the process has nothing left to do."""
    end = time.monotonic() + limit_s
    quiet = 0
    while quiet < QUIETS and time.monotonic() < end:
        before = process.cpu_s()
        time.sleep(QUIET_S)
        quiet = quiet + 1 if process.cpu_s() - before <= CALM * QUIET_S else 0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie. Raises ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def cpu_of(process: Process, action: Callable[[], None], count: int) -> float:
    """Processor time of `process` for one of `count` times that `action` is done."""
    before = process.cpu_s()
    for _ in range(count):
        action()
    return (process.cpu_s() - before) / count
