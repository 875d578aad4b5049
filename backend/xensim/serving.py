"""Serving a pool while a context lasts: `async with xensim.serve(hosts=3, vms=10, seed=1) as sim`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypedDict, Unpack

from xensim.clock import Clock
from xensim.control import Control
from xensim.neighbours import Neighbours
from xensim.sim import Options, Sim


class Overrides(TypedDict, total=False):
    """The fields of Options, as keywords of `serve`."""

    hosts: int
    vms: int
    seed: int
    tls: bool
    address: str
    port: int
    control_port: int | None
    user: str
    password: str
    load: Path | None
    pace: float
    login_penalty_s: float
    clock: Clock


def serve(neighbours: Neighbours | None = None, **options: Unpack[Overrides]) -> AbstractAsyncContextManager[Sim]:
    """Serve a pool while the context lasts; what is left out is as in Options.

    Hosts can move between pools that are given the same `neighbours`; VMs move between any pools of this process.
    """
    return serving(Options(**options), neighbours)


@asynccontextmanager
async def serving(options: Options, neighbours: Neighbours | None = None) -> AsyncIterator[Sim]:
    """Serve a pool while the context lasts. `neighbours`: the pools of this process that hosts may move between."""
    sim = Sim(options)
    control = Control(sim)
    known = neighbours or Neighbours()
    known.add(sim)
    try:
        await sim.start()
        if options.control_port is not None:
            await control.listen(options.address, options.control_port)
            sim.control_port = control.port
        yield sim
    finally:
        await control.close()
        await sim.stop()
        if neighbours is None:
            await known.close()
