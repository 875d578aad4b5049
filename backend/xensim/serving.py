"""Serving a pool while a context lasts: `async with xensim.serve(hosts=3, vms=10, seed=1) as sim`."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypedDict, Unpack

from xensim.clock import Clock
from xensim.control import Control
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


def serve(**options: Unpack[Overrides]) -> AbstractAsyncContextManager[Sim]:
    """Serve a pool while the context lasts; what is left out is as in Options."""
    return serving(Options(**options))


@asynccontextmanager
async def serving(options: Options) -> AsyncIterator[Sim]:
    """Serve a pool while the context lasts."""
    sim = Sim(options)
    control = Control(sim)
    try:
        await sim.start()
        if options.control_port is not None:
            await control.listen(options.address, options.control_port)
            sim.control_port = control.port
        yield sim
    finally:
        await control.close()
        await sim.stop()
