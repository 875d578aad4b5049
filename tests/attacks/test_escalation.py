"""Escalation: users who try to see, to do, or to become more than they were given. None gets through."""

import asyncio
import json
from collections.abc import Sequence

import httpx
import pytest

from podium.cache.entry import Entry
from podium.services import query
from podium.services.access import Viewer
from tests.api.acting import some
from tests.people import API, PASSWORD, add_role, add_user, ids, made, put, signed_in
from tests.served import Service

PEOPLE = [{"resource": kind, "action": "*"} for kind in ("user", "group", "acl-role", "acl-privilege")]
"""Whoever manages people, and holds nothing else."""


async def refused(answer: httpx.Response, code: str = "cannot-grant") -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, code), answer.text


async def test_nobody_grants_what_he_does_not_hold(service: Service, client: httpx.AsyncClient) -> None:
    eve, ada = await add_user(client, "eve"), await add_user(client, "ada")
    mine = await add_role(client, *PEOPLE, {"resource": "vm", "action": "start", "selector": "tags:=qa"}, user=eve)
    strong = await add_role(client, {"resource": "vm", "action": "*"})
    team = await made(client, "groups", {"name": "strong"})
    await put(client, f"acl-roles/{strong}/groups/{team}")
    [template] = await some(client, "acl-roles", "name:=Administrator")
    async with signed_in(service, "eve") as me:
        role = await made(me, "acl-roles", {"name": "hers"})
        base = {"roleId": role, "resource": "vm"}
        for wanted in (
            {"action": "*"},
            {"action": "start"},
            {"action": "start", "selector": "tags:qa"},
            {"action": "start", "selector": "|(tags:=qa power_state:Halted)"},
            {"action": "start", "selector": "tags:=qa", "reach": "inside"},
            {"action": "stop", "resource": "host"},
            {"resource": "pool", "action": "*", "reach": "inside"},
        ):
            answer = await me.post(f"{API}/acl-privileges", json={**base, **wanted})
            if answer.status_code != 422:
                await refused(answer)
                missing = answer.json()["data"]["missingPrivileges"][0]
                assert missing["action"] == wanted["action"]
                assert missing.get("selector") == wanted.get("selector")
        narrow = {**base, "action": "start", "selector": "tags:=qa power_state:Halted"}
        privilege = await made(me, "acl-privileges", narrow)
        for change in ({"selector": None}, {"action": "*"}, {"selector": "power_state:Halted"}, {"resource": "host"}):
            await refused(await me.patch(f"{API}/acl-privileges/{privilege}", json=change))
        for path in (
            f"acl-roles/{strong}/users/{eve}",
            f"acl-roles/{strong}/users/{ada}",
            f"acl-roles/{strong}/groups/{await made(me, 'groups', {'name': 'g'})}",
            f"groups/{team}/users/{eve}",
        ):
            await refused(await me.put(f"{API}/{path}"))
        for role_id in (strong, template["id"]):
            await refused(await me.post(f"{API}/acl-roles/{role_id}/actions/copy", params={"sync": "true"}))
        await put(me, f"acl-roles/{mine}/users/{ada}")  # what she holds she may pass on


async def test_nobody_sheds_what_he_is_denied(service: Service, client: httpx.AsyncClient) -> None:
    eve = await add_user(client, "eve")
    deny = {"resource": "vm", "action": "*", "effect": "deny", "selector": "tags:=secret"}
    await add_role(client, *PEOPLE, {"resource": "vm", "action": "*"}, user=eve)
    denial = await add_role(client, deny, user=eve)
    team = await made(client, "groups", {"name": "g"})
    await put(client, f"groups/{team}/users/{eve}")
    denied = await add_role(client, deny, group=team)
    [privilege] = await ids(client, f"acl-roles/{denied}/privileges")
    async with signed_in(service, "eve") as me:
        for method, path, body in (
            ("DELETE", f"acl-roles/{denial}/users/{eve}", None),
            ("DELETE", f"acl-roles/{denial}", None),
            ("DELETE", f"acl-roles/{denied}/groups/{team}", None),
            ("DELETE", f"groups/{team}/users/{eve}", None),
            ("DELETE", f"groups/{team}", None),
            ("DELETE", f"acl-privileges/{privilege}", None),
            ("PATCH", f"acl-privileges/{privilege}", {"effect": "allow"}),
            ("PATCH", f"acl-privileges/{privilege}", {"selector": "tags:=nothing"}),
        ):
            await refused(await me.request(method, f"{API}/{path}", json=body))
        # nor is there somebody else with more, whom she could make
        role = await made(me, "acl-roles", {"name": "hers"})
        await refused(await me.post(f"{API}/acl-privileges", json={"roleId": role, "resource": "vm", "action": "*"}))


async def test_nobody_becomes_somebody_else(service: Service, client: httpx.AsyncClient) -> None:
    eve, ada = await add_user(client, "eve"), await add_user(client, "ada")
    await add_role(client, *PEOPLE, user=eve)
    await add_role(client, {"resource": "vm", "action": "read"}, user=ada)
    admin = (await client.get(f"{API}/auth/session")).json()["user"]["id"]
    async with signed_in(service, "eve") as me:
        for user_id in (admin, ada):
            await refused(await me.patch(f"{API}/users/{user_id}", json={"password": PASSWORD + "!"}))
            await refused(
                await me.patch(f"{API}/users/{user_id}", json={"permission": "admin"})
            ) if user_id == ada else ()
            await refused(await me.delete(f"{API}/users/{user_id}/totp"))
        await refused(await me.patch(f"{API}/users/{admin}", json={"permission": "none"}))
        await refused(await me.post(f"{API}/users", json={"name": "x", "password": PASSWORD, "permission": "admin"}))
        await refused(await me.patch(f"{API}/users/{eve}", json={"permission": "admin"}), "forbidden")
        await refused(await me.get(f"{API}/vms", params={"viewAs": admin}), "forbidden")
        await refused(await me.post(f"{API}/users/{admin}/authentication_tokens", json={}), "forbidden")
        assert (await me.get(f"{API}/users/{eve}")).json()["permission"] == "none"
        weak = await add_user(me, "weak")  # whoever has less than she has is hers to manage
        assert (await me.patch(f"{API}/users/{weak}", json={"password": PASSWORD + "!"})).status_code == 204


async def test_ids_guessed_lead_nowhere(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    eve = await add_user(client, "eve")
    vms = await some(client, "vms")
    await add_role(client, {"resource": "vm", "action": "*", "selector": f"id:{vms[0]['id']}"}, user=eve)
    other = vms[1]["id"]
    async with signed_in(service, "eve") as me:
        for path in (
            f"vms/{other}", f"vms/{other}/stats", f"vms/{other}/dashboard", f"vms/{other}.xva",
            f"hosts/{vms[0]['$container']}", f"pools/{vms[0]['$pool']}/dashboard", f"servers/{server_id}",
        ):  # fmt: skip
            assert (await me.get(f"{API}/{path}")).status_code == 403, path
        for path in (f"vms/{other}/messages", f"vms/{other}/alarms", f"vms/{other}/tasks", f"vms/{other}/vdis", "vifs"):
            assert (await me.get(f"{API}/{path}", params={"fields": "*"})).json() == [], path
        for path in (
            f"vms/%2e%2e/vms/{other}", f"vms/{vms[0]['id']}/../{other}", f"vms/{vms[0]['id']}%2f..%2f{other}",
            f"//vms/{other}", f"vms/{other}%00", f"vms/{other.upper()}", f"VMS/{other}",
            f"vms/{other}/?a", f"vms;x=1/{other}",
        ):  # fmt: skip
            answer = await me.get(f"{service.url}{API}/{path}")
            assert answer.status_code in {400, 403, 404, 422}, (path, answer.text)
            assert vms[1]["name_label"] not in answer.text
        for action in ("start", "clone", "snapshot", "migrate"):
            answer = await me.post(
                f"{API}/vms/{other}/actions/{action}", json={} if action != "migrate" else {"hostId": "x"}
            )
            assert answer.status_code == 403, (action, answer.text)
        # a batch does what it may, and nothing else
        answer = await me.post(
            f"{API}/vms/actions/add_tag", params={"sync": "true"}, json={"ids": [other], "params": {"tag": "x"}}
        )
        assert answer.status_code in {403, 404, 409}, answer.text
        assert "x" not in (await client.get(f"{API}/vms/{other}")).json()["tags"]


async def test_filters_are_no_oracle(
    service: Service, client: httpx.AsyncClient, server_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve = await add_user(client, "eve")
    vms = await some(client, "vms")
    await add_role(client, {"resource": "vm", "action": "read", "selector": f"id:{vms[0]['id']}"}, user=eve)
    looked_at: set[str] = set()
    sieve_of = query._sieve

    class Watched:
        """A filter that tells what it is shown."""

        has_needles = True

        def matches(self, obj: object) -> bool:
            looked_at.add(obj.id)  # type: ignore[attr-defined]
            return True

        def excludes(self, body: bytes) -> bool:
            looked_at.add(json.loads(body)["id"])
            return False

        select = None

    def watched(selected: object, viewer: Viewer, entries: Sequence[Entry]) -> object:
        return sieve_of(None if selected is None else Watched(), viewer, entries)  # type: ignore[arg-type]

    monkeypatch.setattr(query, "_sieve", watched)
    async with signed_in(service, "eve") as me:
        for params in (
            {"filter": f"name_label:{vms[1]['name_label'][:3]}"},
            {"filter": "/a.*/"},
            {"filter": "!name_label:x", "sort": "name_label", "limit": "1"},
        ):
            answer = await me.get(f"{API}/vms", params={**params, "fields": "id"})
            assert [row["id"] for row in answer.json()] == [vms[0]["id"]]
            assert answer.headers["x-total-count"] == "1"
    assert looked_at == {vms[0]["id"]}


async def test_anothers_stream_is_not_there(service: Service, client: httpx.AsyncClient, server_id: str) -> None:
    await add_user(client, "eve")
    async with signed_in(service, "eve") as me, client.stream("GET", f"{API}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                connection = json.loads(line[6:])["id"]
                break
        for method, path in (("POST", "subscriptions"), ("DELETE", "subscriptions/VM")):
            tried = await me.request(method, f"{API}/events/{connection}/{path}", json={"collection": "VM"})
            assert tried.status_code == 404


async def test_hostile_selectors_are_refused_or_cheap(
    service: Service, client: httpx.AsyncClient, server_id: str
) -> None:
    eve = await add_user(client, "eve")
    role = await add_role(client, user=eve)
    for selector in ("/(a+)+$/", "name_label:/(x+x+)+y/", "(" * 60 + "a" + ")" * 60, "!" * 60 + "a", "a?b", '"'):
        answer = await client.post(
            f"{API}/acl-privileges", json={"roleId": role, "resource": "vm", "action": "read", "selector": selector}
        )
        assert answer.status_code in {201, 422}, (selector, answer.text)
    async with signed_in(service, "eve") as me, asyncio.timeout(5):
        assert (await me.get(f"{API}/vms")).status_code == 200


async def test_a_race_for_rights_leaves_nobody_with_more(service: Service, client: httpx.AsyncClient) -> None:
    """She loses a role while she passes it on, many times at once: what is left is hers by somebody who held it."""
    eve, ada = await add_user(client, "eve"), await add_user(client, "ada")
    await add_role(client, *PEOPLE, user=eve)
    role = await add_role(client, {"resource": "vm", "action": "*"}, user=eve)
    async with signed_in(service, "eve") as me:
        for _ in range(5):
            await asyncio.gather(
                client.delete(f"{API}/acl-roles/{role}/users/{eve}"),
                me.put(f"{API}/acl-roles/{role}/users/{ada}"),
                client.delete(f"{API}/acl-roles/{role}/users/{ada}"),
            )
            await refused(await me.put(f"{API}/acl-roles/{role}/users/{eve}"))
            await client.delete(f"{API}/acl-roles/{role}/users/{ada}")
            await put(client, f"acl-roles/{role}/users/{eve}")


async def test_a_deleted_user_leaves_no_rights_behind(service: Service, client: httpx.AsyncClient) -> None:
    eve = await add_user(client, "eve")
    role = await add_role(client, {"resource": "user", "action": "read"}, user=eve)
    async with signed_in(service, "eve") as me:
        assert len(await ids(me, "users")) == 2
        assert (await client.delete(f"{API}/users/{eve}")).status_code == 204
    assert (await client.get(f"{API}/acl-roles/{role}")).json()["userIds"] == []
    await add_user(client, "eve")
    async with signed_in(service, "eve") as me:
        assert len(await ids(me, "users")) == 1
