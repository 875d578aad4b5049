"""The root of the API: is it there, where are the user interfaces, may a language model use it."""

import time
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

router = APIRouter(prefix="/rest/v0")

OPEN: Final[dict[str, Any]] = {"security": []}
"""Needs no sign-in."""


class Pong(BaseModel):
    """`timestamp` is ms since 1970."""

    result: Literal["pong"] = "pong"
    timestamp: int


class GuiRoutes(BaseModel):
    """Paths of the user interfaces. Ours is named as Xen Orchestra's newest one."""

    xo6: Annotated[str, Field(examples=["/"])] = "/"


class McpStatus(BaseModel):
    """Whether programs of language models may use the API."""

    enabled: Literal[True] = True


@router.api_route("", methods=["GET", "HEAD"], include_in_schema=False)
async def root() -> Response:
    """Whoever looks here wants the documentation."""
    return RedirectResponse("/rest/v0/docs", status_code=302)


@router.head("/ping", include_in_schema=False)
@router.get("/ping", operation_id="Ping", tags=["xoa"], openapi_extra=OPEN | {"x-mcp-exposure": "allow"})
async def ping() -> Pong:
    """Is anybody there? Needs no sign-in."""
    return Pong(timestamp=time.time_ns() // 1_000_000)


@router.head("/gui-routes", include_in_schema=False)
@router.get("/gui-routes", operation_id="GetGuiRoutes", tags=["xoa"], openapi_extra=OPEN | {"x-mcp-exposure": "allow"})
async def gui_routes() -> GuiRoutes:
    """Where the user interfaces are. Needs no sign-in."""
    return GuiRoutes()


@router.head("/mcp/status", include_in_schema=False)
@router.get("/mcp/status", operation_id="GetMcpStatus", tags=["mcp"], openapi_extra=OPEN | {"x-mcp-exposure": "deny"})
async def mcp_status() -> McpStatus:
    """Whether the MCP server may use the API. Needs no sign-in."""
    return McpStatus()
