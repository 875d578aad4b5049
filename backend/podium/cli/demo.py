"""`podium demo`: a simulated pool in a process of its own, an account, and the service that shows it."""

import asyncio
import queue
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from pydantic import SecretStr

from podium.cli.offline import offline
from podium.cli.serving import serve
from podium.errors import PodiumError
from podium.services.server_store import ServerDraft
from podium.services.users import DEFAULT_ADMINISTRATOR, name_key
from podium.settings import Settings
from podium.xapi.address import parse_address
from podium.xapi.trust import presented

_READY: Final = "xensim ready on "
_READY_S: Final = 60.0
_LABEL: Final = "Demo"
_POOL_USER: Final = "root"


def demo(settings: Settings, *, hosts: int, vms: int) -> None:
    """Start everything, say where it is, serve until told to stop; the simulator ends with it."""
    # uvicorn ends gracefully and then sends the signal again: it must unwind this function, not kill the process
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    password = secrets.token_urlsafe(9)
    pool_password = secrets.token_urlsafe(9)
    with _simulator(hosts=hosts, vms=vms, password=pool_password) as url:
        try:
            asyncio.run(_prepare(settings, password, url, pool_password))
        except PodiumError as error:
            typer.echo(f"{error.title}: {error}", err=True)
            raise typer.Exit(1) from None
        shown = "localhost" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 -- compared only
        typer.echo(
            f"\n  Podium       http://{shown}:{settings.port}\n"
            f"  account      {DEFAULT_ADMINISTRATOR}\n"
            f"  password     {password}\n"
            f"  pool         {url} (simulated: {hosts} hosts, {vms} VMs)\n\n"
            "  Ctrl+C stops it.\n"
        )
        serve(settings)


async def _prepare(settings: Settings, password: str, url: str, pool_password: str) -> None:
    """One account and one server, whatever an earlier demo left: its passwords are gone with it."""
    async with offline(
        settings.model_copy(update={"admin_email": DEFAULT_ADMINISTRATOR, "admin_password": SecretStr(password)})
    ) as services:
        known = next(
            (user for user in services.users.all() if name_key(user.name) == name_key(DEFAULT_ADMINISTRATOR)), None
        )
        if known is None:
            await services.users.create(DEFAULT_ADMINISTRATOR, password, "admin")
        else:
            await services.users.set_password(known.id, password)
        for server in services.servers.all():
            if server.label == _LABEL:
                await services.servers.delete(server.id, by=services.operator)
        address = parse_address(url)
        fingerprint = (await presented(address)).fingerprint if address.scheme == "https" else None
        draft = ServerDraft(
            host=url, username=_POOL_USER, password=pool_password, label=_LABEL, fingerprint=fingerprint
        )
        await services.servers.create(draft, by=services.operator)


@contextmanager
def _simulator(*, hosts: int, vms: int, password: str) -> Iterator[str]:
    """The address of a simulated pool, once it is ready. It is another program: nothing of it is imported."""
    command = [sys.executable, "-m", "xensim", "--hosts", str(hosts), "--vms", str(vms), "--seed", "1"]
    command += ["--port", str(_free_port()), "--churn", "2", "--user", _POOL_USER, "--password", password]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603
    try:
        yield _ready_url(process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready_url(process: "subprocess.Popen[str]") -> str:
    """The address in the line `xensim ready on https://127.0.0.1:8443 (...)`. The rest of its output is swallowed."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        if process.stdout is not None:
            for line in process.stdout:
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, name="xensim output", daemon=True).start()
    try:
        while line := lines.get(timeout=_READY_S):
            if line.startswith(_READY):
                return line.removeprefix(_READY).split(maxsplit=1)[0]
    except queue.Empty:
        typer.echo("the simulated pool did not start in time", err=True)
        raise typer.Exit(1) from None
    typer.echo("the simulated pool ended before it was ready", err=True)
    raise typer.Exit(1)


def _free_port() -> int:
    """One that is free on all the addresses of the simulated hosts is free on any of them, most likely."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
