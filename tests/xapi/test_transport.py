"""Transport: answers in every form that HTTP/1.1 allows, and each way in which one can fail to come."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from podium.xapi.address import Address
from podium.xapi.transport import LIMIT, Transport


class Door:
    """A server that answers each request with the next of some bytes, piece by piece; an empty piece cuts it off."""

    def __init__(self, *answers: list[bytes], silent: bool = False) -> None:
        self.answers = list(answers)
        self.silent = silent
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                self.requests.append(head + await reader.readexactly(length))
                if self.silent:
                    await reader.read()
                    return
                for piece in self.answers.pop(0):
                    if not piece:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def opened(door: Door) -> AsyncIterator[Transport]:
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = Transport(Address("http", "127.0.0.1", port), None, limit=4)
    try:
        yield transport
    finally:
        await transport.aclose()
        server.close()


async def call(transport: Transport, *, read_s: float = 5.0) -> httpx.Response:
    extensions = {"timeout": {"connect": 5.0, "read": read_s}, LIMIT: 100_000}
    return await transport.handle_async_request(
        httpx.Request("POST", "http://pool/jsonrpc?a=b", content=b"question", extensions=extensions)
    )


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nanswer"


async def test_a_connection_serves_one_call_after_another() -> None:
    door = Door([OK], [OK[:20], OK[20:50], OK[50:]])
    async with opened(door) as transport:
        answers = [await call(transport), await call(transport)]
    assert [(one.status_code, one.content) for one in answers] == [(200, b"answer")] * 2
    assert door.connections == 1
    assert door.requests[0].startswith(b"POST /jsonrpc?a=b HTTP/1.1\r\n")
    assert door.requests[0].endswith(b"\r\n\r\nquestion")


@pytest.mark.parametrize(
    "answer",
    [
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nans\r\n", b"3\r\nwer\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n\r\nans", b"wer", b""],
        [b"HTTP/1.0 200 OK\r\ncontent-length: 6\r\n\r\nanswer", b""],
    ],
    ids=["chunked", "until the end", "1.0"],
)
async def test_every_form_of_a_body(answer: list[bytes]) -> None:
    door = Door(answer, answer)
    async with opened(door) as transport:
        for _ in range(2):
            assert (await call(transport)).content == b"answer"


async def test_calls_at_once_have_connections_of_their_own_up_to_the_limit() -> None:
    door = Door(*[[OK[:30], OK[30:]] for _ in range(12)])
    async with opened(door) as transport:
        answers = await asyncio.gather(*(call(transport) for _ in range(12)))
    assert {one.content for one in answers} == {b"answer"}
    assert door.connections == 4


async def test_a_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    door = Door([OK, b""], [OK])
    async with opened(door) as transport:
        await call(transport)
        await asyncio.sleep(0.05)
        assert (await call(transport)).content == b"answer"
    assert door.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        [b""],
        [OK[:-2], b""],
        [b"SSH-2.0-OpenSSH_9.2\r\n"],
        [b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n" + b"x" * 100_001],
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"3e8\r\n%b\r\n" % (b"x" * 1000) * 101],
        [b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 20\r\n\r\n" + gzip.compress(b"")],
    ],
    ids=["nothing", "truncated", "garbage", "endless head", "too long", "endless", "compressed"],
)
async def test_no_answer_is_an_error_and_the_next_call_begins_anew(answer: list[bytes]) -> None:
    door = Door(answer, [OK])
    async with opened(door) as transport:
        with pytest.raises(httpx.RemoteProtocolError):
            await call(transport)
        assert (await call(transport)).content == b"answer"
    assert door.connections == 2


async def test_silence_is_a_timeout_and_a_slow_answer_is_none() -> None:
    async with opened(Door(silent=True)) as transport:
        with pytest.raises(httpx.ReadTimeout):
            await call(transport, read_s=0.05)
    slow = Door([OK[at : at + 4] for at in range(0, len(OK), 4)])
    async with opened(slow) as transport:
        assert (await call(transport, read_s=0.08)).content == b"answer"


async def test_an_answer_that_never_ends_is_a_timeout_too() -> None:
    door = Door([b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b"x"] * 500])
    async with opened(door) as transport, asyncio.timeout(4):
        with pytest.raises(httpx.ReadTimeout):
            await call(transport, read_s=0.05)


@pytest.mark.parametrize("host", ["127.0.0.1", "..", "x" * 64, "", "\ud800"])
async def test_nobody_there_is_a_connect_error(host: str) -> None:
    with pytest.raises(httpx.ConnectError):
        await call(Transport(Address("http", host, 1), None, limit=1))


async def test_a_call_that_is_given_up_leaves_nothing_behind() -> None:
    door = Door(silent=True)
    async with opened(door) as transport:
        given_up = asyncio.create_task(call(transport))
        await asyncio.sleep(0.05)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        door.silent, door.answers = False, [[OK]]
        assert (await call(transport)).content == b"answer"
    assert door.connections == 2
