"""Runs migrations: on the connection that `podium migrate` hands over, or, for Alembic's own command line, its own."""

import asyncio

from alembic import context
from sqlalchemy.engine import Connection

from podium.db.base import create_engine
from podium.db.tables import metadata
from podium.settings import Settings


def run(connection: Connection) -> None:
    """SQLite cannot alter most of a table: there Alembic copies it (batch mode)."""
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    engine = create_engine(Settings().database)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is None:
    asyncio.run(run_alone())
else:
    run(given)
