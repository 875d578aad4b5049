"""The web client's files beside the API: neither hides the other, and nothing outside the folder is a file of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from podium.settings import Settings
from tests.conftest import make_settings
from tests.served import served

PAGE = "<!doctype html><title>the client</title>"
API_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.fixture(params=["built", "not built"])
async def client(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("not for you")
    (web / "assets" / "app-abc.js").write_text("let it = 1")
    if request.param == "built":
        (web / "index.html").write_text(PAGE)
    else:
        monkeypatch.setattr("podium.app.web.web_directory", lambda _: None)
    settings = make_settings(tmp_path, database_url=sqlite_settings.database_url, web_dir=web)
    async with served(settings) as service, service.client() as one:
        yield one


@pytest.mark.parametrize("method", API_METHODS)
@pytest.mark.parametrize(
    "path",
    [
        "/rest",
        "/rest/",
        "/rest/v0/nothing",
        "/rest/v1/vms",
        "/REST/v0/nothing",
        "/rest/v0/users/..%2f..",
        "/rest/v0/vms/a%2fb/c",
    ],
)
async def test_an_unknown_path_of_the_api_is_unknown(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/x/..%2frest", "/x/..%2frest%2fv0%2fvms", "/assets/gone.js", "/api/", "/health/x"])
async def test_no_page_hides_a_mistake(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/rest/v0/ping", "GET, HEAD"),
        ("/health", "GET, HEAD"),
        ("/rest/v0/auth/signin", "POST"),
        ("/rest/v0/vms", "GET, HEAD"),
        ("/rest/v0/tasks", "GET, HEAD, DELETE"),
        ("/rest/v0/tasks/x", "GET, HEAD, DELETE"),
        ("/rest/v0/users/x", "GET, HEAD, PATCH, DELETE"),
        ("/some/page", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(client: httpx.AsyncClient, path: str, allowed: str) -> None:
    for method in ("OPTIONS", "TRACE", *{"PUT", "POST"}.difference(allowed.split(", "))):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.json()["code"] == "method-not-allowed"


@pytest.mark.parametrize("path", ["/rest/v0/ping", "/rest/v0/docs", "/health", "/rest/v0/auth/session", "/rest/v0/vms"])
async def test_head_is_get_without_a_body(client: httpx.AsyncClient, path: str) -> None:
    whole, head = await client.get(path), await client.head(path)
    assert head.status_code == whole.status_code == 200
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.content == b""


async def test_a_trailing_slash_changes_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/rest/v0/vms/", params={"limit": 1})).json() == []
    assert (await client.get("/rest/v0/ping/")).json()["result"] == "pong"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/%00",
        "/secret.txt%00.js",
        "/%ff",
        "/" + "x" * 5000,
    ],
)
async def test_nothing_outside_is_a_file(client: httpx.AsyncClient, path: str) -> None:
    url = client.base_url.copy_with(raw_path=path.encode())
    answer = await client.send(client.build_request("GET", url))
    assert "not for you" not in answer.text
    assert answer.status_code in {200, 404}
    assert answer.text == PAGE or answer.status_code == 404
