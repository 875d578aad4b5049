"""Servers: stored addresses of pools, their credentials (sealed), and their connections."""

import asyncio
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import uuid4

import msgspec
import structlog
from msgspec import UNSET, UnsetType
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.server import ServerRow
from podium.errors import (
    Conflict,
    IncorrectState,
    InvalidParameters,
    NameTaken,
    NotFound,
    PoolUnreachable,
    Unavailable,
)
from podium.model.server import Server
from podium.services.access import Viewer
from podium.services.secrets import SecretBox
from podium.services.server_view import masked_proxy, server_object
from podium.services.troubles import error_of
from podium.watch.state import ServerConfig, State, Trouble, WatchState
from podium.xapi.address import Address, parse_address
from podium.xapi.probe import Probe, probe
from podium.xapi.trust import Trust

log = structlog.get_logger(__name__)

_FIRST_RESULT_S: Final = 120.0
_PERSIST_PAUSE_S: Final = 1.0


class Watching(Protocol):
    """What is needed of the watchers."""

    def state(self, server_id: str) -> WatchState: ...
    async def start(self, config: ServerConfig) -> None: ...
    async def stop(self, server_id: str, *, forget: bool) -> None: ...
    async def first_result(self, server_id: str) -> WatchState: ...


class ServerDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A server to be. `host`: `[scheme://]host[:port]`."""

    host: str
    username: str
    password: str
    label: str | None = None
    http_proxy: str | None = None
    allow_unauthorized: bool = False
    read_only: bool = False


class ServerChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a server; UNSET: leave it, None: take it away."""

    host: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    label: str | UnsetType | None = UNSET
    http_proxy: str | UnsetType | None = UNSET
    allow_unauthorized: bool | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET


_CONNECTION: Final = ("host", "username", "password", "http_proxy", "allow_unauthorized", "read_only")
"""Changes of these are felt by a running connection."""


class Servers:
    """Every write is committed, then shown in the cache, then felt by the connection.

    Create it, give the watchers `on_state` as their `notify`, and hand them over with `use`.
    """

    def __init__(self, database: Database, objects: Objects, box: SecretBox) -> None:
        self._database = database
        self._objects = objects
        self._box = box
        self._watchers: Watching | None = None
        self._rows: dict[str, ServerRow] = {}
        self._troubles: dict[str, Trouble] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._unwritten: dict[str, WatchState] = {}
        self._wake = asyncio.Event()

    def use(self, watchers: Watching) -> None:
        self._watchers = watchers

    async def load(self) -> None:
        """Show all servers in the cache. Once, at start."""
        async with self._database.read() as tx:
            self._rows = {row.id: row for row in await tx.scalars(select(ServerRow))}
        for row in self._rows.values():
            self._show(row)

    async def connect_enabled(self) -> None:
        """Begin to watch every enabled server; nothing is waited for. Once, at start."""
        for row in list(self._rows.values()):
            if row.enabled:
                try:
                    await self._watch(row)
                except Unavailable as error:
                    log.warning("a server cannot be connected", server=row.id, host=row.host, detail=str(error))

    def all(self) -> list[Server]:
        """Every server, by id."""
        return [entry.object for entry in self._objects.ordered("server") if isinstance(entry.object, Server)]

    def get(self, server_id: str) -> Server:
        """Raises NotFound."""
        entry = self._objects.of_type("server").get(server_id)
        if entry is None:
            raise NotFound("server", server_id)
        assert isinstance(entry.object, Server)  # noqa: S101
        return entry.object

    async def create(self, draft: ServerDraft, *, fingerprint: str | None = None, by: Viewer) -> str:
        """Store a server, enabled but not connected by this call. `fingerprint`: trust exactly that certificate.

        Raises NameTaken, InvalidParameters.
        """
        by.require("create", "server")
        address = _address(draft.host)
        server_id = str(uuid4())
        row = ServerRow(
            id=server_id,
            host=draft.host.strip(),
            host_key=address.url.lower(),
            username=draft.username,
            password=self._box.seal(draft.password, context=_context(server_id, "password")),
            label=draft.label,
            http_proxy=self._sealed_proxy(server_id, draft.http_proxy),
            allow_unauthorized=draft.allow_unauthorized,
            read_only=draft.read_only,
            fingerprint=None if fingerprint is None else fingerprint.upper(),
            created=datetime.now(UTC),
        )
        try:
            async with self._database.begin() as tx:
                tx.add(row)
        except IntegrityError as error:
            raise NameTaken(f"a server at {draft.host}") from error
        self._rows[server_id] = row
        self._show(row)
        return server_id

    async def change(self, server_id: str, change: ServerChange, *, by: Viewer) -> None:
        """Change a server. A running connection is made anew when it must be; another address is another pool.

        Raises NotFound, MissingPrivileges, NameTaken, InvalidParameters.
        """
        by.require("update", "server", self.get(server_id))
        async with self._lock(server_id):
            before = self._row(server_id)
            moved = change.host is not UNSET and _address(change.host).url.lower() != before.host_key
            try:
                row = await self._write(server_id, change, moved=moved)
            except IntegrityError as error:
                raise NameTaken(f"a server at {change.host}") from error
            self._show(row)
            if self._running(server_id) and any(getattr(change, name) is not UNSET for name in _CONNECTION):
                if moved:
                    await self._watchers_().stop(server_id, forget=True)
                await self._watch(row)

    async def delete(self, server_id: str, *, by: Viewer) -> None:
        """Disconnect and forget. Raises NotFound, MissingPrivileges."""
        by.require("delete", "server", self.get(server_id))
        async with self._lock(server_id):
            self._row(server_id)
            await self._watchers_().stop(server_id, forget=True)
            async with self._database.begin() as tx:
                row = await tx.get(ServerRow, server_id)
                if row is not None:
                    await tx.delete(row)
            del self._rows[server_id]
            self._troubles.pop(server_id, None)
            self._unwritten.pop(server_id, None)
            self._objects.discard("server", server_id)
        self._locks.pop(server_id, None)

    async def connect(self, server_id: str, *, by: Viewer) -> None:
        """Enable and connect; returns when the pool is loaded.

        When it does not answer, trying goes on behind this error; when it refuses, that waits for a human. Raises
        NotFound, MissingPrivileges, IncorrectState, PoolError, PoolAlreadyConnected.
        """
        by.require("connect", "server", self.get(server_id))
        async with self._lock(server_id):
            if self._running(server_id):
                raise IncorrectState(f"the server is already {self.get(server_id).status}")
            row = await self._write(server_id, ServerChange(), enabled=True)
            await self._watch(row)
        try:
            async with asyncio.timeout(_FIRST_RESULT_S):
                state = await self._watchers_().first_result(server_id)
        except TimeoutError as error:
            raise PoolUnreachable("the pool takes long to load; connecting goes on") from error
        if state.trouble is not None:
            raise error_of(state.trouble)
        if state.state is State.DISCONNECTED:
            raise Conflict("the server was disconnected meanwhile")

    async def disconnect(self, server_id: str, *, by: Viewer) -> None:
        """Disable and disconnect; the pool's objects leave. Raises NotFound, MissingPrivileges, IncorrectState."""
        by.require("disconnect", "server", self.get(server_id))
        async with self._lock(server_id):
            row = self._row(server_id)
            if not row.enabled and self._watchers_().state(server_id).state is State.DISCONNECTED:
                raise IncorrectState("the server is already disconnected")
            self._troubles.pop(server_id, None)
            row = await self._write(server_id, ServerChange(), enabled=False)
            await self._watchers_().stop(server_id, forget=True)
            self._show(row)

    async def accept_certificate(self, server_id: str, fingerprint: str, *, by: Viewer) -> None:
        """Trust exactly this certificate (SHA-256, hex with colons) from now on, and try again if enabled.

        Raises NotFound, MissingPrivileges, IncorrectState (no TLS, or nothing is verified anyway).
        """
        by.require("update", "server", self.get(server_id))
        async with self._lock(server_id):
            row = self._row(server_id)
            if _address(row.host).scheme != "https" or row.allow_unauthorized:
                raise IncorrectState("this connection does not verify certificates")
            row = await self._write(server_id, ServerChange(), fingerprint=fingerprint.upper())
            self._show(row)
            if row.enabled:
                await self._watch(row)

    async def test(self, draft: ServerDraft, *, fingerprint: str | None = None, by: Viewer) -> Probe:
        """Log in once, store nothing. Raises PoolError, InvalidParameters, MissingPrivileges."""
        by.require("create", "server")
        pins = frozenset({fingerprint.upper()}) if fingerprint else frozenset()
        return await probe(
            _address(draft.host),
            username=draft.username,
            password=draft.password,
            trust=Trust(pins, draft.allow_unauthorized),
            proxy=draft.http_proxy,
        )

    async def test_stored(self, server_id: str, *, by: Viewer) -> Probe:
        """Log in once to a stored server, beside whatever connection it has."""
        by.require("read", "server", self.get(server_id))
        config = self._config(self._row(server_id))
        pins = frozenset({config.pinned_fingerprint} if config.pinned_fingerprint else ())
        return await probe(
            _address(config.host),
            username=config.username,
            password=config.password,
            trust=Trust(pins, config.allow_unauthorized),
            proxy=config.proxy,
        )

    def on_state(self, state: WatchState) -> None:
        """A connection changed: show it at once, write down what is worth keeping later (`run`)."""
        row = self._rows.get(state.server_id)
        if row is None:
            return
        self._show(row)
        if state.state is State.CONNECTED and _learned(row, state):
            self._unwritten[state.server_id] = state
            self._wake.set()

    async def run(self) -> None:
        """Write down what pools say of themselves, until cancelled; then the rest of it."""
        try:
            while True:
                await self._wake.wait()
                await asyncio.sleep(_PERSIST_PAUSE_S)
                self._wake.clear()
                await self._write_learned()
        finally:
            await asyncio.shield(self._write_learned())

    async def _write_learned(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        for server_id, state in unwritten.items():
            if server_id not in self._rows:
                continue
            try:
                async with self._lock(server_id):
                    await self._write(server_id, ServerChange(), learned=state)
            except NotFound:
                continue  # deleted meanwhile
            except SQLAlchemyError:
                log.exception("what a pool says of itself could not be written down", server=server_id)

    async def _write(
        self,
        server_id: str,
        change: ServerChange,
        *,
        moved: bool = False,
        enabled: bool | None = None,
        fingerprint: str | None = None,
        learned: WatchState | None = None,
    ) -> ServerRow:
        async with self._database.begin() as tx:
            row = await tx.get(ServerRow, server_id)
            if row is None:
                raise NotFound("server", server_id)
            self._apply(row, change)
            if moved:
                row.fingerprint = row.pool_id = row.pool_label = row.pool_description = row.master = None
                row.members = []
            if enabled is not None:
                row.enabled = enabled
            if fingerprint is not None:
                row.fingerprint = fingerprint
            if learned is not None:
                row.pool_id, row.master, row.members = learned.pool_id, learned.master, list(learned.members)
                row.pool_label, row.pool_description = learned.pool_label, learned.pool_description
        self._rows[server_id] = row
        return row

    def _apply(self, row: ServerRow, change: ServerChange) -> None:
        if change.host is not UNSET:
            row.host, row.host_key = change.host.strip(), _address(change.host).url.lower()
        if change.username is not UNSET:
            row.username = change.username
        if change.password is not UNSET:
            row.password = self._box.seal(change.password, context=_context(row.id, "password"))
        if change.label is not UNSET:
            row.label = change.label
        if change.allow_unauthorized is not UNSET:
            row.allow_unauthorized = change.allow_unauthorized
        if change.read_only is not UNSET:
            row.read_only = change.read_only
        if change.http_proxy is not UNSET:
            stored = self._proxy(row)
            if stored is None or change.http_proxy != masked_proxy(stored):  # what was read may be sent back
                row.http_proxy = self._sealed_proxy(row.id, change.http_proxy)

    async def _watch(self, row: ServerRow) -> None:
        """Raises Unavailable when the stored password cannot be read any more."""
        try:
            config = self._config(row)
        except Unavailable as error:
            self._troubles[row.id] = Trouble.of(error)
            self._show(row)
            raise
        self._troubles.pop(row.id, None)
        await self._watchers_().start(config)

    def _config(self, row: ServerRow) -> ServerConfig:
        return ServerConfig(
            id=row.id,
            host=row.host,
            username=row.username,
            password=self._box.open(row.password, context=_context(row.id, "password")),
            allow_unauthorized=row.allow_unauthorized,
            pinned_fingerprint=row.fingerprint,
            proxy=self._proxy(row),
            read_only=row.read_only,
            members=tuple(row.members),
            expected_pool=row.pool_id,
        )

    def _show(self, row: ServerRow) -> None:
        try:
            proxy = self._proxy(row)
        except Unavailable:
            proxy = ""
        state = self._watchers_().state(row.id)
        self._objects.put(server_object(row, state, proxy=proxy, trouble=self._troubles.get(row.id)))

    def _proxy(self, row: ServerRow) -> str | None:
        return None if row.http_proxy is None else self._box.open(row.http_proxy, context=_context(row.id, "proxy"))

    def _sealed_proxy(self, server_id: str, proxy: str | None) -> bytes | None:
        return None if not proxy else self._box.seal(proxy, context=_context(server_id, "proxy"))

    def _row(self, server_id: str) -> ServerRow:
        row = self._rows.get(server_id)
        if row is None:
            raise NotFound("server", server_id)
        return row

    def _running(self, server_id: str) -> bool:
        return self._watchers_().state(server_id).state in {State.CONNECTING, State.CONNECTED, State.STALE}

    def _watchers_(self) -> Watching:
        if self._watchers is None:
            raise RuntimeError("Servers.use() comes first")
        return self._watchers

    def _lock(self, server_id: str) -> asyncio.Lock:
        return self._locks.setdefault(server_id, asyncio.Lock())


def _address(host: str) -> Address:
    try:
        return parse_address(host)
    except ValueError as error:
        raise InvalidParameters(str(error), errors=[{"loc": ["body", "host"], "msg": str(error)}]) from error


def _context(server_id: str, field: str) -> str:
    return f"server:{server_id}:{field}"


def _learned(row: ServerRow, state: WatchState) -> bool:
    """Whether the pool says something that is not stored yet."""
    return (row.pool_id, row.pool_label, row.pool_description, row.master, tuple(row.members)) != (
        state.pool_id,
        state.pool_label,
        state.pool_description,
        state.master,
        state.members,
    )
