"""Answers and bodies without a size that matters: sent and taken as they come."""

import asyncio
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from podium.errors import BadRequest, InvalidParameters, PodiumError
from podium.services.streaming import Outgoing

log = structlog.get_logger(__name__)

TASK_HEADER: Final = "x-task-id"


class Streamed(Response):
    """Sends an `Outgoing`. When it breaks off the connection is cut, so that no client takes a part for the whole."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        headers = {
            "content-disposition": disposition(outgoing.filename),
            "cache-control": "no-store",
            TASK_HEADER: outgoing.task_id,
        }
        status = 200
        if outgoing.length is not None:
            headers["accept-ranges"] = "bytes"
            headers["content-length"] = str(outgoing.length - outgoing.start)
            if outgoing.start:
                status = 206
                headers["content-range"] = f"bytes {outgoing.start}-{outgoing.length - 1}/{outgoing.length}"
        super().__init__(None, status, headers=headers, media_type=outgoing.media_type)
        if outgoing.length is None:
            del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        left = asyncio.create_task(_left(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for chunk in self._outgoing.chunks:
                if left.done():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except PodiumError as error:
            log.warning("a download broke off", task=self._outgoing.task_id, reason=str(error))
        finally:
            left.cancel()
            await self._outgoing.leave()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def disposition(filename: str) -> str:
    """RFC 6266: the name for every client, and exactly for those that know UTF-8 in headers."""
    plain = "".join(one if one.isascii() and one.isprintable() and one not in '"\\/' else "_" for one in filename)
    return f"attachment; filename=\"{plain[:200]}\"; filename*=UTF-8''{quote(filename[:200], safe='')}"


def body_length(request: Request) -> int | None:
    """Bytes of the body, None where the client does not say. Raises BadRequest for an encoded one."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise BadRequest("send the content as it is, without Content-Encoding")
    text = request.headers.get("content-length", "")
    return int(text) if text.isdigit() else None


def first_byte(request: Request) -> int:
    """Where a `Range: bytes=N-` begins; 0 without one. Raises InvalidParameters for another form of range."""
    text = request.headers.get("range", "").strip()
    if not text:
        return 0
    unit, _, rest = text.partition("=")
    start, dash, end = rest.partition("-")
    if unit.strip() != "bytes" or not dash or end.strip() or not start.strip().isdigit():
        raise InvalidParameters("only ranges of the form bytes=N- are served: the rest of a transfer that broke off")
    return int(start[:19])


def stamp() -> str:
    """The time, for the name of a file."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
