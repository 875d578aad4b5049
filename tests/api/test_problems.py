"""Errors: one form for all of them, and nothing of our inside in it."""

import asyncio
import json

import httpx
import pytest

from podium import errors
from podium.api.headers import SECURITY_HEADERS
from podium.api.problems import STATUS, problem_response, responses, status_of
from tests.served import Service

JSON = {"content-type": "application/json"}


def all_errors(root: type[errors.PodiumError] = errors.PodiumError) -> list[type[errors.PodiumError]]:
    return [root, *(one for child in root.__subclasses__() for one in all_errors(child))]


def test_every_error_has_a_status_and_a_code_of_its_own() -> None:
    codes = [one.code for one in all_errors()]
    assert len(set(codes)) == len(codes)
    for one in all_errors():
        assert 400 <= status_of(one) < 600
    assert set(STATUS) <= set(all_errors())


def test_every_error_is_a_problem_document() -> None:
    samples = [
        errors.FilterSyntax("unexpected )", text="a)", position=1),
        errors.InvalidParameters("no", errors=[{"loc": ["body"], "msg": "no"}]),
        errors.MissingPrivileges([{"action": "read", "resource": "vm"}]),
        errors.NotFound("vm", "\ud800"),
        errors.TooManyAttempts("slow", retry_after_s=1.2),
        errors.PoolAlreadyConnected("p", "s"),
        errors.CertificateUntrusted("no", fingerprint="AB", reason="expired"),
        errors.PodiumError("?"),
    ]
    for sample in samples:
        response = problem_response(sample)
        body = json.loads(bytes(response.body))
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["cache-control"] == "no-store"
        assert body["status"] == response.status_code
        assert body["type"] == f"/problems/{sample.code}"
        assert body["detail"] == body["error"] == str(sample)
        assert body["title"]
        assert body.get("data") == sample.members().get("data")
    assert problem_response(samples[4]).headers["retry-after"] == "2"


def test_routes_list_their_problems_under_one_status() -> None:
    found = responses(errors.NameTaken, errors.IncorrectState)
    assert list(found) == [401, 409, 422]
    assert found[409]["description"] == "Conflict (incorrect-state, name-taken)"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/rest/v0/nothing", 404, "no-such-route"),
        ("GET", "/rest/v0/vms/x/nothing", 404, "no-such-route"),
        ("PUT", "/rest/v0/users", 405, "method-not-allowed"),
        ("GET", "/rest/v0/vms?filter=(", 400, "filter-syntax"),
        ("GET", "/rest/v0/vms?limit=x", 422, "invalid-parameters"),
    ],
)
async def test_what_the_framework_refuses(
    admin: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await admin.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b'{"name":"\xff"}', 400),
        (b"[" * 100_000, 400),
        (b'{"name":' + b"9" * 5000 + b',"password":"x"}', 400),
        (b"null", 422),
        (b'"x"', 422),
        (b"[]", 422),
        (b'{"name":"x","password":"y","permission":"god"}', 422),
        (b'{"name":"x","password":"y","' + b"k" * 10_000 + b'":1}', 422),
        (b'{"name":"x","password":"y",' + b",".join(b'"k%d":1' % n for n in range(1000)) + b"}", 422),
    ],
)
async def test_bodies_that_are_none(admin: httpx.AsyncClient, content: bytes, status: int) -> None:
    answer = await admin.post("/rest/v0/users", content=content, headers=JSON)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 10_000


async def test_passwords_are_not_repeated(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/rest/v0/users", json={"name": "x" * 300, "password": "hunter2"})
    assert "hunter2" not in answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", "name"]


async def test_a_body_of_another_type(admin: httpx.AsyncClient) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await admin.post(
            "/rest/v0/users", content=b'{"name":"x","password":"y"}', headers={"content-type": content_type}
        )
        assert answer.status_code == 422


async def test_a_defect_is_500_without_details(service: Service, admin: httpx.AsyncClient) -> None:
    service.app.state.tasks = None
    answer = await admin.delete("/rest/v0/tasks")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "NoneType" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_large_bodies(service: Service, admin: httpx.AsyncClient) -> None:
    async def chunks() -> object:
        for _ in range(12):
            yield b" " * 100_000

    answer = await admin.post("/rest/v0/users", content=b" " * (1024 * 1024 + 1), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    answer = await admin.post("/rest/v0/users", content=chunks(), headers=JSON)  # type: ignore[arg-type]  # of bytes
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    answer = await admin.post("/rest/v0/users", content=b" " * (1024 * 1024), headers=JSON)
    assert answer.status_code in {400, 422}


async def raw(service: Service, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """What the service answers to these bytes, until it closes or pauses."""
    host, port = service.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause_s)
        async with asyncio.timeout(5):
            return await reader.read(65536)
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


async def push(writer: asyncio.StreamWriter, data: bytes, *, times: int, pause_s: float) -> None:
    """Write `data` again and again. Raises ConnectionError when the service has hung up."""
    for _ in range(times):
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(pause_s)


async def test_large_heads(service: Service) -> None:
    many = b"".join(b"x-%d: y\r\n" % n for n in range(200))
    head = b"GET /rest/v0/ping HTTP/1.1\r\nhost: x\r\n"
    answer = await raw(service, head + many + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431")
    assert b"application/problem+json" in answer
    answer = await raw(service, head + b"x-long: " + b"y" * 40_000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431")
    # a head that never ends is refused while it arrives: nobody collects it
    answer = await raw(service, head + b"x-endless: ", *[b"y" * 20_000] * 5, pause_s=0.02)
    assert answer.startswith(b"HTTP/1.1 431")
    assert (await raw(service, head + b"connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("length", [b"x", b"-1", b"1e3", b"9" * 5000, b"\xb2"])
async def test_nonsense_for_a_length(service: Service, length: bytes) -> None:
    answer = await raw(service, b"POST /rest/v0/users HTTP/1.1\r\nhost: x\r\ncontent-length: %b\r\n\r\n" % length)
    assert answer[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 413"}


async def test_a_slow_head_is_cut_off(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.cli.protocol.HEAD_S", 0.2)
    assert (await raw(service, b"GET / HT")).startswith(b"HTTP/1.1 408")
    assert (await raw(service)).startswith(b"HTTP/1.1 408")
    head = b"GET /rest/v0/ping HTTP/1.1\r\nhost: x\r\n\r\n"
    assert (await raw(service, head, head, pause_s=0.05)).count(b"HTTP/1.1 200") == 2


async def test_a_slow_body_is_cut_off(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.cli.protocol.BODY_S", 0.2)
    head = b"POST /rest/v0/auth/signin HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    answer = await raw(service, head + b"content-length: 2000\r\n\r\n", b" ", b" ", pause_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer
    answer = await raw(service, head + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"1\r\n", pause_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408")
    # refused at its head, and still coming
    host, port = service.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head + b"content-length: 20000000\r\n\r\n")
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 413")
    with pytest.raises(ConnectionError):
        await push(writer, b" ", times=60, pause_s=0.05)
    writer.transport.abort()


async def test_a_body_at_a_modest_pace_is_waited_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.cli.protocol.BODY_S", 0.1)
    head = b"POST /rest/v0/auth/signin HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    answer = await raw(service, head + b"content-length: 6000\r\n\r\n", *[b" " * 200] * 30, pause_s=0.02)
    assert answer.startswith((b"HTTP/1.1 422", b"HTTP/1.1 400"))


async def test_an_answer_that_nobody_takes_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.cli.protocol.STALL_S", 0.2)
    host, port = service.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
    request = b"GET /rest/v0/docs/swagger.json HTTP/1.1\r\nhost: x\r\n\r\n"
    with pytest.raises(ConnectionError):
        await push(writer, request, times=500, pause_s=0.01)
    assert not reader.at_eof()
    writer.transport.abort()


@pytest.mark.parametrize(
    "request_line",
    [b"GET http://[ HTTP/1.1", b"GET ?x HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"GET /\xff HTTP/1.1", b"BREW / HTTP/1.1"],
)
async def test_what_is_not_http(service: Service, request_line: bytes) -> None:
    answer = await raw(service, request_line + b"\r\nhost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/problem+json" in answer
    assert b'"code":"bad-request"' in answer
