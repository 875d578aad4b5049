"""A real service over a real socket: uvicorn on loopback, in the test's own event loop."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from podium.app import create_app
from podium.cli.serving import Server
from podium.settings import Settings

ADMIN = ("admin@example.org", "correct horse")


class Service:
    """A running service. `app.state` has its parts."""

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app = app
        self.url = url

    def client(self, auth: tuple[str, str] | None = ADMIN, **headers: str) -> httpx.AsyncClient:
        """A client that sends `auth` (HTTP Basic) with each request."""
        return httpx.AsyncClient(base_url=self.url, auth=auth, headers=headers, timeout=20)


def ascii_json(value: object) -> dict[str, Any]:
    """A request's keywords for a JSON body that may hold what UTF-8 cannot: httpx's own `json=` refuses to send it."""
    return {"content": json.dumps(value), "headers": {"content-type": "application/json"}}


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Service]:
    """Start the service as `podium serve` does, and stop it."""
    app = create_app(settings, announce=lambda _: None)
    # with the protocol named: asyncio turns Nagle's algorithm (40 ms a request) off only for such sockets
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = Server(app, settings)
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:
        if running.done():
            running.result()
            raise RuntimeError("the service did not start")
        await asyncio.sleep(0.01)
    try:
        yield Service(app, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        await running
        listener.close()
