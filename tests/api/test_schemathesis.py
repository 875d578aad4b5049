"""The OpenAPI document against the service: what it promises is what a fuzzed request gets, and never a 500.

Schemathesis reads the document, makes requests of it (its examples, the edges of every parameter, random ones), and
compares each answer's status, content type, headers and body with what is written. `default` ("any other problem") is
taken out of the document first: every status that happens must be listed by its number.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.schemas import BaseSchema

import xensim
from podium.settings import Settings
from podium.xapi.address import parse_address
from tests.journeys.conftest import connect
from tests.served import Service, served
from xensim import Sim

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
DESTRUCTIVE = (
    ("UpdateServer", "UpdateUser", "AcceptServerCertificate"),
    ("DisconnectServer", "DeleteTask", "DeleteTasks"),
    ("DeleteServer", "SignOut"),
    ("DeleteAuthenticationToken",),
    ("DeleteUser",),
)
"""They take away what others need (the pool, the token, the account), so they come in rounds of their own."""
UNSERVED = {
    "SignIn": "nobody's account is in the document",
    **dict.fromkeys(
        (
            "GetBackupArchive",
            "GetBackupJob",
            "GetBackupLog",
            "GetRepository",
            "GetGroup",
            "GetGroupTasks",
            "GetProxy",
            "GetRestoreLog",
            "GetSchedule",
        ),
        "there are none yet",
    ),
}
"""Operations that never answer 2xx or 3xx here, and why."""
POOLS_TOO = ("TestServer", "ConnectServer")
"""A pool that does not answer is a 502, and documented."""
EDGES = ("UpdateVm", "CreateVm", "MigrateVm", "BatchStartVms", "UpdateHost", "CreateVdi")
ALIKE = (
    r"^/rest/v0/(?!vms|alarms|servers|tasks|users|events|auth|hosts)[a-z-]+(/\{id\}(/(alarms|messages|tasks|vdis))?)?$"
)
"""Collections share their few routes: the edges of every parameter are tried on some, the examples on all."""
NOBODY = "127.0.0.1:9"


# the service beside the fuzzer draws from `random` too (the pause before a connection is tried again); Hypothesis takes
# that for its own strategy's doing, once in some runs
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.timeout(300)
async def test_the_service_keeps_its_word(sqlite_settings: Settings) -> None:
    async with (
        xensim.serve(hosts=2, vms=6, seed=1, tls=True, port=0, pace=0.0) as sim,
        served(sqlite_settings) as service,
        service.client() as client,
        client.stream("GET", "/rest/v0/events") as stream,
    ):
        await connect(client, sim)
        schemathesis.hook(keep_at_home(sim))
        lines = stream.aiter_lines()
        connection = json.loads([await anext(lines) for _ in range(3)][2].removeprefix("data: "))["id"]
        document = await prepared(client, connection)
        acting = on_pools(document)
        rounds = [
            (others(document, {*sum(DESTRUCTIVE, ()), *acting, *streams(document)}), 4),
            (acting, 2),
            *((list(one), 8) for one in DESTRUCTIVE),
        ]
        tokens = [await a_token(client) for _ in rounds]
        found = Findings(document)
        for (operations, examples), token in zip(rounds, tokens, strict=True):
            await asyncio.to_thread(found.run, schema(service, document, operations, examples, token))
    assert not found.problems, "\n\n".join(found.problems)
    assert found.statuses[200] > 500


class Findings:
    """What the rounds brought to light."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._names = {
            f"{method.upper()} {path}": operation["operationId"]
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }
        self.problems: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.served: set[str] = set()

    def run(self, tested: BaseSchema) -> None:
        for event in from_schema(tested).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                self.problems.append(str(event))
            elif isinstance(event, events.ScenarioFinished):
                self._look_at(event, self._names.get(event.recorder.label, ""))

    def _look_at(self, event: events.ScenarioFinished, operation: str) -> None:
        recorder = event.recorder
        for one in recorder.interactions.values():
            if one.response is not None:
                self.statuses[one.response.status_code] += 1
                if one.response.status_code < 400:
                    self.served.add(operation)
        for checks in recorder.checks.values():
            for check in checks:
                if check.status is Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info
                    self.problems.append(
                        f"{recorder.label}: {check.name}: {failure.failure.title}\n{failure.failure.message}\n"
                        f"{failure.code_sample}"
                    )


async def prepared(client: httpx.AsyncClient, connection: str) -> dict[str, Any]:
    """The document, without `default`, with whole paths, and an id that exists as the example of each path."""
    document: dict[str, Any] = (await client.get("/rest/v0/docs/swagger.json")).json()
    document["paths"] = {
        path if item.pop("servers", None) else f"/rest/v0{path}": item for path, item in document["paths"].items()
    }
    for path, item in document["paths"].items():
        for operation in item.values():
            operation["responses"].pop("default", None)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["example"] = await an_id(client, path.split("/")[3], parameter["name"], connection)
    return document


async def an_id(client: httpx.AsyncClient, collection: str, name: str, connection: str) -> str:
    """Of something that is there."""
    if collection == "events":
        return connection
    if name == "tokenId":
        me = (await client.get("/rest/v0/auth/session")).json()["user"]["id"]
        await a_token(client)
        return str((await client.get(f"/rest/v0/users/{me}/authentication_tokens")).json()[0]["token_id"])
    answer = await client.get(f"/rest/v0/{collection}", params={"limit": 1})
    hrefs = answer.json() if answer.status_code == 200 else []
    return hrefs[0].rpartition("/")[2] if hrefs else "none"


async def a_token(client: httpx.AsyncClient) -> str:
    answer = await client.post("/rest/v0/users/authentication_tokens", json={})
    token: str = answer.json()["token"]["id"]
    return token


def others(document: dict[str, Any], known: Collection[str]) -> list[str]:
    """The ids of all operations that are not `known`."""
    every = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    return [one for one in every if one not in known]


def on_pools(document: dict[str, Any]) -> list[str]:
    """Operations that change a pool: each may leave it otherwise, and what it refuses may be a 5xx."""
    return [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if any("read-only" in str(answer.get("description")) for answer in operation["responses"].values())
        and not operation["operationId"].startswith("Export")  # gigabytes each time; tests/api/test_transfers.py
    ]


def streams(document: dict[str, Any]) -> list[str]:
    """Downloads: of any size, and no JSON."""
    return [
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "application/octet-stream" in str(operation["responses"].get("200", {}).get("content", {}))
    ]


def schema(service: Service, document: dict[str, Any], operations: list[str], examples: int, token: str) -> BaseSchema:
    """The operations to be tried, as an administrator."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "base-url": service.url,
            "headers": {"Authorization": f"Bearer {token}"},
            "workers": 1,
            "request-timeout": 20,
            "continue-on-failure": True,
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "phases": {"stateful": {"enabled": False}},
            "operations": [
                {"include-path-regex": ALIKE, "phases": {"coverage": {"enabled": False}}},
                # an event stream is no JSON text; its first event is read, then it is left
                {
                    "include-operation-id": "OpenSseConnection",
                    "max-stream-events": 1,
                    "checks": {"response_schema_conformance": {"enabled": False}},
                },
                # an id that nobody has is a 404, so for these paths GET is a method like any other
                {
                    "include-path": [
                        "/rest/v0/servers/test",
                        "/rest/v0/alarm-rules/test",
                        "/rest/v0/users/authentication_tokens",
                        *(path for path in document["paths"] if path.endswith(".{format}")),
                        *(path for path in document["paths"] if re.fullmatch(r"/rest/v0/[a-z-]+/stats", path)),
                    ],
                    "checks": {"allow_header_conformance": {"enabled": False}},
                },
                {
                    "include-operation-id": [*POOLS_TOO, *on_pools(document)],
                    "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "501", "502", "503"]}},
                },
                # a hundred routes of a few kinds: the edges of every parameter are tried on these
                {
                    "include-operation-id": [name for name in on_pools(document) if name not in EDGES],
                    "phases": {"coverage": {"enabled": False}},
                },
            ],
        }
    )
    return schemathesis.openapi.from_dict(document, config=config).exclude(operation_id=others(document, operations))


def keep_at_home(sim: Sim) -> Callable[..., None]:
    """A hook: no list that never ends, and no pool but ours. What is no address at all goes out as it is."""

    def before_call(_context: object, case: Any, _kwargs: object) -> None:
        query, body = case.query, case.body
        if isinstance(query, dict) and str(query.get("watch", "")).lower() in {"true", "1", "on", "yes", "t", "y"}:
            query["watch"] = "false"
        if isinstance(body, dict) and isinstance(body.get("host"), str) and is_address(body["host"]):
            body["host"] = NOBODY
            if body.get("allowUnauthorized") is True and not body.get("httpProxy"):
                body |= {"host": sim.url, "username": "root", "password": "xensim"}
        for settings, member, at_home in (("webhook", "url", f"http://{NOBODY}/"), ("email", "host", "127.0.0.1")):
            inner = body.get(settings) if isinstance(body, dict) else None
            if isinstance(inner, dict) and isinstance(inner.get(member), str):
                inner[member] = at_home
        if isinstance(body, dict) and str(body.get("httpProxy")).startswith("http"):
            body["httpProxy"] = f"http://{NOBODY}"

    return before_call


def is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True
