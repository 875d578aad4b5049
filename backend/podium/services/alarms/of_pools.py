"""Alarms that pools raise by themselves: told to the channels that want to know, each once."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.notification import NotificationRow
from podium.model.message import Alarm
from podium.services.alarms.outbox import Outbox
from podium.services.alarms.payload import LISTED, Told
from podium.stream.follower import Sleeper
from podium.stream.hub import Hub

log = structlog.get_logger(__name__)

RECENT_MS: Final = 3_600_000
"""Older alarms are no news: a pool that is connected for the first time has years of them."""


class PoolAlarms:
    """Follows the hub like any client of it."""

    def __init__(
        self, database: Database, objects: Objects, outbox: Outbox, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._objects = objects
        self._outbox = outbox
        self._clock = clock

    async def follow(self, hub: Hub, *, since: int) -> None:
        """For ever."""
        sleeper = Sleeper()
        sleeper.wake()
        hub.join(sleeper)
        try:
            while True:
                await sleeper.sleep()
                revision = hub.revision
                if not self._outbox.tells_of_pools():
                    since = revision
                    continue
                net = hub.net(since)
                if net is None:
                    fresh = list(self._objects.ordered("alarm"))
                else:
                    fresh = [one.after for one in net.values() if one.after is not None and one.before is None]
                try:
                    await self._tell(fresh)
                except (SQLAlchemyError, OSError):
                    log.exception("alarms of pools could not be put into the outbox")
                    continue  # with the next change they are tried again
                since = revision
        finally:
            hub.leave(sleeper)

    async def _tell(self, fresh: Iterable[Entry]) -> None:
        oldest = self._clock() * 1000 - RECENT_MS
        by_pool: dict[str, list[Alarm]] = defaultdict(list)
        for entry in fresh:
            if entry.resource.type != "alarm":
                continue
            alarm = entry.object
            if isinstance(alarm, Alarm) and not alarm.is_own and alarm.time is not None and alarm.time >= oldest:
                by_pool[alarm.pool].append(alarm)
        for alarms in by_pool.values():
            for start in range(0, len(alarms), LISTED):
                await self._store(alarms[start : start + LISTED])

    async def _store(self, alarms: list[Alarm]) -> None:
        """After a restart, or a pool's absence, they are new to the cache once more, but not to those who were told."""
        async with self._database.begin() as tx:
            recent = NotificationRow.created_ms >= int(self._clock() * 1000) - 2 * RECENT_MS
            payloads = await tx.scalars(
                select(NotificationRow.payload).where(recent, NotificationRow.event == "raised")
            )
            told = {alarm.id for payload in payloads for alarm in msgspec.json.decode(payload, type=Told).alarms}
            news = [one for one in alarms if one.id not in told]
            messages = self._outbox.compose_pools("raised", news) if news else []
            tx.add_all(messages)
        self._outbox.take(messages)
