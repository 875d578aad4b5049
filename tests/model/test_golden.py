"""Every object of a recorded pool, field by field as a real Xen Orchestra shows it."""

import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from podium.model.base import XoObject
from podium.model.registry import BY_STRUCT, RESOURCES
from tests.model.lookup import GOLDEN, DictLookup, Records, golden_records, project, project_with

pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="the recordings of ../shared are not here")

NAMES = """alarms hosts messages networks pbds pcis pgpus pifs pools sms srs vbds vdi-snapshots vdis vifs
    vm-controllers vm-snapshots vm-templates vms"""
COLLECTIONS = NAMES.split()

DIFFERENCES: dict[tuple[str, str], str] = {}
"""(collection, field) -> why ours differs on purpose."""


@pytest.fixture(scope="module")
def records() -> Records:
    return golden_records()


@pytest.fixture(scope="module")
def expected() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads((GOLDEN / "collections.json").read_text())
    return found


@pytest.fixture(scope="module", params=["mirror", "dict"])
def objects(request: pytest.FixtureRequest, records: Records) -> list[XoObject]:
    if request.param == "mirror":
        return project(records)
    return project_with(DictLookup(records), records)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_field_of_every_object(
    collection: str, objects: list[XoObject], expected: dict[str, list[dict[str, Any]]]
) -> None:
    ours = {obj.id: plain(obj) for obj in objects if BY_STRUCT[type(obj)].collection == collection}
    theirs = {obj["id"]: obj for obj in expected[f"/{collection}"]}
    assert theirs
    assert set(ours) == set(theirs)
    wrong = Counter[str]()
    for object_id, want in theirs.items():
        got = ours[object_id]
        assert want.pop("href") == f"/rest/v0/{collection}/{object_id}"
        for name in sorted({*want, *got}):
            if (collection, name) in DIFFERENCES:
                continue
            mine, wanted = got.get(name, "(absent)"), want.get(name, "(absent)")
            if comparable(name, mine) != comparable(name, wanted):
                wrong[f"{name}: ours {mine!r}, Xen Orchestra's {wanted!r}"] += 1
        want["href"] = f"/rest/v0/{collection}/{object_id}"
    assert not wrong, "\n".join(f"{count} x {text}" for text, count in wrong.items())


def test_every_object_reads_back_from_its_own_json(objects: list[XoObject]) -> None:
    for obj in objects:
        assert msgspec.json.decode(msgspec.json.encode(obj), type=type(obj)) == obj


def test_the_pool_shows_every_type_it_has(objects: list[XoObject]) -> None:
    shown = {BY_STRUCT[type(obj)].type for obj in objects}
    absent = {"VDI-unmanaged", "vgpu", "VTPM", "PUSB", "VUSB", "USB_group", "xapi-task", "task", "server", "user"}
    ours = {"alarm-rule", "notification-channel", "notification", "resource-set", "group", "acl-role", "acl-privilege"}
    assert shown == {resource.type for resource in RESOURCES} - absent - ours


def plain(obj: XoObject) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(obj))
    return found


def comparable(name: str, value: Any) -> Any:
    """Arrays of links are sets; `xo:` keys of the pool are marks of the client that recorded."""
    if name == "otherConfig" and isinstance(value, dict):
        return {key: text for key, text in value.items() if not key.startswith("xo:")}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value)
    return value
