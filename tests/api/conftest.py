"""The service over a real socket, without a pool."""

from collections.abc import AsyncIterator

import httpx
import pytest

from podium.settings import Settings
from tests.served import Service, served


@pytest.fixture
async def service(sqlite_settings: Settings) -> AsyncIterator[Service]:
    async with served(sqlite_settings) as one:
        yield one


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in with HTTP Basic as the administrator."""
    async with service.client() as one:
        yield one


@pytest.fixture
async def anonymous(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(auth=None) as one:
        yield one
