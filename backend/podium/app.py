"""The only place where rooms are joined: `create_app(settings)` makes the service, its lifespan runs it."""

import asyncio
import contextlib
import ctypes
import gc
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import structlog
from fastapi import FastAPI

from podium import __version__
from podium.api import problems, transfers, web
from podium.api.auditing import Auditing
from podium.api.follow import follow
from podium.api.limits import Limits
from podium.api.paths import TrailingSlash
from podium.api.routers import ROUTERS
from podium.api.view_as import ViewAs
from podium.cache.objects import Objects
from podium.db.base import Database, open_database
from podium.db.last_known import LastKnown
from podium.db.migrate import upgrade
from podium.identity.ldap import LdapDirectory
from podium.identity.oidc import OidcProvider
from podium.metrics.history import History
from podium.metrics.pollers import Pollers
from podium.metrics.store import Store
from podium.model.base import XoObject
from podium.model.message import Alarm, Message
from podium.model.registry import BY_STRUCT, BY_TYPE, PROJECTIONS
from podium.notify.senders import send
from podium.services import quotas
from podium.services.alarms.acknowledgements import Acknowledgements
from podium.services.alarms.channels import Channels as NotificationChannels
from podium.services.alarms.desk import AlarmDesk
from podium.services.alarms.evaluator import Alarms
from podium.services.alarms.log import AlarmLog
from podium.services.alarms.notifications import Notifications
from podium.services.alarms.of_pools import PoolAlarms
from podium.services.alarms.outbox import Outbox
from podium.services.alarms.rules import AlarmRules
from podium.services.audit.anchor import Anchor
from podium.services.audit.auditor import Auditor
from podium.services.audit.log import AuditLog
from podium.services.audit.reading import AuditReader
from podium.services.audit.redact import Redactor
from podium.services.auth import Auth
from podium.services.batch import Batch
from podium.services.batch_operations import batch_operations
from podium.services.can import Can
from podium.services.classic_grants import ClassicGrants
from podium.services.cloud_drives import CloudDrives
from podium.services.consoles import Consoles
from podium.services.dashboards.counters import Counters
from podium.services.dashboards.patch_book import PatchBook
from podium.services.dashboards.pool import PoolDashboard
from podium.services.dashboards.site import SiteDashboard
from podium.services.dashboards.vm import VmDashboard
from podium.services.data_sources import DataSources
from podium.services.exporter.counts import Own
from podium.services.exporter.exporter import Exporter
from podium.services.gateway import Gateway
from podium.services.groups import Groups
from podium.services.health import Doctor
from podium.services.host_actions import HostActions
from podium.services.host_returns import HostReturns
from podium.services.hosts import Hosts
from podium.services.ldap import LdapSignIn
from podium.services.measures.fleet import Fleet
from podium.services.measures.hosts import MeasuredHosts
from podium.services.measures.lists import MeasuredLists
from podium.services.measures.live import LiveMetrics
from podium.services.measures.stats import Stats
from podium.services.messages import Messages
from podium.services.networks import Networks
from podium.services.oidc import OidcSignIn
from podium.services.passwords import Passwords
from podium.services.pbds import Pbds
from podium.services.people import People
from podium.services.pifs import Pifs
from podium.services.pool_actions import PoolActions
from podium.services.pools import Pools
from podium.services.privileges import Privileges
from podium.services.provider_config import ldap_config, oidc_config
from podium.services.provider_groups import ProviderGroups
from podium.services.provider_users import ProviderUsers
from podium.services.resource_sets import ResourceSets
from podium.services.rights.rights import Rights
from podium.services.roles import Roles
from podium.services.second_factor import SecondFactors
from podium.services.secrets import SecretBox, derive_key, load_secret
from podium.services.servers import Servers
from podium.services.sessions import Sessions
from podium.services.srs import Srs
from podium.services.tags import Tags
from podium.services.tasks import Tasks
from podium.services.throttle import Throttle
from podium.services.tokens import Tokens
from podium.services.transfers import Transfers
from podium.services.users import Users
from podium.services.vbds import Vbds
from podium.services.vdis import Vdis
from podium.services.vifs import Vifs
from podium.services.vm_cds import VmCds
from podium.services.vm_copies import VmCopies
from podium.services.vm_creation import VmCreation
from podium.services.vm_deletion import VmDeletion
from podium.services.vm_destinations import VmDestinations
from podium.services.vm_migration import VmMigration
from podium.services.vm_power import VmPower
from podium.services.vm_settings import VmSettings
from podium.services.vm_snapshots import VmSnapshots
from podium.services.vtpms import Vtpms
from podium.services.xapi_tasks import XapiTasks
from podium.settings import Settings
from podium.stream.channels import Channels
from podium.stream.connections import Connections
from podium.stream.hub import Hub
from podium.watch.commands import Commands
from podium.watch.handlers import Handlers
from podium.watch.manager import Watchers

log = structlog.get_logger(__name__)

INDEXES: Final[dict[str, dict[str, Callable[[XoObject], str | None]]]] = {
    "VM": {quotas.INDEX: quotas.index_of},
    "VM-template": {quotas.INDEX: quotas.index_of},
    "message": {"object": lambda one: one.object if isinstance(one, Message) else None},
    "alarm": {"object": lambda one: one.object.uuid if isinstance(one, Alarm) else None},
}
"""Secondary indexes that sub-collections read."""


def create_app(settings: Settings, *, announce: Callable[[str], None] = print) -> FastAPI:
    """The service. `announce` tells the operator what must be seen once: a password made at the first start."""
    app = FastAPI(
        title="Podium",
        version=__version__,
        description="Fleets of XenServer and XCP-ng pools, live. A superset of Xen Orchestra's REST API v0.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.announce = announce
    app.state.follow = follow
    hub = app.state.hub = Hub(time=time.monotonic, cpu_time=time.thread_time)
    app.state.objects = Objects(
        epoch=uuid4().hex[:12],
        publish=hub.publish,
        resource_of=lambda one: BY_STRUCT[type(one)],
        indexes=INDEXES,
    )
    app.state.channels = Channels(objects=app.state.objects, hub=hub)
    app.state.connections = Connections(objects=app.state.objects, hub=hub, now_ms=_now_ms, new_id=lambda: str(uuid4()))
    objects: Objects = app.state.objects
    store = app.state.metrics_store = Store()
    app.state.fleet = fleet = Fleet(objects, store)
    app.state.measured_lists = MeasuredLists(fleet)
    app.state.live_metrics = LiveMetrics(objects, store, fleet)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.append(web.pages(web.web_directory(settings.web_dir)))
    app.add_middleware(Auditing)
    app.add_middleware(ViewAs)
    app.add_middleware(TrailingSlash)
    app.add_middleware(Limits, max_body_bytes=settings.max_body_bytes, streamed=transfers.STREAMED)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Everything that runs beside requests, ended in the reverse order."""
    settings: Settings = app.state.settings
    objects: Objects = app.state.objects
    hub: Hub = app.state.hub
    # most of what the service holds is millions of immutable objects without cycles: looking through them costs
    # hundreds of ms and finds nothing, so the youngest generation is large and the old are frozen after a load
    gc.set_threshold(50_000, 20, 100)
    await upgrade(settings.database)
    async with AsyncExitStack() as stack:
        database = open_database(settings.database)
        stack.push_async_callback(database.close)
        secret = load_secret(settings)
        tokens = await _accounts(app, stack, database, secret)
        servers = Servers(database, objects, SecretBox(secret))
        app.state.servers = servers
        app.state.doctor = doctor = Doctor(
            database=database, objects=objects, streams=lambda: len(app.state.connections), version=app.version
        )
        last_known = LastKnown(database, resources=BY_TYPE)
        async for entries in last_known.read():
            objects.restore(entries)
        restored = hub.revision
        gc.freeze()
        gc.enable()
        watchers = await stack.enter_async_context(
            Watchers(
                objects=objects,
                projections=PROJECTIONS,
                notify=servers.on_state,
                loaded=_settled,
                poll_s=settings.poll_timeout_s,
            )
        )
        servers.use(watchers)
        commands = Commands(watchers)
        app.state.gateway = gateway = Gateway(objects, commands)
        app.state.hosts = hosts = Hosts(gateway)
        app.state.pools = Pools(objects, hosts)
        await servers.load()
        auditor = await stack.enter_async_context(_auditing(app, database, settings, secret))
        app.state.tasks = tasks = await stack.enter_async_context(Tasks(database, objects, ended=auditor.task_ended))
        app.state.resource_sets = sets = ResourceSets(database, objects, gateway.quotas)
        await sets.load()
        sets.on_change(app.state.rights.refresh)
        await _measuring(app, stack, watchers, commands)
        await _overviews(app, stack)
        alarming = await _alarming(app, stack, database, SecretBox(secret))
        _acting(app, gateway, tasks)
        following = last_known.write(hub, objects, since=restored)
        background = [*alarming, tokens.run(), servers.run(), sets.run(hub), following]
        await stack.enter_async_context(_running(*background))
        await servers.connect_enabled()
        doctor.started = True
        log.info("ready", version=app.version, objects=len(objects))
        stack.callback(hub.close)
        yield


def _granting(app: FastAPI) -> None:
    """The services of groups, roles and privileges."""
    people: People = app.state.people
    objects: Objects = app.state.objects
    app.state.groups, app.state.roles = Groups(people), Roles(people)
    app.state.privileges = Privileges(people, objects)
    app.state.classic_grants = ClassicGrants(people, objects)
    app.state.can = Can(people, objects)


@asynccontextmanager
async def _auditing(app: FastAPI, database: Database, settings: Settings, secret: str) -> AsyncIterator[Auditor]:
    """The audit log, from before the first write until after the last one."""
    objects: Objects = app.state.objects
    app.state.audit_reader = AuditReader(database)
    audit_log = AuditLog(
        database, Anchor(settings.data_dir), owner=objects.epoch, keep_days=settings.audit_retention_days
    )
    redactor = Redactor(derive_key(secret, "podium audit v1"))
    async with audit_log:
        app.state.auditor = Auditor(audit_log, objects, redactor, required=settings.audit_required)
        yield app.state.auditor


async def _measuring(app: FastAPI, stack: AsyncExitStack, watchers: Watchers, commands: Commands) -> None:
    """What the hosts measure: read, kept, and shown."""
    objects: Objects = app.state.objects
    store: Store = app.state.metrics_store
    handlers = await stack.enter_async_context(Handlers(watchers, commands))
    app.state.stats = Stats(objects, store, app.state.fleet, History(handlers))
    hosts = MeasuredHosts(objects, watchers.is_connected)
    interval_s = app.state.settings.metrics_interval_s
    if interval_s > 0:
        pollers = Pollers(hosts, store=store, reader=handlers, interval_s=interval_s, filled=_give_back)
        await stack.enter_async_context(pollers)


async def _alarming(
    app: FastAPI, stack: AsyncExitStack, database: Database, box: SecretBox
) -> list[Coroutine[Any, Any, None]]:
    """Thresholds of our own, acknowledgements, and who is told. What it returns runs in the background."""
    objects: Objects = app.state.objects
    hub: Hub = app.state.hub
    settings: Settings = app.state.settings
    acknowledgements = Acknowledgements(database, objects, now_ms=_now_ms)
    await acknowledgements.load()
    channels = app.state.channels_of_notifications = NotificationChannels(database, objects, box)
    await channels.load()
    notifications = Notifications(database, objects, channels, send)
    app.state.notifications = await stack.enter_async_context(notifications)
    outbox = Outbox(objects, channels, notifications.add, now_ms=_now_ms, public_url=settings.public_url)
    rules = app.state.alarm_rules = AlarmRules(database, objects, channels)
    await rules.load()
    channels.use(rules_of=rules.telling, changed=notifications.changed)
    keep_ms = int(settings.alarm_history_s * 1000)
    alarm_log = AlarmLog(database, objects, acknowledgements, outbox, now_ms=_now_ms, keep_ms=keep_ms)
    app.state.alarm_log = alarm_log
    await alarm_log.load()
    app.state.alarm_desk = AlarmDesk(database, objects, acknowledgements, alarm_log, rules, outbox)
    app.state.alarm_values = app.state.fleet
    alarms = app.state.alarms = Alarms(objects, app.state.fleet, rules, alarm_log)
    alarms.adopt()
    pool_alarms = PoolAlarms(database, objects, outbox)
    return [alarms.run(), notifications.run(), pool_alarms.follow(hub, since=hub.revision)]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _overviews(app: FastAPI, stack: AsyncExitStack) -> None:
    """Dashboards: what is counted, remembered and measured, in one answer."""
    objects: Objects = app.state.objects
    counters = app.state.counters = Counters(objects, app.state.hub)
    stack.callback(counters.start())
    patches = app.state.patch_book = await stack.enter_async_context(PatchBook(app.state.hosts))
    app.state.site_dashboard = SiteDashboard(objects, counters, patches)
    app.state.pool_dashboard = PoolDashboard(objects, counters, patches, app.state.fleet)
    app.state.vm_dashboard = VmDashboard(objects, counters)
    store: Store = app.state.metrics_store
    own = Own(
        objects,
        version=app.version,
        streams=lambda: len(app.state.connections),
        conditions=lambda: [rings.condition for rings in store],
    )
    app.state.exporter = Exporter(objects, counters, app.state.fleet, own)


def _acting(app: FastAPI, gateway: Gateway, tasks: Tasks) -> None:
    """The services that act on pools."""
    app.state.transfers = transfers_service = Transfers(gateway, tasks)
    app.state.vm_power = power = VmPower(gateway)
    app.state.vm_snapshots = snapshots = VmSnapshots(gateway)
    app.state.vm_deletion = deletion = VmDeletion(gateway)
    app.state.data_sources = DataSources(gateway)
    app.state.vm_migration = migration = VmMigration(gateway)
    app.state.vm_copies = VmCopies(gateway, migration)
    app.state.vm_cds = VmCds(gateway)
    app.state.vm_destinations = VmDestinations(gateway)
    app.state.vm_settings = vm_settings = VmSettings(gateway, app.state.resource_sets)
    drives = CloudDrives(gateway, transfers_service, tasks)
    app.state.vm_creation = VmCreation(gateway, vm_settings, drives, app.state.resource_sets)
    app.state.vtpms = Vtpms(gateway)
    app.state.vbds = Vbds(gateway)
    app.state.vifs = Vifs(gateway)
    app.state.networks = Networks(gateway)
    app.state.pifs = Pifs(gateway)
    app.state.srs = Srs(gateway)
    app.state.pbds = Pbds(gateway)
    app.state.host_actions = host_actions = HostActions(gateway, HostReturns(gateway, app.state.hosts))
    app.state.pool_actions = PoolActions(gateway, host_actions, retire=app.state.servers.retire)
    app.state.tags = tags = Tags(gateway)
    app.state.vdis = vdis = Vdis(gateway)
    app.state.messages = messages = Messages(gateway, app.state.alarm_desk)
    app.state.xapi_tasks = XapiTasks(gateway)
    operations = batch_operations(
        gateway,
        power=power,
        snapshots=snapshots,
        migration=migration,
        deletion=deletion,
        vdis=vdis,
        tags=tags,
        messages=messages,
        alarms=app.state.alarm_desk,
    )
    app.state.batch = Batch(gateway, operations)
    app.state.consoles = Consoles(gateway)


async def _accounts(app: FastAPI, stack: AsyncExitStack, database: Database, secret: str) -> Tokens:
    """Who there is, what he may, and how he signs in. Loaded, and with somebody who can let others in."""
    settings: Settings = app.state.settings
    objects: Objects = app.state.objects
    app.state.rights = rights = Rights(objects, app.state.hub)
    app.state.people = people = People(database, objects, rights)
    app.state.sessions = sessions = Sessions(viewer=rights.viewer)
    passwords = Passwords(settings)
    app.state.tokens = tokens = Tokens(database, sessions, settings, secret=secret)
    app.state.users = users = Users(database, objects, sessions, tokens, passwords)
    users.use(people)
    _granting(app)
    app.state.factors = factors = SecondFactors(database, settings, secret=secret, clock=sessions.clock)
    vouched = ProviderUsers(database, users, sessions, create=settings.create_users_on_first_sign_in)
    directory = _providers(app, stack, vouched, ProviderGroups(database, changed=people.reload_groups), secret)
    app.state.auth = auth = Auth(
        users, tokens, sessions, passwords, Throttle(), settings, factors=factors, directory=directory
    )
    await people.load()
    await users.load()
    await _first_administrator(app, users, settings)
    await auth.load()
    return tokens


def _providers(
    app: FastAPI, stack: AsyncExitStack, people: ProviderUsers, groups: ProviderGroups, secret: str
) -> LdapSignIn | None:
    """Whoever else vouches for people: OpenID Connect at routes of its own, LDAP behind the sign-in."""
    settings: Settings = app.state.settings
    app.state.oidc = None
    if (oidc := oidc_config(settings)) is not None:
        provider = OidcProvider(oidc)
        stack.push_async_callback(provider.close)
        app.state.oidc = OidcSignIn(
            provider, people, secret=secret, admin_group=settings.oidc_admin_group, groups=groups
        )
    ldap = ldap_config(settings)
    if ldap is None:
        return None
    return LdapSignIn(LdapDirectory(ldap), people, admin_group=settings.ldap_admin_group, groups=groups)


def _settled() -> None:
    """A pool has been loaded: what it holds is no longer looked through, what it took is given back."""
    gc.freeze()
    _give_back()


def _give_back() -> None:
    """Have glibc return what it keeps of freed memory, which after answers of 30 MB is much. Elsewhere: nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


async def _first_administrator(app: FastAPI, users: Users, settings: Settings) -> None:
    password = None if settings.admin_password is None else settings.admin_password.get_secret_value()
    made = await users.ensure_administrator(settings.admin_email, password)
    if made is not None:
        app.state.announce(f"The administrator is {made[0]} with the password {made[1]} (shown once).")


@asynccontextmanager
async def _running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Background work, cancelled and awaited at the end. One that fails is logged; the service goes on."""
    tasks = [asyncio.create_task(_guarded(one)) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("background work failed", work=repr(work))
