"""The services without the service: for commands that work on the database while nothing is being served."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import typer

from podium.cache.commit import Commit
from podium.cache.objects import Objects
from podium.cli.audited import audited
from podium.db.base import open_database
from podium.db.migrate import upgrade
from podium.errors import PodiumError
from podium.model.registry import BY_STRUCT
from podium.services.access import Viewer, viewer_of
from podium.services.passwords import Passwords
from podium.services.second_factor import SecondFactors
from podium.services.secrets import SecretBox, load_secret
from podium.services.servers import Servers
from podium.services.sessions import Sessions
from podium.services.tokens import Tokens
from podium.services.users import Users
from podium.settings import Settings
from podium.watch.state import ServerConfig, State, WatchState

T = TypeVar("T")


class Offline:
    """What a command may use. `operator` may everything: whoever reads the secret key can do everything anyway."""

    def __init__(self, users: Users, tokens: Tokens, servers: Servers, factors: SecondFactors) -> None:
        self.users = users
        self.tokens = tokens
        self.factors = factors
        self.servers = servers
        self.operator: Viewer = viewer_of("operator", "admin")


class _Nobody:
    """Watches nothing: connections are the service's."""

    def state(self, server_id: str) -> WatchState:
        return WatchState(server_id, State.DISCONNECTED, time.time())

    async def start(self, config: ServerConfig) -> None:
        raise NotImplementedError(config.id)

    async def stop(self, server_id: str, *, forget: bool) -> None:
        """Nothing is watched."""

    async def first_result(self, server_id: str) -> WatchState:
        return self.state(server_id)


def run(settings: Settings, command: Callable[[Offline], Awaitable[T]]) -> T:
    """Run `command` on the settings' database, brought up to date first. Deliberate errors end it in words."""
    try:
        return asyncio.run(_run(settings, command))
    except PodiumError as error:
        typer.echo(f"{error.title}: {error}", err=True)
        raise typer.Exit(1) from None


async def _run(settings: Settings, command: Callable[[Offline], Awaitable[T]]) -> T:
    async with offline(settings) as services:
        return await command(services)


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[Offline]:
    """The services on the settings' database."""
    await upgrade(settings.database)
    database = open_database(settings.database)
    try:
        secret = load_secret(settings)
        sessions = Sessions()
        objects = Objects(epoch="offline", publish=_forget, resource_of=lambda one: BY_STRUCT[type(one)])
        tokens = Tokens(database, sessions, settings, secret=secret)
        users = Users(database, objects, sessions, tokens, Passwords(settings))
        servers = Servers(database, objects, SecretBox(secret))
        servers.use(_Nobody())
        await users.load()
        await servers.load()
        factors = SecondFactors(database, settings, secret=secret, clock=sessions.clock)
        async with audited(settings, database, objects):
            yield Offline(users, tokens, servers, factors)
    finally:
        await database.close()


def _forget(_: Commit) -> None:
    """Nobody follows."""
