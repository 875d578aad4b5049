"""Fixtures that every room uses: real databases (a migrated template, copied per test) and settings for tests."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from podium.db.base import Database, open_database
from podium.db.migrate import upgrade
from podium.settings import Settings

POSTGRES = os.environ.get("PODIUM_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/postgres")
SECRET = "a secret for tests only"


def services_required() -> bool:
    return os.environ.get("PODIUM_TEST_SERVICES") == "required"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own PODIUM_* variables must not decide what tests see."""
    for name in list(os.environ):
        if name.startswith("PODIUM_") and not name.startswith("PODIUM_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copyfile(sqlite_template, tmp_path / "podium.db")
    return f"sqlite:///{tmp_path / 'podium.db'}"


async def _postgres(*statements: str) -> None:
    """CREATE and DROP DATABASE take no parameters and no transaction; the names are our own."""
    import asyncpg

    connection = await asyncpg.connect(POSTGRES)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def postgres_url(name: str) -> str:
    return f"{POSTGRES.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def postgres_server() -> None:
    """Skips with a reason where there is no PostgreSQL; fails where PODIUM_TEST_SERVICES=required."""
    try:
        asyncio.run(_postgres("SELECT 1"))
    except OSError as error:
        if services_required():
            pytest.fail(f"PostgreSQL is required and does not answer at {POSTGRES}: {error}")
        pytest.skip(f"no PostgreSQL at {POSTGRES}: {error}")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: None) -> Iterator[str]:
    """The name of a migrated PostgreSQL database, to be copied. One per test run and worker."""
    name = f"podium_test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_postgres(f'CREATE DATABASE "{name}"'))
    asyncio.run(upgrade(postgres_url(name)))
    yield name
    asyncio.run(_postgres(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
def postgres_copy(postgres_template: str) -> Iterator[str]:
    name = f"{postgres_template}_{uuid.uuid4().hex[:8]}"
    asyncio.run(_postgres(f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"'))
    yield postgres_url(name)
    asyncio.run(_postgres(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database of this test's own: each test runs on SQLite and on PostgreSQL."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_copy"
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await opened.close()


def make_settings(data_dir: Path, **changes: Any) -> Settings:
    """Settings for tests: everything local, passwords hashed as cheaply as Argon2 allows."""
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "port": 0,
        "secret_key": SecretStr(SECRET),
        "admin_email": "admin@example.org",
        "admin_password": SecretStr("correct horse"),
        "password_memory_kib": 8,
        "password_time_cost": 1,
        "password_parallelism": 1,
        "password_min_length": 1,
        "password_refuse_common": False,
        **changes,
    }
    return Settings(**values)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """For tests on both databases."""
    return make_settings(tmp_path, database_url=database_url)


@pytest.fixture
def sqlite_settings(tmp_path: Path, sqlite_url: str) -> Settings:
    """For tests that the kind of database makes no difference to."""
    return make_settings(tmp_path, database_url=sqlite_url)
