"""`watch=true&ndjson=true` on any collection: its rows, then its changes, for as long as the client stays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final

import msgspec
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from podium.api.paging import MEDIA_TYPES, ListParams
from podium.errors import InvalidParameters
from podium.model.base import Resource
from podium.services.sessions import Session
from podium.stream.channel import Selection
from podium.stream.channels import Channels
from podium.stream.connections import Connections
from podium.stream.hub import Hub
from podium.stream.lines import Lines


async def follow(request: Request, resource: Resource, params: ListParams, session: Session) -> Response:
    """The endless list. Raises InvalidParameters for what an endless list cannot be: sorted, or cut."""
    if params.sort or params.offset or params.limit is not None:
        raise InvalidParameters("a watched list has no sort, offset or limit: it has no end to count from")
    hub: Hub = request.app.state.hub
    channels: Channels = request.app.state.channels
    connections: Connections = request.app.state.connections
    connections.require_room(session.viewer.user_id)
    text = "*" if params.fields is None else params.fields
    fields = tuple(part for part in (one.strip() for one in text.split(",")) if part) or ("href",)
    key, view = session.viewer.view(resource.type)
    selection = Selection(
        name=resource.type,
        type=resource.type,
        filter=params.filter or "",
        fields=None if fields == ("*",) else fields,
        xo=True,
        href=True,
        view=key,
    )
    renewed = channels.renewing(channels.get(selection, view), partial(session.viewer.view, resource.type))
    lines = Lines(renewed, hub=hub, tasks=resource.type == "task")
    chunks = _until_over(lines, session, connections, shown=_addresses if params.fields is None else bytes)
    return StreamingResponse(chunks, media_type=MEDIA_TYPES["ndjson"], headers={"cache-control": "no-store"})


class _Addressed(msgspec.Struct):
    href: str = ""


_row: Final = msgspec.json.Decoder(_Addressed)
_pair: Final = msgspec.json.Decoder(tuple[str, _Addressed])


def _addresses(chunk: bytes) -> bytes:
    """The same lines with each object's address in its place, as lists without `fields` have it."""
    lines = []
    for line in chunk.split(b"\n"):
        if line.startswith(b"{"):
            line = msgspec.json.encode(_row.decode(line).href)  # noqa: PLW2901
        elif line.startswith(b"["):
            kind, one = _pair.decode(line)
            line = msgspec.json.encode((kind, one.href or {}))  # noqa: PLW2901 -- a reset is about no object
        lines.append(line)
    return b"\n".join(lines)


async def _until_over(
    lines: Lines, session: Session, connections: Connections, *, shown: Callable[[bytes], bytes]
) -> AsyncIterator[bytes]:
    watch = asyncio.create_task(_end_with(session, lines))
    try:
        with connections.streaming(session.viewer.user_id):
            async for chunk in lines.chunks():
                yield shown(chunk)
    finally:
        watch.cancel()


async def _end_with(session: Session, lines: Lines) -> None:
    await session.over()
    lines.end()
