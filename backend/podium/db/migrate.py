"""Brings a database to the schema this version speaks; Alembic is loaded only when there is something to do."""

import sysconfig
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from podium.db.base import Database, open_database

HEAD = "0006"
"""The newest revision in `migrations/versions`. A constant, so that a start need not read them; a test compares."""

_UPGRADE_LOCK = 0x706F6469756D  # "podium": processes that start together on PostgreSQL migrate one after the other


async def at_head(engine: AsyncEngine) -> bool:
    """Whether the schema is this version's. One query; False for an empty database."""
    try:
        async with engine.connect() as connection:
            revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError:  # no such table; a database that is away fails again, and with its own words, at the upgrade
        return False
    return bool(revision == HEAD)


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` up to `revision`, in one transaction. One query when it is at the head already."""
    database = open_database(url)
    try:
        if revision != "head" or not await at_head(database.engine):
            await _migrate(database, revision, up=True)
    finally:
        await database.close()


async def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision` ("base": empty)."""
    database = open_database(url)
    try:
        await _migrate(database, revision, up=False)
    finally:
        await database.close()


def migrations_dir() -> Path:
    """Where the migrations are: beside `backend/` in a checkout, in `share/podium` of the environment if installed.

    The wheel carries them as data files (pyproject.toml, tool.setuptools.data-files), since the folder's place at the
    top of the repository is fixed and Alembic wants files, not a package. Raises FileNotFoundError.
    """
    places = [Path(__file__).parents[3] / "migrations"]
    places += [Path(sysconfig.get_path("data", scheme)) / "share" / "podium" / "migrations" for scheme in _schemes()]
    for place in places:
        if (place / "env.py").is_file():
            return place
    raise FileNotFoundError(f"no migrations in {', '.join(map(str, places))}")


def _schemes() -> list[str]:
    return [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")]


async def _migrate(database: Database, revision: str, *, up: bool) -> None:
    writer = database.engine.execution_options(podium_begin="BEGIN IMMEDIATE")
    async with writer.begin() as connection:
        await connection.run_sync(_run, revision, up)


def _run(connection: Connection, revision: str, up: bool) -> None:
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.attributes["connection"] = connection
    (command.upgrade if up else command.downgrade)(config, revision)
