"""Lines: a collection as NDJSON that never ends (`watch=true`): first its rows, then each change as a pair."""

from collections.abc import AsyncIterator, Callable

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

    def __init__(self, channel: Callable[[], Channel], *, hub: Hub, tasks: bool) -> None:
        """`channel`: the one for the rights that the viewer has at the moment."""
        self._renew = channel
        self._channel = channel()
        self._hub = hub
        self._tasks = tasks
        self._sleeper = Sleeper()
        self._heart = Heart(self._sleeper, PING_S)
        self._ended = False
        self._cut = False

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
            self._channel.view.follow()
            async for chunk in self._rows(pairs=self._tasks):
                yield chunk
            while not self._over():
                old = await self._renewed()
                net, now = self._hub.net(revision), self._hub.revision
                step = None if self._cut or net is None else self._channel.changes(net, revision, old)
                self._channel.view.follow()
                if step is None:
                    yield b'["reset",{}]\n'
                    async for chunk in self._rows(pairs=True):
                        yield chunk
                    if self._cut:
                        continue
                elif known := await self._channel.events(step):
                    yield b"".join([self._pair(event) for event in known])
                revision = now
                if self._heart.due:
                    yield b"\n"
                    self._heart.start()
                await self._sleeper.sleep()
        finally:
            self._heart.stop()
            self._hub.leave(self)

    async def _renewed(self) -> Channel | None:
        """Go on with the channel of the rights that the viewer has now: the one before, if it was another."""
        old = None
        while (channel := self._renew()) is not self._channel:
            self._cut = self._cut or old is not None  # they changed twice: what was between was never told
            old, self._channel = self._channel, channel
            await channel.view.warm(channel.selection.type)
        return old

    async def _rows(self, *, pairs: bool) -> AsyncIterator[bytes]:
        """All there is to see. Cut off when the viewer's rights change meanwhile: what is left may not be his."""
        self._cut = False
        async for events in self._channel.added(self._channel.snapshot()):
            if self._over():
                return
            if self._renew() is not self._channel:
                self._cut = True
                return
            yield b"".join([self._pair(event) if pairs else b"{%b\n" % event.data for event in events])

    def _over(self) -> bool:
        return self._ended or self._hub.closing

    def _pair(self, event: Event) -> bytes:
        kind = "update" if self._tasks and event.kind == "add" else event.kind
        return b'["%b",{%b]\n' % (kind.encode(), event.data)
