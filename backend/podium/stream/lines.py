"""Lines: a collection as NDJSON that never ends (`watch=true`): first its rows, then each change as a pair."""

from collections.abc import AsyncIterator

from podium.stream.channel import Channel, Event
from podium.stream.follower import Heart, Sleeper
from podium.stream.hub import Hub

PING_S = 15.0
"""An empty line at least so often keeps proxies from cutting a quiet stream; NDJSON readers skip it."""


class Lines:
    """One client's endless NDJSON.

    Rows are the objects themselves; a change is `["add"|"update"|"remove", object]`. After a client was so slow that
    the ring no longer reaches back, the rows come again as `add`, after a line `["reset", {}]`. Tasks keep Xen
    Orchestra's form: pairs from the first line on, `update` for new ones too, `["remove", {"id"}]`.
    """

    def __init__(self, channel: Channel, *, hub: Hub, tasks: bool) -> None:
        self._channel = channel
        self._hub = hub
        self._tasks = tasks
        self._sleeper = Sleeper()
        self._heart = Heart(self._sleeper, PING_S)
        self._ended = False

    def wake(self) -> None:
        self._sleeper.wake()

    def end(self) -> None:
        """Finish the stream: its token ended."""
        self._ended = True
        self._sleeper.wake()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The stream's bytes, until the client leaves."""
        self._hub.join(self)
        self._heart.start()
        try:
            revision = self._hub.revision
            async for events in self._channel.added(self._channel.snapshot()):
                yield b"".join([self._pair(event) if self._tasks else b"{%b\n" % event.data for event in events])
                if self._over():
                    return
            while not self._over():
                net, now = self._hub.net(revision), self._hub.revision
                if net is None:
                    entries = self._channel.snapshot()
                    yield b'["reset",{}]\n'
                    async for events in self._channel.added(entries):
                        yield b"".join([self._pair(event) for event in events])
                        if self._over():
                            return
                elif known := await self._channel.events(net, revision, now):
                    yield b"".join([self._pair(event) for event in known])
                revision = now
                if self._heart.due:
                    yield b"\n"
                    self._heart.start()
                await self._sleeper.sleep()
        finally:
            self._heart.stop()
            self._hub.leave(self)

    def _over(self) -> bool:
        return self._ended or self._hub.closing

    def _pair(self, event: Event) -> bytes:
        kind = "update" if self._tasks and event.kind == "add" else event.kind
        return b'["%b",{%b]\n' % (kind.encode(), event.data)
