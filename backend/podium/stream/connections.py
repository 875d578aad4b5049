"""Connections: every open SSE stream by its id."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from podium.cache.objects import Objects
from podium.errors import NotFound, Unavailable
from podium.stream.connection import Connection
from podium.stream.follower import parse_position
from podium.stream.hub import Hub

MOST: Final = 10_000
"""Open streams at once: each costs a socket and a few kilobytes."""
MOST_EACH: Final = 2_500
"""Of one user: nobody takes all of them."""


class Connections:
    """The open streams. A connection belongs to the user who opened it: for others it does not exist."""

    def __init__(self, *, objects: Objects, hub: Hub, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        self._objects = objects
        self._hub = hub
        self._now_ms = now_ms
        self._new_id = new_id
        self._open: dict[str, Connection] = {}
        self._streams: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many streams there are, of either kind."""
        return self._streams.total()

    def open(self, owner: str, *, last_event_id: str | None) -> Connection:
        """A new connection, resuming after `last_event_id` if that is of this process's life. Raises Unavailable.

        It counts, and can be found, while it is `running`: an answer that never begins leaves nothing behind.
        """
        self.require_room(owner)
        resume = self.position(last_event_id)
        return Connection(
            self._new_id(),
            owner=owner,
            epoch=self._objects.epoch,
            hub=self._hub,
            now_ms=self._now_ms,
            resume=resume,
        )

    def position(self, last_event_id: str | None) -> int | None:
        """The revision in a frame's id, or None when it is not one of ours."""
        return parse_position(last_event_id, epoch=self._objects.epoch, hub=self._hub)

    def get(self, connection_id: str, owner: str) -> Connection:
        """Raises NotFound, also for another user's connection."""
        connection = self._open.get(connection_id)
        if connection is None or connection.owner != owner:
            raise NotFound("connection", connection_id)
        return connection

    @contextmanager
    def running(self, connection: Connection) -> Iterator[None]:
        """The life of a connection."""
        with self.streaming(connection.owner):
            self._open[connection.id] = connection
            try:
                yield
            finally:
                del self._open[connection.id]

    @contextmanager
    def streaming(self, owner: str) -> Iterator[None]:
        """The life of a stream of any kind."""
        self._streams[owner] += 1
        try:
            yield
        finally:
            self._streams[owner] -= 1
            if not self._streams[owner]:
                del self._streams[owner]

    def require_room(self, owner: str) -> None:
        """Raises Unavailable when there are too many streams, or too many of that user."""
        if len(self) >= MOST or self._streams[owner] >= MOST_EACH:
            raise Unavailable("too many open streams")
