"""A door in front of a simulated pool that passes everything on, and changes what the pool says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from xensim import Sim

Event = dict[str, Any]
Lie = Callable[[dict[str, Any], dict[str, Any]], object]
"""Changes `result` of an `event.from`, given the request."""


class Liar:
    """`url`: where it listens; `calls`: what was asked, as (method, params)."""

    def __init__(self, sim: Sim, lie: Lie) -> None:
        self.lie = lie
        self.url = ""
        self.calls: list[tuple[str, list[Any]]] = []
        self._target = f"{sim.url}/jsonrpc"
        self._http = httpx.AsyncClient(timeout=30, verify=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:")
                answer = await self._answer(json.loads(await reader.readexactly(length)))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, httpx.HTTPError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, request: dict[str, Any]) -> bytes:
        self.calls.append((request["method"], request["params"]))
        if request["method"] == "event.from" and (made_up := self.lie(request, {})) is not None:
            return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": made_up}).encode()
        answer = await self._http.post(self._target, json=request)
        if request["method"] != "event.from" or "result" not in answer.json():
            return answer.content
        whole = answer.json()
        self.lie(request, whole["result"])
        return json.dumps(whole).encode()


@asynccontextmanager
async def lying(sim: Sim, lie: Lie) -> AsyncIterator[Liar]:
    """`lie` is asked twice for an `event.from`: first with {}, and may answer with a result of its own making."""
    liar = Liar(sim, lie)
    server = await asyncio.start_server(liar.serve, "127.0.0.1", 0)
    liar.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield liar
    finally:
        server.close()
        await liar._http.aclose()


def snapshots(result: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The records of one class in a result, to be changed."""
    return [one["snapshot"] for one in result.get("events", ()) if one["class"] == kind and "snapshot" in one]


def in_each(kind: str, **changes: object) -> Lie:
    """Every record of a class says so."""

    def lie(_request: dict[str, Any], result: dict[str, Any]) -> None:
        for record in snapshots(result, kind):
            record.update(changes)

    return lie
