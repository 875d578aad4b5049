"""Alarm rules, channels and messages over HTTP: made, changed, tried out, refused in words."""

from typing import Any

import httpx
import pytest

from podium.app import _now_ms
from tests.api.acting import API, one, patch, post
from tests.notify.listeners import answer, hook, mailbox
from tests.served import Service

RULE = {"name": "busy", "type": "VM", "metric": "cpu", "threshold": 90}


async def make(admin: httpx.AsyncClient, collection: str, **body: Any) -> str:
    made = await admin.post(f"{API}/{collection}", json=body)
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    assert made.headers["location"] == f"{API}/{collection}/{found}"
    return found


async def test_the_life_of_a_rule(admin: httpx.AsyncClient) -> None:
    before = _now_ms()
    rule_id = await make(admin, "alarm-rules", **RULE)
    rule = await one(admin, "alarm-rules", rule_id)
    assert before <= rule.pop("createdAt") == rule.pop("updatedAt")
    assert rule == {
        "id": rule_id, "name": "busy", "type": "VM", "metric": "cpu", "comparison": "above", "threshold": 90,
        "clear": 90, "durationS": 0, "clearDurationS": 0, "severity": "warning", "filter": "", "enabled": True,
        "channels": [],
    }  # fmt: skip
    await patch(admin, f"alarm-rules/{rule_id}", threshold=95.5, durationS=300, clear=80, severity="critical")
    rule = await one(admin, "alarm-rules", rule_id)
    assert (rule["threshold"], rule["clear"], rule["durationS"], rule["severity"]) == (95.5, 80, 300, "critical")
    await patch(admin, f"alarm-rules/{rule_id}", clear=None)
    assert (await one(admin, "alarm-rules", rule_id))["clear"] == 95.5
    await make(admin, "alarm-rules", **{**RULE, "name": "full", "type": "SR", "metric": "space"})
    found = await admin.get(f"{API}/alarm-rules", params={"fields": "name", "filter": "type:=SR"})
    assert [row["name"] for row in found.json()] == ["full"]
    assert (await admin.delete(f"{API}/alarm-rules/{rule_id}")).status_code == 204
    await one(admin, "alarm-rules", rule_id, 404)
    assert (await admin.delete(f"{API}/alarm-rules/{rule_id}")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "nonsense"}, "metric: nonsense is no metric of VM: choose one of cpu"),
        ({"clear": 91}, "clear: an alarm that is raised above the threshold ends at it, or below it"),
        ({"filter": "name:("}, "filter: "),
        ({"channels": ["nope"]}, "channels: there is no notification channel nope"),
        ({"durationS": -1}, "durationS"),
        ({"type": "VDI"}, "type"),
        ({"severity": "bad"}, "severity"),
        ({"threshold": "high"}, "threshold"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_rules_are_refused_in_words(admin: httpx.AsyncClient, changes: dict[str, Any], words: str) -> None:
    for path in ("alarm-rules", "alarm-rules/test"):
        answered = await admin.post(f"{API}/{path}", json={**RULE, **changes})
        assert (answered.status_code, answered.json()["code"]) == (422, "invalid-parameters")
        assert words in answered.json()["detail"]
        assert answered.json()["errors"][0]["loc"][0] == "body"
    assert (await admin.get(f"{API}/alarm-rules")).json() == []


async def test_what_a_rule_would_do(admin: httpx.AsyncClient) -> None:
    nothing = {"matching": 0, "withValue": 0, "beyond": 0, "wouldRaise": []}
    assert await post(admin, "alarm-rules/test", RULE, 200) == nothing
    assert (await admin.get(f"{API}/alarm-rules")).json() == []
    rule_id = await make(admin, "alarm-rules", **RULE, enabled=False)
    assert await post(admin, f"alarm-rules/{rule_id}/actions/test", None, 200) == nothing
    await post(admin, "alarm-rules/nope/actions/test", None, 404)


async def test_the_life_of_a_webhook(admin: httpx.AsyncClient) -> None:
    async with hook() as server:
        settings = {"url": server.url, "headers": {"Authorization": "Bearer t0ken"}, "secret": "s3cret"}
        channel_id = await make(admin, "notification-channels", name="ops", kind="webhook", webhook=settings)
        shown = await one(admin, "notification-channels", channel_id)
        assert shown["webhook"] == {
            "url": server.url, "headerNames": ["Authorization"], "hasSecret": True, "bodyTemplate": "",
            "allowUnauthorized": False,
        }  # fmt: skip
        assert (shown["events"], shown["minimumSeverity"], shown["enabled"]) == (["raised", "ended"], "info", True)
        tried = await post(admin, f"notification-channels/{channel_id}/actions/test", None, 200)
        assert (tried["delivered"], tried["answer"]) == (True, "200 thanks")
        assert server.heard[0].headers["authorization"] == "Bearer t0ken"
        assert "x-podium-signature" in server.heard[0].headers
        server.answers = [answer(403, "Forbidden", b"wrong token")]
        tried = await post(admin, f"notification-channels/{channel_id}/actions/test", None, 200)
        assert (tried["delivered"], tried["answer"]) == (False, "403 Forbidden: wrong token")
        template = '{"text": {{ title|tojson }}}'
        await patch(admin, f"notification-channels/{channel_id}", webhook={"bodyTemplate": template}, language="fr")
        await post(admin, f"notification-channels/{channel_id}/actions/test", None, 200)
        assert server.heard[2].body == b'{"text": "Ceci est un essai du canal ops"}'
        rule_id = await make(admin, "alarm-rules", **RULE, channels=[channel_id])
        refused = await admin.delete(f"{API}/notification-channels/{channel_id}")
        assert (refused.status_code, refused.json()["code"]) == (409, "incorrect-state")
        assert "busy" in refused.json()["detail"]
        assert (await admin.delete(f"{API}/alarm-rules/{rule_id}")).status_code == 204
        assert (await admin.delete(f"{API}/notification-channels/{channel_id}")).status_code == 204
    for path in ("notification-channels", "notification-channels?fields=*"):
        assert "t0ken" not in (await admin.get(f"{API}/{path}")).text


async def test_an_e_mail_channel(admin: httpx.AsyncClient) -> None:
    async with mailbox() as box:
        settings = {"host": "127.0.0.1", "port": box.port, "security": "none", "from": "p@example.org"}
        whole = {"name": "mail", "kind": "email", "email": {**settings, "to": ["ada@example.org"]}}
        channel_id = await make(admin, "notification-channels", **whole)
        tried = await post(admin, f"notification-channels/{channel_id}/actions/test", None, 200)
        assert (tried["delivered"], tried["answer"]) == (True, "250 queued as 42")
        assert b"[Podium] warning: This is a test" in (box.got[0].content or b"")
    tried = await post(admin, f"notification-channels/{channel_id}/actions/test", None, 200)
    assert tried["delivered"] is False


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "webhook"}, "webhook.url: say where the webhook goes"),
        ({"kind": "webhook", "webhook": {"url": "ftp://host/"}}, "must be an address like https://host/path"),
        ({"kind": "webhook", "webhook": {"url": "http://user:pass@host/"}}, "must not hold a password"),
        ({"kind": "webhook", "webhook": {"url": "http://host:99999/"}}, "must be an address like"),
        ({"kind": "webhook", "webhook": {"url": "http://h/", "headers": {"Host": "x"}}}, "is made by Podium itself"),
        ({"kind": "webhook", "webhook": {"url": "http://h/", "headers": {"X-A": "a\r\nb"}}}, "printable ASCII"),
        ({"kind": "webhook", "webhook": {"url": "http://h/", "headers": {"a b": "c"}}}, "is no name of a header"),
        ({"kind": "webhook", "webhook": {"url": "http://h/", "bodyTemplate": "{{ nope }}"}}, "'nope' is undefined"),
        ({"kind": "webhook", "webhook": {"url": "http://h/", "bodyTemplate": '{"a": {{ title }}}'}}, "makes no JSON"),
        ({"kind": "webhook", "webhook": {"url": "http://h/"}, "email": {}}, "only the settings of that kind"),
        ({"kind": "email"}, "email.host: say which SMTP server"),
        ({"kind": "email", "email": {"host": "h", "from": "x", "to": ["a@b"]}}, "email.from: say from which address"),
        ({"kind": "email", "email": {"host": "h", "from": "a@b", "to": ["x"]}}, "x is no address like name@host"),
        ({"kind": "email", "email": {"host": "h", "from": "a@b", "to": []}}, "email.to: say to whom"),
        (
            {
                "kind": "email",
                "email": {"host": "h", "from": "a@b", "to": ["c@d"], "security": "none", "username": "u"},
            },
            "a password is not sent over a connection that is not encrypted",
        ),
        ({"kind": "pigeon"}, "kind"),
    ],
)
async def test_channels_are_refused_in_words(admin: httpx.AsyncClient, body: dict[str, Any], words: str) -> None:
    answered = await admin.post(f"{API}/notification-channels", json={"name": "x", **body})
    assert (answered.status_code, answered.json()["code"]) == (422, "invalid-parameters")
    assert words in answered.json()["detail"]
    assert (await admin.get(f"{API}/notification-channels")).json() == []


async def test_nobody_else_may(service: Service, admin: httpx.AsyncClient) -> None:
    rule_id = await make(admin, "alarm-rules", **RULE)
    hook_settings = {"url": "http://127.0.0.1:9/"}
    channel_id = await make(admin, "notification-channels", name="ops", kind="webhook", webhook=hook_settings)
    await make(admin, "users", name="nobody", password="no rights")
    async with service.client(auth=("nobody", "no rights")) as nobody:
        for method, path, body in (
            ("POST", "alarm-rules", RULE),
            ("POST", "alarm-rules", {**RULE, "metric": "nonsense"}),
            ("POST", "alarm-rules/test", RULE),
            ("PATCH", f"alarm-rules/{rule_id}", {"name": "x"}),
            ("PATCH", "alarm-rules/nope", {"name": "x"}),
            ("DELETE", f"alarm-rules/{rule_id}", None),
            ("POST", f"alarm-rules/{rule_id}/actions/test", None),
            ("POST", "notification-channels", {"name": "x", "kind": "webhook"}),
            ("PATCH", f"notification-channels/{channel_id}", {"name": "x"}),
            ("DELETE", f"notification-channels/{channel_id}", None),
            ("POST", f"notification-channels/{channel_id}/actions/test", None),
            ("POST", "notifications/nope/actions/retry", None),
            ("DELETE", "notifications/nope", None),
            ("GET", f"alarm-rules/{rule_id}", None),
            ("GET", f"notification-channels/{channel_id}", None),
        ):
            answered = await nobody.request(method, f"{API}/{path}", json=body)
            assert answered.status_code == 403, (method, path, answered.text)
        for path in ("alarm-rules", "notification-channels", "notifications", "alarm-history"):
            answered = await nobody.get(f"{API}/{path}", params={"fields": "*"})
            assert (answered.json(), answered.headers["x-total-count"]) == ([], "0")


async def test_messages_that_are_not_there(admin: httpx.AsyncClient) -> None:
    await post(admin, "notifications/nope/actions/retry", None, 404)
    assert (await admin.delete(f"{API}/notifications/nope")).status_code == 404
    await one(admin, "alarm-history", "nope", 404)
    await post(admin, "alarms/nope/actions/acknowledge", None, 404)
