"""The command line: serve a simulated pool until it is told to stop."""

import asyncio
import gc
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from xensim.neighbours import Neighbours
from xensim.serving import serving
from xensim.sim import Options, Sim

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(  # noqa: PLR0913, PLR0917 - one parameter per option of the command
    hosts: Annotated[int, typer.Option(min=1, max=64)] = 3,
    vms: Annotated[int, typer.Option(min=0)] = 200,
    seed: int = 1,
    pools: Annotated[
        int, typer.Option(min=1, max=16, help="that VMs move between; each on the next addresses, with the next seed")
    ] = 1,
    port: Annotated[int, typer.Option(help="of every host; 0 is any free one")] = 8443,
    address: Annotated[str, typer.Option(help="of the coordinator; members follow on the next ones")] = "127.0.0.1",
    control_port: Annotated[int | None, typer.Option(help="faults, churn and records over HTTP")] = None,
    churn: Annotated[float, typer.Option(help="changes a second")] = 0.0,
    tls: Annotated[bool, typer.Option("--tls/--no-tls")] = True,
    user: str = "root",
    password: str = "xensim",  # noqa: S107 - of a simulated host
    load: Annotated[Path | None, typer.Option(help="records of a pool, .json or .json.gz", exists=True)] = None,
    dump: Annotated[Path | None, typer.Option(help="write the pool's records here when it is ready")] = None,
) -> None:
    """Serve a simulated XenServer pool, or several that know each other."""
    if pools > 1 and (load is not None or dump is not None):
        raise typer.BadParameter("records of a pool are of one pool", param_hint="--pools")
    options = Options(
        hosts=hosts,
        vms=vms,
        seed=seed,
        tls=tls,
        address=address,
        port=port,
        control_port=control_port,
        user=user,
        password=password,
        load=load,
    )
    try:
        uvloop.run(_run([_another(options, at) for at in range(pools)], churn, dump))
    except OSError as error:
        typer.echo(f"xensim: {error}", err=True)
        raise typer.Exit(1) from error


def _another(options: Options, at: int) -> Options:
    """The options of the pool that comes `at`-th, on addresses after those of the pools before it."""
    control = options.control_port
    return replace(
        options,
        seed=options.seed + at,
        address=str(ip_address(options.address) + at * options.hosts),
        control_port=control + at if control else control,
    )


async def _run(pools: list[Options], churn: float, dump: Path | None) -> None:
    known = Neighbours()
    async with AsyncExitStack() as served:
        served.push_async_callback(known.close)
        sims = [await served.enter_async_context(serving(options, known)) for options in pools]
        # The pools' records live as long as the process: without this, each full collection walks all of them.
        gc.collect()
        gc.freeze()
        if dump is not None:
            sims[0].dump(dump)
        stop = _stop_signal()
        for sim in sims:
            sim.churn(churn)
            typer.echo(_ready(sim))
        await stop.wait()


def _ready(sim: Sim) -> str:
    vms = sum(
        not row.record["is_a_template"] and not row.record["is_control_domain"] for row in sim.db.rows("VM").values()
    )
    return f"xensim ready on {sim.url} ({sim.db.count('host')} hosts, {vms} VMs)"


def _stop_signal() -> asyncio.Event:
    """Set when the process is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def main() -> None:
    """The entry point of the command."""
    app()
