"""Statistics over HTTP: of one object in Xen Orchestra's shape, of many at once, and the highest of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.hosts import live
from podium.api.inputs import ObjectId
from podium.api.paging import streamed
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.cache.entry import Entry
from podium.cache.filter import parse_filter
from podium.cache.objects import Objects
from podium.errors import (
    CertificateUntrusted,
    FilterSyntax,
    InvalidParameters,
    MissingPrivileges,
    NotFound,
    PodiumError,
    PoolUnreachable,
)
from podium.metrics.archive import STEPS
from podium.metrics.catalog import CATALOG, metric_of
from podium.metrics.rings import Condition
from podium.metrics.store import Store
from podium.services.access import Viewer
from podium.services.measures.stats import Granularity, ObjectStats, Stats, check_names
from podium.services.measures.tops import top
from podium.services.query import Query as ListQuery
from podium.services.query import select

router = APIRouter(prefix="/rest/v0", tags=["stats"])

PROBLEMS: Final[tuple[type[PodiumError], ...]] = (
    CertificateUntrusted, InvalidParameters, MissingPrivileges, NotFound, PoolUnreachable,
)  # fmt: skip
ONE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Arrays of numbers by name, oldest first; null where a value is unknown",
        "content": {"application/json": {"schema": reference("StatsAnswer")}},
    },
    **responses(*PROBLEMS),
}
TYPES: Final[dict[str, str]] = {
    "vms": "VM",
    "vm-controllers": "VM-controller",
    "hosts": "host",
    "srs": "SR",
    "pools": "pool",
}
TELLING: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("VM", "VM-controller", "host", "pool"), ("cpu", "memoryUsed", "network", "disk")),
    "SR": ("disk", "iops", "diskLatency"),
}
"""What is answered with if nothing else is asked for."""
MOST_METRICS: Final = 50
SLICE: Final = 50
"""Objects encoded without giving others their turn: about 3 ms."""

Grain = Annotated[
    Granularity,
    Query(description="5 s for 10 minutes, 60 s for 2 hours, an hour for a week, or a day for a year"),
]
Raw = Annotated[bool, Query(description="the data sources by the pool's own names, in its own units; all of them")]
Kind = Literal["VM", "VM-controller", "host", "SR", "pool"]


class ManyParams(BaseModel):
    """What to answer with."""

    metrics: Annotated[
        str,
        Field(
            description="names of metrics (`GET /metrics`), or of Xen Orchestra's statistics or their beginnings "
            "(`cpus`, `vifs.rx`, `xvds.r.a`), comma-separated; without it the most telling ones",
            examples=["disk,iops"],
            max_length=2_000,
        ),
    ] = ""
    filter: Annotated[str, Field(description="only objects that match", max_length=10_000)] = ""
    ids: Annotated[
        str, Field(description="only these, comma-separated", max_length=10_000, pattern=r"^[A-Za-z0-9:._,-]*$")
    ] = ""
    limit: Annotated[int | None, Field(description="how many objects at most, by id", ge=0, le=2**31 - 1)] = None
    granularity: Annotated[
        Granularity, Field(description="hours and days are of at most 50 objects at once: the hosts are asked")
    ] = "seconds"


class TopParams(BaseModel):
    """Which objects."""

    type: Kind = "VM"
    metric: Annotated[str, Field(description="a name of `GET /metrics`", max_length=100)] = "cpu"
    limit: Annotated[int, Field(ge=1, le=1_000)] = 10
    pool: Annotated[str | None, Field(description="only of this pool", max_length=200)] = None
    filter: Annotated[str, Field(description="only objects that match", max_length=10_000)] = ""


@router.get(
    "/metrics",
    operation_id="GetMetrics",
    responses={
        200: {
            "description": "By type of object",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": reference("Metric")},
                    }
                }
            },
        }
    },
)
async def metrics(viewer: CurrentViewer) -> Response:  # noqa: ARG001 -- for the signed-in only
    """The metrics that lists can be sorted and filtered by, that can be compared, followed and warned of."""
    return live(CATALOG)


@router.get(
    "/metrics/hosts",
    operation_id="GetMetricsHosts",
    responses={
        200: {
            "description": "One for each host",
            "content": {"application/json": {"schema": {"type": "array", "items": reference("Condition")}}},
        }
    },
)
async def conditions(request: Request, viewer: CurrentViewer) -> Response:
    """How the reading of each host's metrics goes: since when, the newest row, the clock's skew, what is wrong."""
    store: Store = request.app.state.metrics_store
    hosts = request.app.state.objects.of_type("host")
    found: list[Condition] = [
        rings.condition for rings in store if (entry := hosts.get(rings.host)) is not None and viewer.sees(entry)
    ]
    return live(sorted(found, key=lambda one: one.host))


@router.get(
    "/metrics/top",
    operation_id="GetTop",
    responses={
        200: {
            "description": "Highest first",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "type": {"type": "string"},
                            "metric": {"type": "string"},
                            "unit": {"type": "string"},
                            "objects": {"type": "array", "items": reference("Top")},
                        },
                        "required": ["type", "metric", "unit", "objects"],
                    }
                }
            },
        },
        **responses(FilterSyntax, InvalidParameters),
    },
)
async def highest(
    request: Request,
    viewer: CurrentViewer,
    params: Annotated[TopParams, Query()],
) -> Response:
    """The objects with the highest values of a metric."""
    kind, metric = params.type, params.metric
    known = metric_of(kind, metric)
    if known is None:
        raise InvalidParameters(f"metric: {kind} has no metric {metric[:100]!r}; GET /rest/v0/metrics lists them")
    found = await top(
        request.app.state.objects,
        request.app.state.fleet,
        kind,
        metric,
        limit=params.limit,
        by=viewer,
        pool=params.pool,
        selected=parse_filter(params.filter) if params.filter.strip() else None,
    )
    return live({"type": kind, "metric": metric, "unit": known.unit, "objects": found})


@router.get("/vms/{vm_id}/stats", operation_id="GetVmStats", responses=ONE)
async def vm_stats(
    request: Request, vm_id: ObjectId, viewer: CurrentViewer, granularity: Grain = "seconds", raw: Raw = False
) -> Response:
    """What a VM's host measures of it. A VM that does not run has no statistics: 422."""
    stats: Stats = request.app.state.stats
    return live(await stats.vm("VM", vm_id, granularity, raw=raw, by=viewer))


@router.get("/vm-controllers/{vm_id}/stats", operation_id="GetVmControllerStats", responses=ONE)
async def vm_controller_stats(
    request: Request, vm_id: ObjectId, viewer: CurrentViewer, granularity: Grain = "seconds", raw: Raw = False
) -> Response:
    """What a host measures of its control domain."""
    stats: Stats = request.app.state.stats
    return live(await stats.vm("VM-controller", vm_id, granularity, raw=raw, by=viewer))


@router.get("/hosts/{host_id}/stats", operation_id="GetHostStats", responses=ONE)
async def host_stats(
    request: Request, host_id: ObjectId, viewer: CurrentViewer, granularity: Grain = "seconds", raw: Raw = False
) -> Response:
    """What a host measures of itself."""
    stats: Stats = request.app.state.stats
    return live(await stats.host(host_id, granularity, raw=raw, by=viewer))


@router.get("/srs/{sr_id}/stats", operation_id="GetSrStats", responses=ONE)
async def sr_stats(
    request: Request, sr_id: ObjectId, viewer: CurrentViewer, granularity: Grain = "seconds"
) -> Response:
    """What its hosts measure of an SR, combined: requests and throughput summed, latency averaged, iowait by host."""
    stats: Stats = request.app.state.stats
    return live(await stats.sr(sr_id, granularity, by=viewer))


@router.get(
    "/pools/{pool_id}/stats",
    operation_id="GetPoolStats",
    responses={
        200: {
            "description": "By the id of each host its statistics, or `{error}`",
            "content": {"application/json": {"schema": {"type": "object", "additionalProperties": reference("Json")}}},
        },
        **responses(*PROBLEMS),
    },
)
async def pool_stats(
    request: Request, pool_id: ObjectId, viewer: CurrentViewer, granularity: Grain = "seconds", raw: Raw = False
) -> Response:
    """What each host of a pool measures of itself."""
    stats: Stats = request.app.state.stats
    return live(await stats.pool(pool_id, granularity, raw=raw, by=viewer))


MANY: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "By the id of each object that has any of them, its numbers, oldest first",
        "content": {"application/json": {"schema": reference("ManyStats")}},
    },
    **responses(FilterSyntax, InvalidParameters, PoolUnreachable),
}


@router.get("/vms/stats", operation_id="GetVmsStats", responses=MANY)
async def vms_stats(request: Request, viewer: CurrentViewer, params: Annotated[ManyParams, Query()]) -> Response:
    """Metrics of many VMs at once."""
    return await _many(request, "vms", params, viewer)


@router.get("/vm-controllers/stats", operation_id="GetVmControllersStats", responses=MANY)
async def vm_controllers_stats(
    request: Request, viewer: CurrentViewer, params: Annotated[ManyParams, Query()]
) -> Response:
    """Metrics of many control domains at once."""
    return await _many(request, "vm-controllers", params, viewer)


@router.get("/hosts/stats", operation_id="GetHostsStats", responses=MANY)
async def hosts_stats(request: Request, viewer: CurrentViewer, params: Annotated[ManyParams, Query()]) -> Response:
    """Metrics of many hosts at once."""
    return await _many(request, "hosts", params, viewer)


@router.get("/srs/stats", operation_id="GetSrsStats", responses=MANY)
async def srs_stats(request: Request, viewer: CurrentViewer, params: Annotated[ManyParams, Query()]) -> Response:
    """Metrics of many SRs at once."""
    return await _many(request, "srs", params, viewer)


@router.get("/pools/stats", operation_id="GetPoolsStats", responses=MANY)
async def pools_stats(request: Request, viewer: CurrentViewer, params: Annotated[ManyParams, Query()]) -> Response:
    """Metrics of many pools at once."""
    return await _many(request, "pools", params, viewer)


async def _many(request: Request, collection: str, params: ManyParams, viewer: Viewer) -> Response:
    kind = TYPES[collection]
    names = list(dict.fromkeys(filter(None, (name.strip() for name in params.metrics.split(","))))) or [*TELLING[kind]]
    if len(names) > MOST_METRICS:
        raise InvalidParameters(f"metrics: name at most {MOST_METRICS} of them")
    check_names(kind, names)
    objects: Objects = request.app.state.objects
    entries: Sequence[Entry] = objects.ordered(kind)
    if params.ids:
        ids = set(params.ids.split(","))
        of_type = objects.of_type(kind)
        entries = [of_type[one] for one in sorted(ids) if one in of_type]
    query = ListQuery(filter=parse_filter(params.filter) if params.filter.strip() else None, limit=params.limit)
    page = await select(entries, query, viewer)
    stats: Stats = request.app.state.stats
    found = await stats.many(kind, page.entries, names, params.granularity)
    return await streamed(request, _body(STEPS[params.granularity], names, iter(found)), media_type="application/json")


async def _body(interval: int, names: list[str], found: Iterator[tuple[str, ObjectStats]]) -> AsyncIterator[bytes]:
    """The answer in pieces. Between two pieces others get their turn."""
    encode = msgspec.json.encode
    yield b'{"interval":%d,"metrics":%b,"objects":{' % (interval, encode(names))
    first = True
    piece: list[bytes] = []
    for object_id, answer in found:
        piece.append(b"%b:%b" % (encode(object_id), encode(answer)))
        if len(piece) == SLICE:
            yield (b"" if first else b",") + b",".join(piece)
            first = False
            piece = []
            await asyncio.sleep(0)
    if piece:
        yield (b"" if first else b",") + b",".join(piece)
    yield b"}}"
