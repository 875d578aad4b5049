"""`podium serve`, `migrate`, `openapi` and `demo`."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.options import read_settings, with_settings
from podium.settings import Settings


@with_settings()
def serve(settings: Settings) -> None:
    """Run the service: connections to all pools, the API and the web client."""
    gc.disable()  # what is imported stays, and to look for garbage in it is a tenth of the start; the app enables it
    from podium.cli.serving import serve as run

    run(settings)


@with_settings("data_dir", "database_url")
def migrate(
    settings: Settings,
    to: Annotated[str, typer.Option(help="a revision, 'head', or 'base' (which empties the database)")] = "head",
    down: Annotated[bool, typer.Option("--down", help="go back to that revision")] = False,
) -> None:
    """Bring the database to this version's schema. `serve` does it by itself."""
    import asyncio

    from podium.db.migrate import downgrade, upgrade

    asyncio.run(downgrade(settings.database, to) if down else upgrade(settings.database, to))


def openapi() -> None:
    """Print the OpenAPI document."""
    import json
    import tempfile

    from podium.api.openapi import document
    from podium.app import create_app

    with tempfile.TemporaryDirectory() as nowhere:
        app = create_app(Settings(data_dir=Path(nowhere)))
        typer.echo(json.dumps(document(app), indent=2, ensure_ascii=False, sort_keys=True))


def demo(
    data_dir: Annotated[Path, typer.Option(help="where the demo keeps its database")] = Path("var/demo"),
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
    hosts: Annotated[int, typer.Option(help="simulated hosts")] = 3,
    vms: Annotated[int, typer.Option(help="simulated VMs")] = 200,
) -> None:
    """Try Podium out: a simulated pool, an account, and the service."""
    from podium.cli.demo import demo as run

    run(read_settings(data_dir=data_dir, host=host, port=port), hosts=hosts, vms=vms)
