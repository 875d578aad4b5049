"""Transactions and times, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError

from podium.db.base import Database, async_url, open_database
from podium.db.tables import TaskRow, TokenRow, UserRow


def user(user_id: str, **changes: Any) -> UserRow:
    values: dict[str, Any] = {"name": user_id, "name_key": user_id, "password_hash": "", "permission": "none"}
    return UserRow(id=user_id, **({"created": datetime.now(UTC)} | values | changes))


async def test_a_block_that_raises_writes_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as tx:
            tx.add(user("ada"))
            await tx.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(UserRow)) == 0


async def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5)))
    async with database.begin() as tx:
        tx.add(user("ada", created=moment))
    async with database.read() as tx:
        row = await tx.get_one(UserRow, "ada")
    assert row.created == moment
    assert row.created.utcoffset() == timedelta(0)


async def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive"):
        async with database.begin() as tx:
            tx.add(user("ada", created=datetime(2026, 3, 1)))  # noqa: DTZ001


async def test_constraints_hold(database: Database) -> None:
    async with database.begin() as tx:
        tx.add(user("ada"))
    for wrong in (user("bob", name_key="ada"), user("eve", permission="root")):
        with pytest.raises(IntegrityError):
            async with database.begin() as tx:
                tx.add(wrong)


async def test_a_user_takes_his_tokens_along(database: Database) -> None:
    now = datetime.now(UTC)
    async with database.begin() as tx:
        tx.add(user("ada"))
    async with database.begin() as tx:
        tx.add(TokenRow(id="t", user_id="ada", created=now, expires=now, kind="api"))
    async with database.begin() as tx:
        await tx.delete(await tx.get_one(UserRow, "ada"))
    async with database.read() as tx:
        assert await tx.get(TokenRow, "t") is None


async def test_writers_wait_for_one_another(database: Database) -> None:
    """Read, then write, in many transactions at once: on SQLite a deferred lock would fail half of them."""
    async with database.begin() as tx:
        tx.add(TaskRow(id="t", status="pending", start_ms=0, body=b""))

    async def count_up() -> None:
        async with database.begin() as tx:
            row = await tx.get_one(TaskRow, "t", with_for_update=True)
            row.start_ms += 1

    await asyncio.gather(*(count_up() for _ in range(20)))
    async with database.read() as tx:
        assert (await tx.get_one(TaskRow, "t")).start_ms == 20


async def test_the_directory_of_a_new_sqlite_file_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a' / 'b' / 'podium.db'}")
    async with database.engine.connect():
        pass
    await database.close()
    assert (tmp_path / "a" / "b" / "podium.db").exists()


def test_only_what_is_supported_is_opened() -> None:
    assert async_url("postgres://u:p@h/n").drivername == "postgresql+asyncpg"
    assert async_url("sqlite:///x").drivername == "sqlite+aiosqlite"
    with pytest.raises(ValueError, match="not supported"):
        async_url("mysql://h/n")
