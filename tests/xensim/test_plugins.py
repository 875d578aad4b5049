"""The plugins of a host: XCP-ng's own answers, and how their absence shows."""

import json
from collections.abc import Iterator

import pytest

from tests.xensim.lab import Lab, opened
from xensim.ops.values import mapping, text


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


async def plugin(lab: Lab, host: str, name: str, function: str) -> object:
    return json.loads(await lab.call("host.call_plugin", host, name, function, {}))


async def test_a_host_says_whether_its_cores_run_more_than_one_thread(lab: Lab) -> None:
    host = lab.hosts[0]
    assert await plugin(lab, host, "hyperthreading.py", "get_hyperthreading") is True
    cpu = mapping(lab.db.field("host", host, "cpu_info"))
    lab.db.set("host", host, cpu_info={**cpu, "threads_per_core": "1"})
    assert await plugin(lab, host, "hyperthreading.py", "get_hyperthreading") is False


async def test_a_host_lists_its_updates_and_always_the_same(lab: Lab) -> None:
    for host in lab.hosts:
        first = await plugin(lab, host, "updater.py", "check_update")
        assert first == await plugin(lab, host, "updater.py", "check_update")
        assert isinstance(first, list)
        assert len(first) <= 3
        members = {"name", "version", "release", "description", "changelog", "url", "size", "license"}
        assert all(set(one) == members for one in first)


async def test_what_a_host_has_not_is_refused_as_xapi_does(lab: Lab) -> None:
    host = lab.hosts[0]
    nothing: dict[str, str] = {}
    assert await lab.fails("host.call_plugin", host, "zfs.py", "list", nothing) == ["XENAPI_MISSING_PLUGIN", "zfs.py"]
    unknown = ["UNKNOWN_XENAPI_PLUGIN_FUNCTION", "update"]
    assert await lab.fails("host.call_plugin", host, "updater.py", "update", nothing) == unknown
    gone = ["HANDLE_INVALID", "host", "OpaqueRef:gone"]
    assert await lab.fails("host.call_plugin", "OpaqueRef:gone", "updater.py", "check_update", nothing) == gone
    software = mapping(lab.db.field("host", host, "software_version"))
    lab.db.set("host", host, software_version={**software, "product_brand": "XenServer"})
    missing = ["XENAPI_MISSING_PLUGIN", "updater.py"]
    assert await lab.fails("host.call_plugin", host, "updater.py", "check_update", nothing) == missing


async def test_a_dead_host_answers_nothing(lab: Lab) -> None:
    host = lab.hosts[1]
    lab.db.set("host_metrics", text(lab.db.field("host", host, "metrics")), live=False)
    assert await lab.fails("host.call_plugin", host, "updater.py", "check_update", {}) == ["HOST_OFFLINE", host]
