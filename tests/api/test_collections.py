"""Lists and reads over HTTP: who sees what, in which form, and what a client need not fetch again."""

import gzip
import json
import time
import zlib
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from podium.cache.objects import Objects
from podium.model.base import XoObject
from podium.model.host import Host
from podium.model.message import Message
from podium.model.patch import PoolPatch
from podium.model.pool import Pool
from podium.model.registry import RESOURCES
from podium.model.task import Task, TaskProperties
from podium.model.vm import VM, VMTemplate
from podium.services.query import FIRST_SLICE, SLICE
from tests.api.little_app import Sees, cache, client, make_app, viewer
from tests.model.lookup import GOLDEN, golden_records, project
from tests.served import Service

pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="the recordings of ../shared are not here")


@pytest.fixture(scope="module")
def shown() -> list[XoObject]:
    return project(golden_records())


@pytest.fixture(scope="module")
def vm(shown: list[XoObject]) -> VM:
    return next(one for one in shown if isinstance(one, VM))


def copies(vm: VM, count: int) -> list[XoObject]:
    return [
        msgspec.structs.replace(vm, id=f"vm-{number:05}", uuid=f"vm-{number:05}", name_label=f"copy {number % 7}")
        for number in range(count)
    ]


@pytest.fixture
def objects(vm: VM) -> Objects:
    return cache(copies(vm, 1_500), pool=vm.pool)


@pytest.fixture
def many(objects: Objects) -> httpx.AsyncClient:
    return client(make_app(objects))


async def test_every_type_has_its_collection(service: Service, admin: httpx.AsyncClient, shown: list[XoObject]) -> None:
    pool = next(one.id for one in shown if isinstance(one, Pool))
    service.app.state.objects.apply(pool, shown)
    for resource in RESOURCES:
        listed = await admin.get(f"/rest/v0/{resource.collection}", params={"fields": "*"})
        assert listed.status_code == 200, listed.text
        assert listed.headers["x-total-count"] == str(len(listed.json()))
        for row in listed.json()[:2]:
            assert row["href"] == f"/rest/v0/{resource.collection}/{row['id']}"
            one = await admin.get(quote(row["href"], safe="/"))
            assert one.json() == {name: value for name, value in row.items() if name != "href"}
    assert (await admin.get("/rest/v0/vms/nothing")).status_code == 404
    host = next(one.id for one in shown if isinstance(one, Host))
    wrong_type = await admin.get(f"/rest/v0/vms/{host}")
    assert wrong_type.status_code == 404
    assert wrong_type.json()["data"] == {"id": host, "type": "VM"}


async def test_nobody_sees_anything(anonymous: httpx.AsyncClient) -> None:
    for path in ("vms", "vms/x", "vms/x/alarms", "groups", "backup-archives/a", "vms?filter=((("):
        answer = await anonymous.get(f"/rest/v0/{path}")
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


async def test_ids_may_hold_odd_characters(shown: list[XoObject]) -> None:
    template = next(one for one in shown if isinstance(one, VMTemplate) and one.id != one.uuid)
    patch = next(one for one in shown if isinstance(one, PoolPatch))
    patch = msgspec.structs.replace(patch, id="OpaqueRef:0-1 %41?#;+")
    async with client(make_app(cache([template, patch]))) as http:
        assert (await http.get(f"/rest/v0/vm-templates/{template.id}")).json()["id"] == template.id
        for spelt in (quote(patch.id), quote(patch.id, safe=":")):
            assert (await http.get(f"/rest/v0/pool-patches/{spelt}")).json()["id"] == patch.id


async def test_pages_cover_each_row_once_in_a_stable_order(many: httpx.AsyncClient) -> None:
    seen: list[str] = []
    while True:
        page = await many.get(
            "/rest/v0/vms", params={"sort": "-name_label", "fields": "id", "limit": "400", "offset": str(len(seen))}
        )
        assert page.headers["x-total-count"] == "1500"
        if not page.json():
            break
        seen += [row["id"] for row in page.json()]
    assert len(seen) == len(set(seen)) == 1_500
    names = {f"vm-{number:05}": number % 7 for number in range(1_500)}
    assert seen == sorted(sorted(names), key=lambda one: -names[one])


async def test_the_count_is_that_of_the_filter_not_of_the_page(many: httpx.AsyncClient) -> None:
    answer = await many.get("/rest/v0/vms", params={"filter": 'name_label:="copy 3"', "limit": "2", "offset": "1"})
    assert answer.headers["x-total-count"] == "214"
    assert answer.json() == ["/rest/v0/vms/vm-00010", "/rest/v0/vms/vm-00017"]


@pytest.mark.parametrize("count", [0, 1, FIRST_SLICE, FIRST_SLICE + 1, 600, FIRST_SLICE + SLICE, 1_500])
@pytest.mark.parametrize("fields", [None, "*", "name_label,memory.size"])
async def test_forms_agree_at_any_length(many: httpx.AsyncClient, count: int, fields: str | None) -> None:
    params = {"limit": str(count)} | ({"fields": fields} if fields else {})
    plain = await many.get("/rest/v0/vms", params=params)
    lines = await many.get("/rest/v0/vms", params={**params, "ndjson": "true"})
    table = await many.get("/rest/v0/vms", params={**params, "markdown": "true"})
    assert len(plain.json()) == count
    assert [json.loads(line) for line in lines.text.splitlines()] == plain.json()
    if count == 0:
        assert table.text == "No results."
    else:
        assert len(table.text.split("\n")) == count + (2 if fields else 0)


async def test_bodies_are_compressed_for_who_takes_it(many: httpx.AsyncClient) -> None:
    for path in ("vms?fields=*", "vms?fields=*&limit=3", "vms?fields=*&ndjson=true", "vms/vm-00001"):
        plain = await many.get(f"/rest/v0/{path}")
        packed = await many.get(f"/rest/v0/{path}", headers={"accept-encoding": "br, gzip;q=0.5"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.text == plain.text  # httpx unpacks
        assert "accept-encoding" in packed.headers["vary"]
    for accepted in ("gzip;q=0", "identity", "*;q=0, gzip;q=0.0", "br"):
        refused = await many.get("/rest/v0/vms?fields=*", headers={"accept-encoding": accepted})
        assert "content-encoding" not in refused.headers
    small = await many.get("/rest/v0/vms?limit=1", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers


async def test_each_compressed_chunk_can_be_read_when_it_arrives(objects: Objects) -> None:
    chunks = await sent(objects, b"fields=*&ndjson=true", accept=b"gzip")
    unpack = zlib.decompressobj(31)
    first = unpack.decompress(chunks[0])
    assert first.count(b"\n") == FIRST_SLICE
    assert gzip.decompress(b"".join(chunks)).count(b"\n") == 1_500


async def test_long_lists_leave_in_pieces(objects: Objects) -> None:
    chunks = await sent(objects, b"fields=*")
    assert chunks[0].count(b'"href"') == FIRST_SLICE
    assert max(chunk.count(b'"href"') for chunk in chunks) == SLICE
    assert len(json.loads(b"".join(chunks))) == 1_500


async def sent(objects: Objects, query: bytes, accept: bytes = b"identity") -> list[bytes]:
    """The chunks of a response as the server gets them."""
    chunks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message.get("body"):
            chunks.append(message["body"])

    path = "/rest/v0/vms"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"accept-encoding", accept)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await make_app(objects)(scope, receive, send)
    return chunks


async def test_what_a_client_has_is_not_sent_again(objects: Objects, vm: VM) -> None:
    async with client(make_app(objects)) as http:
        for path in ("vms?fields=*", "vms?filter=name_label:3", "vms/vm-00001", "vms/vm-00001/vdis"):
            first = await http.get(f"/rest/v0/{path}")
            assert first.headers["etag"].startswith('W/"')
            again = await http.get(f"/rest/v0/{path}", headers={"if-none-match": f'"x", {first.headers["etag"]}'})
            assert again.status_code == 304
            assert again.content == b""
            assert again.headers["etag"] == first.headers["etag"]
        tags = {
            (await http.get(f"/rest/v0/vms?{query}")).headers["etag"]
            for query in ("", "limit=1", "fields=*", "ndjson=1")
        }
        assert len(tags) == 4
        tag = (await http.get("/rest/v0/vms?fields=*")).headers["etag"]
        objects.apply(vm.pool, [msgspec.structs.replace(vm, id="vm-00001", name_label="another")])
        assert (await http.get("/rest/v0/vms?fields=*", headers={"if-none-match": tag})).status_code == 200


async def test_another_types_change_leaves_a_list_as_it_was(objects: Objects) -> None:
    async with client(make_app(objects)) as http:
        tag = (await http.get("/rest/v0/vms")).headers["etag"]
        objects.put(task("t1", "vm-00001"))
        assert (await http.get("/rest/v0/vms", headers={"if-none-match": tag})).status_code == 304
        tasks = await http.get("/rest/v0/vms/vm-00001/tasks")
        assert tasks.json() == ["/rest/v0/tasks/t1"]


def task(task_id: str, object_id: str) -> Task:
    return Task(
        id=task_id,
        status="success",
        start=1,
        properties=TaskProperties(name="start", object_id=object_id, object_type="VM"),
    )


async def test_rows_need_the_privilege_to_read_them(objects: Objects) -> None:
    """A list leaves out what may not be seen; one object says that it may not."""
    app = make_app(objects, viewer(Sees("0001", "0002")))
    async with client(app) as http:
        listed = await http.get("/rest/v0/vms?fields=*&filter=name_label:copy&limit=1")
        assert [row["id"] for row in listed.json()] == ["vm-00001"]
        assert listed.headers["x-total-count"] == "2"
        assert (await http.get("/rest/v0/vms/vm-00002")).status_code == 200
        refused = await http.get("/rest/v0/vms/vm-00003")
        assert refused.status_code == 403
        assert refused.json()["error"] == "not enough privileges"
        assert refused.json()["data"]["missingPrivileges"] == [
            {"action": "read", "resource": "vm", "objectId": "vm-00003"}
        ]
        assert (await http.get("/rest/v0/srs")).json() == []
    async with client(make_app(objects, viewer(Sees("0001")))) as http:
        other = await http.get("/rest/v0/vms?fields=*&filter=name_label:copy&limit=1")
        assert other.headers["etag"] != listed.headers["etag"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=x", 422, "invalid-parameters"),
        ("limit=99999999999999999999", 422, "invalid-parameters"),
        ("offset=-1", 422, "invalid-parameters"),
        ("offset=1.5", 422, "invalid-parameters"),
        ("ndjson=perhaps", 422, "invalid-parameters"),
        ("ndjson=true&markdown=true", 422, "invalid-parameters"),
        ("sort=-", 422, "invalid-parameters"),
        ("fields=" + "a," * 300 + "a", 200, ""),
        ("fields=" + ",".join(map(str, range(300))), 422, "invalid-parameters"),
        ("filter=(a", 400, "filter-syntax"),
        ("watch=true", 400, "bad-request"),
        ("nonsense=1&limit=1", 200, ""),
        ("limit=-1", 200, ""),
        ("limit=0", 200, ""),
        ("offset=5000", 200, ""),
        ("filter=&fields=&sort=", 200, ""),
        ("filter=%ED%A0%80", 400, "filter-syntax"),
        ("filter=name_label%3A%2F(a%2B)%2B%24%2F", 200, ""),
    ],
)
async def test_parameters_are_checked(many: httpx.AsyncClient, query: str, status: int, code: str) -> None:
    answer = await many.get(f"/rest/v0/vms?{query}")
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code if code else isinstance(answer.json(), list)


async def test_collections_that_are_always_empty(many: httpx.AsyncClient) -> None:
    for name in ("backup-jobs", "backup-logs", "restore-logs", "backup-archives", "backup-repositories", "schedules"):
        assert (await many.get(f"/rest/v0/{name}?fields=*")).json() == []
        assert (await many.get(f"/rest/v0/{name}/x")).json()["code"] == "not-found"
    assert (await many.get("/rest/v0/backup-archives/a%2Fb.json")).json()["code"] == "not-found"
    assert (await many.get("/rest/v0/vms/vm-00001/backup-jobs")).json() == []
    assert (await many.get("/rest/v0/vms/nothing/backup-jobs")).status_code == 404
    assert (await many.get("/rest/v0/pbds/x/alarms")).json()["code"] == "no-such-route"
    assert (await many.get("/rest/v0/nothing")).json()["code"] == "no-such-route"


async def test_the_root_of_the_api() -> None:
    async with client(make_app(cache(), None)) as http:
        assert (await http.get("/rest/v0")).headers["location"] == "/rest/v0/docs"
        pong = (await http.get("/rest/v0/ping")).json()
        assert pong["result"] == "pong"
        assert abs(pong["timestamp"] / 1000 - time.time()) < 5
        assert (await http.get("/rest/v0/gui-routes")).json() == {"xo6": "/"}
        assert (await http.get("/rest/v0/mcp/status")).json() == {"enabled": True}


async def test_messages_of_a_default_template_are_found_by_its_uuid(shown: list[XoObject]) -> None:
    template = next(one for one in shown if isinstance(one, VMTemplate) and one.id != one.uuid)
    message = next(one for one in shown if isinstance(one, Message))
    about = msgspec.structs.replace(message, object=template.uuid)
    async with client(make_app(cache([template, about], pool=template.pool))) as http:
        found = await http.get(f"/rest/v0/vm-templates/{template.id}/messages")
        assert found.json() == [f"/rest/v0/messages/{message.id}"]


async def test_nobody_waits_for_a_long_list(vm: VM) -> None:
    """Processor time, and the longest that the loop was held, for 10,000 VMs."""
    http = client(make_app(cache(copies(vm, 10_000), pool=vm.pool)))
    for query, budget in (
        ("fields=*", 0.2),
        ("fields=name_label,power_state", 0.2),
        ("fields=*&limit=50&filter=power_state:Running", 0.2),
        ("limit=50&sort=-memory.size,name_label", 0.5),
    ):
        best = min([await cost(http, query) for _ in range(3)])
        assert best < budget, query


async def cost(http: httpx.AsyncClient, query: str) -> float:
    began = time.process_time()
    assert (await http.get(f"/rest/v0/vms?{query}")).status_code == 200
    return time.process_time() - began


async def test_head_answers_without_a_body(service: Service, admin: httpx.AsyncClient, vm: VM) -> None:
    service.app.state.objects.apply(vm.pool, copies(vm, 700))
    for path in ("vms?fields=*", "vms?limit=1", "vms/vm-00001", "vms/vm-00001/alarms"):
        head, get = await admin.head(f"/rest/v0/{path}"), await admin.get(f"/rest/v0/{path}")
        assert head.status_code == 200
        assert head.content == b""
        for name in ("etag", "x-total-count", "content-type"):
            assert head.headers.get(name) == get.headers.get(name)
    assert (await admin.head("/rest/v0/vms/nothing")).status_code == 404
    assert (await admin.post("/rest/v0/vms")).status_code == 405
