"""Webhooks against a real HTTP server: signed, bounded, never led elsewhere."""

import asyncio
import hashlib
import hmac
import time
from email.utils import formatdate

import pytest

from podium.notify import sending
from podium.notify.sending import SendError
from podium.notify.webhook import Webhook, post
from tests.notify.listeners import answer, hook


def webhook(url: str, **changes: object) -> Webhook:
    values: dict[str, object] = {"url": url, "body": b'{"a":1}', "delivery": "d1", "event": "raised", "time": 1_000}
    return Webhook(**{**values, **changes})  # type: ignore[arg-type]


async def test_what_is_sent() -> None:
    async with hook() as server:
        said = await post(webhook(server.url, headers={"Authorization": "Bearer x", "X-More": "1"}, secret="s3cret"))
        assert (said.code, said.text) == (200, "thanks")
        (heard,) = server.heard
        assert heard.line == "POST /hook HTTP/1.1"
        assert heard.body == b'{"a":1}'
        assert heard.headers["content-type"] == "application/json"
        assert heard.headers["authorization"] == "Bearer x"
        assert heard.headers["x-more"] == "1"
        assert heard.headers["x-podium-delivery"] == "d1"
        assert heard.headers["x-podium-event"] == "raised"
        assert heard.headers["x-podium-timestamp"] == "1000"
        signature = hmac.new(b"s3cret", b'1000.{"a":1}', hashlib.sha256).hexdigest()
        assert heard.headers["x-podium-signature"] == f"sha256={signature}"
        await post(webhook(server.url, headers={"Content-Type": "text/plain"}))
        assert server.heard[1].headers["content-type"] == "text/plain"
        assert "x-podium-signature" not in server.heard[1].headers


async def test_whatever_is_not_2xx_has_failed() -> None:
    async with hook() as server:
        server.answers = [answer(500, "Oops", b"no\ndisk\x00"), answer(404, "Not Found"), answer(204, "No Content")]
        with pytest.raises(SendError, match=r"^500 Oops: no disk$"):
            await post(webhook(server.url))
        with pytest.raises(SendError, match=r"^404 Not Found$"):
            await post(webhook(server.url))
        assert (await post(webhook(server.url))).code == 204


async def test_redirects_are_not_followed() -> None:
    async with hook() as other, hook() as server:
        server.answers = [answer(307, "Temporary Redirect", location=other.url)]
        with pytest.raises(SendError, match="redirects are not followed"):
            await post(webhook(server.url))
        assert other.heard == []


async def test_an_answer_is_read_up_to_a_point() -> None:
    async with hook() as server:
        server.answers = [answer(200, "OK", b"x" * 3_000_000)]
        said = await post(webhook(server.url))
        assert len(said.text) == sending.REPEATED


async def test_when_to_try_again_is_heard() -> None:
    async with hook() as server:
        now = int(time.time())
        server.answers = [
            answer(429, retry_after="120"),
            answer(503, retry_after=formatdate(now + 60, usegmt=True)),
            answer(503, retry_after="soon"),
        ]
        waits = []
        for _ in range(3):
            with pytest.raises(SendError) as caught:
                await post(webhook(server.url, time=now))
            waits.append(caught.value.retry_after_s)
        assert waits == [120, 60, 0]


async def test_nobody_there_and_somebody_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hook() as server:
        url = server.url
    with pytest.raises(SendError, match="connect"):
        await post(webhook(url))
    with pytest.raises(SendError):
        await post(webhook("http://nobody.invalid/"))
    monkeypatch.setattr("podium.notify.webhook.LIMIT_S", 0.1)
    async with hook(delay_s=30.0) as server:
        with pytest.raises(SendError, match="no answer within 0 s"):
            await asyncio.wait_for(post(webhook(server.url)), 5)


async def test_something_that_is_not_http() -> None:
    async with hook() as server:
        server.answers = [b"SSH-2.0-OpenSSH\r\n"]
        with pytest.raises(SendError):
            await post(webhook(server.url))


def test_secrets_are_not_shown() -> None:
    assert "s3cret" not in repr(webhook("http://h/", secret="s3cret", headers={"a": "s3cret"}))
