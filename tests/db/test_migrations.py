"""The schema: both ways, on both databases, and the same as what the tables say."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from podium.db.base import Database, open_database
from podium.db.migrate import HEAD, at_head, downgrade, migrations_dir, upgrade
from podium.db.tables import metadata


def _difference(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_the_tables_match_the_migrations(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_difference) == []


async def test_down_to_nothing_and_up_again(database: Database, database_url: str) -> None:
    await downgrade(database_url, "base")
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_tables) <= {"alembic_version"}
    assert not await at_head(database.engine)
    await upgrade(database_url)
    assert await at_head(database.engine)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_difference) == []


async def test_an_empty_database_is_not_at_head(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    assert not await at_head(database.engine)
    await database.close()


async def test_a_failed_migration_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    (broken / "env.py").write_text((migrations_dir() / "env.py").read_text())
    first = next((migrations_dir() / "versions").glob("0001_*.py")).read_text()
    (broken / "versions" / "0001_x.py").write_text(
        first.replace("def downgrade", "    raise RuntimeError\n\n\ndef downgrade")
    )
    monkeypatch.setattr("podium.db.migrate.migrations_dir", lambda: broken)
    url = f"sqlite:///{tmp_path / 'half.db'}"
    with pytest.raises(RuntimeError):
        await upgrade(url)
    database = open_database(url)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_tables) == set()
    await database.close()


async def test_sqlite_is_prepared_for_many_readers_and_a_writer(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    async with database.engine.connect() as connection:
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert await connection.scalar(text("PRAGMA busy_timeout")) == 10_000
    await database.close()
