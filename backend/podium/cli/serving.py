"""Runs the service under uvicorn."""

import socket
from collections.abc import Callable
from typing import Final

import typer
import uvicorn
from fastapi import FastAPI

from podium.app import create_app
from podium.cli.logs import configure_logs
from podium.cli.protocol import BoundedHttp
from podium.settings import Settings
from podium.stream.hub import Hub

GRACE_S: Final = 1
"""How long open requests may take to end when the service stops; whole seconds, as uvicorn wants them."""

WS_MESSAGE_BYTES: Final = 1 << 20
"""Of one message of a client: keys, the pointer, a clipboard."""


class Server(uvicorn.Server):
    """uvicorn waits for open requests before it ends the application's lifespan; endless ones must hear of it first."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                loop="auto",
                http=BoundedHttp,
                ws="websockets-sansio",
                ws_max_size=WS_MESSAGE_BYTES,
                ws_ping_interval=20.0,
                ws_ping_timeout=20.0,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
            )
        )
        self._hub: Hub = app.state.hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


def serve(settings: Settings, *, announce: Callable[[str], None] = typer.echo) -> None:
    """Serve until told to stop (SIGINT, SIGTERM)."""
    configure_logs(settings)
    Server(create_app(settings, announce=announce), settings).run()
