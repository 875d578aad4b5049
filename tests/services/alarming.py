"""Alarms and their messages over a test's database, joined as in app.py; time, values and post office are its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from podium.app import INDEXES
from podium.cache.objects import Objects
from podium.db.base import Database
from podium.model.alarm import Notification, NotificationChannel
from podium.model.message import Alarm
from podium.model.registry import BY_STRUCT
from podium.notify.mail import Mail
from podium.notify.sending import Answer, SendError
from podium.notify.webhook import Webhook
from podium.services.alarms.acknowledgements import Acknowledgements
from podium.services.alarms.channels import ChannelDraft, Channels
from podium.services.alarms.delivery import Pauses
from podium.services.alarms.desk import AlarmDesk
from podium.services.alarms.evaluator import Alarms
from podium.services.alarms.log import AlarmLog
from podium.services.alarms.notifications import Notifications
from podium.services.alarms.of_pools import PoolAlarms
from podium.services.alarms.outbox import Outbox
from podium.services.alarms.rules import AlarmRules, RuleDraft
from podium.services.secrets import SecretBox
from podium.stream.hub import Hub
from podium.xapi.records import PoolRecord, SRRecord, VMRecord
from tests.accounts import ROOT
from tests.conftest import SECRET
from tests.model.lookup import project

POOL = "pool-uuid"
KEEP_MS = 30 * 86_400_000


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Numbers:
    """The fleet of a test: it says which values there are, and when new ones come."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], dict[str, float]] = {}
        self._came = asyncio.Event()

    def latest(self, kind: str, metric: str) -> Mapping[str, float]:
        return self.known.get((kind, metric), {})

    async def polled(self) -> None:
        await self._came.wait()
        self._came.clear()

    def say(self, metric: str = "cpu", kind: str = "VM", **values: float) -> None:
        self.known[kind, metric] = values
        self._came.set()


class PostOffice:
    """Takes messages while it is open; `closed` says why not otherwise."""

    def __init__(self) -> None:
        self.taken: list[Webhook | Mail] = []
        self.closed = ""
        self.attempts = 0
        self.hold: asyncio.Event | None = None

    async def __call__(self, message: Webhook | Mail) -> Answer:
        self.attempts += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.closed:
            raise SendError(self.closed)
        self.taken.append(message)
        return Answer(200, "taken")


class Alarming:
    """One life of the process."""

    def __init__(
        self, database: Database, clock: Clock, numbers: Numbers, office: PostOffice, *, pauses: Pauses
    ) -> None:
        self.database = database
        self.clock = clock
        self.numbers = numbers
        self.office = office
        self.hub = Hub(time=clock, cpu_time=clock)
        self.objects = Objects(
            epoch="test", publish=self.hub.publish, resource_of=lambda one: BY_STRUCT[type(one)], indexes=INDEXES
        )

        def now_ms() -> int:
            return int(clock() * 1000)

        self.acknowledgements = Acknowledgements(database, self.objects, now_ms=now_ms)
        self.channels = Channels(database, self.objects, SecretBox(SECRET))
        self.notifications = Notifications(
            database, self.objects, self.channels, office, clock=clock, random=Random(1), pauses=pauses
        )
        self.outbox = Outbox(
            self.objects, self.channels, self.notifications.add, now_ms=now_ms, public_url="https://podium.example"
        )
        self.rules = AlarmRules(database, self.objects, self.channels)
        self.channels.use(rules_of=self.rules.telling, changed=self.notifications.changed)
        self.log = AlarmLog(database, self.objects, self.acknowledgements, self.outbox, now_ms=now_ms, keep_ms=KEEP_MS)
        self.desk = AlarmDesk(
            database, self.objects, self.acknowledgements, self.log, self.rules, self.outbox, clock=clock
        )
        self.alarms = Alarms(self.objects, numbers, self.rules, self.log, clock=clock)
        self.pool_alarms = PoolAlarms(database, self.objects, self.outbox, clock=clock)

    async def load(self) -> None:
        await self.acknowledgements.load()
        await self.channels.load()
        await self.rules.load()
        await self.log.load()
        self.alarms.adopt()

    def inventory(self, *vms: str, **more: Any) -> None:
        """A pool with these VMs, each with its name as id, and tags by `tags=`."""
        tags = more.get("tags", {})
        shown = project(
            {
                "OpaqueRef:pool": PoolRecord(uuid=POOL, name_label="Lyon"),
                "OpaqueRef:sr": SRRecord(uuid="sr", name_label="store"),
                **{
                    f"OpaqueRef:{name}": VMRecord(uuid=name, name_label=name, tags=tuple(tags.get(name, ())))
                    for name in vms
                },
            }
        )
        present = {entry.id for entry in self.objects.of_pool(POOL)}
        self.objects.apply(POOL, shown, present - {one.id for one in shown})

    async def rule(self, **changes: Any) -> str:
        values: dict[str, Any] = {"name": "busy", "kind": "VM", "metric": "cpu", "threshold": 90.0, **changes}
        return await self.rules.create(RuleDraft(**values), by=ROOT)

    async def channel(self, **changes: Any) -> str:
        values: dict[str, Any] = {
            "name": "ops",
            "kind": "webhook",
            "webhook": {"url": "http://127.0.0.1:9/hook"},
            "events": ("raised", "ended", "acknowledged"),
            **changes,
        }
        return await self.channels.create(ChannelDraft(**values), by=ROOT)

    async def after(self, seconds: float, **values: float) -> None:
        """Time passes, values come, the rules are held against them."""
        self.clock.now += seconds
        if values:
            self.numbers.say("cpu", "VM", **values)
        await self.alarms.evaluate()

    def shown(self) -> dict[str, Alarm]:
        """The collection, by the id of the object."""
        found = [one for entry in self.objects.ordered("alarm") if isinstance(one := entry.object, Alarm)]
        return {one.object.uuid: one for one in found}

    def messages(self) -> list[Notification]:
        """The oldest first."""
        found = [one for entry in self.objects.ordered("notification") if isinstance(one := entry.object, Notification)]
        return sorted(found, key=lambda one: (one.created_at, one.event != "raised"))

    def the_channel(self, channel_id: str) -> NotificationChannel:
        return self.channels.get(channel_id)


@asynccontextmanager
async def alarming(
    database: Database,
    *,
    clock: Clock | None = None,
    numbers: Numbers | None = None,
    office: PostOffice | None = None,
    pauses: Pauses = Pauses(),  # noqa: B008
) -> AsyncIterator[Alarming]:
    one = Alarming(database, clock or Clock(), numbers or Numbers(), office or PostOffice(), pauses=pauses)
    await one.load()
    async with one.notifications:
        yield one


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is."""
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)
