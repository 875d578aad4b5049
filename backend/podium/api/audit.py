"""The audit log over HTTP: lists, exports, and Xen Orchestra's plugin routes. For whoever holds `audit:read`."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request
from msgspec import UNSET
from starlette.responses import Response, StreamingResponse

from podium.api.deps import CurrentViewer
from podium.api.operations import list_parameters
from podium.api.paging import MEDIA_TYPES, ListParams, Params, list_query
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.cache.entry import Entry
from podium.errors import BadRequest, FilterSyntax, InvalidParameters, MissingPrivileges, NotFound
from podium.model.audit import AuditRecord
from podium.services.access import READ, Viewer
from podium.services.audit.reading import AuditReader
from podium.services.audit.search import Found
from podium.services.query import Page, chunks
from podium.services.query import Query as ListQuery

router = APIRouter(prefix="/rest/v0", tags=["audit"])

MARKDOWN_ROWS: Final = 1_000
COLUMNS: Final = (
    "time", "event", "userName", "userId", "userIp", "method", "path", "operationId", "status", "error", "objects",
    "duration", "id", "previousId",
)  # fmt: skip
"""Of the CSV form."""

RecordId = Annotated[str, Path(max_length=64, description="the record's id")]
From = Annotated[str | None, Query(alias="from", max_length=64, description="the id of the newest one wanted")]
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS: Final = {"type": "array", "items": {"anyOf": [{"type": "string"}, reference("AuditRecord"), reference("Row")]}}
_LIST: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The records: addresses without `fields`, objects with them",
        "content": {"application/json": {"schema": _ROWS}, "application/x-ndjson": {}, "text/markdown": {}},
        "headers": {"X-Total-Count": {"schema": {"type": "integer"}}},
    }
}
_RECORDS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The records, newest first",
        "content": {
            "application/json": {"schema": {"type": "array", "items": reference("AuditRecord")}},
            "application/x-ndjson": {},
        },
    }
}
_RECORD: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The record", "content": {"application/json": {"schema": reference("AuditRecord")}}}
}
_PROBLEMS: Final = (MissingPrivileges, FilterSyntax, InvalidParameters, BadRequest)


@router.head("/audit", include_in_schema=False)
@router.get(
    "/audit",
    operation_id="GetAudit",
    responses={**_LIST, **responses(*_PROBLEMS)},
    openapi_extra={"parameters": list_parameters()},
)
async def list_audit(request: Request, params: Params, viewer: CurrentViewer) -> Response:
    """The audit log, newest first (`sort=time`: oldest first)."""
    if params.watch:
        raise InvalidParameters("the audit log is not watched: ask for what is newer than you know")
    found, query = await _search(request, params, viewer)
    headers = {"cache-control": "no-store", "x-total-count": str(await found.total())}
    if query.form == "markdown":
        rows: list[Entry] = []
        async for page in found.pages():
            rows += page
            if len(rows) > MARKDOWN_ROWS:
                raise BadRequest(f"a table has at most {MARKDOWN_ROWS} rows: give a limit")
        body = chunks(Page(rows, len(rows)), query)
    else:
        body = _joined(found.pages(), query)
    return await _streamed(request, body, MEDIA_TYPES[query.form], headers)


def _export_route(form: Literal["csv", "ndjson"], kind: str) -> None:
    @router.get(
        f"/audit/export.{form}",
        operation_id=f"ExportAudit{form.capitalize()}",
        responses={
            200: {"description": "The records", "content": {kind.partition(";")[0]: {}}},
            **responses(*_PROBLEMS),
        },
    )
    async def export_audit(
        request: Request,
        viewer: CurrentViewer,
        filter: Annotated[str | None, Query(max_length=10_000)] = None,  # noqa: A002 -- the API's word
    ) -> Response:
        """The audit log as a file, oldest first; as ndjson whole, so that the chain can be verified."""
        found, _ = await _search(request, ListParams(fields="*", filter=filter, sort="time"), viewer)
        body = _csv(found) if form == "csv" else _whole(found, lines=True)
        disposition = f'attachment; filename="audit.{form}"'
        headers = {"cache-control": "no-store", "content-disposition": disposition}
        return await _streamed(request, body, kind, headers)


_export_route("csv", "text/csv; charset=utf-8")
_export_route("ndjson", MEDIA_TYPES["ndjson"])


@router.head("/audit/{record_id}", include_in_schema=False)
@router.get(
    "/audit/{record_id}", operation_id="GetAuditRecord", responses={**_RECORD, **responses(MissingPrivileges, NotFound)}
)
async def get_record(request: Request, record_id: RecordId, viewer: CurrentViewer) -> Response:
    """One record."""
    viewer.require(READ, "audit")
    reader: AuditReader = request.app.state.audit_reader
    return _json(await reader.get(record_id))


@router.get(
    "/plugins/audit/records",
    operation_id="GetAuditPluginRecords",
    responses={**_RECORDS, **responses(*_PROBLEMS, NotFound)},
)
async def plugin_records(
    request: Request,
    viewer: CurrentViewer,
    start: From = None,
    filter: Annotated[str | None, Query(max_length=10_000)] = None,  # noqa: A002 -- the API's word
    limit: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    *,
    ndjson: bool = False,
) -> Response:
    """The records from one on, newest first, where Xen Orchestra's audit plugin has them."""
    params = ListParams(fields="*", filter=filter, limit=limit, ndjson=ndjson)
    found, query = await _search(request, params, viewer, start=start)
    headers = {"cache-control": "no-store"}
    return await _streamed(request, _whole(found, lines=ndjson), MEDIA_TYPES[query.form], headers)


@router.get(
    "/plugins/audit/records/{record_id}",
    operation_id="GetAuditPluginRecord",
    responses={**_RECORD, **responses(MissingPrivileges, NotFound)},
)
async def plugin_record(request: Request, record_id: RecordId, viewer: CurrentViewer) -> Response:
    """One record."""
    return await get_record(request, record_id, viewer)


async def _search(
    request: Request, params: ListParams, viewer: Viewer, *, start: str | None = None
) -> tuple[Found, ListQuery]:
    viewer.require(READ, "audit")
    reader: AuditReader = request.app.state.audit_reader
    oldest_first = params.sort == "time"
    if params.sort in {"time", "-time"}:
        params = params.model_copy(update={"sort": None})
    query = list_query(params)
    through = await reader.newest() if start is None else await reader.seq_of(start)
    return Found(reader, query, through=through, oldest_first=oldest_first), query


async def _streamed(request: Request, body: AsyncIterator[bytes], kind: str, headers: dict[str, str]) -> Response:
    """What is wrong with the query is said before anything is sent, for the first piece is made before."""
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type=kind)
    first = await anext(body, b"")

    async def pieces() -> AsyncIterator[bytes]:
        yield first
        async for piece in body:
            yield piece

    return StreamingResponse(pieces(), headers=headers, media_type=kind)


async def _joined(pages: AsyncIterator[list[Entry]], query: ListQuery) -> AsyncIterator[bytes]:
    """One list out of the lists of the pages."""
    json = query.form == "json"
    head = b"["
    async for page in pages:
        text = b"".join([chunk async for chunk in chunks(Page(page, len(page)), query)])
        yield head + text[1:-1] if json else text
        head = b","
    if json:
        yield b"[]" if head == b"[" else b"]"


async def _whole(found: Found, *, lines: bool) -> AsyncIterator[bytes]:
    """The records as they are, without addresses: what their hashes are made of, and `id`."""
    head = b"" if lines else b"["
    async for page in found.pages():
        if lines:
            yield b"".join(entry.plain + b"\n" for entry in page)
        else:
            yield head + b",".join(entry.plain for entry in page)
            head = b","
    if not lines:
        yield b"[]" if head == b"[" else b"]"


async def _csv(found: Found) -> AsyncIterator[bytes]:
    yield _lines([COLUMNS])
    async for page in found.pages():
        yield _lines(_row(entry.object) for entry in page if isinstance(entry.object, AuditRecord))


def _row(record: AuditRecord) -> list[str]:
    subject, data = record.subject, record.data
    error = data.get("error")
    values = {
        **data,
        "time": record.time,
        "event": record.event,
        "userName": subject.user_name,
        "userId": subject.user_id,
        "userIp": subject.user_ip,
        "error": error.get("code") if isinstance(error, dict) else None,
        "objects": " ".join(str(one.get("id")) for one in data.get("objects", ())),
        "id": record.id,
        "previousId": record.previous_id,
    }
    return [_cell(values.get(name)) for name in COLUMNS]


def _cell(value: object) -> str:
    """A spreadsheet takes some texts for formulas: those get an apostrophe, which it does not show."""
    if value is None or value is UNSET:
        return ""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _json(record: AuditRecord) -> Response:
    return Response(msgspec.json.encode(record), media_type=MEDIA_TYPES["json"], headers={"cache-control": "no-store"})
