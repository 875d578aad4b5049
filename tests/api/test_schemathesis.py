"""The OpenAPI document against the service: what it promises is what a fuzzed request gets, and never a 500.

Schemathesis reads the document, makes requests of it (its examples, the edges of every parameter, random ones), and
compares each answer's status, content type, headers and body with what is written. `default` ("any other problem") is
taken out of the document first: every status that happens must be listed by its number.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import httpx
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.schemas import BaseSchema

import xensim
from podium.settings import Settings
from podium.xapi.address import parse_address
from tests.journeys.conftest import connect
from tests.served import Service, served

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
ENDLESS = ("OpenSseConnection",)
"""Never ends: tests/journeys/test_streams.py reads it, and its parameters are tried by hand in tests/api."""
LAST = (
    "SignOut",
    "DeleteAuthenticationToken",
    "DeleteServer",
    "DisconnectServer",
    "UpdateServer",
    "UpdateUser",
    "DeleteTask",
    "DeleteTasks",
    "DeleteUser",
)
"""They take away what the others need (the token, the pool, the account), so they come in a round of their own."""
POOLS_TOO = ("TestServer", "ConnectServer")
"""A pool that does not answer is a 502, and documented."""
ALIKE = r"^/(?!vms|alarms|servers|tasks|users|events|auth|hosts)[a-z-]+(/\{id\}(/(alarms|messages|tasks|vdis))?)?$"
"""Collections share their few routes: the edges of every parameter are tried on some, the examples on all."""
NOBODY = "127.0.0.1:9"


async def test_the_service_keeps_its_word(sqlite_settings: Settings) -> None:
    async with (
        xensim.serve(hosts=2, vms=6, seed=1, tls=False, port=0) as sim,
        served(sqlite_settings) as service,
        service.client() as client,
    ):
        await connect(client, sim, certificateFingerprint=None)
        document = await prepared(client)
        found = Findings()
        schemathesis.hook(before_call)
        for operations, examples in ((others(document, LAST), 4), (list(LAST), 8)):
            await asyncio.to_thread(found.run, await schema(service, client, document, operations, examples))
    assert not found.problems, "\n\n".join(found.problems)
    assert found.statuses[200] > 500  # it was let in
    assert not others(document, found.served | set(UNSERVED)), "these never answered 2xx or 3xx"


UNSERVED = ("SignIn",)
"""Its example is nobody's account."""


class Findings:
    """What the rounds brought to light."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.served: set[str] = set()

    def run(self, tested: BaseSchema) -> None:
        ids = {one.ok().label: one.ok().definition.raw["operationId"] for one in tested.get_all_operations()}
        for event in from_schema(tested).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                self.problems.append(f"{event}")
            elif isinstance(event, events.ScenarioFinished):
                self._look_at(event, ids.get(event.recorder.label, ""))

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


async def prepared(client: httpx.AsyncClient) -> dict[str, Any]:
    """The document, without `default`, and with an id that exists as the example of each path."""
    document: dict[str, Any] = (await client.get("/rest/v0/docs/swagger.json")).json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in {"servers", "parameters"}:
                continue
            operation["responses"].pop("default", None)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] == "id":
                    parameter["example"] = await an_id(client, path.split("/")[1])
    return document


async def an_id(client: httpx.AsyncClient, collection: str) -> str:
    if collection == "events":  # no collection: a stream
        return "none"
    answer = await client.get(f"/rest/v0/{collection}", params={"limit": 1})
    hrefs = answer.json() if answer.status_code == 200 else []
    return hrefs[0].rpartition("/")[2] if hrefs else "none"


def others(document: dict[str, Any], known: Iterable[str]) -> list[str]:
    """The ids of all operations that are not `known`, and do end."""
    every = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method not in {"servers", "parameters"}
    ]
    return [one for one in every if one not in {*known, *ENDLESS}]


async def schema(
    service: Service, client: httpx.AsyncClient, document: dict[str, Any], operations: list[str], examples: int
) -> BaseSchema:
    """The operations to be tried, as an administrator with a token of its own."""
    made = await client.post("/rest/v0/users/authentication_tokens", json={})
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "base-url": f"{service.url}/rest/v0",
            "headers": {"Authorization": f"Bearer {made.json()['token']['id']}"},
            "workers": 2,
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
                *(
                    {
                        "include-operation-id": name,
                        "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "502"]}},
                    }
                    for name in POOLS_TOO
                ),
            ],
        }
    )
    return schemathesis.openapi.from_dict(document, config=config).include(operation_id=operations)


def before_call(_context: object, case: Any, *_: object) -> None:
    """No list that never ends, no pool elsewhere. What is no address at all goes out as it is."""
    if isinstance(case.query, dict) and str(case.query.get("watch", "")).lower() in {"true", "1", "on", "yes", "t", "y"}:
        case.query["watch"] = "false"
    if isinstance(case.body, dict):
        if isinstance(case.body.get("host"), str) and is_address(case.body["host"]):
            case.body["host"] = NOBODY
        if isinstance(case.body.get("httpProxy"), str) and case.body["httpProxy"].startswith("http"):
            case.body["httpProxy"] = f"http://{NOBODY}"


def is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True
