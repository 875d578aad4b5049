"""Bounds on what a client may send, before anything reads it, and the security headers of every answer."""

import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.api.headers import SECURITY_HEADERS
from podium.api.problems import http_problem

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024


class Limits:
    """Pure ASGI, so that streams pass through untouched.

    `max_body_bytes` holds for every route but those whose path `streamed` matches: they collect nothing.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, streamed: re.Pattern[str] | None = None) -> None:
        self._app = app
        self._max_body = max_body_bytes
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if message["status"] == HTTPStatus.NO_CONTENT:
                    del headers["content-type"]  # FastAPI says JSON, and clients believe it: nothing is no JSON
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
            await http_problem(431, "too many or too long headers")(scope, receive, send_with_headers)
            return
        if self._streamed is not None and self._streamed.fullmatch(scope["path"]):
            await self._app(scope, receive, send_with_headers)
            return
        length = next((value for name, value in headers if name == b"content-length"), b"0")
        if not length.isdigit() or int(length[:20]) > self._max_body:
            await http_problem(413, self._too_large)(scope, receive, send_with_headers)
            return
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body:
                raise HTTPException(413, self._too_large)  # FastAPI lets only its own kind through while it reads
            return message

        await self._app(scope, receive_bounded, send_with_headers)

    @property
    def _too_large(self) -> str:
        return f"the body may have at most {self._max_body} bytes"
