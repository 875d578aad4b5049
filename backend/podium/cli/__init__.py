"""The command line. Each command loads what it needs when it runs, so that none waits for another's imports."""

import typer

from podium.cli import accounts, audit, operate, servers

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fleets of XenServer and XCP-ng pools, live: REST, Server-Sent Events and a web client.",
)
app.command()(operate.serve)
app.command()(operate.migrate)
app.command()(operate.demo)
app.command()(operate.openapi)
app.add_typer(accounts.users, name="user")
app.add_typer(accounts.tokens, name="token")
app.add_typer(servers.app, name="server")
app.add_typer(audit.app, name="audit")


def main() -> None:
    """The entry point of the command."""
    app()
