"""The control port: faults, churn and records over HTTP, for whoever drives a running simulator from outside."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from urllib.parse import parse_qs, urlsplit

import msgspec

from xensim import arguments, files
from xensim.failures import XapiFailure
from xensim.http import Connection, Request, Response
from xensim.sim import Sim

Body = dict[str, object]
Route = Callable[[Body], Awaitable[object]]
_FAULTS = (
    "drop_connections",
    "refuse_connections",
    "forget_sessions",
    "lose_events",
    "events_lost",
    "restart",
    "move_coordinator",
    "power_off",
    "power_on",
    "hang",
    "garbage",
    "truncate",
    "slow",
    "slow_transfers",
    "cut_transfers",
    "refuse_transfers",
    "change_certificate",
    "skew_clock",
    "rrd_fail",
    "rrd_slow",
    "rrd_truncate",
    "rrd_garbage",
    "rrd_shape",
    "rrd_coarser",
    "rrd_freeze",
    "rrd_clear",
    "clear",
)


class Wrong(Exception):
    """A request that makes no sense; the text says why."""


class Control:
    """`POST /faults/<name>`, `/churn`, `/set`, `/create`, `/destroy`; `GET /records`, `/state`. Bodies are JSON."""

    def __init__(self, sim: Sim) -> None:
        self._sim = sim
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._routes: dict[str, Route] = {
            "POST /churn": self._churn,
            "POST /set": self._set,
            "POST /create": self._create,
            "POST /destroy": self._destroy,
            "GET /records": self._records,
            "GET /state": self._state,
        }

    async def listen(self, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, address, port)

    @property
    def port(self) -> int:
        """0 while it is not listening."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    def _connection(self) -> Connection:
        return Connection(self._answer, lambda body: (body, True), self._connections, rpc=False)

    async def _answer(self, request: Request) -> Response:
        try:
            value = await self._route(request)
        except Wrong as error:
            return _json({"error": str(error)}, 400)
        except XapiFailure as error:
            return _json({"error": error.code, "params": list(error.params)}, 400)
        if value is None:
            return _json({"error": "no such route"}, 404)
        return _json(value)

    async def _route(self, request: Request) -> object:
        parts = urlsplit(request.target)
        if request.method == "POST":
            body = _body(request.body)
        else:
            body = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if request.method == "POST" and parts.path.startswith("/faults/"):
            return await self._fault(parts.path.removeprefix("/faults/").replace("-", "_"), body)
        route = self._routes.get(f"{request.method} {parts.path}")
        return None if route is None else await route(body)

    async def _fault(self, name: str, body: Body) -> object:
        if name not in _FAULTS:
            raise Wrong(f"no such fault; there are {', '.join(_FAULTS)}")
        try:
            result = getattr(self._sim.faults, name)(**body)
        except TypeError as error:
            raise Wrong(str(error)) from error
        return {"result": await result if inspect.isawaitable(result) else result}

    async def _churn(self, body: Body) -> object:
        rate = body.get("rate")
        if not isinstance(rate, int | float):
            raise Wrong("rate: changes a second")
        kinds = body.get("kinds", [])
        if not isinstance(kinds, list):
            raise Wrong("kinds: a list of kinds of change")
        try:
            self._sim.churn(rate, kinds=[str(kind) for kind in kinds])
        except ValueError as error:
            raise Wrong(str(error)) from error
        return {"rate": rate}

    async def _set(self, body: Body) -> object:
        """`field` and `value`, or `fields`."""
        cls, ref = self._object(body)
        fields = body.get("fields", {body.get("field"): body.get("value")})
        self._sim.set(cls, ref, **self._fields(cls, fields))
        return {"ref": ref, "generation": self._sim.db.generation}

    async def _create(self, body: Body) -> object:
        cls = self._class(body)
        ref = self._sim.create(cls, self._fields(cls, body.get("record", {})))
        return {"ref": ref, "uuid": self._sim.db.record(cls, ref).get("uuid", "")}

    async def _destroy(self, body: Body) -> object:
        cls, ref = self._object(body)
        self._sim.destroy(cls, ref)
        return {"ref": ref, "generation": self._sim.db.generation}

    async def _records(self, body: Body) -> object:
        """All of them, or those of `?class=VM`."""
        return files.snapshot(self._sim.db, *([self._class(body)] if "class" in body else []))

    async def _state(self, _body: Body) -> object:
        sim = self._sim
        return {
            "url": sim.url,
            "addresses": sim.addresses,
            "fingerprint": sim.fingerprint,
            "generation": sim.db.generation,
            "conditions": asdict(sim.pool.conditions),
            "rrd_faults": sim.pool.statistics.faults.state(),
            "counts": {name: sim.db.count(name) for name in sim.db.schema.classes if sim.db.count(name)},
        }

    def _class(self, body: Body) -> str:
        name = str(body.get("class", ""))
        schema = self._sim.db.schema
        if name in schema.classes:
            return name
        if name.lower() in schema.by_lower:
            return schema.by_lower[name.lower()]
        raise Wrong(f"no class {name!r}")

    def _object(self, body: Body) -> tuple[str, str]:
        cls = self._class(body)
        if "uuid" in body:
            return cls, self._sim.db.by_uuid(cls, str(body["uuid"]))
        return cls, str(body.get("ref", ""))

    def _fields(self, cls: str, given: object) -> dict[str, object]:
        schema = self._sim.db.schema
        if not isinstance(given, dict):
            raise Wrong("fields must be an object")
        unknown = [name for name in given if name not in schema.classes[cls].fields]
        if unknown:
            raise Wrong(f"{cls} has no field {unknown[0]}")
        fields = schema.classes[cls].fields
        return {name: arguments.coerce(value, fields[name].type, schema) for name, value in given.items()}


def _body(data: bytes) -> Body:
    if not data.strip():
        return {}
    try:
        return msgspec.json.decode(data, type=Body)
    except msgspec.DecodeError as error:
        raise Wrong(str(error)) from error


def _json(value: object, status: int = 200) -> Response:
    return Response(status, [msgspec.json.encode(value)], [("content-type", "application/json")])
