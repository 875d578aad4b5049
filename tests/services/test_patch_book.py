"""The patch book asks each host once, remembers for minutes, and keeps nobody waiting."""

import asyncio
from collections.abc import Sequence

import pytest

from podium.errors import PoolUnreachable
from podium.model.host import Host
from podium.model.missing_patch import MissingPatch
from podium.services.dashboards.patch_book import FAILED_S, KNOWN_S, PatchBook
from tests.services.test_counters import Clock, made

PATCH = MissingPatch(name="xen", version="1", release="2", description="", license="", size=1, url="")


def host(host_id: str, state: str = "Running") -> Host:
    found: Host = made(Host, host_id, "p1", enabled=True, power_state=state)
    return found


class Slow:
    """Hosts that answer when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()
        self.fails = False

    async def missing_patches_of(self, host: Host) -> Sequence[MissingPatch]:
        self.asked.append(host.id)
        await self.go.wait()
        if self.fails:
            raise PoolUnreachable("no")
        return [PATCH]


async def test_what_is_late_is_there_for_the_next_one() -> None:
    hosts, clock = Slow(), Clock()
    async with PatchBook(hosts, clock=clock, wait_s=0.01) as book:
        both = [host("h1"), host("h2"), host("h3", "Halted")]
        assert await book.of(both) == {"h1": None, "h2": None, "h3": None}
        assert await book.of(both) == {"h1": None, "h2": None, "h3": None}
        assert hosts.asked == ["h1", "h2"]  # still being asked, and asked once
        hosts.go.set()
        await asyncio.sleep(0)
        assert await book.of(both) == {"h1": [PATCH], "h2": [PATCH], "h3": None}
        clock.now += KNOWN_S - 1
        await book.of(both)
        assert len(hosts.asked) == 2
        clock.now += 2
        await book.of(both)
        assert len(hosts.asked) == 4


async def test_a_failure_is_forgotten_sooner() -> None:
    hosts, clock = Slow(), Clock()
    hosts.go.set()
    hosts.fails = True
    async with PatchBook(hosts, clock=clock) as book:
        assert await book.of([host("h1")]) == {"h1": None}
        hosts.fails = False
        assert await book.of([host("h1")]) == {"h1": None}
        clock.now += FAILED_S
        assert await book.of([host("h1")]) == {"h1": [PATCH]}


async def test_a_mistake_of_ours_is_no_failure_of_the_host() -> None:
    class Broken(Slow):
        async def missing_patches_of(self, host: Host) -> Sequence[MissingPatch]:
            raise KeyError(host.id)

    async with PatchBook(Broken()) as book:
        with pytest.raises(KeyError):
            await book.of([host("h1")])


async def test_leaving_ends_what_is_being_asked() -> None:
    hosts = Slow()
    async with PatchBook(hosts, wait_s=0.01) as book:
        await book.of([host("h1")])
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("patches of")]
