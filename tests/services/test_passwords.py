"""Argon2id: what verifies, what is outdated, and how many wait."""

import asyncio
from pathlib import Path

from podium.errors import TooManyAttempts
from podium.services.passwords import Passwords
from tests.conftest import make_settings


async def test_only_the_password_itself_verifies(tmp_path: Path) -> None:
    passwords = Passwords(make_settings(tmp_path))
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert await passwords.verify("correct horse", hashed)
    assert not await passwords.verify("Correct horse", hashed)
    assert not await passwords.verify("correct horse", "not a hash")
    assert not await passwords.verify("correct horse", None)


async def test_other_parameters_are_outdated(tmp_path: Path) -> None:
    old = Passwords(make_settings(tmp_path))
    new = Passwords(make_settings(tmp_path, password_time_cost=2))
    hashed = await old.hash("x")
    assert not old.outdated(hashed)
    assert new.outdated(hashed)
    assert await new.verify("x", hashed)


async def test_a_crowd_is_turned_away(tmp_path: Path) -> None:
    passwords = Passwords(make_settings(tmp_path))
    hashed = await passwords.hash("x")
    results = await asyncio.gather(*(passwords.verify("x", hashed) for _ in range(80)), return_exceptions=True)
    assert results.count(True) == 64
    assert sum(isinstance(one, TooManyAttempts) for one in results) == 16
    assert await passwords.verify("x", hashed)
