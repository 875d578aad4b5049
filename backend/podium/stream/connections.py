"""Connections: every open SSE stream by its id."""

from collections.abc import Callable
from typing import Final

from podium.cache.objects import Objects
from podium.errors import NotFound, Unavailable
from podium.stream.connection import Connection
from podium.stream.follower import parse_position
from podium.stream.hub import Hub

MOST: Final = 10_000
"""Open streams at once: each costs a socket and a few kilobytes."""


class Connections:
    """The open streams. A connection belongs to the user who opened it: for others it does not exist."""

    def __init__(self, *, objects: Objects, hub: Hub, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        self._objects = objects
        self._hub = hub
        self._now_ms = now_ms
        self._new_id = new_id
        self._open: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, owner: str, *, last_event_id: str | None) -> Connection:
        """A new connection, resuming after `last_event_id` if that is of this process's life. Raises Unavailable."""
        if len(self._open) >= MOST:
            raise Unavailable("too many open streams")
        resume = self.position(last_event_id)
        connection = Connection(
            self._new_id(),
            owner=owner,
            epoch=self._objects.epoch,
            hub=self._hub,
            now_ms=self._now_ms,
            resume=resume,
        )
        self._open[connection.id] = connection
        return connection

    def position(self, last_event_id: str | None) -> int | None:
        """The revision in a frame's id, or None when it is not one of ours."""
        return parse_position(last_event_id, epoch=self._objects.epoch, hub=self._hub)

    def get(self, connection_id: str, owner: str) -> Connection:
        """Raises NotFound, also for another user's connection."""
        connection = self._open.get(connection_id)
        if connection is None or connection.owner != owner:
            raise NotFound("connection", connection_id)
        return connection

    def close(self, connection: Connection) -> None:
        self._open.pop(connection.id, None)
