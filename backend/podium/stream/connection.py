"""Connection: one client's SSE stream, with any number of subscriptions, all at one revision."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from podium.cache.entry import Entry
from podium.stream.channel import Channel, Event, Step
from podium.stream.follower import Heart, Sleeper
from podium.stream.hub import Hub

PING_S: Final = 15.0
"""Xen Orchestra's clients give a stream up after 40 s without a ping."""


@dataclass(eq=False)
class Subscription:
    """One channel on one connection. `since`: begin with what changed after it; None: begin with a snapshot."""

    channel: Channel
    since: int | None
    quiet: bool = False
    """Xen Orchestra's way: no snapshot, and no reset and synced frames."""
    renew: Callable[[], Channel] | None = None
    """The channel for the rights that the viewer has now; None: they never change."""
    begun: bool = field(default=False, init=False)


class Feed(Protocol):
    """What a connection sends beside the cache's changes: frames without an id, of which only the newest matter."""

    name: str

    def take(self) -> bytes:
        """Frames of what is new by now."""

    def close(self) -> None: ...


@dataclass(eq=False, slots=True)
class _Part:
    """What one step owes to one subscription: its changes, or, where `step` is None, all `entries`."""

    subscription: Subscription
    channel: Channel
    step: Step | None
    entries: Sequence[Entry]
    synced: bool
    """A "synced" frame is due at the end."""


class Connection:
    """Frames for one client. `frames` is its whole life; everything else only steers it.

    Each frame's id says where a client that got this far may resume. Only the last frame of a step carries the step's
    own revision; those before it carry the one before (`.n` makes them distinct), so a client that is cut off in the
    middle of a step gets the whole step again: every frame is idempotent.
    """

    def __init__(
        self,
        connection_id: str,
        *,
        owner: str,
        epoch: str,
        hub: Hub,
        now_ms: Callable[[], int],
        resume: int | None = None,
    ) -> None:
        self.id = connection_id
        self.owner = owner
        self._epoch = epoch
        self._hub = hub
        self._now_ms = now_ms
        self._revision = hub.revision if resume is None else resume
        self._place = resume or 0
        self._number = 0
        self._subscriptions: dict[str, Subscription] = {}
        self._feeds: dict[str, Feed] = {}
        self._sleeper = Sleeper()
        self._heart = Heart(self._sleeper, PING_S)
        self._ended: str | None = None

    def subscribe(self, subscription: Subscription) -> None:
        """Add a subscription, or replace the one of the same name."""
        if subscription.quiet:
            # nothing is owed from before: what is visible now is where this follower begins
            subscription.since = self._hub.revision
            subscription.channel.view.follow()
        self._subscriptions[subscription.channel.selection.name] = subscription
        self._sleeper.wake()

    def feed(self, feed: Feed) -> None:
        """Add a feed, or replace the one of the same name."""
        if (old := self._feeds.pop(feed.name, None)) is not None:
            old.close()
        self._feeds[feed.name] = feed
        self._sleeper.wake()

    def unsubscribe(self, name: str) -> bool:
        feed = self._feeds.pop(name, None)
        if feed is not None:
            feed.close()
        return self._subscriptions.pop(name, None) is not None or feed is not None

    @property
    def subscriptions(self) -> int:
        return len(self._subscriptions) + len(self._feeds)

    def searches(self, kind: str) -> int:
        """What a change of that type costs: the expensive terms in the filters of its subscriptions."""
        channels = [one.channel for one in self._subscriptions.values()]
        return sum(one.searches for one in channels if one.selection.type == kind)

    def end(self, reason: str) -> None:
        """Finish the stream: its token ended."""
        self._ended = self._ended or reason
        self._sleeper.wake()

    def wake(self) -> None:
        self._sleeper.wake()

    async def frames(self) -> AsyncIterator[bytes]:
        """The stream's bytes, until it ends."""
        self._hub.join(self)
        self._heart.start()
        try:
            if not self._subscriptions:
                self._place = self._revision
            yield self._frame("init", {"id": self.id, "revision": f"{self._epoch}-{self._revision}"})
            while True:
                if self._over():
                    yield self._frame("bye", {"reason": self._ended or "shutdown"})
                    return
                async for chunk in self._step():
                    yield chunk
                    if self._over():
                        break
                for feed in list(self._feeds.values()):
                    if chunk := feed.take():
                        yield chunk
                if self._heart.due:
                    yield self._frame("ping", {"ping": self._now_ms()})
                    self._heart.start()
                await self._sleeper.sleep()
        finally:
            self._heart.stop()
            self._hub.leave(self)
            for feed in self._feeds.values():
                feed.close()

    def _over(self) -> bool:
        return self._ended is not None or self._hub.closing

    async def _step(self) -> AsyncIterator[bytes]:
        """All that is new, in chunks. What the step covers is fixed at its beginning, before anybody else's turn."""
        for subscription in list(self._subscriptions.values()):
            if subscription.renew is not None and (channel := subscription.renew()) is not subscription.channel:
                await channel.view.warm(channel.selection.type)
        now = self._hub.revision
        plan = [self._begin(subscription) for subscription in self._subscriptions.values()]
        self._revision = now
        steps: list[tuple[_Part, list[Event]]] = []
        for part in plan:
            if part.step is None:
                steps.append((part, []))
                continue
            events = await part.channel.events(part.step)
            if events or part.synced:
                steps.append((part, events))
        for number, (part, events) in enumerate(steps):
            final = now if number == len(steps) - 1 else None
            if part.step is None:
                async for chunk in self._snapshot(part, final):
                    yield chunk
            else:
                for chunk in self._changes(part, part.step, events, final):
                    yield chunk
        if (self._place or steps) and self._place != now:
            self._place = now
            self._number = 0

    def _begin(self, subscription: Subscription) -> "_Part":
        """What a step owes to one subscription."""
        first, subscription.begun = not subscription.begun, True
        since = subscription.since if first else self._revision
        old = subscription.channel
        channel = old if subscription.renew is None else subscription.renew()
        subscription.channel = channel
        net = None if since is None else self._hub.net(since)
        step = None
        if since is not None and net is not None:
            step = channel.changes(net, since, None if channel is old else old)
        channel.view.follow()  # the next step asks from here on
        synced = first and not subscription.quiet
        return _Part(subscription, channel, step, [] if step is not None else channel.snapshot(), synced=synced)

    async def _snapshot(self, part: "_Part", final: int | None) -> AsyncIterator[bytes]:
        name = part.channel.selection.name
        yield self._frame("reset", {"$subscription": name})
        count = 0
        async for events in part.channel.added(part.entries):
            renew = part.subscription.renew
            if renew is not None and renew() is not part.channel:  # what is left of it is not his any more
                part.subscription.begun = False
                part.subscription.since = None
                self._sleeper.wake()
                return
            yield encode(name, events, self._epoch, self._place, self._number, None)
            self._number += len(events)
            count += len(events)
        yield self._frame("synced", {"$subscription": name, "count": count}, final)

    def _changes(self, part: "_Part", step: Step, events: list[Event], final: int | None) -> Iterator[bytes]:
        channel = part.channel
        name = channel.selection.name
        if events:
            ids = (self._place, self._number, None if part.synced else final)
            key = (*ids, step.key)
            chunk = channel.frames(key)
            if chunk is None:
                chunk = encode(name, events, self._epoch, *ids)
                channel.keep_frames(key, chunk)
            self._number += len(events)
            yield chunk
        if part.synced:
            yield self._frame("synced", {"$subscription": name, "resumed": True}, final)

    def _frame(self, event: str, data: object, final: int | None = None) -> bytes:
        self._number += 1
        place = f"{self._place}.{self._number}" if final is None else str(final)
        return b"event: %b\nid: %b-%b\ndata: %b\n\n" % (
            event.encode(),
            self._epoch.encode(),
            place.encode(),
            msgspec.json.encode(data),
        )


def encode(name: str, events: list[Event], epoch: str, place: int, number: int, final: int | None) -> bytes:
    """One subscription's events as SSE frames; the last one has the id `final`, if that is given."""
    head = b'data: {"$subscription":%b,' % msgspec.json.encode(name)
    prefix = b"%b-%d." % (epoch.encode(), place)
    frames = [
        b"event: %b\nid: %b%d\n%b%b\n\n" % (event.kind.encode(), prefix, count, head, event.data)
        for count, event in enumerate(events, number + 1)
    ]
    if final is not None:
        last = events[-1]
        frames[-1] = b"event: %b\nid: %b-%d\n%b%b\n\n" % (last.kind.encode(), epoch.encode(), final, head, last.data)
    return b"".join(frames)
