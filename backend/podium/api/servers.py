"""Servers: adding, changing, trying out and connecting them."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Request
from msgspec import UNSET
from pydantic import Field
from starlette.responses import Response

from podium.api.actions import Created, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, Secret
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.errors import (
    CertificateUntrusted,
    CrossSite,
    IncorrectState,
    MissingPrivileges,
    NameTaken,
    NotAXenServer,
    NotFound,
    PoolAlreadyConnected,
    PoolChanged,
    PoolRefused,
    PoolUnreachable,
    Unavailable,
)
from podium.services.server_store import ServerChange, ServerDraft
from podium.services.servers import Servers

router = APIRouter(prefix="/rest/v0/servers", tags=["servers"])

_POOL_PROBLEMS: Final = (PoolUnreachable, PoolRefused, PoolChanged, CertificateUntrusted, NotAXenServer)

Host = Annotated[Line, Field(min_length=1, max_length=255, description="[scheme://]host[:port]", examples=["10.0.0.1"])]
Username = Annotated[Line, Field(min_length=1, max_length=255)]
PoolPassword = Annotated[Secret, Field(max_length=1024)]
Proxy = Annotated[Line, Field(max_length=1024, pattern=r"^(https?://[^\s/?#]+/?)?$")]
Label = Annotated[Line, Field(max_length=255)]
Fingerprint = Annotated[
    str, Field(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$", description="SHA-256, hex with colons")
]


class NewServer(Body):
    """`allowUnauthorized`: take any certificate. Better: connect, look at the fingerprint, accept_certificate."""

    host: Host
    username: Username
    password: PoolPassword
    label: Label | None = None
    http_proxy: Annotated[Proxy | None, Field(alias="httpProxy")] = None
    allow_unauthorized: Annotated[bool, Field(alias="allowUnauthorized")] = False
    read_only: Annotated[bool, Field(alias="readOnly")] = False
    fingerprint: Annotated[
        Fingerprint | None,
        Field(alias="certificateFingerprint", description="trust exactly this certificate: SHA-256, hex with colons"),
    ] = None

    def draft(self) -> ServerDraft:
        return ServerDraft(
            host=self.host,
            username=self.username,
            password=self.password,
            label=self.label or None,
            http_proxy=self.http_proxy or None,
            allow_unauthorized=self.allow_unauthorized,
            read_only=self.read_only,
            fingerprint=self.fingerprint,
        )


class ServerPatch(Body):
    """What is left out stays; null takes a label or proxy away."""

    host: Host | None = None
    username: Username | None = None
    password: PoolPassword | None = None
    label: Label | None = None
    http_proxy: Annotated[Proxy | None, Field(alias="httpProxy")] = None
    allow_unauthorized: Annotated[bool | None, Field(alias="allowUnauthorized")] = None
    read_only: Annotated[bool | None, Field(alias="readOnly")] = None

    def change(self) -> ServerChange:
        given = self.model_fields_set
        return ServerChange(
            host=UNSET if self.host is None else self.host,
            username=UNSET if self.username is None else self.username,
            password=UNSET if self.password is None else self.password,
            label=(self.label or None) if "label" in given else UNSET,
            http_proxy=(self.http_proxy or None) if "http_proxy" in given else UNSET,
            allow_unauthorized=UNSET if self.allow_unauthorized is None else self.allow_unauthorized,
            read_only=UNSET if self.read_only is None else self.read_only,
        )


class AcceptedCertificate(Body):
    fingerprint: Fingerprint


@router.post(
    "",
    operation_id="AddServer",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges, NameTaken),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def add_server(request: Request, response: Response, body: NewServer, viewer: CurrentViewer) -> Created:
    """Store a server, enabled. Connecting it is another call."""
    servers: Servers = request.app.state.servers
    server_id = await servers.create(body.draft(), by=viewer)
    response.headers["location"] = f"/rest/v0/servers/{server_id}"
    return Created(id=server_id)


@router.post(
    "/test",
    operation_id="TestServer",
    responses={
        200: {"description": "What one login learned", "content": {"application/json": {"schema": reference("Probe")}}},
        **responses(CrossSite, MissingPrivileges, *_POOL_PROBLEMS),
    },
    openapi_extra={"x-mcp-exposure": "deny"},
)
async def test_server(request: Request, body: NewServer, viewer: CurrentViewer) -> Response:
    """Log in once and say what is there: product, version, pool, hosts, certificate. Nothing is stored."""
    servers: Servers = request.app.state.servers
    found = await servers.test(body.draft(), by=viewer)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.patch(
    "/{server_id}",
    operation_id="UpdateServer",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, NameTaken, Unavailable),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def update_server(request: Request, server_id: ObjectId, body: ServerPatch, viewer: CurrentViewer) -> None:
    """Change a server. Its connection is made anew when address, credentials or proxy changed."""
    servers: Servers = request.app.state.servers
    await servers.change(server_id, body.change(), by=viewer)


@router.delete(
    "/{server_id}",
    operation_id="DeleteServer",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound),
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def delete_server(request: Request, server_id: ObjectId, viewer: CurrentViewer) -> None:
    """Disconnect the server and forget it. The pool itself is not touched."""
    servers: Servers = request.app.state.servers
    await servers.delete(server_id, by=viewer)


@router.post(
    "/{server_id}/actions/connect",
    operation_id="ConnectServer",
    responses=action_responses(
        CrossSite, MissingPrivileges, NotFound, IncorrectState, PoolAlreadyConnected, Unavailable, *_POOL_PROBLEMS
    ),
    status_code=202,
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def connect_server(
    request: Request, server_id: ObjectId, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Enable and connect. When the pool does not answer the action fails, and trying goes on behind it."""
    servers: Servers = request.app.state.servers
    viewer.require("connect", "server", servers.get(server_id))
    return await run_action(
        request,
        lambda _: servers.connect(server_id, by=viewer),
        name="connect server",
        viewer=viewer,
        sync=sync,
        about=("server", server_id),
    )


@router.post(
    "/{server_id}/actions/disconnect",
    operation_id="DisconnectServer",
    responses=action_responses(CrossSite, MissingPrivileges, NotFound, IncorrectState),
    status_code=202,
    openapi_extra={"x-mcp-exposure": "confirm"},
)
async def disconnect_server(
    request: Request, server_id: ObjectId, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """Disable and disconnect: the pool's objects leave."""
    servers: Servers = request.app.state.servers
    viewer.require("disconnect", "server", servers.get(server_id))
    return await run_action(
        request,
        lambda _: servers.disconnect(server_id, by=viewer),
        name="disconnect server",
        viewer=viewer,
        sync=sync,
        about=("server", server_id),
    )


@router.post(
    "/{server_id}/actions/accept_certificate",
    operation_id="AcceptServerCertificate",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, IncorrectState, Unavailable),
    openapi_extra={"x-mcp-exposure": "deny"},
)
async def accept_certificate(
    request: Request, server_id: ObjectId, body: AcceptedCertificate, viewer: CurrentViewer
) -> None:
    """Trust exactly this certificate from now on (its fingerprint was in the error), and try again."""
    servers: Servers = request.app.state.servers
    await servers.accept_certificate(server_id, body.fingerprint, by=viewer)
