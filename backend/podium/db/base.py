"""The engine, its transactions, and what every table shares: naming conventions and aware datetimes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import DateTime, Dialect, MetaData, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass
from sqlalchemy.types import TypeDecorator

_BUSY_TIMEOUT_MS = 10_000
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. SQLite has no time zones: there it is stored bare and read back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetimes are not stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Root of all tables. Constraints have names, so that migrations can speak of them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime()}


class Database:
    """Transactions on one database. Writers on SQLite take the lock at BEGIN, so that none fails half-way."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        writer = engine.execution_options(podium_begin="BEGIN IMMEDIATE")
        self._write = async_sessionmaker(writer, expire_on_commit=False)
        self._read = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end of the block, rolled back when it raises."""
        async with self._write() as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One consistent view, never committed."""
        async with self._read() as session:
            yield session

    async def close(self) -> None:
        await self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at `url` (`sqlite:///path`, `postgresql://...`). Nothing is connected yet."""
    return Database(create_engine(url))


def create_engine(url: str) -> AsyncEngine:
    """An engine for `url`, with the async driver filled in and SQLite made fit for many readers and a writer."""
    address = async_url(url)
    if address.get_backend_name() != "sqlite":
        return create_async_engine(address, pool_pre_ping=True, pool_size=10, max_overflow=10)
    if address.database and address.database != ":memory:":
        path = Path(address.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)  # the log and index that SQLite puts beside it take their mode from it
    engine = create_async_engine(address)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def async_url(url: str) -> URL:
    """`url` with the driver that Podium ships, unless it names one. Raises ValueError for other databases."""
    address = make_url(url)
    if "+" in address.drivername:
        return address
    if address.drivername not in _DRIVERS:
        raise ValueError(f"{address.drivername} is not supported: use sqlite or postgresql")
    return address.set(drivername=_DRIVERS[address.drivername])


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Per connection. The driver's own idea of transactions is off (SQLAlchemy docs, "sqlite_transactions")."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"busy_timeout={_BUSY_TIMEOUT_MS}", "foreign_keys=ON", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("podium_begin", "BEGIN"))
