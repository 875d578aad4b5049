"""The floor of connecting: fetches the records that Podium fetches, decodes them, and does nothing else with them.

`python -m bench.bare_client URL` prints a line of JSON. As kind to the floor as can be: no garbage collector, and
msgspec, the fastest decoder there is for Python.
"""

import gc
import sys
import time
from typing import Final

import httpx
import msgspec
import uvloop

from bench.service import POOL_PASSWORD, POOL_USER
from podium.xapi.events import GROUPS

TIMEOUT_S: Final = 120.0


class Cost(msgspec.Struct):
    """What one run took."""

    wall_s: float
    cpu_s: float
    records: int


class _Result(msgspec.Struct):
    result: dict[str, object]


async def fetch(url: str) -> Cost:
    """Log in, fetch, decode."""
    began, cpu = time.perf_counter(), time.process_time()
    records = 0
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:

        async def call(method: str, *params: object) -> bytes:
            body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            return (await client.post(f"{url}/jsonrpc", content=body)).content

        login = msgspec.json.decode(await call("session.login_with_password", POOL_USER, POOL_PASSWORD))
        for classes in GROUPS:
            answer = msgspec.json.decode(await call("event.from", login["result"], classes, "", 0.0), type=_Result)
            events = answer.result["events"]
            assert isinstance(events, list)
            records += len(events)
    return Cost(time.perf_counter() - began, time.process_time() - cpu, records)


if __name__ == "__main__":
    gc.disable()
    print(msgspec.json.encode(uvloop.run(fetch(sys.argv[1]))).decode())
