"""Those who are told, as real servers on loopback: an HTTP server that answers as the test says, an SMTP server."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class Heard:
    """One request."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hook:
    """Answers `answers` one after the other, then 200; `delay_s` before each."""

    port: int = 0
    answers: list[bytes] = field(default_factory=list)
    delay_s: float = 0.0
    heard: list[Heard] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


def answer(status: int, reason: str = "X", body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def hook(port: int = 0, **values: Any) -> AsyncIterator[Hook]:
    """A server for webhooks, on that port or a free one."""
    one = Hook(**values)
    asked: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        asked.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            one.heard.append(Heard(head[0], headers, body))
            await asyncio.sleep(one.delay_s)
            writer.write(one.answers.pop(0) if one.answers else answer(200, "OK", b"thanks"))
            with suppress(ConnectionError):
                await writer.drain()
        finally:
            asked.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        for task in set(asked):
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await server.wait_closed()


class Mailbox:
    """A handler of aiosmtpd: keeps what comes. `refuse`: recipients that are not here; `busy`: answers to DATA."""

    def __init__(self) -> None:
        self.port = 0
        self.got: list[Envelope] = []
        self.secure: list[bool] = []
        self.users: list[str | None] = []
        self.refuse: set[str] = set()
        self.busy: list[str] = []

    async def handle_RCPT(  # aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.busy:
            return self.busy.pop(0)
        self.got.append(envelope)
        self.secure.append(session.ssl is not None)
        self.users.append(session.auth_data)
        return "250 queued as 42"


@asynccontextmanager
async def mailbox(
    *, port: int = 0, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, password: str = ""
) -> AsyncIterator[Mailbox]:
    """An SMTP server. `password`: it wants ops to sign in with it."""
    box = Mailbox()

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        right = (given.login, given.password) == (b"ops", password.encode())
        return AuthResult(success=right, handled=right, auth_data="ops" if right else None)

    connections: list[SMTP] = []

    def protocol() -> SMTP:
        smtp = SMTP(
            box,
            hostname="mail.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=bool(password),
            auth_require_tls=starttls is not None,
            authenticator=check if password else None,
            loop=asyncio.get_running_loop(),
        )
        connections.append(smtp)
        return smtp

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        for one in connections:
            if one.transport is not None:
                one.transport.close()
        await server.wait_closed()
