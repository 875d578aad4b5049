"""Errors over HTTP: one table decides the status, one form (RFC 9457) says what happened.

Beside RFC 9457's members each body has `code` (stable), `error` and `data`: the last two are what clients written for
Xen Orchestra read.
"""

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from podium.api.headers import SECURITY_HEADERS
from podium.errors import (
    BadRequest,
    CertificateUntrusted,
    Conflict,
    Forbidden,
    InvalidParameters,
    NotAXenServer,
    NotFound,
    NotSupported,
    PodiumError,
    PoolChanged,
    PoolError,
    PoolRefused,
    PoolUnreachable,
    TooLarge,
    TooManyAttempts,
    Unauthorized,
    Unavailable,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[dict[type[PodiumError], int]] = {
    BadRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    InvalidParameters: 422,
    TooManyAttempts: 429,
    PodiumError: 500,
    NotSupported: 501,
    PoolError: 502,
    PoolUnreachable: 502,
    PoolRefused: 502,
    CertificateUntrusted: 502,
    NotAXenServer: 502,
    PoolChanged: 502,
    Unavailable: 503,
}

_HTTP_CODES: Final[dict[int, str]] = {
    400: "bad-request",
    404: "no-such-route",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    431: "headers-too-large",
}

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_MAX_ERRORS: Final = 20
_MAX_NAME: Final = 200


class Problem(BaseModel):
    """RFC 9457 problem details, with the members that Xen Orchestra's clients read (`error`, `data`)."""

    type: str = Field(description="a URI reference that names the kind of problem", examples=["/problems/not-found"])
    title: str = Field(description="the kind of problem, for people")
    status: int
    detail: str = Field(description="what happened this time")
    code: str = Field(description="stable: its meaning never changes", examples=["not-found"])
    error: str = Field(description="the same as detail")
    data: dict[str, Any] | None = None
    xapi_code: str | None = Field(None, description="the pool's own code, where it answered with a failure")
    xapi_params: list[str] | None = None
    words: list[str] | None = Field(None, description="xapi_params for people: names instead of references")
    done: list[str] | None = Field(None, description="the steps that were done before it failed")
    undone: list[str] | None = Field(None, description="those of them that were undone again")
    left: list[str] | None = Field(None, description="those that could not be undone, and remain")


def responses(*errors: type[PodiumError]) -> dict[int | str, dict[str, Any]]:
    """For `responses=`: the problems that a route may answer with, beside 401 and 422."""
    codes: dict[int, list[str]] = {}
    kinds: set[type[PodiumError]] = {*errors, Unauthorized, InvalidParameters}
    for error in sorted(kinds, key=lambda kind: kind.code):
        codes.setdefault(status_of(error), []).append(error.code)
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase} ({', '.join(codes[status])})",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted(codes)
    }


def status_of(error: type[PodiumError]) -> int:
    return next(STATUS[one] for one in error.__mro__ if one in STATUS)


def problem_response(error: PodiumError, *, browser: bool = False) -> Response:
    """Any PodiumError as a problem document. `browser`: a script of a page asked, see `challenge`."""
    headers: dict[str, str] = {}
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = challenge(browser=browser)
    if isinstance(error, TooManyAttempts):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    return _document(status_of(type(error)), error.code, error.title, str(error), error.all_members(), headers)


def challenge(*, browser: bool) -> str:
    """What a 401 asks for.

    Xen Orchestra answers `Basic realm="xo"`, which makes a browser show its own password dialog in front of the web
    client, even to a fetch(). A page's requests are asked for a Bearer token instead: no browser has a dialog for that,
    and RFC 9110 wants a challenge in every 401.
    """
    return 'Bearer realm="xo"' if browser else 'Basic realm="xo"'


def from_browser(request: Request) -> bool:
    """Whether a page's script made the request. Sec-Fetch-Mode is set by browsers and cannot be by scripts."""
    mode = request.headers.get("sec-fetch-mode")
    return (mode is not None and mode != "navigate") or "x-requested-with" in request.headers


def http_problem(status: int, detail: str, *, headers: dict[str, str] | None = None) -> Response:
    """A problem of HTTP itself, which no PodiumError stands for."""
    phrase = HTTPStatus(status).phrase
    code = _HTTP_CODES.get(status, phrase.lower().replace(" ", "-"))
    return _document(status, code, phrase, detail, {}, headers or {})


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(PodiumError, _podium_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _podium_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PodiumError)  # noqa: S101 -- registered for it
    if status_of(type(error)) == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("an error without a status of its own", exc_info=error)
    return problem_response(error, browser=from_browser(request))


async def _validation_error(_request: Request, error: Exception) -> Response:
    """FastAPI's own document repeats the input, which may be a password, or not encodable at all."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = error.errors()
    if any(one.get("type") == "json_invalid" for one in found):
        return problem_response(BadRequest("the body is not JSON"))
    errors = [_one_error(one) for one in found[:_MAX_ERRORS]]
    detail = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in errors[:3])
    return problem_response(InvalidParameters(detail, errors=errors))


def _one_error(error: Mapping[str, Any]) -> dict[str, Any]:
    loc: Sequence[object] = error.get("loc", ())
    return {
        "loc": [part if isinstance(part, int) else str(part)[:_MAX_NAME] for part in loc],
        "msg": str(error.get("msg", ""))[:_MAX_NAME],
        "type": str(error.get("type", "")),
    }


async def _http_error(request: Request, error: Exception) -> Response:
    """Unknown routes, wrong methods, unreadable bodies: what the framework itself refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"allow": ", ".join(_allowed(request))}
    return http_problem(error.status_code, str(error.detail), headers=headers)


def _allowed(request: Request) -> list[str]:
    """Every method that some route of the path takes: the framework names only those of the first route it finds."""
    routes = request.app.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


async def _unexpected(_request: Request, error: Exception) -> Response:
    """A defect. The log has it all (the server writes the traceback), the client learns nothing of our inside."""
    log.error("an unexpected error", kind=type(error).__name__)
    response = problem_response(PodiumError("an unexpected error; the service's log says more"))
    response.headers.update(SECURITY_HEADERS)
    return response


def _document(
    status: int, code: str, title: str, detail: str, members: dict[str, Any], headers: dict[str, str]
) -> Response:
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "error": detail,
        **members,
    }
    # plain ASCII: what a client sent may be quoted here, and not all of that is encodable as UTF-8 (lone surrogates)
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=True, default=str)
    return Response(text, status, headers={"cache-control": "no-store", **headers}, media_type=MEDIA_TYPE)
