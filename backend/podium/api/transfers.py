"""Streams over HTTP: VMs and disks out and in, logs of hosts."""

import re
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Line, ObjectId
from podium.api.problems import responses
from podium.api.streamed import TASK_HEADER, Streamed, body_length, first_byte, stamp
from podium.api.vms import WRITE_PROBLEMS
from podium.errors import (
    BadRequest,
    IncorrectState,
    MissingPrivileges,
    NotFound,
    NotSupported,
    PoolError,
    PoolUnreachable,
    TooManyAttempts,
    Unavailable,
)
from podium.services.transfers import Compression, DiskFormat, Transfers

router = APIRouter(prefix="/rest/v0")

STREAMED: Final = re.compile(r"/rest/v0/(pools/[^/]+/vms|srs/[^/]+/vdis|vdis/[^/]+\.(raw|vhd))/?")
"""The paths whose bodies are taken as they come; whatever is asked of them, nothing is collected."""

PROBLEMS: Final = (
    BadRequest,
    IncorrectState,
    MissingPrivileges,
    NotFound,
    PoolError,
    PoolUnreachable,
    TooManyAttempts,
    Unavailable,
)
UPLOAD_PROBLEMS: Final = (*WRITE_PROBLEMS, BadRequest, TooManyAttempts)
_BYTES: Final[dict[str, Any]] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_OUT: Final[dict[str, Any]] = {
    "description": "The stream",
    "content": _BYTES,
    "headers": {TASK_HEADER: {"description": "the task that shows its progress", "schema": {"type": "string"}}},
}
_BODY: Final[dict[str, Any]] = {"requestBody": {"required": True, "content": _BYTES}, "x-mcp-exposure": "deny"}
_READ: Final[dict[str, Any]] = {"x-mcp-exposure": "deny"}

Compress = Annotated[
    Literal["gzip", "zstd", "true", "false"] | None, Query(description="`true` and `false` are deprecated")
]

VmForm = Annotated[Literal["xva", "ova"], Path(alias="format")]
DiskForm = Annotated[DiskFormat, Path(alias="format")]


def _export_route(collection: str, operation_id: str, tag: str) -> None:
    @router.get(
        f"/{collection}/{{vm_id}}.{{format}}",
        operation_id=operation_id,
        tags=[tag],
        responses={200: _OUT, **responses(*PROBLEMS, NotSupported)},
        openapi_extra=_READ,
    )
    async def export_vm(
        request: Request,
        vm_id: ObjectId,
        form: VmForm,
        viewer: CurrentViewer,
        compress: Compress = None,
    ) -> Response:
        """The VM with its disks, as XVA. It must be halted or suspended, or a snapshot or template."""
        if form == "ova":
            raise NotSupported("exports as OVA are not made here: ask for .xva")
        packed: Compression | None = "gzip" if compress in {"gzip", "true"} else "zstd" if compress == "zstd" else None
        transfers: Transfers = request.app.state.transfers
        return Streamed(await transfers.export_vm(collection, vm_id, compress=packed, by=viewer))


def _content_route(collection: str, operation_id: str, tag: str) -> None:
    @router.get(
        f"/{collection}/{{vdi_id}}.{{format}}",
        operation_id=operation_id,
        tags=[tag],
        responses={200: _OUT, 206: {**_OUT, "description": "The rest of it"}, **responses(*PROBLEMS)},
        openapi_extra=_READ,
    )
    async def export_content(request: Request, vdi_id: ObjectId, form: DiskForm, viewer: CurrentViewer) -> Response:
        """The disk's content. A raw one that broke off goes on with `Range: bytes=N-`, if nobody wrote meanwhile."""
        transfers: Transfers = request.app.state.transfers
        start = first_byte(request)
        return Streamed(await transfers.export_vdi(collection, vdi_id, form, by=viewer, start=start))


_export_route("vms", "ExportVm", "vms")
_export_route("vm-snapshots", "ExportVmSnapshot", "vms")
_export_route("vm-templates", "ExportVmTemplate", "vms")
_content_route("vdis", "ExportVdiContent", "vdis")
_content_route("vdi-snapshots", "ExportVdiSnapshotContent", "vdis")


@router.put(
    "/vdis/{vdi_id}.{format}",
    operation_id="ImportVdiContent",
    tags=["vdis"],
    status_code=204,
    responses=responses(*UPLOAD_PROBLEMS),
    openapi_extra=_BODY,
)
async def import_content(request: Request, vdi_id: ObjectId, form: DiskForm, viewer: CurrentViewer) -> Response:
    """Replace the disk's content with the body. The disk must not be in use."""
    transfers: Transfers = request.app.state.transfers
    await transfers.import_vdi(vdi_id, form, request.stream(), length=body_length(request), by=viewer)
    return Response(status_code=204)


@router.post(
    "/srs/{sr_id}/vdis",
    operation_id="ImportVdi",
    tags=["srs"],
    status_code=201,
    response_model=Created,
    responses=responses(*UPLOAD_PROBLEMS),
    openapi_extra=_BODY,
)
async def import_vdi(
    request: Request,
    response: Response,
    sr_id: ObjectId,
    viewer: CurrentViewer,
    *,
    name_label: Annotated[Line, Query(max_length=255)] = "",
    name_description: Annotated[Line, Query(max_length=1024)] = "",
    raw: Annotated[
        bool | Literal[""], Query(description="the body is raw (its Content-Length is the disk's size), no VHD")
    ] = False,
) -> Created:
    """A new disk on the SR with the body as its content: a dynamic VHD, or raw."""
    transfers: Transfers = request.app.state.transfers
    made = await transfers.create_vdi(
        sr_id,
        request.stream(),
        raw=raw is not False,
        length=body_length(request),
        name_label=name_label,
        name_description=name_description,
        by=viewer,
    )
    response.headers["location"] = f"/rest/v0/vdis/{made}"
    return Created(id=made)


@router.post(
    "/pools/{pool_id}/vms",
    operation_id="ImportVm",
    tags=["pools"],
    status_code=201,
    response_model=Created,
    responses=responses(*UPLOAD_PROBLEMS),
    openapi_extra=_BODY,
)
async def import_vm(
    request: Request,
    response: Response,
    pool_id: ObjectId,
    viewer: CurrentViewer,
    sr: Annotated[ObjectId | None, Query(description="where its disks go; the pool's default SR otherwise")] = None,
) -> Created:
    """A VM out of the body, an XVA (plain, gzip or zstd)."""
    transfers: Transfers = request.app.state.transfers
    made = await transfers.import_vm(pool_id, request.stream(), sr_id=sr, length=body_length(request), by=viewer)
    response.headers["location"] = f"/rest/v0/vms/{made}"
    return Created(id=made)


@router.get(
    "/hosts/{host_id}/audit.txt",
    operation_id="GetHostAudit",
    tags=["hosts"],
    responses={200: _OUT, **responses(*PROBLEMS)},
    openapi_extra=_READ,
)
async def host_audit(request: Request, host_id: ObjectId, viewer: CurrentViewer) -> Response:
    """The host's audit log: who called what of its XAPI."""
    transfers: Transfers = request.app.state.transfers
    name = f"{host_id}-{stamp()}-audit.txt"
    return Streamed(await transfers.host_file(host_id, "/audit_log", filename=name, media_type="text/plain", by=viewer))


@router.get(
    "/hosts/{host_id}/logs.tgz",
    operation_id="GetHostLogs",
    tags=["hosts"],
    responses={200: _OUT, **responses(*PROBLEMS)},
    openapi_extra=_READ,
)
async def host_logs(request: Request, host_id: ObjectId, viewer: CurrentViewer) -> Response:
    """The host's logs, a gzipped tar."""
    transfers: Transfers = request.app.state.transfers
    name = f"{host_id}-{stamp()}-logs.tgz"
    return Streamed(
        await transfers.host_file(
            host_id, "/host_logs_download", filename=name, media_type="application/gzip", by=viewer
        )
    )
