"""Lists of a recorded pool, against what a real Xen Orchestra answered to the same requests."""

import json
from typing import Any

import pytest

from tests.api.little_app import client, golden_cache, make_app
from tests.model.lookup import GOLDEN

pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="the recordings of ../shared are not here")

NOT_A_POOLS = {"users", "servers", "tasks", "acl-roles", "acl-privileges"}
"""That server's own data, which no pool holds."""

DIFFERENT_ON_PURPOSE = {"power_state:Running and tags:tag0": "`and` is no operator: theirs is empty, ours says so"}


def recorded(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text()) if GOLDEN.exists() else {"filters": [], "bad": [], "queries": []}


QUERY = recorded("query.json")


@pytest.fixture(scope="module")
def app() -> Any:
    return make_app(golden_cache())


def as_set(rows: list[Any]) -> dict[str, Any]:
    """Rows by address; links within them are sets."""
    return {row if isinstance(row, str) else row["href"]: sets(row) for row in rows}


def sets(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(sets, value), key=repr)
    return {key: sets(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("case", QUERY["filters"], ids=lambda case: f"{case['collection']} {case['filter']}")
async def test_filters(app: Any, case: dict[str, Any]) -> None:
    if case["collection"] in NOT_A_POOLS:
        pytest.skip("that server's own data")
    async with client(app) as http:
        answer = await http.get(f"/rest/v0/{case['collection']}", params={"filter": case["filter"]})
    if case["filter"] in DIFFERENT_ON_PURPOSE:
        assert answer.status_code == 400
        return
    assert answer.status_code == case["status"]
    assert set(answer.json()) == {f"/rest/v0/{case['collection']}/{one}" for one in case["ids"]}
    assert answer.headers["x-total-count"] == str(case["count"])


@pytest.mark.parametrize("case", QUERY["bad"], ids=lambda case: case["filter"])
async def test_malformed_filters(app: Any, case: dict[str, Any]) -> None:
    async with client(app) as http:
        answer = await http.get("/rest/v0/vms", params={"filter": case["filter"]})
    assert answer.status_code == case["status"]
    theirs, ours = case["body"], answer.json()
    assert ours["data"]["stringToParse"] == theirs["data"]["stringToParse"]
    assert 0 <= ours["data"]["position"] <= len(case["filter"])
    # the same words to begin with; their position is where the last whole term ended
    assert ours["error"].startswith(theirs["error"].partition(" expected")[0])


@pytest.mark.parametrize("case", QUERY["queries"], ids=lambda case: f"{case['path']} {case['params']}")
async def test_queries(app: Any, case: dict[str, Any]) -> None:
    async with client(app) as http:
        answer = await http.get(f"/rest/v0{case['path']}", params=case["params"])
    assert answer.status_code == case["status"]
    if case["status"] != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        if "ndjson" in case["params"]:
            assert answer.json()["error"] == case["error"]["error"]
        return
    assert answer.headers["content-type"] == case.get("type", "application/json").replace("json; charset=utf-8", "json")
    body = case["body"]
    if "markdown" in case["params"]:
        assert sorted(map(loosely, answer.text.split("\n"))) == sorted(map(loosely, body.split("\n")))
    elif "ndjson" in case["params"]:
        assert sorted(answer.text.splitlines()) == sorted(body.splitlines())  # byte for byte
        assert answer.text.endswith("\n")
    else:
        assert as_set(answer.json()) == as_set(body)
        assert len(answer.json()) == len(body)


def loosely(line: str) -> str:
    """A line of a table, without the order of members within its cells."""
    return "".join(sorted(line))


@pytest.mark.parametrize("path", [path for path in recorded("collections.json") if path[1:] not in NOT_A_POOLS])
async def test_whole_collections(app: Any, path: str) -> None:
    async with client(app) as http:
        listed = (await http.get(f"/rest/v0{path}", params={"fields": "*"})).json()
        assert set(as_set(listed)) == set(as_set(recorded("collections.json")[path]))
        assert [row["id"] for row in listed] == sorted(row["id"] for row in listed)
        for row in listed[:3]:
            one = await http.get(row["href"])
            assert one.json() == {key: value for key, value in row.items() if key != "href"}


async def test_sub_collections(app: Any) -> None:
    subs = recorded("subs.json")
    wrong = []
    async with client(app) as http:
        for path, rows in subs.items():
            if path.split("/")[1] in NOT_A_POOLS:
                continue
            answer = await http.get(f"/rest/v0{path}")
            if answer.status_code != 200 or set(answer.json()) != set(rows):
                wrong.append((path, answer.text, rows))
    assert len(subs) > 1_000
    assert not wrong[:3]
