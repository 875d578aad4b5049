"""Every collection of the cache: `GET /<collection>`, `/<collection>/{id}`, and what belongs to an object.

A handful of routes serves all of them, for a route costs time at start and at every request that passes it by; the
OpenAPI document lists each path (openapi.py).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import APIRouter, Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import Response

from podium.api.deps import CurrentSession, CurrentViewer
from podium.api.paging import ListParams, Params, answer_list, answer_one, digest, list_query
from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.errors import BadRequest, NotFound, Unavailable
from podium.model.base import Resource
from podium.model.registry import BY_COLLECTION
from podium.services import related
from podium.services import related_people as people
from podium.services.access import READ, Viewer, viewer_of
from podium.services.measures.lists import MeasuredLists
from podium.services.sessions import Session

Follow = Callable[[Request, Resource, ListParams, Session], Awaitable[Response]]
"""Answers `watch=true&ndjson=true`: `app.state.follow`."""

EMPTY: Final = {
    "backup-archives": "backup-archive",
    "backup-jobs": "backup-job",
    "backup-logs": "backup-log",
    "backup-repositories": "backup-repository",
    "proxies": "proxy",
    "restore-logs": "restore-log",
    "schedules": "schedule",
}
"""Collections that Xen Orchestra always has, and their types; its clients list them and would stumble over a 404."""

_HOLDERS: Final = frozenset(("vms", "vm-controllers", "vm-snapshots", "vm-templates"))
_NOTICED: Final = _HOLDERS.union(
    ("hosts", "networks", "pifs", "pools", "srs", "vbds", "vdis", "vdi-snapshots", "vifs"),
)


class Sub:
    """A sub-collection. `of`: the collections that have it; `reads`: the types that decide its rows."""

    def __init__(self, find: related.Related, of: frozenset[str], reads: tuple[str, ...]) -> None:
        self.find = find
        self.of = of
        self.reads = reads


SUBS: Final[dict[str, Sub]] = {
    "alarms": Sub(related.alarms, _NOTICED, ("alarm",)),
    "messages": Sub(related.messages, _NOTICED, ("message",)),
    "tasks": Sub(related.tasks, _NOTICED | {"groups", "servers", "users"}, ("task",)),
    "vdis": Sub(related.disks, _HOLDERS, ("VBD", "VDI", "VDI-snapshot", "VDI-unmanaged")),
    "backup-jobs": Sub(lambda _objects, _of: (), frozenset(("vms",)), ()),
    "groups": Sub(people.groups, frozenset(("users", "acl-roles")), ("group",)),
    "users": Sub(people.users, frozenset(("groups", "acl-roles")), ("user",)),
    "acl-roles": Sub(people.roles, frozenset(("groups", "users")), ("acl-role",)),
    "acl-privileges": Sub(people.privileges, frozenset(("users",)), ("acl-privilege",)),
    "privileges": Sub(people.privileges, frozenset(("acl-roles",)), ("acl-privilege",)),
}


_ONES_OWN: Final = frozenset({"groups", "acl-roles", "acl-privileges"})
"""What everybody may know of himself."""


def _convertor(names: tuple[str, ...]) -> Convertor[str]:
    class OneOf(Convertor[str]):
        regex = "|".join(sorted(names, key=len, reverse=True))

        def convert(self, value: str) -> str:
            return value

        def to_string(self, value: str) -> str:
            return value

    return OneOf()


register_url_convertor("collection", _convertor((*BY_COLLECTION, *EMPTY)))
register_url_convertor("sub_collection", _convertor(tuple(SUBS)))

router = APIRouter(prefix="/rest/v0", include_in_schema=False)

READ_METHODS: Final = ["GET", "HEAD"]


@router.api_route("/{collection:collection}", methods=READ_METHODS)
async def list_collection(request: Request, collection: str, params: Params, session: CurrentSession) -> Response:
    """The rows of a collection that the viewer may see."""
    objects: Objects = request.app.state.objects
    resource = BY_COLLECTION.get(collection)
    if resource is None:
        return await answer_list(request, (), params, session.viewer, revision=objects.epoch)
    measured: MeasuredLists = request.app.state.measured_lists
    metrics = measured.wanted(resource.type, fields=params.fields, text=params.filter, sort=params.sort)
    if params.watch and request.method == "GET":
        if metrics:
            raise BadRequest("metrics always change: follow them with GET /events?metrics=VM:cpu")
        list_query(params)  # its mistakes are the same ones
        return await _follow(request, resource, params, session)
    entries = objects.ordered(resource.type)
    revision = _revision(objects, session.viewer, entries, resource.type)
    if not metrics:
        return await answer_list(request, entries, params, session.viewer, revision=revision)
    # whoever decides what the viewer sees knows the objects, and not what is put beside them
    if not session.viewer.sees_all(resource.privilege):
        entries = list(session.viewer.select(entries))
    rows = measured.beside(resource.type, entries, metrics)
    revision = f"{revision}-{measured.version}"
    return await answer_list(request, rows, params, session.viewer, revision=revision, granted=True)


@router.api_route("/{collection:collection}/{object_id}", methods=READ_METHODS)
async def read_one(request: Request, collection: str, object_id: str, viewer: CurrentViewer) -> Response:
    """One object, whole."""
    objects: Objects = request.app.state.objects
    entry = _entry(objects, collection, object_id)
    viewer.require(READ, entry.resource.privilege, entry.object)
    revision = str(entry.revision) if viewer.is_admin else digest(viewer.key, entry.plain.decode())
    return await answer_one(request, entry.plain, revision=f"{objects.epoch}-{revision}")


@router.api_route("/backup-archives/{object_id:path}", methods=READ_METHODS)
async def read_archive(object_id: str, viewer: CurrentViewer) -> Response:  # noqa: ARG001 -- for the signed-in only
    """Ids of archives are paths."""
    raise NotFound("backup-archive", object_id)


@router.api_route("/{collection:collection}/{object_id}/{name:sub_collection}", methods=READ_METHODS)
async def list_related(
    request: Request, collection: str, object_id: str, name: str, params: Params, viewer: CurrentViewer
) -> Response:
    """The alarms, messages, tasks or disks of an object. As in Xen Orchestra only the rows need a privilege."""
    objects: Objects = request.app.state.objects
    sub = SUBS[name]
    if collection not in sub.of:
        raise HTTPException(404)
    entry = _entry(objects, collection, object_id)
    if collection == "users" and object_id == viewer.user_id and name in _ONES_OWN:
        viewer = viewer_of(viewer.user_id, "admin")
    entries = sub.find(objects, entry)
    revision = _revision(objects, viewer, entries, entry.resource.type, *sub.reads)
    return await answer_list(request, entries, params, viewer, revision=revision)


def _entry(objects: Objects, collection: str, object_id: str) -> Entry:
    resource = BY_COLLECTION.get(collection)
    if resource is None:
        raise NotFound(EMPTY[collection], object_id)
    entry = objects.get(object_id)
    if entry is None or entry.resource is not resource:
        raise NotFound(resource.type, object_id)
    return entry


def _revision(objects: Objects, viewer: Viewer, entries: Sequence[Entry], *types: str) -> str:
    """Names what decides a list's rows. Of what somebody may not see, not even that it changed is to be told."""
    if viewer.is_admin:
        return f"{objects.epoch}-{max(map(objects.type_revision, types))}"
    version = viewer.version(types[0]) if len(types) == 1 else None
    if version is None:
        version = digest(*(f"{entry.id} {entry.revision}" for entry in viewer.select(entries)))
    return f"{objects.epoch}-{version}"


async def _follow(request: Request, resource: Resource, params: ListParams, session: Session) -> Response:
    follow: Follow | None = getattr(request.app.state, "follow", None)
    if follow is None:
        raise Unavailable("this service does not stream changes")
    return await follow(request, resource, params, session)
