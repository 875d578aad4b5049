"""The OpenAPI document: whole, typed, in Xen Orchestra's names, and true of what is answered."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from podium.api import problems
from podium.api.openapi import HTTP_CODES, document, operations
from podium.app import create_app
from podium.model.registry import RESOURCES
from tests.api.little_app import client, golden_cache, make_app
from tests.conftest import make_settings
from tests.model.lookup import GOLDEN


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return document(create_app(make_settings(Path(tmp_path_factory.mktemp("openapi")))))


def nodes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    for name, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from nodes(one, f"{path}/{name}")


def test_every_reference_leads_somewhere(whole: dict[str, Any]) -> None:
    for path, node in nodes(whole):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            target = whole
            for step in node["$ref"].removeprefix("#/").split("/"):
                assert step in target, f"{path}: {node['$ref']}"
                target = target[step]


def test_schemas_are_valid_and_say_what_they_hold(whole: dict[str, Any]) -> None:
    for name, schema in whole["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        for path, node in nodes(schema, name):
            if path.endswith(("/properties", "/default", "/example")) or not isinstance(node, dict):
                continue
            assert node, f"{path} is of any type"
            if node.get("type") == "object":
                assert node.keys() & {"properties", "additionalProperties"}, path
            if node.get("type") == "array":
                assert node.keys() & {"items", "prefixItems"}, path
            assert node.get("additionalProperties") is not True, path


def test_operations_are_complete(whole: dict[str, Any]) -> None:
    assert whole["openapi"].startswith("3.1")
    names = Counter(operation["operationId"] for *_, operation in operations(whole))
    assert [name for name, count in names.items() if count > 1] == []
    for path, method, operation in operations(whole):
        assert not path.startswith("/rest/v0")
        assert operation["tags"]
        assert operation["x-mcp-exposure"] in ("allow", "confirm", "deny")
        spelt = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert spelt == set(re.findall(r"{(\w+)}", path)), path
        assert "application/problem+json" in operation["responses"]["default"]["content"], (path, method)
        assert "HTTPValidationError" not in json.dumps(operation)
        if operation.get("security") != []:
            assert "401" in operation["responses"], (path, method)
    assert set(whole["components"]["securitySchemes"]) == {"cookie", "basic", "bearer"}


def test_every_collection_is_there_in_xen_orchestras_names(whole: dict[str, Any]) -> None:
    paths = whole["paths"]
    for resource in RESOURCES:
        assert paths[f"/{resource.collection}"]["get"]["x-mcp-exposure"] == "allow"
        assert f"/{resource.collection}/{{id}}" in paths
    expected = {
        "/vms": "GetVms",
        "/vms/{id}": "GetVm",
        "/vms/{id}/alarms": "GetVmAlarms",
        "/vms/{id}/vdis": "GetVmVdis",
        "/vms/{id}/backup-jobs": "VmGetVmBackupJobs",
        "/vm-snapshots/{id}/vdis": "GetVmSnapshotVdis",
        "/vm-snapshots/{id}/messages": "GetVmSnapshotsMessages",
        "/vdi-snapshots": "GetVdiSnapshots",
        "/srs/{id}/tasks": "GetSrTasks",
        "/users/{id}": "GetUser",
        "/servers/{id}/tasks": "GetServerTasks",
        "/tasks/{id}": "GetTask",
        "/proxies/{id}": "GetProxy",
        "/backup-repositories": "GetRepositories",
        "/ping": "Ping",
        "/gui-routes": "GetGuiRoutes",
    }
    assert {path: paths[path]["get"]["operationId"] for path in expected} == expected
    assert paths["/vms/{id}/alarms"]["get"]["tags"] == ["alarms", "vms"]


def test_the_codes_of_problems_are_all_named(whole: dict[str, Any]) -> None:
    codes = set(whole["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert set(problems._HTTP_CODES.values()) <= codes
    assert set(HTTP_CODES) <= codes
    assert {"filter-syntax", "not-found", "missing-privileges", "internal"} <= codes


@pytest.mark.skipif(not GOLDEN.exists(), reason="the recordings of ../shared are not here")
async def test_answers_are_as_described(whole: dict[str, Any]) -> None:
    """Each object of a recorded pool, in each form of a list."""
    async with client(make_app(golden_cache())) as http:
        for path, method, operation in operations(whole):
            if method != "get" or path.count("/") != 1 or path[1:] not in {one.collection for one in RESOURCES}:
                continue
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            check = jsonschema_rs.validator_for({**schema, "components": whole["components"]})
            for fields in (None, "*", "id,name_label,memory.size"):
                answer = await http.get(f"/rest/v0{path}", params={"fields": fields} if fields else {})
                check.validate(answer.json())
            one = whole["paths"][f"{path}/{{id}}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            check = jsonschema_rs.validator_for({**one, "components": whole["components"]})
            for href in (await http.get(f"/rest/v0{path}")).json():
                check.validate((await http.get(href)).json())


async def test_documents_are_served_and_ask_no_other_host() -> None:
    async with client(make_app(golden_cache(), None)) as http:
        document_ = await http.get("/rest/v0/docs/swagger.json")
        assert document_.json()["servers"] == [{"url": "/rest/v0"}]
        again = await http.get("/rest/v0/docs/swagger.json", headers={"if-none-match": document_.headers["etag"]})
        assert again.status_code == 304
        page = await http.get("/rest/v0/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "://" not in page.text.replace("&#x27;", "")
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert "GetVmAlarms" in page.text
        assert (await http.get("/rest/v0/docs/docs.css")).headers["content-type"].startswith("text/css")
