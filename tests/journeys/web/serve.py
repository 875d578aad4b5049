"""Starts a simulated pool and the service on free ports, prints a line of JSON that says where, ends when stdin closes.

Used by the browser journeys (`frontend/e2e`), which need both in their own processes, as a person would have them.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
from pathlib import Path

import httpx

ADMIN = ("admin@example.org", "correct horse battery staple")
POOL = ("root", "xensim")
SIM_ADDRESS = "127.7.3.1"
READY_S = 60.0


def free_port() -> int:
    """Free now; nothing else on this machine takes ports this fast."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(client: httpx.AsyncClient, url: str, process: asyncio.subprocess.Process) -> httpx.Response:
    """The first answer of `url`. Raises RuntimeError when its process ends or is not ready in time."""
    deadline = asyncio.get_running_loop().time() + READY_S
    while asyncio.get_running_loop().time() < deadline:
        if process.returncode is not None:
            raise RuntimeError(f"{url}: its process ended with {process.returncode}")
        try:
            response = await client.get(url)
        except httpx.TransportError:
            await asyncio.sleep(0.1)
            continue
        if response.status_code == 200:
            return response
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{url} is not ready after {READY_S:.0f} s")


async def python(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Run a module of ours; what it prints goes to stderr, since stdout is for the JSON."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=sys.stderr,
        env={**os.environ, **environment},
    )


async def until_stdin_closes() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass


async def main(vms: int) -> None:
    control, port = free_port(), free_port()
    processes: list[asyncio.subprocess.Process] = []
    with tempfile.TemporaryDirectory(prefix="podium-e2e-") as data:
        try:
            sim = await python(
                *("xensim", "--hosts", "3", "--vms", str(vms), "--address", SIM_ADDRESS, "--port", str(free_port())),
                *("--control-port", str(control)),
            )
            processes.append(sim)
            service = await python(
                *("podium", "serve"),
                PODIUM_HOST="127.0.0.1",
                PODIUM_PORT=str(port),
                PODIUM_DATA_DIR=data,
                PODIUM_ADMIN_EMAIL=ADMIN[0],
                PODIUM_ADMIN_PASSWORD=ADMIN[1],
                PODIUM_WEB_DIR=str(Path(__file__).parents[3] / "frontend/dist"),
                # cheap hashes: the journeys sign in often, and two cores are shared by the browser and three servers
                PODIUM_METRICS_INTERVAL_S="1",  # a host that fails is given up sooner, and found again sooner
                PODIUM_PASSWORD_MEMORY_KIB="1024",
                PODIUM_PASSWORD_TIME_COST="1",
            )
            processes.append(service)
            url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(timeout=10) as client:
                state = (await answers(client, f"http://{SIM_ADDRESS}:{control}/state", sim)).json()
                await answers(client, f"{url}/rest/v0/ping", service)
            print(
                json.dumps(
                    {
                        "url": url,
                        "user": ADMIN[0],
                        "password": ADMIN[1],
                        "pool": state["url"].removeprefix("https://"),
                        "poolUser": POOL[0],
                        "poolPassword": POOL[1],
                        "fingerprint": state["fingerprint"],
                        "control": f"http://{SIM_ADDRESS}:{control}",
                    }
                ),
                flush=True,
            )
            await until_stdin_closes()
        finally:
            for process in processes:
                if process.returncode is None:
                    process.terminate()
            for process in processes:
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
