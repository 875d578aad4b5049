"""Stored servers: their rows, with secrets sealed, and what a connection needs of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import uuid4

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from podium.db.base import Database
from podium.db.server import ServerRow
from podium.errors import InvalidParameters, NameTaken, NotFound, Unavailable
from podium.services.secrets import SecretBox
from podium.services.server_view import masked_proxy
from podium.watch.state import ServerConfig, WatchState
from podium.xapi.address import Address, parse_address


class ServerDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A server to be. `host`: `[scheme://]host[:port]`; `fingerprint`: trust exactly that certificate."""

    host: str
    username: str
    password: str
    label: str | None = None
    http_proxy: str | None = None
    allow_unauthorized: bool = False
    read_only: bool = False
    fingerprint: str | None = None

    def __repr__(self) -> str:
        return f"ServerDraft({self.host})"


class ServerChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a server; UNSET: leave it, None: take it away."""

    host: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    label: str | UnsetType | None = UNSET
    http_proxy: str | UnsetType | None = UNSET
    allow_unauthorized: bool | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET
    fingerprint: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET

    def __repr__(self) -> str:
        return "ServerChange()"


class ServerStore:
    """All rows, in memory and in the database. Whoever writes the same server twice at a time takes turns."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._rows: dict[str, ServerRow] = {}

    @property
    def rows(self) -> Mapping[str, ServerRow]:
        """By id; not to be changed."""
        return MappingProxyType(self._rows)

    async def load(self) -> None:
        async with self._database.read() as tx:
            self._rows = {row.id: row for row in await tx.scalars(select(ServerRow))}

    def get(self, server_id: str) -> ServerRow:
        """Raises NotFound."""
        row = self._rows.get(server_id)
        if row is None:
            raise NotFound("server", server_id)
        return row

    async def insert(self, draft: ServerDraft) -> ServerRow:
        """Store a server, enabled. Raises NameTaken, InvalidParameters."""
        server_id = str(uuid4())
        row = ServerRow(
            id=server_id,
            host=draft.host.strip(),
            host_key=host_key(draft.host),
            username=draft.username,
            password=self._box.seal(draft.password, context=_context(server_id, "password")),
            label=draft.label,
            http_proxy=self._sealed_proxy(server_id, draft.http_proxy),
            allow_unauthorized=draft.allow_unauthorized,
            read_only=draft.read_only,
            fingerprint=None if draft.fingerprint is None else draft.fingerprint.upper(),
            created=datetime.now(UTC),
        )
        try:
            async with self._database.begin() as tx:
                tx.add(row)
        except IntegrityError as error:
            raise NameTaken(f"a server at {draft.host}") from error
        self._rows[server_id] = row
        return row

    async def write(self, server_id: str, change: ServerChange) -> ServerRow:
        """Change a server. Another address is another pool: what was known of the old one is forgotten.

        Raises NotFound, NameTaken, InvalidParameters.
        """
        try:
            async with self._database.begin() as tx:
                row = await tx.get(ServerRow, server_id)
                if row is None:
                    raise NotFound("server", server_id)
                self._apply(row, change)
        except IntegrityError as error:
            raise NameTaken(f"a server at {change.host}") from error
        self._rows[server_id] = row
        return row

    async def learn(self, server_id: str, state: WatchState) -> ServerRow:
        """Write down what a pool says of itself. Raises NotFound."""
        async with self._database.begin() as tx:
            row = await tx.get(ServerRow, server_id)
            if row is None:
                raise NotFound("server", server_id)
            row.pool_id, row.master, row.members = state.pool_id, state.master, list(state.members)
            row.certificates = list(state.certificates)
            row.pool_label, row.pool_description = state.pool_label, state.pool_description
        self._rows[server_id] = row
        return row

    async def remove(self, server_id: str) -> None:
        async with self._database.begin() as tx:
            row = await tx.get(ServerRow, server_id)
            if row is not None:
                await tx.delete(row)
        self._rows.pop(server_id, None)

    def config(self, row: ServerRow) -> ServerConfig:
        """What a connection needs. Raises Unavailable when the secrets cannot be read any more."""
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
            certificates=tuple(row.certificates),
            expected_pool=row.pool_id,
        )

    def is_exposed_by(self, change: ServerChange, row: ServerRow) -> bool:
        """Whether the change would send the stored password to somebody else, or less protected."""
        if change.host is not UNSET and host_key(change.host) != row.host_key:
            return True
        if change.http_proxy is not UNSET and change.http_proxy and change.http_proxy != self.shown_proxy(row):
            return True
        return change.allow_unauthorized is True and not row.allow_unauthorized

    def shown_proxy(self, row: ServerRow) -> str | None:
        """The proxy with its password masked; empty when it cannot be read any more."""
        try:
            proxy = self._proxy(row)
        except Unavailable:
            return ""
        return None if proxy is None else masked_proxy(proxy)

    def _apply(self, row: ServerRow, change: ServerChange) -> None:
        if change.host is not UNSET:
            key = host_key(change.host)
            if key != row.host_key:
                row.fingerprint = row.pool_id = row.pool_label = row.pool_description = row.master = None
                row.members, row.certificates = [], []
            row.host, row.host_key = change.host.strip(), key
        if change.password is not UNSET:
            row.password = self._box.seal(change.password, context=_context(row.id, "password"))
        if change.http_proxy is not UNSET and (not change.http_proxy or change.http_proxy != self.shown_proxy(row)):
            row.http_proxy = self._sealed_proxy(row.id, change.http_proxy)  # what was shown may be sent back
        if change.fingerprint is not UNSET:
            row.fingerprint = change.fingerprint.upper()
        for name in ("username", "label", "allow_unauthorized", "read_only", "enabled"):
            value = getattr(change, name)
            if value is not UNSET:
                setattr(row, name, value)

    def _proxy(self, row: ServerRow) -> str | None:
        return None if row.http_proxy is None else self._box.open(row.http_proxy, context=_context(row.id, "proxy"))

    def _sealed_proxy(self, server_id: str, proxy: str | None) -> bytes | None:
        return None if not proxy else self._box.seal(proxy, context=_context(server_id, "proxy"))


def address_of(host: str) -> Address:
    """Raises InvalidParameters."""
    try:
        return parse_address(host)
    except ValueError as error:
        raise InvalidParameters(str(error), errors=[{"loc": ["body", "host"], "msg": str(error)}]) from error


def host_key(host: str) -> str:
    """The address as compared: with scheme and port, in lower case. Raises InvalidParameters."""
    return address_of(host).url.lower()


def _context(server_id: str, field: str) -> str:
    return f"server:{server_id}:{field}"
