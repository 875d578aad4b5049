"""The OpenAPI 3.1 document, and a page that shows it without asking any other host."""

import asyncio
import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from podium.api.collections import READ_METHODS
from podium.api.credentials import COOKIE
from podium.api.docs_page import STYLE, page
from podium.api.needs import needed
from podium.api.operations import ROW, ROW_SCHEMA, collection_paths
from podium.api.paging import accepts_gzip, caching, digest, is_fresh, not_modified
from podium.api.problems import MEDIA_TYPE, Problem
from podium.api.schemas import REF, Schema, reference, struct_schemas, tidy
from podium.errors import PodiumError
from podium.metrics.catalog import Metric
from podium.metrics.rings import Condition
from podium.model.audit import AuditRecord
from podium.model.dashboard import PoolDashboard, XoaDashboard
from podium.model.missing_patch import MissingPatch
from podium.model.registry import RESOURCES
from podium.model.vm_dashboard import VmDashboard
from podium.services.alarms.notifications import Tried
from podium.services.alarms.preview import RulePreview
from podium.services.batch import Done, Preview
from podium.services.can import Checked
from podium.services.data_sources import DataSource
from podium.services.health import Health
from podium.services.host_actions import EvacuationPlan
from podium.services.hosts import Smt
from podium.services.measures.stats import ManyStats, StatsAnswer
from podium.services.measures.tops import Top
from podium.services.second_factor import Enrolment, RecoveryCodes, SecondFactor
from podium.services.sign_ins import SignInInfo
from podium.services.sr_probe import Probed
from podium.services.token_view import Token
from podium.services.vm_deletion import Deleted
from podium.services.vm_destinations import Destinations
from podium.xapi.probe import Probe

BASE: Final = "/rest/v0"
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

SECURITY_SCHEMES: Final[Schema] = {
    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A token, as browsers send it"},
    "basic": {"type": "http", "scheme": "basic", "description": "User name and password"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token, as scripts send it"},
}

_PARAMETER: Final = re.compile(r"{(\w+)}")
OTHER_STRUCTS: Final = (
    AuditRecord, Checked, Condition, DataSource, Deleted, Destinations, Done, Enrolment, EvacuationPlan, Health,
    ManyStats, Metric, MissingPatch, PoolDashboard, Preview, Probe, Probed, RecoveryCodes, RulePreview, SecondFactor,
    SignInInfo, Smt, StatsAnswer, Token, Top, Tried, VmDashboard, XoaDashboard,
)  # fmt: skip
"""What other routes answer with, beside the resources."""
HTTP_CODES: Final = ("headers-too-large", "method-not-allowed", "no-such-route", "unsupported-media-type")
"""Codes of problems of HTTP itself (problems.py)."""

router = APIRouter(prefix=f"{BASE}/docs", include_in_schema=False)


@router.api_route("/swagger.json", methods=READ_METHODS)
async def swagger(request: Request) -> Response:
    """The OpenAPI document. Xen Orchestra's clients look for it here."""
    return await _answer(request, "openapi_body", _encoded, "application/json")


@router.api_route("", methods=READ_METHODS)
async def docs(request: Request) -> Response:
    """The document, for people."""
    return await _answer(request, "docs_page", page, "text/html; charset=utf-8")


@router.api_route("/docs.css", methods=READ_METHODS)
async def style() -> Response:
    return Response(STYLE, media_type="text/css", headers={"cache-control": "no-cache"})


@dataclass(frozen=True, slots=True)
class _Rendered:
    """Needs no sign-in, so it must cost nothing to ask for it."""

    plain: bytes
    packed: bytes
    etag: str


async def _answer(request: Request, name: str, render: Callable[[dict[str, Any]], str], media_type: str) -> Response:
    """What `render` makes of the document, once in the app's life and outside the event loop."""
    state = request.app.state
    rendering: asyncio.Task[_Rendered] | None = getattr(state, name, None)
    if rendering is None:
        rendering = asyncio.create_task(asyncio.to_thread(lambda: _rendered(render(document(request.app)))))
        setattr(state, name, rendering)
    found = await asyncio.shield(rendering)  # others wait for it too
    if is_fresh(request.headers, found.etag):
        return not_modified(found.etag)
    headers = caching(found.etag)
    if not accepts_gzip(request.headers):
        return Response(found.plain, headers=headers, media_type=media_type)
    return Response(found.packed, headers={**headers, "content-encoding": "gzip"}, media_type=media_type)


def _rendered(text: str) -> _Rendered:
    plain = text.encode()
    return _Rendered(plain, gzip.compress(plain, mtime=0), f'W/"{digest(text)}"')


def _encoded(found: dict[str, Any]) -> str:
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def document(app: FastAPI) -> dict[str, Any]:
    """The whole API of `app`, made once.

    FastAPI describes the routes that have one of their own; the collections' are added, schemas come from the
    Structs. Paths are relative to `/rest/v0`, as Xen Orchestra's: its MCP server puts that before them.
    """
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title="Podium",
        version=app.version,
        summary="Fleets of XenServer and XCP-ng pools, live",
        description=_DESCRIPTION,
        routes=app.routes,
    )
    structs = struct_schemas([*(resource.struct for resource in RESOURCES), *OTHER_STRUCTS])
    own = {"Problem": _problem_schema(), ROW: ROW_SCHEMA, **structs}
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError", "Problem"):
        schemas.pop(name, None)
    if double := schemas.keys() & own.keys():
        raise ValueError(f"two schemas of one name: {', '.join(sorted(double))}")
    found["components"]["schemas"] = dict(sorted({**{k: tidy(v) for k, v in schemas.items()}, **own}.items()))
    found["components"]["securitySchemes"] = SECURITY_SCHEMES
    found["security"] = [{name: []} for name in SECURITY_SCHEMES]
    found["servers"] = [{"url": BASE}]
    # routes of their own win: /tasks has more to say than the table
    found["paths"] = _merged(collection_paths(), _relative(found.get("paths", {})))
    for path, method, operation in operations(found):
        _complete(path, method, operation)
    found["tags"] = [{"name": name} for name in sorted({tag for *_, one in operations(found) for tag in one["tags"]})]
    return found


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation, of all in a document."""
    for path, item in found["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _relative(paths: dict[str, Any]) -> dict[str, Any]:
    """Paths under `/rest/v0` without it, their parameters in Xen Orchestra's words; others say the root is theirs."""
    found = {}
    for path, item in paths.items():
        names = _spelt(path)
        item = {method: _with_names(operation, names) for method, operation in item.items()}  # noqa: PLW2901
        for old, new in names.items():
            path = path.replace(f"{{{old}}}", f"{{{new}}}")  # noqa: PLW2901
        if path.startswith(BASE + "/"):
            found[path.removeprefix(BASE)] = item
        else:
            found[path] = {"servers": [{"url": "/"}], **item}
    return found


def _merged(paths: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """`others` over `paths`."""
    found = dict(paths)
    for path, item in others.items():
        found[path] = {**found.get(path, {}), **item}
    return dict(sorted(found.items()))


def _spelt(path: str) -> dict[str, str]:
    """How the path's parameters are called in the document: the first is `id`, others camelCase."""
    names = _PARAMETER.findall(path)
    return {name: _camel(name) if place else "id" for place, name in enumerate(names)}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _with_names(operation: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    parameters = [
        {**one, "name": names[one["name"]]} if one["in"] == "path" else one for one in operation.get("parameters", ())
    ]
    return {**operation, "parameters": parameters} if parameters else operation


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """What every operation says, whoever wrote its route."""
    operation.setdefault("tags", [path.split("/")[1] or "site"])
    operation.setdefault("x-mcp-exposure", "allow" if method == "get" else "deny")
    if (privileges := needed(operation.get("operationId", ""))) is not None:
        operation["x-privilege"] = privileges
    responses = operation["responses"]
    validation = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if validation.get("$ref") == REF + "HTTPValidationError":
        del responses["422"]
    if operation.get("security") != []:
        responses.setdefault("401", _problem_response("Not signed in"))
        responses.setdefault("400", _problem_response("Credentials that make no sense"))
    if operation.get("parameters") or "requestBody" in operation:
        responses.setdefault("422", _problem_response("A value is not acceptable"))
    responses.setdefault("default", _problem_response("Any other problem"))
    for key in ("parameters", "requestBody", "responses"):
        if key in operation:
            operation[key] = tidy(operation[key])


def _problem_response(description: str) -> Schema:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": reference("Problem")}}}


def _problem_schema() -> Schema:
    schema: Schema = tidy(Problem.model_json_schema(ref_template=REF + "{model}"))
    schema["properties"]["code"]["enum"] = sorted({*_codes(PodiumError), *HTTP_CODES})
    return schema


def _codes(error: type[PodiumError]) -> Iterator[str]:
    yield error.code
    for child in error.__subclasses__():
        yield from _codes(child)


_DESCRIPTION: Final = """\
Lists answer with addresses; `fields=*` makes them objects, `fields=a,b.c` picks members. `filter`, `sort`, `offset`
and `limit` choose rows, `X-Total-Count` says how many there are. Errors are RFC 9457 problem documents with a stable
`code`."""
