"""`podium server`: stored addresses of pools. A running service takes them up at its next start."""

from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.options import STORAGE, with_settings
from podium.settings import Settings

if TYPE_CHECKING:
    from podium.cli.offline import Offline
    from podium.xapi.probe import Probe

app = typer.Typer(no_args_is_help=True, help="Servers: add, list, test.")


@app.command("add")
@with_settings(*STORAGE)
def add_server(
    settings: Settings,
    host: Annotated[str, typer.Argument(help="[https://]host[:port]")],
    *,
    username: Annotated[str, typer.Option(help="an account of the pool")] = "root",
    label: Annotated[str | None, typer.Option(help="what to call it; the pool's name without")] = None,
    fingerprint: Annotated[str | None, typer.Option(help="accept exactly this certificate (SHA-256)")] = None,
    allow_unauthorized: Annotated[bool, typer.Option("--allow-unauthorized", help="accept any certificate")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="never change anything there")] = False,
) -> None:
    """Store a server. The password is asked for, or read from standard input if that is no terminal."""
    from podium.cli.accounts import read_password
    from podium.cli.offline import run
    from podium.services.server_store import ServerDraft

    draft = ServerDraft(
        host=host,
        username=username,
        password=read_password(confirm=False),
        label=label,
        allow_unauthorized=allow_unauthorized,
        read_only=read_only,
        fingerprint=fingerprint,
    )

    async def command(services: "Offline") -> None:
        typer.echo(await services.servers.create(draft, by=services.operator))

    run(settings, command)


@app.command("list")
@with_settings(*STORAGE)
def list_servers(settings: Settings) -> None:
    """List the stored servers."""
    from podium.cli.offline import run

    async def command(services: "Offline") -> None:
        for server in services.servers.all():
            enabled = "enabled " if server.enabled else "disabled"
            typer.echo(f"{server.id}  {enabled}  {server.host}  {server.label or ''}".rstrip())

    run(settings, command)


@app.command("test")
@with_settings(*STORAGE)
def check_server(
    settings: Settings, server: Annotated[str, typer.Argument(help="id or host of a stored server")]
) -> None:
    """Log in to a stored server once and say what is there."""
    from podium.cli.offline import run

    async def command(services: "Offline") -> "Probe":
        for one in services.servers.all():
            if server in {one.id, one.host}:
                return await services.servers.test_stored(one.id, by=services.operator)
        typer.echo(f"there is no server {server}", err=True)
        raise typer.Exit(1)

    found = run(settings, command)
    typer.echo(f"{found.pool_name_label or found.pool_id}: {found.product_brand} {found.product_version}")
    for host in found.hosts:
        typer.echo(f"  {host.name_label}  {host.address}")
    if found.certificate is not None:
        trusted = "trusted" if found.certificate.trusted else "not trusted by this system"
        typer.echo(f"  certificate {found.certificate.fingerprint} ({trusted})")
