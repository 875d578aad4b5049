"""Lists over HTTP: their query parameters, conditional requests, and bodies that leave while they are being made."""

import asyncio
import hashlib
import re
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from podium.cache.entry import Entry
from podium.cache.fields import parse_fields
from podium.cache.filter import parse_filter
from podium.cache.order import parse_sort
from podium.errors import BadRequest, InvalidParameters
from podium.services.access import Viewer
from podium.services.query import Form, chunks, select
from podium.services.query import Query as ListQuery

MEDIA_TYPES: Final[dict[Form, str]] = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "markdown": "text/markdown; charset=utf-8",
}
GZIP_FROM: Final = 1_024
"""Smaller bodies are not worth compressing."""
GZIP_LEVEL: Final = 3
"""On lists of objects twice as fast as the usual 6 and a fifth larger."""
AT_ONCE: Final = 250
"""So many rows are answered in one piece, with its length."""
_IN_THREAD_FROM: Final = 16_384
_MOST: Final = 2**31 - 1
_GZIP: Final = re.compile(r"(?:^|,)\s*(?:gzip|x-gzip)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?(?=,|$)", re.IGNORECASE)


class ListParams(BaseModel):
    """How to list. Parameters that are not known are ignored, as Xen Orchestra does."""

    fields: Annotated[
        str | None,
        Field(
            description="`*` for whole objects, or names and dot paths, comma-separated; without it only addresses",
            examples=["*", "id,name_label,memory.size"],
        ),
    ] = None
    filter: Annotated[
        str | None,
        Field(
            description="Xen Orchestra's filter language, and `=` for exact comparison",
            examples=["power_state:Running tags:=prod", "memory:size:>=4294967296"],
        ),
    ] = None
    sort: Annotated[
        str | None,
        Field(
            description="names and dot paths, comma-separated; `-` before one turns it round; by id without it",
            examples=["-memory.size,name_label"],
        ),
    ] = None
    offset: Annotated[int, Field(description="how many rows to leave out first", ge=0, le=_MOST)] = 0
    limit: Annotated[
        int | None,
        Field(description="how many rows at most; negative: all of them, as in Xen Orchestra", ge=-_MOST, le=_MOST),
    ] = None
    ndjson: Annotated[bool, Field(description="one JSON value a line, as `application/x-ndjson`")] = False
    markdown: Annotated[bool, Field(description="a Markdown table")] = False
    watch: Annotated[
        bool,
        Field(description="with `ndjson`: after the rows a line `[kind, object]` for each change, until you leave"),
    ] = False

    @property
    def form(self) -> Form:
        return "ndjson" if self.ndjson else "markdown" if self.markdown else "json"


def list_params(params: Annotated[ListParams, Query()]) -> ListParams:
    """The list parameters of a request, found to go together. Raises InvalidParameters, BadRequest."""
    if params.ndjson and params.markdown:
        raise InvalidParameters("Cannot use both ndjson and markdown output formats simultaneously")
    if params.watch and not params.ndjson:
        raise BadRequest("watch=true can only be used with ndjson=true")
    return params


Params = Annotated[ListParams, Depends(list_params)]


def list_query(params: ListParams) -> ListQuery:
    """The query that the parameters stand for. Raises FilterSyntax, InvalidParameters."""
    return ListQuery(
        filter=parse_filter(params.filter) if params.filter and not params.filter.isspace() else None,
        # `fields=` asks for objects with no field, not for addresses: so does Xen Orchestra's lodash
        fields=parse_fields("href" if params.fields == "" else params.fields),
        order=parse_sort(params.sort) if params.sort else None,
        offset=params.offset,
        limit=params.limit if params.limit is not None and params.limit >= 0 else None,
        form=params.form,
    )


async def answer_list(
    request: Request,
    entries: Sequence[Entry],
    params: ListParams,
    viewer: Viewer,
    *,
    revision: str,
    granted: bool = False,
) -> Response:
    """A list's response. `revision` names the state of everything that decides which rows there are.

    `granted`: the rows are what the viewer may see already.

    Raises FilterSyntax, InvalidParameters, BadRequest.
    """
    query = replace(list_query(params), granted=granted)
    etag = f'W/"{revision}-{digest(viewer.key, request.scope["path"], params.model_dump_json())}"'
    if is_fresh(request.headers, etag):
        return not_modified(etag)
    page = await select(entries, query, viewer)
    headers = {**caching(etag), "x-total-count": str(page.total)}
    whole = len(page.entries) <= AT_ONCE
    return await _response(request, chunks(page, query), MEDIA_TYPES[query.form], headers, whole=whole)


async def answer_one(
    request: Request, body: bytes, *, revision: str, media_type: str = MEDIA_TYPES["json"]
) -> Response:
    """The response of one thing that is there already."""
    etag = f'W/"{revision}"'
    if is_fresh(request.headers, etag):
        return not_modified(etag)
    return await _response(request, _pieces(body), media_type, caching(etag), whole=True)


async def streamed(request: Request, body: AsyncIterator[bytes], *, media_type: str) -> Response:
    """A response that was true a moment ago and leaves while it is being made."""
    return await _response(request, body, media_type, {"cache-control": "no-store"}, whole=False)


def caching(etag: str) -> dict[str, str]:
    """May be kept, by the viewer's own client, which asks each time whether it is still good."""
    return {"etag": etag, "cache-control": "private, no-cache", "vary": "accept-encoding, authorization, cookie"}


def is_fresh(headers: Headers, etag: str) -> bool:
    """Whether the client has what `etag` names already."""
    wanted = headers.get("if-none-match")
    if wanted is None:
        return False
    tag = etag.removeprefix("W/")
    return any(one.strip() == "*" or one.strip().removeprefix("W/") == tag for one in wanted.split(","))


def not_modified(etag: str) -> Response:
    return Response(status_code=304, headers=caching(etag))


def accepts_gzip(headers: Headers) -> bool:
    """Whether the client takes gzip. One that only says `*` is not asked twice: it gets the plain bytes."""
    found = _GZIP.search(headers.get("accept-encoding", ""))
    return found is not None and (found[1] is None or float(found[1]) > 0)


def digest(*parts: str) -> str:
    """A short name for some text."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


async def _response(
    request: Request, body: AsyncIterator[bytes], media_type: str, extra: dict[str, str], *, whole: bool
) -> Response:
    """The body in one piece, or as a stream that begins at once; for HEAD none at all."""
    if request.method == "HEAD":
        return StreamingResponse(_pieces(), headers=extra, media_type=media_type)
    gzip = accepts_gzip(request.headers)
    if whole:
        content = b"".join([chunk async for chunk in body])
        if gzip and len(content) >= GZIP_FROM:
            content = await _deflate(_compressor(), content, zlib.Z_FINISH)
            extra["content-encoding"] = "gzip"
        return Response(content, headers=extra, media_type=media_type)
    if gzip:
        extra["content-encoding"] = "gzip"
        body = _compressed(body)
    return StreamingResponse(body, headers=extra, media_type=media_type)


async def _pieces(*body: bytes) -> AsyncIterator[bytes]:
    for piece in body:
        yield piece


async def _compressed(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Each chunk can be read as soon as it arrives."""
    compressor = _compressor()
    async for chunk in body:
        yield await _deflate(compressor, chunk, zlib.Z_SYNC_FLUSH)
    yield compressor.flush(zlib.Z_FINISH)


async def _deflate(compressor: "zlib._Compress", chunk: bytes, flush: int) -> bytes:
    def work() -> bytes:
        return compressor.compress(chunk) + compressor.flush(flush)

    # zlib lets go of the interpreter meanwhile, but a thread costs more than a few kilobytes do
    return work() if len(chunk) < _IN_THREAD_FROM else await asyncio.to_thread(work)


def _compressor() -> "zlib._Compress":
    return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, wbits=31)  # 31: in gzip's wrapping
