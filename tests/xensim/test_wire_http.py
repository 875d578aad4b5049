"""HTTP as clients can notice it: connections that stay and that close, TLS, limits, bytes in pieces."""

import asyncio
import hashlib
import json
import ssl
from collections.abc import AsyncIterator

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.wire import connection, exchange, read_reply
from xensim import Sim
from xensim.http import MAX_RPC_BODY

CALL = b'{"jsonrpc": "2.0", "method": "system.listMethods", "params": [], "id": %d}'


def post(body: bytes, *headers: bytes, version: bytes = b"1.1", path: bytes = b"/jsonrpc") -> bytes:
    lines = [b"POST %b HTTP/%b" % (path, version), b"Host: x", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def test_a_connection_carries_any_number_of_requests_pipelined_too(sim: Sim) -> None:
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        writer.write(post(CALL % 1) + post(CALL % 2) + post(CALL % 3)[:-5])
        assert [json.loads((await read_reply(reader)).body)["id"] for _ in range(2)] == [1, 2]
        writer.write(post(CALL % 3)[-5:])
        reply = await read_reply(reader)
        assert json.loads(reply.body)["id"] == 3
        assert "connection: keep-alive" in reply.head


@pytest.mark.parametrize(
    "request_bytes", [post(CALL % 1, version=b"1.0"), post(CALL % 1, b"Connection: close")], ids=["HTTP/1.0", "close"]
)
async def test_a_connection_closes_when_the_client_wants_it_so(sim: Sim, request_bytes: bytes) -> None:
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        writer.write(request_bytes)
        reply = await read_reply(reader)
        assert reply.status == 200
        assert "connection: close" in reply.head
        assert await reader.read() == b""


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (post(b"nonsense"), 500),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 403),
        (b"DELETE /jsonrpc HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"PUT /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 403),
        (b"POST /jsonrpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 500),
        (b"POST /jsonrpc HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_RPC_BODY + 1), 500),
    ],
)
async def test_every_refusal_is_a_page_and_ends_the_connection(sim: Sim, request_bytes: bytes, status: int) -> None:
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        writer.write(request_bytes + post(CALL % 9))
        reply = await read_reply(reader)
        assert reply.status == status
        assert reply.body.startswith("<html><body><h1>HTTP ")
        assert await reader.read() == b""


async def test_a_body_of_300_kib_is_taken(caller: Caller) -> None:
    pool = caller.sim.pool.ref
    filling = "x" * (MAX_RPC_BODY - 400)
    await caller.call("pool.set_name_description", pool, filling)
    assert await caller.call("pool.get_name_description", pool) == filling


async def test_bare_line_feeds_get_no_answer(sim: Sim) -> None:
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        writer.write(post(CALL % 1).replace(b"\r\n", b"\n"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)


async def test_cross_origin_requests_are_allowed_what_they_ask_for(sim: Sim) -> None:
    wanted = b"OPTIONS /jsonrpc HTTP/1.1\r\nAccess-Control-Request-Headers: content-type\r\n\r\n"
    reply = await exchange(sim.coordinator, sim.port, wanted)
    assert reply.status == 200
    assert "Access-Control-Allow-Headers: content-type, X-Requested-With" in reply.head


async def test_a_client_that_goes_away_leaves_nothing_behind(caller: Caller) -> None:
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "event.from", "params": [caller.session, ["vbd/x"], "", 60.0]}
    )
    async with connection(caller.sim.coordinator, caller.sim.port) as (_reader, writer):
        writer.write(post(body.encode()))
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.05)
    assert [task for task in asyncio.all_tasks() if "_serve" in repr(task)] == []


@pytest.fixture(scope="module")
def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
async def secure() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=1, vms=0) as sim:
        yield sim


async def test_tls_is_1_2_and_shows_the_certificate_of_the_records(secure: Sim, trusting: ssl.SSLContext) -> None:
    async with connection(secure.coordinator, secure.port, trusting) as (reader, writer):
        tls = writer.get_extra_info("ssl_object")
        assert tls.version() == "TLSv1.2"
        digest = hashlib.sha256(tls.getpeercert(binary_form=True)).digest().hex(":").upper()
        writer.write(post(CALL % 1))
        assert (await read_reply(reader)).status == 200
    shown = {
        (row.record["fingerprint"], row.record["fingerprint_sha256"])
        for row in secure.db.rows("Certificate").values()
        if row.record["type"] == "host"
    }
    assert shown == {(digest, digest)}
    assert secure.fingerprint == digest


async def test_a_client_of_tls_1_3_alone_is_refused(secure: Sim, trusting: ssl.SSLContext) -> None:
    modern = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    modern.check_hostname = False
    modern.verify_mode = ssl.CERT_NONE
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await asyncio.open_connection(secure.coordinator, secure.port, ssl=modern)
    await test_tls_is_1_2_and_shows_the_certificate_of_the_records(secure, trusting)


async def test_plain_http_on_a_tls_port_is_cut_off(secure: Sim) -> None:
    async with connection(secure.coordinator, secure.port) as (reader, writer):
        writer.write(post(CALL % 1))
        try:
            answer = await asyncio.wait_for(reader.read(), 5)
        except ConnectionResetError:
            answer = b""
        assert not answer.startswith(b"HTTP")
