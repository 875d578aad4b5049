"""What a write, a sign-in and an export leave in the audit log."""

import asyncio
from typing import Any

import httpx
import pytest

from podium.settings import Settings
from tests.api.acting import refuse_once
from tests.api.test_consoles import bytes_of, opened, vm_in
from tests.audit.conftest import newest, records
from tests.served import ADMIN, Service, served

API = "/rest/v0"


async def me(client: httpx.AsyncClient) -> str:
    found: str = (await client.get(f"{API}/auth/session")).json()["user"]["id"]
    return found


async def test_a_write_is_recorded_with_the_object_before_and_after(client: httpx.AsyncClient, server_id: str) -> None:
    vm = (await client.get(f"{API}/vms", params={"fields": "*", "limit": 1})).json()[0]
    answer = await client.patch(f"{API}/vms/{vm['id']}", json={"nameLabel": "renamed", "tags": ["a", "b"]})
    assert answer.status_code == 204, answer.text
    record = await newest(client)
    data = record["data"]
    assert (data["method"], data["operationId"], data["status"]) == ("PATCH", "UpdateVm", 204)
    assert data["path"] == f"{API}/vms/{vm['id']}"
    assert data["objects"] == [{"id": vm["id"], "type": "VM"}]
    assert data["params"] == {"nameLabel": "renamed", "tags": ["a", "b"]}
    change = data["changes"][0]
    assert change["before"]["name_label"] == vm["name_label"]
    assert change["after"]["name_label"] == "renamed"
    assert sorted(change["after"]["tags"]) == ["a", "b"]
    assert "memory" not in change["after"]
    subject = record["subject"]
    assert (subject["userId"], subject["userName"], subject["userIp"]) == (await me(client), ADMIN[0], "127.0.0.1")
    assert data["duration"] >= 0


async def test_what_is_made_and_removed_stands_there_whole(client: httpx.AsyncClient) -> None:
    made = await client.post(f"{API}/users", json={"name": "new", "password": "a long password"})
    user_id = made.json()["id"]
    data = (await newest(client))["data"]
    assert data["made"] == [user_id]
    assert data["changes"][0]["after"]["name"] == "new"
    assert data["params"] == {"name": "new", "password": "(hidden)"}
    await client.delete(f"{API}/users/{user_id}")
    change = (await newest(client))["data"]["changes"][0]
    assert change["before"]["name"] == "new"
    assert "after" not in change


async def test_a_permission_change_says_from_what_to_what(client: httpx.AsyncClient) -> None:
    user_id = (await client.post(f"{API}/users", json={"name": "new", "password": "a long password"})).json()["id"]
    await client.patch(f"{API}/users/{user_id}", json={"permission": "admin"})
    change = (await newest(client))["data"]["changes"][0]
    assert (change["before"]["permission"], change["after"]["permission"]) == ("none", "admin")


async def test_a_refused_write_is_recorded_with_what_was_missing(service: Service, client: httpx.AsyncClient) -> None:
    user_id = (await client.post(f"{API}/users", json={"name": "low", "password": "a long password"})).json()["id"]
    async with service.client(auth=("low", "a long password")) as low:
        assert (await low.post(f"{API}/users", json={"name": "x", "password": "a long password"})).status_code == 403
        assert (await low.get(f"{API}/audit")).status_code == 403
        assert (await low.get(f"{API}/plugins/audit/records")).status_code == 403
    record = await newest(client)
    assert record["subject"]["userId"] == user_id
    assert record["data"]["status"] == 403
    assert record["data"]["error"]["code"] == "missing-privileges"
    assert record["data"]["error"]["missingPrivileges"][0]["action"] == "create"


async def test_a_task_is_recorded_when_it_begins_and_when_it_ends(client: httpx.AsyncClient, server_id: str) -> None:
    vm = (await client.get(f"{API}/vms", params={"fields": "id,power_state", "filter": "power_state:Halted"})).json()[0]
    answer = await client.post(f"{API}/vms/{vm['id']}/actions/start")
    task_id = answer.json()["taskId"]
    await client.get(f"{API}/tasks/{task_id}", params={"wait": "true"})
    ended = await newest(client, "taskEnded")
    begun = (await records(client, f"data:taskId:={task_id} event:=apiCall"))[0]
    assert begun["data"]["status"] == 202
    assert "changes" not in begun["data"]
    assert ended["data"]["callId"] == begun["data"]["callId"]
    assert (ended["data"]["taskId"], ended["data"]["status"]) == (task_id, "success")
    change = next(one for one in ended["data"]["changes"] if one["id"] == vm["id"])
    assert (change["before"]["power_state"], change["after"]["power_state"]) == ("Halted", "Running")
    assert ended["time"] >= begun["time"]


async def test_a_task_that_is_waited_for_is_one_record(client: httpx.AsyncClient, server_id: str) -> None:
    vm = (await client.get(f"{API}/vms", params={"fields": "id", "filter": "power_state:Halted"})).json()[0]
    before = len(await records(client))
    answer = await client.post(f"{API}/vms/{vm['id']}/actions/start", params={"sync": "true"})
    assert answer.status_code == 204
    found = await records(client)
    assert len(found) == before + 1
    data = found[0]["data"]
    assert data["query"] == {"sync": "true"}
    assert data["tasks"][0]["status"] == "success"
    assert data["changes"][0]["after"]["power_state"] == "Running"


async def test_a_task_that_fails_says_why(
    client: httpx.AsyncClient, server_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_once(monkeypatch, "VM.start")
    vm = (await client.get(f"{API}/vms", params={"fields": "id", "filter": "power_state:Halted"})).json()[0]
    task_id = (await client.post(f"{API}/vms/{vm['id']}/actions/start")).json()["taskId"]
    await client.get(f"{API}/tasks/{task_id}", params={"wait": "true"})
    ended = await newest(client, "taskEnded")
    assert ended["data"]["status"] == "failure"
    assert ended["data"]["error"]["xapi_code"] == "INTERNAL_ERROR"


async def test_sign_ins_in_all_their_ways(service: Service, client: httpx.AsyncClient) -> None:
    user_id = await me(client)
    basic = await newest(client, "signedIn")
    assert basic["data"]["how"] == "password"
    body = {"username": ADMIN[0], "password": ADMIN[1]}
    async with service.client(auth=None) as browser:
        assert (await browser.post(f"{API}/auth/signin", json=body)).status_code == 200
        signed_in = await newest(client, "signedIn")
        assert signed_in["data"]["how"] == "SignIn"
        assert signed_in["subject"]["userId"] == user_id
        assert (await browser.post(f"{API}/auth/signout")).status_code == 204
        signed_out = await newest(client, "signedOut")
        assert signed_out["subject"]["tokenId"] == signed_in["subject"]["tokenId"]
        wrong = {**body, "password": "a wrong one"}
        assert (await browser.post(f"{API}/auth/signin", json=wrong)).status_code == 401
        failed = await newest(client, "signInFailed")
        assert failed["subject"] == {"userName": ADMIN[0], "userIp": "127.0.0.1"}
        assert failed["data"]["error"]["code"] == "invalid-credentials"
    async with service.client(auth=("somebody", "else")) as stranger:
        assert (await stranger.get(f"{API}/vms")).status_code == 401
    assert (await newest(client, "signInFailed"))["subject"]["userName"] == "somebody"


async def test_requests_of_one_password_login_are_one_sign_in(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.get(f"{API}/vms")
    assert len(await records(client, "event:=signedIn")) == 1


async def test_reads_leave_nothing_but_exports_do(client: httpx.AsyncClient, server_id: str) -> None:
    before = len(await records(client))
    await client.get(f"{API}/vms", params={"fields": "*"})
    await client.get(f"{API}/hosts")
    assert len(await records(client)) == before
    vm = (await client.get(f"{API}/vms", params={"fields": "id", "filter": "power_state:Halted"})).json()[0]
    answer = await client.get(f"{API}/vms/{vm['id']}.xva")
    assert answer.status_code == 200
    export = await newest(client, "export")
    assert export["data"]["operationId"] == "ExportVm"
    assert export["data"]["objects"] == [{"id": vm["id"], "type": "VM"}]
    assert (await client.get(f"{API}/audit/export.csv")).status_code == 200
    assert (await newest(client, "export"))["data"]["operationId"] == "ExportAuditCsv"


async def test_what_is_not_signed_in_leaves_no_record(service: Service, client: httpx.AsyncClient) -> None:
    before = len(await records(client))
    async with service.client(auth=None) as nobody:
        assert (await nobody.post(f"{API}/users", json={})).status_code == 401
        assert (await nobody.delete(f"{API}/vms/x", headers={"authorization": "Bearer x.y.z"})).status_code == 401
    assert len(await records(client)) == before


async def test_a_body_that_is_no_json_or_too_deep_is_no_trouble(client: httpx.AsyncClient, server_id: str) -> None:
    vm = (await client.get(f"{API}/vms", params={"fields": "id", "limit": 1})).json()[0]
    headers = {"content-type": "application/json"}
    for content in (
        b"{",
        b'{"nameLabel": "\\ud800"}',
        b"[" * 5000,
        b'{"a": 1e999, "b": 123456789012345678901234567890}',
    ):
        answer = await client.patch(f"{API}/vms/{vm['id']}", content=content, headers=headers)
        assert answer.status_code in {400, 422}, (content[:30], answer.text)
    assert (await client.get(f"{API}/audit", params={"fields": "*"})).status_code == 200


@pytest.mark.parametrize("how", ["json", "ndjson"])
async def test_xen_orchestras_plugin_routes(client: httpx.AsyncClient, how: str) -> None:
    for name in ("one", "two", "three"):
        await client.post(f"{API}/users", json={"name": name, "password": "a long password"})
    url = f"{API}/plugins/audit/records"

    async def ask(**params: Any) -> list[dict[str, Any]]:
        answer = await client.get(url, params={**params, "ndjson": str(how == "ndjson").lower()})
        assert answer.status_code == 200, answer.text
        if how == "json":
            rows: list[dict[str, Any]] = answer.json()
            return rows
        return [httpx.Response(200, content=line).json() for line in answer.text.splitlines()]

    rows = await ask()
    assert [row["previousId"] for row in rows] == [row["id"] for row in rows[1:]] + ["nullId"]
    assert [row["data"]["params"]["name"] for row in rows[:3]] == ["three", "two", "one"]
    assert await ask(**{"from": rows[1]["id"]}) == rows[1:]
    assert await ask(limit=2) == rows[:2]
    assert await ask(filter="two") == [rows[1]]
    assert await ask(filter="nothing at all") == []
    assert (await client.get(f"{url}/{rows[0]['id']}")).json() == rows[0]
    assert (await client.get(f"{url}/{'0' * 64}")).status_code == 404
    assert (await client.get(url, params={"from": "0" * 64})).status_code == 404


async def test_lists_count_sort_page_and_pick(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.post(f"{API}/users", json={"name": f"user {number}", "password": "a long password"})
    url = f"{API}/audit"
    answer = await client.get(
        url, params={"filter": "event:=apiCall", "limit": 2, "offset": 1, "fields": "data.params.name"}
    )
    assert answer.headers["x-total-count"] == "5"
    assert [row["data"]["params"]["name"] for row in answer.json()] == ["user 3", "user 2"]
    oldest = await client.get(url, params={"sort": "time", "fields": "time"})
    times = [row["time"] for row in oldest.json()]
    assert times == sorted(times)
    hrefs = (await client.get(url, params={"limit": 1})).json()
    assert (await client.get(hrefs[0])).json()["event"] == "apiCall"
    by_path = await client.get(url, params={"sort": "-data.params.name", "fields": "data.params.name", "limit": 1})
    assert by_path.json()[0]["data"]["params"]["name"] == "user 4"
    table = await client.get(url, params={"markdown": "true", "fields": "event", "limit": 3})
    assert table.text.count("apiCall") == 3
    lines = await client.get(url, params={"ndjson": "true", "fields": "event"})
    assert lines.text.count("\n") == int(lines.headers["x-total-count"])
    assert (await client.get(url, params={"watch": "true", "ndjson": "true"})).status_code == 422
    assert (await client.get(url, params={"filter": "(("})).status_code == 400
    csv = (await client.get(f"{url}/export.csv", params={"filter": "event:=apiCall"})).text.splitlines()
    assert len(csv) == 6
    assert csv[0].startswith("time,event,userName")


async def test_a_hundred_writes_at_once(client: httpx.AsyncClient, service: Service, settings: Settings) -> None:
    user_id = await me(client)
    await asyncio.gather(
        *(client.patch(f"{API}/users/{user_id}", json={"preferences": {"n": number}}) for number in range(100))
    )
    found = await records(client, "data:operationId:=UpdateUser")
    assert sorted(one["data"]["params"]["preferences"]["n"] for one in found) == list(range(100))
    verdict = await service.app.state.audit_reader.verify(service.app.state.auditor.log._anchor)
    assert (list(verdict.faults), verdict.checked) == ([], verdict.last)
    assert verdict.checked >= 101


async def test_a_restart_continues_the_chain(settings: Settings) -> None:
    for name in ("one", "two"):
        async with served(settings) as service, service.client() as client:
            await client.post(f"{API}/users", json={"name": name, "password": "a long password"})
            rows = (await client.get(f"{API}/plugins/audit/records")).json()
            verdict = await service.app.state.audit_reader.verify(service.app.state.auditor.log._anchor)
            assert not verdict.faults
    assert rows[-1]["previousId"] == "nullId"
    assert [row["data"]["params"]["name"] for row in rows if row["event"] == "apiCall"] == ["two", "one"]


async def test_a_console_is_recorded_when_it_opens_and_closes(
    service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    token = (await client.post(f"{API}/users/authentication_tokens", json={})).json()["token"]["id"]
    vm = await vm_in(client, "Running")
    async with opened(service, vm, token) as socket:
        await bytes_of(socket, 12)
        assert (await newest(client, "consoleOpened"))["data"]["objects"] == [{"id": vm, "type": "VM"}]
    for _ in range(50):
        if found := await records(client, "event:=consoleClosed"):
            break
        await asyncio.sleep(0.1)
    assert found[0]["subject"]["userId"] == await me(client)
    assert found[0]["data"]["duration"] >= 0


async def test_reading_it_takes_the_privilege(service: Service, client: httpx.AsyncClient) -> None:
    user_id = (await client.post(f"{API}/users", json={"name": "auditor", "password": "an auditor's word"})).json()[
        "id"
    ]
    role = (await client.post(f"{API}/acl-roles", json={"name": "auditors"})).json()["id"]
    wanted = {"resource": "audit", "action": "read", "roleId": role}
    assert (await client.post(f"{API}/acl-privileges", json=wanted)).status_code == 201
    async with service.client(auth=("auditor", "an auditor's word")) as one:
        for path in ("audit", "audit/export.csv", "plugins/audit/records"):
            assert (await one.get(f"{API}/{path}")).status_code == 403
        assert (await client.put(f"{API}/acl-roles/{role}/users/{user_id}")).status_code == 204
        data = (await newest(client))["data"]
        assert {change["type"] for change in data["changes"]} >= {"acl-role"}  # a change of rights, before and after
        for path in ("audit", "audit/export.csv", "plugins/audit/records"):
            assert (await one.get(f"{API}/{path}")).status_code == 200


async def test_looking_through_anothers_eyes_is_recorded_once_in_a_while(client: httpx.AsyncClient) -> None:
    user_id = (await client.post(f"{API}/users", json={"name": "seen", "password": "a long password"})).json()["id"]
    for _ in range(3):
        assert (await client.get(f"{API}/vms", params={"viewAs": user_id})).status_code == 200
    found = await records(client, "event:=viewAs")
    assert [one["data"]["as"] for one in found] == [user_id]
    assert found[0]["subject"]["userId"] == await me(client)
