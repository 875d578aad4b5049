"""Delivery: every message in the outbox is sent, tried again with growing pauses, or said to have failed."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Final, Self

import msgspec
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.notification import NotificationRow
from podium.errors import IncorrectState, NotFound, PodiumError
from podium.model.alarm import Notification
from podium.notify.mail import Mail
from podium.notify.sending import Answer, SendError, excerpt
from podium.notify.webhook import Webhook
from podium.services.access import Viewer
from podium.services.alarms.channels import Channels
from podium.services.alarms.delivery import Pauses, shown
from podium.services.alarms.messages import message_of, sample
from podium.services.alarms.payload import Told

log = structlog.get_logger(__name__)

SHOWN: Final = 1_000
"""Messages in the collection: what is queued, and of the others the newest."""
KEPT_MS: Final = 30 * 86_400_000
CLOSING_S: Final = 5.0
"""How long an end of the service waits for messages that are being sent."""
PRIVILEGE: Final = "notification"
_AGAIN_S: Final = 10.0
"""After a failure of our own, of the database most likely."""
_PRUNE_S: Final = 3_600.0


class Tried(msgspec.Struct, frozen=True, rename="camel"):
    """How a test message fared. `answer`: what the other side said, or why there is no answer."""

    delivered: bool
    answer: str
    duration_ms: int


Send = Callable[[Webhook | Mail], Awaitable[Answer]]


class _Lane:
    """What one channel has to send: when each message is due (ms since 1970). One message at a time."""

    def __init__(self) -> None:
        self.due: dict[str, int] = {}
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Notifications:
    """A lane per channel: one that is stuck holds up nobody else. Used as `async with`, after `channels.load`.

    A message is sent at least once: should the service die between sending and writing that down, it is sent again,
    with the same id. What is queued survives a restart.
    """

    def __init__(
        self,
        database: Database,
        objects: Objects,
        channels: Channels,
        send: Send,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        pauses: Pauses = Pauses(),  # noqa: B008 -- frozen
    ) -> None:
        self._database = database
        self._objects = objects
        self._channels = channels
        self._send = send
        self._clock = clock
        self._random = random or Random()  # noqa: S311
        self._pauses = pauses
        self._lanes: dict[str, _Lane] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._closing = False

    async def __aenter__(self) -> Self:
        await self._load()
        return self

    async def __aexit__(self, *_: object) -> None:
        """What is being sent may end; what waits stays queued."""
        self._closing = True
        if self._sending:
            await asyncio.wait(set(self._sending), timeout=CLOSING_S)
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None] + list(self._sending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def add(self, rows: Sequence[NotificationRow]) -> None:
        """They are stored and queued: show them, and send them."""
        self._objects.apply(None, [shown(row) for row in rows])
        for row in rows:
            self._queue(row)
        self._trim()

    def changed(self, channel_id: str) -> None:
        """A channel was changed, switched on or off, or deleted: what waits for it is tried now."""
        lane = self._lanes.get(channel_id)
        if lane is not None:
            now = self._now_ms()
            lane.due = dict.fromkeys(lane.due, now)
            lane.wake.set()

    async def retry(self, notification_id: str, *, by: Viewer) -> None:
        """Queue a message that failed, or have one that waits tried now.

        Raises MissingPrivileges, NotFound, IncorrectState.
        """
        by.require("update", PRIVILEGE)
        now = self._now_ms()
        async with self._database.begin() as tx:
            row = await tx.get(NotificationRow, notification_id, with_for_update=True)
            if row is None:
                raise NotFound(PRIVILEGE, notification_id)
            if row.state == "sent":
                raise IncorrectState("the message has been sent")
            if self._channels.find(row.channel_id) is None:
                raise IncorrectState("the channel of this message was deleted")
            row.state, row.next_ms, row.ended_ms = "queued", now, None
            row.since_ms = now
        self.add([row])

    async def delete(self, notification_id: str, *, by: Viewer) -> None:
        """Forget a message that was sent or has failed. Raises MissingPrivileges, NotFound, IncorrectState."""
        by.require("delete", PRIVILEGE)
        async with self._database.begin() as tx:
            row = await tx.get(NotificationRow, notification_id)
            if row is None:
                raise NotFound(PRIVILEGE, notification_id)
            if row.state == "queued":
                raise IncorrectState("the message has not been sent yet")
            await tx.delete(row)
        self._objects.discard(PRIVILEGE, notification_id)

    async def try_out(self, channel_id: str, *, by: Viewer) -> Tried:
        """Send a test message now, also by a channel that is off. Raises MissingPrivileges, NotFound, Unavailable."""
        by.require("test", "notification-channel")
        channel = self._channels.get(channel_id)
        now = self._clock()
        content = sample(channel.language, now=now, channel=channel.name)
        secrets = self._channels.secrets(channel_id)
        began = time.perf_counter()
        try:
            message = message_of(channel, secrets, content, delivery=f"test-{int(now * 1000)}", now=now)
            answer = await self._send(message)
        except SendError as error:
            return Tried(False, str(error), _ms_since(began))
        said = f"{answer.code} {answer.text}".strip()
        return Tried(True, f"{said} ({answer.warning})" if answer.warning else said, _ms_since(began))

    async def run(self) -> None:
        """Forget what is old, for ever."""
        while True:
            try:
                await self._prune()
            except SQLAlchemyError:
                log.exception("old notifications could not be forgotten")
            await asyncio.sleep(_PRUNE_S)

    async def _load(self) -> None:
        async with self._database.read() as tx:
            newest = select(NotificationRow).order_by(NotificationRow.created_ms.desc())
            queued = list(await tx.scalars(newest.where(NotificationRow.state == "queued")))
            others = list(await tx.scalars(newest.where(NotificationRow.state != "queued").limit(SHOWN)))
        self._objects.apply(None, [shown(row) for row in (*queued, *others)])
        for row in queued:
            self._queue(row)

    def _queue(self, row: NotificationRow) -> None:
        lane = self._lanes.setdefault(row.channel_id, _Lane())
        lane.due[row.id] = row.next_ms or 0
        lane.wake.set()
        if (lane.task is None or lane.task.done()) and not self._closing:
            lane.task = asyncio.create_task(self._serve(row.channel_id, lane), name=f"notify {row.channel_id}")

    async def _serve(self, channel_id: str, lane: _Lane) -> None:
        """Send what a channel has to send, one after the other, until there is nothing left."""
        while lane.due and not self._closing:
            lane.wake.clear()
            notification_id, due = min(lane.due.items(), key=lambda one: one[1])
            wait_s = due / 1000 - self._clock()
            if wait_s > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lane.wake.wait(), wait_s)
                continue
            # a task of its own: when the service ends it may come to its own end, and be written down
            sending = asyncio.create_task(self._attempt(channel_id, lane, notification_id))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            await asyncio.wait({sending})
            if (error := sending.exception()) is not None:
                log.error("a notification could not be dealt with", notification=notification_id, exc_info=error)
                lane.due[notification_id] = self._now_ms() + int(_AGAIN_S * 1000)

    async def _attempt(self, channel_id: str, lane: _Lane, notification_id: str) -> None:
        async with self._database.read() as tx:
            row = await tx.get(NotificationRow, notification_id)
        if row is None or row.state != "queued":
            lane.due.pop(notification_id, None)
            if row is not None:
                self._objects.put(shown(row))
            return
        channel = self._channels.find(channel_id)
        warning, error, retry_after_s = "", "", 0.0
        if channel is None:
            error = "the channel was deleted before this could be sent"
        elif not channel.enabled:
            error = "the channel is switched off"
        else:
            try:
                content = msgspec.json.decode(row.payload, type=Told)
                secrets = self._channels.secrets(channel_id)
                message = message_of(channel, secrets, content, delivery=row.id, now=self._clock())
                warning = (await self._send(message)).warning
            except SendError as failure:
                error, retry_after_s = str(failure) or "it was not taken", failure.retry_after_s
            except PodiumError as failure:  # secrets that cannot be read, a template that does not work with this
                error = excerpt(str(failure))
        await self._write(row, lane, error=error, warning=warning, retry_after_s=retry_after_s)

    async def _write(
        self, row: NotificationRow, lane: _Lane, *, error: str, warning: str, retry_after_s: float
    ) -> None:
        """Write down how an attempt went, and say when the next one is."""
        now = self._now_ms()
        attempts = row.attempts + 1
        pause_s = max(self._pauses.after(attempts, self._random), min(retry_after_s, self._pauses.most_s))
        given_up_at = row.since_ms + int(self._pauses.give_up_s * 1000)
        channel = self._channels.find(row.channel_id)
        tried = channel is not None and channel.enabled
        row.attempts = attempts
        row.last_error = error or warning or None
        row.next_ms = None
        if not error:
            row.state, row.ended_ms = "sent", now
        elif channel is None or now + pause_s * 1000 > given_up_at:
            row.state, row.ended_ms = "failed", now
        else:
            row.next_ms = now + int(pause_s * 1000)
        names = ("state", "attempts", "next_ms", "ended_ms", "last_error")
        async with self._database.begin() as tx:
            await tx.execute(
                update(NotificationRow)
                .where(NotificationRow.id == row.id)
                .values({name: getattr(row, name) for name in names})
            )
            if tried:
                sent_ms = now if row.state == "sent" else None
                await self._channels.fared(tx, row.channel_id, sent_ms=sent_ms, error=row.last_error, at=now)
        if row.next_ms is None:
            lane.due.pop(row.id, None)
        else:
            lane.due[row.id] = row.next_ms
        if row.state == "sent":
            lane.due = dict.fromkeys(lane.due, 0)  # it works again: nobody waits for the rest of an hour's pause
        if row.state == "failed":
            log.error("a notification was given up", notification=row.id, channel=row.channel_id, error=error)
        self._objects.put(shown(row))
        await self._channels.refresh(row.channel_id)

    async def _prune(self) -> None:
        old = (NotificationRow.state != "queued") & (NotificationRow.created_ms < self._now_ms() - KEPT_MS)
        async with self._database.begin() as tx:
            gone = list(await tx.scalars(select(NotificationRow.id).where(old)))
            await tx.execute(delete(NotificationRow).where(old).execution_options(synchronize_session=False))
        self._objects.apply(None, [], [one for one in gone if one in self._objects.of_type(PRIVILEGE)])

    def _trim(self) -> None:
        """Let the oldest leave the collection; the database keeps them for a month."""
        entries: Mapping[str, object] = self._objects.of_type(PRIVILEGE)
        over = len(entries) - 2 * SHOWN
        if over <= 0:
            return
        ended = [
            one
            for entry in self._objects.ordered(PRIVILEGE)
            if isinstance(one := entry.object, Notification) and one.state == "sent"
        ]
        ended.sort(key=lambda one: one.created_at)
        self._objects.apply(None, [], [one.id for one in ended[:-SHOWN]])

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _ms_since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
