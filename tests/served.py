"""A real service over a real socket: uvicorn on loopback, in the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI

from podium.app import create_app
from podium.cli.protocol import BoundedHttp
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


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Service]:
    """Start the service as `podium serve` does, and stop it."""
    app = create_app(settings, announce=lambda _: None)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    server = uvicorn.Server(config)
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
