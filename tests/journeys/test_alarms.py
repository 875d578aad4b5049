"""From a host's measurements to a mail: the pool, the poller, the rule, the stream, the message, over a restart."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from podium.settings import Settings
from tests.api.acting import API, one, post, some
from tests.conftest import make_settings
from tests.journeys.conftest import connect
from tests.journeys.sse import Follower
from tests.notify.listeners import answer, hook, mailbox
from tests.served import served
from xensim import Sim

BODY = 'value: 0.991 config: <variable><name value="cpu_usage"/></variable>'


@pytest.fixture
def quick(tmp_path: Path, database_url: str) -> Settings:
    """Hosts are asked every half second."""
    return make_settings(tmp_path, database_url=database_url, metrics_interval_s=0.5, public_url="https://podium.test/")


async def until(ask: Callable[[], Any], test: Callable[[Any], bool], within_s: float = 20.0) -> Any:
    async with asyncio.timeout(within_s):
        while not test(found := await ask()):
            await asyncio.sleep(0.05)
    return found


async def make(client: httpx.AsyncClient, collection: str, **body: Any) -> str:
    found = await post(client, collection, body, 201)
    return str(found["id"])


async def test_a_threshold_is_crossed(sim: Sim, quick: Settings) -> None:
    async with hook() as server, mailbox() as box:
        async with served(quick) as service, service.client() as client:
            await connect(client, sim)
            webhook = {"url": server.url, "secret": "s3cret"}
            told = await make(client, "notification-channels", name="hook", kind="webhook", webhook=webhook)
            settings = {"host": "127.0.0.1", "port": box.port, "security": "none", "from": "p@x.org", "to": ["a@x.org"]}
            mailed = await make(client, "notification-channels", name="mail", kind="email", email=settings)
            server.answers = [answer(500, "Oops")]
            rule: dict[str, Any] = {"name": "any memory", "type": "host", "metric": "memoryUsed", "threshold": 0}
            async with Follower(client, collections="alarm,notification", patch="false") as follower:
                rule_id = await make(client, "alarm-rules", **rule, channels=[told, mailed])
                await follower.until(lambda it: len(ours(it)) == 3)
                seen = ours(follower)[0]
                assert (seen["rule"], seen["state"], seen["severity"]) == (rule_id, "raised", "warning")
                assert seen["text"].startswith("Memory used of ")
                await follower.until(lambda it: any(m["state"] == "sent" for m in it.view["notification"].values()))
            preview = await post(client, f"alarm-rules/{rule_id}/actions/test", None, 200)
            assert (preview["matching"], preview["withValue"], preview["beyond"]) == (3, 3, 3)
            host = seen["object"]["uuid"]
            about = await client.get(f"{API}/hosts/{host}/alarms", params={"fields": "*", "filter": "rule?"})
            assert [alarm["id"] for alarm in about.json()] == [seen["id"]]
            assert await one(client, "alarms", seen["id"]) == seen
            mails = await until(lambda: some(client, "notifications", f"channel:{mailed}"), all_sent)
            assert len(mails) == len(box.got) == 3
            assert b"https://podium.test/hosts/" in (box.got[0].content or b"")
            await post(client, f"alarms/{seen['id']}/actions/acknowledge", {"note": "known"})
            raised = await client.delete(f"{API}/alarms/{seen['id']}")
            assert (raised.status_code, raised.json()["code"]) == (409, "incorrect-state")
            # one of three hooks answered 500: it is tried again after some seconds, and then it has been sent
            hooks = await until(lambda: some(client, "notifications", f"channel:{told}"), all_sent)
            assert sorted(message["attempts"] for message in hooks) in ([1, 1, 2], [1, 1, 3])
            deliveries = [heard.headers["x-podium-delivery"] for heard in server.heard]
            assert set(deliveries) == {message["id"] for message in hooks}
        async with served(quick) as service, service.client() as client:
            again = {alarm["id"]: alarm for alarm in await some(client, "alarms", "rule?")}
            assert len(again) == 3
            assert again[seen["id"]]["acknowledged"]["note"] == "known"
            await until(lambda: some(client, "servers"), lambda rows: rows[0]["state"] == "connected")
            assert (await client.delete(f"{API}/alarm-rules/{rule_id}")).status_code == 204
            left = await until(lambda: some(client, "alarms", "rule?"), lambda rows: len(rows) == 2)
            assert {alarm["state"] for alarm in left} == {"ended"}
            past = (await client.get(f"{API}/alarm-history", params={"fields": "*", "object": host})).json()
            assert [alarm["id"] for alarm in past] == [seen["id"]]
            assert past[0]["href"] == f"{API}/alarm-history/{seen['id']}"
            assert (await one(client, "alarm-history", seen["id"]))["acknowledged"]["note"] == "known"
            for alarm in left:
                assert (await client.delete(f"{API}/alarms/{alarm['id']}")).status_code == 204
            assert await some(client, "alarms", "rule?") == []
            assert len((await client.get(f"{API}/alarm-history")).json()) == 1
            ended = await until(lambda: some(client, "notifications", "event:ended"), all_sent)
            assert len(ended) == 6
            assert json.loads(server.heard[-1].body)["event"] == "ended"


def ours(follower: Follower) -> list[dict[str, Any]]:
    """The alarms of rules: the pool has some of its own."""
    return [alarm for alarm in follower.view["alarm"].values() if "rule" in alarm]


def all_sent(rows: list[dict[str, Any]]) -> bool:
    return bool(rows) and all(row["state"] == "sent" for row in rows)


async def test_a_pools_own_alarm_is_acknowledged(sim: Sim, client: httpx.AsyncClient, server_id: str) -> None:
    async with hook() as server:
        await make(
            client, "notification-channels", name="all", kind="webhook", webhook={"url": server.url}, poolAlarms=True
        )
        vm = (await some(client, "vms"))[0]
        before = {alarm["id"] for alarm in await some(client, "alarms")}
        for _ in range(3):
            sim.pool.emit_message("ALARM", 3, "VM", vm["uuid"], BODY)

        async def fresh() -> list[dict[str, Any]]:
            return [alarm for alarm in await some(client, "alarms") if alarm["id"] not in before]

        alarms = await until(fresh, lambda rows: len(rows) == 3)
        ids = [alarm["id"] for alarm in alarms]
        bare = (await client.get(f"{API}/alarms/{ids[0]}")).content
        assert not {"acknowledged", "rule", "state", "severity", "text"} & alarms[0].keys()
        assert alarms[0]["body"] == {"value": "99.1", "name": "cpu_usage"}
        async with Follower(client, collections="alarm", patch="true") as follower:
            await post(client, f"alarms/{ids[0]}/actions/acknowledge", {"note": "seen"})
            await follower.until(lambda it: "acknowledged" in it.view["alarm"][ids[0]])
            assert ("patch", ids[0]) in [(kind, data.get("id")) for kind, data in follower.frames]
        await post(client, f"alarms/{ids[0]}/actions/unacknowledge")
        assert (await client.get(f"{API}/alarms/{ids[0]}")).content == bare
        again = await client.post(f"{API}/alarms/{ids[0]}/actions/unacknowledge")
        assert again.status_code == 409
        body = {"ids": ids, "params": {"note": "all of them"}, "dryRun": True}
        preview = await post(client, "alarms/actions/acknowledge", body, 200)
        assert [each["effect"] for each in preview["possible"]] == ["will be acknowledged"] * 3
        await post(client, "alarms/actions/acknowledge", {**body, "dryRun": False}, 200)
        notes = [alarm["acknowledged"]["note"] for alarm in await fresh()]
        assert notes == ["all of them"] * 3
        acknowledged = {"collection": "alarms", "filter": "acknowledged:note:all"}
        assert len(await some(client, "alarms", acknowledged["filter"])) == 3
        await post(client, "alarms/actions/delete", {"ids": ids}, 200)
        assert await fresh() == []
        sent = await until(lambda: some(client, "notifications"), lambda rows: len(rows) == 3 and all_sent(rows))
        assert {message["event"] for message in sent} == {"raised"}
        assert json.loads(server.heard[0].body)["alarm"]["metric"] == "cpu_usage"
