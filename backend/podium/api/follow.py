"""`watch=true&ndjson=true` on any collection: its rows, then its changes, for as long as the client stays."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from podium.api.paging import MEDIA_TYPES, ListParams
from podium.errors import InvalidParameters
from podium.model.base import Resource
from podium.services.sessions import Session
from podium.stream.channel import Selection
from podium.stream.channels import Channels
from podium.stream.hub import Hub
from podium.stream.lines import Lines


async def follow(request: Request, resource: Resource, params: ListParams, session: Session) -> Response:
    """The endless list. Raises InvalidParameters for what an endless list cannot be: sorted, or cut."""
    if params.sort or params.offset or params.limit is not None:
        raise InvalidParameters("a watched list has no sort, offset or limit: it has no end to count from")
    hub: Hub = request.app.state.hub
    channels: Channels = request.app.state.channels
    text = params.fields if params.fields is not None else "href"
    fields = None if text.strip() == "*" else tuple(part for part in (one.strip() for one in text.split(",")) if part)
    selection = Selection(
        name=resource.type,
        type=resource.type,
        filter=params.filter or "",
        fields=fields,
        xo=True,
        href=True,
        view=session.viewer.key,
    )
    lines = Lines(channels.get(selection, session.viewer), hub=hub, tasks=resource.type == "task")
    return StreamingResponse(
        _until_over(lines, session), media_type=MEDIA_TYPES["ndjson"], headers={"cache-control": "no-store"}
    )


async def _until_over(lines: Lines, session: Session) -> AsyncIterator[bytes]:
    watch = asyncio.create_task(_end_with(session, lines))
    try:
        async for chunk in lines.chunks():
            yield chunk
    finally:
        watch.cancel()


async def _end_with(session: Session, lines: Lines) -> None:
    await session.over()
    lines.end()
