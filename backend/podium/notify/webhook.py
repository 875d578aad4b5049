"""Webhooks: one signed POST, to the address that an administrator wrote and to no other."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import msgspec

from podium.notify.sending import LIMIT_S, Answer, SendError, excerpt, tls

MAX_ANSWER_BYTES: Final = 64 * 1024
"""Of an answer no more is read."""
USER_AGENT: Final = "Podium"


class Webhook(msgspec.Struct, frozen=True):
    """`headers`: the administrator's, beside ours. `secret` "": not signed. `time`: s since 1970; it is signed, too."""

    url: str
    body: bytes
    delivery: str
    event: str
    time: int
    headers: Mapping[str, str] = {}
    secret: str = ""
    allow_unauthorized: bool = False

    def __repr__(self) -> str:
        return f"Webhook({self.delivery})"


async def post(webhook: Webhook) -> Answer:
    """Send it, and say what was answered. Raises SendError for no answer, and for one that is not 2xx.

    Redirects are not followed: where a message goes is for an administrator to say, not for the server it was meant
    for. Nor is a proxy taken from the environment.
    """
    try:
        async with asyncio.timeout(LIMIT_S):
            return await _post(webhook)
    except TimeoutError as error:
        raise SendError(f"no answer within {LIMIT_S:.0f} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise SendError(excerpt(str(error)) or type(error).__name__) from error


async def _post(webhook: Webhook) -> Answer:
    headers = {"content-type": "application/json", "user-agent": USER_AGENT}
    headers.update((name.lower(), value) for name, value in webhook.headers.items())
    headers.update(signature_headers(webhook))
    async with (
        httpx.AsyncClient(
            verify=tls(verified=not webhook.allow_unauthorized),
            timeout=LIMIT_S,
            trust_env=False,
            follow_redirects=False,
        ) as client,
        client.stream("POST", webhook.url, content=webhook.body, headers=headers) as response,
    ):
        text = excerpt(await _start_of(response))
        if response.is_success:
            return Answer(response.status_code, text)
        said = f"{response.status_code} {response.reason_phrase}".strip()
        if response.is_redirect:
            raise SendError(f"{said}: the address leads elsewhere, and redirects are not followed")
        raise SendError(f"{said}: {text}" if text else said, retry_after_s=_retry_after(response, webhook.time))


def signature_headers(webhook: Webhook) -> dict[str, str]:
    """HMAC-SHA256 over the time, a dot, and the body: whoever knows the secret can tell that it is ours, and new."""
    headers = {
        "x-podium-delivery": webhook.delivery,
        "x-podium-event": webhook.event,
        "x-podium-timestamp": str(webhook.time),
    }
    if webhook.secret:
        signed = f"{webhook.time}.".encode() + webhook.body
        digest = hmac.new(webhook.secret.encode(), signed, hashlib.sha256).hexdigest()
        headers["x-podium-signature"] = f"sha256={digest}"
    return headers


async def _start_of(response: httpx.Response) -> str:
    found = b""
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) >= MAX_ANSWER_BYTES:
            break
    return found[:MAX_ANSWER_BYTES].decode(errors="replace")


def _retry_after(response: httpx.Response, now: int) -> float:
    """Seconds; 0 when it does not say, or makes no sense."""
    text = response.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text[:6])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return 0.0
