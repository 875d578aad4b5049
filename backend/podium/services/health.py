"""Is the service fit to serve, and what does it hold?"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Literal

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.model.server import Server

DATABASE_S: Final = 2.0


class Health(msgspec.Struct, frozen=True, rename="camel"):
    """What `/health` answers. `status` is "ok" while requests can be served; pools in trouble do not make it less."""

    status: Literal["ok", "starting", "failing"]
    version: str
    uptime: float
    """Seconds."""
    database: Literal["ok", "failing"]
    pools: dict[str, int]
    """How many connections there are in each state."""
    objects: int
    streams: int


class Doctor:
    """Asks each part how it is."""

    def __init__(self, *, database: Database, objects: Objects, streams: Callable[[], int], version: str) -> None:
        self._database = database
        self._objects = objects
        self._streams = streams
        self._version = version
        self._began = time.monotonic()
        self.started = False

    async def look(self) -> Health:
        """One round."""
        database: Literal["ok", "failing"] = "ok"
        try:
            async with asyncio.timeout(DATABASE_S), self._database.read() as tx:
                await tx.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            database = "failing"
        states: dict[str, int] = {}
        for entry in self._objects.of_type("server").values():
            if isinstance(entry.object, Server):
                state = str(entry.object.state)
                states[state] = states.get(state, 0) + 1
        return Health(
            status="failing" if database == "failing" else "ok" if self.started else "starting",
            version=self._version,
            uptime=round(time.monotonic() - self._began, 1),
            database=database,
            pools=states,
            objects=len(self._objects),
            streams=self._streams(),
        )
