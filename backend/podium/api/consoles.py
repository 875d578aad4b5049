"""Consoles over WebSocket, where Xen Orchestra has them: `/api/consoles/<VM id>`; the messages are RFB bytes."""

import asyncio
from collections.abc import Coroutine
from typing import Final

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from podium.api.auditing import console_open
from podium.api.credentials import client_address, credentials, require_same_site
from podium.errors import (
    Conflict,
    CrossSite,
    Forbidden,
    NotFound,
    PodiumError,
    TooManyAttempts,
    Unauthorized,
)
from podium.services.auth import Auth
from podium.services.consoles import Consoles
from podium.services.sessions import Session
from podium.xapi.channel import Channel
from podium.xapi.errors import XapiTransportError

log = structlog.get_logger(__name__)

router = APIRouter()

_CHUNK: Final = 256 * 1024
_REASON_BYTES: Final = 120
"""A close frame has room for 123."""
CLOSE_CODES: Final[tuple[tuple[type[PodiumError], int], ...]] = (
    (Unauthorized, 4401),
    (Forbidden, 4403),
    (NotFound, 4404),
    (Conflict, 4409),
    (TooManyAttempts, 4429),
    (PodiumError, 4502),
)
ENDED: Final = 1000


@router.websocket("/api/consoles/{vm_id}")
async def console(socket: WebSocket, vm_id: str) -> None:
    """Relay the screen of a VM until either side, the login, or the right to it ends."""
    try:
        require_same_site(socket)
    except CrossSite:
        await socket.close()  # before it is accepted: 403
        return
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol="binary" if "binary" in offered else None)
    consoles: Consoles = socket.app.state.consoles
    try:
        session = await _session(socket)
        with consoles.counted(session.viewer):
            async with (
                await consoles.open(vm_id[:200], by=session.viewer) as channel,
                console_open(socket, session, vm_id[:200]),
            ):
                lost = consoles.right_lost(vm_id[:200], by=session.viewer, hub=socket.app.state.hub)
                code, reason = await _relay(socket, channel, session, lost)
    except PodiumError as error:
        code, reason = _code(error), str(error)
    if socket.application_state is not WebSocketState.DISCONNECTED:
        await socket.close(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))


async def _session(socket: WebSocket) -> Session:
    found = credentials(socket)
    if found is None:
        raise Unauthorized("sign in, or send a token")
    auth: Auth = socket.app.state.auth
    return await auth.authenticate(found, address=client_address(socket))


async def _relay(
    socket: WebSocket, channel: Channel, session: Session, lost: Coroutine[None, None, None]
) -> tuple[int, str]:
    """Both ways at once, until the first of them ends, or the right to it: the code to close with, and why."""
    out = asyncio.create_task(_out(socket, channel))
    into = asyncio.create_task(_into(socket, channel))
    over = asyncio.create_task(session.over())
    unseen = asyncio.create_task(lost)
    both: set[asyncio.Task[None]] = {out, into, over, unseen}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in both:
            one.cancel()
        results = await asyncio.gather(*both, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, XapiTransportError):
            raise result
    if over.done() and not over.cancelled():
        return _code(Unauthorized("")), "the login has ended"
    if unseen.done() and not unseen.cancelled():
        return _code(Forbidden("")), "the right to this console has ended"
    return ENDED, "the console has ended"


async def _out(socket: WebSocket, channel: Channel) -> None:
    while data := await channel.read(_CHUNK, stall_s=None):
        await socket.send_bytes(data)


async def _into(socket: WebSocket, channel: Channel) -> None:
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            # RFB is bytes; some clients of Xen Orchestra send them as text
            await channel.write(data if data is not None else str(message.get("text", "")).encode("latin-1", "replace"))
    except WebSocketDisconnect:
        return


def _code(error: PodiumError) -> int:
    return next(code for kind, code in CLOSE_CODES if isinstance(error, kind))
