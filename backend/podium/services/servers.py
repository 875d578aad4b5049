"""Servers: stored addresses of pools, their credentials (sealed), and their connections."""

import asyncio
from typing import Final, Protocol

import structlog
from msgspec import UNSET
from sqlalchemy.exc import SQLAlchemyError

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.server import ServerRow
from podium.errors import (
    Conflict,
    IncorrectState,
    InvalidParameters,
    NotFound,
    PoolUnreachable,
    Unavailable,
)
from podium.model.server import Server
from podium.services.access import Viewer
from podium.services.secrets import SecretBox
from podium.services.server_store import ServerChange, ServerDraft, ServerStore, address_of, host_key
from podium.services.server_view import server_object
from podium.services.troubles import error_of
from podium.watch.state import ServerConfig, State, Trouble, WatchState
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


_CONNECTION: Final = ("host", "username", "password", "http_proxy", "allow_unauthorized", "read_only")
"""Changes of these are felt by a running connection."""


class Servers:
    """Every write is committed, then shown in the cache, then felt by the connection.

    Make it, give the watchers `on_state` as their `notify`, and hand them over with `use`.
    """

    def __init__(self, database: Database, objects: Objects, box: SecretBox) -> None:
        self._objects = objects
        self._store = ServerStore(database, box)
        self._watchers: Watching | None = None
        self._troubles: dict[str, Trouble] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._unwritten: dict[str, WatchState] = {}
        self._wake = asyncio.Event()

    def use(self, watchers: Watching) -> None:
        self._watchers = watchers

    async def load(self) -> None:
        """Show all servers in the cache. Once, at start."""
        await self._store.load()
        for row in self._store.rows.values():
            self._show(row)

    async def connect_enabled(self) -> None:
        """Begin to watch every enabled server; nothing is waited for. Once, at start."""
        for row in list(self._store.rows.values()):
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

    async def create(self, draft: ServerDraft, *, by: Viewer) -> str:
        """Store a server, enabled but not connected by this call. Raises NameTaken, InvalidParameters."""
        by.require("create", "server", {"host": draft.host, "label": draft.label, "readOnly": draft.read_only})
        row = await self._store.insert(draft)
        self._show(row)
        return row.id

    async def change(self, server_id: str, change: ServerChange, *, by: Viewer) -> None:
        """Change a server. A running connection is made anew when it must be; another address is another pool.

        Who may change a server does not know its password, and must not be able to have it sent to himself: another
        address, another proxy or less TLS needs the password again.

        Raises NotFound, MissingPrivileges, NameTaken, InvalidParameters.
        """
        by.require("update", "server", self.get(server_id))
        async with self._lock(server_id):
            if change.password is UNSET and self._store.is_exposed_by(change, self._store.get(server_id)):
                text = "send the password again: with this change it would go another way than before"
                raise InvalidParameters(text, errors=[{"loc": ["body", "password"], "msg": text}])
            moved = change.host is not UNSET and host_key(change.host) != self._store.get(server_id).host_key
            row = await self._store.write(server_id, change)
            if moved:
                self._unwritten.pop(server_id, None)  # it is about the old pool
            self._show(row)
            if self._running(server_id) and any(getattr(change, name) is not UNSET for name in _CONNECTION):
                if moved:
                    await self._watchers_().stop(server_id, forget=True)
                await self._watch(row)

    async def delete(self, server_id: str, *, by: Viewer) -> None:
        """Disconnect and forget. Raises NotFound, MissingPrivileges."""
        by.require("delete", "server", self.get(server_id))
        await self._forget(server_id)

    async def retire(self, pool_id: str) -> None:
        """Forget the server of a pool that is no more: its only host has joined another one."""
        for server in self.all():
            if server.pool_id == pool_id:
                await self._forget(server.id)

    async def _forget(self, server_id: str) -> None:
        async with self._lock(server_id):
            self._store.get(server_id)
            await self._watchers_().stop(server_id, forget=True)
            await self._store.remove(server_id)
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
            row = await self._store.write(server_id, ServerChange(enabled=True))
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
            row = self._store.get(server_id)
            if not row.enabled and self._watchers_().state(server_id).state is State.DISCONNECTED:
                raise IncorrectState("the server is already disconnected")
            self._troubles.pop(server_id, None)
            row = await self._store.write(server_id, ServerChange(enabled=False))
            await self._watchers_().stop(server_id, forget=True)
            self._show(row)

    async def accept_certificate(self, server_id: str, fingerprint: str, *, by: Viewer) -> None:
        """Trust exactly this certificate (SHA-256, hex with colons) from now on, and try again if enabled.

        Raises NotFound, MissingPrivileges, IncorrectState (no TLS, or nothing is verified anyway).
        """
        by.require("update", "server", self.get(server_id))
        async with self._lock(server_id):
            row = self._store.get(server_id)
            if address_of(row.host).scheme != "https" or row.allow_unauthorized:
                raise IncorrectState("this connection does not verify certificates")
            row = await self._store.write(server_id, ServerChange(fingerprint=fingerprint))
            self._show(row)
            if row.enabled:
                await self._watch(row)

    async def test(self, draft: ServerDraft, *, by: Viewer) -> Probe:
        """Log in once, store nothing. Raises PoolError, InvalidParameters, MissingPrivileges."""
        by.require("create", "server", {"host": draft.host, "label": draft.label, "readOnly": draft.read_only})
        pins = frozenset({draft.fingerprint.upper()} if draft.fingerprint else ())
        return await probe(
            address_of(draft.host),
            username=draft.username,
            password=draft.password,
            trust=Trust(pins, draft.allow_unauthorized),
            proxy=draft.http_proxy,
        )

    async def test_stored(self, server_id: str, *, by: Viewer) -> Probe:
        """Log in once to a stored server, beside whatever connection it has."""
        by.require("read", "server", self.get(server_id))
        config = self._store.config(self._store.get(server_id))
        return await probe(
            address_of(config.host),
            username=config.username,
            password=config.password,
            trust=config.trust,
            proxy=config.proxy,
        )

    def on_state(self, state: WatchState) -> None:
        """A connection changed: show it at once, write down what is worth keeping later (`run`)."""
        row = self._store.rows.get(state.server_id)
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
        for server_id, state in list(self._unwritten.items()):
            try:
                if server_id in self._store.rows:
                    async with self._lock(server_id):
                        await self._store.learn(server_id, state)
            except NotFound:
                pass  # deleted meanwhile
            except SQLAlchemyError:
                log.exception("what a pool says of itself could not be written down", server=server_id)
            # only now: whoever is cancelled before leaves it to the last round
            if self._unwritten.get(server_id) is state:
                del self._unwritten[server_id]

    async def _watch(self, row: ServerRow) -> None:
        """Raises Unavailable when the stored password cannot be read any more."""
        try:
            config = self._store.config(row)
        except Unavailable as error:
            self._troubles[row.id] = Trouble.of(error)
            self._show(row)
            raise
        self._troubles.pop(row.id, None)
        await self._watchers_().start(config)

    def _show(self, row: ServerRow) -> None:
        state, trouble = self._watchers_().state(row.id), self._troubles.get(row.id)
        self._objects.put(server_object(row, state, proxy=self._store.shown_proxy(row), trouble=trouble))

    def _running(self, server_id: str) -> bool:
        return self._watchers_().state(server_id).state in {State.CONNECTING, State.CONNECTED, State.STALE}

    def _watchers_(self) -> Watching:
        if self._watchers is None:
            raise RuntimeError("Servers.use() comes first")
        return self._watchers

    def _lock(self, server_id: str) -> asyncio.Lock:
        return self._locks.setdefault(server_id, asyncio.Lock())


def _learned(row: ServerRow, state: WatchState) -> bool:
    """Whether the pool says something that is not stored yet."""
    return (
        row.pool_id,
        row.pool_label,
        row.pool_description,
        row.master,
        tuple(row.members),
        tuple(row.certificates),
    ) != (
        state.pool_id,
        state.pool_label,
        state.pool_description,
        state.master,
        state.members,
        state.certificates,
    )
