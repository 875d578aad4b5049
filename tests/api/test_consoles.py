"""Consoles over a real WebSocket: the RFB server of the simulated host at the other end."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

import xensim
from tests.journeys.conftest import connect as connect_pool
from tests.people import add_role, add_user, signed_in
from tests.served import Service
from xensim import Sim


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=6, seed=1, tls=True, port=0) as one:
        yield one


@pytest.fixture
async def client(admin: httpx.AsyncClient, sim: Sim) -> httpx.AsyncClient:
    await connect_pool(admin, sim)
    return admin


async def token(client: httpx.AsyncClient) -> dict[str, str]:
    made: dict[str, str] = (await client.post("/rest/v0/users/authentication_tokens", json={})).json()["token"]
    return made


async def vm_in(client: httpx.AsyncClient, state: str) -> str:
    params = {"filter": f"power_state:{state}", "fields": "id"}
    return str((await client.get("/rest/v0/vms", params=params)).json()[0]["id"])


def opened(service: Service, vm: str, secret: str, **headers: str) -> connect:
    """A client's socket to the console of a VM, with the token as a browser sends it."""
    url = f"{service.url.replace('http', 'ws', 1)}/api/consoles/{vm}"
    return connect(
        url,
        additional_headers={"cookie": f"authenticationToken={secret}", **headers},
        subprotocols=[Subprotocol("binary")],
    )


async def bytes_of(socket: ClientConnection, count: int, have: bytes = b"") -> tuple[bytes, bytes]:
    """The next `count` bytes, and what came with them: messages do not end where RFB's do."""
    while len(have) < count:
        message = await asyncio.wait_for(socket.recv(), 10)
        assert isinstance(message, bytes)
        have += message
    return have[:count], have[count:]


async def greet(socket: ClientConnection) -> tuple[int, int]:
    """The handshake of RFB 3.8: the size of the screen."""
    version, rest = await bytes_of(socket, 12)
    assert version == b"RFB 003.008\n"
    await socket.send(version)
    _, rest = await bytes_of(socket, 2, rest)
    await socket.send(b"\x01")
    result, rest = await bytes_of(socket, 4, rest)
    assert result == bytes(4)
    await socket.send(b"\x01")
    size, rest = await bytes_of(socket, 24, rest)
    width, height = struct.unpack(">HH", size[:4])
    return width, height


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """Read to the end: the code and the reason it was closed with."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 15)
    return socket.close_code or 0, socket.close_reason or ""


async def test_the_screen_of_a_running_vm_is_relayed(service: Service, client: httpx.AsyncClient) -> None:
    secret = (await token(client))["id"]
    async with opened(service, await vm_in(client, "Running"), secret) as socket:
        assert socket.subprotocol == "binary"
        width, height = await greet(socket)
        assert width > 100
        await socket.send(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        update, _ = await bytes_of(socket, 4)
        assert update[0] == 0
    host = (await client.get("/rest/v0/hosts", params={"fields": "controlDomain"})).json()[0]
    async with opened(service, host["controlDomain"], secret) as socket:
        await greet(socket)


async def test_a_console_ends_with_the_login(service: Service, client: httpx.AsyncClient) -> None:
    made = await token(client)
    me = (await client.get("/rest/v0/users/me", follow_redirects=True)).json()["id"]
    async with opened(service, await vm_in(client, "Running"), made["id"]) as socket:
        await greet(socket)
        gone = await client.delete(f"/rest/v0/users/{me}/authentication_tokens/{made['token_id']}")
        assert gone.status_code == 204
        assert await closing(socket) == (4401, "the login has ended")


async def test_a_console_ends_with_its_vm(sim: Sim, service: Service, client: httpx.AsyncClient) -> None:
    secret = (await token(client))["id"]
    vm = await vm_in(client, "Running")
    async with opened(service, vm, secret) as socket:
        await greet(socket)
        ref = (await client.get(f"/rest/v0/vms/{vm}")).json()["_xapiRef"]
        commands = service.app.state.gateway
        entry = commands.objects.get(vm)
        await commands.call(entry.object, "VM.hard_shutdown", ref)
        assert (await closing(socket))[0] == 1000
    assert len(service.app.state.consoles) == 0


async def test_what_has_no_console_says_why(service: Service, client: httpx.AsyncClient) -> None:
    secret = (await token(client))["id"]
    for vm, code in ((await vm_in(client, "Halted"), 4409), ("nobody", 4404)):
        async with opened(service, vm, secret) as socket:
            found, reason = await closing(socket)
            assert found == code
            assert reason
    async with opened(service, "nobody", "no token") as socket:
        assert (await closing(socket))[0] == 4401


async def test_another_site_opens_no_console(service: Service, client: httpx.AsyncClient) -> None:
    secret = (await token(client))["id"]
    vm = await vm_in(client, "Running")
    with pytest.raises(InvalidStatus) as caught:
        await opened(service, vm, secret, origin="https://evil.example").__aenter__()
    assert caught.value.response.status_code == 403


async def until_closed(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def test_a_console_closes_when_the_right_to_it_goes(service: Service, client: httpx.AsyncClient) -> None:
    ada = await add_user(client, "ada")
    vm = await vm_in(client, "Running")
    role = await add_role(client, {"resource": "vm", "action": "console", "selector": "tags:=hers"}, user=ada)
    async with signed_in(service, "ada") as me:
        secret = (await token(me))["id"]
        for take_away, give_back in (
            (("DELETE", f"/vms/{vm}/tags/hers"), ("PUT", f"/vms/{vm}/tags/hers")),
            (("DELETE", f"/acl-roles/{role}/users/{ada}"), ("PUT", f"/acl-roles/{role}/users/{ada}")),
        ):
            await client.request("PUT", f"/rest/v0/vms/{vm}/tags/hers")
            async with opened(service, vm, secret) as socket:
                await greet(socket)
                assert (await client.request(take_away[0], f"/rest/v0{take_away[1]}")).status_code == 204
                with pytest.raises(ConnectionClosed) as closed:
                    await asyncio.wait_for(until_closed(socket), 10)
                assert closed.value.rcvd is not None
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
                    4403,
                    "the right to this console has ended",
                )
            async with opened(service, vm, secret) as socket:
                with pytest.raises(ConnectionClosed) as closed:
                    await asyncio.wait_for(socket.recv(), 10)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4403
            assert (await client.request(give_back[0], f"/rest/v0{give_back[1]}")).status_code == 204
