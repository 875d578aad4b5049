"""Fixtures of the simulator's tests: a small pool on loopback, and a client that is logged in."""

from collections.abc import AsyncIterator

import pytest

import xensim
from tests.xensim.caller import Caller
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    """Three hosts in plain HTTP, where nothing takes time."""
    async with xensim.serve(hosts=3, vms=6, tls=False, pace=0.0, login_penalty_s=0.0) as served:
        yield served


@pytest.fixture
async def caller(sim: Sim) -> Caller:
    return await Caller(sim).login()
