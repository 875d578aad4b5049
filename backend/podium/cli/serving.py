"""Runs the service under uvicorn."""

from collections.abc import Callable

import typer
import uvicorn

from podium.app import create_app
from podium.cli.logs import configure_logs
from podium.cli.protocol import BoundedHttp
from podium.settings import Settings


def serve(settings: Settings, *, announce: Callable[[str], None] = typer.echo) -> None:
    """Serve until told to stop (SIGINT, SIGTERM)."""
    configure_logs(settings)
    config = uvicorn.Config(
        create_app(settings, announce=announce),
        host=settings.host,
        port=settings.port,
        loop="auto",
        http=BoundedHttp,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    uvicorn.Server(config).run()
