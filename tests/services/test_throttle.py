"""Failed sign-ins: slowed down, and nobody locked out by somebody else."""

import asyncio

import pytest

from podium.errors import TooManyAttempts
from podium.services.throttle import Throttle
from tests.accounts import Clock

HOME, AWAY = "192.0.2.1", "198.51.100.7"


async def attempt(throttle: Throttle, account: str, address: str, *, right: bool = False) -> None:
    async with throttle.turn(account, address):
        (throttle.succeeded if right else throttle.failed)(account, address)


async def wait_s(throttle: Throttle, account: str, address: str) -> float:
    try:
        async with throttle.turn(account, address):
            return 0.0
    except TooManyAttempts as error:
        return error.retry_after_s


async def test_the_wait_doubles_up_to_a_minute() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    waits = []
    for _ in range(8):
        await attempt(throttle, "ada", HOME)
        waits.append(await wait_s(throttle, "ada", HOME))
        clock.now += waits[-1]
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


async def test_success_ends_the_wait_and_time_forgets() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    for _ in range(3):
        await attempt(throttle, "ada", HOME)
        clock.now += 60
    await attempt(throttle, "ada", HOME, right=True)
    await attempt(throttle, "ada", HOME)
    assert await wait_s(throttle, "ada", HOME) == 2
    clock.now += 901
    assert await wait_s(throttle, "ada", HOME) == 0


async def test_nobody_is_locked_out_by_failures_from_elsewhere() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    await attempt(throttle, "ada", HOME, right=True)
    for number in range(500):
        await attempt(throttle, "ada", f"10.0.{number >> 8}.{number & 255}")
        clock.now += 0.1
    assert await wait_s(throttle, "ada", HOME) == 0
    assert await wait_s(throttle, "ada", AWAY) == 0
    assert throttle.hold_s("ada", HOME) == 0
    assert throttle.hold_s("ada", AWAY) == 5
    assert throttle.hold_s("bob", AWAY) == 0


async def test_an_address_that_tries_many_accounts_is_slowed_for_all_of_them() -> None:
    throttle = Throttle(clock=Clock())
    for number in range(11):
        await attempt(throttle, f"user{number}", HOME)
    assert await wait_s(throttle, "someone new", HOME) == 2
    assert await wait_s(throttle, "someone new", AWAY) == 0


async def test_an_own_account_does_not_clear_the_address() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    for number in range(11):
        await attempt(throttle, f"user{number}", HOME)
    clock.now += 2
    await attempt(throttle, "mallory", HOME, right=True)
    await attempt(throttle, "user99", HOME)
    assert await wait_s(throttle, "user100", HOME) == 4
    assert await wait_s(throttle, "mallory", HOME) == 0


async def test_parallel_guesses_are_one_at_a_time() -> None:
    throttle = Throttle(clock=Clock())
    tried = 0

    async def guess() -> None:
        nonlocal tried
        async with throttle.turn("ada", HOME):
            tried += 1
            await asyncio.sleep(0)
            throttle.failed("ada", HOME)

    results = await asyncio.gather(*(guess() for _ in range(50)), return_exceptions=True)
    assert tried == 1
    assert sum(isinstance(one, TooManyAttempts) for one in results) == 49


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "@", True),
    ],
)
async def test_an_address_is_what_one_customer_is_given(one: str, other: str, same: bool) -> None:
    throttle = Throttle(clock=Clock())
    await attempt(throttle, "ada", one)
    assert (await wait_s(throttle, "ada", other) > 0) is same


async def test_memory_is_bounded() -> None:
    throttle = Throttle(clock=Clock())
    for number in range(10_100):
        throttle.failed(f"user{number}", f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}")
        throttle.succeeded(f"user{number}", HOME)
    for table in (throttle._pairs._found, throttle._addresses._found, throttle._accounts._found, throttle._known):
        assert len(table) <= 10_000
    assert throttle._turns == {}
