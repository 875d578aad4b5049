"""Records that a real xapi wrote on the wire are all shown."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podium.model.registry import BY_STRUCT
from podium.model.vm import VM, VMTemplate
from tests.model.lookup import GOLDEN, Records, decode, project

WIRE = GOLDEN.parents[1] / "xapi/wire"
pytestmark = pytest.mark.skipif(not WIRE.exists(), reason="the recordings of ../shared are not here")


@pytest.fixture(scope="module")
def records() -> Records:
    """Section 02 of the recordings: `get_all_records` of every class of one pool."""
    return decode({method.split(".")[0]: rows for path in WIRE.glob("02-*.json") for method, rows in exchange(path)})


def exchange(path: Path) -> list[tuple[str, dict[str, Any]]]:
    recorded = json.loads(path.read_text())
    request = json.loads(recorded["request"]["body"])
    if not request["method"].endswith(".get_all_records"):
        return []
    return [(request["method"], json.loads(recorded["response"]["body"]).get("result", {}))]


def test_everything_is_shown_and_reads_back(records: Records) -> None:
    objects = project(records)
    assert len(objects) > 80
    for obj in objects:
        assert msgspec.json.decode(msgspec.json.encode(obj), type=type(obj)) == obj
    assert {"pool", "host", "VM", "VM-template", "VM-controller", "VDI", "SR", "PIF", "xapi-task"} <= {
        BY_STRUCT[type(obj)].type for obj in objects
    }


def test_the_templates_of_a_real_xenserver(records: Records) -> None:
    templates = {obj.name_label: obj for obj in project(records) if isinstance(obj, VMTemplate)}
    assert all(template.id.endswith(f"-{template.uuid}") for template in templates.values())
    debian = templates["Debian Bookworm 12"]
    assert debian.is_default_template
    assert [disk.size for disk in debian.template_info.disks] == [10 * 2**30]
    assert "cdrom" in debian.template_info.install_methods
    assert debian.is_firmware_supported


def test_a_real_guest(records: Records) -> None:
    guests = [obj for obj in project(records) if isinstance(obj, VM) and obj.addresses]
    assert [guest.main_ip_address for guest in guests] == ["10.77.0.101"]
    assert guests[0].addresses == {
        "0/ipv4/0": "10.77.0.101",
        "0/ipv6/0": "fe80:0000:0000:0000:0216:3eff:fe00:0001",
    }
