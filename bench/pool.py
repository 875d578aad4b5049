"""The simulated pool that everything is measured against."""

import time
from collections.abc import Sequence
from typing import Final, Self

import msgspec

from bench.process import Process, free_port
from bench.wire import Wire

HOSTS: Final = 10
VMS: Final = 10_000
STAMP: Final = "vm-stamp"
"""The churn that writes the time into a VM's description."""


class Pool(Process):
    """A xensim without TLS: the floors would spend more on it than on the records."""

    def __init__(self, *, vms: int = VMS) -> None:
        began = time.perf_counter()
        self.port = free_port()
        control = free_port()
        sizes = ("--hosts", str(HOSTS), "--vms", str(vms))
        ports = ("--port", str(self.port), "--control-port", str(control))
        super().__init__("-m", "xensim", *sizes, *ports, "--no-tls")
        self.line()
        self.started_s = time.perf_counter() - began
        self._control = Wire(control)
        state = self._get("/state")
        counts = msgspec.convert(state, _State).counts
        self.objects = sum(counts.values())
        """Of all classes: about what XAPI would answer for `*`."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def churn(self, rate: float, *, kinds: Sequence[str] = ()) -> None:
        """So many changes a second from now on; 0 ends them. `kinds`: the realistic mix if there are none."""
        answer = self._control.post("/churn", {"rate": rate, "kinds": list(kinds)})
        if answer.status != 200:
            raise RuntimeError(answer.body.decode())

    def descriptions(self) -> dict[str, str]:
        """What each VM's description is now, by uuid."""
        records = msgspec.convert(self._get("/records?class=VM"), dict[str, dict[str, _Described]])
        return {record.uuid: record.name_description for record in records["VM"].values()}

    def __enter__(self) -> Self:
        return self

    def _get(self, path: str) -> object:
        return self._control.get(path).json()


class _State(msgspec.Struct):
    counts: dict[str, int]


class _Described(msgspec.Struct):
    uuid: str
    name_description: str
