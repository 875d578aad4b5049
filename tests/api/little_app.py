"""The API's lists over a cache that the test fills: no pools, no database, any viewer."""

import time
from collections.abc import Iterable, Sequence

import httpx
from fastapi import FastAPI

from podium.api import collections, openapi, problems, site
from podium.api.deps import current_session
from podium.app import INDEXES
from podium.cache.objects import Objects
from podium.metrics.store import Store
from podium.model.base import XoObject
from podium.model.pool import Pool
from podium.model.registry import BY_STRUCT
from podium.services.access import About, PlainRules, Rules, Viewer, viewer_of
from podium.services.measures.fleet import Fleet
from podium.services.measures.lists import MeasuredLists
from podium.services.sessions import Session
from podium.stream.hub import Hub
from tests.model.lookup import golden_records, project

ADMIN = viewer_of("an admin", "admin")


class Sees(PlainRules):
    """Rules for tests: reads objects whose id ends with one of `ends`."""

    def __init__(self, *ends: str) -> None:
        self.key = f"sees {ends}"
        self._ends = ends

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:
        return action == "read" and isinstance(obj, XoObject) and obj.id.endswith(self._ends)


def viewer(rules: Rules) -> Viewer:
    return Viewer("somebody", rules, is_admin=False)


def cache(shown: Iterable[XoObject] = (), *, pool: str | None = None) -> Objects:
    hub = Hub(time=time.monotonic, cpu_time=time.process_time)
    objects = Objects(epoch="e1", publish=hub.publish, resource_of=lambda one: BY_STRUCT[type(one)], indexes=INDEXES)
    objects.apply(pool, shown)
    return objects


def golden_cache() -> Objects:
    """The recorded pool."""
    shown = project(golden_records())
    return cache(shown, pool=next(one.id for one in shown if isinstance(one, Pool)))


def make_app(objects: Objects, who: Viewer | None = ADMIN) -> FastAPI:
    """`who` None: nobody is signed in."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(site.router)
    app.include_router(openapi.router)
    app.include_router(collections.router)
    app.state.objects = objects
    app.state.measured_lists = MeasuredLists(Fleet(objects, Store()))
    if who is not None:
        session = Session(who, token_id=None)
        app.dependency_overrides[current_session] = lambda: session
    return app


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://podium", headers={"accept-encoding": "identity"}
    )
