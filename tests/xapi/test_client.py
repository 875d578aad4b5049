"""XapiClient: a door that answers, but not as a pool does."""

import json

import pytest

from podium.errors import NotAXenServer, PoolRefused, PoolUnreachable
from podium.xapi.address import Address
from podium.xapi.session import Login, Session
from podium.xapi.trust import Trust
from tests.xapi.test_transport import Door, opened


def answer(body: bytes) -> list[bytes]:
    return [b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body]


def failure(*words: str) -> bytes:
    return json.dumps({"error": {"code": 1, "message": words[0], "data": words[1:]}}).encode()


async def login(body: bytes) -> None:
    async with opened(Door(answer(body))) as transport:
        await Session.open([transport._address], Login("root", "secret", Trust()))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b'{"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"result":' + b"[" * 100_000,
        b'{"result":[NaN,' + b"[" * 100_000,
        b'{"result":"\\ud800"}',
        b'{"result":NaN}',
        b'{"result":null}',
        b'{"result":[1]}',
        b'{"error":5}',
        b'{"error":{"code":"x","message":5,"data":null}}',
        b"[]",
        b"",
    ],
)
async def test_nonsense_is_not_a_xenserver(body: bytes) -> None:
    with pytest.raises(NotAXenServer):
        await login(body)


@pytest.mark.parametrize("host", ["a b/c?", "x/..", "x@y", "[::1", "", "..", ".", "x" * 3000, "127.0.0.1\r\nx: y"])
async def test_a_coordinator_that_is_no_address_does_not_answer(host: str) -> None:
    with pytest.raises(PoolUnreachable):
        await login(failure("HOST_IS_SLAVE", host))


async def test_a_pools_words_are_cut_short() -> None:
    with pytest.raises(PoolUnreachable) as unreachable:
        await login(failure("X" * 5_000_000, *["y" * 5_000_000] * 2))
    assert len(str(unreachable.value)) < 5_000
    with pytest.raises(PoolRefused) as refused:
        await login(failure("SESSION_AUTHENTICATION_FAILED", "root", "y" * 5_000_000))
    assert len(str(refused.value)) < 2_000
    with pytest.raises(PoolUnreachable, match="INTERNAL_ERROR"):
        await login(b'{"error":[]}')


async def test_an_address_that_no_url_can_hold_does_not_answer() -> None:
    with pytest.raises(PoolUnreachable):
        await Session.open([Address("http", "\u2603\ufe0f..", 80)], Login("root", "secret", Trust()))
