"""`podium user` and `podium token`: accounts from the operator's side of the door."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.options import STORAGE, with_settings
from podium.settings import Settings

if TYPE_CHECKING:
    from podium.cli.offline import Offline

users = typer.Typer(no_args_is_help=True, help="Accounts: add, list, set a password.")
tokens = typer.Typer(no_args_is_help=True, help="Tokens for scripts.")

NameArgument = Annotated[str, typer.Argument(help="the account's name, e.g. an e-mail address")]


@users.command("add")
@with_settings(*STORAGE)
def add_user(
    settings: Settings,
    name: NameArgument,
    admin: Annotated[bool, typer.Option("--admin", help="may do everything")] = False,
) -> None:
    """Add an account. The password is asked for, or read from standard input if that is no terminal."""
    from podium.cli.offline import run

    password = read_password(confirm=True)

    async def command(services: "Offline") -> None:
        user_id = await services.users.create(name, password, "admin" if admin else "none")
        typer.echo(user_id)

    run(settings, command)


@users.command("passwd")
@with_settings(*STORAGE)
def set_password(settings: Settings, name: NameArgument) -> None:
    """Set an account's password; its browsers are signed out."""
    from podium.cli.offline import run

    password = read_password(confirm=True)

    async def command(services: "Offline") -> None:
        user_id = await _user_id(services, name)
        await services.users.set_password(user_id, password)

    run(settings, command)


@users.command("list")
@with_settings(*STORAGE)
def list_users(settings: Settings) -> None:
    """List the accounts."""
    from podium.cli.offline import run

    async def command(services: "Offline") -> None:
        for user in services.users.all():
            typer.echo(f"{user.id}  {user.permission:5}  {user.name}")

    run(settings, command)


@tokens.command("create")
@with_settings(*STORAGE)
def create_token(
    settings: Settings,
    name: NameArgument,
    expires_in: Annotated[str | None, typer.Option(help="'1 hour', '90 days'; 30 days without")] = None,
    description: Annotated[str | None, typer.Option(help="what it is for")] = None,
) -> None:
    """Make a token for an account and print it: send it as `Authorization: Bearer TOKEN`."""
    from podium.cli.offline import run

    async def command(services: "Offline") -> None:
        user_id = await _user_id(services, name)
        token = await services.tokens.create(user_id, expires_in=expires_in, description=description)
        typer.echo(token.id)

    run(settings, command)


@users.command("reset-totp")
@with_settings(*STORAGE)
def reset_second_factor(settings: Settings, name: NameArgument) -> None:
    """Remove an account's second factor, for whoever has lost his phone and his recovery codes."""
    from podium.cli.offline import run

    async def command(services: "Offline") -> None:
        await services.factors.remove(await _user_id(services, name))

    run(settings, command)


@tokens.command("rotate-keys")
@with_settings(*STORAGE)
def rotate_keys(
    settings: Settings,
    at_once: Annotated[bool, typer.Option(help="the old keys may be stolen: end every token and sign-in")] = False,
) -> None:
    """Sign tokens with a new key from now on; those that were made with older ones stay good until they end."""
    from podium.cli.offline import run

    async def command(services: "Offline") -> None:
        typer.echo(await services.tokens.rotate_keys(at_once=at_once))

    run(settings, command)


def read_password(*, confirm: bool) -> str:
    """From the terminal, hidden; else the first line of standard input."""
    if sys.stdin.isatty():
        entered: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm)
        return entered
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        typer.echo("there is no password on standard input", err=True)
        raise typer.Exit(2)
    return password


async def _user_id(services: "Offline", name: str) -> str:
    found = await services.users.credentials(name)
    if found is None:
        typer.echo(f"there is no user {name}", err=True)
        raise typer.Exit(1)
    return found.user_id
